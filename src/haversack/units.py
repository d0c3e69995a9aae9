"""Between decimals and integers, and between times and integers. Whatever would lose a digit is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal, InvalidOperation

from haversack.errors import InexactNumber, UsageError

_DIGITS_MAX = 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The default context rounds to 28 digits without a word; this one is wider than anything that passes `to_decimal`.
_EXACT = Context(prec=4 * _DIGITS_MAX)


def to_decimal(value: Decimal | str | int, what: str = "value") -> Decimal:
    """A finite decimal from what a user may write: a Decimal, a numeral or an int; never a float."""
    if isinstance(value, bool) or not isinstance(value, Decimal | str | int):
        raise UsageError(f"{what} must be a Decimal, str or int, not {type(value).__name__}: write {what}={str(value)!r}")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise UsageError(f'{what} must be a number such as "1.5", found {value!r}') from None
    if not number.is_finite():
        raise UsageError(f"{what} must be finite, found {value}")
    if abs(number.adjusted()) > _DIGITS_MAX or len(number.as_tuple().digits) > _DIGITS_MAX:
        raise UsageError(f"{what} has more than {_DIGITS_MAX} digits")
    return number


def plain(number: Decimal) -> str:
    """All digits, as they are, and never an exponent: 0E-8 is 0.00000000."""
    return format(number, "f")


def stripped(number: Decimal) -> Decimal:
    """The same number without trailing zeros after the point (docs: REST decimals)."""
    if not number:
        return Decimal(0)
    short = number.normalize(_EXACT)
    return Decimal(int(short)) if _exponent(short) > 0 else short


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):
        raise UsageError(f"expected a finite number, found {number}")
    return exponent


def to_units(number: Decimal, scale: int, what: str = "value") -> int:
    """How many units of `10**-scale` the number is; refused if it is not a whole number of them."""
    units = number.scaleb(scale, _EXACT)
    whole = int(units)
    if whole != units:
        raise InexactNumber(f"{what} {plain(number)} has more than {scale} decimals")
    return whole


def padded(units: int, scale: int) -> Decimal:
    """`units * 10**-scale` with all its decimals: 9900 at scale 2 is 99.00."""
    return Decimal(units).scaleb(-scale, _EXACT) if scale else Decimal(units)


def compact(units: int, scale: int) -> Decimal:
    """`units * 10**-scale` without trailing zeros: 9900 at scale 2 is 99."""
    while scale and units % 10 == 0:
        units //= 10
        scale -= 1
    return padded(units, scale)


def decimals_of(increment: Decimal) -> int:
    """Decimals that a multiple of the increment can have: 2 for 0.01, 0 for 100."""
    return max(0, -_exponent(stripped(increment)))


def to_time_us(moment: datetime, what: str = "time") -> int:
    """Microseconds since 1970 of a time that knows its zone."""
    if moment.tzinfo is None:
        raise UsageError(f"{what} must know its time zone: write datetime(..., tzinfo=UTC), found {moment!r}")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_time_us(time_us: int) -> datetime:
    """The moment, in UTC, that many microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=time_us)
