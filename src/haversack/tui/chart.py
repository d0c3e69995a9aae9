"""Candles drawn with block characters, two steps of height to a line, with their volumes, prices and times."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from haversack.tui.candles import Candle
from haversack.tui.figures import day, fixed, minute
from haversack.tui.paper import Line, Span, left, message, right, trimmed

_BODY = {(True, True): "█", (True, False): "▀", (False, True): "▄"}
_WICK = {(True, True): "│", (True, False): "╵", (False, True): "╷"}
_VOLUMES = " ▁▂▃▄▅▆▇█"
VOLUME_ROWS = 2
HEIGHT_WITH_VOLUMES = 9
"""Where there is less, the prices get all of it."""
CANDLE_WIDTH = 2
_DAY_S = 86_400


class Scale(NamedTuple):
    """From prices to half lines, counted from the top."""

    high: Decimal
    low: Decimal
    halves: int

    def half(self, price: Decimal) -> int:
        """Which half line a price is on."""
        if self.high == self.low:
            return self.halves // 2
        return int(((self.high - price) / (self.high - self.low) * (self.halves - 1)).to_integral_value())


class Frame(NamedTuple):
    """Where a chart is drawn, and how."""

    width: int
    height: int
    decimals: int
    """Of prices."""
    interval_s: int
    is_plain: bool = False
    """Without colours a candle that fell has another pattern than one that rose."""


def candles_that_fit(width: int, label_width: int) -> int:
    """How many candles there is room for beside prices of this length."""
    return max(0, (width - label_width - 1) // CANDLE_WIDTH)


def chart(candles: Sequence[Candle], frame: Frame) -> list[Line]:
    """The newest candles, as many as fit, the newest at the right."""
    if not candles:
        return message("no trades yet, so no candles", frame.width)
    label_width = max(len(fixed(price, frame.decimals)) for each in candles[-2:] for price in (each.high, each.low)) + 1
    count = candles_that_fit(frame.width, label_width)
    shown = candles[-count:]
    if not count or frame.height < 3:
        return message("no room for a chart", frame.width)
    volume_rows = VOLUME_ROWS if frame.height >= HEIGHT_WITH_VOLUMES else 0
    rows = frame.height - 1 - volume_rows
    scale = Scale(max(each.high for each in shown), min(each.low for each in shown), rows * 2)
    plot_width = frame.width - label_width - 1
    labels = _labels(scale, shown[-1], rows, frame)
    lines = [
        trimmed([*_row(shown, scale, row, frame=frame, width=plot_width), Span(" "), labels[row]], frame.width)
        for row in range(rows)
    ]
    lines += [trimmed(line, frame.width) for line in _volumes(shown, volume_rows, plot_width)]
    return [*lines, trimmed([Span(_times(shown, plot_width, frame.interval_s), "dim")], frame.width)]


def _row(shown: Sequence[Candle], scale: Scale, row: int, *, frame: Frame, width: int) -> list[Span]:
    is_at_last = scale.half(shown[-1].close) // 2 == row
    nothing = Span("┈" if is_at_last else " ", "dim")
    spans = [nothing] * (width - len(shown) * CANDLE_WIDTH)
    for candle in shown:
        spans += [_cell(candle, scale, row, is_plain=frame.is_plain) or nothing, nothing]
    return spans


def _cell(candle: Candle, scale: Scale, row: int, *, is_plain: bool) -> Span | None:
    """What of a candle is in one line; None if it does not reach there."""
    halves = (2 * row, 2 * row + 1)
    top, bottom = scale.half(max(candle.open, candle.close)), scale.half(min(candle.open, candle.close))
    style = "up" if candle.is_up else "down"
    body = (top <= halves[0] <= bottom, top <= halves[1] <= bottom)
    if any(body):
        if not candle.volume:
            return Span("─", "dim")
        return Span("░" if is_plain and not candle.is_up else _BODY[body], style)
    wick_top, wick_bottom = scale.half(candle.high), scale.half(candle.low)
    wick = (wick_top <= halves[0] <= wick_bottom, wick_top <= halves[1] <= wick_bottom)
    return Span(_WICK[wick], style) if any(wick) else None


def _labels(scale: Scale, last: Candle, rows: int, frame: Frame) -> list[Span]:
    """The highest, the lowest and the last price, each where it is."""
    labels = [Span("")] * rows
    if scale.high != scale.low:
        labels[0] = Span(fixed(scale.high, frame.decimals), "dim")
        labels[-1] = Span(fixed(scale.low, frame.decimals), "dim")
    labels[scale.half(last.close) // 2] = Span(fixed(last.close, frame.decimals), "up strong" if last.is_up else "down strong")
    return labels


def _volumes(shown: Sequence[Candle], rows: int, width: int) -> list[Line]:
    largest = max(candle.volume for candle in shown)
    lines: list[Line] = []
    for row in reversed(range(rows)):
        spans = [Span(" " * (width - len(shown) * CANDLE_WIDTH))]
        for candle in shown:
            eighths = int((candle.volume / largest * 8 * rows).to_integral_value()) if largest else 0
            # Little is not nothing.
            eighths = max(eighths, 1) if candle.volume else 0
            spans += [Span(_VOLUMES[min(8, max(0, eighths - 8 * row))], "dim"), Span(" ")]
        lines.append(tuple(spans))
    return lines


def _times(shown: Sequence[Candle], width: int, interval_s: int) -> str:
    """The time of the first candle, of one in the middle and of the last."""
    written = day if interval_s >= _DAY_S else minute
    start = width - len(shown) * CANDLE_WIDTH
    first, last = written(shown[0].start_us), written(shown[-1].start_us)
    if width - start < 2 * len(first) + 2:
        return right(last, width)
    line = left(" " * start + first, width - len(last) - 1) + " " + last
    middle = start + (len(shown) // 2) * CANDLE_WIDTH
    text = written(shown[len(shown) // 2].start_us)
    if start + len(first) < middle - 1 and middle + len(text) < width - len(last) - 1:
        line = line[:middle] + text + line[middle + len(text) :]
    return line
