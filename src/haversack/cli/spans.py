"""Stretches of time as people write them: `5s`, `200ms`, `1h`."""

from __future__ import annotations

import re
from decimal import Decimal

from haversack.errors import UsageError

_UNITS_US = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
_SPAN = re.compile(r"(-?[0-9]{1,12}(?:\.[0-9]{1,6})?)(us|ms|s|m|h|d)")


def span_us(text: str, name: str) -> int:
    """So many microseconds; a UsageError that says how to write it."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise UsageError(f"{name} must be a number and its unit, such as 5s, 200ms, 10m or 1h; found {text!r}")
    return int(Decimal(found[1]) * _UNITS_US[found[2]])


def span_s(text: str | None, name: str) -> float | None:
    """So many seconds; None if nothing was said."""
    return None if text is None else span_us(text, name) / 1_000_000
