"""Trigger, take-profit and stop-loss of an order, as answers, histories and streams write them.

Forms: documented; of frames a few are known, of trigger orders (2025-05, in the tests of the exchange's own client): which price
they wait for stands there only if their owner said so, and frames of the order that is sent when it fires say nothing of it.
Answers strip zeros, frames keep the tick's decimals, like all other prices (guess).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from haversack.exchange.conditions import PERCENT_SCALE
from haversack.exchange.engine.command import Exit, Trigger
from haversack.exchange.engine.event import Conditions, OrderFacts
from haversack.exchange.listing import Scales
from haversack.units import compact
from haversack.wire.enums import TriggerBy


def is_waiting(facts: OrderFacts) -> bool:
    """Whether an order is one that waits for its trigger, or waited: what is sent then is another order."""
    conditions = facts.conditions
    return conditions is not None and conditions.trigger is not None and conditions.triggered_us is None


def in_row(facts: OrderFacts, scales: Scales) -> dict[str, Any]:
    """Fields of answers and histories; none for an order without conditions."""
    conditions, found = facts.conditions, dict[str, Any]()
    if conditions is None:
        return found
    if conditions.strategy_id is not None:
        found["strategy_id"] = str(conditions.strategy_id)
    if conditions.trigger is not None:
        found["trigger_by"] = _said(conditions.trigger)
        found["trigger_price"] = format(scales.short_price(conditions.trigger.price), "f")
        found["trigger_quantity"] = _quantity(conditions.trigger, scales)
    for name, attached in _exits(conditions):
        found[f"{name}_trigger_by"] = _said(attached)
        found[f"{name}_trigger_price"] = format(scales.short_price(attached.price), "f")
        found[f"{name}_limit_price"] = None if attached.limit is None else scales.short_price(attached.limit)
    return found


def in_answer(facts: OrderFacts, scales: Scales) -> dict[str, Any]:
    """Fields of answers: those of histories, and where the order came from."""
    conditions = facts.conditions
    if conditions is None:
        return {}
    related, triggered_us = conditions.related_order_id, conditions.triggered_us
    return in_row(facts, scales) | {
        "related_order_id": None if related is None else str(related),
        "triggered_ms": None if triggered_us is None else triggered_us // 1000,
    }


def in_frame(facts: OrderFacts, scales: Scales) -> dict[str, Any]:
    """Fields of the order stream."""
    conditions, found = facts.conditions, dict[str, Any]()
    if conditions is None:
        return found
    if conditions.related_order_id is not None:
        found["related_order"] = str(conditions.related_order_id)
    if conditions.strategy_id is not None:
        # A number (documented), unlike the other ids.
        found["strategy_id"] = conditions.strategy_id
    if conditions.trigger is not None and conditions.triggered_us is None:
        found["trigger_by"] = _said(conditions.trigger)
        found["trigger_price"] = scales.price(conditions.trigger.price)
        found["trigger_quantity"] = _quantity(conditions.trigger, scales)
    for name, attached in _exits(conditions):
        found[f"{name}_trigger_by"] = _said(attached)
        found[f"{name}_trigger_price"] = scales.price(attached.price)
        found[f"{name}_limit_price"] = None if attached.limit is None else scales.price(attached.limit)
    return found


def _exits(conditions: Conditions) -> Iterator[tuple[str, Exit]]:
    if conditions.take_profit is not None:
        yield "take_profit", conditions.take_profit
    if conditions.stop_loss is not None:
        yield "stop_loss", conditions.stop_loss


def _said(waits: Trigger | Exit) -> TriggerBy | None:
    """Which price it waits for, if its owner said so: else null in the history (seen in another client's samples, 2025-07)."""
    return None if waits.by_default else waits.by


def _quantity(trigger: Trigger, scales: Scales) -> str:
    if trigger.quantity is None:
        return f"{compact(trigger.percent_e8, PERCENT_SCALE):f}%"
    return format(scales.short_quantity(trigger.quantity), "f")
