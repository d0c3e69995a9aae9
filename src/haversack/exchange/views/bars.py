"""Bars: what was traded in one stretch of time, and series of them that grow at the end and forget their beginning."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from copy import copy

import msgspec

from haversack.exchange.views.spans import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from haversack.wire.enums import KlineInterval


class Bar(msgspec.Struct, gc=False, array_like=True):
    """Prices and sums of one stretch of time, in the engine's integers."""

    start_us: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    """In quantity units."""
    quote_volume: int
    """In the quote asset's smallest units."""
    trades: int

    def add(self, later: Bar) -> None:
        """Take in what came after."""
        if later.high > self.high:
            self.high = later.high
        if later.low < self.low:
            self.low = later.low
        self.close = later.close
        self.volume += later.volume
        self.quote_volume += later.quote_volume
        self.trades += later.trades

    def starting(self, start_us: int) -> Bar:
        """A copy that starts elsewhere."""
        return msgspec.structs.replace(self, start_us=start_us)


class Series:
    """Bars of one length, oldest first; only those in which something happened."""

    __slots__ = ("_keep_us", "_length_us", "bars")

    def __init__(self, length_us: int, keep_us: int) -> None:
        self._length_us = length_us
        self._keep_us = keep_us
        self.bars: list[Bar] = []

    def add(self, piece: Bar) -> Bar:
        """Take in something that happened not before all that is known; the answer is the bar that has it now."""
        start_us = piece.start_us - piece.start_us % self._length_us
        if self.bars and self.bars[-1].start_us >= start_us:
            self.bars[-1].add(piece)
        else:
            self.bars.append(piece.starting(start_us))
            self._forget(start_us - self._keep_us)
        return self.bars[-1]

    def copy(self) -> list[Bar]:
        """The bars as they are now: later pieces change only the newest, or add another."""
        return [*self.bars[:-1], *map(copy, self.bars[-1:])]

    def between(self, from_us: int, to_us: int) -> Iterator[Bar]:
        """Bars that start in a stretch of time, oldest first."""
        bars = self.bars
        for index in range(self._index(from_us), len(bars)):
            if bars[index].start_us >= to_us:
                return
            yield bars[index]

    def _forget(self, before_us: int) -> None:
        if self.bars[0].start_us < before_us:
            del self.bars[: self._index(before_us)]

    def _index(self, start_us: int) -> int:
        return bisect_left(self.bars, start_us, key=_start)


class Chart:
    """One price through time, fine for the recent past and coarser further back: one hour of seconds, eight days of
    minutes, 400 days of hours."""

    __slots__ = ("_hours", "_minutes", "_seconds")

    def __init__(self) -> None:
        self._seconds = Series(SECOND_US, HOUR_US)
        self._minutes = Series(MINUTE_US, 8 * DAY_US)
        self._hours = Series(HOUR_US, 400 * DAY_US)

    def add(self, piece: Bar) -> Bar:
        """Take in what happened at one moment; the answer is the bar of its minute."""
        self._seconds.add(piece)
        return self.add_minute(piece)

    def add_minute(self, bar: Bar) -> Bar:
        """Take in a whole minute, of which the seconds are not known."""
        self._hours.add(bar)
        return self._minutes.add(bar)

    @property
    def all(self) -> tuple[Series, Series, Series]:
        """Seconds, minutes, hours."""
        return self._seconds, self._minutes, self._hours

    def series(self, interval: KlineInterval) -> Series:
        """The bars that an interval's candles are made of."""
        if interval is KlineInterval.SECOND_1:
            return self._seconds
        return self._minutes if interval in _MADE_OF_MINUTES else self._hours


_MADE_OF_MINUTES = frozenset(
    {
        KlineInterval.MINUTE_1,
        KlineInterval.MINUTE_3,
        KlineInterval.MINUTE_5,
        KlineInterval.MINUTE_15,
        KlineInterval.MINUTE_30,
    }
)


def _start(bar: Bar) -> int:
    return bar.start_us
