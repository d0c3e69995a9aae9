"""What a history is made of: orders with what became of them, fills, and positions."""

from __future__ import annotations

import msgspec

from haversack.exchange.engine.event import OrderFacts, OrderFilled
from haversack.exchange.engine.perpetual.position import Position
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


class PositionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A position as it was when it last changed."""

    account: int
    symbol: str
    position: Position
    since_us: int
    """When that was."""
    mark: int
    exposed: int
    leverage_e8: int
