"""Beats: each moment counts once, however rarely or often one asks."""

from __future__ import annotations

from haversack.exchange.publish.outgoing import Beat


def test_each_moment_counts_once() -> None:
    beat = Beat(1000, 548)
    assert beat.passed(400) is None
    assert beat.passed(547) is None
    assert beat.passed(548) == (-452, 548)
    assert beat.passed(1547) is None
    assert beat.passed(1600) == (548, 1548)


def test_first_call_counts_only_a_moment_that_it_meets() -> None:
    assert Beat(1000, 548).passed(900) is None
    assert Beat(1000, 548).passed(548) == (-452, 548)


def test_moments_that_were_missed_count_as_one() -> None:
    beat = Beat(1000)
    beat.passed(1)
    assert beat.passed(5500) == (0, 5000)


def test_next_moment_is_after_now_unless_one_was_missed() -> None:
    beat = Beat(1000, 548)
    assert beat.next_us(548) == 1548
    beat.passed(600)
    assert beat.next_us(600) == 1548
    assert beat.next_us(1547) == 1548
    assert beat.next_us(1700) == 1700


def test_clock_that_was_set_back_starts_a_new_count() -> None:
    beat = Beat(1000)
    beat.passed(50_500)
    assert beat.passed(10_500) == (50_000, 10_000)
    assert beat.passed(11_000) == (10_000, 11_000)
