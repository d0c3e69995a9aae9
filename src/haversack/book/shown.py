"""A book as HTML, for notebooks: its levels if they are right, and otherwise why they may not be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from haversack.errors import BookNotSynced
from haversack.tables.ladder import LEVELS_SHOWN, ladder_as_html, warning_as_html
from haversack.wire.base import moment_of_us
from haversack.wire.enums import Side

if TYPE_CHECKING:
    from haversack.book.reader import BookReader
    from haversack.book.snapshot import BookSnapshot


def snapshot_as_html(snapshot: BookSnapshot, name: str) -> str:
    """The best levels of a book that does not change any more."""
    bids, asks = (snapshot.levels(side, LEVELS_SHOWN) for side in (Side.BID, Side.ASK))
    more = len(snapshot.bids_in_units) - len(bids), len(snapshot.asks_in_units) - len(asks)
    note = f"and {more[0]} more bids, {more[1]} more asks" if any(more) else ""
    return ladder_as_html(f"{name} {snapshot.symbol}, {_as_of(snapshot)}", bids, asks, note=note)


def book_as_html(book: BookReader) -> str:
    """A book as it is now; one that is not in sync says so and why, and shows how it last was. It never raises."""
    name = type(book).__name__
    try:
        try:
            return snapshot_as_html(book.snapshot(), name)
        except BookNotSynced as trouble:
            warning = warning_as_html(f"{name} {book.symbol} is not in sync: {trouble.reason}")
            last = book.last_good()
            return warning if last is None else warning + snapshot_as_html(last, "How it was when it last was in sync:")
    except Exception as error:  # noqa: BLE001  Whatever it is, a notebook has to show something.
        return warning_as_html(f"{name} cannot be shown: {error}")


def _as_of(snapshot: BookSnapshot) -> str:
    # What the exchange calls a time may be none that a calendar has.
    try:
        return f"{moment_of_us(snapshot.engine_us):%Y-%m-%d %H:%M:%S.%f} UTC, update {snapshot.update_id}"
    except (OverflowError, ValueError):
        return f"update {snapshot.update_id}"
