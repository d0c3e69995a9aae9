"""What a history is made of: orders with what became of them, and fills."""

from __future__ import annotations

import msgspec

from haversack.exchange.engine.event import OrderFacts, OrderFilled
from haversack.wire.enums import ExpiryReason, OrderStatus


class OrderState(msgspec.Struct, frozen=True, gc=False):
    """What changes about an order, from one moment on."""

    since_us: int
    executed: int
    executed_quote: int
    status: OrderStatus
    reason: ExpiryReason | None = None


class OrderRow(msgspec.Struct, frozen=True):
    """An order and the state in which it is seen."""

    time_us: int
    facts: OrderFacts
    state: OrderState


class FillRow(msgspec.Struct, frozen=True):
    """One side of a match and when it happened."""

    time_us: int
    event: OrderFilled
