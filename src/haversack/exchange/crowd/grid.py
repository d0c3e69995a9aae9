"""Where a maker's levels stand: unevenly, as people place orders, but in the same places again when the price comes back.

Because places do not depend on the fair price, a small move of it changes only the levels at the ends of a layer.
"""

from __future__ import annotations

import math

_MASK = (1 << 64) - 1


class Grid:
    """A fixed sequence of prices, one in each stretch of `spacing` ticks, at an odd place in it."""

    __slots__ = ("_salt", "_spacing", "_tick")

    def __init__(self, spacing: int, tick: int, salt: int) -> None:
        assert spacing > 0, f"levels {spacing} ticks apart"
        self._spacing = spacing
        self._tick = tick
        self._salt = salt

    def below(self, limit: float, count: int) -> list[int]:
        """The highest prices that are not above the limit, falling. Fewer, if they would reach zero."""
        first = self._stretch(limit)
        if self._price(first) > limit:
            first -= 1
        prices = (self._price(stretch) for stretch in range(first, first - count, -1))
        return [price for price in prices if price > 0]

    def above(self, limit: float, count: int) -> list[int]:
        """The lowest prices that are not below the limit, rising."""
        first = self._stretch(limit)
        if self._price(first) < limit:
            first += 1
        return [self._price(stretch) for stretch in range(first, first + count)]

    def _stretch(self, price: float) -> int:
        return math.floor(price / (self._spacing * self._tick))

    def _price(self, stretch: int) -> int:
        mixed = (stretch * 0x9E3779B97F4A7C15 + self._salt * 0xD1B54A32D192ED03) & _MASK
        return (stretch * self._spacing + (mixed >> 32) % self._spacing) * self._tick
