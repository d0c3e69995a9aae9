"""An order while the engine works on it, and the two questions that matching asks of any order."""

from __future__ import annotations

import msgspec

from haversack.exchange.engine.command import Place
from haversack.exchange.engine.event import OrderFacts
from haversack.exchange.engine.rules import MarketRules
from haversack.wire.enums import OrderStatus, Side

# Looked up once: reaching an enum's member through its class costs more than comparing it.
BID = Side.BID


class WorkingOrder(msgspec.Struct, gc=False, eq=False):
    """What changes about an order between its acceptance and its end.

    The garbage collector does not watch it, so it must not refer to anything that refers back to it.
    """

    facts: OrderFacts
    left: int
    """Quantity still wanted; of an order by quote quantity, the quote amount still to be exchanged."""
    held: int
    """Locked for this order, in the smallest units of the asset that it gives."""
    executed: int = 0
    executed_quote: int = 0
    has_exits: bool = False
    """Whether its take-profit and stop-loss, if it has them, were created."""
    borrowed: int = 0
    """How much was missing for it and borrowed, less what was released: it gives the account's own first."""

    def status(self) -> OrderStatus:
        """Status of an order that rests."""
        return OrderStatus.PARTIALLY_FILLED if self.executed else OrderStatus.NEW


class OpenOrder(msgspec.Struct, frozen=True, gc=False):
    """A resting order as a query sees it: a copy that later commands do not change."""

    order: OrderFacts
    executed: int
    executed_quote: int
    status: OrderStatus


def reaches(order: OrderFacts | Place, price: int) -> bool:
    """Whether the order may trade at this price of the other side."""
    if order.price is None:
        return True
    return order.price >= price if order.side is BID else order.price <= price


def quantity_at(left: int, price: int, *, by_quote: bool, rules: MarketRules) -> int:
    """The quantity that an order still wants at a price: by quote quantity, what that buys in whole steps."""
    if not by_quote:
        return left
    affordable = left // (price * rules.quote_unit)
    return affordable - affordable % rules.step
