"""Compares a book with the book ticker of the same market: where both speak of one update, their best levels must be the same.

For one update the two may come in either order (observed 2026-09). So a ticker that is ahead waits for the book, and the best
levels of the last updates are remembered for a ticker that is behind.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from haversack.book.ladder import TicksAndSteps
from haversack.book.sides import Sides, update_number
from haversack.book.units import Malformed, Scale
from haversack.wire.events import BookTicker

AHEAD_MAX = 1_024
"""Tickers that may wait for the book. When there are more, the depth stream has fallen silent."""
REMEMBERED_MAX = 64


class Top(NamedTuple):
    """The best levels as of one update."""

    bid: TicksAndSteps | None
    ask: TicksAndSteps | None
    scale: Scale


class Witness:
    """What the book ticker says of a book."""

    def __init__(self) -> None:
        self.agreed = 0
        self.disagreed = 0
        self.unmet = 0
        """Tickers of updates that the book never stood at: it jumped over them, or was not in sync."""
        self._tops: dict[int, Top] = {}
        self._ahead: deque[tuple[int, BookTicker]] = deque()

    def moved(self, sides: Sides) -> bool:
        """The book stands at a new update. False if a ticker of it says otherwise."""
        at = sides.update_id
        tops = self._tops
        tops[at] = top = Top(sides.bids.best(), sides.asks.best(), sides.scale)
        if len(tops) > REMEMBERED_MAX:
            del tops[next(iter(tops))]
        ahead = self._ahead
        while ahead and ahead[0][0] <= at:
            update_id, ticker = ahead.popleft()
            if update_id < at:
                self.unmet += 1
            elif not self._agrees(top, ticker):
                return False
        return True

    def heard(self, ticker: BookTicker, book_at: int) -> bool:
        """A ticker came. False if it contradicts the book, or if so many are ahead of it that it must have been left behind."""
        try:
            update_id = update_number(ticker.update_id)
        except Malformed:
            self.unmet += 1
            return True
        top = self._tops.get(update_id)
        if top is not None:
            return self._agrees(top, ticker)
        if update_id <= book_at:
            self.unmet += 1
            return True
        if self._ahead and update_id <= self._ahead[-1][0]:
            # Numbers that go back are those of another sequence: what waits would never be met.
            self.unmet += len(self._ahead)
            self._ahead.clear()
        self._ahead.append((update_id, ticker))
        return len(self._ahead) <= AHEAD_MAX

    def forget(self) -> None:
        """The book begins anew."""
        self._tops.clear()
        self.unmet += len(self._ahead)
        self._ahead.clear()

    def _agrees(self, top: Top, ticker: BookTicker) -> bool:
        said = ((ticker.bid, ticker.bid_quantity), (ticker.ask, ticker.ask_quantity))
        if all(_is_same(level, top.scale, *pair) for level, pair in zip((top.bid, top.ask), said, strict=True)):
            self.agreed += 1
            return True
        self.disagreed += 1
        return False


def _is_same(level: TicksAndSteps | None, scale: Scale, price: Decimal | None, quantity: Decimal | None) -> bool:
    if level is None or price is None or quantity is None:
        return level is None and price is None
    try:
        return scale.price_of(level[0]) == price and scale.quantity_of(level[1]) == quantity
    except InvalidOperation:
        # A signalling NaN compares with nothing.
        return False
