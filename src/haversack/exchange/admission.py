"""From an order as it was sent to a command for the engine: the market's filters, in the order in which the exchange checks them.

Minimum quantity comes before its decimals, which come before the price's (derived from refusals observed 2025-06). What depends
on the book or on balances is the engine's.
"""

from __future__ import annotations

from decimal import Decimal

from haversack.exchange.conditions import exits_of, trigger_of
from haversack.exchange.engine.backing import Backing, backing_of
from haversack.exchange.engine.command import SLIPPAGE_SCALE, Place, Slippage
from haversack.exchange.engine.event import Refusal
from haversack.exchange.engine.rules import MarketRules
from haversack.exchange.filters import check_price, check_quantity, units
from haversack.exchange.listing import Listing
from haversack.exchange.messages import Refused
from haversack.wire.enums import OrderType, SelfTradePrevention, Side, SlippageToleranceType, TimeInForce
from haversack.wire.orders import PlaceOrder

_REFUSALS: dict[Refusal, tuple[int, str, str]] = {
    # The code is documented; the text is a guess.
    Refusal.ACCOUNT_LIQUIDATING: (400, "ACCOUNT_LIQUIDATING", "Account is being liquidated"),
    # The code is documented, for what is not said; that it is for these, and the texts, are guesses.
    Refusal.BOOK_CLOSED: (400, "TRADING_PAUSED", "Order book is closed"),
    Refusal.CANCEL_ONLY: (400, "TRADING_PAUSED", "Order book is in cancel only mode"),
    Refusal.LIMIT_ONLY: (400, "TRADING_PAUSED", "Order book is in limit only mode"),
    Refusal.POST_ONLY_MODE: (400, "TRADING_PAUSED", "Order book is in post only mode"),
    Refusal.PRICE_BAND: (400, "INVALID_CLIENT_REQUEST", "Price is too far from the last active price"),
    Refusal.POST_ONLY_TAKES: (400, "INVALID_ORDER", "Order would immediately match and take"),
    Refusal.FILL_OR_KILL: (400, "INVALID_ORDER", "Fill or kill order would not complete fill immediately"),
    Refusal.INSUFFICIENT_FUNDS: (400, "INSUFFICIENT_FUNDS", "Insufficient funds"),
    Refusal.INSUFFICIENT_MARGIN: (400, "INSUFFICIENT_MARGIN", "Insufficient margin to open a new order"),
    # The code is documented, for what is not said; that it is for a limit below what is used, and the text, are guesses.
    Refusal.LEVERAGE: (400, "MAX_LEVERAGE_REACHED", "Leverage limit is too low for the open positions and orders"),
    Refusal.OPEN_INTEREST: (400, "INVALID_ORDER", "The max amount of open interest has been reached for this market"),
    # Seen in a bot's source alone.
    Refusal.REDUCE_ONLY: (400, "INVALID_ORDER", "Reduce only order not reduced"),
    # The code and the text were seen without saying what for.
    Refusal.NO_REFERENCE: (400, "INVALID_ORDER", "Invalid order"),
    Refusal.ORDER_NOT_FOUND: (400, "INVALID_CLIENT_REQUEST", "Order not found"),
    Refusal.ORDER_LIMIT: (400, "ORDER_LIMIT", "Order limit reached"),
}


def refused(refusal: Refusal) -> Refused:
    """How the exchange says it."""
    status, code, message = _REFUSALS[refusal]
    return Refused.by_rule(code, message, status=status)


def admit(order: PlaceOrder, account: int, listing: Listing) -> Place:
    """The command for an order that keeps to its market's filters."""
    market, rules = listing.markets[order.symbol], listing.rules[order.symbol]
    _check_slippage(order)
    trigger = trigger_of(order, market, rules)
    take_profit, stop_loss = exits_of(order, market, rules)
    # Documented: with a price, what a trigger sends is a limit order.
    is_market = order.order_type == OrderType.MARKET if trigger is None else order.price is None
    # How much a trigger sends stands in its own quantity; another one counts for nothing (guess).
    quantity, quote_quantity = (None, None) if trigger else _quantities(order, is_market=is_market)
    price = None if is_market else _limit_price(order)
    if quantity is not None:
        check_quantity(quantity, market)
    if price is not None:
        check_price(price, market)
    return Place(
        account=account,
        symbol=order.symbol,
        side=Side(order.side),
        price=None if price is None else units(price, rules.price_scale),
        quantity=None if quantity is None else units(quantity, rules.quantity_scale),
        quote_quantity=None if quote_quantity is None else _quote_units(quote_quantity, rules, listing),
        time_in_force=TimeInForce(order.time_in_force or TimeInForce.GTC),
        post_only=bool(order.post_only),
        self_trade_prevention=SelfTradePrevention(order.self_trade_prevention or SelfTradePrevention.REJECT_TAKER),
        client_id=order.client_id,
        slippage=_slippage(order) if is_market else None,
        reduce_only=order.reduce_only,
        trigger=trigger,
        take_profit=take_profit,
        stop_loss=stop_loss,
        backing=_backing(order, rules),
    )


def _backing(order: PlaceOrder, rules: MarketRules) -> Backing | None:
    """Spot margin only (documented); that an order that only reduces has none is a guess."""
    if rules.is_perpetual or order.reduce_only:
        return None
    return backing_of(redeems=order.auto_lend_redeem, borrows=order.auto_borrow, repays=order.auto_borrow_repay)


def _check_slippage(order: PlaceOrder) -> None:
    if (order.slippage_tolerance is None) != (order.slippage_tolerance_type is None):
        raise Refused.as_invalid("Must specify both `slippageTolerance` and `slippageToleranceType` or neither")


def _quantities(order: PlaceOrder, *, is_market: bool) -> tuple[Decimal | None, Decimal | None]:
    quantity = None if order.quantity is None else Decimal(order.quantity)
    if quantity is not None:
        return quantity, None
    if is_market and order.quote_quantity is not None:
        quote_quantity = Decimal(order.quote_quantity)
        if quote_quantity <= 0:
            raise Refused.as_invalid("Quantity is below the minimum allowed value")
        return None, quote_quantity
    kind = "Market" if is_market else "Limit"
    raise Refused.as_invalid(f"{kind} orders must specify a positive `quantity`")


def _slippage(order: PlaceOrder) -> Slippage | None:
    """What a market order tolerates. Both parameters are documented without a word on how they are checked: a guess."""
    if order.slippage_tolerance is None or order.slippage_tolerance_type is None:
        return None
    tolerance = Decimal(order.slippage_tolerance)
    if tolerance < 0:
        raise Refused.as_invalid("Slippage tolerance is below the minimum allowed value")
    return Slippage(SlippageToleranceType(order.slippage_tolerance_type), units(tolerance, SLIPPAGE_SCALE))


def _limit_price(order: PlaceOrder) -> Decimal:
    if order.price is None:
        raise Refused.as_invalid("Limit orders must specify a `price`")
    return Decimal(order.price)


def _quote_units(number: Decimal, rules: MarketRules, listing: Listing) -> int:
    return units(number, listing.asset_scales[rules.quote])
