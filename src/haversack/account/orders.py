"""All orders of the account: those that this program sent, by ticket, and everybody's, by the exchange's id.

An order that this program sends gets a ticket before it leaves, because a client id names nothing for certain: the exchange
takes one as often as it is sent. Only an answer, or a resolution that rests on a full look, ties a ticket to an order id.
Frames that come before that make an order of their own; the two become one when the answer is in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec

from haversack.account.life import (
    OrderState,
    Sighting,
    TrackedOrder,
    fired,
    joined,
    seen_in_frame,
    seen_in_row,
    sent_order,
    with_cancel,
    with_fill,
    with_successor,
)
from haversack.errors import ApiError, ConnectFailed, LocalRateLimit, OutcomeUnknown, UsageError
from haversack.rest.inquiry import Outcome, Resolution
from haversack.wire.base import CancelPending
from haversack.wire.enums import OrderStatus
from haversack.wire.events import OrderUpdate
from haversack.wire.history import PastOrder
from haversack.wire.orders import CancelAllOrders, CancelOrder, Order, PlaceOrder, RefusedInBatch

ENDED_MAX = 10_000
"""How many orders that have ended are remembered; the oldest are forgotten first."""
_NEVER_LEFT = (UsageError, ConnectFailed, LocalRateLimit)


class Change(msgspec.Struct, frozen=True):
    """An order before and after; before is None for one that was not known."""

    order: TrackedOrder
    before: TrackedOrder | None


class Orders:
    """Every order that was sent or seen, each in the state that all sightings together give."""

    def __init__(self, *, ended_max: int = ENDED_MAX) -> None:
        self._by_id: dict[str, TrackedOrder] = {}
        self._unnamed: dict[int, TrackedOrder] = {}
        self._id_of: dict[int, str] = {}
        self._ended: dict[str, None] = {}
        self._ended_max = ended_max
        self._tickets = 0

    def __len__(self) -> int:
        return len(self._by_id) + len(self._unnamed)

    def get(self, order_id: str) -> TrackedOrder | None:
        """The order with this id; None if it was never seen, or ended long ago."""
        return self._by_id.get(order_id)

    def of_ticket(self, ticket: int) -> TrackedOrder | None:
        """The order that was sent under this ticket; None if it ended long ago."""
        return self._unnamed.get(ticket) or self._by_id.get(self._id_of.get(ticket, ""))

    def live(self) -> list[TrackedOrder]:
        """All that may still trade, those without an answer too."""
        return [order for order in (*self._unnamed.values(), *self._by_id.values()) if order.is_live]

    def all(self) -> list[TrackedOrder]:
        """All that are remembered."""
        return [*self._unnamed.values(), *self._by_id.values()]

    def sent(self, operation: PlaceOrder) -> TrackedOrder:
        """An order is about to be sent: it is pending from now on, under the ticket that it carries."""
        self._tickets += 1
        order = self._unnamed[self._tickets] = sent_order(operation, self._tickets)
        return order

    def sent_together(self, operations: Sequence[PlaceOrder]) -> list[TrackedOrder]:
        """The same for all orders of a request, or for none of them if one cannot be understood."""
        for operation in operations:
            sent_order(operation, 0)
        return [self.sent(operation) for operation in operations]

    def answered(self, ticket: int, answer: Order | PastOrder | RefusedInBatch) -> list[Change]:
        """The exchange has answered a ticket, or a resolution has found its order."""
        if isinstance(answer, RefusedInBatch):
            return self._unnamed_to(ticket, OrderState.REJECTED, f"{answer.code}: {answer.message}")
        return self._named(ticket, seen_in_row(answer))

    def failed(self, ticket: int, error: BaseException) -> list[Change]:
        """No answer came. Only a refusal by the exchange, or a request that never left, ends an order."""
        if isinstance(error, ApiError):
            return self._unnamed_to(ticket, OrderState.REJECTED, str(error))
        if isinstance(error, _NEVER_LEFT) and not isinstance(error, OutcomeUnknown):
            return self._unnamed_to(ticket, OrderState.NOT_SENT, str(error))
        return self._unnamed_to(ticket, OrderState.UNKNOWN, str(error) or type(error).__name__)

    def resolved(self, ticket: int, resolution: Resolution) -> list[Change]:
        """What a full look at the exchange says of a ticket whose answer was lost."""
        if resolution.state is Outcome.DONE and resolution.order is not None:
            return self.answered(ticket, resolution.order)
        if resolution.state is Outcome.NOT_DONE:
            return self._unnamed_to(ticket, OrderState.REJECTED, resolution.reason)
        return []

    def framed(self, frame: OrderUpdate) -> list[Change]:
        """A frame of the order stream has come."""
        return self._seen(seen_in_frame(frame))

    def may_have_fired(self, frame: OrderUpdate) -> bool:
        """Whether a frame of an order that nobody knew may mean that a conditional one of its market fired.

        Whether the frame names the order that it goes on for is not certain of the real exchange.
        """
        if frame.order_id in self._by_id or frame.status is OrderStatus.TRIGGER_PENDING:
            return False
        if frame.client_id is not None and any(each.client_id == frame.client_id for each in self._unnamed.values()):
            return False
        return any(each.reached is OrderState.TRIGGER_PENDING and each.symbol == frame.symbol for each in self._by_id.values())

    def listed(self, rows: Iterable[Order | PastOrder]) -> list[Change]:
        """Rows of the open orders or of the history have come. That an order is missing in a list says nothing."""
        changes: list[Change] = []
        for row in rows:
            changes += self._seen(seen_in_row(row))
        return changes

    def listed_open(self, rows: Sequence[Order]) -> list[Change]:
        """The whole list of open orders has come. What is missing in it is not therefore gone: it is asked for by its id.

        Only of a conditional order that another order goes on for it is enough.
        """
        changes = self.listed(rows)
        shown = {row.order_id for row in rows}
        for order in list(self._by_id.values()):
            if order.successor_id is not None and order.is_live and order.order_id not in shown:
                changes += self._put(fired(order), order)
        return changes

    def filled(self, order_id: str, symbol: str, quantity: Decimal) -> list[Change]:
        """A fill that was not seen before. An order that only its fills tell of is unknown until it is asked for."""
        before = self._by_id.get(order_id)
        order = before or TrackedOrder(symbol=symbol, order_id=order_id, reached=OrderState.UNKNOWN)
        return self._put(with_fill(order, quantity), before)

    def cancelling(self, operation: CancelOrder | CancelAllOrders, *, is_pending: bool) -> list[Change]:
        """A cancel was taken but not carried out (202), or its answer was lost; or it is known not to be under way."""
        changes: list[Change] = []
        for order in list(self._by_id.values()):
            if order.is_live and _is_meant(operation, order):
                changes += self._put(with_cancel(order, is_pending=is_pending), order)
        return changes

    def cancel_answered(
        self, operation: CancelOrder | CancelAllOrders, answer: Order | Sequence[Order] | CancelPending
    ) -> list[Change]:
        """A cancel was answered."""
        if isinstance(answer, CancelPending):
            return self.cancelling(operation, is_pending=True)
        return self.listed([answer] if isinstance(answer, Order) else answer)

    def cancel_failed(self, operation: CancelOrder | CancelAllOrders, error: BaseException) -> list[Change]:
        """A cancel brought no answer, or a refusal; neither says that the order is gone."""
        if isinstance(error, (ApiError, *_NEVER_LEFT)) and not isinstance(error, OutcomeUnknown):
            return []
        return self.cancelling(operation, is_pending=True)

    def cancel_resolved(self, operation: CancelOrder | CancelAllOrders, resolution: Resolution) -> list[Change]:
        """What a full look says of a cancel whose answer was lost."""
        changes = self.listed([resolution.order] if resolution.order is not None else [])
        if resolution.state is Outcome.NOT_DONE:
            changes += self.cancelling(operation, is_pending=False)
        return changes

    def _seen(self, seen: Sighting) -> list[Change]:
        assert seen.order_id is not None
        before = self._by_id.get(seen.order_id)
        order = before or TrackedOrder(symbol=seen.symbol, order_id=seen.order_id, reached=OrderState.UNKNOWN)
        return self._put(joined(order, seen), before) + self._linked(seen)

    def _linked(self, seen: Sighting) -> list[Change]:
        """Notes an order that goes on for a conditional one. Those that hang on an order wait for triggers of their own."""
        parent = self._by_id.get(seen.related_order_id or "")
        is_successor = seen.reached is not None and seen.reached is not OrderState.TRIGGER_PENDING
        if parent is None or seen.order_id is None or not is_successor or parent.reached is not OrderState.TRIGGER_PENDING:
            return []
        return self._put(with_successor(parent, seen.order_id), parent) if parent.successor_id is None else []

    def _named(self, ticket: int, seen: Sighting) -> list[Change]:
        sent = self._unnamed.pop(ticket, None)
        if sent is None:
            return self._seen(seen)
        assert seen.order_id is not None
        self._id_of[ticket] = seen.order_id
        known = self._by_id.get(seen.order_id)
        # What frames and rows said of it before its answer came stands in another record: the two become one.
        order = sent if known is None else msgspec.structs.replace(known, ticket=ticket)
        named = msgspec.structs.replace(order, order_id=seen.order_id, reason=None)
        return self._put(joined(named, seen), known or sent)

    def _unnamed_to(self, ticket: int, reached: OrderState, reason: str) -> list[Change]:
        before = self._unnamed.get(ticket)
        if before is None:
            return []
        order = joined(before, Sighting(symbol=before.symbol, reached=reached, reason=reason))
        self._unnamed[ticket] = order
        self._forget(f"ticket {ticket}" if order.is_ended else None)
        return [Change(order, before)] if order != before else []

    def _put(self, order: TrackedOrder, before: TrackedOrder | None) -> list[Change]:
        if order == before:
            return []
        assert order.order_id is not None
        self._by_id[order.order_id] = order
        self._forget(order.order_id if order.is_ended else None)
        return [Change(order, before)]

    def _forget(self, ended: str | None) -> None:
        if ended is None:
            return
        self._ended[ended] = None
        while len(self._ended) > self._ended_max:
            oldest = next(iter(self._ended))
            del self._ended[oldest]
            order = self._by_id.pop(oldest, None)
            ticket = int(oldest.removeprefix("ticket ")) if oldest.startswith("ticket ") else None
            if ticket is not None:
                self._unnamed.pop(ticket, None)
            elif order is not None and order.ticket is not None:
                self._id_of.pop(order.ticket, None)


def _is_meant(operation: CancelOrder | CancelAllOrders, order: TrackedOrder) -> bool:
    if order.symbol != operation.symbol:
        return False
    if isinstance(operation, CancelAllOrders):
        return True
    if operation.order_id is not None:
        return order.order_id == operation.order_id
    return operation.client_id is not None and order.client_id == operation.client_id
