"""The rate limits are kept in every window, fairly, and a 429 holds everybody: on a clock that is moved by hand."""

from __future__ import annotations

import gc
import heapq
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haversack.clock import Clock, ManualClock, SystemClock
from haversack.errors import LocalRateLimit, TransportError, UsageError
from haversack.rest.flow import Flow
from haversack.rest.pacing import Limits, Pacer, lane_of, shared_pacer, turn_steps
from haversack.rest.turns import Lane, Turn
from haversack.wire.markets import GetKlines, GetTicker
from haversack.wire.orders import CancelAllOrders, CancelOrder, PlaceOrder

MINUTE_MS = 60_000
ORDINARY, HISTORICAL, CANCEL = Lane
ONE = Limits(requests_per_minute=1, kept_for_cancels=0)
SMALL = Limits(requests_per_minute=5, historical_per_minute=2, kept_for_cancels=1, margin_ms=0)


class Caller(NamedTuple):
    """Somebody who wants to send one request."""

    after_ms: int
    """Comes so long after the one before."""
    lane: Lane
    late_ms: int = 0
    """Sleeps so much longer than told, each time."""
    naps_max: int | None = None
    """Gives up after so many waits."""


class Granted(NamedTuple):
    number: int
    lane: Lane
    at_ms: int


def simulate(limits: Limits, callers: list[Caller]) -> list[Granted]:
    """When each caller's request leaves, in the order in which they do. Those who give up are missing."""
    clock, pacer = ManualClock(), Pacer(limits)
    granted: list[Granted] = []
    waits: dict[int, Flow[int]] = {}
    naps = dict.fromkeys(range(len(callers)), 0)
    arrival_ms = 0
    agenda: list[tuple[int, int]] = []
    for number, caller in enumerate(callers):
        arrival_ms += caller.after_ms
        heapq.heappush(agenda, (arrival_ms, number))
    while agenda:
        at_ms, number = heapq.heappop(agenda)
        caller = callers[number]
        clock.advance(us=at_ms * 1_000 - clock.monotonic_us())
        again_ms = visit(caller, number, pacer, (clock, waits))
        if again_ms is None:
            granted.append(Granted(number, caller.lane, at_ms))
        elif naps[number] == caller.naps_max:
            waits.pop(number).close()
        else:
            naps[number] += 1
            heapq.heappush(agenda, (at_ms + again_ms + caller.late_ms, number))
    return granted


def visit(caller: Caller, number: int, pacer: Pacer, world: tuple[ManualClock, dict[int, Flow[int]]]) -> int | None:
    """How long a caller who comes, or comes back, is told to wait; None: not at all."""
    clock, waits = world
    if number not in waits:
        if pacer.take(caller.lane, clock.monotonic_us) is not None:
            return None
        waits[number] = turn_steps(pacer, caller.lane, clock.monotonic_us)
    attempt = next(waits[number], None)
    return None if attempt is None else round(attempt.delay_s * 1_000)


def in_window(granted: list[Granted], until: int) -> int:
    """How many of them left in the minute that ends with that one, that one included."""
    end_ms = granted[until].at_ms
    return sum(end_ms - MINUTE_MS < one.at_ms <= end_ms for one in granted[: until + 1])


callers = st.lists(
    st.builds(
        Caller,
        after_ms=st.one_of(st.just(0), st.integers(0, 20_000)),
        lane=st.sampled_from([ORDINARY, ORDINARY, HISTORICAL, CANCEL]),
        late_ms=st.sampled_from([0, 0, 1, 99, 5_000, 90_000]),
        naps_max=st.sampled_from([None, None, None, 0, 1, 3]),
    ),
    max_size=40,
)


@given(callers, st.integers(1, 8), st.integers(1, 4), st.integers(0, 3))
def test_no_minute_holds_more_than_the_limit_and_everybody_who_waits_is_served(
    wishes: list[Caller], most: int, historical: int, kept: int
) -> None:
    kept = min(kept, most - 1)
    limits = Limits(requests_per_minute=most, historical_per_minute=historical, kept_for_cancels=kept, margin_ms=0)
    granted = simulate(limits, wishes)
    for place, one in enumerate(granted):
        assert in_window(granted, place) <= (most if one.lane is CANCEL else most - kept)
    klines = [one for one in granted if one.lane is HISTORICAL]
    assert all(in_window(klines, place) <= historical for place in range(len(klines)))
    patient = {number for number, caller in enumerate(wishes) if caller.naps_max is None}
    assert patient <= {one.number for one in granted}


