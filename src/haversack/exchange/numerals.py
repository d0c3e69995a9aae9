"""Numbers from texts, and what the real server's language says about texts that are none.

Integers are read as Rust reads them, decimals as its library rust_decimal does: 96 bits, at most 28 decimals, what is more is
rounded. The words are inferred from their sources; of integers "invalid digit found in string" was observed.
"""

from __future__ import annotations

import re
from decimal import Decimal

INT32 = (-(2**31), 2**31 - 1)
INT64 = (-(2**63), 2**63 - 1)
UINT16 = (0, 2**16 - 1)
UINT32 = (0, 2**32 - 1)
UINT64 = (0, 2**64 - 1)

_UNITS_MAX = 2**96 - 1
_DECIMALS_MAX = 28
_WHOLE_DIGITS_MAX = 29
_USUAL_DIGITS_MAX = 20
_INTEGER = re.compile(r"([+-]?)0*([0-9]*)", re.ASCII)
# So few digits are within all bounds, so that what such a text means is not in doubt.
_USUAL_DECIMAL = re.compile(r"[0-9]{1,14}(?:\.[0-9]{1,14})?", re.ASCII)
_DECIMAL = re.compile(r"([+-]?)([0-9_]*)(?:\.([0-9_]*))?", re.ASCII)


class NotANumber(Exception):
    """The text is no such number; says why, in the words of the real server's parser."""


def integer(text: str, bounds: tuple[int, int]) -> int:
    """An integer of a type with these bounds; NotANumber otherwise."""
    low, high = bounds
    if len(text) <= _USUAL_DIGITS_MAX and text.isascii() and text.isdecimal() and low <= int(text) <= high:
        return int(text)
    if not text:
        raise NotANumber("cannot parse integer from empty string")
    found = _INTEGER.fullmatch(text)
    if found is None or not text[-1].isdigit() or (found[1] == "-" and low == 0):
        raise NotANumber("invalid digit found in string")
    number = int(found[1] + (found[2] or "0")) if len(found[2]) <= len(str(high)) else None
    if number is not None and low <= number <= high:
        return number
    raise NotANumber(f"number too {'small' if found[1] == '-' else 'large'} to fit in target type")


def id_number(text: str) -> int:
    """The id that a text names; 0, which nothing has, if it names none."""
    try:
        return min(integer(text, UINT64), INT64[1])
    except NotANumber:
        return 0


def decimal(text: str) -> Decimal:
    """A decimal; NotANumber otherwise. There are no exponents in it."""
    if _USUAL_DECIMAL.fullmatch(text):
        return Decimal(text)
    if not text:
        raise NotANumber("Invalid decimal: empty")
    found = _DECIMAL.match(text)
    assert found is not None, "a pattern that takes nothing always matches"
    sign, before, after = found[1], found[2], found[3] or ""
    if (before or after).startswith("_"):
        raise NotANumber("Invalid decimal: must start lead with a number")
    rest = text[found.end() :]
    if rest:
        raise NotANumber("Invalid decimal: two decimal points" if rest[0] == "." else "Invalid decimal: unknown character")
    before, after = before.replace("_", "").lstrip("0"), after.replace("_", "")
    if not any(character.isdigit() for character in text):
        raise NotANumber("Invalid decimal: no digits found")
    units, decimals = _rounded(before, after)
    return Decimal((int(sign == "-"), tuple(map(int, str(units))), -decimals))


def _rounded(whole: str, fraction: str) -> tuple[int, int]:
    if len(whole) > _WHOLE_DIGITS_MAX or int(whole or "0") > _UNITS_MAX:
        raise NotANumber("Invalid decimal: overflow from too many digits")
    decimals = min(len(fraction), _DECIMALS_MAX)
    while int(f"{whole}{fraction[:decimals]}" or "0") > _UNITS_MAX:
        decimals -= 1
    units = int(f"{whole}{fraction[:decimals]}" or "0")
    return units + (fraction[decimals : decimals + 1] >= "5"), decimals
