"""The levels of an order book as HTML, for notebooks: bids to the left, asks to the right, the best on top."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from html import escape
from itertools import accumulate, zip_longest
from typing import TypeAlias

from haversack.tables.html import cell_text

LEVELS_SHOWN = 10
"""Of either side."""

PriceAndQuantity: TypeAlias = tuple[Decimal, Decimal]

_BID, _ASK = "rgba(23,138,114,.25)", "rgba(210,80,63,.25)"
_RIGHT = "text-align:right"


def ladder_as_html(title: str, bids: Sequence[PriceAndQuantity], asks: Sequence[PriceAndQuantity], *, note: str = "") -> str:
    """Levels side by side, the best first; the bar behind a quantity is as long as all that rests up to it."""
    sums = [list(accumulate(quantity for _, quantity in side)) for side in (bids, asks)]
    longest = max([each[-1] for each in sums if each], default=Decimal(0))
    bid_bars, ask_bars = ([_percent(total, longest) for total in each] for each in sums)
    rows = [
        f"<tr>{_bid(bid, bid_bar)}{_ask(ask, ask_bar)}</tr>"
        for bid, bid_bar, ask, ask_bar in zip_longest(bids, bid_bars, asks, ask_bars)
    ]
    head = "<tr><th>bid quantity</th><th>bid</th><th>ask</th><th>ask quantity</th></tr>"
    best = f"<tr><td colspan='4' style='text-align:center'>{escape(_best(bids, asks))}</td></tr>"
    below = f"<p>{escape(note)}</p>" if note else ""
    return f"<table><caption>{escape(title)}</caption><thead>{best}{head}</thead><tbody>{''.join(rows)}</tbody></table>{below}"


def warning_as_html(text: str) -> str:
    """What must not be overlooked."""
    return f"<p style='color:#b3261e'><b>{escape(text)}</b></p>"


def _best(bids: Sequence[PriceAndQuantity], asks: Sequence[PriceAndQuantity]) -> str:
    bid = f"best bid {cell_text(bids[0][0])}" if bids else "nobody bids"
    ask = f"best ask {cell_text(asks[0][0])}" if asks else "nobody asks"
    return f"{bid}, {ask}" + (f", spread {cell_text(asks[0][0] - bids[0][0])}" if bids and asks else "")


def _percent(part: Decimal, whole: Decimal) -> int:
    return int(100 * part / whole) if whole else 0


def _bid(level: PriceAndQuantity | None, bar: int | None) -> str:
    if level is None:
        return "<td></td><td></td>"
    return f"{_bar(level[1], bar, way='left', colour=_BID)}{_price(level[0])}"


def _ask(level: PriceAndQuantity | None, bar: int | None) -> str:
    if level is None:
        return "<td></td><td></td>"
    return f"{_price(level[0])}{_bar(level[1], bar, way='right', colour=_ASK)}"


def _price(price: Decimal) -> str:
    return f"<td style='{_RIGHT}'><b>{escape(cell_text(price))}</b></td>"


def _bar(quantity: Decimal, bar: int | None, *, way: str, colour: str) -> str:
    style = f"{_RIGHT};background:linear-gradient(to {way},{colour} {bar or 0}%,transparent {bar or 0}%)"
    return f"<td style='{style}'>{escape(cell_text(quantity))}</td>"
