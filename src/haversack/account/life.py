"""The life of one order, as a state machine that cannot be moved backwards.

    PENDING --> UNKNOWN --> TRIGGER_PENDING --> OPEN, PARTLY_FILLED, CANCEL_PENDING --> one of the ends
       |           |
       +-----------+--> REJECTED: the exchange said no, or proved that it has no such order
       +--------------> NOT_SENT: the request never left this machine

What is learnt comes from three places that do not wait for each other: answers, frames, and rows of lists that may be seconds
old. So every state has a rank, and a sighting moves an order only upwards. Any order of the same sightings, with any of them
twice, comes to the same end: a row that is older than a frame changes nothing. FILLED stands above all other ends, and what was
executed only grows. Only a word of the exchange has the rank of an end; errors of the network have none.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Any, TypeAlias

import msgspec

from haversack.account.exact import larger, smaller, total
from haversack.rest.evidence import created_ms
from haversack.wire.enums import ExpiryReason, OrderEvent, OrderStatus, OrderType, Side, TimeInForce
from haversack.wire.events import OrderUpdate
from haversack.wire.history import PastOrder
from haversack.wire.orders import Order, PlaceOrder


class OrderState(Enum):
    """Where an order stands in its life."""

    PENDING = "sent, and not answered yet"
    UNKNOWN = "its answer was lost, or only its fills were seen"
    TRIGGER_PENDING = "waits for its trigger"
    OPEN = "rests in the book"
    PARTLY_FILLED = "rests in the book, and a part of it was filled"
    CANCEL_PENDING = "is live, and its cancel was sent and may still be carried out"
    NOT_SENT = "never left this machine"
    REJECTED = "the exchange refused it, or proved that it has no such order"
    TRIGGERED = "its trigger fired; an order with an id of its own goes on for it"
    TRIGGER_FAILED = "its trigger fired in vain"
    EXPIRED = "the exchange ended it"
    CANCELLED = "was cancelled"
    FILLED = "was filled in full"

    @property
    def is_ended(self) -> bool:
        """Whether nothing more is expected to happen to it."""
        return self in ENDS


_S: TypeAlias = OrderState
# What an order has reached. The two overlays, PARTLY_FILLED and CANCEL_PENDING, are made of other facts.
RANK: dict[OrderState, int] = {
    state: rank
    for rank, state in enumerate(
        (
            *(_S.PENDING, _S.UNKNOWN, _S.TRIGGER_PENDING, _S.OPEN),
            *(_S.NOT_SENT, _S.REJECTED, _S.TRIGGERED, _S.TRIGGER_FAILED, _S.EXPIRED, _S.CANCELLED, _S.FILLED),
        )
    )
}
ENDS = frozenset({_S.NOT_SENT, _S.REJECTED, _S.TRIGGERED, _S.TRIGGER_FAILED, _S.EXPIRED, _S.CANCELLED, _S.FILLED})

OF_STATUS: dict[OrderStatus, OrderState] = {
    OrderStatus.NEW: _S.OPEN,
    OrderStatus.PARTIALLY_FILLED: _S.OPEN,
    OrderStatus.FILLED: _S.FILLED,
    OrderStatus.CANCELLED: _S.CANCELLED,
    OrderStatus.EXPIRED: _S.EXPIRED,
    OrderStatus.TRIGGER_PENDING: _S.TRIGGER_PENDING,
    OrderStatus.TRIGGER_FAILED: _S.TRIGGER_FAILED,
}
# What a frame's event says by itself, where its status is a word that nobody knows.
OF_EVENT: dict[OrderEvent, OrderState] = {
    OrderEvent.ACCEPTED: _S.OPEN,
    OrderEvent.FILL: _S.OPEN,
    OrderEvent.MODIFIED: _S.OPEN,
    OrderEvent.CANCELLED: _S.CANCELLED,
    OrderEvent.EXPIRED: _S.EXPIRED,
    OrderEvent.TRIGGER_PLACED: _S.TRIGGER_PENDING,
    OrderEvent.TRIGGER_FAILED: _S.TRIGGER_FAILED,
}
_TYPES = {"LIMIT": OrderType.LIMIT, "MARKET": OrderType.MARKET}
_ZERO = Decimal(0)


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """What one answer, frame or row says of an order. None: it says nothing of that."""

    symbol: str
    order_id: str | None = None
    reached: OrderState | None = None
    executed_quantity: Decimal | None = None
    executed_quote_quantity: Decimal | None = None
    engine_us: int = 0
    """When the matching engine said it; 0 for all that comes by REST, which does not say."""
    client_id: int | None = None
    side: Side | None = None
    order_type: OrderType | None = None
    time_in_force: TimeInForce | None = None
    price: Decimal | None = None
    quantity: Decimal | None = None
    post_only: bool | None = None
    reduce_only: bool | None = None
    trigger_price: str | None = None
    trigger_quantity: str | None = None
    related_order_id: str | None = None
    strategy_id: str | None = None
    created_ms: int | None = None
    expiry_reason: ExpiryReason | None = None
    reason: str | None = None
    """Why it was refused, or what is in doubt; in words."""


class TrackedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One order, with all that is known of it. It is replaced and never changed."""

    symbol: str
    ticket: int | None = None
    """The number that this program gave it before it was sent; None: somebody else's, or of an earlier run."""
    order_id: str | None = None
    """The exchange's; None until the exchange has named it."""
    reached: OrderState = OrderState.PENDING
    """As far as the exchange's word goes; `state` is finer."""
    executed_quantity: Decimal = _ZERO
    """In the base asset: as stated, or the sum of the fills that were seen, whichever is more."""
    executed_quote_quantity: Decimal = _ZERO
    filled_quantity: Decimal = _ZERO
    """The sum of the fills that were seen one by one."""
    ended_quantity: Decimal | None = None
    """What was executed by the exchange's word when it ended without being filled; of several words the least."""
    is_cancel_pending: bool = False
    quantity_us: int = 0
    """When the engine said the quantity; 0: a row did."""
    client_id: int | None = None
    side: Side | None = None
    order_type: OrderType | None = None
    time_in_force: TimeInForce | None = None
    price: Decimal | None = None
    quantity: Decimal | None = None
    post_only: bool | None = None
    reduce_only: bool | None = None
    trigger_price: str | None = None
    trigger_quantity: str | None = None
    related_order_id: str | None = None
    strategy_id: str | None = None
    created_ms: int | None = None
    expiry_reason: ExpiryReason | None = None
    reason: str | None = None
    """Why it was refused, or what is in doubt; in words."""
    successor_id: str | None = None
    """The order that its trigger made."""

    @property
    def state(self) -> OrderState:
        """Where it stands."""
        if self.reached in ENDS or self.reached in (OrderState.PENDING, OrderState.UNKNOWN):
            return self.reached
        if self.is_cancel_pending:
            return OrderState.CANCEL_PENDING
        if self.reached is OrderState.OPEN and self.executed_quantity > 0:
            return OrderState.PARTLY_FILLED
        return self.reached

    @property
    def is_ended(self) -> bool:
        """Whether nothing more is expected to happen to it, by the exchange's word."""
        return self.reached in ENDS

    @property
    def is_live(self) -> bool:
        """Whether it may still trade: all that has not ended, so what is unknown or about to be cancelled too."""
        return self.reached not in ENDS

    @property
    def is_own(self) -> bool:
        """Whether this program sent it, in this run."""
        return self.ticket is not None

    @property
    def was_filled_late(self) -> bool:
        """Whether more was filled than had been when the exchange called it cancelled, expired or failed."""
        return self.ended_quantity is not None and self.executed_quantity > self.ended_quantity

    def _repr_html_(self) -> str:
        from haversack.account.shown import order_as_html

        return order_as_html(self)


