"""Recorded frames: what the real exchange's depth says agrees with what its book ticker says."""

from __future__ import annotations

from typing import cast

from haversack.book.book import Book
from haversack.book.texts import read_depth
from haversack.wire.codec import decode
from haversack.wire.events import BookTicker, DepthUpdate
from haversack.wire.frames import Message, read_frame
from haversack.wire.markets import Depth, Level
from recordings import recorded_answers, recorded_frames


def messages() -> list[Message]:
    found = [read_frame(frame) for frame in recorded_frames()]
    return [said for said in found if isinstance(said, Message) and isinstance(said.event, DepthUpdate | BookTicker)]


def test_texts_of_a_frame_say_what_its_event_says() -> None:
    seen = 0
    for frame in recorded_frames():
        said, texts = read_frame(frame), read_depth(frame)
        is_depth = isinstance(said, Message) and isinstance(said.event, DepthUpdate)
        assert (texts is not None) == is_depth
        if texts is None:
            continue
        seen += 1
        event = cast(DepthUpdate, cast(Message, said).event)
        assert texts.depth.first_update_id == event.first_update_id
        assert texts.depth.last_update_id == event.last_update_id
        assert texts.depth.asks == [(format(price, "f"), format(quantity, "f")) for price, quantity in event.asks]
        assert texts.depth.bids == [(format(price, "f"), format(quantity, "f")) for price, quantity in event.bids]
    assert seen > 50


def test_book_agrees_with_every_recorded_ticker() -> None:
    """The recording has no snapshot of its beginning: one is made of the first ticker, with the level that comes next best."""
    said = messages()
    opening = next(message.event for message in said if isinstance(message.event, BookTicker))
    book = Book(opening.symbol)
    book.subscribed()
    ask = book.outgoing()
    assert ask is not None
    book.snapshot_came(_opened(opening), ask.ticket)
    tickers = 0
    for message in said:
        if isinstance(message.event, BookTicker):
            tickers += 1
            book.ticker(message.event)
        else:
            book.update(cast(DepthUpdate, message.event))
    counters = book.counters
    assert book.is_synced, book.trouble
    assert (counters.disagreed, counters.agreed) == (0, tickers)
    assert tickers > 10


def test_recorded_snapshot_makes_a_book() -> None:
    bodies = [answer.body for answer in recorded_answers() if answer.path == "/api/v1/depth" and answer.status == 200]
    assert bodies
    for body in bodies:
        depth: Depth = decode(Depth, body, what="a recorded snapshot")
        book = Book("SOL_USDC")
        book.subscribed()
        ask = book.outgoing()
        assert ask is not None
        book.snapshot_came(depth, ask.ticket)
        assert book.levels("Ask") == depth.asks
        assert book.levels("Bid") == depth.bids[::-1]


def _opened(ticker: BookTicker) -> Depth:
    """A book with these best levels, one update before the next depth message."""
    assert ticker.bid is not None
    assert ticker.ask is not None
    bids: list[Level] = [(ticker.bid, ticker.bid_quantity or ticker.bid)]
    asks: list[Level] = [(ticker.ask, ticker.ask_quantity or ticker.ask)]
    return Depth(asks=asks, bids=bids, last_update_id=str(int(ticker.update_id) - 1), timestamp_us=ticker.engine_us)
