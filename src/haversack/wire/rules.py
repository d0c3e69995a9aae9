"""The rules of one market, as arithmetic on decimals: what it refuses can be known before an order is sent.

Only what the exchange is known to refuse is a broken rule here. An order that breaks none may still be refused: for funds, for
margin, or by a book that has moved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from haversack.errors import UsageError
from haversack.wire.enums import OpenEnum, OrderBookState, OrderType, SelfTradePrevention, Side, TimeInForce
from haversack.wire.increments import is_multiple, number, product, rounded_down, rounded_up
from haversack.wire.orders import PlaceOrder

if TYPE_CHECKING:
    from haversack.wire.inputs import Number, SideLike
    from haversack.wire.markets import Market

_ZERO, _HUNDRED = Decimal(0), Decimal(100)


class Rule(Enum):
    """Which rule is broken."""

    FIELDS = "fields"
    BOOK_STATE = "order book state"
    MIN_QUANTITY = "minimum quantity"
    MAX_QUANTITY = "maximum quantity"
    STEP_SIZE = "step size"
    TICK_SIZE = "tick size"
    MIN_PRICE = "minimum price"
    MAX_PRICE = "maximum price"
    PRICE_BAND = "price band"
    POST_ONLY = "post only"


class RuleBroken(UsageError):
    """A number or an order breaks a rule of its market. `others` are further rules that the same order breaks."""

    def __init__(
        self,
        text: str,
        rule: Rule,
        *,
        value: Decimal | None = None,
        bound: Decimal | None = None,
        nearest: tuple[Decimal, ...] = (),
        others: tuple[RuleBroken, ...] = (),
    ) -> None:
        self.rule = rule
        self.value = value
        self.bound = bound
        """The increment or the limit that is not kept to."""
        self.nearest = nearest
        """The nearest values that keep to it: one below and one above, or one alone."""
        self.others = others
        more = "".join(f"; {other}" for other in others)
        super().__init__(text + more)


def round_price(market: Market, price: Number, side: SideLike) -> Decimal:
    """The price on the tick, down for a Bid and up for an Ask: never more than was asked for is given away."""
    asked, tick_size = number(price, "price"), market.filters.price.tick_size
    on_tick = rounded_down(asked, tick_size) if _is_bid(side) else rounded_up(asked, tick_size)
    for broken in _price_limits(market, on_tick, "price"):
        raise broken
    return on_tick


def round_quantity(market: Market, quantity: Number) -> Decimal:
    """The quantity on the step, downwards."""
    on_step = rounded_down(number(quantity, "quantity"), market.filters.quantity.step_size)
    for broken in _quantity_limits(market, on_step, "quantity"):
        raise broken
    return on_step


def impact_limit(market: Market, side: SideLike, best_price: Number) -> Decimal | None:
    """The furthest price at which an order that takes is filled; what is left of it then expires (docs: price impact).

    `best_price` is the best ask for a Bid, and the best bid for an Ask. None: the market has no such limit.
    """
    filters, best = market.filters.price, number(best_price, "best_price")
    is_bid = _is_bid(side)
    multiplier = filters.max_impact_multiplier if is_bid else filters.min_impact_multiplier
    if multiplier is None:
        return None
    bound = product(best, multiplier)
    return rounded_down(bound, filters.tick_size) if is_bid else rounded_up(bound, filters.tick_size)


def _is_bid(side: SideLike) -> bool:
    if side not in (Side.BID, Side.ASK):
        raise UsageError(f"side must be Bid or Ask, found {side!r}")
    return side == Side.BID


_WORDS: Mapping[str, type[OpenEnum]] = MappingProxyType(
    {"side": Side, "order_type": OrderType, "time_in_force": TimeInForce, "self_trade_prevention": SelfTradePrevention}
)


def _check_words(order: PlaceOrder) -> None:
    """A word that is not one of the exchange's would pass for one that no rule is about."""
    for name, kind in _WORDS.items():
        word = getattr(order, name)
        if word is not None and not isinstance(word, kind) and word not in list(kind):
            raise UsageError(f"{name} must be one of {', '.join(kind)}, found {word!r}")