_KEPT = (
    *("order_id", "client_id", "side", "order_type", "time_in_force", "price", "post_only", "reduce_only", "trigger_price"),
    *("trigger_quantity", "related_order_id", "strategy_id", "created_ms", "expiry_reason", "reason"),
)


def joined(order: TrackedOrder, seen: Sighting) -> TrackedOrder:
    """The order with what was seen of it. Nothing that was seen earlier is lost, whichever of the two is older."""
    changes: dict[str, Any] = {
        name: value for name in _KEPT if getattr(order, name) is None and (value := getattr(seen, name)) is not None
    }
    if seen.reached is not None and RANK[seen.reached] > RANK[order.reached]:
        changes["reached"] = seen.reached
    if seen.reached in ENDS and seen.reached is not OrderState.FILLED and seen.executed_quantity is not None:
        changes["ended_quantity"] = smaller(order.ended_quantity, seen.executed_quantity)
    changes["executed_quantity"] = larger(order.executed_quantity, seen.executed_quantity)
    changes["executed_quote_quantity"] = larger(order.executed_quote_quantity, seen.executed_quote_quantity)
    changes |= _quantity(order, seen)
    return msgspec.structs.replace(order, **changes)


def _quantity(order: TrackedOrder, seen: Sighting) -> dict[str, Any]:
    """Which of two quantities is the later one, only frames say; but what only reduces never grows (docs: orderModified)."""
    if not seen.quantity:  # A conditional order is announced with a quantity of 0, which says nothing of it.
        return {}
    latest_us = max(order.quantity_us, seen.engine_us)
    if order.reduce_only or seen.reduce_only:
        return {"quantity": smaller(order.quantity, seen.quantity), "quantity_us": latest_us}
    if seen.engine_us > order.quantity_us:
        return {"quantity": seen.quantity, "quantity_us": latest_us}
    # Of rows the larger one is the later: the quantity of an order by quote quantity is what was filled of it.
    return {} if order.quantity_us else {"quantity": larger(seen.quantity, order.quantity)}


