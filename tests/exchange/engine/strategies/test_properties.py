"""Strategies among random traffic: nothing is made or lost, all is told, and another engine goes on alike."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.engine.sizes import SIZES
from exchange.engine.strategies.bustle import Books, Bustle, new_engine
from exchange.engine.traffic import OPENINGS
from haversack.exchange.engine.command import CancelAll, Command, Elapse, Place
from haversack.exchange.engine.strategies.command import CancelStrategy, StartStrategy
from haversack.exchange.engine.strategies.strategies import Strategies
from haversack.wire.enums import Side, TimeInForce

SEEDS = 6
REACHED = [
    *("Completed", "Cancelled", "NOT_FOUND", "BOOK_CLOSED", "CANCEL_ONLY"),
    *(f"Terminated {reason}" for reason in ("Expired", "FillOrKill", "InsufficientFunds", "InsufficientLiquidity", "Unknown")),
    *(f"Terminated {reason}" for reason in ("InsufficientMargin", "PriceOutOfBounds", "ReduceOnlyNotReduced")),
    "Terminated SelfTradePrevention",
]


def run(seed: int, count: int) -> tuple[Counter[str], str]:
    """Random commands with everything looked at after each; what was seen, and the hash of all that was told."""
    engine, bustle, told = new_engine(), Bustle(seed), hashlib.sha256()
    books = Books(engine)
    for number in range(count):
        command = OPENINGS[number] if number < len(OPENINGS) else bustle.command()
        events = engine.apply(command, bustle.now_us)
        bustle.learn(events)
        books.check(events, bustle.now_us)
        told.update(repr(events).encode())
    return books.seen, f"{told.hexdigest()} {engine.state_hash()}"


def test_what_events_tell_of_strategies_is_what_they_are_and_nothing_is_made_or_lost() -> None:
    seen = Counter[str]()
    for seed in range(SEEDS):
        seen += run(seed, 2_000)[0]
    missing = [corner for corner in REACHED if not seen[corner]]
    assert not missing, f"the traffic no longer reaches {missing}"


def test_same_commands_lead_to_the_same_state() -> None:
    assert run(50, 1_000)[1] == run(50, 1_000)[1]


@pytest.mark.parametrize("seed", range(100, 104))
def test_engine_that_takes_up_the_state_at_any_moment_goes_on_alike(seed: int) -> None:
    engine, bustle = new_engine(), Bustle(seed)
    other = None
    for number in range(1_200):
        command = OPENINGS[number] if number < len(OPENINGS) else bustle.command()
        events = engine.apply(command, bustle.now_us)
        bustle.learn(events)
        if other is not None:
            assert other.apply(command, bustle.now_us) == events
        if number % 60 == 59:
            state = engine.dump()
            other = new_engine()
            other.load(state)
            assert other.state_hash() == engine.state_hash()
            assert other.dump().facilities == state.facilities
    assert other is not None
    assert other.state_hash() == engine.state_hash()


SPOT = "SOL_USDC"
PLACES = st.builds(
    Place,
    account=st.integers(1, 2),
    symbol=st.just(SPOT),
    side=st.sampled_from(list(Side)),
    price=st.integers(99, 101),
    quantity=st.integers(1, 6),
    time_in_force=st.sampled_from([TimeInForce.GTC, TimeInForce.IOC]),
)
STARTS = st.builds(
    StartStrategy,
    account=st.integers(1, 2),
    symbol=st.just(SPOT),
    side=st.sampled_from(list(Side)),
    quantity=st.integers(3, 12),
    duration_ms=st.sampled_from([3_000, 3_500]),
    interval_ms=st.sampled_from([1_000, 3_000]),
    price=st.none() | st.integers(99, 101),
    client_id=st.just(1),
    is_randomized=st.booleans(),
)
ENDS = st.builds(CancelStrategy, account=st.integers(1, 2), symbol=st.just(SPOT), client_id=st.just(1))
CLEARED = st.builds(CancelAll, account=st.integers(1, 2), symbol=st.just(SPOT))
STEPS_US = st.sampled_from([0, 500_000, 1_000_000, 4_000_000])


@settings(max_examples=SIZES.examples, deadline=None)
@given(st.lists(st.tuples(PLACES | PLACES | STARTS | ENDS | CLEARED | st.just(Elapse()), STEPS_US), max_size=30))
def test_few_commands_on_few_prices_keep_the_books(commands: list[tuple[Command, int]]) -> None:
    engine, now_us = new_engine(), Bustle(0).now_us
    books = Books(engine)
    for opening in OPENINGS:
        engine.apply(opening, now_us)
    for command, step_us in commands:
        now_us += step_us
        books.check(engine.apply(command, now_us), now_us)
    # In the end everything is over: nothing runs forever.
    for _ in range(2):
        now_us += 4_000_000
        books.check(engine.apply(Elapse(), now_us), now_us)
    assert engine.facilities_due_us() is None
    assert engine.facility(Strategies).dump() == b"[]"
