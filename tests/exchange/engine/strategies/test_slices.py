"""How a quantity is cut into slices, and when each is due."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haversack.exchange.engine.strategies import slices
from haversack.exchange.engine.strategies.command import StartStrategy
from haversack.exchange.engine.strategies.event import StrategyFacts
from haversack.wire.enums import Side

START_US = 1_790_000_000_000_000


def strategy(
    quantity: int, number: int = 3, *, strategy_id: int = 1, extra_ms: int = 0, is_randomized: bool = False
) -> StrategyFacts:
    asked = StartStrategy(
        account=1,
        symbol="SOL_USDC",
        side=Side.BID,
        quantity=quantity,
        duration_ms=number * 10_000 + extra_ms,
        interval_ms=10_000,
        is_randomized=is_randomized,
    )
    return StrategyFacts(strategy_id, START_US, asked)


def cut(facts: StrategyFacts, step: int = 1) -> list[int]:
    """The slices, one by one."""
    ends = [slices.together(facts, number, step) for number in range(slices.count(facts.asked) + 1)]
    assert ends[0] == 0
    return [after - before for before, after in itertools.pairwise(ends)]


@pytest.mark.parametrize(
    ("quantity", "number", "step", "expected"),
    [
        (30, 3, 1, [10, 10, 10]),
        (31, 3, 1, [10, 10, 11]),
        (32, 3, 1, [10, 11, 11]),
        (320, 3, 10, [100, 110, 110]),
        (199, 100, 1, [1] + [2] * 99),
        (7, 1, 1, [7]),
    ],
)
def test_slices_differ_by_one_step_at_most(quantity: int, number: int, step: int, expected: list[int]) -> None:
    assert cut(strategy(quantity, number), step) == expected


def test_slice_is_due_at_the_beginning_of_its_interval() -> None:
    facts = strategy(30, extra_ms=5_000)
    moments_us = [0, 9_999_999, 10_000_000, 19_999_999, 20_000_000, 30_000_000, 34_999_999, 90_000_000]
    assert [slices.due(facts, START_US + moment_us) for moment_us in moments_us] == [1, 1, 2, 2, 3, 3, 3, 3]
    assert facts.end_us == START_US + 35_000_000


def test_slices_of_random_size_vary_and_repeat() -> None:
    one = cut(strategy(4_000, 40, is_randomized=True))
    assert one == cut(strategy(4_000, 40, is_randomized=True)) != cut(strategy(4_000, 40, strategy_id=2, is_randomized=True))
    assert len(set(one)) > 20
    assert min(one) < 75 < 125 < max(one)


@given(st.integers(1, 10**12), st.integers(1, 200), st.sampled_from([1, 10, 250]), st.booleans(), st.integers(1, 2**63))
def test_slices_are_all_of_it_in_steps_and_of_the_size_that_was_said(
    quantity: int, number: int, step: int, is_randomized: bool, strategy_id: int
) -> None:
    facts = strategy(quantity * step, number, strategy_id=strategy_id, is_randomized=is_randomized)
    found = cut(facts, step)
    smallest, largest = slices.sizes(facts.asked, step)
    assert sum(found) == facts.asked.quantity
    assert all(each % step == 0 for each in found)
    assert smallest <= min(found) <= max(found) <= largest
    # What is enough for a slice of every size is never below half a slice.
    assert smallest * 2 >= facts.asked.quantity // (number * step) * step