class References(NamedTuple):
    """Prices of the moment, as far as they are known."""

    best_bid: Decimal | None
    best_ask: Decimal | None
    lowest_active: Decimal | None
    """The active price is the median of best bid, best ask and last price. Without the last it is between the other two."""
    highest_active: Decimal | None

    @classmethod
    def of(
        cls, best_bid: Number | None, best_ask: Number | None, last_price: Number | None, *, active_price: Number | None
    ) -> References:
        """From what a user gives."""
        bid, ask = _number(best_bid, "best_bid"), _number(best_ask, "best_ask")
        last, active = _number(last_price, "last_price"), _number(active_price, "active_price")
        if active is not None:
            return cls(bid, ask, active, active)
        if bid is None or ask is None:
            return cls(bid, ask, None, None)
        if last is None:
            return cls(bid, ask, min(bid, ask), max(bid, ask))
        median = sorted((bid, ask, last))[1]
        return cls(bid, ask, median, median)


def _number(value: Number | None, what: str) -> Decimal | None:
    return None if value is None else number(value, what)


def problems(market: Market, order: PlaceOrder, references: References) -> list[RuleBroken]:
    """All rules that an order breaks, in the order in which the exchange checks them."""
    if order.symbol != market.symbol:
        return [RuleBroken(f"the order is for {order.symbol}, and these are the rules of {market.symbol}", Rule.FIELDS)]
    _check_words(order)
    found = [*_fields(order, market), *_book_state(order, market), *_quantities(order, market), *_prices(order, market)]
    if order.trigger_price is None:
        price = _number(order.price, "price") if order.order_type == OrderType.LIMIT else None
        if price is not None:
            found += _price_band(market, price, references)
        best = references.best_ask if order.side == Side.BID else references.best_bid
        if order.post_only and best is not None:
            found += _post_only(market, order, price, best)
    return found


def refuse(found: list[RuleBroken]) -> None:
    """Raise the first of them, with the others in it, if there are any."""
    if found:
        first, *others = found
        raise RuleBroken(
            str(first), first.rule, value=first.value, bound=first.bound, nearest=first.nearest, others=tuple(others)
        )


def _fields(order: PlaceOrder, market: Market) -> Iterator[RuleBroken]:
    """What must be given together (docs: POST /api/v1/order). Fields that seem too many are not known to be refused."""
    if (order.trigger_price is None) != (order.trigger_quantity is None):
        # Observed 2025: "Must specify both `triggerPrice` and `triggerQuantity` or neither".
        yield RuleBroken(f"trigger_price and trigger_quantity come together or not at all{_of(market)}", Rule.FIELDS)
    if order.trigger_price is not None or order.trigger_quantity is not None:
        return
    if order.order_type == OrderType.LIMIT:
        missing = [name for name in ("price", "quantity") if getattr(order, name) is None]
        if missing:
            yield RuleBroken(f"a limit order must have a {' and a '.join(missing)}{_of(market)}", Rule.FIELDS)
    elif order.order_type == OrderType.MARKET and order.quantity is None and order.quote_quantity is None:
        yield RuleBroken(f"a market order must have a quantity or a quote_quantity{_of(market)}", Rule.FIELDS)


def _book_state(order: PlaceOrder, market: Market) -> Iterator[RuleBroken]:
    # The states are documented, and what each allows is inferred from its name. A limit order that would rest is let through
    # in PostOnly: whether it must say post_only there is unknown.
    state = market.order_book_state
    is_market = order.order_type == OrderType.MARKET
    cannot_rest = is_market or order.time_in_force in (TimeInForce.IOC, TimeInForce.FOK)
    refused = {
        OrderBookState.CLOSED: True,
        OrderBookState.CANCEL_ONLY: True,
        OrderBookState.LIMIT_ONLY: is_market,
        OrderBookState.POST_ONLY: cannot_rest,
    }
    if refused.get(state, False):
        yield RuleBroken(f"the book is {state} and takes no such order{_of(market)}", Rule.BOOK_STATE)


