"""Where a running exchange keeps its journal, and how it gets an empty one: in a folder, or in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from haversack.exchange.journal import FILE_NAME, CommandLog, Entry, GroupCommitter, Journal, MemoryJournal
from haversack.exchange.venue import Committer, Receipt


class Logbook(Protocol):
    """One journal after the other."""

    def open(self) -> CommandLog:
        """The journal that is there, or a new one."""
        ...

    def renew(self) -> CommandLog:
        """An empty journal instead of the one that is open."""
        ...

    def committer(self) -> Committer:
        """Writes into the open journal."""
        ...

    async def finish(self) -> None:
        """Wait until everything that was submitted is written."""
        ...

    def close(self) -> None:
        """Let go of the journal."""
        ...


class FolderLogbook:
    """A journal on disk. One that is replaced stays beside the new one, as `journal-1.db` and so on."""

    def __init__(self, folder: Path, genesis: bytes) -> None:
        self._folder = folder
        self._genesis = genesis
        self._journal: Journal | None = None
        self._committer: GroupCommitter | None = None

    def open(self) -> Journal:
        """The journal of the folder, made if there is none."""
        self._journal = Journal.open(self._folder, self._genesis)
        return self._journal

    def renew(self) -> Journal:
        """Put the journal aside and begin another."""
        self.close()
        number = 1
        while (aside := self._folder / f"journal-{number}.db").exists():
            number += 1
        (self._folder / FILE_NAME).rename(aside)
        return self.open()

    def committer(self) -> GroupCommitter:
        """Writes into the open journal, in a thread of its own."""
        assert self._journal is not None, "committer() before open()"
        self._committer = GroupCommitter(self._journal)
        return self._committer

    async def finish(self) -> None:
        """Wait until everything that was submitted is on disk."""
        if self._committer is not None:
            await self._committer.close()
            self._committer = None

    def close(self) -> None:
        """Let go of the folder."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None


class MemoryLogbook:
    """A journal that lives as long as its process, and needs no event loop."""

    def __init__(self) -> None:
        self._journal = MemoryJournal()

    def open(self) -> MemoryJournal:
        """The journal as it is."""
        return self._journal

    def renew(self) -> MemoryJournal:
        """Forget everything."""
        self._journal = MemoryJournal()
        return self._journal

    def committer(self) -> InstantCommitter:
        """Writes at once."""
        return InstantCommitter(self._journal)

    async def finish(self) -> None:
        """Everything is written already."""

    def close(self) -> None:
        """Nothing is held."""


class InstantCommitter:
    """Writes each command when it is submitted, so that nobody ever waits."""

    def __init__(self, log: MemoryJournal) -> None:
        self._log = log

    def submit(self, entry: Entry) -> Receipt:
        """Write one more command."""
        self._log.append([entry])
        return _WRITTEN

    async def synced(self) -> None:
        """Nothing is ever left to write."""


class _Written:
    """The receipt of what is written already."""

    def done(self) -> bool:
        return True

    def cancelled(self) -> bool:
        return False

    def exception(self) -> None:
        return None

    def add_done_callback(self, told: Callable[[Any], object], /) -> None:
        told(self)


_WRITTEN = _Written()
