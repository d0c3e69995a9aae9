"""Arithmetic that loses no digit, and comparisons with what may be missing."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal

# The exchange's numbers have at most 29 digits, their products twice that; the default context rounds at 28 without a word.
EXACT = Context(prec=120)


def total(numbers: Iterable[Decimal]) -> Decimal:
    """The sum, to the last digit."""
    result = Decimal(0)
    for number in numbers:
        result = EXACT.add(result, number)
    return result


def product(one: Decimal, other: Decimal) -> Decimal:
    """The product, to the last digit."""
    return EXACT.multiply(one, other)


def larger(one: Decimal, other: Decimal | None) -> Decimal:
    """The larger of the two; a missing one does not count."""
    return other if other is not None and other > one else one


def smaller(one: Decimal | None, other: Decimal) -> Decimal:
    """The smaller of the two; a missing one does not count."""
    return one if one is not None and one < other else other
