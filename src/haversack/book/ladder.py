"""One side of a book: its levels, sorted by integer keys.

A dict from key to quantity, beside a sorted list of the keys. A key is the price in ticks for bids, and minus that for asks: so
the best level is the last of the list, where a change moves the least. A level that is taken away keeps its place with the
quantity 0, because most come back soon; only at the best end, which must be exact, it goes at once.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from haversack.book.units import UNITS_END, Malformed, Of, Prices, Scale, count_decimal, count_units
from haversack.wire.markets import Level

TicksAndSteps: TypeAlias = tuple[int, int]
"""Price and quantity in units of the book."""

PLACES_MIN = 1_024
"""Empty places are cleared away when there are more places than twice the levels, and more than this."""


class Ladder:
    """The levels of one side. `sign` is 1 for bids and -1 for asks."""

    __slots__ = ("_levels", "_places_max", "_prices", "_sign", "horizon", "keys")

    def __init__(self, sign: int, decimals: int) -> None:
        self.keys: list[int] = []
        """Ascending: the best is the last."""
        self.horizon: int | None = None
        """The last key of a snapshot that was cut off there; what lies beyond is not known in full, and not shown."""
        self._levels: dict[int, int] = {}
        self._places_max = PLACES_MIN
        self._prices = Prices(decimals, sign=sign)
        self._sign = sign

    def fill(self, levels: Sequence[Level], scale: Scale) -> None:
        """Become these levels."""
        # Counted without being remembered: most of a snapshot's prices never change again.
        self._levels = {
            self._sign * count_decimal(price, Of.PRICE, scale.price): steps
            for price, quantity in levels
            if (steps := count_decimal(quantity, Of.QUANTITY, scale.quantity))
        }
        if 0 in self._levels:
            raise Malformed("a price is 0")
        self.keys = sorted(self._levels)
        self._clear_empty_places()

    def change(self, changes: Sequence[tuple[str, str]], decimals: int) -> None:
        """Set levels to new quantities; 0 takes one away, and one that is not there may be taken away too.

        When it raises, some of the changes are made; to make all of them again does no harm.
        """
        # Written out, because this is what a book does most: streams pad numbers to all their decimals.
        levels, prices, point = self._levels, self._prices, -1 - decimals
        try:
            for price, quantity in changes:
                key = prices[price]
                if quantity[point] == ".":
                    steps = int(quantity.replace(".", "", 1))
                    if not 0 <= steps < UNITS_END:
                        raise Malformed(f"{quantity[:80]!r} is no quantity")
                else:
                    steps = count_units(quantity, Of.QUANTITY, decimals)
                if key in levels:
                    levels[key] = steps
                else:
                    self._set(key, steps)
        except IndexError:
            # One was too short to have these decimals.
            for price, quantity in changes:
                self._set(prices[price], count_units(quantity, Of.QUANTITY, decimals))
        keys = self.keys
        while keys and not levels[keys[-1]]:
            del levels[keys.pop()]

    @property
    def is_used_up(self) -> bool:
        """Whether the best level lies beyond what is known in full."""
        return self.horizon is not None and (not self.keys or self.keys[-1] < self.horizon)

    def best(self) -> TicksAndSteps | None:
        """The best level; None if there is none."""
        if not self.keys:
            return None
        key = self.keys[-1]
        return self._sign * key, self._levels[key]

    def best_first(self) -> Iterator[TicksAndSteps]:
        """All levels that are known."""
        sign, levels, horizon = self._sign, self._levels, self.horizon
        for key in reversed(self.keys):
            if horizon is not None and key < horizon:
                return
            if steps := levels[key]:
                yield sign * key, steps

    def refine(self, old: Scale, new: Scale) -> None:
        """Count in finer units."""
        price_factor, quantity_factor = int(10 ** (new.price - old.price)), int(10 ** (new.quantity - old.quantity))
        self._levels = {key * price_factor: steps * quantity_factor for key, steps in self._levels.items()}
        self.keys = [key * price_factor for key in self.keys]
        self.horizon = None if self.horizon is None else self.horizon * price_factor
        self._prices = Prices(new.price, sign=self._sign)

    def _set(self, key: int, steps: int) -> None:
        levels = self._levels
        if steps and key not in levels:
            if len(levels) >= self._places_max:
                self._clear_empty_places()
            insort(self.keys, key)
        if steps or key in levels:
            levels[key] = steps

    def _clear_empty_places(self) -> None:
        levels = self._levels
        for key in [key for key, steps in levels.items() if not steps]:
            del levels[key]
        self.keys[:] = sorted(levels)
        self._places_max = max(PLACES_MIN, 2 * len(levels))