@given(
    st.lists(
        st.builds(Caller, after_ms=st.integers(0, 20_000), lane=st.sampled_from(Lane), late_ms=st.just(0), naps_max=st.none()),
        max_size=40,
    )
)
def test_in_each_lane_who_comes_first_goes_first(wishes: list[Caller]) -> None:
    granted = simulate(SMALL, wishes)
    left_ms = {one.number: one.at_ms for one in granted}
    for lane in Lane:
        moments = [left_ms[number] for number, caller in enumerate(wishes) if caller.lane is lane]
        assert moments == sorted(moments)


def test_turn_is_the_moment_of_its_grant() -> None:
    clock, pacer = ManualClock(), Pacer()
    pacer.refused(0, 0, asked_s=3, share=1)
    steps = turn_steps(pacer, ORDINARY, clock.monotonic_us)
    assert next(steps).delay_s == 3
    clock.advance(s=3)
    with pytest.raises(StopIteration) as finished:
        next(steps)
    assert finished.value.value == 3_000_000


@given(st.lists(st.integers(0, 20_000), max_size=40))
def test_nobody_waits_longer_than_the_limit_asks(gaps_ms: list[int]) -> None:
    granted = simulate(SMALL, [Caller(gap_ms, ORDINARY) for gap_ms in gaps_ms])
    moments: list[int] = []
    for number in range(len(gaps_ms)):
        came_ms = sum(gaps_ms[: number + 1])
        moments.append(max(came_ms, moments[number - 4] + MINUTE_MS) if number >= 4 else came_ms)
    assert [one.at_ms for one in granted] == moments


def test_cancel_goes_at_once_while_others_wait() -> None:
    granted = simulate(SMALL, [*[Caller(0, ORDINARY)] * 20, Caller(1, CANCEL)])
    assert [one.at_ms for one in granted if one.lane is CANCEL] == [1]


def test_ordinary_requests_leave_the_reserve_alone() -> None:
    granted = simulate(SMALL, [Caller(0, ORDINARY)] * 5)
    assert [one.at_ms for one in granted] == [0, 0, 0, 0, MINUTE_MS]


def test_historical_data_waits_for_its_own_limit_and_nobody_else_for_it() -> None:
    granted = simulate(SMALL, [*[Caller(0, HISTORICAL)] * 3, Caller(5, ORDINARY)])
    assert [(one.lane, one.at_ms) for one in granted] == [
        (HISTORICAL, 0), (HISTORICAL, 0), (ORDINARY, 5), (HISTORICAL, MINUTE_MS),
    ]  # fmt: skip


