"""From rows to columns: what each field of an answer is in a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Literal, TypeAlias

import msgspec

from haversack.errors import UsageError

Kind: TypeAlias = Literal["text", "integer", "decimal", "flag", "time", "nothing"]

# A field that counts time is shown as the moment that a property of the same row gives.
_COUNTED = ("_ms", "_us", "_ns", "_s", "_iso")
_KINDS: tuple[tuple[type, Kind], ...] = ((bool, "flag"), (int, "integer"), (datetime, "time"))


class Column(msgspec.Struct, frozen=True):
    """One column; None where a row has nothing there."""

    name: str
    kind: Kind
    values: list[Any]
    """`str`, `int`, `Decimal`, `bool` or `datetime` in UTC, by the kind."""


def columns_of(rows: Iterable[Any]) -> list[Column]:
    """The columns of answers or events of one type, or of named tuples, in the order of their fields.

    Times are moments in UTC and stand under the name of the property that gives them (`time`, `created_at`), at the end. A field
    that is an object or a list becomes JSON text. Errors: UsageError if the rows are not of one such type.
    """
    found = list(rows)
    if not found:
        return []
    first: object = found[0]
    kind: type[Any] = type(first)
    stray = next((row for row in found if type(row) is not kind), None)
    if stray is not None:
        raise UsageError(f"a table needs rows of one type, found {kind.__name__} and {type(stray).__name__}")
    moments = _moments(kind)
    names = [name for name in _fields(kind) if not (moments and name.endswith(_COUNTED))]
    return [_column(name, [_plain(getattr(row, name)) for row in found]) for name in (*names, *moments)]


def _fields(kind: type[Any]) -> Sequence[str]:
    if issubclass(kind, msgspec.Struct):
        return kind.__struct_fields__
    named: Sequence[str] | None = getattr(kind, "_fields", None)
    if named is not None:
        return named
    raise UsageError(f"a table needs rows that are answers, events or levels, found {kind.__name__}")


def _moments(kind: type[Any]) -> list[str]:
    """Properties that give a moment."""
    found: list[str] = []
    for base in reversed(kind.__mro__):
        for name, value in vars(base).items():
            if isinstance(value, property) and str(getattr(value.fget, "__annotations__", {}).get("return")).startswith(
                "datetime"
            ):
                found.append(name)
    return found


def _plain(value: Any) -> Any:
    """One cell, as one of the kinds."""
    if value is None or value is msgspec.UNSET:
        return None
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, msgspec.Struct | list | tuple | dict | frozenset):
        return msgspec.json.encode(value).decode()
    return value


def _column(name: str, values: list[Any]) -> Column:
    known = [value for value in values if value is not None]
    if not known:
        return Column(name, "nothing", values)
    for kind, word in _KINDS:
        if all(isinstance(value, kind) and (kind is bool or not isinstance(value, bool)) for value in known):
            return Column(name, word, values)
    if all(isinstance(value, str) for value in known):
        return Column(name, "text", values)
    if any(isinstance(value, str | bool | datetime) for value in known):
        return Column(name, "text", [None if value is None else str(value) for value in values])
    return Column(name, "decimal", values)
