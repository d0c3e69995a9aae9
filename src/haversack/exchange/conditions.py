"""What an order says of triggers, take-profit and stop-loss, in the engine's integers.

Documented: a trigger needs price and quantity, and its quantity may be a part of the position. The text for one without the other
was seen; all other checks and texts are guesses.
"""

from __future__ import annotations

from decimal import Decimal

from haversack.exchange.engine.command import Exit, Trigger
from haversack.exchange.engine.rules import MarketRules
from haversack.exchange.filters import check_price, check_quantity, units
from haversack.exchange.messages import Refused
from haversack.exchange.numerals import NotANumber, decimal
from haversack.wire.enums import TriggerBy
from haversack.wire.inputs import Number, TriggerByLike
from haversack.wire.markets import Market
from haversack.wire.orders import PlaceOrder

PERCENT_SCALE = 8
"""Decimals of a part of the position that count."""


def trigger_of(order: PlaceOrder, market: Market, rules: MarketRules) -> Trigger | None:
    """What a conditional order waits for; None for any other."""
    if order.trigger_price is None or order.trigger_quantity is None:
        if order.trigger_price is None and order.trigger_quantity is None and order.trigger_by is None:
            return None
        raise Refused.as_invalid("Must specify both `triggerPrice` and `triggerQuantity` or neither")
    by, by_default = _by(order.trigger_by, rules), order.trigger_by is None
    price = _price(order.trigger_price, market, rules)
    text = order.trigger_quantity
    if text.endswith("%"):
        return Trigger(by, price, None, _percent(text[:-1], rules), by_default)
    quantity = _number(text)
    check_quantity(quantity, market)
    return Trigger(by, price, units(quantity, rules.quantity_scale), by_default=by_default)


def exits_of(order: PlaceOrder, market: Market, rules: MarketRules) -> tuple[Exit | None, Exit | None]:
    """Take-profit and stop-loss that hang on an order."""
    profit = order.take_profit_trigger_price, order.take_profit_trigger_by, order.take_profit_limit_price
    loss = order.stop_loss_trigger_price, order.stop_loss_trigger_by, order.stop_loss_limit_price
    if profit == loss == (None, None, None):
        return None, None
    if not rules.is_perpetual:
        raise Refused.by_rule("INVALID_ORDER", "Take profit and stop loss are for perpetual markets only")
    return _exit("takeProfit", profit, market, rules), _exit("stopLoss", loss, market, rules)


def _exit(
    name: str, given: tuple[Number | None, TriggerByLike | None, Number | None], market: Market, rules: MarketRules
) -> Exit | None:
    price, by, limit = given
    if price is None:
        if by is None and limit is None:
            return None
        raise Refused.as_invalid(f"Must specify `{name}TriggerPrice`")
    limited = None if limit is None else _price(limit, market, rules)
    return Exit(_by(by, rules), _price(price, market, rules), limited, by is None)


def _by(by: TriggerByLike | None, rules: MarketRules) -> TriggerBy:
    waits_for = TriggerBy(by or TriggerBy.LAST_PRICE)
    has_it = rules.has_index if waits_for is TriggerBy.INDEX_PRICE else rules.is_perpetual
    if waits_for is not TriggerBy.LAST_PRICE and not has_it:
        raise Refused.by_rule("INVALID_ORDER", f"This local exchange knows no {waits_for.value} of {rules.symbol}")
    return waits_for


def _price(price: Number, market: Market, rules: MarketRules) -> int:
    exact = Decimal(price)
    check_price(exact, market)
    return units(exact, rules.price_scale)


def _percent(text: str, rules: MarketRules) -> int:
    percent = _number(text)
    if not rules.is_perpetual:
        raise Refused.by_rule("INVALID_ORDER", "Trigger quantity must not be a percentage: this market has no positions")
    part = units(percent, PERCENT_SCALE)
    if not 0 < percent <= 100 or not part:
        raise Refused.as_invalid("Invalid trigger quantity: must be above 0% and at most 100%")
    return part


def _number(text: str) -> Decimal:
    try:
        return decimal(text)
    except NotANumber as fault:
        raise Refused.as_invalid(f"Invalid trigger quantity: {fault}") from None
