"""Live books on a stream connection: read at any moment, and waited for when they change.

book = await streams.book("SOL_USDC")
async for _ in book:
    print(book.best_bid, book.best_ask)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from haversack.book.reader import BookReader
from haversack.errors import BookNotSynced, HaversackError, StreamClosed
from haversack.streams.ending import copy_of
from haversack.streams.feed import Feed, Loan

BookT = TypeVar("BookT", bound="AsyncBook")


class LiveBook(BookReader):
    """What `AsyncBook` and `BlockingBook` have in common."""

    def __init__(self, loan: Loan) -> None:
        super().__init__(loan.feed.book.state)
        self._feed = loan.feed
        self._give_back: Callable[[], None] | None = loan.give_back

    @property
    def is_closed(self) -> bool:
        """Whether you have closed it."""
        return self._give_back is None

    @property
    def ending(self) -> HaversackError | None:
        """Why it will not be in sync again; None while it may be, and after a close of your own."""
        return self._feed.ending

    @property
    def _is_open(self) -> bool:
        return self._give_back is not None and not self._feed.is_ended

    def _error(self) -> BookNotSynced:
        feed = self._feed
        cause = feed.ending or feed.refusal
        if self.is_closed:
            return BookNotSynced(self.symbol, "it was closed")
        error = super()._error() if cause is None else BookNotSynced(self.symbol, str(cause))
        error.__cause__ = cause or feed.request_error
        return error

    def _let_go(self) -> bool:
        """Want it no longer; False if that was said before."""
        give_back, self._give_back = self._give_back, None
        if give_back is not None:
            give_back()
        return give_back is not None

    def _failure(self) -> HaversackError | None:
        """What to raise to whoever waits for it, other than a lost connection; of a close of the user's own, StreamClosed."""
        feed = self._feed
        if self.is_closed:
            return StreamClosed(None, "the book was closed by this side")
        if feed.is_ended:
            return StreamClosed(None, "closed by this side") if feed.ending is None else copy_of(feed.ending)
        return None if feed.refusal is None else copy_of(feed.refusal)


class Changes:
    """How far one iteration over a book has come. It knows nothing of loops and threads."""

    def __init__(self, book: LiveBook, feed: Feed) -> None:
        self._book = book
        self._feed = feed
        self._version = -1
        self._refusals = 0

    @property
    def is_over(self) -> bool:
        """Whether it ends because the user closed the book or its streams."""
        return self._book.is_closed or (self._feed.is_ended and self._feed.ending is None)

    @property
    def is_due(self) -> bool:
        """Whether `take` has something to say."""
        feed = self._feed
        if feed.ending is not None or (feed.refusal is not None and feed.refusals != self._refusals):
            return True
        return self._book.version != self._version and self._book.is_synced

    def take(self) -> bool:
        """Whether there is something new to read. Raises what ended the book, and a refusal once."""
        book, feed = self._book, self._feed
        if feed.ending is not None:
            raise copy_of(feed.ending)
        if feed.refusal is not None and feed.refusals != self._refusals:
            self._refusals = feed.refusals
            raise copy_of(feed.refusal)
        version = book.version
        if version == self._version or not book.is_synced:
            return False
        self._version = version
        return True


class AsyncBook(LiveBook):
    """The book of one market, kept in step with its depth stream.

    `await` it, or enter it by `async with`, to have it in sync; the second closes it at the end. Read it whenever you like: each
    answer is of one update, and while the book cannot know that it is right, because a message was missed or the connection is
    lost, reading raises BookNotSynced, and `trouble` says why. It comes back by itself, with a new snapshot; `synced` waits for
    that. Iteration gives the book whenever what can be read has changed and it is in sync, never twice for one state and never an
    old one: whoever is slow misses states, not the newest.

    It ends with its streams, by StreamClosed or UntrustedServer, or by the exchange's answer if there is no such market; whoever
    waits for it then gets that error. SubscriptionRefused is raised too, once by each iteration; the book comes back if its
    stream is served after all. Books of the same market on one connection share what comes; each is closed for itself.
    """

    def __init__(self, loan: Loan) -> None:
        super().__init__(loan)
        self._was_had = False

    async def synced(self) -> None:
        """Wait until it is in sync. Raises what ended it, StreamClosed after a close of your own. Cancelled, it is as before."""
        while not self.is_synced:
            failure = self._failure()
            if failure is not None:
                raise failure
            await _change_of(self._feed)
        self._was_had = True

    def changes(self) -> AsyncIterator[Self]:
        """The book, whenever what can be read has changed; beginning with how it is now. Cancelled, it loses nothing."""
        return _AsyncChanges(self, self._feed)

    async def close(self) -> None:
        """Want it no longer; every iteration over it ends. Its stream stays if others read it. Closing twice is fine."""
        self._close()

    def _close(self) -> None:
        if self._let_go():
            # Whoever waits for this one waits with those who share the feed.
            self._feed.wake()

    async def _opened(self) -> Self:
        try:
            await self.synced()
        except BaseException:
            # Nobody else has it if `await streams.book(...)` was given up.
            if not self._was_had:
                self._close()
            raise
        return self

    def __await__(self) -> Generator[Any, None, Self]:
        return self._opened().__await__()

    def __aiter__(self) -> AsyncIterator[Self]:
        return self.changes()

    async def __aenter__(self) -> Self:
        return await self._opened()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._close()


class _AsyncChanges(Generic[BookT]):
    """Iterates over the changes of a book."""

    def __init__(self, book: BookT, feed: Feed) -> None:
        self._book = book
        self._feed = feed
        self._changes = Changes(book, feed)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> BookT:
        while not self._changes.is_over:
            if self._changes.take():
                return self._book
            await _change_of(self._feed)
        raise StopAsyncIteration


async def _change_of(feed: Feed) -> None:
    news: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def wake() -> None:
        if not news.done():
            news.set_result(None)

    feed.waiters.add(wake)
    try:
        await news
    finally:
        feed.waiters.discard(wake)
