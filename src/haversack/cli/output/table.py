"""What a command has to show: a title, columns, and rows that may come one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

import msgspec


class Column(msgspec.Struct, frozen=True):
    """One column: its heading, and where a row's value is."""

    name: str
    get: Callable[[Any], Any]
    is_number: bool = False
    """Set to the right."""
    is_minor: bool = False
    """May be left out where the terminal is too narrow for all."""


class Table(msgspec.Struct, frozen=True):
    """Rows of one kind. JSON has them whole, in the exchange's own names; table and CSV have the columns."""

    title: str
    columns: tuple[Column, ...]
    rows: Iterable[Any]
    whole: Any = None
    """What JSON says instead of the rows: the answer that they were made of."""
    is_single: bool = False
    """One thing and not a list: a table shows its fields below each other, JSON is the object itself."""


def column(name: str, path: str = "", *, number: bool = False, minor: bool = False) -> Column:
    """A column of an attribute, which has the same name unless another is given."""
    return Column(name, attrgetter(path or name), number, minor)


def number(name: str, path: str = "", *, minor: bool = False) -> Column:
    """A column of numbers."""
    return column(name, path, number=True, minor=minor)


def facts(title: str, pairs: Iterable[tuple[str, Any]], whole: Any = None) -> Table:
    """One thing: what it is called, and its fields below each other. JSON has their names in one word."""
    listed = list(pairs)
    names = tuple(Column(name, _picks(place)) for place, (name, _) in enumerate(listed))
    values = [value for _, value in listed]
    if whole is None:
        whole = {name.replace(" ", "_"): value for name, value in listed}
    return Table(title, names, [values], whole, is_single=True)


def fields_of(answer: Any) -> list[tuple[str, Any]]:
    """Names and values of a struct, in its order."""
    return [(field.name, getattr(answer, field.name)) for field in msgspec.structs.fields(answer)]


def _picks(place: int) -> Callable[[Any], Any]:
    return lambda row: row[place]
