"""What the exchange shows of orders, and which of them an order that was sent could be.

A client id alone proves nothing: the exchange takes one as often as it is sent. So all that was asked for is compared, and when.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

import msgspec

from haversack.errors import ProtocolError
from haversack.rest.procedure import Procedure
from haversack.wire.base import moment_of_iso, moment_of_ms
from haversack.wire.enums import OrderStatus, OrderType
from haversack.wire.history import Fill, GetFillHistory, GetOrderHistory, PastOrder
from haversack.wire.orders import GetOpenOrders, Order, PlaceOrder

Seen: TypeAlias = Order | PastOrder
"""An order that rests, or one of the history."""

ROWS_FIRST, ROWS_NEXT = 100, 1000
"""Rows that are asked for at once: what is looked for is nearly always among the first."""
PAGES_MAX = 40
LOOKUPS_MAX = 8
_ENDS = (OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.TRIGGER_FAILED)


class Span(msgspec.Struct, frozen=True):
    """From when to when, by the exchange's clock, a request can have been taken."""

    first_ms: int
    last_ms: int

    def holds(self, order: Seen) -> bool:
        """Whether the order was made in it."""
        return self.first_ms <= created_ms(order) <= self.last_ms


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """What one look at a market showed."""

    orders: Mapping[str, Seen]
    """By order id; of two sights of one order the one that cannot have changed since."""
    fills: tuple[Fill, ...]
    strays: tuple[Fill, ...]
    """Fills in the span with a client id that is looked for, of orders that the history does not show."""
    is_whole: bool
    """Whether the histories were read back as far as they had to be."""


def look(symbol: str, client_ids: Iterable[int | None], span: Span, *, until_ms: int) -> Procedure[Sight]:
    """All orders of a market made since a span began, and those of any age that rest."""
    resting: list[Order] = yield GetOpenOrders(symbol)
    past, is_read = yield from read_orders(symbol, span.first_ms)
    fills, are_fills_read = yield from _read_fills(symbol, span.first_ms, until_ms)
    wanted = {None if client_id is None else str(client_id) for client_id in client_ids}
    orders = joined(resting, past)
    of_that_time = [fill for fill in fills if fill.client_id in wanted and _filled_ms(fill) <= span.last_ms]
    unexplained = {fill.order_id for fill in of_that_time} - orders.keys()
    found: list[PastOrder] = []
    for order_id in sorted(unexplained)[:LOOKUPS_MAX]:
        found += yield from read_order(symbol, order_id)
    orders |= joined([], found)
    strays = tuple([fill for fill in of_that_time if fill.order_id not in orders])
    return Sight(orders=orders, fills=tuple(fills), strays=strays, is_whole=is_read and are_fills_read)


def joined(resting: Iterable[Order], past: Iterable[PastOrder]) -> dict[str, Seen]:
    """By order id. An end is final wherever it is read; anything else that the history says may be seconds old."""
    orders: dict[str, Seen] = {row.order_id: row for row in past}
    return orders | {order.order_id: order for order in resting if not is_ended(orders.get(order.order_id))}


def read_orders(symbol: str, since_ms: int, *, client_id: int | None = None) -> Procedure[tuple[list[PastOrder], bool]]:
    """The history back to a moment, newest first, and whether it was read as far as that; with a client id, until it is met.

    Rows that are added meanwhile push others down, so a row may come twice, and none is left out. Nothing is made of a page
    that is shorter than asked for: only an empty one is the last.
    """
    rows: dict[str, PastOrder] = {}
    offset = 0
    for page_number in range(PAGES_MAX):
        limit = ROWS_NEXT if page_number else ROWS_FIRST
        page: list[PastOrder] = yield GetOrderHistory(symbol=symbol, limit=limit, offset=offset, sort_direction="Desc")
        rows |= {row.order_id: row for row in page}
        offset += len(page)
        is_met = client_id is None or any(row.client_id == client_id for row in rows.values())
        if not page or (is_met and created_ms(page[-1]) < since_ms):
            return list(rows.values()), True
    return list(rows.values()), False


