"""Rows in columns that are as wide as they must be, and fewer of them where there is no room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from haversack.tui.paper import Line, Span, cells, left, right, trimmed

GAP = 2
CELL_MIN = 4

Cells: TypeAlias = Sequence[Span]


class Column(NamedTuple):
    """One column of a table."""

    title: str
    is_right: bool = True
    """Numbers stand at the right, so that their decimals are below each other."""
    rank: int = 0
    """Of columns for which there is no room the highest go first; 0 stays."""


class Row(NamedTuple):
    """One row, and what it is about: the same after its place has changed."""

    key: str
    cells: Cells
    """One for each column; of a row with fewer the last one has all the room that is left."""


class Table(NamedTuple):
    """What is drawn: a head that stays, and rows that may be scrolled."""

    head: Line
    rows: tuple[Line, ...]
    keys: tuple[str, ...]
    """What each row is about."""


def table(columns: Sequence[Column], rows: Sequence[Row], width: int, *, gap: int = GAP) -> Table:
    """The rows in so many columns of the terminal."""
    whole = [row.cells for row in rows if len(row.cells) == len(columns)]
    widths = [max([cells(column.title), *[cells(each[index].text) for each in whole]]) for index, column in enumerate(columns)]
    shown = _shown(columns, widths, width, gap=gap)
    _shrink(widths, shown, width, gap=gap)

    def line(texts: Cells) -> Line:
        spans: list[Span] = []
        for index in shown:
            spans += [Span(" " * gap)] if spans else []
            if index == len(texts) - 1 < len(columns) - 1:
                # The last cell of a row that has fewer goes on to the end.
                spans.append(texts[index])
                break
            place = right if columns[index].is_right else left
            spans.append(Span(place(texts[index].text, widths[index]), texts[index].style))
        return trimmed(spans, width)

    head = line([Span(column.title, "head") for column in columns])
    return Table(head, tuple(line(row.cells) for row in rows), tuple(row.key for row in rows))


def _shown(columns: Sequence[Column], widths: Sequence[int], width: int, *, gap: int) -> list[int]:
    shown = list(range(len(columns)))
    while _needed(widths, shown, gap) > width:
        last = max(shown, key=lambda index: columns[index].rank)
        if not columns[last].rank:
            break
        shown.remove(last)
    return shown


def _shrink(widths: list[int], shown: Sequence[int], width: int, *, gap: int) -> None:
    while _needed(widths, shown, gap) > width:
        widest = max(shown, key=lambda index: widths[index])
        if widths[widest] <= CELL_MIN:
            return
        widths[widest] -= 1


def _needed(widths: Sequence[int], shown: Sequence[int], gap: int) -> int:
    return sum(widths[index] for index in shown) + gap * (len(shown) - 1)
