"""Numbers as text that fits into a column, and never says less than it seems to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from haversack.units import decimals_of, stripped

_SCALES = ((0, ""), (3, "k"), (6, "M"), (9, "B"), (12, "T"))
_DECIMALS_MAX = 3
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def fixed(number: Decimal, decimals: int) -> str:
    """The number with so many decimals; with all of its own if it has more, because a price is not rounded here."""
    return format(number, f".{max(decimals, decimals_of(stripped(number)))}f")


def rounded(number: Decimal, decimals: int) -> str:
    """The number rounded to so many decimals."""
    return format(number, f".{decimals}f")


def compact(number: Decimal, width: int) -> str:
    """The number in at most so many characters: fewer decimals, then k, M, B or T, then an exponent."""
    text = format(number, "f")
    whole = text.rstrip("0").rstrip(".") if "." in text else text
    if len(whole) <= width:
        return whole
    # 8.1M and not 8112k: at most three digits before the point, if there is room.
    begin = min(max(0, number.adjusted()) // 3, len(_SCALES) - 1)
    for scale, suffix in _SCALES[begin:]:
        for decimals in range(_DECIMALS_MAX, -1, -1):
            shown = format(number.scaleb(-scale), f".{decimals}f")
            # A number that is rounded to nothing, or to twice as much, would be a lie.
            is_close = 2 * abs(Decimal(shown).scaleb(scale) - number) <= abs(number)
            if len(shown) + len(suffix) <= width and is_close:
                return shown + suffix
    for decimals in (2, 1, 0):
        if len(shown := format(number, f".{decimals}e")) <= width:
            return shown
    return "#" * width


def change(first: Decimal, last: Decimal) -> Decimal | None:
    """How much more the last is, in percent of the first; None if that cannot be said."""
    return (last - first) / first * 100 if first else None


def percent(number: Decimal | None) -> str:
    """`+1.73%`; a dash if it is not known."""
    return "-" if number is None else f"{number:+.2f}%"


def time_of_day(time_us: int) -> str:
    """`17:52:01`, UTC."""
    return (_EPOCH + timedelta(microseconds=time_us)).strftime("%H:%M:%S")


def minute(time_us: int) -> str:
    """`17:52`, UTC."""
    return (_EPOCH + timedelta(microseconds=time_us)).strftime("%H:%M")


def day(time_us: int) -> str:
    """`09-01`, UTC."""
    return (_EPOCH + timedelta(microseconds=time_us)).strftime("%m-%d")


def duration(length_us: int) -> str:
    """`3 s`, `12 min`, `5 h`: the largest unit alone."""
    length_s = max(0, length_us) // 1_000_000
    for unit, size_s in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if length_s >= 2 * size_s:
            return f"{length_s // size_s} {unit}"
    return f"{length_s} s"


def lag(length_us: int) -> str:
    """`0 ms`, `340 ms`, `12 s`: how late something came; `-3 ms`, `-76 min` where this machine's clock is behind."""
    length_ms = length_us // 1_000
    if abs(length_ms) < 10_000:
        return f"{length_ms} ms"
    return f"{'-' if length_us < 0 else ''}{duration(abs(length_us))}"
