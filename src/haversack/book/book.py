"""The book of one market, and how it is fed. How it is read stands in `reader`."""

from __future__ import annotations

from haversack.book.doubt import Doubt
from haversack.book.reader import BookReader, BookState
from haversack.book.sides import Changes
from haversack.book.splice import BUFFERED_MAX, Ask, Splice
from haversack.book.units import Scale
from haversack.book.witness import Witness
from haversack.units import decimals_of
from haversack.wire.events import BookTicker
from haversack.wire.markets import Depth, Market


class Book(BookReader):
    """The levels of one market, best first on either side.

    Feed it with `subscribed`, `update`, `ticker`, `snapshot_came`, `snapshot_failed` and `disconnected`, and ask `outgoing` after
    each what it needs. With `market`, its numbers have that market's decimals from the start; else they are learnt.
    """

    def __init__(self, symbol: str, *, market: Market | None = None, buffered_max: int = BUFFERED_MAX) -> None:
        self._splice = Splice(symbol, scale=scale_of(market), buffered_max=buffered_max)
        super().__init__(BookState(self._splice))

    @property
    def state(self) -> BookState:
        """What others may read of it with a BookReader of their own."""
        return self._state

    def subscribed(self) -> None:
        """For the stream: the exchange was asked for the depth stream, on a connection that is there now."""
        with self._state.lock:
            self._splice.subscribed()

    def update(self, changes: Changes) -> None:
        """For the stream: a depth message came, in the order in which it was sent."""
        state = self._state
        # Written out: for one of many small messages `with` takes twice as long.
        state.lock.acquire()
        try:
            self._splice.update(changes)
            if state.witness is not None:
                self._check(state.witness)
        finally:
            state.lock.release()

    def ticker(self, ticker: BookTicker) -> None:
        """For the stream: a message of the book ticker came. One that contradicts the book makes it begin anew."""
        if ticker.symbol != self.symbol:
            return
        with self._state.lock:
            if self._state.witness is None:
                self._state.witness = Witness()
                self._check(self._state.witness)
            sides = self._splice.sides if self._splice.is_synced else None
            if not self._state.witness.heard(ticker, -1 if sides is None else sides.update_id):
                self._contradicted(self._state.witness)

    def snapshot_came(self, depth: Depth, ticket: int) -> None:
        """For the stream: the answer to what `outgoing` asked for. A book in sync takes any that is newer."""
        with self._state.lock:
            self._splice.snapshot(depth, ticket)
            if self._state.witness is not None:
                self._check(self._state.witness)

    def snapshot_failed(self, ticket: int) -> None:
        """For the stream: there will be no answer to what `outgoing` asked for; it asks again."""
        with self._state.lock:
            self._splice.snapshot_failed(ticket)

    def disconnected(self, doubt: Doubt = Doubt.DISCONNECTED) -> None:
        """For the stream: the connection ended, or the depth stream was cancelled. `subscribed` begins anew."""
        with self._state.lock:
            self._splice.disconnected(doubt)
            if self._state.witness is not None:
                self._state.witness.forget()

    def begin_anew(self, doubt: Doubt = Doubt.TOLD) -> None:
        """Trust the book no longer, and get a new snapshot: a message of it was lost or could not be read."""
        with self._state.lock:
            self._splice.begin_anew(doubt)

    def outgoing(self) -> Ask | None:
        """For the stream: the snapshot to ask for now, said once; None if none is needed."""
        with self._state.lock:
            return self._splice.outgoing()

    def _check(self, witness: Witness) -> None:
        """Tell the witness where the book stands."""
        sides = self._splice.sides
        if self._splice.is_synced and sides is not None and not witness.moved(sides):
            self._contradicted(witness)

    def _contradicted(self, witness: Witness) -> None:
        witness.forget()
        self._splice.begin_anew(Doubt.CONTRADICTED)


def scale_of(market: Market | None) -> Scale:
    """The decimals of a market's prices and quantities, as far as they are known."""
    if market is None:
        return Scale(0, 0)
    return Scale(decimals_of(market.filters.price.tick_size), decimals_of(market.filters.quantity.step_size))
