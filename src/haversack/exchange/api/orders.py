"""Orders: placing, asking, cancelling."""

from __future__ import annotations

from collections.abc import Sequence

from haversack.exchange.admission import admit, refused
from haversack.exchange.api.caller import Caller, unknown_symbol
from haversack.exchange.engine.command import Cancel, CancelAll, Command
from haversack.exchange.engine.event import Event, OrderAccepted, OrderEnded, OrderFilled, Rejected, TriggerPlaced
from haversack.exchange.engine.order import OpenOrder
from haversack.exchange.messages import Refused
from haversack.exchange.render import order_answer
from haversack.wire.codec import decode
from haversack.wire.enums import CancelOrderType, OrderStatus
from haversack.wire.faults import ErrorBody
from haversack.wire.orders import (
    BatchResult,
    CancelAllOrders,
    CancelOrder,
    GetOpenOrders,
    GetOrder,
    Order,
    PlacedInBatch,
    PlaceOrder,
    PlaceOrders,
    RefusedInBatch,
)

BATCH_MAX = 50
"""No largest batch is documented: this one is a guess."""


# Made once: `A | B` makes a new union each time.
_OUTCOMES = (OrderFilled, OrderEnded)


def place(caller: Caller, operation: PlaceOrder) -> Order:
    """Match an order; the answer is how it stands after matching, or that it waits for its trigger."""
    events = _execute(caller, admit(operation, caller.account, caller.venue.listing))
    accepted = events[0]
    if isinstance(accepted, TriggerPlaced):
        return _answer(caller, OpenOrder(accepted.order, 0, 0, OrderStatus.TRIGGER_PENDING))
    assert isinstance(accepted, OrderAccepted), f"a place that was not refused began with {accepted}"
    mine = [event for event in events if isinstance(event, _OUTCOMES) and event.order.order_id == accepted.order.order_id]
    if mine:
        return _answer(caller, mine[-1])
    return _answer(caller, OpenOrder(accepted.order, 0, 0, OrderStatus.NEW))


def place_batch(caller: Caller, operation: PlaceOrders) -> list[BatchResult]:
    """Match orders one after the other; each has a result of its own, and one that is refused stops none of the others."""
    if len(operation.orders) > BATCH_MAX:
        raise Refused.as_invalid("Too many orders")
    return [_place_one(caller, order) for order in operation.orders]


def _place_one(caller: Caller, operation: PlaceOrder) -> BatchResult:
    try:
        order = place(caller, operation)
    except Refused as no:
        fault = decode(ErrorBody, no.reply.body, what="a refusal of our own")
        return RefusedInBatch(code=fault.code, message=fault.message)
    return PlacedInBatch(**{name: getattr(order, name) for name in order.__struct_fields__})


def get(caller: Caller, operation: GetOrder) -> Order:
    """An order that rests or waits for its trigger; one that does so no longer is not found."""
    caller.check_symbol(operation.symbol, unknown_symbol())
    order_id, client_id = _one_id(operation.order_id, operation.client_id)
    order = caller.venue.engine.order(caller.account, operation.symbol, order_id=order_id, client_id=client_id)
    if order is None:
        raise Refused.by_rule("RESOURCE_NOT_FOUND", "Not Found", status=404)
    return _answer(caller, order)


def open_orders(caller: Caller, operation: GetOpenOrders) -> list[Order]:
    """Orders that rest or wait for their triggers, oldest first."""
    if operation.symbol is not None:
        caller.check_symbol(operation.symbol, unknown_symbol())
    markets, kind, engine = caller.venue.listing.markets, operation.market_type, caller.venue.engine
    orders = engine.open_orders(caller.account, operation.symbol) + engine.pending_orders(caller.account, operation.symbol)
    return [
        _answer(caller, order)
        for order in sorted(orders, key=lambda order: order.order.order_id)
        if kind is None or markets[order.order.symbol].market_type == kind
    ]


def cancel(caller: Caller, operation: CancelOrder) -> Order:
    """Take one order out."""
    order_id, client_id = _one_id(operation.order_id, operation.client_id)
    command = Cancel(account=caller.account, symbol=operation.symbol, order_id=order_id, client_id=client_id)
    return next(_answer(caller, event) for event in _execute(caller, command) if isinstance(event, OrderEnded))


def cancel_all(caller: Caller, operation: CancelAllOrders) -> list[Order]:
    """Take all orders of a market out, or those of one kind."""
    kind = None if operation.order_type is None else CancelOrderType(operation.order_type)
    events = _execute(caller, CancelAll(caller.account, operation.symbol, kind))
    return [_answer(caller, event) for event in events if isinstance(event, OrderEnded)]


def _execute(caller: Caller, command: Command) -> Sequence[Event]:
    events = caller.venue.execute(command, now_us=caller.now_us, proof=caller.proof)
    if events and isinstance(events[0], Rejected):
        raise refused(events[0].refusal)
    return events


def _one_id(order_id: str | None, client_id: int | None) -> tuple[int | None, int | None]:
    if order_id is not None:
        return int(order_id), None
    if client_id is None:
        # The real text is unknown.
        raise Refused.as_invalid("Must specify either `orderId` or `clientId`")
    return None, client_id


def _answer(caller: Caller, state: OpenOrder | OrderFilled | OrderEnded) -> Order:
    return order_answer(
        state.order,
        executed=state.executed,
        executed_quote=state.executed_quote,
        status=state.status,
        scales=caller.scales(state.order.symbol),
    )


ROUTES = (
    PlaceOrder.served_by(place),
    PlaceOrders.served_by(place_batch),
    GetOrder.served_by(get),
    GetOpenOrders.served_by(open_orders),
    CancelOrder.served_by(cancel),
    CancelAllOrders.served_by(cancel_all),
)
