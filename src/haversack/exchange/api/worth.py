"""What a spot account is worth as collateral, and how large its orders and withdrawals could be.

The sums are those of recorded answers (2025-06, 2026-09). How much of an asset counts is a reading of the documented haircut
function, not proven: min(base, 1 / (1 + penalty * sqrt(notional))). No account here has positions or loans.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from haversack.exchange.api.account import LEVERAGE_SCALE
from haversack.exchange.api.caller import Caller, not_served, unknown_symbol
from haversack.exchange.messages import Refused
from haversack.units import compact, stripped
from haversack.wire.account import GetMaxOrderQuantity, GetMaxWithdrawalQuantity, MaxOrder, MaxWithdrawal
from haversack.wire.assets import CollateralParameters, HaircutKind
from haversack.wire.capital import Collateral, GetCollateral, MarginAccount
from haversack.wire.enums import MarketType, Side

CASH = "USDC"
"""What everything is valued in."""

# The exchange's numbers: 96 bits, so 28 digits always fit, and at most 28 decimals; rounded half to even.
_DIGITS, _DECIMALS = 28, 28
_AS_THERE = Context(prec=_DIGITS, rounding=ROUND_HALF_EVEN)
_EXACT = Context(prec=120)
_ZERO, _ONE = Decimal(0), Decimal(1)
_MMF_DECIMALS = Decimal("0.001")


def collateral(caller: Caller, _operation: GetCollateral) -> MarginAccount:
    """The account's figures: assets after haircuts, and nothing that counts against them."""
    rows = list(_rows(caller))
    worth = _ZERO
    for row in rows:
        worth = _EXACT.add(worth, row.collateral_value)
    worth = as_there(worth)
    leverage = compact(caller.venue.engine.settings(caller.account).leverage_e8, LEVERAGE_SCALE)
    return MarginAccount(
        assets_value=worth,
        borrow_liability=_ZERO,
        collateral=rows,
        # Without exposure (recorded): what one part in `leverage` is.
        imf=as_there(_AS_THERE.divide(_ONE, leverage)),
        liabilities_value=_ZERO,
        margin_fraction=None,
        mmf=_flat_mmf(caller),
        net_equity=worth,
        net_equity_available=worth,
        net_equity_locked=_ZERO,
        net_exposure_futures=_ZERO,
        pnl_unrealized=_ZERO,
        unsettled_equity=_ZERO,
    )


def _rows(caller: Caller) -> Iterator[Collateral]:
    """Assets that are held and that count, in alphabetical order."""
    held = caller.venue.engine.balances(caller.account)
    parameters = {each.symbol: each for each in caller.venue.listing.collateral}
    for asset in sorted(held):
        available, locked = held[asset]
        mark = mark_price(caller, asset)
        if available + locked and asset in parameters and mark is not None:
            yield _row(caller, parameters[asset], mark, (available, locked))


def _row(caller: Caller, parameters: CollateralParameters, mark: Decimal, held: tuple[int, int]) -> Collateral:
    asset, quantity_of = parameters.symbol, caller.venue.listing.quantity_of
    total = quantity_of(asset, sum(held))
    notional = as_there(_EXACT.multiply(total, mark))
    weight = _weight(parameters, notional)
    return Collateral(
        asset_mark_price=mark,
        available_quantity=quantity_of(asset, held[0]),
        balance_notional=notional,
        collateral_value=as_there(_EXACT.multiply(notional, weight)),
        collateral_weight=weight,
        lend_quantity=_ZERO,
        open_order_quantity=quantity_of(asset, held[1]),
        symbol=asset,
        total_quantity=total,
    )


def _weight(parameters: CollateralParameters, notional: Decimal) -> Decimal:
    function, there = parameters.haircut_function, _AS_THERE
    kind, part = function.kind, _ONE
    if kind.type == HaircutKind.INVERSE_SQRT:
        assert isinstance(kind.base, Decimal), f"the haircut of {parameters.symbol} has no base"
        assert isinstance(kind.positive_curve_penalty, Decimal), f"the haircut of {parameters.symbol} has no penalty"
        penalty = there.multiply(kind.positive_curve_penalty, there.sqrt(notional))
        part = min(kind.base, there.divide(_ONE, there.add(_ONE, penalty)))
    return as_there(_EXACT.multiply(part, function.weight))


