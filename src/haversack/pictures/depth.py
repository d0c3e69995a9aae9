"""The depth of a book: what rests on either side, added up from the best price."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate
from typing import Any, NamedTuple

from haversack.pictures.look import DOWN, INK, UP, Picture, Size, number_axis, parts_of, picture
from haversack.units import stripped
from haversack.wire.markets import Depth, Level

_NEAR = Decimal("0.98")
"""What of a side's quantity the picture reaches to at least: one order far away must not press all others together."""


class _Curve(NamedTuple):
    """One side, from its best price outwards."""

    prices: tuple[Decimal, ...]
    sums: tuple[Decimal, ...]


def draw_depth(book: Depth, *, symbol: str, source: str, size: Size = "medium") -> Picture:
    """Both sides of a book as curves: how much rests between the best price and each other one.

    `source`: whose prices they are, such as `sim: invented prices`; it stands in the title.
    """
    base, quote = parts_of(symbol)
    bids, asks = _curve(book.bids[::-1]), _curve(book.asks)
    with picture(size) as made:
        axes = made.subplots()
        made.entitle(axes, f"{symbol}, depth of the book", f"{source}, {book.time:%Y-%m-%d %H:%M:%S} UTC")
        axes.set_xlabel(f"price, {quote}")
        axes.set_ylabel(f"from the best price on, {base}")
        number_axis(axes.xaxis, 5 if size == "small" else 8)
        number_axis(axes.yaxis)
        for curve, name, colour in ((bids, "bids", UP), (asks, "asks", DOWN)):
            if curve.prices:
                _draw(made, curve, name=name, colour=colour)
        if not (bids.prices or asks.prices):
            made.say_instead(axes, "the book is empty")
            return made
        beyond = _frame(axes, bids, asks)
        legend = axes.legend(loc="upper center", ncols=2, fontsize=made.font, title=_middle(axes, book))
        legend.get_title().set_fontsize(made.font)
        legend.get_title().set_fontweight("bold")
        levels = f"{len(bids.prices)} levels of bids, {len(asks.prices)} of asks"
        made.explain(f"{levels}; {beyond} of them are farther away than the picture reaches." if beyond else f"{levels}.")
    return made


def _curve(levels: Sequence[Level]) -> _Curve:
    return _Curve(tuple([price for price, _ in levels]), tuple(accumulate(quantity for _, quantity in levels)))


def _draw(made: Picture, curve: _Curve, *, name: str, colour: str) -> None:
    # From nothing at the best price; each sum holds until the next price.
    x = [float(price) for price in (curve.prices[0], *curve.prices)]
    y = [0.0, *map(float, curve.sums)]
    axes: Any = made.axes[0]
    axes.step(x, y, where="post", color=colour, linewidth=0.14 * made.font, label=name)
    axes.fill_between(x, y, step="post", color=colour, alpha=0.16, linewidth=0)


def _frame(axes: Any, bids: _Curve, asks: _Curve) -> int:
    """As far to the left as to the right; how many levels lie outside."""
    sides = [curve for curve in (bids, asks) if curve.prices]
    middle = sum((curve.prices[0] for curve in sides), Decimal(0)) / len(sides)
    reach = max(abs(_near(curve) - middle) for curve in sides) * Decimal("1.04") or abs(middle) / 100 or Decimal(1)
    left, right = middle - reach, middle + reach
    axes.set_xlim(float(left), float(right))
    highest = max(_sum_within(curve, left, right) for curve in sides)
    axes.set_ylim(0, float(highest) * 1.3 or 1)
    return sum(not left <= price <= right for curve in sides for price in curve.prices)


def _near(curve: _Curve) -> Decimal:
    wanted = curve.sums[-1] * _NEAR
    return next(price for price, total in zip(curve.prices, curve.sums, strict=True) if total >= wanted)


def _sum_within(curve: _Curve, left: Decimal, right: Decimal) -> Decimal:
    return max(total for price, total in zip(curve.prices, curve.sums, strict=True) if left <= price <= right)


def _middle(axes: Any, book: Depth) -> str:
    """Draw where the two sides meet, and say where that is."""
    bid, ask = book.best_bid, book.best_ask
    if bid is None or ask is None:
        return "nobody bids" if bid is None else "nobody asks"
    mid, spread = (bid[0] + ask[0]) / 2, ask[0] - bid[0]
    axes.axvline(float(mid), color=INK, linewidth=0.8, linestyle=":")
    text = f"mid {stripped(mid):,f}, spread {stripped(spread):,f}"
    return text + f" ({spread / mid * 10_000:.2f} bps)" if mid else text
