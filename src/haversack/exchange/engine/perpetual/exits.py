"""Take-profits and stop-losses that hang on an order: when they come into being, and when they go.

Documented: they are created when their order is filled, or filled in part, and they only reduce. Guesses: they are created with
the first fill that leaves a position to be reduced; their quantity is all of their order's, which is cut to the position when
they fire; a take-profit waits for a better price and a stop-loss for a worse one, wherever the price is when they are created.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from haversack.exchange.engine.command import Exit, Trigger
from haversack.exchange.engine.event import Conditions, Event, OrderEnded, OrderFacts, TriggerFailed, TriggerPlaced
from haversack.exchange.engine.order import BID, WorkingOrder
from haversack.exchange.engine.perpetual.reduce_only import reducible
from haversack.exchange.engine.triggers import PendingOrder
from haversack.wire.enums import ExpiryReason, OrderStatus, Side, TimeInForce

if TYPE_CHECKING:
    from haversack.exchange.engine.ledger import Ledger
    from haversack.exchange.engine.market import Market

STOPS_MAX = 20
"""Orders that wait to reduce one position, beyond which none is added to it. That there is a bound is documented; this one is a
guess."""
WHOLE_E8 = 100 * 10**8
"""All of a position, in units of 1e-8 percent."""


def attach(order: WorkingOrder, market: Market, ledger: Ledger, *, now_us: int, events: list[Event]) -> None:
    """Create what hangs on an order that was just filled, unless that was done before or leaves nothing to be reduced."""
    parent, conditions = order.facts, order.facts.conditions
    if conditions is None or order.has_exits or market.perpetual is None:
        return
    side = Side.ASK if parent.side is BID else BID
    if not reducible(market.perpetual.quantity(parent.account), side):
        return
    order.has_exits = True
    for attached, is_profit in ((conditions.take_profit, True), (conditions.stop_loss, False)):
        if attached is not None:
            facts = _facts(parent, attached, ledger.take_id(), now_us)
            _create(PendingOrder(facts, is_profit == (side is not BID)), market, events)


def _facts(parent: OrderFacts, attached: Exit, order_id: int, now_us: int) -> OrderFacts:
    percent = WHOLE_E8 if parent.quantity is None else 0
    trigger = Trigger(attached.by, attached.price, parent.quantity, percent, attached.by_default)
    return OrderFacts(
        order_id=order_id,
        account=parent.account,
        symbol=parent.symbol,
        side=Side.ASK if parent.side is BID else BID,
        price=attached.limit,
        quantity=None,
        quote_quantity=None,
        time_in_force=TimeInForce.GTC,
        post_only=False,
        self_trade_prevention=parent.self_trade_prevention,
        client_id=None,
        created_us=now_us,
        reduce_only=True,
        conditions=Conditions(trigger=trigger, related_order_id=parent.order_id),
    )


def _create(order: PendingOrder, market: Market, events: list[Event]) -> None:
    events.append(TriggerPlaced(order.facts))
    if _stops(market.triggers.of(order.facts.account)) >= STOPS_MAX:
        events.append(TriggerFailed(order.facts, ExpiryReason.MAX_STOP_ORDERS_PER_POSITION))
        return
    market.await_trigger(order)


def _stops(pending: Mapping[int, PendingOrder]) -> int:
    return sum(1 for order in pending.values() if order.facts.reduce_only)


def drop_stops(account: int, market: Market, events: list[Event], *, was: int, now: int) -> None:
    """End what waits to reduce a position that was closed; of one that was turned around, what would have reduced it."""
    for order in list(market.triggers.of(account).values()):
        facts = order.facts
        if facts.reduce_only and (not now or reducible(was, facts.side)):
            market.triggers.remove(order)
            events.append(OrderEnded(facts, 0, 0, OrderStatus.EXPIRED, ExpiryReason.STOP_WITHOUT_POSITION))
