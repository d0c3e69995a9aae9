"""The dice of a world: says whether a fault happens now, counts what happened, and ends it all at one moment."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from random import Random

from world.plan import Plan


class Weather:
    """Faults while they last; then calm."""

    def __init__(self, plan: Plan, loop: asyncio.AbstractEventLoop) -> None:
        self.plan = plan
        self.dice = Random(f"{plan.seed} weather")
        self.faults: Counter[str] = Counter()
        """What happened, and how often."""
        self.start_s = loop.time()
        self.calm_s = self.start_s + plan.faults_s
        """When the faults end."""
        self._loop = loop
        self._partition_ends_s = 0.0
        self._at_calm: list[Callable[[], None]] = []

    @property
    def is_calm(self) -> bool:
        """Whether the faults are over."""
        return self._loop.time() >= self.calm_s

    def chance(self, kind: str) -> bool:
        """Whether this fault happens now."""
        rate = self.plan.rates.get(kind)
        if rate is None or self.is_calm or self.dice.random() >= rate:
            return False
        self.faults[kind] += 1
        return True

    def until(self, most_s: float) -> float:
        """When something ends that begins now and is over when the faults are."""
        now_s = self._loop.time()
        return max(now_s, min(now_s + self.dice.uniform(0.0, most_s), self.calm_s))

    def partition(self, most_s: float) -> None:
        """From now on nothing gets through, for a while."""
        self._partition_ends_s = max(self._partition_ends_s, self.until(most_s))

    @property
    def is_parted(self) -> bool:
        """Whether nothing gets through."""
        return self._loop.time() < self._partition_ends_s

    def arrival_s(self) -> float:
        """When something arrives that is sent now."""
        spread_s = self.dice.random() * self.plan.jitter_s if not self.is_calm else 0.001 * self.dice.random()
        return max(self._loop.time(), self._partition_ends_s) + self.plan.latency_s + spread_s
