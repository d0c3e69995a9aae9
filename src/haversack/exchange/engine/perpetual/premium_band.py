"""The mean premium band: at which prices orders that take may trade in a perpetual.

Documented: the premium of a fill over the index stays within a tolerance of its five-minute mean. Guesses: the tolerance 0.05
(recorded) is a fraction, five percent, and the mean weighs by time like that of the mark price.
"""

from __future__ import annotations

from haversack.exchange.engine.rules import Ratio

PREMIUM_ONE = 10**18
"""What a premium of 100 % counts."""


def premium_of(mark_e18: int, index_e18: int) -> int:
    """How far the mark price is above the index, in 1e-18 of the index, rounded down."""
    assert index_e18 > 0, f"an index of {index_e18}"
    return (mark_e18 - index_e18) * PREMIUM_ONE // index_e18


def premium_bounds(index_e18: int, mean: tuple[int, int], tolerance: Ratio) -> tuple[int, int]:
    """The lowest and the highest price of a fill, rounded inwards.

    The mean is a sum of premiums and their number, as `MeanPrice` has it.
    """
    total, count = mean
    assert count > 0, "a mean of nothing"
    # index * (1 + total / count / one -+ tolerance), over one denominator.
    denominator = count * PREMIUM_ONE * tolerance.denominator
    centre = denominator + total * tolerance.denominator
    width = tolerance.numerator * count * PREMIUM_ONE
    lowest_e18 = -(-index_e18 * (centre - width) // denominator)
    return max(0, lowest_e18), index_e18 * (centre + width) // denominator
