"""The exchange's decimal arithmetic: a whole number below 2**96 and at most 28 decimals, rounded half to even.

Every function gives the exact result, rounded once to the most decimals that fit. So 29 digits are possible, as in the recorded
146.54107521099999999999999999 (2025-06). Trailing zeros are kept or not as Python does; they are no part of the value.

Source: recorded (the four estimated liquidation prices of 2025-06 come out to the last digit). The last digit of a root is
inferred: the exchange's library finds it by repeated halving, this one rounds it correctly.
"""

from __future__ import annotations

from decimal import ROUND_05UP, ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal

MANTISSA_MAX = 2**96 - 1
SCALE_MAX = 28

# Wide enough for every exact sum and product of two such numbers.
_EXACT = Context(prec=120)
# A quotient has no end. Cut off so, it can still be rounded to half that many digits as if it were exact.
_CUT = Context(prec=120, rounding=ROUND_05UP)


def fit(number: Decimal) -> Decimal:
    """The nearest number that the exchange can hold. OverflowError: it is too large."""
    decimals = min(SCALE_MAX, SCALE_MAX - number.adjusted())
    if _decimals(number) <= decimals and _fits(number):
        return number
    for tried in (decimals, decimals - 1):
        rounded = number.quantize(Decimal(1).scaleb(-tried), rounding=ROUND_HALF_EVEN, context=_EXACT)
        if _fits(rounded):
            return rounded
    raise OverflowError(f"{number} does not fit into 96 bits")


def plus(one: Decimal, other: Decimal) -> Decimal:
    """The sum."""
    return fit(_EXACT.add(one, other))


def minus(one: Decimal, other: Decimal) -> Decimal:
    """The difference."""
    return fit(_EXACT.subtract(one, other))


def times(one: Decimal, other: Decimal) -> Decimal:
    """The product."""
    return fit(_EXACT.multiply(one, other))


def over(one: Decimal, other: Decimal) -> Decimal:
    """The quotient. ZeroDivisionError: of nothing by zero too."""
    if not other:
        raise ZeroDivisionError(f"{one} divided by zero")
    return fit(_CUT.divide(one, other))


def root(number: Decimal) -> Decimal:
    """The square root of a number that is not negative."""
    assert number >= 0, f"the root of {number}"
    return fit(_EXACT.sqrt(number))


def cut(number: Decimal, decimals: int) -> Decimal:
    """The number without the digits after so many decimals: rounded towards zero."""
    if _decimals(number) <= decimals:
        return number
    return number.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_DOWN, context=_EXACT)


def _decimals(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int), f"{number} is not finite"
    return max(0, -exponent)


def _fits(number: Decimal) -> bool:
    return abs(int(number.scaleb(_decimals(number), _EXACT))) <= MANTISSA_MAX
