"""What a history is made of: orders with what became of them, fills, and positions."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from haversack.exchange.engine.event import (
    OrderAccepted,
    OrderEnded,
    OrderFacts,
    OrderFilled,
    OrderModified,
    TriggerFailed,
    TriggerFired,
    TriggerPlaced,
)
from haversack.exchange.engine.perpetual.position import Position
from haversack.wire.enums import ExpiryReason, OrderStatus

OF_ORDERS = (OrderAccepted, OrderFilled, OrderModified, OrderEnded, TriggerPlaced, TriggerFired, TriggerFailed)
OrderEvent: TypeAlias = OrderAccepted | OrderFilled | OrderModified | OrderEnded | TriggerPlaced | TriggerFired | TriggerFailed
"""What orders do."""


class OrderState(msgspec.Struct, frozen=True, gc=False):
    """What changes about an order, from one moment on."""

    since_us: int
    executed: int
    executed_quote: int
    status: OrderStatus
    reason: ExpiryReason | None = None
    quantity: int | None = None
    """Of an order that only reduces, which may become smaller; None: what it was placed with."""


def state_after(event: OrderEvent, now_us: int) -> OrderState:
    """What an event makes of its order.

    One whose trigger fired counts as filled, without having executed anything itself: it did what it was for (guess).
    """
    if isinstance(event, OrderFilled | OrderModified | OrderEnded):
        reason = event.reason if isinstance(event, OrderEnded) else None
        quantity = event.order.quantity if event.order.reduce_only else None
        return OrderState(now_us, event.executed, event.executed_quote, event.status, reason, quantity)
    if isinstance(event, TriggerFailed):
        return OrderState(now_us, 0, 0, OrderStatus.TRIGGER_FAILED, event.reason)
    if isinstance(event, TriggerFired):
        return OrderState(now_us, 0, 0, OrderStatus.FILLED)
    return OrderState(now_us, 0, 0, OrderStatus.NEW if isinstance(event, OrderAccepted) else OrderStatus.TRIGGER_PENDING)


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
