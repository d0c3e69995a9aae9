"""What an account was worth over time."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from haversack.pictures.look import INK, PALE, UP, Picture, Size, day_of, number_axis, picture, time_axis
from haversack.pictures.worth import CASH, LEFT_OUT, Movement, Worth

_CENT = Decimal("0.01")
"""Less than this is nothing: the exchange cuts unrealized profit off after six decimals."""
_FLAT = Decimal("0.001")
"""What the axis spans at least, as a part of the value: a quiet account is a line and no mountains."""


def draw_equity(rows: Sequence[Worth], transfers: Sequence[Movement] = (), *, source: str, size: Size = "medium") -> Picture:
    """The worth of an account over time, oldest first, with its deposits and withdrawals marked.

    It begins at the first moment at which there was anything. `source`: whose prices they are, such as `sim: invented
    prices`; it stands in the title. What is not in the numbers stands below: see `haversack.pictures.worth`.
    """
    first = next((place for place, row in enumerate(rows) if abs(row.value) >= _CENT), len(rows))
    shown = rows[first:]
    with picture(size) as made:
        axes = made.subplots()
        made.entitle(axes, f"Worth of the account, {CASH}", source)
        axes.set_ylabel(CASH)
        number_axis(axes.yaxis)
        if shown:
            _draw(made, axes, shown)
            _mark(made, axes, shown, transfers)
            time_axis(axes)
        else:
            made.say_instead(axes, "the account has nothing, and had nothing in this time")
        made.explain(_caption(shown))
    return made


def _caption(rows: Sequence[Worth]) -> str:
    text = (
        "Worked out backwards from today's balances by fills, deposits, withdrawals, settlements and dust, at the closes of "
        "candles, or today's mark price where nothing traded. Unrealized profit of perpetuals is in it at last prices, not at "
        f"mark prices. Left out: {LEFT_OUT}."
    )
    unpriced = sorted({name for row in rows for name in row.unpriced})
    return text + (f" Without a price, so not counted: {', '.join(unpriced)}." if unpriced else "")


def _draw(made: Picture, axes: Any, rows: Sequence[Worth]) -> None:
    times, values = [day_of(row.time) for row in rows], [float(row.value) for row in rows]
    axes.plot(times, values, color=INK, linewidth=0.14 * made.font, marker="o" if len(rows) == 1 else "")
    low, high = min(values), max(values)
    least = float(_FLAT) * max(abs(low), abs(high)) or 1
    margin = max(0.08 * (high - low), (least - (high - low)) / 2)
    axes.set_ylim(low - margin, high + margin)
    axes.fill_between(times, values, low - margin, color=UP, alpha=0.10, linewidth=0)
    # Around a single moment, an hour.
    margin_x = 1 / 48 if len(rows) == 1 else 0
    axes.set_xlim(times[0] - margin_x, times[-1] + margin_x)
    axes.set_title(f"{rows[-1].value:,.2f}", loc="right", fontsize=made.font, fontweight="bold", color=INK)


def _mark(made: Picture, axes: Any, rows: Sequence[Worth], transfers: Sequence[Movement]) -> None:
    """Deposits and withdrawals, which are no profit and no loss."""
    for comes, name, style in ((True, "deposits", "^"), (False, "withdrawals", "v")):
        times = {move.time for move in transfers if (move.quantity > 0) == comes and rows[0].time <= move.time <= rows[-1].time}
        if times:
            low = axes.get_ylim()[0]
            axes.plot(
                [day_of(time) for time in sorted(times)],
                [low] * len(times),
                marker=style,
                linestyle="",
                color=PALE,
                markersize=0.9 * made.font,
                clip_on=False,
                label=name,
            )
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper left", fontsize=made.font)
