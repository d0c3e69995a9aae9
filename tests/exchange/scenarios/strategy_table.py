"""Plays scenarios of strategies, in the spot market or the perpetual of the other tables.

`bid 3 @ 100 over 30s every 10s` starts one, with the words of orders; `cancel strategy id 7` ends it, `cancel strategies` ends
all. With `wait` the exchange lets time pass: the answer is the orders that strategies sent then, and the strategies that ended.
"""

from __future__ import annotations

from typing import Any

from exchange.scenarios.perpetual_table import PerpetualStage
from exchange.scenarios.table import OPERATOR, Stage, number_text, order_of, units
from haversack.exchange.engine.command import Command, Elapse, Place, Slippage
from haversack.exchange.engine.event import Declined, Event, OrderAccepted, OrderFacts
from haversack.exchange.engine.strategies.command import CancelStrategies, CancelStrategy, StartStrategy
from haversack.exchange.engine.strategies.event import StrategyEnded, StrategyStarted
from haversack.exchange.engine.strategies.running import outcome_of
from haversack.exchange.engine.strategies.strategies import Strategies

_OF_ORDERS = set(StartStrategy.__struct_fields__) & set(Place.__struct_fields__)


class StrategyStage(Stage):
    """An engine that runs strategies, and the accounts of a scenario."""

    facilities = (Strategies,)

    def _command(self, who: str, words: list[str]) -> Command:
        if who == OPERATOR and words == ["wait"]:
            return Elapse()
        account = next((number for number, name in self.names.items() if name == who), 0)
        if words == ["cancel", "strategies"]:
            return CancelStrategies(account, self.symbol)
        if words[:2] == ["cancel", "strategy"]:
            return CancelStrategy(account=account, symbol=self.symbol, client_id=int(words[3]))
        if "over" in words:
            return self._start(account, words)
        return super()._command(who, words)

    def _start(self, account: int, words: list[str]) -> StartStrategy:
        at = words.index("over")
        duration_ms, interval_ms = (units(word.removesuffix("s"), 3) for word in (words[at + 1], words[at + 3]))
        order: dict[str, Any] = order_of([word for word in words[:at] + words[at + 4 :] if word != "reduce-only"])
        slippage: Slippage | None = order.get("slippage")
        return StartStrategy(
            reduce_only="reduce-only" in words or None,
            account=account,
            symbol=self.symbol,
            duration_ms=duration_ms,
            interval_ms=interval_ms,
            slippage_kind=slippage.kind if slippage else None,
            slippage_e8=slippage.tolerance_e8 if slippage else 0,
            **{name: value for name, value in order.items() if name in _OF_ORDERS},
        )

    def _answer(self, events: list[Event]) -> str:
        if events and isinstance(events[0], Declined):
            return f"refused {events[0].refusal.name}"
        if events and isinstance(events[0], StrategyStarted):
            return "Running"
        sent = [event.order for event in events if isinstance(event, OrderAccepted) and _strategy(event) is not None]
        ended = [event for event in events if isinstance(event, StrategyEnded)]
        if not sent and not ended:
            return super()._answer(events)
        told: list[str] = []
        for order in sent:
            assert order.quantity is not None, "slices have quantities"
            became = self._became(order, events)
            told.append(f"sent {number_text(order.quantity, 1)}: {became}")
        for event in ended:
            reason = f" {event.reason}" if event.reason else ""
            told.append(f"{event.status}{reason}, filled {number_text(event.executed, 1)}")
        return "; ".join(told)

    def _became(self, order: OrderFacts, events: list[Event]) -> str:
        if any(resting.order.order_id == order.order_id for resting in self.engine.open_orders(order.account)):
            return "New"
        return super()._answer([outcome_of(order.order_id, events)])


class PerpetualStrategyStage(StrategyStage, PerpetualStage):
    """The same with a perpetual."""


def _strategy(event: OrderAccepted) -> int | None:
    return event.order.conditions.strategy_id if event.order.conditions else None
