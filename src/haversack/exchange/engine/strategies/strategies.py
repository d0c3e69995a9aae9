"""Runs the strategies of all accounts: sends their orders when their time comes, and ends them.

Documented are the states, the reasons for an end and the shape of a strategy; all else is a guess, and the plainest one. A look
at a strategy sends what has become due since the last one as one order. What an order did not fill and what was cancelled is not
sent again. A strategy is completed at the first look that finds all of it filled, and ends with its duration whatever is left.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from haversack.exchange.engine.event import Conditions, Declined, Event, OrderAccepted, OrderEnded, Rejected
from haversack.exchange.engine.facility import Handler, Parts
from haversack.exchange.engine.ledger import Account
from haversack.exchange.engine.order import WorkingOrder
from haversack.exchange.engine.strategies import slices
from haversack.exchange.engine.strategies.command import CancelStrategies, CancelStrategy, StartStrategy
from haversack.exchange.engine.strategies.event import StrategyEnded, StrategyFacts, StrategyStarted
from haversack.exchange.engine.strategies.refusal import UNSENT, StrategyRefusal, ending
from haversack.exchange.engine.strategies.running import OpenStrategy, Running, RunningState, outcome_of
from haversack.wire.enums import ExpiryReason, OrderBookState
from haversack.wire.strategies import StrategyCancelReason, StrategyStatus

RUNNING_MAX = 20
"""That one account may have in all markets. No bound is documented: a guess."""
CLOSED = OrderBookState.CLOSED
_UNTAKEN = {
    CLOSED: StrategyRefusal.BOOK_CLOSED,
    OrderBookState.CANCEL_ONLY: StrategyRefusal.CANCEL_ONLY,
}
_decode = msgspec.json.Decoder(list[RunningState]).decode


class Strategies:
    """All that run."""

    name = "strategies"

    def __init__(self, parts: Parts) -> None:
        self._ledger = parts.ledger
        self._markets = parts.markets
        self._placing = parts.placing
        self._running: dict[int, Running] = {}
        """By id, the oldest first."""
        self._by_account: dict[int, dict[int, Running]] = {}
        parts.placing.at_liquidation.append(self._liquidate)

    def handlers(self) -> Mapping[type, Handler]:
        """What it does with each of its commands."""
        return {StartStrategy: self._start, CancelStrategy: self._cancel, CancelStrategies: self._cancel_all}

    def running(self, account: int, symbol: str | None = None) -> list[OpenStrategy]:
        """Those of one account that have something left to do, the oldest first."""
        return [running.view() for running in self._unfilled(account, symbol)]

    def find(self, account: int, symbol: str, strategy_id: int | None, client_id: int | None) -> OpenStrategy | None:
        """One of them, by the exchange's id if that is given; of several with a client id, the newest."""
        running = self._find(account, symbol, strategy_id, client_id)
        return None if running is None else running.view()

    def _unfilled(self, account: int, symbol: str | None) -> list[Running]:
        mine = self._by_account.get(account, {}).values()
        return [each for each in mine if symbol in (None, each.facts.asked.symbol) and not each.is_filled()]

    def _find(self, account: int, symbol: str, strategy_id: int | None, client_id: int | None) -> Running | None:
        if strategy_id is None and client_id is None:
            return None
        for running in reversed(self._unfilled(account, symbol)):
            facts = running.facts
            if strategy_id == facts.strategy_id if strategy_id is not None else client_id == facts.asked.client_id:
                return running
        return None

    def _start(self, command: StartStrategy, now_us: int) -> list[Event]:
        assert 0 < command.interval_ms <= command.duration_ms, f"a strategy without slices: {command}"
        if self._ledger.account(command.account).liquidating:
            return [Declined(StrategyRefusal.LIQUIDATING)]
        if refused := _UNTAKEN.get(self._markets[command.symbol].state):
            return [Declined(refused)]
        if len(self._by_account.get(command.account, ())) >= RUNNING_MAX:
            return [Declined(StrategyRefusal.TOO_MANY)]
        facts = StrategyFacts(self._ledger.take_id(), now_us, command)
        self._add(Running(facts))
        return [StrategyStarted(facts)]

    def _add(self, running: Running) -> None:
        facts = running.facts
        self._running[facts.strategy_id] = running
        self._by_account.setdefault(facts.asked.account, {})[facts.strategy_id] = running

    def _cancel(self, command: CancelStrategy, now_us: int) -> list[Event]:
        running = self._find(command.account, command.symbol, command.strategy_id, command.client_id)
        if running is None:
            return [Declined(StrategyRefusal.NOT_FOUND)]
        events: list[Event] = []
        self._end(running, StrategyStatus.CANCELLED, None, events)
        return events

    def _cancel_all(self, command: CancelStrategies, now_us: int) -> list[Event]:
        events: list[Event] = []
        for running in self._unfilled(command.account, command.symbol):
            self._end(running, StrategyStatus.CANCELLED, None, events)
        return events

    def _liquidate(self, account: Account, events: list[Event]) -> None:
        for running in list(self._by_account.get(account.number, {}).values()):
            self._terminate(running, StrategyCancelReason.LIQUIDATION, events, why=ExpiryReason.LIQUIDATION)

    def elapse(self, now_us: int, events: list[Event]) -> None:
        """Look at those whose time has come, the oldest first."""
        for running in list(self._running.values()):
            if self._due_us(running) <= now_us:
                self._look(running, now_us, events)

    def _look(self, running: Running, now_us: int, events: list[Event]) -> None:
        facts = running.facts
        if running.is_filled():
            self._end(running, StrategyStatus.COMPLETED, None, events)
        elif self._is_closed(running):
            self._terminate(running, StrategyCancelReason.UNKNOWN, events)
        elif now_us >= facts.end_us:
            self._terminate(running, StrategyCancelReason.EXPIRED, events)
        else:
            reason = self._send(running, now_us, events)
            if running.is_filled():
                self._end(running, StrategyStatus.COMPLETED, None, events)
            elif reason is not None:
                self._terminate(running, reason, events)

    def _send(self, running: Running, now_us: int, events: list[Event]) -> StrategyCancelReason | None:
        """Send what is due; why the strategy ends with that, or None."""
        facts, step = running.facts, self._markets[running.facts.asked.symbol].rules.step
        open_orders = self._open_orders(running)
        running.resting(open_orders)
        number = slices.due(facts, now_us)
        quantity = slices.together(facts, number, step) - slices.together(facts, running.sent, step)
        running.goes_on(number)
        conditions = Conditions(strategy_id=facts.strategy_id, backing=facts.asked.backing)
        told = self._placing.send(running.order(quantity), now_us, conditions)
        first = told[0]
        if isinstance(first, Rejected):
            return UNSENT.get(first.refusal, StrategyCancelReason.UNKNOWN)
        assert isinstance(first, OrderAccepted), f"an order that was not refused began with {first}"
        events += told
        resting = open_orders.get(first.order.order_id)
        if resting is not None:
            running.rest(resting)
            return None
        outcome = outcome_of(first.order.order_id, told)
        running.took(outcome)
        return ending(outcome.reason) if isinstance(outcome, OrderEnded) and outcome.reason else None

    def _terminate(
        self, running: Running, reason: StrategyCancelReason, events: list[Event], *, why: ExpiryReason | None = None
    ) -> None:
        self._end(running, StrategyStatus.TERMINATED, reason, events, why=why)

    def _end(
        self,
        running: Running,
        status: StrategyStatus,
        reason: StrategyCancelReason | None,
        events: list[Event],
        *,
        why: ExpiryReason | None = None,
    ) -> None:
        """End a strategy, and take its orders out of the book: cancelled, or expired if it is said why."""
        facts = running.facts
        for order in running.resting(self._open_orders(running)):
            self._placing.take_out(order, events, why)
        self._markets[facts.asked.symbol].tell_changes(events)
        del self._running[facts.strategy_id]
        mine = self._by_account[facts.asked.account]
        del mine[facts.strategy_id]
        if not mine:
            del self._by_account[facts.asked.account]
        events.append(StrategyEnded(facts, running.executed, running.executed_quote, status, reason))

    def _open_orders(self, running: Running) -> dict[int, WorkingOrder]:
        asked = running.facts.asked
        return self._ledger.account(asked.account).open_orders[asked.symbol].by_id

    def _is_closed(self, running: Running) -> bool:
        return self._markets[running.facts.asked.symbol].state is CLOSED

    def _due_us(self, running: Running) -> int:
        """When to look at it next: at once, where a look would end it."""
        return running.facts.created_us if running.is_filled() or self._is_closed(running) else running.next_us

    def next_due_us(self) -> int | None:
        """When one of them has something to do."""
        return min(map(self._due_us, self._running.values()), default=None)

    def dump(self) -> bytes:
        """All that it remembers, as JSON."""
        return msgspec.json.encode([running.dump(self._open_orders(running)) for running in self._running.values()])

    def load(self, state: bytes) -> None:
        """Take up what another one remembered."""
        for each in _decode(state):
            asked = each.strategy.asked
            self._add(Running.load(each, self._ledger.account(asked.account).open_orders[asked.symbol].by_id))

    def holds(self) -> Mapping[str, int]:
        """Nothing: its orders hold what they need."""
        return {}