def test_historical_data_is_not_starved_by_a_stream_of_ordinary_requests() -> None:
    """It comes back a moment after the others, each time, and its place is kept."""
    waiting = Caller(0, HISTORICAL, late_ms=1)
    granted = simulate(SMALL, [*[Caller(0, ORDINARY)] * 10, waiting, *[Caller(0, ORDINARY)] * 30])
    assert [one.at_ms // MINUTE_MS for one in granted if one.lane is HISTORICAL] == [2]


def test_who_sleeps_too_long_holds_nobody_up_and_is_the_next_when_it_is_back() -> None:
    clock, pacer = ManualClock(), Pacer(Limits(requests_per_minute=1, kept_for_cancels=0, margin_ms=0))
    pacer.take(ORDINARY, clock.monotonic_us)
    sleeper, second, third = [pacer.queue(ORDINARY, clock.monotonic_us) for _ in range(3)]

    def ask(turn: Turn, at_ms: int) -> int:
        clock.advance(us=at_ms * 1_000 - clock.monotonic_us())
        return pacer.ask(turn, clock.monotonic_us)

    assert [ask(turn, 59_000) for turn in (sleeper, second, third)] == [1_000_000] * 3
    assert ask(second, 60_100) > 0, "the sleeper is not late yet"
    assert ask(second, 60_101) == 0
    assert ask(sleeper, 120_100) > 0
    assert ask(third, 120_101) > 0, "the sleeper came before, and is back"
    assert ask(sleeper, 120_102) == 0


def test_who_gives_up_leaves_the_line() -> None:
    wishes = [*[Caller(0, ORDINARY)] * 4, *[Caller(0, ORDINARY, naps_max=0)] * 50, Caller(0, ORDINARY)]
    assert [one.at_ms for one in simulate(SMALL, wishes)] == [0] * 4 + [MINUTE_MS]


def test_call_that_is_dropped_leaves_the_line() -> None:
    clock, pacer = ManualClock(), Pacer(SMALL)
    for _ in range(4):
        pacer.take(ORDINARY, clock.monotonic_us)
    dropped = turn_steps(pacer, ORDINARY, clock.monotonic_us)
    assert next(dropped).delay_s == 1.0
    del dropped
    gc.collect()
    clock.advance(ms=MINUTE_MS)
    assert [pacer.take(ORDINARY, clock.monotonic_us) for _ in range(5)] == [MINUTE_MS * 1_000] * 4 + [None]


def test_minute_is_a_little_longer_than_a_minute() -> None:
    clock, pacer = ManualClock(), Pacer(Limits(requests_per_minute=1, kept_for_cancels=0))
    assert pacer.take(ORDINARY, clock.monotonic_us) == 0
    clock.advance(us=60_999_999)
    assert pacer.take(ORDINARY, clock.monotonic_us) is None
    clock.advance(us=1)
    assert pacer.take(ORDINARY, clock.monotonic_us) == 61_000_000


def test_threads_share_the_limit() -> None:
    clock, pacer = ManualClock(), Pacer(Limits(requests_per_minute=1_000, kept_for_cancels=0))
    with ThreadPoolExecutor(8) as pool:
        granted = list(pool.map(pacer.take, [ORDINARY] * 8_000, [clock.monotonic_us] * 8_000))
    assert sum(moment is not None for moment in granted) == 1_000


def test_time_is_read_by_who_holds_the_lock() -> None:
    """Else a thread that is held up between reading and entering would enter a moment that is long past."""
    pacer = Pacer(SMALL)
    seen: list[bool] = []

    def read_us() -> int:
        seen.append(pacer._lock.locked())  # pyright: ignore[reportPrivateUsage]
        return 0

    pacer.take(ORDINARY, read_us)
    pacer.ask(pacer.queue(ORDINARY, read_us), read_us)
    assert seen == [True] * 3


# 429


def test_nothing_is_granted_while_a_429_holds() -> None:
    clock, pacer = ManualClock(), Pacer()
    pacer.refused(0, clock.monotonic_us(), asked_s=7, share=1)
    clock.advance(us=6_999_999)
    assert [pacer.take(lane, clock.monotonic_us) for lane in Lane] == [None] * 3
    clock.advance(us=1)
    assert [pacer.take(lane, clock.monotonic_us) for lane in Lane] == [7_000_000] * 3


def test_those_who_wait_already_are_held_too() -> None:
    clock, pacer = ManualClock(), Pacer(SMALL)
    for _ in range(4):
        pacer.take(ORDINARY, clock.monotonic_us)
    turn = pacer.queue(ORDINARY, clock.monotonic_us)
    clock.advance(ms=MINUTE_MS)
    pacer.refused(0, clock.monotonic_us(), asked_s=30, share=1)
    assert pacer.ask(turn, clock.monotonic_us) == 30_000_000
    clock.advance(s=30)
    assert pacer.ask(turn, clock.monotonic_us) == 0


def holds_of(pacer: Pacer, clock: ManualClock, count: int) -> list[float]:
    """How long each of so many 429s in a row holds, each to a request that left as soon as it might."""
    holds: list[float] = []
    for _ in range(count):
        granted_us = pacer.take(ORDINARY, clock.monotonic_us)
        assert granted_us is not None
        holds.append(pacer.refused(granted_us, clock.monotonic_us(), asked_s=None, share=1))
        clock.advance(us=round(holds[-1] * 1_000_000))
    return holds


def test_hold_doubles_as_long_as_429s_go_on() -> None:
    assert holds_of(Pacer(), ManualClock(), 11) == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_answer_ends_the_doubling() -> None:
    clock, pacer = ManualClock(), Pacer()
    holds_of(pacer, clock, 5)
    pacer.answered(clock.monotonic_us() - 1)
    assert holds_of(pacer, clock, 1) == [32], "a request that left before the last 429 says nothing of what is after it"
    pacer.answered(clock.monotonic_us())
    assert holds_of(pacer, clock, 2) == [1, 2]


def test_several_429s_to_requests_that_left_together_count_once() -> None:
    clock, pacer = ManualClock(), Pacer()
    assert [pacer.refused(0, clock.monotonic_us(), asked_s=None, share=1) for _ in range(9)] == [1] * 9
    clock.advance(ms=400)
    assert pacer.refused(0, clock.monotonic_us(), asked_s=None, share=1) == 1
    assert pacer.refused(0, clock.monotonic_us(), asked_s=0, share=1) == 1, "a hold is never cut short"


def test_hold_is_bounded_whatever_is_asked_and_half_of_a_guess_is_chance() -> None:
    assert Pacer().refused(0, 0, asked_s=1e9, share=1) == 300
    assert Pacer(Limits(hold_s_max=5)).refused(0, 0, asked_s=60, share=1) == 5
    assert Pacer().refused(0, 0, asked_s=None, share=0) == 0.5


# retries


def test_ten_reads_are_repeated_in_a_row_and_ten_answers_make_up_for_one() -> None:
    pacer = Pacer()
    pacer.answered(0)
    assert [pacer.take_retry() for _ in range(12)] == [True] * 10 + [False] * 2
    for _ in range(9):
        pacer.answered(0)
    assert not pacer.take_retry()
    pacer.answered(0)
    assert [pacer.take_retry() for _ in range(2)] == [True, False]


# bounds, and who shares what


def test_wait_that_is_longer_than_the_user_s_bound_is_refused_and_says_how_long_it_is() -> None:
    clock, pacer = ManualClock(), Pacer(Limits(requests_per_minute=1, kept_for_cancels=0, margin_ms=0, wait_s_max=10))
    pacer.take(ORDINARY, clock.monotonic_us)
    clock.advance(s=49)
    with pytest.raises(LocalRateLimit, match=r"11\.000 s.* 10 s") as caught:
        next(turn_steps(pacer, ORDINARY, clock.monotonic_us))
    assert caught.value.wait_s == 11
    assert isinstance(caught.value, TransportError)
    assert caught.value.retryable
    clock.advance(s=1)
    assert next(turn_steps(pacer, ORDINARY, clock.monotonic_us)).delay_s == 1


def test_bound_counts_from_the_first_wait() -> None:
    clock, pacer = ManualClock(), Pacer(Limits(wait_s_max=10))
    pacer.refused(0, 0, asked_s=8, share=1)
    steps = turn_steps(pacer, ORDINARY, clock.monotonic_us)
    assert next(steps).delay_s == 8
    clock.advance(s=8)
    pacer.refused(clock.monotonic_us(), clock.monotonic_us(), asked_s=3, share=1)
    with pytest.raises(LocalRateLimit):
        next(steps)


def test_no_limit_is_no_limit() -> None:
    clock, pacer = ManualClock(), Pacer(Limits(requests_per_minute=None, historical_per_minute=None))
    assert all(pacer.take(lane, clock.monotonic_us) == 0 for _ in range(5_000) for lane in Lane)


def test_clock_that_stands_still_is_an_error_and_no_endless_loop() -> None:
    pacer, clock = Pacer(), ManualClock()
    pacer.refused(0, 0, asked_s=1, share=1)
    with pytest.raises(UsageError, match="stands still"):
        list(turn_steps(pacer, ORDINARY, clock.monotonic_us))


@pytest.mark.parametrize(
    "fields",
    [
        {"requests_per_minute": 0},
        {"requests_per_minute": 2.5},
        {"historical_per_minute": -1},
        {"kept_for_cancels": -1},
        {"requests_per_minute": 100},
        {"margin_ms": -1},
        {"wait_s_max": -1.0},
        {"first_hold_s": 0.0},
        {"first_hold_s": 9.0, "hold_s_max": 5.0},
    ],
    ids=str,
)
def test_limits_that_make_no_sense_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Limits(**fields)


def test_operations_stand_in_their_lanes() -> None:
    lanes = [lane_of(kind) for kind in (PlaceOrder, GetTicker, GetKlines, CancelOrder, CancelAllOrders)]
    assert lanes == [ORDINARY, ORDINARY, HISTORICAL, CANCEL, CANCEL]


URL = "https://exchange.example"


def test_clients_with_the_same_key_share_a_budget_and_others_do_not() -> None:
    clock = SystemClock()
    one = shared_pacer(URL, "key", clock=clock)
    assert shared_pacer(URL, "key", clock=SystemClock()) is one
    assert shared_pacer(URL, "key", Limits(), clock=clock) is one
    others = [
        shared_pacer(URL, "other", clock=clock),
        shared_pacer(URL, None, clock=clock),
        shared_pacer("x", "key", clock=clock),
    ]
    assert len({*map(id, [one, *others])}) == 4


def test_one_budget_has_one_set_of_limits() -> None:
    held = shared_pacer(URL, "limited", Limits(requests_per_minute=500), clock=SystemClock())
    assert shared_pacer(URL, "limited", clock=SystemClock()) is held
    with pytest.raises(UsageError, match="share one budget"):
        shared_pacer(URL, "limited", Limits(), clock=SystemClock())


def test_budget_is_remembered_when_its_client_is_gone() -> None:
    """Else a client that is made for each request would begin a new minute each time."""
    clock = SystemClock()
    assert shared_pacer(URL, "one by one", ONE, clock=clock).take(ORDINARY, clock.monotonic_us) is not None
    gc.collect()
    assert shared_pacer(URL, "one by one", ONE, clock=clock).take(ORDINARY, clock.monotonic_us) is None


def test_budget_that_nobody_uses_may_get_other_limits() -> None:
    shared_pacer(URL, "changed", Limits(requests_per_minute=500), clock=SystemClock())
    gc.collect()
    used = shared_pacer(URL, "changed", Limits(requests_per_minute=600), clock=SystemClock())
    assert used.limits == Limits(requests_per_minute=600)
    for _ in range(2):
        with pytest.raises(UsageError, match="share one budget"):
            shared_pacer(URL, "changed", Limits(requests_per_minute=500), clock=SystemClock())
    assert shared_pacer(URL, "changed", clock=SystemClock()) is used


def test_of_budgets_that_nobody_uses_a_hundred_are_remembered() -> None:
    used = shared_pacer(URL, "in use", clock=SystemClock())
    left = weakref.ref(shared_pacer(URL, "left", clock=SystemClock()))
    for number in range(99):
        shared_pacer(URL, f"another {number}", clock=SystemClock())
    gc.collect()
    assert left() is not None
    shared_pacer(URL, "one more", clock=SystemClock())
    gc.collect()
    assert left() is None
    assert shared_pacer(URL, "in use", clock=SystemClock()) is used


class OwnClock(SystemClock):
    """A user's clock: its monotonic time may be anything."""


@pytest.mark.parametrize("clock", [ManualClock(), OwnClock()], ids=lambda clock: type(clock).__name__)
def test_client_on_a_clock_of_its_own_has_a_budget_of_its_own(clock: Clock) -> None:
    own = shared_pacer(URL, "clocks", clock=clock)
    assert own is not shared_pacer(URL, "clocks", clock=clock)
    assert own is not shared_pacer(URL, "clocks", clock=SystemClock())


def test_pacer_is_refused_to_a_client_on_another_clock() -> None:
    pacer, clock = Pacer(), ManualClock()
    pacer.bind(clock)
    pacer.bind(clock)
    with pytest.raises(UsageError, match="different clocks"):
        pacer.bind(ManualClock())
    shared = Pacer()
    shared.bind(SystemClock())
    shared.bind(SystemClock())
    with pytest.raises(UsageError, match="different clocks"):
        shared.bind(clock)
