"""How a book is read: right, or it says that it is not.

Every question raises BookNotSynced, or its kind Gap, while the book cannot know that it is right. It may be fed in one thread and
read in others: each answer is of one update.
"""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from haversack.book.doubt import error_for
from haversack.book.reading import BookLevel, CumulativeLevel, Sweep
from haversack.book.sides import Sides
from haversack.book.snapshot import BookSnapshot
from haversack.book.splice import Splice
from haversack.book.witness import Witness
from haversack.errors import BookNotSynced

if TYPE_CHECKING:
    from haversack.wire.inputs import Number, SideLike


class BookCounters(NamedTuple):
    """What happened to a book so far."""

    applied: int
    """Depth messages that changed it, one after the other."""
    gaps: int
    """Messages that did not follow the one before."""
    resyncs: int
    """Snapshots that it began from, the first one too."""
    stale_dropped: int
    """Messages that a snapshot already contained."""
    overflowed: int
    """Messages that were dropped because too many waited for a snapshot."""
    crossed: int
    """Times that a bid was at or above an ask."""
    snapshots_unfit: int
    """Snapshots that were older than the messages at hand, crossed or not understood."""
    agreed: int
    """Tickers of the same update with the same best levels."""
    disagreed: int


class BookState:
    """What is known of a book, which one feeds and any number read."""

    __slots__ = ("lock", "splice", "witness")

    def __init__(self, splice: Splice) -> None:
        self.splice = splice
        self.witness: Witness | None = None
        self.lock = threading.Lock()


class BookReader:
    """The levels of one market, best first on either side."""

    def __init__(self, state: BookState) -> None:
        self.symbol = state.splice.symbol
        self._state = state

    @property
    def is_synced(self) -> bool:
        """Whether it can be read."""
        return self._is_open and self._state.splice.is_synced

    @property
    def trouble(self) -> BookNotSynced | None:
        """What reading would raise now; None while the book is in sync."""
        with self._state.lock:
            return None if self.is_synced else self._error()

    @property
    def counters(self) -> BookCounters:
        """What happened to it so far."""
        with self._state.lock:
            splice, witness = self._state.splice, self._state.witness
            return BookCounters(
                applied=splice.applied,
                gaps=splice.gaps,
                resyncs=splice.resyncs,
                stale_dropped=splice.stale_dropped,
                overflowed=splice.overflowed,
                crossed=splice.crossed,
                snapshots_unfit=splice.snapshots_unfit,
                agreed=witness.agreed if witness else 0,
                disagreed=witness.disagreed if witness else 0,
            )

    @property
    def version(self) -> int:
        """Larger after every message and snapshot that changed what a reader sees, and after every loss of sync."""
        return self._state.splice.version

    @property
    def update_id(self) -> int:
        """The exchange's number of the last change in it."""
        with self._state.lock:
            return self._now().update_id

    @property
    def engine_us(self) -> int:
        """When the matching engine made the last change, in microseconds."""
        with self._state.lock:
            return self._now().engine_us

    @property
    def best_bid(self) -> BookLevel | None:
        """The highest bid; None while nobody bids."""
        with self._state.lock:
            return self._now().best_bid

    @property
    def best_ask(self) -> BookLevel | None:
        """The lowest ask; None while nobody asks."""
        with self._state.lock:
            return self._now().best_ask

    @property
    def mid(self) -> Decimal | None:
        """Half way between best bid and best ask, exactly; None while a side is empty."""
        with self._state.lock:
            return self._now().mid

    @property
    def spread(self) -> Decimal | None:
        """Best ask less best bid; None while a side is empty."""
        with self._state.lock:
            return self._now().spread

    def levels(self, side: SideLike, n: int | None = None) -> list[BookLevel]:
        """The best `n` levels of a side of the book, or all of them; the best first."""
        with self._state.lock:
            return self._now().levels(side, n)

    def cumulative(self, side: SideLike, n: int | None = None) -> list[CumulativeLevel]:
        """The best `n` levels of a side of the book, or all, each with the sum of all from the best to it."""
        with self._state.lock:
            return self._now().cumulative(side, n)

    def sweep(self, side: SideLike, *, quantity: Number | None = None, quote_quantity: Number | None = None) -> Sweep:
        """What an order of this side would take: a Bid takes from the asks. Say how much of the base or of the quote asset.

        What an amount of the quote asset buys of the last level is rounded down at 12 decimals.
        """
        with self._state.lock:
            return self._now().sweep(side, quantity=quantity, quote_quantity=quote_quantity)

    def quantity_to(self, side: SideLike, price: Number) -> Decimal:
        """What an order of this side with this limit price would take at once, in the base asset: a Bid takes from the asks."""
        with self._state.lock:
            return self._now().quantity_to(side, price)

    def imbalance(self, n: int = 1) -> Decimal | None:
        """How much more is bid than asked in the best `n` levels of either side: 1 if nobody asks, -1 if nobody bids.

        None while both are empty. Rounded to 28 digits.
        """
        with self._state.lock:
            return self._now().imbalance(n)

    def snapshot(self, n: int | None = None) -> BookSnapshot:
        """The book as it is now, which stays so: all levels, or the best `n` of either side."""
        with self._state.lock:
            return BookSnapshot.of(self.symbol, self._now(), n)

    def last_good(self, n: int | None = None) -> BookSnapshot | None:
        """The book as it last was in sync, however long ago: `update_id` and `engine_us` say of when.

        None if it never was, or if it was found to be wrong.
        """
        with self._state.lock:
            sides = self._state.splice.sides
            return None if sides is None else BookSnapshot.of(self.symbol, sides, n)

    @property
    def _is_open(self) -> bool:
        """Whether it may be read at all."""
        return True

    def _now(self) -> Sides:
        splice = self._state.splice
        sides = splice.sides
        if sides is None or not splice.is_synced or not self._is_open:
            raise self._error()
        return sides

    def _error(self) -> BookNotSynced:
        """What reading raises now; the state is locked."""
        return error_for(self.symbol, self._state.splice.doubt, self._state.splice.gap)

    def _repr_html_(self) -> str:
        from haversack.book.shown import book_as_html

        return book_as_html(self)

    def __repr__(self) -> str:
        trouble = self.trouble
        return f"{type(self).__name__}({self.symbol}; {'in sync' if trouble is None else f'not in sync: {trouble.reason}'})"
