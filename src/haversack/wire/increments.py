"""Numbers as users write them, and multiples of an increment: exact, however many digits there are."""

from __future__ import annotations

from decimal import Context, Decimal, InvalidOperation
from typing import TYPE_CHECKING

from haversack.errors import UsageError

if TYPE_CHECKING:
    from haversack.wire.inputs import Number

_DIGITS_MAX = 64
# Wider than the product of any two numbers that are let in.
_EXACT = Context(prec=4 * _DIGITS_MAX)


def number(value: Number, what: str) -> Decimal:
    """A finite decimal from what a user may write: a Decimal, a numeral or an int; never a float."""
    if isinstance(value, bool) or not isinstance(value, Decimal | str | int):
        raise UsageError(f"{what} must be a Decimal, str or int, not {type(value).__name__}: write {what}={str(value)!r}")
    try:
        read = Decimal(value)
    except InvalidOperation:
        raise UsageError(f'{what} must be a number such as "1.5", found {value!r}') from None
    if not read.is_finite():
        raise UsageError(f"{what} must be finite, found {value}")
    if abs(read.adjusted()) > _DIGITS_MAX or len(read.as_tuple().digits) > _DIGITS_MAX:
        raise UsageError(f"{what} has more than {_DIGITS_MAX} digits")
    return read


def rounded_down(value: Decimal, increment: Decimal) -> Decimal:
    """The largest multiple of the increment that is not above the value, with the increment's decimals."""
    return _multiple(_count(value, increment), increment)


def rounded_up(value: Decimal, increment: Decimal) -> Decimal:
    """The smallest multiple of the increment that is not below the value, with the increment's decimals."""
    return _multiple(-_count(value.copy_negate(), increment), increment)


def is_multiple(value: Decimal, increment: Decimal) -> bool:
    """Whether the value is a whole number of increments."""
    return rounded_down(value, increment) == value


def product(one: Decimal, other: Decimal) -> Decimal:
    """Exactly, whatever the precision of the moment is."""
    return _EXACT.multiply(one, other)


def _count(value: Decimal, increment: Decimal) -> int:
    # In integers: the remainder of two decimals is rounded once it has more digits than the context.
    top, bottom = value.as_integer_ratio()
    step_top, step_bottom = increment.as_integer_ratio()
    return top * step_bottom // (bottom * step_top)


def _multiple(count: int, increment: Decimal) -> Decimal:
    """So many increments, with the decimals of one, and never with an exponent above zero."""
    multiple = _EXACT.multiply(Decimal(count), increment)
    exponent = multiple.as_tuple().exponent
    return Decimal(int(multiple)) if isinstance(exponent, int) and exponent > 0 else multiple
