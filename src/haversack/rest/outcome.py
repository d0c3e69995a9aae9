"""What became of an order, or of a cancel, whose answer was lost.

    try:
        order = client.orders.place(...)
    except OutcomeUnknown as unknown:
        resolution = client.orders.resolve(unknown)
        if resolution.state is Outcome.DONE:
            order = resolution.order

Nothing is ever sent again. An order is said not to exist only when its request can no longer arrive, the histories have had
time to show it, and they were read in full.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec

from haversack.errors import OutcomeUnknown, UsageError
from haversack.rest.evidence import (
    Seen,
    Sight,
    created_ms,
    is_conditional,
    is_ended,
    is_fired,
    is_like,
    joined,
    look,
    read_order,
    read_orders,
    shares_id,
)
from haversack.rest.inquiry import Inquiry, Moment, Outcome, Patience, Resolution, Verdict, pursue
from haversack.rest.procedure import Procedure
from haversack.rest.session import RestSession
from haversack.wire.enums import CancelOrderType, OrderStatus
from haversack.wire.orders import CancelAllOrders, CancelOrder, GetOpenOrders, Order, PlaceOrder, PlaceOrders

__all__ = ["Outcome", "Resolution", "resolve"]

_Judge: TypeAlias = Callable[[Moment], Procedure[Verdict]]

HISTORY_LAG_S = 15.0
"""How late the histories may be. Seconds were observed in 2025-06; this leaves room."""
CLOCK_TOLERANCE_S = 5.0
"""How far clocks may have moved against each other between the sending and the asking."""
_REUSE_MS = 60_000
"""How far before a cancel by client id another use of that id is looked for."""


def resolve(
    session: RestSession,
    outcome: OutcomeUnknown,
    *,
    wait_s: float | None = None,
    history_lag_s: float = HISTORY_LAG_S,
    clock_tolerance_s: float = CLOCK_TOLERANCE_S,
    client_ids_repeat: bool = False,
) -> Procedure[Resolution]:
    """What became of an order, a batch, a cancel or a cancel of all whose answer was lost. Nothing is sent again.

    It asks until it knows: at once where the order is found, else when the signature has expired and the histories have had
    `history_lag_s` to catch up. `wait_s` bounds the asking; if not given, it is as long as that takes, and ten seconds more.

    An order is known by its client id, market, side, type, price, quantity and time. Two orders that agree in all of these
    within `clock_tolerance_s` and the signature's window cannot be told apart. If yours could, because you give the same client
    id again and again, say `client_ids_repeat=True`: then no order is believed to be the only one before the histories have
    caught up.
    """
    if min(wait_s or 0.0, history_lag_s, clock_tolerance_s) < 0:
        raise UsageError("wait_s, history_lag_s and clock_tolerance_s must not be negative")
    patience = Patience(
        wait_ms=None if wait_s is None else round(wait_s * 1_000),
        history_lag_ms=round(history_lag_s * 1_000),
        clock_tolerance_ms=round(clock_tolerance_s * 1_000),
    )
    inquiry = Inquiry(session, outcome, patience)
    resolution = yield from pursue(inquiry, _judge_of(inquiry, client_ids_repeat=client_ids_repeat))
    return resolution


def _judge_of(inquiry: Inquiry, *, client_ids_repeat: bool) -> _Judge:
    operation = inquiry.operation
    if isinstance(operation, PlaceOrder):
        return lambda moment: _placed(operation, moment, client_ids_repeat=client_ids_repeat)
    if isinstance(operation, PlaceOrders):
        return lambda moment: _placed_in_batch(operation, moment, client_ids_repeat=client_ids_repeat)
    if isinstance(operation, CancelOrder):
        return lambda moment: _cancelled(operation, moment)
    if isinstance(operation, CancelAllOrders):
        return lambda moment: _cancelled_all(operation, moment)
    raise UsageError(
        f"{type(operation).__name__} cannot be resolved: only PlaceOrder, PlaceOrders, CancelOrder and CancelAllOrders can"
    )


def _placed(sent: PlaceOrder, moment: Moment, *, client_ids_repeat: bool) -> Procedure[Verdict]:
    sight = yield from look(sent.symbol, [sent.client_id], moment.span, until_ms=moment.final_ms)
    return _verdict(sent, sight, moment, client_ids_repeat=client_ids_repeat)


def _placed_in_batch(sent: PlaceOrders, moment: Moment, *, client_ids_repeat: bool) -> Procedure[Verdict]:
    sights: dict[str, Sight] = {}
    for symbol in sorted({order.symbol for order in sent.orders}):
        client_ids = [order.client_id for order in sent.orders if order.symbol == symbol]
        sights[symbol] = yield from look(symbol, client_ids, moment.span, until_ms=moment.final_ms)
    verdicts = [_verdict(order, sights[order.symbol], moment, client_ids_repeat=client_ids_repeat) for order in sent.orders]
    parts = tuple([msgspec.structs.replace(each.resolution, checked_until_ms=moment.now_ms) for each in verdicts])
    states = [part.state for part in parts]
    reason = f"of {len(states)} orders {states.count(Outcome.DONE)} were placed, {states.count(Outcome.NOT_DONE)} were not"
    resolution = Resolution(operation=sent, state=_state_of_all(states), reason=reason, parts=parts)
    return Verdict(resolution, is_settled=all(each.is_settled for each in verdicts))


def _state_of_all(states: Sequence[Outcome]) -> Outcome:
    if Outcome.UNKNOWN in states:
        return Outcome.UNKNOWN
    return states[0] if len(set(states)) == 1 else Outcome.PARTLY_DONE


def _verdict(sent: PlaceOrder, sight: Sight, moment: Moment, *, client_ids_repeat: bool) -> Verdict:
    """What a look says of one order."""
    timely = [order for order in sight.orders.values() if moment.span.holds(order)]
    same = [order for order in timely if is_like(sent, order)]
    waited = [order for order in same if not is_fired(order)]
    if same and not waited and not moment.is_final:
        return _doubt(sent, "the order that its trigger made is seen, and itself is not yet", same)
    same = waited or same
    strays = [fill for fill in sight.strays if fill.side == sent.side and fill.client_id == _as_in_fills(sent)]
    if len(same) > 1:
        return _doubt(sent, f"{len(same)} orders are what was sent", same, is_settled=True)
    is_final = moment.is_final and sight.is_whole
    if same:
        is_unique = not client_ids_repeat and sent.client_id is not None
        others = [order for order in sight.orders.values() if order.client_id == sent.client_id and order is not same[0]]
        if strays or not (is_final or (is_unique and not others)):
            return _doubt(sent, "one order is what was sent, and another may yet be seen", same)
        return _found(sent, same[0], sight)
    if strays:
        return _doubt(sent, f"order {strays[0].order_id} has its client id and fills, and is not in the history yet", [])
    if not sight.is_whole:
        return _doubt(sent, "the history is longer than was read", [], is_settled=True)
    if not is_final:
        return _doubt(sent, "no such order is seen, and it may still arrive or be shown late", [])
    # The exchange may have changed what it took, in a way that nobody has seen yet.
    alike = [order for order in timely if shares_id(sent, order)]
    if alike:
        return _doubt(sent, "an order of that time has its client id, but differs from what was sent", alike, is_settled=True)
    reason = "the exchange has no such order: the request never arrived, or was refused"
    return Verdict(Resolution(operation=sent, state=Outcome.NOT_DONE, reason=reason), is_settled=True)


def _as_in_fills(sent: PlaceOrder) -> str | None:
    return None if sent.client_id is None else str(sent.client_id)


def _doubt(sent: PlaceOrder, reason: str, candidates: Sequence[Seen], *, is_settled: bool = False) -> Verdict:
    resolution = Resolution(operation=sent, state=Outcome.UNKNOWN, reason=reason, candidates=tuple(candidates))
    return Verdict(resolution, is_settled)


def _found(sent: PlaceOrder, order: Seen, sight: Sight) -> Verdict:
    fills = tuple([fill for fill in sight.fills if fill.order_id == order.order_id])
    reason = f"order {order.order_id} is what was sent; {_status(order)}"
    # A row that shows no end, of an order that does not rest, is old: what it will say is worth waiting for.
    is_current = isinstance(order, Order) or is_ended(order)
    return Verdict(Resolution(operation=sent, state=Outcome.DONE, reason=reason, order=order, fills=fills), is_current)


def _status(order: Seen) -> str:
    return f"its status is {order.status}" if isinstance(order, Order) or is_ended(order) else "its row in the history is old"


def _cancelled(sent: CancelOrder, moment: Moment) -> Procedure[Verdict]:
    resting: list[Order] = yield GetOpenOrders(sent.symbol)
    if sent.order_id is not None:
        past, is_read = (yield from read_order(sent.symbol, sent.order_id)), True
        named = [order for order in joined(resting, past).values() if order.order_id == sent.order_id]
    else:
        since_ms = moment.span.first_ms - _REUSE_MS
        past, is_read = yield from read_orders(sent.symbol, since_ms, client_id=sent.client_id)
        named = [order for order in joined(resting, past).values() if order.client_id == sent.client_id]
    # What was placed too late for the cancel to have met it is not what it named. An order id names one order for ever, and was
    # known before it was sent: if that order seems younger, the cancel bears the time of a clock that was slow.
    targets = [order for order in named if sent.order_id is not None or created_ms(order) <= moment.span.last_ms]
    if len(targets) != 1:
        reason = f"{len(targets)} orders are what it named" if targets else "the order that it named is not seen"
        resolution = Resolution(operation=sent, state=Outcome.UNKNOWN, reason=reason, candidates=tuple(targets))
        return Verdict(resolution, is_settled=len(targets) > 1 or not is_read)
    return _fate(sent, targets[0], moment)


def _fate(sent: CancelOrder, order: Seen, moment: Moment) -> Verdict:
    """What became of the order that a cancel named."""
    if is_ended(order):
        state = Outcome.DONE if order.status == OrderStatus.CANCELLED else Outcome.NOT_DONE
        return Verdict(Resolution(operation=sent, state=state, reason=f"the order is {order.status}", order=order), True)
    if not isinstance(order, Order):
        reason = "the order does not rest, and the history does not show yet what became of it"
        return Verdict(Resolution(operation=sent, state=Outcome.UNKNOWN, reason=reason, order=order), is_settled=False)
    state = Outcome.NOT_DONE if moment.is_closed else Outcome.UNKNOWN
    reason = "the order is still open"
    resolution = Resolution(operation=sent, state=state, reason=reason, order=order, open_orders=(order,))
    return Verdict(resolution, is_settled=moment.is_closed)


def _cancelled_all(sent: CancelAllOrders, moment: Moment) -> Procedure[Verdict]:
    resting: list[Order] = yield GetOpenOrders(sent.symbol)
    meant = [order for order in resting if _is_meant(sent, order)]
    early = tuple([order for order in meant if created_ms(order) < moment.span.first_ms])
    late = tuple([order for order in meant if moment.span.holds(order)])
    if not moment.is_closed:
        state, reason = Outcome.UNKNOWN, "the request may still arrive"
    elif early:
        state, reason = Outcome.NOT_DONE, f"{len(early)} orders that it was meant for are still open"
    elif late:
        state, reason = Outcome.UNKNOWN, f"{len(late)} open orders were placed at about the same time"
    else:
        state, reason = Outcome.DONE, "no order that it was meant for is open"
    resolution = Resolution(operation=sent, state=state, reason=reason, open_orders=early, candidates=late)
    return Verdict(resolution, is_settled=moment.is_closed)


def _is_meant(sent: CancelAllOrders, order: Order) -> bool:
    return sent.order_type is None or (sent.order_type == CancelOrderType.CONDITIONAL_ORDER) == is_conditional(order)
