"""Fills and candles of a stretch of time, whatever its length, from an exchange that is imagined in a few lines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from haversack.clock import ManualClock
from haversack.errors import UsageError
from haversack.rest.procedure import Feed, each
from haversack.rest.ranges import SETTLING_S, each_kline, fills_between
from haversack.rest.session import RestSession
from haversack.wire.base import Page
from haversack.wire.enums import KlineInterval, Side, SortDirection
from haversack.wire.history import Fill
from haversack.wire.markets import Kline

DAY_MS = 86_400_000
START_MS = 20_000 * DAY_MS
# 2026-09-01 16:52:31
NOW_S = 1_788_281_551
MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
NO_ZONE = datetime.fromisoformat("2026-01-01")


def at(time_s: int) -> ManualClock:
    return ManualClock(time_s * 1_000_000)


def fill(time_ms: int, number: int = 0) -> Fill:
    moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=time_ms)
    return Fill(
        fee=Decimal(0),
        fee_symbol="USDC",
        is_maker=True,
        order_id=str(number),
        price=Decimal(20),
        quantity=Decimal(1),
        side=Side.BID,
        symbol="SOL_USDC",
        timestamp_iso=moment.replace(tzinfo=None).isoformat(timespec="milliseconds"),
        trade_id=number,
    )


class FillDesk:
    """Answers GetFillHistory, oldest first; how far each request skips is written down."""

    def __init__(self, times_ms: list[int]) -> None:
        self._times_ms = sorted(times_ms)
        self.skipped: list[int] = []

    def send(self, operation: Any) -> Page[Fill]:
        assert operation.sort_direction is SortDirection.ASC
        rows = [
            fill(time_ms, number)
            for number, time_ms in enumerate(self._times_ms)
            if operation.from_ms <= time_ms < operation.to_ms
        ]
        offset = operation.offset or 0
        self.skipped.append(offset)
        page = Page(rows[offset : offset + operation.limit])
        page.total = len(rows)
        return page

    def read(self, *times: Any, now_s: int = NOW_S, **parameters: Any) -> list[int]:
        steps = fills_between(RestSession(None, at(now_s)), *times, **parameters)
        return [row.trade_id or 0 for row in each(steps, self.send, lambda _: None)]


@settings(max_examples=200)
@given(st.lists(st.integers(0, 3_000), max_size=60), st.integers(0, 2_000), st.integers(0, 3_000), st.integers(1, 400))
def test_fills_of_a_stretch_come_once_and_in_order(times_ms: list[int], from_ms: int, length_ms: int, window_ms: int) -> None:
    times_ms, from_ms = sorted(START_MS + time_ms for time_ms in times_ms), START_MS + from_ms
    wanted = [number for number, time_ms in enumerate(times_ms) if from_ms <= time_ms < from_ms + length_ms]
    window = timedelta(milliseconds=window_ms)
    assert FillDesk(times_ms).read(from_ms, from_ms + length_ms, window=window) == wanted


def test_no_request_skips_more_than_a_window_holds() -> None:
    desk = FillDesk([START_MS + day * DAY_MS + second * 1_000 for day in range(30) for second in range(150)])
    assert desk.read(START_MS, START_MS + 40 * DAY_MS, limit=100) == list(range(4500))
    assert max(desk.skipped) <= 150


def test_years_without_a_fill_are_passed_in_a_few_requests() -> None:
    last_ms = NOW_S * 1_000 - DAY_MS
    desk = FillDesk([last_ms, last_ms + 1])
    assert desk.read(0) == [0, 1]
    assert len(desk.skipped) < 150


def test_fills_end_now_unless_told_otherwise() -> None:
    now_ms = NOW_S * 1_000
    desk = FillDesk([now_ms - 2, now_ms - 1, now_ms, now_ms + 1])
    assert desk.read(now_ms - 10) == [0, 1]
    assert desk.read(now_ms - 1, now_ms + 1) == [1, 2]


def test_fills_may_be_asked_for_by_datetimes() -> None:
    desk = FillDesk([1_000, 1_001, 2_000])
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert desk.read(epoch + timedelta(milliseconds=1, seconds=1), epoch + timedelta(seconds=2)) == [1]
    assert desk.read(epoch + timedelta(microseconds=1_000_001), epoch + timedelta(microseconds=2_000_001)) == [1, 2]


@pytest.mark.parametrize(
    ("times", "others"),
    [
        ((5, 4), {}),
        ((NO_ZONE, None), {}),
        ((1.5, 2), {}),
        ((True, 2), {}),
        ((-1, 2), {}),
        ((0, 2), {"window": timedelta(0)}),
        ((0, 2), {"limit": 0}),
        ((0, 2), {"limit": 1001}),
    ],
)
def test_impossible_stretch_is_refused(times: tuple[Any, ...], others: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        fills_between(RestSession(None, at(NOW_S)), *times, **others)


LENGTHS_S = {"1s": 1, "1m": MINUTE_S, "5m": 300, "1h": HOUR_S, "1d": DAY_S, "1w": 7 * DAY_S}


class KlineDesk:
    """Has candles of a market from some moment on, and answers some of them at a time, the first or the last."""

    def __init__(self, clock: ManualClock, *, listed_s: int, rows_max: int = 1000, keeps_last: bool = False) -> None:
        self.clock = clock
        self._listed_s = listed_s
        self._rows_max = rows_max
        self._keeps_last = keeps_last
        self.asked: list[Any] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def send(self, operation: Any) -> list[Kline]:
        self.asked.append(operation)
        # Both ends are cut down to the minute, and nothing begins after now.
        now_s = self.clock.now_us() // 1_000_000
        from_s, to_s = (time_s - time_s % MINUTE_S for time_s in (operation.start_time_s, operation.end_time_s))
        starts_s = _starts(operation.interval, from_s, min(to_s, now_s + 1), self._listed_s)
        rows = [_candle(start_s, _after(operation.interval, start_s), now_s) for start_s in starts_s]
        self.meanwhile()
        return rows[-self._rows_max :] if self._keeps_last else rows[: self._rows_max]

    def read(self, interval: Any, start_s: Any, end_s: Any = None, **parameters: Any) -> list[Kline]:
        session = RestSession(None, self.clock)
        steps: Feed[Kline] = each_kline(
            session,
            "SOL_USDC",
            interval=interval,
            start_s=start_s,
            end_s=end_s,
            **parameters,
        )
        return list(each(steps, self.send, lambda _: None))


def _starts(interval: str, from_s: int, to_s: int, listed_s: int) -> list[int]:
    # The candle in which the market was listed is there, although it begins before.
    start_s = _floor(interval, max(from_s, listed_s))
    starts_s: list[int] = []
    while start_s < to_s:
        if start_s >= from_s:
            starts_s.append(start_s)
        start_s = _after(interval, start_s)
    return starts_s


def _floor(interval: str, time_s: int) -> int:
    moment = datetime.fromtimestamp(time_s, UTC)
    if interval == KlineInterval.MONTH_1:
        return int(moment.replace(day=1, hour=0, minute=0, second=0).timestamp())
    monday_s = 4 * DAY_S if interval == "1w" else 0
    return time_s - (time_s - monday_s) % LENGTHS_S[interval]


def _after(interval: str, start_s: int) -> int:
    if interval == KlineInterval.MONTH_1:
        return _floor(interval, start_s + 32 * DAY_S)
    return start_s + LENGTHS_S[interval]


def _candle(start_s: int, end_s: int, now_s: int) -> Kline:
    return Kline(
        start_text=_text(start_s),
        end_text=_text(end_s),
        volume=Decimal(min(end_s, now_s) - start_s),
        quote_volume=Decimal(0),
        trades_text="0",
    )


def _text(time_s: int) -> str:
    return f"{datetime.fromtimestamp(time_s, UTC):%Y-%m-%d %H:%M:%S}"


def starts_of(rows: list[Kline]) -> list[int]:
    return [int(row.start.timestamp()) for row in rows]


def are_whole(rows: list[Kline]) -> bool:
    return all(row.volume == int((row.end - row.start).total_seconds()) for row in rows)


# The market was listed on the first of a month, a Tuesday: its first week began in the month before.
@example("1w", 1_336, 435, 40, False, 0)
# More months than an answer holds lie behind the beginning, and it holds the last of them.
@example("1w", 1_072, 171, 40, True, 0)
@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["1s", "1m", "5m", "1h", "1d", "1w", "1month"]),
    st.integers(0, 3_000),
    st.integers(0, 2_000),
    st.sampled_from([3, 40, 700, 1000]),
    st.booleans(),
    st.integers(0, HOUR_S),
)
def test_candles_come_once_in_order_and_without_a_gap(
    interval: str, ago: int, listed_ago: int, rows_max: int, keeps_last: bool, shift_s: int
) -> None:
    length_s = LENGTHS_S.get(interval, 5 * DAY_S)
    # Seconds are asked for by whole minutes, so an answer must hold one.
    rows_max = max(rows_max, 700) if interval == "1s" else rows_max
    ago, listed_ago = (ago, listed_ago) if rows_max > 3 else (ago // 20, listed_ago // 20)
    start_s, listed_s = max(0, NOW_S - ago * length_s - shift_s), NOW_S - listed_ago * length_s
    desk = KlineDesk(at(NOW_S), listed_s=listed_s, rows_max=rows_max, keeps_last=keeps_last)
    settled_s = NOW_S - SETTLING_S
    settled_s -= settled_s % MINUTE_S
    expected = [
        first_s for first_s in _starts(interval, start_s, settled_s, listed_s) if _after(interval, first_s) <= NOW_S - SETTLING_S
    ]
    rows = desk.read(interval, start_s)
    assert starts_of(rows) == expected
    assert are_whole(rows)


def test_requests_ask_for_a_bounded_number_of_candles() -> None:
    for interval, length_s in {**LENGTHS_S, "1month": 30 * DAY_S}.items():
        desk = KlineDesk(at(NOW_S), listed_s=0)
        assert desk.read(interval, max(0, NOW_S - 2_000 * length_s))
        assert max((ask.end_time_s - ask.start_time_s) / length_s for ask in desk.asked) <= 1000


def test_candles_of_a_stretch_that_is_over() -> None:
    desk = KlineDesk(at(NOW_S), listed_s=0)
    start_s = NOW_S - NOW_S % HOUR_S - 5 * HOUR_S
    assert starts_of(desk.read("1h", start_s, start_s + 2 * HOUR_S)) == [start_s, start_s + HOUR_S]
    assert starts_of(desk.read("1h", start_s + 1, start_s + 2 * HOUR_S + 1)) == [start_s + HOUR_S, start_s + 2 * HOUR_S]
    moments = [datetime.fromtimestamp(time_s, UTC) for time_s in (start_s, start_s + HOUR_S)]
    assert starts_of(desk.read("1h", *moments)) == [start_s]
    assert desk.read("1h", start_s, start_s) == []


def test_running_candle_comes_only_if_it_is_asked_for() -> None:
    desk = KlineDesk(at(NOW_S), listed_s=0)
    hour_s = NOW_S - NOW_S % HOUR_S
    assert starts_of(desk.read("1h", hour_s - HOUR_S)) == [hour_s - HOUR_S]
    assert starts_of(desk.read("1h", hour_s - HOUR_S, unfinished=True)) == [hour_s - HOUR_S, hour_s]
    minute_s = NOW_S - NOW_S % MINUTE_S
    assert starts_of(desk.read("1m", minute_s, unfinished=True)) == [minute_s]


def test_candle_is_finished_a_moment_after_its_end() -> None:
    hour_s = NOW_S - NOW_S % HOUR_S
    for passed_s, count in ((SETTLING_S - 1, 0), (SETTLING_S, 1)):
        assert len(KlineDesk(at(hour_s + passed_s), listed_s=0).read("1h", hour_s - HOUR_S)) == count


def test_candle_that_ended_while_the_answer_was_on_its_way_is_not_taken_for_finished() -> None:
    hour_s = NOW_S - NOW_S % HOUR_S
    desk = KlineDesk(at(hour_s - 90), listed_s=0)
    desk.meanwhile = lambda: desk.clock.advance(s=120)
    assert starts_of(desk.read("1h", hour_s - 2 * HOUR_S)) == [hour_s - 2 * HOUR_S]


def test_running_candle_is_the_end_even_if_it_is_over_by_then() -> None:
    desk = KlineDesk(at(NOW_S), listed_s=0)
    desk.meanwhile = lambda: desk.clock.advance(s=2 * HOUR_S)
    hour_s = NOW_S - NOW_S % HOUR_S
    assert starts_of(desk.read("1h", hour_s - HOUR_S)) == [hour_s - HOUR_S]


def test_what_shows_a_running_candle_is_not_asked_for_again_when_it_has_ended() -> None:
    # An answer is cached by its address for up to three minutes.
    desk = KlineDesk(at(NOW_S), listed_s=0)
    shown: list[tuple[int, int]] = []
    for _ in range(200):
        now_s = desk.clock.now_us() // 1_000_000
        desk.asked.clear()
        desk.read("5m", NOW_S - HOUR_S)
        ends_s = {ask.end_time_s for ask in desk.asked}
        assert not [end_s for end_s, then_s in shown if end_s in ends_s and now_s - then_s <= 180]
        desk.asked.clear()
        desk.read("5m", NOW_S - HOUR_S, unfinished=True)
        shown += [(ask.end_time_s, now_s) for ask in desk.asked]
        desk.clock.advance(s=7)


def test_reading_goes_on_from_the_last_candles_end() -> None:
    desk = KlineDesk(at(NOW_S), listed_s=0)
    first = desk.read("1h", NOW_S - 10 * HOUR_S)
    desk.clock.advance(s=3 * HOUR_S)
    assert starts_of(first + desk.read("1h", first[-1].end)) == starts_of(desk.read("1h", NOW_S - 10 * HOUR_S))


def test_decades_before_the_first_candle_are_passed_in_a_few_requests() -> None:
    desk = KlineDesk(at(NOW_S), listed_s=NOW_S - 3 * HOUR_S)
    rows = desk.read("1m", 0)
    assert len(rows) == 180
    assert len(desk.asked) < 12


def test_market_without_any_candle_ends() -> None:
    desk = KlineDesk(at(NOW_S), listed_s=NOW_S + DAY_S)
    assert desk.read("1h", NOW_S - 365 * DAY_S) == []


@pytest.mark.parametrize("wrong", [{"interval": "7m"}, {"start_s": NO_ZONE}, {"start_s": 1.5}, {"end_s": -1}])
def test_impossible_candles_are_refused(wrong: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"interval": "1m", "start_s": 0, **wrong}
    with pytest.raises(UsageError):
        each_kline(RestSession(None, at(NOW_S)), "SOL_USDC", **asked)
