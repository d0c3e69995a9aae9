"""The order book: asks above, bids below, and behind each level a bar as long as all that rests up to it."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import NamedTuple

from haversack.book.reading import CumulativeLevel
from haversack.book.snapshot import BookSnapshot
from haversack.tui.figures import compact, fixed, rounded
from haversack.tui.model import BookSight
from haversack.tui.paper import BLANK, Line, Span, cells, cut, message, right, trimmed
from haversack.wire.enums import Side

_MARK, _NO_MARK = "▸", " "
NUMBER_WIDTH = 9


class BookPicture(NamedTuple):
    """What is drawn, and what a click on each line means."""

    lines: list[Line]
    levels: list[tuple[Side, Decimal] | None]


class _Shape(NamedTuple):
    width: int
    price_width: int
    number_width: int
    price_decimals: int
    quantity_decimals: int
    deepest: Decimal
    """The most that rests on one side."""
    is_stale: bool


def book_picture(
    sight: BookSight, size: tuple[int, int], *, decimals: tuple[int, int], own: Collection[tuple[Side, Decimal]] = ()
) -> BookPicture:
    """The best levels of both sides, as many as fit; the spread stands in the middle. `own` are prices of one's own orders."""
    width, height = size
    if sight.snapshot is None:
        said = message(sight.trouble or "no book yet", width, "warn")
        return BookPicture(said, [None] * len(said))
    notes = message(f"not in sync: {sight.trouble}", width, "warn")[:2] if sight.trouble else []
    rows = max(0, (height - 2 - len(notes)) // 2)
    asks, bids = (sight.snapshot.cumulative(side, rows) if rows else [] for side in (Side.ASK, Side.BID))
    shape = _shape(asks + bids, width, decimals=decimals, is_stale=bool(sight.trouble))
    lines: list[Line] = [*notes, _head(shape)]
    levels: list[tuple[Side, Decimal] | None] = [None] * len(lines)
    for side, listed in ((Side.ASK, asks), (Side.BID, bids)):
        drawn = [_level(listed, index, side, shape=shape, own=own) for index in range(rows)]
        prices = [(side, listed[index].price) if index < len(listed) else None for index in range(rows)]
        lines += reversed(drawn) if side is Side.ASK else drawn
        levels += reversed(prices) if side is Side.ASK else prices
        if side is Side.ASK:
            lines.append(_middle(sight.snapshot, shape))
            levels.append(None)
    return BookPicture(lines, levels)


def _shape(levels: list[CumulativeLevel], width: int, *, decimals: tuple[int, int], is_stale: bool) -> _Shape:
    price_width = max([len("price"), *[len(fixed(level.price, decimals[0])) for level in levels]])
    number_width = max(5, min(NUMBER_WIDTH, (width - price_width - 3) // 2))
    deepest = max((level.quantity for level in levels), default=Decimal(0))
    return _Shape(width, price_width, number_width, *decimals, deepest, is_stale)


def _head(shape: _Shape) -> Line:
    texts = " " + right("price", shape.price_width), right("quantity", shape.number_width), right("total", shape.number_width)
    return trimmed([Span(" ".join(texts), "head")], shape.width)


def _level(
    listed: list[CumulativeLevel], index: int, side: Side, *, shape: _Shape, own: Collection[tuple[Side, Decimal]]
) -> Line:
    if index >= len(listed):
        nothing = f"no {side.lower()}s" if index == 0 else "no more" if index == len(listed) else ""
        return trimmed([Span(f" {nothing}", "dim")], shape.width) if nothing else BLANK
    level = listed[index]
    before = listed[index - 1].quantity if index else Decimal(0)
    is_mine = (side, level.price) in own
    price = right(fixed(level.price, shape.price_decimals), shape.price_width)
    numbers = [_number(number, shape) for number in (level.quantity - before, level.quantity)]
    colour = "dim" if shape.is_stale else "up" if side is Side.BID else "down"
    spans = [
        Span(_MARK if is_mine else _NO_MARK, "mine"),
        Span(price, "mine" if is_mine else colour),
        Span(f" {numbers[0]} "),
        Span(numbers[1], "dim"),
    ]
    length = int(level.quantity / shape.deepest * shape.width) if shape.deepest else 0
    bar = "" if shape.is_stale else "bar-bid" if side is Side.BID else "bar-ask"
    return _with_bar(trimmed(spans, shape.width), max(1, length), bar)


def _number(number: Decimal, shape: _Shape) -> str:
    text = rounded(number, shape.quantity_decimals)
    return right(text if len(text) <= shape.number_width else compact(number, shape.number_width), shape.number_width)


def _with_bar(line: Line, length: int, bar: str) -> Line:
    """The line with another background behind its last columns."""
    start, column, spans = sum(cells(span.text) for span in line) - length, 0, list[Span]()
    for span in line:
        room = max(0, min(len(span.text), start - column))
        column += len(span.text)
        head, tail = span.text[:room], span.text[room:]
        spans += [Span(head, span.style)] if head else []
        spans += [Span(tail, f"{span.style} {bar}".strip())] if tail else []
    return tuple(spans)


def _middle(snapshot: BookSnapshot, shape: _Shape) -> Line:
    mid, spread = snapshot.mid, snapshot.spread
    if mid is None or spread is None:
        return trimmed([Span("  no spread: a side is empty", "dim")], shape.width)
    bps = spread / mid * 10_000 if mid else Decimal(0)
    middle = f"  {fixed(mid, shape.price_decimals)}"
    rest = f"spread {fixed(spread, shape.price_decimals)}"
    more = f" ({rounded(bps, 1)} bp)"
    text = rest + more if cells(middle + rest + more) + 2 <= shape.width else rest
    return trimmed([Span(middle, "strong"), Span("  " + cut(text, max(0, shape.width - cells(middle) - 2)), "dim")], shape.width)
