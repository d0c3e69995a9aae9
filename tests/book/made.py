"""Messages of a book with defaults, so that a test says only what matters; and a book that is in sync."""

from __future__ import annotations

from decimal import Decimal

from haversack.book.book import Book
from haversack.book.texts import DepthTexts
from haversack.wire.events import BookTicker
from haversack.wire.markets import Depth

SYMBOL = "SOL_USDC"
Rows = tuple[tuple[str, str], ...]
BIDS: Rows = (("19.98", "3"), ("19.99", "1.5"))
ASKS: Rows = (("20.01", "2"), ("20.03", "4"))


def diff(first: int, last: int | None = None, *, bids: Rows = (), asks: Rows = (), symbol: str = SYMBOL) -> DepthTexts:
    """A depth message of the updates from `first` to `last`."""
    end = first if last is None else last
    return DepthTexts(
        engine_us=1_000 * end, first_update_id=first, last_update_id=end, asks=list(asks), bids=list(bids), symbol=symbol
    )


def depth(update_id: int | str, *, bids: Rows = BIDS, asks: Rows = ASKS) -> Depth:
    """A snapshot."""
    sides = ([(Decimal(price), Decimal(quantity)) for price, quantity in rows] for rows in (bids, asks))
    return Depth(bids=next(sides), asks=next(sides), last_update_id=str(update_id), timestamp_us=5)


def ticker(update_id: int | str, bid: tuple[str, str] | None, ask: tuple[str, str] | None, *, symbol: str = SYMBOL) -> BookTicker:
    """A message of the book ticker."""
    return BookTicker(
        bid=Decimal(bid[0]) if bid else None,
        bid_quantity=Decimal(bid[1]) if bid else None,
        ask=Decimal(ask[0]) if ask else None,
        ask_quantity=Decimal(ask[1]) if ask else None,
        event_us=1,
        engine_us=1,
        symbol=symbol,
        update_id=update_id,
    )


def ticket_of(book: Book) -> int:
    """That of the snapshot that the book asks for now."""
    ask = book.outgoing()
    assert ask is not None
    assert ask.operation.symbol == book.symbol
    return ask.ticket


def synced(update_id: int = 100, *, bids: Rows = BIDS, asks: Rows = ASKS, buffered_max: int = 64) -> Book:
    """A book that has its snapshot."""
    book = Book(SYMBOL, buffered_max=buffered_max)
    book.subscribed()
    book.snapshot_came(depth(update_id, bids=bids, asks=asks), ticket_of(book))
    assert book.is_synced
    return book


def rows(book: Book, side: str) -> list[tuple[str, str]]:
    """Levels of a side as texts without trailing zeros."""
    levels = book.levels("Bid" if side == "Bid" else "Ask")
    return [(f"{price.normalize():f}", f"{quantity.normalize():f}") for price, quantity in levels]
