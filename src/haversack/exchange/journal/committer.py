"""Joins an event loop with a log that waits for its disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from haversack.exchange.journal.entry import CommandLog, Entry, JournalStopped

T = TypeVar("T")


class GroupCommitter:
    """Lets an event loop append without waiting: what is submitted while a commit runs goes into the next one, together.

    A log that does not block is written at once, without a thread, so that a simulated world stays deterministic.
    """

    def __init__(self, log: CommandLog) -> None:
        self._log = log
        self._waiting: list[tuple[Entry | None, asyncio.Future[int]]] = []
        self._commits: asyncio.Task[None] | None = None
        self._stopped_by: BaseException | None = None
        self._thread = ThreadPoolExecutor(1, "journal") if log.blocks else None

    def submit(self, entry: Entry) -> asyncio.Future[int]:
        """Queue an entry. The future gives its number once it is on disk, or JournalStopped; so does a later call."""
        return self._queue(entry)

    async def synced(self) -> None:
        """Wait until everything submitted so far is on disk."""
        # Entries are committed in order, so an empty place at the end of the queue is reached after all of them.
        await self._queue(None)

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

    def _queue(self, entry: Entry | None) -> asyncio.Future[int]:
        if self._stopped_by is not None:
            raise JournalStopped(f"the journal stopped: {self._stopped_by}") from self._stopped_by
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        if self._thread is None:
            self._log.append([entry] if entry else [])
            future.set_result(self._log.last_seq)
            return future
        self._waiting.append((entry, future))
        if self._commits is None:
            self._commits = loop.create_task(self._commit_all(self._thread))
        return future

    async def _commit_all(self, thread: ThreadPoolExecutor) -> None:
        batch: list[tuple[Entry | None, asyncio.Future[int]]] = []
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                seq = self._log.last_seq
                entries = [entry for entry, _ in batch if entry]
                if entries:
                    await asyncio.get_running_loop().run_in_executor(thread, self._log.append, entries)
                for entry, future in batch:
                    seq += entry is not None
                    if not future.done():
                        future.set_result(seq)
            self._commits = None
        except BaseException as error:
            self._stop(error, batch + self._waiting)
            if not isinstance(error, JournalStopped):
                raise

    def _stop(self, error: BaseException, unanswered: list[tuple[Entry | None, asyncio.Future[int]]]) -> None:
        self._stopped_by = error
        self._waiting = []
        for _, future in unanswered:
            if not future.done():
                stopped = JournalStopped(f"the entry may not be on disk: {error}")
                stopped.__cause__ = error
                future.set_exception(stopped)
