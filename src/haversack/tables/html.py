"""Rows as an HTML table, for notebooks. Everything that came from elsewhere is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from html import escape
from typing import Any

from haversack.tables.columns import Column, columns_of

ROWS_MAX = 60
"""Rows that are shown; the others are counted."""

_RIGHT = frozenset({"decimal", "integer"})


class Table:
    """Answers of one type, shown as a table: HTML in a notebook, text elsewhere."""

    __slots__ = ("_rows", "title")

    def __init__(self, rows: Iterable[Any], *, title: str = "") -> None:
        self._rows = list(rows)
        self.title = title

    def _repr_html_(self) -> str:
        return rows_as_html(self._rows, title=self.title)

    def __repr__(self) -> str:
        columns = columns_of(self._rows)
        cells = [[column.name, *map(cell_text, column.values)] for column in columns]
        widths = [max(map(len, column)) for column in cells]
        lines = [
            "  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True)) for line in zip(*cells, strict=True)
        ]
        return "\n".join([self.title, *lines] if self.title else lines) or "no rows"


def rows_as_html(rows: Sequence[Any], *, title: str = "") -> str:
    """A table with a row for each; a column that is empty in all of them is left out."""
    columns = [column for column in columns_of(rows) if column.kind != "nothing"]
    caption = f"<caption>{escape(title)}</caption>" if title else ""
    head = "".join(f"<th>{escape(column.name)}</th>" for column in columns)
    shown = min(len(rows), ROWS_MAX)
    body = "".join(f"<tr>{''.join(_cell(column, number) for column in columns)}</tr>" for number in range(shown))
    more = f"<p>and {len(rows) - shown} more</p>" if len(rows) > shown else ""
    if not rows:
        return f"<table>{caption}<tr><td>no rows</td></tr></table>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def row_as_html(row: Any) -> str:
    """One answer, a line for each field that has a value."""
    lines = [
        f"<tr><th style='text-align:left'>{escape(column.name)}</th>{_cell(column, 0)}</tr>"
        for column in columns_of([row])
        if column.kind != "nothing"
    ]
    return f"<table><caption>{escape(type(row).__name__)}</caption>{''.join(lines)}</table>"


def facts_as_html(title: str, facts: Mapping[str, Any]) -> str:
    """A line for each fact that is known."""
    lines = [
        f"<tr><th style='text-align:left'>{escape(name)}</th><td>{escape(cell_text(value))}</td></tr>"
        for name, value in facts.items()
        if value is not None
    ]
    return f"<table><caption>{escape(title)}</caption>{''.join(lines)}</table>"


def cell_text(value: Any) -> str:
    """One value as people read it."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else str(value)


def _cell(column: Column, number: int) -> str:
    side = "right" if column.kind in _RIGHT else "left"
    return f"<td style='text-align:{side}'>{escape(cell_text(column.values[number]))}</td>"
