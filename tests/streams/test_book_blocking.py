"""Live books of blocking streams: fed in one thread, read in others."""

import asyncio
import json
import os
import random
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from book.made import SYMBOL
from book.world import Venue
from haversack.book.snapshot import BookSnapshot
from haversack.errors import (
    ApiError,
    BookNotSynced,
    Gap,
    HaversackError,
    InvalidRequest,
    StreamClosed,
    SubscriptionRefused,
    UsageError,
)
from haversack.streams.blocking import BlockingStreams
from haversack.streams.book_blocking import BlockingBook
from haversack.streams.transport import FrameSocket
from haversack.wire.base import Operation
from haversack.wire.frames import write_frame
from haversack.wire.markets import Depth, GetDepth
from streams.link import Link, refusal

PATIENCE_S = 20
DEPTH = f"depth.{SYMBOL}"


class Shop(Link):
    """A market and both ends of its connection; it trades in the thread of the test."""

    def __init__(self) -> None:
        super().__init__()
        self.venue = Venue(random.Random(7))
        self.is_open = threading.Event()
        """Whether snapshots are answered."""
        self.is_open.set()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, url: str) -> FrameSocket:
        self._loop = asyncio.get_running_loop()
        return await super().__call__(url)

    def answer(self, operation: Operation[Any]) -> Depth:
        assert isinstance(operation, GetDepth)
        if operation.symbol != SYMBOL:
            raise ApiError.of(400, "INVALID_CLIENT_REQUEST", "Invalid market symbol")
        self.is_open.wait(PATIENCE_S)
        return self.venue.depth()

    def streams(self) -> BlockingStreams:
        return BlockingStreams("ws://localhost:1", connect=self, send=self.answer)

    def tell(self, text: str) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self.say, text)

    def trade(self, count: int = 1, *, lost: int = 0) -> None:
        for number in range(count):
            self.venue.move()
            message = self.venue.message()
            if number >= lost:
                self.tell(write_frame(DEPTH, message).decode())

    def holds(self, found: BookSnapshot) -> bool:
        return (found.levels("Bid"), found.levels("Ask")) == self.venue.history[found.update_id]

    def is_newest(self, book: BlockingBook) -> bool:
        return book.is_synced and book.update_id == self.venue.update_id


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def in_threads(count: int, work: Callable[[], None]) -> list[threading.Thread]:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def test_it_is_in_sync_when_it_is_there_and_follows_its_stream() -> None:
    shop = Shop()
    with shop.streams() as streams, streams.book(SYMBOL, timeout_s=PATIENCE_S) as book:
        assert shop.holds(book.snapshot())
        shop.trade(50)
        book.wait_until(lambda: shop.is_newest(book), PATIENCE_S)
        assert shop.holds(book.snapshot())
        assert book.counters.applied == 50
        assert repr(book) == f"BlockingBook({SYMBOL}; in sync)"


def test_two_threads_see_true_states_in_order_while_it_is_fed() -> None:
    shop = Shop()
    seen: list[list[int]] = []
    last_id: list[int] = []
    wrong: list[int] = []
    with shop.streams() as streams:
        book = streams.book(SYMBOL, timeout_s=PATIENCE_S)

        def read() -> None:
            mine: list[int] = []
            seen.append(mine)
            for changed in book.changes(PATIENCE_S):
                found = changed.snapshot()
                mine.append(found.update_id)
                if not shop.holds(found):
                    wrong.append(found.update_id)
                if last_id and found.update_id == last_id[0]:
                    return

        threads = in_threads(2, read)
        shop.trade(2_999)
        last_id.append(shop.venue.update_id + 1)
        shop.trade()
        for thread in threads:
            thread.join(PATIENCE_S)
        assert wrong == []
        assert len(seen) == 2
        assert all(mine == sorted(mine) and mine[-1] == last_id[0] for mine in seen)


