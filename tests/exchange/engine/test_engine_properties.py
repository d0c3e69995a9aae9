"""The engine against a slow, obvious one on random commands, and what must hold after every single command."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.engine import traffic
from exchange.engine.reference import Reference
from exchange.engine.reference_perpetual import EDGE
from exchange.engine.sizes import SIZES
from exchange.engine.traffic import (
    ASSETS,
    COLLATERAL,
    EVERY_CORNER,
    MARKETS,
    OPENINGS,
    PERPETUALS,
    START_US,
    USERS,
    Traffic,
    corners,
    new_engine,
)
from haversack.exchange.engine.command import (
    Cancel,
    CancelAll,
    ChangeSettings,
    Command,
    Elapse,
    Exit,
    Place,
    SetBookState,
    SetPrices,
    Trigger,
)
from haversack.exchange.engine.event import Event, OrderAccepted, Refusal, Rejected
from haversack.exchange.engine.rules import AccountSettings
from haversack.wire.enums import OrderBookState, SelfTradePrevention, Side, TimeInForce, TriggerBy

SYMBOLS = [rules.symbol for rules in MARKETS]


class Pair:
    """Both engines, given the same commands."""

    def __init__(self) -> None:
        self.fast, self.slow = new_engine(), Reference(MARKETS, ASSETS, COLLATERAL)
        self.now_us = START_US
        self.count = 0
        for opening in OPENINGS:
            self.apply(opening)

    def apply(self, command: Command, *, now_us: int | None = None) -> list[Event]:
        """Do a command in both, compare everything that it did, and check the promises."""
        self.now_us = now_us or self.now_us + 1
        self.count += 1
        fast, slow = self.fast.apply(command, self.now_us), self.slow.apply(command, self.now_us)
        assert fast == slow, f"{command}\n" + "\n".join(f"{a}\n{b}" for a, b in zip_longest(fast, slow) if a != b)
        for symbol in SYMBOLS:
            if not isinstance(command, Place | Cancel | CancelAll) or command.symbol == symbol:
                self.books_are_equal(symbol)
        self.accounts_are_equal()
        for rules in PERPETUALS:
            self.positions_are_equal(rules.symbol)
        self.assets_are_conserved()
        users = self.slow.users()
        if self.count % 4 == 0:
            self.margin_is_equal(users[self.count // 4 % len(users)])
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
            pending = [order for order in self.slow.waiting.orders if order.facts.account == account]
            assert [order.order for order in self.fast.pending_orders(account)] == [order.facts for order in pending]
            assert self.fast.unsettled(account) == self.slow.perpetuals.flows[account]
            for asset, (available, locked) in self.fast.balances(account).items():
                assert locked == locks[account, asset]
                assert available == self.slow.owned[account, asset] - locked >= 0

    def positions_are_equal(self, symbol: str) -> None:
        """Same positions at the same cost, same exposures; longs equal shorts."""
        held = {account: (position, bids, asks) for account, position, bids, asks in self.fast.holdings(symbol)}
        positions = self.slow.perpetuals.open(symbol)
        for account in self.fast.accounts:
            expected = (positions.get(account), *self.slow.perpetuals.resting(symbol, account))
            assert held.get(account, (None, 0, 0)) == expected
        assert sum(position.quantity for position in positions.values()) == 0
        assert self.fast.open_interest(symbol) == self.slow.perpetuals.open_interest(symbol)

    def assets_are_conserved(self) -> None:
        """Everything that was granted is with an account, in a position, was taken as a fee, or covers a debt."""
        assert {asset: fee for asset, fee in self.fast.fees.items() if fee} == {**+self.slow.fees, **-self.slow.fees}
        assert self.fast.covers.get("USDC", 0) == -self.slow.perpetuals.covered <= 0
        totals = Counter(self.fast.fees)
        totals.update(self.fast.covers)
        for account in self.fast.accounts:
            totals["USDC"] += self.fast.unsettled(account)
            for asset, (available, locked) in self.fast.balances(account).items():
                totals[asset] += available + locked
        for rules in PERPETUALS:
            totals["USDC"] -= sum(position.basis for _, position, _, _ in self.fast.holdings(rules.symbol) if position)
        assert totals == self.fast.granted

    def margin_is_equal(self, account: int) -> None:
        """What an account is worth and what of it is locked, but for what the engine rounds on the way."""
        figures, worth = self.fast.margin(account), self.slow.perpetuals.worth(account)
        assert abs(Fraction(figures.net_equity) - worth.net_equity) < EDGE
        assert abs(Fraction(figures.net_equity_locked) - worth.locked) < EDGE
        assert abs(Fraction(figures.net_exposure_futures) - worth.exposure) < EDGE

    def debts_are_covered(self) -> None:
        """Once liquidation has run its course nobody owes anything."""
        for _ in range(5):
            self.apply(Elapse(), now_us=self.now_us + 1_000_000)
        for account in USERS:
            assert self.fast.margin(account).net_equity >= 0


@pytest.mark.parametrize("seed", range(SIZES.seeds))
def test_random_trading_gives_the_events_and_the_state_of_the_slow_engine(seed: int) -> None:
    pair, commands = Pair(), Traffic(seed)
    for _ in range(SIZES.commands):
        command = commands.command()
        commands.learn(pair.apply(command, now_us=commands.now_us))
    pair.debts_are_covered()
    # Rounding may decide what is nearer to a limit than it is exact; so near is hardly anything.
    assert pair.slow.edges <= 1 + pair.slow.decisions // 1_000


def test_traffic_reaches_every_corner() -> None:
    reached = Counter[str]()
    for seed in range(8):
        engine, commands = new_engine(), Traffic(seed)
        for number in range(4_000):
            command = OPENINGS[number] if number < len(OPENINGS) else commands.command()
            events = engine.apply(command, commands.now_us)
            commands.learn(events)
            reached.update(corners(command, events))
    assert not EVERY_CORNER - reached.keys(), "the traffic no longer reaches this"


@pytest.mark.parametrize("seed", range(100, 104))
def test_largest_order_is_accepted_and_one_step_more_is_refused(seed: int) -> None:
    engine, commands, dice, found = new_engine(), Traffic(seed), random.Random(seed), Counter[str]()
    for number in range(2_000):
        command = OPENINGS[number] if number < len(OPENINGS) else commands.command()
        commands.learn(engine.apply(command, commands.now_us))
        if number % 10 or not engine.mark(PERPETUALS[0].symbol) or not engine.mark(PERPETUALS[1].symbol):
            continue
        rules, account, side = dice.choice(PERPETUALS), dice.choice(list(USERS)), dice.choice((Side.BID, Side.ASK))
        price = dice.randrange(80, 120) * rules.tick
        shown = Decimal(price).scaleb(-rules.price_scale)
        most = engine.max_order_quantity(account, rules.symbol, side, shown, reduce_only=False)
        largest = Place(account=account, symbol=rules.symbol, side=side, price=price, quantity=most)
        other, now_us = new_engine(), commands.now_us
        other.load(engine.dump())
        before = other.state_hash()
        refused = other.apply(msgspec.structs.replace(largest, quantity=most + rules.step), now_us)
        assert isinstance(refused[0], Rejected), f"{largest} and a step more was accepted"
        assert other.state_hash() == before
        told = other.apply(largest, now_us)[0] if most else None
        assert told != Rejected(Refusal.INSUFFICIENT_MARGIN), f"{largest} was refused"
        if isinstance(told, OrderAccepted) and refused[0].refusal is Refusal.INSUFFICIENT_MARGIN:
            found["both" if sum(bool(engine.position(account, each.symbol)) for each in PERPETUALS) == 2 else "one"] += 1
    assert min(found["one"], found["both"]) > 3, found


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


TRIGGERS = st.builds(
    Trigger, by=st.sampled_from(list(TriggerBy)), price=st.sampled_from([95, 100, 105]), quantity=st.integers(1, 400) | st.none()
).map(lambda trigger: trigger if trigger.quantity else msgspec.structs.replace(trigger, percent_e8=50 * 10**8))
EXITS = st.builds(
    Exit,
    by=st.sampled_from(list(TriggerBy)),
    price=st.sampled_from([90, 97, 103, 110]),
    limit=st.none() | st.sampled_from([97, 103]),
)
POSITIONS = st.builds(
    Place,
    account=st.sampled_from([3, 5, 6, 6]),
    symbol=st.just(PERPETUALS[0].symbol),
    side=st.sampled_from(list(Side)),
    price=st.sampled_from([95, 99, 100, 101, 105]) | st.none(),
    quantity=st.sampled_from([1, 50, 200, 333, 1_000, 1_500, 2_500]),
    time_in_force=st.sampled_from(list(TimeInForce)),
    self_trade_prevention=st.sampled_from(list(SelfTradePrevention)),
    reduce_only=st.none() | st.just(True),
    trigger=st.none() | st.none() | TRIGGERS,
    take_profit=st.none() | EXITS,
    stop_loss=st.none() | EXITS,
).map(lambda place: msgspec.structs.replace(place, quantity=None) if place.trigger else place)
INDEXES = st.sampled_from([88, 94, 97, 100, 103, 106, 112]).map(lambda ticks: SetPrices(((PERPETUALS[0].symbol, ticks * 10**6),)))
CLEARED = st.builds(CancelAll, account=st.sampled_from([3, 5, 6]), symbol=st.just(PERPETUALS[0].symbol))
MOMENTS = st.sampled_from([1, 1, 1, 1_000_000, 11_000_000, 3_600_000_000])


@settings(max_examples=SIZES.examples, deadline=None)
@given(st.lists(st.tuples(POSITIONS | POSITIONS | POSITIONS | INDEXES | INDEXES | CLEARED, MOMENTS), max_size=30))
def test_few_commands_in_a_perpetual_give_the_events_of_the_slow_engine(commands: list[tuple[Command, int]]) -> None:
    pair = Pair()
    for account in (5, 6):
        pair.apply(ChangeSettings(account, AccountSettings(leverage_e8=20 * 10**8)))
    for command, pause_us in commands:
        pair.apply(command, now_us=pair.now_us + pause_us)
    pair.debts_are_covered()


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_same_seeds_give_the_same_trace_in_another_process_with_another_hash_seed(hash_seed: str) -> None:
    command = [sys.executable, str(Path(traffic.__file__)), str(SIZES.traces), str(SIZES.trace_commands)]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    elsewhere = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.splitlines()
    assert elsewhere == [traffic.trace(seed, SIZES.trace_commands) for seed in range(SIZES.traces)]


@pytest.mark.parametrize("seed", range(3))
def test_state_follows_from_the_commands_that_did_something(seed: int) -> None:
    """A journal holds no others, so a refused command must leave nothing behind."""
    first, commands, journal = new_engine(), Traffic(seed), list[tuple[Command, int]]()
    for number in range(3_000):
        command = OPENINGS[number] if number < len(OPENINGS) else commands.command()
        now_us = commands.now_us
        events = first.apply(command, now_us)
        commands.learn(events)
        if events and not isinstance(events[0], Rejected):
            journal.append((command, now_us))
    again = new_engine()
    for command, now_us in journal:
        again.apply(command, now_us)
    assert again.state_hash() == first.state_hash()


def test_state_hash_tells_two_states_apart_that_differ_in_one_unit() -> None:
    engines = [new_engine(), new_engine()]
    for engine, quantity in zip(engines, (5, 6), strict=True):
        engine.apply(OPENINGS[0], START_US)
        engine.apply(Place(account=1, symbol=SYMBOLS[0], side=Side.BID, price=100, quantity=quantity), START_US)
    assert engines[0].state_hash() != engines[1].state_hash()


def test_state_hash_tells_apart_what_a_market_takes_and_what_its_mean_remembers() -> None:
    def hash_after(state: OrderBookState, *, second: int) -> str:
        engine = new_engine()
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
