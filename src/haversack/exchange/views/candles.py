"""Candles of any interval, put together from bars, with nothing left out in between."""

from __future__ import annotations

from typing import NamedTuple

from haversack.exchange.views.bars import Bar, Series
from haversack.exchange.views.spans import MINUTE_US, SECOND_US, after_us, ceiling_us, floor_us
from haversack.wire.enums import KlineInterval

CANDLES_MAX = 1000
"""In one answer; the oldest if there are more (observed about 1000; which of them is a guess)."""


class Candle(NamedTuple):
    """One stretch of an interval, and what happened in it, if anything did."""

    start_us: int
    end_us: int
    bar: Bar | None


def candles(series: Series, interval: KlineInterval, *, from_us: int, to_us: int) -> list[Candle]:
    """Candles that begin in a stretch of time, oldest first. Nothing is known of the time before the first bar."""
    if not series.bars or from_us >= to_us:
        return []
    first_us = floor_us(interval, series.bars[0].start_us)
    start_us = ceiling_us(interval, from_us) if from_us > first_us else first_us
    made: list[Candle] = []
    while start_us < to_us and len(made) < CANDLES_MAX:
        made.append(candle(series, interval, start_us))
        start_us = made[-1].end_us
    return made


def candle(series: Series, interval: KlineInterval, start_us: int) -> Candle:
    """The one that begins at this time."""
    end_us = after_us(interval, start_us)
    whole: Bar | None = None
    for bar in series.between(start_us, end_us):
        if whole is None:
            whole = bar.starting(start_us)
        else:
            whole.add(bar)
    return Candle(start_us, end_us, whole)


def bounds_us(interval: KlineInterval, start_us: int, end_us: int | None, *, now_us: int) -> tuple[int, int]:
    """Which candles a query for a stretch of time means: those that begin in it, both its ends cut down to the minute.

    Derived from five recorded calls, and so the running minute is left out while a running hour is there. Candles of one
    second are cut to the second (guess). Nothing begins after now.
    """
    cut_us = SECOND_US if interval is KlineInterval.SECOND_1 else MINUTE_US
    end_us = now_us if end_us is None else end_us
    return start_us - start_us % cut_us, min(end_us - end_us % cut_us, now_us + 1)
