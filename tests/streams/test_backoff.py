"""How long is waited before another connection."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haversack.errors import UsageError
from haversack.streams.backoff import Backoff, Waits

S = 1_000_000


def waits_of(backoff: Backoff, chance: float, count: int) -> list[int | None]:
    waits = Waits(backoff, lambda: chance)
    return [waits.next_us() for _ in range(count)]


def test_waits_double_up_to_thirty_seconds() -> None:
    assert waits_of(Backoff(), 1.0, 9) == [S // 4, S // 2, S, 2 * S, 4 * S, 8 * S, 16 * S, 30 * S, 30 * S]


def test_half_of_each_wait_is_chance() -> None:
    assert waits_of(Backoff(), 0.0, 3) == [S // 8, S // 4, S // 2]


@given(st.integers(0, 3_000), st.floats(0, 1))
def test_no_wait_is_longer_than_the_longest_nor_none_at_all(attempts: int, chance: float) -> None:
    waits = Waits(Backoff(), lambda: chance)
    waits.attempts = attempts
    wait_us = waits.next_us()
    assert wait_us is not None
    assert S // 8 <= wait_us <= 30 * S


def test_a_connection_that_was_well_for_a_while_begins_anew_and_a_short_one_does_not() -> None:
    waits = Waits(Backoff(), lambda: 1.0)
    assert waits.next_us() == S // 4
    waits.ended(59 * S)
    assert waits.next_us() == S // 2
    waits.ended(60 * S)
    assert waits.next_us() == S // 4


def test_a_bound_on_attempts_is_kept() -> None:
    assert waits_of(Backoff(attempts_max=2), 1.0, 3) == [S // 4, S // 2, None]
    assert waits_of(Backoff(attempts_max=0), 1.0, 1) == [None]


def test_waits_that_are_none_are_refused() -> None:
    for first_s, longest_s, healthy_s, attempts_max in [(0, 1, 1, 1), (2, 1, 1, 1), (1, 1, -1, 1), (1, 1, 1, -1)]:
        with pytest.raises(UsageError):
            Backoff(first_s, longest_s, healthy_s, attempts_max)
