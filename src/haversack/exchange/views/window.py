"""Statistics of a stretch of time that ends now: kept up to date trade by trade, never counted anew.

The stretch begins with a whole minute, and moves on by minutes, about a second after each is over (recorded 2026-09).
"""

from __future__ import annotations

from collections import deque

import msgspec

from haversack.exchange.views.bars import Bar
from haversack.exchange.views.spans import MINUTE_US, SECOND_US

MOVES_LATE_US = SECOND_US
"""A second after a minute's end the window moves: 0.55 s after it did not have, 1.55 s after it had (recorded 2026-09)."""


class Statistics(msgspec.Struct, frozen=True, gc=False):
    """Prices and sums of all trades in a window, in the engine's integers."""

    first: int
    last: int
    high: int
    low: int
    volume: int
    quote_volume: int
    trades: int


class Window:
    """One market's statistics over one length of time. The minutes are the chart's own, so they cost nothing here."""

    __slots__ = ("_highs", "_length_us", "_lows", "_minutes", "_quote_volume", "_trades", "_volume")

    def __init__(self, length_us: int) -> None:
        self._length_us = length_us
        self._minutes: deque[Bar] = deque()
        # Only what can still become the extreme: each entry is the best from its minute on, so the first is the best of all.
        self._highs: deque[tuple[int, int]] = deque()
        self._lows: deque[tuple[int, int]] = deque()
        self._volume = self._quote_volume = self._trades = 0

    def add(self, minute: Bar, piece: Bar) -> None:
        """Count a trade that its minute's bar contains already."""
        if not self._minutes or self._minutes[-1] is not minute:
            self._minutes.append(minute)
            # Nobody may ever ask. A minute more than the length is kept, because the window moves late.
            self._forget(minute.start_us - MINUTE_US - self._length_us)
        self._volume += piece.volume
        self._quote_volume += piece.quote_volume
        self._trades += piece.trades
        _contend(self._highs, minute.start_us, piece.high)
        _contend(self._lows, minute.start_us, -piece.low)

    def statistics(self, now_us: int) -> Statistics | None:
        """As of now; None if nothing was traded in the window."""
        moved_us = now_us - MOVES_LATE_US
        self._forget(moved_us - moved_us % MINUTE_US - self._length_us)
        if not self._minutes:
            return None
        return Statistics(
            first=self._minutes[0].open,
            last=self._minutes[-1].close,
            high=self._highs[0][1],
            low=-self._lows[0][1],
            volume=self._volume,
            quote_volume=self._quote_volume,
            trades=self._trades,
        )

    def _forget(self, before_us: int) -> None:
        while self._minutes and self._minutes[0].start_us < before_us:
            gone = self._minutes.popleft()
            self._volume -= gone.volume
            self._quote_volume -= gone.quote_volume
            self._trades -= gone.trades
        for contenders in (self._highs, self._lows):
            while contenders and contenders[0][0] < before_us:
                contenders.popleft()


def _contend(contenders: deque[tuple[int, int]], minute_us: int, value: int) -> None:
    """Enter a value; whatever is older and not above it can never be the highest again."""
    while contenders and contenders[-1][1] <= value:
        contenders.pop()
    # Of one minute only its highest counts, because the minute leaves as a whole.
    if not contenders or contenders[-1][0] != minute_us:
        contenders.append((minute_us, value))