def with_fill(order: TrackedOrder, quantity: Decimal) -> TrackedOrder:
    """The order with one fill more. Fills alone never end it: whether more follows is the exchange's to say."""
    filled = total((order.filled_quantity, quantity))
    return msgspec.structs.replace(order, filled_quantity=filled, executed_quantity=larger(order.executed_quantity, filled))


def with_cancel(order: TrackedOrder, *, is_pending: bool) -> TrackedOrder:
    """The order, live as before, with a cancel under way (HTTP 202, or an answer that was lost), or without."""
    return msgspec.structs.replace(order, is_cancel_pending=is_pending)


def with_successor(order: TrackedOrder, successor_id: str) -> TrackedOrder:
    """A conditional order that another order names as its origin. It counts as live until a list no longer shows it."""
    return msgspec.structs.replace(order, successor_id=successor_id)


def fired(order: TrackedOrder) -> TrackedOrder:
    """A conditional order that has a successor and rests no longer. What the exchange says of its end later goes before."""
    return joined(order, Sighting(symbol=order.symbol, reached=OrderState.TRIGGERED))


def sent_order(operation: PlaceOrder, ticket: int) -> TrackedOrder:
    """An order that is about to be sent."""
    return TrackedOrder(
        symbol=operation.symbol,
        ticket=ticket,
        client_id=operation.client_id,
        side=Side(operation.side),
        order_type=OrderType(operation.order_type),
        price=None if operation.price is None else Decimal(operation.price),
        quantity=None if operation.quantity is None else Decimal(operation.quantity),
        reduce_only=operation.reduce_only,
    )


def _of_status(said: OrderUpdate | Order | PastOrder) -> OrderState | None:
    """What a status says. A conditional order whose trigger fired may read as filled, without anything executed: nothing of
    it was traded, and the order that goes on for it has its own status (what the exchange says then was never recorded)."""
    if said.status == OrderStatus.FILLED and said.trigger_price is not None and not said.executed_quantity:
        return OrderState.TRIGGERED
    return OF_STATUS.get(said.status)


def seen_in_frame(frame: OrderUpdate) -> Sighting:
    """What a frame of the order stream says. Of its status and its event the one that goes further counts."""
    words = [_of_status(frame), OF_EVENT.get(frame.event) if frame.event is not None else None]
    known = [state for state in words if state is not None]
    return Sighting(
        symbol=frame.symbol,
        order_id=frame.order_id,
        reached=max(known, key=lambda state: RANK[state], default=None),
        executed_quantity=frame.executed_quantity,
        executed_quote_quantity=frame.executed_quote_quantity,
        engine_us=frame.engine_us,
        client_id=frame.client_id,
        side=frame.side,
        order_type=_TYPES.get(frame.order_type),
        time_in_force=frame.time_in_force,
        price=frame.price,
        quantity=frame.quantity,
        post_only=frame.post_only,
        reduce_only=frame.reduce_only,
        trigger_price=None if frame.trigger_price is None else format(frame.trigger_price, "f"),
        trigger_quantity=frame.trigger_quantity,
        related_order_id=frame.related_order_id,
        strategy_id=None if frame.strategy_id is None else str(frame.strategy_id),
        expiry_reason=frame.expiry_reason,
    )


def seen_in_row(row: Order | PastOrder) -> Sighting:
    """What an answer, or a row of a list, says. It bears no time of its own and may be older than a frame."""
    order = row if isinstance(row, Order) else None
    past = row if isinstance(row, PastOrder) else None
    return Sighting(
        symbol=row.symbol,
        order_id=row.order_id,
        reached=_of_status(row),
        executed_quantity=row.executed_quantity,
        executed_quote_quantity=row.executed_quote_quantity,
        client_id=row.client_id,
        side=row.side,
        order_type=row.order_type,
        time_in_force=row.time_in_force,
        price=row.price,
        quantity=row.quantity,
        # The history said false of every order in 2025, so it is believed only where it says that it was.
        post_only=row.post_only if order or row.post_only else None,
        reduce_only=order.reduce_only if order else None,
        trigger_price=row.trigger_price,
        trigger_quantity=row.trigger_quantity,
        related_order_id=order.related_order_id if order else None,
        strategy_id=row.strategy_id,
        created_ms=created_ms(row),
        expiry_reason=past.expiry_reason if past else None,
    )
