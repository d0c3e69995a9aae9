"""Where a running exchange keeps its journal, and how it gets an empty one: in a folder, or in memory."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from haversack.exchange.journal import (
    FILE_NAME,
    WRITTEN,
    CommandLog,
    Entry,
    GroupCommitter,
    Journal,
    JournalUnusable,
    MemoryJournal,
)
from haversack.exchange.snapshot.content import Header, State
from haversack.exchange.snapshot.files import sound
from haversack.exchange.snapshot.keeper import Place
from haversack.exchange.venue import Committer, Receipt, Venue
from haversack.exchange.views.histories import FILE_NAME as HISTORIES_NAME
from haversack.exchange.views.histories import Histories

_log = logging.getLogger("haversack.exchange")


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

    def histories(self) -> Histories | None:
        """What goes with the open journal; None where they end with the process."""
        ...

    def snapshots(self) -> Iterable[tuple[Header, State]]:
        """States from which the replay of the open journal may begin, the newest first."""
        ...

    async def finish(self) -> None:
        """Wait until everything that was submitted is written."""
        ...

    def close(self) -> None:
        """Let go of the journal."""
        ...


class FolderLogbook:
    """A journal on disk, with its histories. One that is replaced stays beside the new one, as `journal-1.db` and so on."""

    def __init__(self, folder: Path, genesis: bytes) -> None:
        self._folder = folder
        self._genesis = genesis
        self._journal: Journal | None = None
        self._committer: GroupCommitter | None = None
        self._histories: Histories | None = None
        self._busy = asyncio.Lock()

    def open(self) -> Journal:
        """The journal of the folder, made if there is none."""
        self._journal = Journal.open(self._folder, self._genesis)
        try:
            self._histories = Histories.open(self._folder, self._journal.name, last_seq=self._journal.last_seq)
        except (OSError, sqlite3.Error) as error:
            self.close()
            raise JournalUnusable(f"the folder {self._folder} cannot be used: {error}") from error
        return self._journal

    def histories(self) -> Histories:
        """What goes with the open journal."""
        assert self._histories is not None, "histories() before open()"
        return self._histories

    def snapshots(self) -> Iterator[tuple[Header, State]]:
        """States from which the replay may begin, the newest first. What the histories lack is replayed, if it is still there."""
        assert self._journal is not None, "snapshots() before open()"
        histories, ahead = self.histories(), None
        for found in sound(self._journal):
            if found[0].seq <= histories.last_seq:
                yield found
            else:
                ahead = ahead or found
        if ahead is not None and self._journal.pruned:
            _log.warning("the histories before command %d are lost: %s was damaged or removed", ahead[0].seq, histories.path)
            histories.begin_after(ahead[0].seq)
            yield ahead

    def place(self, venue: Venue) -> Place:
        """Where a keeper of snapshots finds everything."""
        assert self._journal is not None, "place() before open()"
        assert self._committer is not None, "place() before committer()"
        return Place(venue, self._journal, self._committer, self._busy)

    def renew(self) -> Journal:
        """Put the journal aside and begin another."""
        self.close()
        number = 1
        while (aside := self._folder / f"journal-{number}.db").exists():
            number += 1
        (self._folder / FILE_NAME).rename(aside)
        if (histories := self._folder / HISTORIES_NAME).exists():
            histories.rename(self._folder / f"histories-{number}.db")
        return self.open()

    def committer(self) -> GroupCommitter:
        """Writes into the open journal, in a thread of its own."""
        assert self._journal is not None, "committer() before open()"
        self._committer = GroupCommitter(self._journal)
        return self._committer

    async def finish(self) -> None:
        """Wait until everything that was submitted is on disk."""
        async with self._busy:
            if self._committer is not None:
                await self._committer.close()
                self._committer = None

    def close(self) -> None:
        """Let go of the folder."""
        if self._histories is not None:
            self._histories.close()
            self._histories = None
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

    def histories(self) -> None:
        """They end with the process."""

    def snapshots(self) -> Iterable[tuple[Header, State]]:
        """None."""
        return ()

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
        return WRITTEN

    async def synced(self) -> None:
        """Nothing is ever left to write."""
