"""The five-minute mean of a price, in exact integers, told the price at most once a second."""

from __future__ import annotations

from collections import deque

WINDOW_S = 300
"""How far back the mean reaches, the running second included (docs: five minutes)."""


class MeanPrice:
    """A price counts from the second in which it was told until the next one is told.

    How the exchange weighs its prices is unknown: by time is a guess.
    """

    __slots__ = ("_before_newest", "_told", "mean")

    def __init__(self) -> None:
        self._told: deque[tuple[int, int]] = deque()
        """Second and price, oldest first; of those that no longer count, none."""
        self._before_newest = 0
        """Sum of price times seconds of all but the newest."""
        self.mean: tuple[int, int] | None = None
        """Sum of the prices of all seconds that count, and their number; None before the first price."""

    def tell(self, price: int, second: int) -> None:
        """Take in the price of a second; a second that was told already keeps its price."""
        told = self._told
        if told:
            newest_s, newest = told[-1]
            if second <= newest_s:
                return
            self._before_newest += newest * (second - newest_s)
        told.append((second, price))
        start_s = second - WINDOW_S + 1
        while len(told) > 1 and told[1][0] <= start_s:
            oldest_s, oldest = told.popleft()
            self._before_newest -= oldest * (told[0][0] - oldest_s)
        oldest_s, oldest = told[0]
        outside_s = max(0, start_s - oldest_s)
        self.mean = self._before_newest - oldest * outside_s + price, second - oldest_s - outside_s + 1

    def copy(self) -> MeanPrice:
        """The same mean, to go on by itself."""
        other = MeanPrice()
        other._told = self._told.copy()
        other._before_newest = self._before_newest
        other.mean = self.mean
        return other

    @property
    def told(self) -> list[tuple[int, int]]:
        """What the mean follows from: seconds and prices, oldest first."""
        return list(self._told)