def _quantities(order: PlaceOrder, market: Market) -> Iterator[RuleBroken]:
    if order.quantity is not None:
        yield from _quantity(market, number(order.quantity, "quantity"), "quantity")
    elif order.quote_quantity is not None and order.order_type == OrderType.MARKET:
        quote_quantity = number(order.quote_quantity, "quote_quantity")
        if quote_quantity <= 0:
            text = f"quote_quantity {_plain(quote_quantity)} is not above 0{_of(market)}"
            yield RuleBroken(text, Rule.MIN_QUANTITY, value=quote_quantity, bound=_ZERO)
    if order.trigger_quantity is not None:
        yield from _trigger_quantity(market, order.trigger_quantity)


def _trigger_quantity(market: Market, text: str) -> Iterator[RuleBroken]:
    if not str(text).endswith("%"):
        yield from _quantity(market, number(text, "trigger_quantity"), "trigger_quantity")
        return
    percentage = number(text[:-1], "trigger_quantity")
    if not 0 < percentage <= _HUNDRED:
        reason = f"trigger_quantity {text} is not above 0% and at most 100%{_of(market)}"
        yield RuleBroken(reason, Rule.FIELDS, value=percentage, bound=_HUNDRED)


def _quantity(market: Market, quantity: Decimal, what: str) -> Iterator[RuleBroken]:
    yield from _quantity_limits(market, quantity, what)
    filters = market.filters.quantity
    if not is_multiple(quantity, filters.step_size):
        within = (filters.min_quantity, filters.max_quantity)
        yield _off_grid(market, Rule.STEP_SIZE, what, quantity, increment=filters.step_size, within=within)


def _quantity_limits(market: Market, quantity: Decimal, what: str) -> Iterator[RuleBroken]:
    filters = market.filters.quantity
    lowest, highest = filters.min_quantity, filters.max_quantity
    if quantity < lowest or quantity <= 0:
        nearest = _least(lowest, filters.step_size)
        yield _beyond(market, Rule.MIN_QUANTITY, what, quantity, bound=lowest, nearest=nearest)
    if highest is not None and quantity > highest:
        nearest = rounded_down(highest, filters.step_size)
        yield _beyond(market, Rule.MAX_QUANTITY, what, quantity, bound=highest, nearest=nearest)


def _prices(order: PlaceOrder, market: Market) -> Iterator[RuleBroken]:
    limits: list[tuple[str, Any]] = [("price", order.price)] if order.order_type == OrderType.LIMIT else []
    limits += [(name, getattr(order, name)) for name in ("take_profit_limit_price", "stop_loss_limit_price")]
    for name, price in limits:
        if price is not None:
            yield from _price(market, number(price, name), name)
    # Whether a price that only triggers must lie on the tick is unknown.
    for name in ("trigger_price", "take_profit_trigger_price", "stop_loss_trigger_price"):
        given = getattr(order, name)
        if given is not None and number(given, name) <= 0:
            value = number(given, name)
            yield RuleBroken(f"{name} {_plain(value)} is not above 0{_of(market)}", Rule.MIN_PRICE, value=value, bound=_ZERO)


def _price(market: Market, price: Decimal, what: str) -> Iterator[RuleBroken]:
    filters = market.filters.price
    if not is_multiple(price, filters.tick_size):
        within = (filters.min_price, filters.max_price)
        yield _off_grid(market, Rule.TICK_SIZE, what, price, increment=filters.tick_size, within=within)
    yield from _price_limits(market, price, what)


def _price_limits(market: Market, price: Decimal, what: str) -> Iterator[RuleBroken]:
    filters = market.filters.price
    if price < filters.min_price or price <= 0:
        nearest = _least(filters.min_price, filters.tick_size)
        yield _beyond(market, Rule.MIN_PRICE, what, price, bound=filters.min_price, nearest=nearest)
    if filters.max_price is not None and price > filters.max_price:
        nearest = rounded_down(filters.max_price, filters.tick_size)
        yield _beyond(market, Rule.MAX_PRICE, what, price, bound=filters.max_price, nearest=nearest)


