"""Where candles begin and end."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haversack.exchange.views.spans import LENGTHS_US, after_us, ceiling_us, floor_us
from haversack.units import to_time_us
from haversack.wire.enums import KlineInterval

TIMES_US = st.integers(0, 4_000_000_000_000_000)


def us(text: str) -> int:
    return to_time_us(datetime.fromisoformat(text).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("interval", "time", "start", "end"),
    [
        ("1s", "2026-09-02T16:58:10.9", "2026-09-02T16:58:10", "2026-09-02T16:58:11"),
        ("1m", "2026-09-02T16:58:10", "2026-09-02T16:58:00", "2026-09-02T16:59:00"),
        ("3m", "2026-09-02T16:58:10", "2026-09-02T16:57:00", "2026-09-02T17:00:00"),
        ("5m", "2026-09-02T16:58:10", "2026-09-02T16:55:00", "2026-09-02T17:00:00"),
        ("15m", "2026-09-02T16:58:10", "2026-09-02T16:45:00", "2026-09-02T17:00:00"),
        ("30m", "2026-09-02T16:58:10", "2026-09-02T16:30:00", "2026-09-02T17:00:00"),
        ("1h", "2026-09-02T16:58:10", "2026-09-02T16:00:00", "2026-09-02T17:00:00"),
        ("2h", "2026-09-02T16:58:10", "2026-09-02T16:00:00", "2026-09-02T18:00:00"),
        ("4h", "2026-09-02T16:58:10", "2026-09-02T16:00:00", "2026-09-02T20:00:00"),
        ("6h", "2026-09-02T16:58:10", "2026-09-02T12:00:00", "2026-09-02T18:00:00"),
        ("8h", "2026-09-02T16:58:10", "2026-09-02T16:00:00", "2026-09-03T00:00:00"),
        ("12h", "2026-09-02T16:58:10", "2026-09-02T12:00:00", "2026-09-03T00:00:00"),
        ("1d", "2026-09-02T16:58:10", "2026-09-02T00:00:00", "2026-09-03T00:00:00"),
        ("1w", "2026-09-02T16:58:10", "2026-08-31T00:00:00", "2026-09-07T00:00:00"),
        ("1month", "2026-09-02T16:58:10", "2026-09-01T00:00:00", "2026-10-01T00:00:00"),
        ("1month", "2026-12-31T23:59:59", "2026-12-01T00:00:00", "2027-01-01T00:00:00"),
        ("1month", "2028-02-29T00:00:00", "2028-02-01T00:00:00", "2028-03-01T00:00:00"),
    ],
)
def test_candle_holds_its_time(interval: str, time: str, start: str, end: str) -> None:
    kind = KlineInterval(interval)
    assert floor_us(kind, us(time)) == us(start)
    assert after_us(kind, us(start)) == us(end)


def test_every_interval_has_a_length_but_the_month() -> None:
    assert set(KlineInterval) - set(LENGTHS_US) == {KlineInterval.MONTH_1}


@given(interval=st.sampled_from(KlineInterval), time_us=TIMES_US)
def test_candles_follow_each_other(interval: KlineInterval, time_us: int) -> None:
    start_us = floor_us(interval, time_us)
    end_us = after_us(interval, start_us)
    assert start_us <= time_us < end_us
    assert floor_us(interval, start_us) == start_us
    assert floor_us(interval, end_us) == end_us
    assert ceiling_us(interval, start_us) == start_us
    assert ceiling_us(interval, start_us + 1) == end_us
