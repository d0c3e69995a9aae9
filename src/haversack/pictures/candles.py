"""Candles: bodies and wicks, volumes below them, and gaps where nothing traded."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from matplotlib.collections import LineCollection, PolyCollection

from haversack.pictures.look import DOWN, INK, PALE, UP, Picture, Size, day_of, number_axis, parts_of, picture, time_axis
from haversack.wire.markets import Kline

_BODY = 0.76
"""Of the length of a candle."""


class _Candle(NamedTuple):
    left: float
    right: float
    low: float
    high: float
    bottom: float
    top: float
    volume: float
    colour: str

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2


def draw_candles(
    rows: Sequence[Kline], *, symbol: str, source: str, interval: str | None = None, size: Size = "medium"
) -> Picture:
    """Candles of one market, oldest first, each as wide as its time; one without trades is a gap.

    `source`: whose prices they are, such as `sim: invented prices`; it stands in the title.
    """
    base, quote = parts_of(symbol)
    with picture(size) as made:
        prices, volumes = made.subplots(2, 1, sharex=True, height_ratios=(3.2, 1))
        made.entitle(prices, f"{symbol}, candles" + (f" of {interval}" if interval else ""), source)
        candles = [_candle(row, row.open, row.close) for row in rows if row.open is not None and row.close is not None]
        prices.set_ylabel(f"price, {quote}")
        # Above the bars: beside them there is no room for the name of an asset.
        volumes.set_title(f"volume, {base}", loc="left", fontsize=0.85 * made.font, color=PALE, pad=3)
        number_axis(prices.yaxis)
        number_axis(volumes.yaxis, 3)
        if candles:
            _draw(candles, prices, volumes)
            _last_price(made, prices, rows)
        else:
            made.say_instead(prices, "nothing traded in this time" if rows else "no candles")
            volumes.set_yticks([])
        if rows:
            volumes.set_xlim(day_of(rows[0].start), day_of(rows[-1].end))
            time_axis(volumes)
        empty = len(rows) - len(candles)
        if empty and candles:
            made.explain(f"{empty} of {len(rows)} candles are empty: nothing traded in them.")
    return made


def _candle(row: Kline, opened: Decimal, closed: Decimal) -> _Candle:
    start, end = day_of(row.start), day_of(row.end)
    margin = (end - start) * (1 - _BODY) / 2
    low, high = (opened if row.low is None else row.low), (closed if row.high is None else row.high)
    return _Candle(
        left=start + margin,
        right=end - margin,
        low=float(low),
        high=float(high),
        bottom=float(min(opened, closed)),
        top=float(max(opened, closed)),
        volume=float(row.volume),
        colour=UP if closed >= opened else DOWN,
    )


def _draw(candles: list[_Candle], prices: Any, volumes: Any) -> None:
    colours = [candle.colour for candle in candles]
    wicks = [[(candle.middle, candle.low), (candle.middle, candle.high)] for candle in candles]
    prices.add_collection(LineCollection(wicks, colors=colours, linewidths=1.1))
    bodies = [_box(candle, candle.bottom, candle.top) for candle in candles]
    # The edge is what shows of a candle that closed where it opened.
    prices.add_collection(PolyCollection(bodies, facecolors=colours, edgecolors=colours, linewidths=1.1))
    bars = [_box(candle, 0, candle.volume) for candle in candles]
    volumes.add_collection(PolyCollection(bars, facecolors=colours, edgecolors="none", alpha=0.6))
    low, high = min(candle.low for candle in candles), max(candle.high for candle in candles)
    margin = 0.06 * (high - low) or 0.001 * high or 1
    prices.set_ylim(low - margin, high + margin)
    volumes.set_ylim(0, 1.08 * max(candle.volume for candle in candles) or 1)


def _box(candle: _Candle, bottom: float, top: float) -> list[tuple[float, float]]:
    return [(candle.left, bottom), (candle.left, top), (candle.right, top), (candle.right, bottom)]


def _last_price(made: Picture, prices: Any, rows: Sequence[Kline]) -> None:
    last = [row.close for row in rows if row.close is not None][-1]
    prices.axhline(float(last), color=INK, linewidth=0.7, linestyle=":")
    prices.annotate(
        f"{last:,f}",
        xy=(1, float(last)),
        xycoords=("axes fraction", "data"),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        fontsize=made.font,
        color=INK,
        fontweight="bold",
        annotation_clip=False,
    )
