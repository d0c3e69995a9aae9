"""One strategy while it runs, and what of it a snapshot holds."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from haversack.exchange.engine.command import Place, Slippage
from haversack.exchange.engine.event import Event, OrderEnded, OrderFilled
from haversack.exchange.engine.order import WorkingOrder
from haversack.exchange.engine.strategies import slices
from haversack.exchange.engine.strategies.event import StrategyFacts
from haversack.wire.strategies import StrategyStatus

OUTCOMES = (OrderFilled, OrderEnded)


class OpenStrategy(msgspec.Struct, frozen=True, gc=False):
    """A strategy as a query sees it: a copy that later commands do not change."""

    strategy: StrategyFacts
    executed: int
    executed_quote: int
    status: StrategyStatus = StrategyStatus.RUNNING


class RunningState(msgspec.Struct, frozen=True, array_like=True):
    """All that is remembered of one."""

    strategy: StrategyFacts
    sent: int
    executed: int
    executed_quote: int
    resting: list[int]
    """Ids of its orders that rest."""


class Running:
    """One of them."""

    __slots__ = ("_executed", "_executed_quote", "_orders", "facts", "next_us", "sent", "slices")

    def __init__(self, facts: StrategyFacts, *, sent: int = 0, executed: int = 0, executed_quote: int = 0) -> None:
        self.facts = facts
        self.slices = slices.count(facts.asked)
        """Into how many it is cut."""
        self.sent = 0
        """How many of them."""
        self.next_us = 0
        """When it sends the next one; once all are sent, when it ends."""
        self._executed = executed
        self._executed_quote = executed_quote
        self._orders: dict[int, WorkingOrder] = {}
        """Orders that rest, as the book changes them; one that ended stays until `resting` is asked for."""
        self.goes_on(sent)

    @property
    def executed(self) -> int:
        """What all its orders have executed, in quantity units."""
        return self._executed + sum(order.executed for order in self._orders.values())

    @property
    def executed_quote(self) -> int:
        """What that cost or brought, in the quote asset's smallest units."""
        return self._executed_quote + sum(order.executed_quote for order in self._orders.values())

    def goes_on(self, sent: int) -> None:
        """So many slices are sent now."""
        facts = self.facts
        self.sent = sent
        self.next_us = facts.end_us if sent == self.slices else facts.created_us + sent * facts.asked.interval_ms * 1_000

    def is_filled(self) -> bool:
        """Whether nothing is left to be done."""
        return self.sent == self.slices and self.executed >= self.facts.asked.quantity

    def view(self) -> OpenStrategy:
        """As a query sees it."""
        return OpenStrategy(self.facts, self.executed, self.executed_quote)

    def order(self, quantity: int) -> Place:
        """Its next order."""
        asked = self.facts.asked
        return Place(
            account=asked.account,
            symbol=asked.symbol,
            side=asked.side,
            price=asked.price,
            quantity=quantity,
            time_in_force=asked.time_in_force,
            post_only=asked.post_only,
            self_trade_prevention=asked.self_trade_prevention,
            slippage=None if asked.slippage_kind is None else Slippage(asked.slippage_kind, asked.slippage_e8),
            reduce_only=asked.reduce_only,
            backing=asked.backing,
        )

    def rest(self, order: WorkingOrder) -> None:
        """Remember an order of its own that rests."""
        self._orders[order.facts.order_id] = order

    def took(self, outcome: OrderFilled | OrderEnded) -> None:
        """Count what an order executed that does not rest."""
        self._executed += outcome.executed
        self._executed_quote += outcome.executed_quote

    def resting(self, open_orders: Mapping[int, WorkingOrder]) -> list[WorkingOrder]:
        """Its orders that still rest, among all that do; those that ended are counted and let go of."""
        for order in [order for order_id, order in self._orders.items() if order_id not in open_orders]:
            del self._orders[order.facts.order_id]
            self._executed += order.executed
            self._executed_quote += order.executed_quote
        return list(self._orders.values())

    def dump(self, open_orders: Mapping[int, WorkingOrder]) -> RunningState:
        """What is remembered of it, whenever `resting` was asked for last."""
        resting = sorted(order_id for order_id in self._orders if order_id in open_orders)
        executed = self.executed - sum(self._orders[order_id].executed for order_id in resting)
        executed_quote = self.executed_quote - sum(self._orders[order_id].executed_quote for order_id in resting)
        return RunningState(self.facts, self.sent, executed, executed_quote, resting)

    @classmethod
    def load(cls, state: RunningState, open_orders: Mapping[int, WorkingOrder]) -> Running:
        """One that goes on from there."""
        loaded = cls(state.strategy, sent=state.sent, executed=state.executed, executed_quote=state.executed_quote)
        for order_id in state.resting:
            loaded.rest(open_orders[order_id])
        return loaded


def outcome_of(order_id: int, events: list[Event]) -> OrderFilled | OrderEnded:
    """The last that was told of an order that rests no longer."""
    return next(event for event in reversed(events) if isinstance(event, OUTCOMES) and event.order.order_id == order_id)
