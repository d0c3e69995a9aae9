"""Numbers of a book as integers: how many units of `10**-decimals` a price or a quantity is, exactly.

The decimals of a market are learnt from its numbers: streams pad them to the tick and step size, REST strips them ("20"). One
with more decimals than were known raises `Finer`; the book then counts in finer units, and reads it again.
"""

from __future__ import annotations

from decimal import Context, Decimal, InvalidOperation
from enum import StrEnum
from typing import NamedTuple

from haversack.units import decimals_of, padded

DECIMALS_MAX = 32
DIGITS_MAX = 64
UNITS_END: int = 10**DIGITS_MAX
"""More units than anything has."""
REMEMBERED_MAX = 4_096
"""Prices come again and again: so many are remembered with their keys, then it begins anew."""


_EXACT = Context(prec=4 * DIGITS_MAX)


class Malformed(ValueError):
    """Something that no book can contain."""


class Of(StrEnum):
    """What a number is of."""

    PRICE = "price"
    QUANTITY = "quantity"


class Finer(Exception):
    """A number has more decimals than the book counts in."""

    def __init__(self, of: Of, decimals: int) -> None:
        self.of = of
        self.decimals = decimals
        super().__init__(f"a {of} with {decimals} decimals")


class Scale(NamedTuple):
    """How many decimals the units of a book have."""

    price: int
    quantity: int

    def price_of(self, ticks: int) -> Decimal:
        """The price, with all its decimals."""
        return padded(ticks, self.price)

    def quantity_of(self, steps: int) -> Decimal:
        """The quantity, with all its decimals."""
        return padded(steps, self.quantity)

    def quote_of(self, units: int) -> Decimal:
        """What a sum of ticks times steps is in the quote asset."""
        return padded(units, self.price + self.quantity)

    def refined(self, finer: Finer) -> Scale:
        """The scale that this number needs too."""
        return self._replace(**{finer.of.value: finer.decimals})


def count_units(number: str, of: Of, decimals: int) -> int:
    """How many units of `10**-decimals` it is. Errors: Finer; Malformed for all but a number of at least 0."""
    whole, _, fraction = number.partition(".")
    digits = whole + fraction
    if len(digits) > DIGITS_MAX:
        raise Malformed(f"{number[:80]!r} is no {of}")
    missing = decimals - len(fraction)
    if missing >= 0 and digits.isdecimal():
        return int(digits) * int(10**missing)
    return count_decimal(_decimal(number, of), of, decimals)


def count_decimal(number: Decimal, of: Of, decimals: int) -> int:
    """The same of a decimal."""
    # A level of 0 can be written with any exponent, and 0E-8 is what a decimal makes of 0.00000000.
    if not number.is_finite() or number < 0 or (number and not -DIGITS_MAX < number.adjusted() < DIGITS_MAX - DECIMALS_MAX):
        raise Malformed(f"{str(number)[:80]} is no {of}")
    if not number:
        return 0
    units = number.scaleb(decimals, _EXACT)
    whole = int(units)
    if whole != units:
        needed = decimals_of(number)
        if needed > DECIMALS_MAX:
            raise Malformed(f"{of} {number} has more than {DECIMALS_MAX} decimals")
        raise Finer(of, needed)
    return whole


def _decimal(number: str, of: Of) -> Decimal:
    try:
        return Decimal(number)
    except InvalidOperation:
        raise Malformed(f"{number[:80]!r} is no {of}") from None


class Prices(dict[str, int]):
    """The keys of prices: counted once, then looked up, which takes a tenth of the time.

    With the sign -1, for asks, the best level has the largest key too.
    """

    def __init__(self, decimals: int, *, sign: int = 1) -> None:
        super().__init__()
        self._decimals = decimals
        self._sign = sign

    def __missing__(self, price: str) -> int:
        key = self._sign * count_units(price, Of.PRICE, self._decimals)
        if not key:
            raise Malformed("a price is 0")
        if len(self) >= REMEMBERED_MAX:
            self.clear()
        self[price] = key
        return key