def _flat_mmf(caller: Caller) -> Decimal:
    """The smallest of the perpetuals' bases, with three decimals: 0.007 in 2026-09, where BTC's was 0.00666667 (inferred)."""
    functions = [market.mmf_function for market in caller.venue.listing.markets.values() if market.mmf_function is not None]
    least = min((function.base for function in functions), default=_ZERO)
    return stripped(least.quantize(_MMF_DECIMALS, rounding=ROUND_HALF_UP))


def as_there(number: Decimal) -> Decimal:
    """As the exchange's numbers hold it, without trailing zeros."""
    decimals = min(_DECIMALS, _DIGITS - 1 - number.adjusted())
    return stripped(number.quantize(_ONE.scaleb(-decimals), rounding=ROUND_HALF_EVEN, context=_EXACT))


def mark_price(caller: Caller, asset: str) -> Decimal | None:
    """USDC for one unit: the mark price of its spot market; of one that was never quoted the price at which it was to open."""
    if asset == CASH:
        return _ONE
    for symbol, market in caller.venue.listing.markets.items():
        if (market.market_type, market.base_symbol, market.quote_symbol) == (MarketType.SPOT, asset, CASH):
            twice = caller.venue.engine.twice_active_price(symbol)
            opening = caller.venue.listing.opening_prices.get(symbol)
            return opening if twice is None else compact(5 * twice, caller.scales(symbol).price_scale + 1)
    return None


def max_order(caller: Caller, operation: GetMaxOrderQuantity) -> MaxOrder:
    """What is available, in steps: of the base for an ask; of the quote, at the limit or else the mark price, for a bid."""
    caller.check_symbol(operation.symbol, unknown_symbol())
    market = caller.venue.listing.markets[operation.symbol]
    if market.market_type != MarketType.SPOT:
        raise not_served("The largest order in a perpetual is")
    if operation.auto_borrow:
        raise not_served("Borrowing is")
    price = None if operation.price is None else Decimal(operation.price)
    if price is not None and price <= 0:
        raise Refused.as_invalid("Price is below the minimum allowed value")
    side = Side(operation.side)
    if side is Side.ASK:
        quantity = Fraction(_available(caller, market.base_symbol))
    else:
        at = price if price is not None else mark_price(caller, market.base_symbol) if market.quote_symbol == CASH else None
        quantity = Fraction(_available(caller, market.quote_symbol)) / Fraction(at) if at else Fraction(0)
    step = Fraction(market.filters.quantity.step_size)
    return MaxOrder(
        auto_borrow=operation.auto_borrow,
        auto_borrow_repay=operation.auto_borrow_repay,
        auto_lend_redeem=operation.auto_lend_redeem,
        max_order_quantity=stripped(_EXACT.multiply(Decimal(quantity // step), market.filters.quantity.step_size)),
        price=None if price is None else stripped(price),
        reduce_only=operation.reduce_only,
        side=side,
        symbol=operation.symbol,
    )


def max_withdrawal(caller: Caller, operation: GetMaxWithdrawalQuantity) -> MaxWithdrawal:
    """All that is available: nothing is owed and no position needs it."""
    if operation.symbol not in caller.venue.listing.assets:
        # The code is documented; that it is for this, and its text, are guesses.
        raise Refused.by_rule("INVALID_ASSET", "Invalid asset")
    if operation.auto_borrow:
        raise not_served("Borrowing is")
    return MaxWithdrawal(
        auto_borrow=operation.auto_borrow,
        auto_lend_redeem=operation.auto_lend_redeem,
        max_withdrawal_quantity=_available(caller, operation.symbol),
        symbol=operation.symbol,
    )


def _available(caller: Caller, asset: str) -> Decimal:
    available, _ = caller.venue.engine.balances(caller.account).get(asset, (0, 0))
    return caller.venue.listing.quantity_of(asset, available)


ROUTES = (
    GetCollateral.served_by(collateral),
    GetMaxOrderQuantity.served_by(max_order),
    GetMaxWithdrawalQuantity.served_by(max_withdrawal),
)
