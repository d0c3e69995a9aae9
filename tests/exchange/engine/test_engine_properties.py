"""The engine against a slow, obvious one on random commands, and what must hold after every single command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.engine import traffic
from exchange.engine.reference import Reference
from exchange.engine.sizes import SIZES
from exchange.engine.traffic import ASSETS, EVERY_CORNER, MARKETS, OPENINGS, PERPETUAL, START_US, Traffic, corners
from haversack.exchange.engine.command import Cancel, CancelAll, Command, Place, SetBookState
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import Event, Rejected
from haversack.wire.enums import OrderBookState, SelfTradePrevention, Side, TimeInForce

SYMBOLS = [rules.symbol for rules in MARKETS]


class Pair:
    """Both engines, given the same commands."""

    def __init__(self) -> None:
        self.fast, self.slow = Engine(ASSETS, MARKETS), Reference(MARKETS)
        self.now_us = START_US
        for opening in OPENINGS:
            self.apply(opening)

    def apply(self, command: Command, *, step_us: int = 1) -> list[Event]:
        """Do a command in both, compare everything that it did, and check the promises."""
        self.now_us += step_us
        fast, slow = self.fast.apply(command, self.now_us), self.slow.apply(command, self.now_us)
        assert fast == slow, f"{command}\n" + "\n".join(f"{a}\n{b}" for a, b in zip(fast, slow, strict=False) if a != b)
        if not isinstance(command, Place | Cancel | CancelAll):
            return fast
        self.books_are_equal(command.symbol)
        self.accounts_are_equal()
        self.assets_are_conserved()
        return fast

    def books_are_equal(self, symbol: str) -> None:
        """Same levels, same update id, and never crossed."""
        bids, asks, update_id = self.fast.depth(symbol)
        assert (bids, asks) == (self.slow.levels(symbol, Side.BID), self.slow.levels(symbol, Side.ASK))
        assert update_id == self.slow.updates[symbol]
        assert not (bids and asks) or bids[-1][0] < asks[0][0]
        assert all(quantity > 0 for _, quantity in bids + asks)

    def accounts_are_equal(self) -> None:
        """Same orders, nothing negative, and what is locked is what the open orders add up to."""
        locks = self.slow.all_locked()
        for account in self.fast.accounts:
            mine = [order for order in self.slow.orders if order.facts.account == account]
            orders = [(order.order, order.executed) for order in self.fast.open_orders(account)]
            assert orders == [(order.facts, order.executed) for order in mine]
            for asset, (available, locked) in self.fast.balances(account).items():
                assert locked == locks[account, asset]
                assert available == self.slow.owned[account, asset] - locked >= 0

    def assets_are_conserved(self) -> None:
        """Everything that was granted is with an account or was taken as a fee; longs equal shorts."""
        totals = Counter(self.fast.fees)
        for account in self.fast.accounts:
            for asset, (available, locked) in self.fast.balances(account).items():
                totals[asset] += available + locked
        assert totals == self.fast.granted
        positions = [self.fast.position(account, PERPETUAL.symbol) for account in self.fast.accounts]
        assert sum(positions) == 0
        assert self.fast.open_interest(PERPETUAL.symbol) == sum(max(0, position) for position in positions)


@pytest.mark.parametrize("seed", range(SIZES.seeds))
def test_random_trading_gives_the_events_and_the_state_of_the_slow_engine(seed: int) -> None:
    pair, commands, reached = Pair(), Traffic(seed), Counter[str]()
    for _ in range(SIZES.commands):
        command = commands.command()
        # A run takes two hours of the exchange's time, so that funding intervals end on the way.
        events = pair.apply(command, step_us=1_500_000)
        commands.learn(events)
        reached.update(corners(command, events))
    assert not EVERY_CORNER - reached.keys(), "the traffic no longer reaches this"


PLACES = st.builds(
    Place,
    account=st.integers(1, 3),
    symbol=st.just(SYMBOLS[0]),
    side=st.sampled_from(list(Side)),
    price=st.integers(99, 101) | st.none(),
    quantity=st.integers(1, 3),
    time_in_force=st.sampled_from(list(TimeInForce)),
    post_only=st.booleans(),
    self_trade_prevention=st.sampled_from(list(SelfTradePrevention)),
    client_id=st.integers(0, 1) | st.none(),
)
BY_QUOTE = st.builds(
    Place,
    account=st.integers(1, 3),
    symbol=st.just(SYMBOLS[0]),
    side=st.sampled_from(list(Side)),
    price=st.none(),
    quantity=st.none(),
    quote_quantity=st.integers(9_000, 60_000),
    time_in_force=st.sampled_from(list(TimeInForce)),
    self_trade_prevention=st.sampled_from(list(SelfTradePrevention)),
)
CANCELS = st.builds(
    Cancel,
    account=st.integers(1, 3),
    symbol=st.just(SYMBOLS[0]),
    order_id=st.integers(1, 9) | st.none(),
    client_id=st.integers(0, 1),
)


@settings(max_examples=SIZES.examples)
@given(st.lists(PLACES | BY_QUOTE | CANCELS, max_size=30))
def test_few_commands_on_few_prices_give_the_events_of_the_slow_engine(commands: list[Command]) -> None:
    pair = Pair()
    for command in commands:
        pair.apply(command)


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_same_seeds_give_the_same_trace_in_another_process_with_another_hash_seed(hash_seed: str) -> None:
    command = [sys.executable, str(Path(traffic.__file__)), str(SIZES.traces), str(SIZES.trace_commands)]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    elsewhere = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.splitlines()
    assert elsewhere == [traffic.trace(seed, SIZES.trace_commands) for seed in range(SIZES.traces)]


@pytest.mark.parametrize("seed", range(3))
def test_state_follows_from_the_commands_that_did_something(seed: int) -> None:
    """A journal holds no others, so a refused command must leave nothing behind."""
    first, commands, journal = Engine(ASSETS, MARKETS), Traffic(seed), list[tuple[Command, int]]()
    for number in range(3_000):
        command = OPENINGS[number] if number < len(OPENINGS) else commands.command()
        now_us = START_US + number * 700_000
        events = first.apply(command, now_us)
        commands.learn(events)
        if events and not isinstance(events[0], Rejected):
            journal.append((command, now_us))
    again = Engine(ASSETS, MARKETS)
    for command, now_us in journal:
        again.apply(command, now_us)
    assert again.state_hash() == first.state_hash()


def test_state_hash_tells_two_states_apart_that_differ_in_one_unit() -> None:
    engines = [Engine(ASSETS, MARKETS), Engine(ASSETS, MARKETS)]
    for engine, quantity in zip(engines, (5, 6), strict=True):
        engine.apply(OPENINGS[0], START_US)
        engine.apply(Place(account=1, symbol=SYMBOLS[0], side=Side.BID, price=100, quantity=quantity), START_US)
    assert engines[0].state_hash() != engines[1].state_hash()


def test_state_hash_tells_apart_what_a_market_takes_and_what_its_mean_remembers() -> None:
    def hash_after(state: OrderBookState, *, second: int) -> str:
        engine = Engine(ASSETS, MARKETS)
        engine.apply(OPENINGS[0], START_US)
        ask = Place(account=1, symbol=SYMBOLS[0], side=Side.ASK, price=100, quantity=5, post_only=True)
        for number in (0, second):
            engine.apply(ask, START_US + number * 1_000_000)
        engine.apply(SetBookState(SYMBOLS[0], state), START_US)
        # The orders are gone, and with them the times when they came: what is left of those is in the mean.
        engine.apply(CancelAll(1, SYMBOLS[0]), START_US)
        return engine.state_hash()

    one = hash_after(OrderBookState.OPEN, second=7)
    assert one == hash_after(OrderBookState.OPEN, second=7)
    assert one != hash_after(OrderBookState.POST_ONLY, second=7)
    assert one != hash_after(OrderBookState.OPEN, second=8)