def said_in_a_fork(works: list[Callable[[], object]]) -> list[str]:
    """What a forked process gets to see of each."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            os.write(writing, json.dumps([result_of(work) for work in works]).encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as answer:
        said: list[str] = json.loads(answer.read())
    return said


def result_of(work: Callable[[], object]) -> str:
    try:
        return str(work())
    except HaversackError as error:
        return f"{type(error).__name__}: {error}"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system knows no fork")
def test_a_forked_process_is_told_that_nothing_comes_there_and_harms_nobody() -> None:
    shop = Shop()
    with shop.streams() as streams, streams.book(SYMBOL, timeout_s=PATIENCE_S) as book:
        subscription = streams.subscribe("trade.SOL_USDC")
        works: list[Callable[[], object]] = [
            *(lambda: book.is_synced, lambda: book.best_bid, book.synced, lambda: next(iter(book)), subscription.next),
            *(lambda: streams.subscribe("trade.SOL_USDC"), streams.close),
        ]
        said = said_in_a_fork(works)
        assert (said[0], said[-1]) == ("False", "None")
        assert all("forked" in text for text in said[1:-1]), said
        shop.trade(5)
        book.wait_until(lambda: shop.is_newest(book), PATIENCE_S)


def test_a_gap_is_raised_and_waited_out() -> None:
    shop = Shop()
    with shop.streams() as streams:
        book = streams.book(SYMBOL, timeout_s=PATIENCE_S)
        shop.is_open.clear()
        shop.trade(2, lost=1)
        book.wait_until(lambda: not book.is_synced, PATIENCE_S)
        with pytest.raises(Gap):
            _ = book.best_bid
        with pytest.raises(TimeoutError, match="had to come next"):
            book.synced(0.01)
        shop.is_open.set()
        book.synced(PATIENCE_S)
        assert shop.is_newest(book)


def test_a_book_that_is_not_in_sync_in_time_leaves_no_subscription() -> None:
    shop = Shop()
    shop.is_open.clear()
    with shop.streams() as streams:
        with pytest.raises(TimeoutError, match="first snapshot"):
            streams.book(SYMBOL, timeout_s=0.01)
        assert streams.health().streams == {}
        assert streams.health().books == {}
        shop.is_open.set()
        streams.book(SYMBOL, timeout_s=PATIENCE_S)


def test_an_unknown_symbol_is_the_exchange_s_answer() -> None:
    shop = Shop()
    with shop.streams() as streams:
        with pytest.raises(InvalidRequest, match="Invalid market symbol"):
            streams.book("NOPE", timeout_s=PATIENCE_S)
        assert streams.health().streams == {}


def test_a_refusal_is_raised_once_by_an_iteration() -> None:
    shop = Shop()
    with shop.streams() as streams:
        book = streams.book(SYMBOL, timeout_s=PATIENCE_S)
        changes = book.changes(PATIENCE_S)
        next(changes)
        shop.tell(refusal(4006, "Invalid stream"))
        with pytest.raises(SubscriptionRefused, match="Invalid stream"):
            next(changes)
        shop.trade()
        assert shop.is_newest(next(changes))


@pytest.mark.parametrize("what", ["book", "streams"])
def test_a_close_ends_the_iterations_and_waits_of_other_threads(what: str) -> None:
    shop = Shop()
    ended: list[str] = []
    with shop.streams() as streams:
        book = streams.book(SYMBOL, timeout_s=PATIENCE_S)
        begun = threading.Barrier(3)

        def read() -> None:
            for _ in book:
                begun.wait(PATIENCE_S)
            ended.append("iteration")

        def wait() -> None:
            begun.wait(PATIENCE_S)
            book.wait_until(lambda: not book.is_synced, PATIENCE_S)
            ended.append("wait")

        threads = [*in_threads(1, read), *in_threads(1, wait)]
        begun.wait(PATIENCE_S)
        (book if what == "book" else streams).close()
        for thread in threads:
            thread.join(PATIENCE_S)
        assert sorted(ended) == ["iteration", "wait"]
        with pytest.raises(BookNotSynced, match="closed"):
            _ = book.best_ask
        with pytest.raises(StreamClosed):
            book.synced(PATIENCE_S)
        book.close()


def test_closing_one_of_two_books_of_a_market_leaves_the_other() -> None:
    shop = Shop()
    with shop.streams() as streams:
        first, second = streams.book(SYMBOL, timeout_s=PATIENCE_S), streams.book(SYMBOL, timeout_s=PATIENCE_S)
        # Once its stream has spoken, no second snapshot is compared, so that nothing else wakes the reader.
        shop.trade()
        second.wait_until(lambda: shop.is_newest(second), PATIENCE_S)
        begun, seen = threading.Event(), list[int]()

        def read() -> None:
            for changed in first:
                seen.append(changed.update_id)
                begun.set()

        (thread,) = in_threads(1, read)
        begun.wait(PATIENCE_S)
        first.close()
        thread.join(PATIENCE_S)
        assert (thread.is_alive(), len(seen), list(first)) == (False, 1, [])
        shop.trade()
        second.wait_until(lambda: shop.is_newest(second), PATIENCE_S)
        second.close()
        assert streams.health().streams == {}


def test_a_book_needs_open_streams() -> None:
    with pytest.raises(UsageError, match="with"):
        Shop().streams().book(SYMBOL)
