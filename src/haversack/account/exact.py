"""Arithmetic that loses no digit, and comparisons with what may be missing."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal

import msgspec

DIGITS_MAX = 50
"""Before and after the point; what has more is a mistake, and no sum would be exact any more."""

# The exchange's numbers have at most 29 digits, their products twice that; the default context rounds at 28 without a word.
EXACT = Context(prec=120)


def is_sound(said: msgspec.Struct) -> bool:
    """Whether all numbers in what the exchange said can be reckoned with: a NaN, which JSON's strings can hold, cannot."""
    return all(map(is_number, msgspec.structs.astuple(said)))


def is_number(value: object) -> bool:
    """Whether a value is a finite number of a bearable length, or no number at all."""
    if not isinstance(value, Decimal):
        return True
    return value.is_finite() and int(value.as_tuple().exponent) >= -DIGITS_MAX and value.adjusted() < DIGITS_MAX


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
