"""The book of one market as its reader sees it: right, or it says that it is not.

Every question raises BookNotSynced, or its kind Gap, while the book cannot know that it is right. It may be fed in one thread and
read in another: each answer is of one update.
"""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from haversack.book.doubt import Doubt, error_for
from haversack.book.reading import BookLevel, CumulativeLevel, Sweep
from haversack.book.sides import Changes, Sides
from haversack.book.snapshot import BookSnapshot
from haversack.book.splice import BUFFERED_MAX, Ask, Splice
from haversack.book.units import Scale
from haversack.book.witness import Witness
from haversack.errors import BookNotSynced
from haversack.units import decimals_of
from haversack.wire.events import BookTicker
from haversack.wire.markets import Depth, Market

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


class Book:
    """The levels of one market, best first on either side.

    Feed it with `subscribed`, `update`, `ticker`, `snapshot`, `snapshot_failed` and `disconnected`, and ask `outgoing` after each
    what it needs. With `market`, its numbers have that market's decimals from the start; else they are learnt.
    """

    def __init__(self, symbol: str, *, market: Market | None = None, buffered_max: int = BUFFERED_MAX) -> None:
        self.symbol = symbol
        self._splice = Splice(symbol, scale=_scale_of(market), buffered_max=buffered_max)
        self._witness: Witness | None = None
        self._lock = threading.Lock()

    @property
    def is_synced(self) -> bool:
        """Whether it can be read."""
        return self._splice.is_synced

    @property
    def trouble(self) -> BookNotSynced | None:
        """What reading would raise now; None while the book is in sync."""
        with self._lock:
            return None if self._splice.is_synced else self._error()

    @property
    def counters(self) -> BookCounters:
        """What happened to it so far."""
        with self._lock:
            splice, witness = self._splice, self._witness
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
        return self._splice.version

    @property
    def update_id(self) -> int:
        """The exchange's number of the last change in it."""
        with self._lock:
            return self._now().update_id

    @property
    def engine_us(self) -> int:
        """When the matching engine made the last change, in microseconds."""
        with self._lock:
            return self._now().engine_us

    @property
    def best_bid(self) -> BookLevel | None:
        """The highest bid; None while nobody bids."""
        with self._lock:
            return self._now().best_bid

    @property
    def best_ask(self) -> BookLevel | None:
        """The lowest ask; None while nobody asks."""
        with self._lock:
            return self._now().best_ask

    @property
    def mid(self) -> Decimal | None:
        """Half way between best bid and best ask, exactly; None while a side is empty."""
        with self._lock:
            return self._now().mid

    @property
    def spread(self) -> Decimal | None:
        """Best ask less best bid; None while a side is empty."""
        with self._lock:
            return self._now().spread

    def levels(self, side: SideLike, n: int | None = None) -> list[BookLevel]:
        """The best `n` levels of a side of the book, or all of them; the best first."""
        with self._lock:
            return self._now().levels(side, n)

    def cumulative(self, side: SideLike, n: int | None = None) -> list[CumulativeLevel]:
        """The best `n` levels of a side of the book, or all, each with the sum of all from the best to it."""
        with self._lock:
            return self._now().cumulative(side, n)

    def sweep(self, side: SideLike, *, quantity: Number | None = None, quote_quantity: Number | None = None) -> Sweep:
        """What an order of this side would take: a Bid takes from the asks. Say how much of the base or of the quote asset.

        What an amount of the quote asset buys of the last level is rounded down at 12 decimals.
        """
        with self._lock:
            return self._now().sweep(side, quantity=quantity, quote_quantity=quote_quantity)

    def quantity_to(self, side: SideLike, price: Number) -> Decimal:
        """What an order of this side with this limit price would take at once, in the base asset: a Bid takes from the asks."""
        with self._lock:
            return self._now().quantity_to(side, price)

    def imbalance(self, n: int = 1) -> Decimal | None:
        """How much more is bid than asked in the best `n` levels of either side: 1 if nobody asks, -1 if nobody bids.

        None while both are empty. Rounded to 28 digits.
        """
        with self._lock:
            return self._now().imbalance(n)

    def snapshot(self, n: int | None = None) -> BookSnapshot:
        """The book as it is now, which stays so: all levels, or the best `n` of either side."""
        with self._lock:
            return BookSnapshot.of(self.symbol, self._now(), n)

    def last_good(self, n: int | None = None) -> BookSnapshot | None:
        """The book as it last was in sync, however long ago: `update_id` and `engine_us` say of when.

        None if it never was, or if it was found to be wrong.
        """
        with self._lock:
            sides = self._splice.sides
            return None if sides is None else BookSnapshot.of(self.symbol, sides, n)

    def subscribed(self) -> None:
        """For the stream: the exchange was asked for the depth stream, on a connection that is there now."""
        with self._lock:
            self._splice.subscribed()

    def update(self, changes: Changes) -> None:
        """For the stream: a depth message came, in the order in which it was sent."""
        with self._lock:
            self._splice.update(changes)
            if self._witness is not None:
                self._check(self._witness)

    def ticker(self, ticker: BookTicker) -> None:
        """For the stream: a message of the book ticker came. One that contradicts the book makes it begin anew."""
        if ticker.symbol != self.symbol:
            return
        with self._lock:
            if self._witness is None:
                self._witness = Witness()
                self._check(self._witness)
            sides = self._splice.sides if self._splice.is_synced else None
            if not self._witness.heard(ticker, -1 if sides is None else sides.update_id):
                self._contradicted(self._witness)

    def snapshot_came(self, depth: Depth, ticket: int) -> None:
        """For the stream: the answer to what `outgoing` asked for. A book in sync takes any that is newer."""
        with self._lock:
            self._splice.snapshot(depth, ticket)
            if self._witness is not None:
                self._check(self._witness)

    def snapshot_failed(self, ticket: int) -> None:
        """For the stream: there will be no answer to what `outgoing` asked for; it asks again."""
        with self._lock:
            self._splice.snapshot_failed(ticket)

    def disconnected(self) -> None:
        """For the stream: the connection ended, or the depth stream was cancelled. `subscribed` begins anew."""
        with self._lock:
            self._splice.disconnected()
            if self._witness is not None:
                self._witness.forget()

    def begin_anew(self, doubt: Doubt = Doubt.TOLD) -> None:
        """Trust the book no longer, and get a new snapshot: a message of it was lost or could not be read."""
        with self._lock:
            self._splice.begin_anew(doubt)

    def outgoing(self) -> Ask | None:
        """For the stream: the snapshot to ask for now, said once; None if none is needed."""
        with self._lock:
            return self._splice.outgoing()

    def _now(self) -> Sides:
        sides = self._splice.sides
        if not self._splice.is_synced or sides is None:
            raise self._error()
        return sides

    def _error(self) -> BookNotSynced:
        return error_for(self.symbol, self._splice.doubt, self._splice.gap)

    def _check(self, witness: Witness) -> None:
        """Tell the witness where the book stands."""
        sides = self._splice.sides
        if self._splice.is_synced and sides is not None and not witness.moved(sides):
            self._contradicted(witness)

    def _contradicted(self, witness: Witness) -> None:
        witness.forget()
        self._splice.begin_anew(Doubt.CONTRADICTED)

    def __repr__(self) -> str:
        state = "in sync" if self.is_synced else f"not in sync: {self._splice.doubt.value}"
        return f"Book({self.symbol}; {state})"


def _scale_of(market: Market | None) -> Scale:
    if market is None:
        return Scale(0, 0)
    return Scale(decimals_of(market.filters.price.tick_size), decimals_of(market.filters.quantity.step_size))
