"""P1: whenever the client's book says that it is in sync, it is the exchange's book at exactly the update that it names."""

from __future__ import annotations

from collections.abc import Callable

from haversack.book.reader import BookReader
from haversack.units import to_units
from world.truth import Levels, Truth

_SLOWLY_EVERY = 16


class BookCheck:
    """Looks at a book after everything that happens; each state of it is compared in full, once.

    Levels are compared as integers, and every 16th time as the decimals that a reader gets.
    """

    def __init__(self, truth: Truth, complain: Callable[[str], None]) -> None:
        self._truth = truth
        self._complain = complain
        self._seen: tuple[int, int] = (0, 0)
        self.compared = 0
        """States of books that were compared."""
        self.went_back = 0
        """Times that a book was in sync at an older update than before: it began anew from an old snapshot."""
        self._last_id = -1

    def look(self, book: BookReader) -> None:
        """Compare, if it changed since the last look."""
        state = (id(book), book.version)
        if state == self._seen:
            return
        self._seen = state
        if not book.is_synced:
            return
        snapshot = book.snapshot()
        self.compared += 1
        self.went_back += snapshot.update_id < self._last_id
        self._last_id = snapshot.update_id
        truth = self._truth.books.get(snapshot.update_id)
        if truth is None:
            self._complain(f"P1 the book is at update {snapshot.update_id}, which never was")
            return
        scale = (snapshot.scale.price, snapshot.scale.quantity)
        for name, ours, theirs, is_bid in (
            ("bids", snapshot.bids_in_units, truth[0], True),
            ("asks", snapshot.asks_in_units, truth[1], False),
        ):
            if _in(scale, ours) != sorted(theirs.items(), reverse=is_bid):
                self._complain(f"P1 {name} at {snapshot.update_id} are {ours}, really {sorted(theirs.items())}")
        bids, asks = snapshot.bids_in_units, snapshot.asks_in_units
        if bids and asks and bids[0][0] >= asks[0][0]:
            self._complain(f"P1 the book is crossed at {snapshot.update_id}: {bids[0]} {asks[0]}")
        if self.compared % _SLOWLY_EVERY == 0:
            self._read_slowly(book, truth)

    def _read_slowly(self, book: BookReader, truth: tuple[Levels, Levels]) -> None:
        """Every method of reading tells of the same book."""
        for side, theirs, best in (("Bid", truth[0], book.best_bid), ("Ask", truth[1], book.best_ask)):
            levels = book.levels("Bid" if side == "Bid" else "Ask")
            ours = [(to_units(level.price, 2), to_units(level.quantity, 2)) for level in levels]
            if ours != sorted(theirs.items(), reverse=side == "Bid") or (levels[0] if levels else None) != best:
                self._complain(f"P1 {side}s read one by one are {ours}, really {sorted(theirs.items())}")


def _in(scale: tuple[int, int], levels: tuple[tuple[int, int], ...]) -> list[tuple[int, int]]:
    """Levels in ticks and steps of the market, whatever the decimals of the book."""
    if scale == (2, 2):
        return list(levels)
    price, quantity = 10 ** (2 - scale[0]), 10 ** (2 - scale[1])
    return [(ticks * price, steps * quantity) for ticks, steps in levels]
