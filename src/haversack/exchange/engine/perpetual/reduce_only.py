"""Orders that may only make a position smaller: how much of one is taken, and what becomes of those that rest.

Documented: the quantity is cut to the position, and an order that rests is made smaller with its position, so that it never
turns it around. Every order counts by itself: two of them may together exceed the position (inferred from the same sentence).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from haversack.exchange.engine.event import Event, OrderEnded, OrderModified
from haversack.exchange.engine.order import BID, WorkingOrder
from haversack.exchange.engine.survey import survey
from haversack.wire.enums import ExpiryReason, OrderStatus, Side

if TYPE_CHECKING:
    from haversack.exchange.engine.command import Place
    from haversack.exchange.engine.ledger import OpenOrders
    from haversack.exchange.engine.market import Market


def reducible(position: int, side: Side) -> int:
    """How much an order of this side can take off a signed position."""
    return max(0, -position if side is BID else position)


def capped(place: Place, market: Market) -> Place:
    """The order with at most the quantity that it can take off the position: 0 if that is nothing.

    An order by quote quantity that would turn the position around becomes one by the position's quantity (guess).
    """
    perpetual = market.perpetual
    if perpetual is None:
        return place
    room = reducible(perpetual.quantity(place.account), place.side)
    wanted = place.quantity
    if wanted is None and room:
        wanted = survey(place, market.book, market.rules, market.mean_bounds, holdings=perpetual.holdings).quantity
    return place if wanted is not None and wanted <= room and room else msgspec.structs.replace(place, quantity=room)


def shrink(orders: OpenOrders, position: int, market: Market, events: list[Event]) -> None:
    """Make an account's resting orders that only reduce no larger than its position is now; end those that reduce nothing."""
    for order in list(orders.reducing.values()):
        room = reducible(position, order.facts.side)
        if not room:
            _end(order, orders, market, events)
        elif order.left > room:
            _modify(order, room, market, events)


def _end(order: WorkingOrder, orders: OpenOrders, market: Market, events: list[Event]) -> None:
    market.book.remove(order)
    orders.remove(order)
    reason = ExpiryReason.REDUCE_ONLY_NOT_REDUCED
    events.append(OrderEnded(order.facts, order.executed, order.executed_quote, OrderStatus.EXPIRED, reason))
    market.clearing.release(order, events)


def _modify(order: WorkingOrder, room: int, market: Market, events: list[Event]) -> None:
    facts = order.facts
    assert facts.price is not None, "a market order rests"
    level = market.book.own(facts.side).level(facts.price)
    market.book.shrink(level, order, order.left - room)
    order.left = room
    order.facts = facts = msgspec.structs.replace(facts, quantity=order.executed + room)
    events.append(OrderModified(facts, order.executed, order.executed_quote, order.status()))
