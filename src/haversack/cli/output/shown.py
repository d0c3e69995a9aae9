"""Values as text: what a column shows, and what JSON says. Decimals keep all their digits, and never get an exponent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, cast

import msgspec

from haversack.units import plain


def as_text(value: Any) -> str:
    """A value as a cell; nothing for None."""
    if value is None or value is msgspec.UNSET:
        return ""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return as_time(value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, list | tuple | dict | msgspec.Struct):
        return msgspec.json.encode(as_json(value)).decode()
    return str(value)


def as_time(moment: datetime) -> str:
    """A moment, UTC, to the millisecond."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.") + f"{moment.microsecond // 1_000:03d}"


def as_json(value: Any) -> Any:
    """The same in the exchange's own names, of which JSON can be made; every decimal is a string."""
    return _plain(msgspec.to_builtins(value, builtin_types=(Decimal,)) if _is_typed(value) else value)


def _is_typed(value: Any) -> bool:
    return not isinstance(value, Mapping)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, msgspec.Struct):
        return as_json(value)
    if issubclass(type(value), Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("list[Any]", value)]
    return value.value if isinstance(value, Enum) else value
