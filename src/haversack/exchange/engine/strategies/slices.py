"""How much of a strategy is sent when: quantity / (duration / interval) at the beginning of every interval (inferred).

Guesses: the first slice is sent at once; what is sent by any moment is rounded down to the step, so that slices differ by one
step at most; a slice of random size is between half and one and a half times as large. The randomness is a hash, so that it
repeats.
"""

from __future__ import annotations

from hashlib import sha256

from haversack.exchange.engine.strategies.command import StartStrategy
from haversack.exchange.engine.strategies.event import StrategyFacts

SPREAD = 4
"""Boundaries between slices of random size move by at most one of so many parts of a slice."""


def count(asked: StartStrategy) -> int:
    """Into how many slices it is cut."""
    return asked.duration_ms // asked.interval_ms


def sizes(asked: StartStrategy, step: int) -> tuple[int, int]:
    """The smallest and the largest slice that there may be."""
    each, spread = _slice(asked, step)
    is_even = each * count(asked) == asked.quantity
    return each - 2 * spread, each + 2 * spread + (0 if is_even else step)


def due(strategy: StrategyFacts, now_us: int) -> int:
    """How many slices should have been sent by now."""
    passed = (now_us - strategy.created_us) // (strategy.asked.interval_ms * 1_000)
    return min(passed + 1, count(strategy.asked))


def together(strategy: StrategyFacts, number: int, step: int) -> int:
    """What so many first slices are together."""
    asked = strategy.asked
    if number >= count(asked):
        return asked.quantity
    _, spread = _slice(asked, step)
    return asked.quantity * number // (count(asked) * step) * step + _offset(strategy.strategy_id, number, spread // step) * step


def _slice(asked: StartStrategy, step: int) -> tuple[int, int]:
    each = asked.quantity // (count(asked) * step) * step
    return each, each // (SPREAD * step) * step if asked.is_randomized and count(asked) > 1 else 0


def _offset(strategy_id: int, number: int, most: int) -> int:
    """Where the boundary after so many slices is, from `-most` to `most` steps away from its place."""
    if not most or not number:
        return 0
    drawn = int.from_bytes(sha256(f"{strategy_id} {number}".encode()).digest()[:8])
    return drawn % (2 * most + 1) - most
