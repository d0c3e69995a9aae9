"""Random commands with strategies among them, and what must hold of these after every single command."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence

from exchange.engine.traffic import ASSETS, COLLATERAL, MARKETS, PERPETUALS, USERS, Traffic
from haversack.exchange.engine.command import Command, Elapse
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import Declined, Event, OrderAccepted, OrderFilled
from haversack.exchange.engine.strategies import slices
from haversack.exchange.engine.strategies.command import CancelStrategies, CancelStrategy, StartStrategy
from haversack.exchange.engine.strategies.event import StrategyEnded, StrategyStarted
from haversack.exchange.engine.strategies.strategies import RUNNING_MAX, Strategies
from haversack.wire.enums import SelfTradePrevention, Side, SlippageToleranceType, TimeInForce


def new_engine() -> Engine:
    """One that nobody has used."""
    return Engine(ASSETS, MARKETS, collateral=COLLATERAL, facilities=[Strategies])


class Bustle:
    """The traffic of the other random tests, in which strategies are started and cancelled."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(f"strategies {seed}")
        self._traffic = Traffic(seed)
        self._started: list[StartStrategy] = []

    @property
    def now_us(self) -> int:
        """When the newest command comes."""
        return self._traffic.now_us

    def command(self) -> Command:
        """The next command."""
        kind, other = self._rng.random(), self._traffic.command()
        if kind < 0.06:
            return self._start()
        if kind < 0.08 and self._started:
            return self._cancel()
        return Elapse() if kind < 0.2 else other

    def learn(self, events: Sequence[Event]) -> None:
        """Remember what was accepted and started."""
        self._traffic.learn(events)
        self._started += [event.strategy.asked for event in events if isinstance(event, StrategyStarted)]

    def _start(self) -> StartStrategy:
        rng, rules = self._rng, self._rng.choice(MARKETS)
        side, number = rng.choice((Side.BID, Side.BID, Side.ASK)), rng.choice((1, 2, 3, 7, 20, 600))
        interval_ms = rng.choice((1_000, 2_500, 10_000))
        return StartStrategy(
            account=rng.choice((1, 2, 5, 5, 6, 6, 7)),
            symbol=rules.symbol,
            side=side,
            quantity=(number * rng.randrange(1, 30) + rng.randrange(number)) * rules.step,
            duration_ms=interval_ms * number + rng.choice((0, 0, 500)),
            interval_ms=interval_ms,
            price=None if rng.random() < 0.4 else (100 + rng.randrange(-6, 7)) * rules.tick,
            time_in_force=rng.choices([TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK], [6, 2, 1])[0],
            post_only=rng.random() < 0.1,
            self_trade_prevention=rng.choice(list(SelfTradePrevention)),
            client_id=rng.choice((None, 1, 2)),
            slippage_kind=rng.choice((None, None, *SlippageToleranceType)),
            slippage_e8=rng.randrange(0, 5 * 10**8, 10**7),
            reduce_only=rng.choice((None, False, True)) if rules.is_perpetual else None,
            is_randomized=rng.choice((None, False, True)),
        )

    def _cancel(self) -> CancelStrategy | CancelStrategies:
        rng = self._rng
        asked = rng.choice(self._started[-20:])
        if rng.random() < 0.2:
            return CancelStrategies(asked.account, asked.symbol)
        return CancelStrategy(account=asked.account, symbol=asked.symbol, client_id=rng.choice((1, 2)))


class Books:
    """What the events say of every strategy."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._started: dict[int, StrategyStarted] = {}
        self._executed: defaultdict[int, int] = defaultdict(int)
        self._quote: defaultdict[int, int] = defaultdict(int)
        self._sent: defaultdict[int, list[int]] = defaultdict(list)
        self.seen: Counter[str] = Counter()

    def check(self, events: Sequence[Event], now_us: int) -> None:
        """Take in what a command did, and look at everything."""
        for event in events:
            self._take(event, now_us)
        self._running_are_right()
        self._nothing_is_made_or_lost()

    def _take(self, event: Event, now_us: int) -> None:
        if isinstance(event, StrategyStarted):
            self._started[event.strategy.strategy_id] = event
        elif isinstance(event, OrderAccepted | OrderFilled):
            number = event.order.conditions.strategy_id if event.order.conditions else None
            if number is not None:
                self._of_order(event, number, now_us)
        elif isinstance(event, StrategyEnded):
            number = event.strategy.strategy_id
            asked = self._started.pop(number).strategy.asked
            assert (event.executed, event.executed_quote) == (self._executed[number], self._quote[number])
            assert (event.executed == asked.quantity) == (event.status == "Completed")
            self.seen[f"{event.status} {event.reason or ''}".strip()] += 1
        elif isinstance(event, Declined):
            self.seen[event.refusal.name] += 1

    def _of_order(self, event: OrderAccepted | OrderFilled, number: int, now_us: int) -> None:
        strategy = self._started[number].strategy
        asked, order = strategy.asked, event.order
        if isinstance(event, OrderFilled):
            rules = next(rules for rules in MARKETS if rules.symbol == asked.symbol)
            self._executed[number] += event.quantity
            self._quote[number] += event.price * event.quantity * rules.quote_unit
            return
        assert order.quantity is not None, "slices have quantities"
        self._sent[number].append(order.quantity)
        assert sum(self._sent[number]) <= asked.quantity
        assert len(self._sent[number]) <= slices.due(strategy, now_us), "a slice came before its time"
        assert (order.account, order.symbol, order.side, order.price) == (asked.account, asked.symbol, asked.side, asked.price)

    def _running_are_right(self) -> None:
        running = self._engine.facility(Strategies)
        for account in USERS.keys() & set(self._engine.accounts):
            told = {each.strategy.strategy_id: each for each in running.running(account)}
            mine = [number for number, event in self._started.items() if event.strategy.asked.account == account]
            assert set(told) <= set(mine), "a strategy ended and runs"
            assert len(mine) <= RUNNING_MAX
            for number in mine:
                view = told.get(number)
                if view is None:
                    assert self._executed[number] == self._started[number].strategy.asked.quantity, "a strategy was forgotten"
                else:
                    assert (view.executed, view.executed_quote) == (self._executed[number], self._quote[number])
            for order in self._engine.open_orders(account):
                sender = order.order.conditions.strategy_id if order.order.conditions else None
                assert sender is None or sender in mine, "an order outlived its strategy"

    def _nothing_is_made_or_lost(self) -> None:
        engine = self._engine
        totals = Counter(engine.fees)
        totals.update(engine.covers)
        totals.update(engine.held_beside)
        for account in engine.accounts:
            totals["USDC"] += engine.unsettled(account)
            for asset, (available, locked) in engine.balances(account).items():
                assert available >= 0 <= locked, f"account {account} owes {asset}"
                totals[asset] += available + locked
        for rules in PERPETUALS:
            totals["USDC"] -= sum(position.basis for _, position, _, _ in engine.holdings(rules.symbol) if position)
        assert totals == engine.granted