def read_order(symbol: str, order_id: str) -> Procedure[list[PastOrder]]:
    """The row of one order, if the history has it."""
    page: list[PastOrder] = yield GetOrderHistory(symbol=symbol, order_id=order_id)
    return [row for row in page if row.order_id == order_id]


def _read_fills(symbol: str, since_ms: int, until_ms: int) -> Procedure[tuple[list[Fill], bool]]:
    fills: list[Fill] = []
    for _ in range(PAGES_MAX):
        page: list[Fill] = yield GetFillHistory(
            symbol=symbol, from_ms=since_ms, to_ms=until_ms, limit=ROWS_NEXT, offset=len(fills)
        )
        fills += page
        if not page:
            return fills, True
    return fills, False


def created_ms(order: Seen) -> int:
    """When the exchange took it, by the exchange's clock."""
    if isinstance(order, Order):
        return order.created_ms
    return _ms(order.created_iso, f"createdAt of order {order.order_id}")


def _filled_ms(fill: Fill) -> int:
    return _ms(fill.timestamp_iso, f"timestamp of a fill of order {fill.order_id}")


def _ms(time_iso: str, what: str) -> int:
    try:
        return (moment_of_iso(time_iso) - moment_of_ms(0)) // timedelta(milliseconds=1)
    except ValueError as error:
        raise ProtocolError(what, str(error), b"") from None


def is_ended(order: Seen | None) -> bool:
    """Whether nothing can happen to it any more."""
    return order is not None and order.status in _ENDS


def is_conditional(order: Seen) -> bool:
    """Whether it waits for its trigger, or did."""
    return order.status == OrderStatus.TRIGGER_PENDING or order.trigger_price is not None


def is_fired(order: Seen) -> bool:
    """Whether a trigger made it: it has the client id and the trigger of the order that waited, and a quantity of its own.

    An order that waits has none (seen in other clients' samples of the history).
    """
    return order.trigger_price is not None and order.status != OrderStatus.TRIGGER_PENDING and bool(order.quantity)


def shares_id(sent: PlaceOrder, order: Seen) -> bool:
    """Whether it bears the client id of the order that was sent, on the same side of the same market."""
    return sent.client_id is not None and (order.symbol, order.side, order.client_id) == (sent.symbol, sent.side, sent.client_id)


def is_like(sent: PlaceOrder, order: Seen) -> bool:
    """Whether it is what was asked for, in every respect that the exchange gives back as it was sent."""
    names = (order.symbol, order.side, order.client_id, order.order_type)
    if names != (sent.symbol, sent.side, sent.client_id, sent.order_type):
        return False
    if sent.order_type == OrderType.LIMIT and not _is_same(sent.price, order.price):
        return False
    return _is_same(sent.trigger_price, order.trigger_price) and _has_quantity(sent, order)


def _has_quantity(sent: PlaceOrder, order: Seen) -> bool:
    if sent.trigger_price is not None:
        # The history shows no quantity of a conditional order (observed 2025).
        return _is_same(sent.trigger_quantity, order.trigger_quantity)
    if sent.quantity is None:
        # What is answered as the quantity is what was filled (observed 2025-08).
        return _is_same(sent.quote_quantity, order.quote_quantity)
    if sent.reduce_only and order.quantity is not None:
        # It is cut down to the position that it reduces (documented).
        return Decimal(0) < order.quantity <= Decimal(sent.quantity)
    return _is_same(sent.quantity, order.quantity)


def _is_same(sent: Decimal | str | int | None, seen: Decimal | str | None) -> bool:
    """As numbers: the exchange strips zeros. A percentage is compared as it is written."""
    if sent is None or seen is None:
        return sent is seen
    try:
        return Decimal(sent) == Decimal(seen)
    except InvalidOperation:
        return str(sent) == str(seen)
