"""What a harness is, and what it hands back: how often it tried to break a promise, and how often that worked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias


class Violation(NamedTuple):
    """A promise that was broken."""

    seed: int
    """That of the run that broke it."""
    text: str


class Found(NamedTuple):
    """What came of some seeds."""

    tries: int
    violations: tuple[Violation, ...] = ()

    def __add__(self, other: object) -> Found:
        assert isinstance(other, Found)
        return Found(self.tries + other.tries, self.violations + other.violations)


Prove: TypeAlias = Callable[[range], Found]
"""Tries the seeds of a range, one after the other, each the same every time and in every process."""


def each(seeds: Iterable[int], attempt: Callable[[int], int]) -> Found:
    """Attempts that say how often they tried, and raise AssertionError where the promise is broken."""
    found = Found(0)
    for seed in seeds:
        try:
            found += Found(attempt(seed))
        except AssertionError as broken:
            found += Found(1, (Violation(seed, str(broken)[:2_000] or "an assertion failed"),))
    return found
