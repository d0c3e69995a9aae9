"""What an account is worth as collateral, what of that its positions need, and how large its orders and withdrawals could be.

The engine has the figures (`engine/collateral.py`, `engine/perpetual/margin.py`); here they become answers.
"""

from __future__ import annotations

from decimal import Decimal

from haversack.exchange.api.caller import Caller, unknown_symbol
from haversack.exchange.engine.backing import backing_of
from haversack.exchange.engine.collateral import Collateralized
from haversack.exchange.listing import Scales
from haversack.exchange.messages import Refused
from haversack.units import compact, stripped
from haversack.wire.account import GetMaxOrderQuantity, GetMaxWithdrawalQuantity, MaxOrder, MaxWithdrawal
from haversack.wire.capital import Collateral, GetCollateral, MarginAccount
from haversack.wire.enums import MarketType, Side
from haversack.wire.markets import Market

_ZERO = Decimal(0)


def collateral(caller: Caller, _operation: GetCollateral) -> MarginAccount:
    """The account's figures; those of accounts without exposure have the recorded form (2025-06, 2026-09)."""
    figures = caller.venue.engine.margin(caller.account)
    fraction = figures.margin_fraction
    return MarginAccount(
        assets_value=stripped(figures.assets_value),
        borrow_liability=stripped(figures.borrow_liability),
        collateral=[_row(caller, each) for each in caller.venue.engine.collateral(caller.account)],
        imf=stripped(figures.imf),
        liabilities_value=stripped(figures.liabilities_value),
        margin_fraction=None if fraction is None else stripped(fraction),
        mmf=stripped(figures.mmf),
        net_equity=stripped(figures.net_equity),
        net_equity_available=stripped(figures.net_equity_available),
        net_equity_locked=stripped(figures.net_equity_locked),
        net_exposure_futures=stripped(figures.net_exposure_futures),
        pnl_unrealized=stripped(figures.pnl_unrealized),
        unsettled_equity=stripped(figures.unsettled_equity),
    )


def _row(caller: Caller, each: Collateralized) -> Collateral:
    quantity_of = caller.venue.listing.quantity_of
    return Collateral(
        asset_mark_price=stripped(each.mark),
        available_quantity=quantity_of(each.asset, each.available),
        balance_notional=stripped(each.notional),
        collateral_value=stripped(each.value),
        collateral_weight=stripped(each.weight),
        lend_quantity=quantity_of(each.asset, each.lent),
        open_order_quantity=quantity_of(each.asset, each.locked),
        symbol=each.asset,
        total_quantity=stripped(each.total),
    )


def max_order(caller: Caller, operation: GetMaxOrderQuantity) -> MaxOrder:
    """The largest order that would be accepted now, as far as money and margin decide, in steps."""
    caller.check_symbol(operation.symbol, unknown_symbol())
    market = caller.venue.listing.markets[operation.symbol]
    price = None if operation.price is None else Decimal(operation.price)
    if price is not None and price <= 0:
        raise Refused.as_invalid("Price is below the minimum allowed value")
    find = _largest_in_spot if market.market_type == MarketType.SPOT else _largest_in_perpetual
    return MaxOrder(
        auto_borrow=operation.auto_borrow,
        auto_borrow_repay=operation.auto_borrow_repay,
        auto_lend_redeem=operation.auto_lend_redeem,
        max_order_quantity=find(caller, market, operation, price),
        price=None if price is None else stripped(price),
        reduce_only=operation.reduce_only,
        side=Side(operation.side),
        symbol=operation.symbol,
    )


def _largest_in_perpetual(caller: Caller, market: Market, operation: GetMaxOrderQuantity, price: Decimal | None) -> Decimal:
    engine, scales = caller.venue.engine, caller.scales(market.symbol)
    units = engine.mark_price(market.symbol)
    at = price if price is not None else None if units is None else scales.short_price(units)
    # Before there is any price, a perpetual takes no order; one that has no margin functions takes none from users.
    is_unpriced = units is None and caller.venue.listing.rules[market.symbol].has_index
    if at is None or is_unpriced or caller.venue.listing.rules[market.symbol].perpetual is None:
        return _ZERO
    side, reduce_only = Side(operation.side), bool(operation.reduce_only)
    return scales.short_quantity(engine.max_order_quantity(caller.account, market.symbol, side, at, reduce_only=reduce_only))


def _largest_in_spot(caller: Caller, market: Market, operation: GetMaxOrderQuantity, price: Decimal | None) -> Decimal:
    """Without a price it is at the active price of the market, or at the one at which it was to open."""
    engine, symbol = caller.venue.engine, market.symbol
    if price is None:
        twice = engine.twice_active_price(symbol)
        price = caller.venue.listing.opening_prices.get(symbol) if twice is None else _half(twice, caller.scales(symbol))
    is_plain = bool(operation.reduce_only)
    backing = None if is_plain else backing_of(redeems=operation.auto_lend_redeem, borrows=operation.auto_borrow)
    most = engine.max_spot_quantity(caller.account, symbol, Side(operation.side), price, backing=backing, now_us=caller.now_us)
    return caller.scales(symbol).short_quantity(most)


def _half(twice: int, scales: Scales) -> Decimal:
    return compact(5 * twice, scales.price_scale + 1)


def max_withdrawal(caller: Caller, operation: GetMaxWithdrawalQuantity) -> MaxWithdrawal:
    """What is available, or can be called back or borrowed, and not needed as margin."""
    if operation.symbol not in caller.venue.listing.assets:
        # The code is documented; that it is for this, and its text, are guesses.
        raise Refused.by_rule("INVALID_ASSET", "Invalid asset")
    backing = backing_of(redeems=operation.auto_lend_redeem, borrows=operation.auto_borrow)
    amount = caller.venue.engine.max_withdrawal(caller.account, operation.symbol, backing=backing, now_us=caller.now_us)
    return MaxWithdrawal(
        auto_borrow=operation.auto_borrow,
        auto_lend_redeem=operation.auto_lend_redeem,
        max_withdrawal_quantity=caller.venue.listing.quantity_of(operation.symbol, amount),
        symbol=operation.symbol,
    )


ROUTES = (
    GetCollateral.served_by(collateral),
    GetMaxOrderQuantity.served_by(max_order),
    GetMaxWithdrawalQuantity.served_by(max_withdrawal),
)
