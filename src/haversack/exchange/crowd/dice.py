"""Seeded chance: one source of numbers per purpose, so that what one trader does never changes another's luck."""

from __future__ import annotations

import hashlib
import math
import random

from haversack.clock import seeded_random

SECOND_US = 1_000_000


class Dice:
    """The numbers that one trader rolls."""

    __slots__ = ("_random",)

    def __init__(self, *purpose: int | str) -> None:
        # Hashed, because nearby seeds would give related numbers, and because the hash of a str differs between runs.
        digest = hashlib.sha256("/".join(map(str, purpose)).encode()).digest()
        self._random: random.Random = seeded_random(int.from_bytes(digest[:8], "big"))

    def share(self) -> float:
        """From 0 to 1, 1 excluded."""
        return self._random.random()

    def between(self, low: float, high: float) -> float:
        """Anywhere in between, evenly."""
        return low + (high - low) * self._random.random()

    def normal(self) -> float:
        """Of mean 0 and standard deviation 1."""
        return self._random.gauss(0.0, 1.0)

    def around(self, median: float, spread: float) -> float:
        """Log-normal: as often twice as half the median."""
        return median * math.exp(spread * self._random.gauss(0.0, 1.0))

    def index(self, count: int) -> int:
        """From 0 to `count - 1`."""
        return int(self._random.random() * count)

    def delay_us(self, mean_s: float) -> int:
        """Until something that happens at random, once in this many seconds on average."""
        return 1 + int(self._random.expovariate(1.0) * mean_s * SECOND_US)
