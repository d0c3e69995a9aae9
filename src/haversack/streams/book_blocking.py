"""Live books for scripts and notebooks: fed in the thread of their connection, read in any other without asking that one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Condition
from types import TracebackType
from typing import Generic, Self, TypeVar

from haversack.errors import BookNotSynced, StreamClosed, UsageError
from haversack.streams.book import Changes, LiveBook
from haversack.streams.feed import Loan
from haversack.streams.loop_thread import ELSEWHERE, LoopThread

BookT = TypeVar("BookT", bound="BlockingBook")


class BlockingBook(LiveBook):
    """The book of one market, kept in step with its depth stream by the connection's own thread.

    Read it in any thread: each answer is of one update, and two of them may be of two; `snapshot` gives several of one. While
    the book cannot know that it is right, because a message was missed or the connection is lost, reading raises BookNotSynced,
    and `trouble` says why. It comes back by itself, with a new snapshot; `synced` waits for that. Iteration gives the book
    whenever what can be read has changed and it is in sync, never twice for one state and never an old one: whoever is slow
    misses states, not the newest. As the book goes on meanwhile, what is read after that may be newer, or raise BookNotSynced.

    It ends as an AsyncBook does. Several threads may read it, each with an iteration of its own.
    """

    def __init__(self, thread: LoopThread, loan: Loan) -> None:
        super().__init__(loan)
        self._thread = thread
        self._news = Condition()

    @property
    def _is_open(self) -> bool:
        return super()._is_open and not self._thread.is_elsewhere

    def _error(self) -> BookNotSynced:
        return BookNotSynced(self.symbol, ELSEWHERE) if self._thread.is_elsewhere else super()._error()

    def synced(self, timeout_s: float | None = None) -> None:
        """Wait until it is in sync; a TimeoutError if that takes longer. Raises what ended it, as an AsyncBook does."""
        self.wait_until(lambda: self.is_synced or self._failure() is not None, timeout_s)
        failure = None if self.is_synced else self._failure()
        if failure is not None:
            raise failure

    def changes(self, timeout_s: float | None = None) -> Iterator[Self]:
        """The book, whenever what can be read has changed; beginning with how it is now. A TimeoutError if nothing changes."""
        return _BlockingChanges(self, Changes(self, self._feed), timeout_s)

    def close(self) -> None:
        """Want it no longer; every iteration over it ends. Its stream stays if others read it. Closing twice is fine."""

        async def close() -> None:
            self._let_go()

        with suppress(StreamClosed):
            self._thread.call(close)
        # The connection may be at its end already, and nobody left there to say so.
        self._give_back = None
        self._wake()

    def wait_until(self, is_so: Callable[[], bool], timeout_s: float | None = None) -> None:
        """Wait until this is so, which is asked after every change; a TimeoutError if that takes longer.

        `book.wait_until(lambda: book.is_synced and book.spread < 1)`; it must not wait for anything itself.
        """

        if self._thread.is_elsewhere:
            raise UsageError(ELSEWHERE)

        def is_so_now() -> bool:
            # Before looking: what changes after that wakes this thread, and what changed before is seen.
            self._feed.waiters.add(self._wake)
            return is_so()

        with self._news:
            if not self._news.wait_for(is_so_now, timeout_s):
                raise TimeoutError(f"nothing of the book of {self.symbol} for {timeout_s:g} s: {self.trouble or 'no change'}")

    def _wake(self) -> None:
        with self._news:
            self._news.notify_all()

    def __iter__(self) -> Iterator[Self]:
        return self.changes()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class _BlockingChanges(Generic[BookT]):
    """Iterates over the changes of a book."""

    def __init__(self, book: BookT, changes: Changes, timeout_s: float | None) -> None:
        self._book = book
        self._changes = changes
        self._timeout_s = timeout_s

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> BookT:
        changes = self._changes
        while True:
            self._book.wait_until(lambda: changes.is_over or changes.is_due, self._timeout_s)
            if changes.is_over:
                raise StopIteration
            if changes.take():
                return self._book