def _post_only(market: Market, order: PlaceOrder, price: Decimal | None, best: Decimal) -> Iterator[RuleBroken]:
    """A post-only order that meets the other side is refused (observed 2026-01); a market order always does."""
    if price is None:
        if order.order_type == OrderType.MARKET:
            yield RuleBroken(f"a post-only market order would take at {_plain(best)}{_of(market)}", Rule.POST_ONLY, bound=best)
    elif price >= best if order.side == Side.BID else price <= best:
        text = f"post-only price {_plain(price)} would take at {_plain(best)}{_of(market)}"
        yield RuleBroken(text, Rule.POST_ONLY, value=price, bound=best)


def _price_band(market: Market, price: Decimal, references: References) -> Iterator[RuleBroken]:
    """How far a limit may be from the active price, in both directions and for both sides (observed 2025-06)."""
    filters, low, high = market.filters.price, references.lowest_active, references.highest_active
    highest = None if high is None or filters.max_multiplier is None else product(high, filters.max_multiplier)
    lowest = None if low is None or filters.min_multiplier is None else product(low, filters.min_multiplier)
    if highest is not None and price > highest:
        active, bound, nearest = high, highest, rounded_down(highest, filters.tick_size)
    elif lowest is not None and price < lowest:
        active, bound, nearest = low, lowest, rounded_up(lowest, filters.tick_size)
    else:
        return
    assert active is not None, "a bound was made of no price"
    text = f"price {_plain(price)} is too far from the active price {_plain(active)}{_of(market)}: nearest is {_plain(nearest)}"
    yield RuleBroken(text, Rule.PRICE_BAND, value=price, bound=bound, nearest=(nearest,))


def _beyond(market: Market, rule: Rule, what: str, value: Decimal, *, bound: Decimal, nearest: Decimal) -> RuleBroken:
    relation = "below" if rule in (Rule.MIN_QUANTITY, Rule.MIN_PRICE) else "above"
    if value <= 0 and relation == "below":
        bound, limit = max(bound, _ZERO), "not above 0"
    else:
        limit = f"{relation} {rule.value} {_plain(bound)}"
    text = f"{what} {_plain(value)} is {limit}{_of(market)}: nearest is {_plain(nearest)}"
    return RuleBroken(text, rule, value=value, bound=bound, nearest=(nearest,))


def _off_grid(
    market: Market, rule: Rule, what: str, value: Decimal, *, increment: Decimal, within: tuple[Decimal, Decimal | None]
) -> RuleBroken:
    nearest = _around(value, increment, *within)
    named = " and ".join([_plain(near) for near in nearest])
    verb = "are" if len(nearest) > 1 else "is"
    text = f"{what} {_plain(value)} is not a multiple of {rule.value} {_plain(increment)}{_of(market)}: nearest {verb} {named}"
    return RuleBroken(text, rule, value=value, bound=increment, nearest=nearest)


def _around(value: Decimal, increment: Decimal, lowest: Decimal, highest: Decimal | None) -> tuple[Decimal, ...]:
    """The multiples on both sides of a value that are within the limits; the nearest one that is, if neither is."""
    least = _least(lowest, increment)
    most = None if highest is None else rounded_down(highest, increment)
    sides = (rounded_down(value, increment), rounded_up(value, increment))
    inside = tuple([side for side in sides if side >= least and (most is None or side <= most)])
    return inside or ((least,) if most is None or value < least else (most,))


def _least(lowest: Decimal, increment: Decimal) -> Decimal:
    """The smallest multiple that is allowed; zero never is."""
    return rounded_up(max(lowest, increment), increment)


def _plain(value: Decimal) -> str:
    return format(value, "f")


def _of(market: Market) -> str:
    return f" ({market.symbol})"
