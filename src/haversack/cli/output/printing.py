"""The forms in which rows are printed. Each says of which profile they are."""

from __future__ import annotations

import csv
import io
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any, Literal, TextIO, TypeAlias

import msgspec

from haversack.cli.output.escape import cell, json_safe, visible
from haversack.cli.output.shown import as_json, as_text
from haversack.cli.output.table import Column, Table

Form: TypeAlias = Literal["table", "json", "ndjson", "csv"]
_GAP = "  "
_ROOM_LEAST = 20
_BOLD, _DIM, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"


class Style(msgspec.Struct, frozen=True):
    """How a terminal is written to."""

    has_colour: bool = False
    width: int | None = None
    """Columns of the terminal; None: it is none, and lines may be as long as they like."""

    def bold(self, text: str) -> str:
        """Stands out."""
        return f"{_BOLD}{text}{_PLAIN}" if self.has_colour else text

    def dim(self, text: str) -> str:
        """Stands back."""
        return f"{_DIM}{text}{_PLAIN}" if self.has_colour else text


def lines_of(table: Table, form: Form, profile: str, style: Style) -> Iterator[str]:
    """What to print, line by line; JSON line by line and CSV begin before the last row is known."""
    if form == "json":
        yield json_line({"profile": profile, "data": table.whole if table.whole is not None else list(table.rows)}, indent=2)
    elif form == "ndjson":
        rows = [table.whole] if table.is_single and table.whole is not None else table.rows
        yield from (json_line(_tagged(profile, row)) for row in rows)
    elif form == "csv":
        yield csv_line(["profile", *(column.name for column in table.columns)])
        for row in table.rows:
            yield csv_line([profile, *(cell(visible(as_text(column.get(row)))) for column in table.columns)])
    elif table.is_single:
        yield from _facts(table, profile, style)
    else:
        yield from _grid(table, profile, style)


def json_line(value: Any, *, indent: int = 0) -> str:
    """JSON of a value, in one line unless it is indented."""
    text = msgspec.json.encode(as_json(value))
    return json_safe((msgspec.json.format(text, indent=indent) if indent else text).decode())


def csv_line(cells: Sequence[str]) -> str:
    """One line of CSV."""
    line = io.StringIO()
    # Both characters are named, so that a cell with either of them is quoted.
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue().removesuffix("\r\n")


def write(lines: Iterator[str], stream: TextIO) -> None:
    """Print them as they come."""
    stream.writelines(line + "\n" for line in lines)


def _tagged(profile: str, row: Any) -> dict[str, Any]:
    plain = as_json(row)
    return {"profile": profile, **plain} if isinstance(plain, dict) else {"profile": profile, "value": plain}


def _heading(table: Table, profile: str, style: Style) -> str:
    return style.bold(visible(table.title)) + style.dim(f"  [{visible(profile)}]")


def _facts(table: Table, profile: str, style: Style) -> Iterator[str]:
    yield _heading(table, profile, style)
    for row in table.rows:
        yield from _record(table.columns, [visible(as_text(column.get(row))) or "-" for column in table.columns], style)


def _record(columns: Sequence[Column], cells: Sequence[str], style: Style) -> Iterator[str]:
    """One thing, its fields below each other."""
    longest = max((width_of(column.name) for column in columns), default=0)
    for column, text in zip(columns, cells, strict=True):
        name = column.name + " " * (longest - width_of(column.name))
        first, *others = _broken([name, text], style.width)
        yield _GAP + style.dim(name) + first[len(_GAP) + len(name) :]
        yield from others


def _grid(table: Table, profile: str, style: Style) -> Iterator[str]:
    yield _heading(table, profile, style)
    cells = [[visible(as_text(column.get(row))) or "-" for column in table.columns] for row in table.rows]
    if not cells:
        yield _GAP + style.dim("none")
        return
    widths = [max(width_of(column.name), *(width_of(row[place]) for row in cells)) for place, column in enumerate(table.columns)]
    shown = _that_fit(table.columns, widths, style.width)
    is_cut = len(shown) < len(widths)
    if not _is_readable([widths[place] for place in shown], style.width) or (is_cut and len(cells) == 1):
        yield from _records(table.columns, cells, style)
        return
    yield style.dim(_line([_set(table.columns[place].name, widths[place], table.columns[place]) for place in shown]))
    for row in cells:
        yield from _broken([_set(row[place], widths[place], table.columns[place]) for place in shown], style.width)
    if is_cut:
        left_out = [column.name for place, column in enumerate(table.columns) if place not in shown]
        yield from (style.dim(line) for line in _wrapped(f"(too narrow for {', '.join(left_out)})", style))


def _records(columns: Sequence[Column], rows: Sequence[Sequence[str]], style: Style) -> Iterator[str]:
    """Each row as a block of its fields, where they do not fit beside each other: nothing is left out."""
    for place, row in enumerate(rows):
        if place:
            yield ""
        yield from _record(columns, row, style)


def _is_readable(widths: Sequence[int], width: int | None) -> bool:
    """Whether columns fit beside each other; the last one may go on below itself, if it has room enough."""
    if width is None or _taken(widths) <= width:
        return True
    return width - _taken([*widths[:-1], 0]) >= _ROOM_LEAST


def _taken(widths: Sequence[int]) -> int:
    return sum(len(_GAP) + each for each in widths)


def _wrapped(text: str, style: Style) -> Iterator[str]:
    room = max((style.width or len(text) + len(_GAP)) - len(_GAP), 1)
    yield from (_GAP + line for line in textwrap.wrap(text, room))


def _that_fit(columns: Sequence[Column], widths: Sequence[int], width: int | None) -> list[int]:
    """The places of the columns that fit on a line: the last minor ones are left out first."""
    shown = list(range(len(columns)))
    minor = [place for place in shown if columns[place].is_minor]
    while width is not None and minor and _taken([widths[place] for place in shown]) > width:
        shown.remove(minor.pop())
    return shown


def _broken(cells: list[str], width: int | None) -> Iterator[str]:
    """A line of cells; the last one goes on below itself where the terminal is too narrow."""
    line, *_, last = _line(cells), cells[-1]
    room = (width or 0) - width_of(line) + width_of(last.rstrip())
    if width is None or width_of(line) <= width or room < _ROOM_LEAST:
        yield line
        return
    # An address or a key in two pieces is none: such a word is left to the terminal.
    first, *others = textwrap.wrap(last, room, break_long_words=False, break_on_hyphens=False) or [""]
    yield _line([*cells[:-1], first])
    yield from (" " * (width - room) + other for other in others)


def _line(cells: Sequence[str]) -> str:
    return (_GAP + _GAP.join(cells)).rstrip()


def _set(text: str, width: int, column: Column) -> str:
    space = " " * (width - width_of(text))
    return space + text if column.is_number else text + space


def width_of(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
