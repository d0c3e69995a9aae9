"""Joins an event loop with a log that waits for its disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from haversack.exchange.journal.entry import CommandLog, Entry, JournalStopped

T = TypeVar("T")


class Commit:
    """Commands that are written together, and the receipt of each of them: one for all, because they share their fate."""

    __slots__ = ("_callbacks", "_error", "_is_done", "_loop", "_waiters", "entries")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.entries: list[Entry] = []
        self._loop = loop
        self._is_done = False
        self._error: JournalStopped | None = None
        self._callbacks: list[Callable[[Any], object]] = []
        self._waiters: list[asyncio.Future[None]] = []

    def done(self) -> bool:
        """Whether they are on disk, or nobody knows."""
        return self._is_done

    def cancelled(self) -> bool:
        """Never: what was submitted is written, whoever gave up waiting."""
        return False

    def exception(self) -> BaseException | None:
        """Why they may be lost; None if they cannot be."""
        return self._error

    def add_done_callback(self, told: Callable[[Any], object], /) -> None:
        """Call this when it is decided, before anybody goes on who waits in `written`."""
        if self._is_done:
            self._loop.call_soon(told, self)
        else:
            self._callbacks.append(told)

    async def written(self) -> None:
        """Wait until they are on disk; JournalStopped if they may be lost."""
        if not self._is_done:
            # One for each who waits: who gives up waiting cancels his own alone.
            waiter: asyncio.Future[None] = self._loop.create_future()
            self._waiters.append(waiter)
            await waiter
        if self._error is not None:
            raise JournalStopped(str(self._error)) from self._error.__cause__

    def end(self, error: JournalStopped | None = None) -> None:
        """It is decided."""
        self._is_done, self._error = True, error
        for told in self._callbacks:
            self._loop.call_soon(told, self)
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._callbacks.clear()
        self._waiters.clear()


class Written:
    """The receipt of what is written already."""

    def done(self) -> bool:
        """It is."""
        return True

    def cancelled(self) -> bool:
        """It is not."""
        return False

    def exception(self) -> None:
        """There is none."""
        return

    def add_done_callback(self, told: Callable[[Any], object], /) -> None:
        """Call this now."""
        told(self)


WRITTEN = Written()


class GroupCommitter:
    """Lets an event loop append without waiting: what is submitted while a commit runs goes into the next one, together.

    A log that does not block is written at once, without a thread, so that a simulated world stays deterministic.
    """

    def __init__(self, log: CommandLog) -> None:
        self._log = log
        self._gathering: Commit | None = None
        """What goes to disk next."""
        self._writing: Commit | None = None
        self._commits: asyncio.Task[None] | None = None
        self._stopped_by: BaseException | None = None
        self._thread = ThreadPoolExecutor(1, "journal") if log.blocks else None

    def submit(self, entry: Entry) -> Commit | Written:
        """Queue an entry; its receipt says when it is on disk. JournalStopped if no further one will ever be."""
        self._check()
        if self._thread is None:
            self._log.append([entry])
            return WRITTEN
        commit = self._gathering
        if commit is None:
            loop = asyncio.get_running_loop()
            commit = self._gathering = Commit(loop)
            if self._commits is None:
                self._commits = loop.create_task(self._commit_all(self._thread))
        commit.entries.append(entry)
        return commit

    async def synced(self) -> None:
        """Wait until everything submitted so far is on disk."""
        self._check()
        # Commits end in their order, so the last one ends after all others.
        last = self._gathering or self._writing
        if last is not None:
            await last.written()

    async def run(self, work: Callable[[], T]) -> T:
        """What the work returns; it has the log for itself meanwhile."""
        if self._thread is None:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def close(self) -> None:
        """Wait for what was submitted, and end the thread. The log stays open."""
        if self._commits is not None:
            await asyncio.wait([self._commits])
        if self._thread is not None:
            self._thread.shutdown()

    def _check(self) -> None:
        if self._stopped_by is not None:
            raise JournalStopped(f"the journal stopped: {self._stopped_by}") from self._stopped_by

    async def _commit_all(self, thread: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._gathering is not None:
                self._writing, self._gathering = self._gathering, None
                await loop.run_in_executor(thread, self._log.append, self._writing.entries)
                self._writing.end()
            self._writing = self._commits = None
        except BaseException as error:
            self._stop(error)
            if not isinstance(error, JournalStopped):
                raise

    def _stop(self, error: BaseException) -> None:
        self._stopped_by = error
        for commit in (self._writing, self._gathering):
            if commit is not None:
                stopped = JournalStopped(f"the entry may not be on disk: {error}")
                stopped.__cause__ = error
                commit.end(stopped)
        self._writing = self._gathering = None
