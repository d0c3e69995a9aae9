"""Makes a snapshot now and then while the exchange works, and lets the journal forget what is no longer needed.

The state is copied at one moment, in a few milliseconds; it is written down piece by piece, between the other work of the
event loop, and synced in another thread. It counts once it is on disk, and the histories are synced before it is.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from haversack.exchange.durable import write_whole
from haversack.exchange.journal import GroupCommitter, Journal, JournalStopped
from haversack.exchange.snapshot.content import Header, State, lines
from haversack.exchange.snapshot.files import KEPT, path_of, paths, remove_old, stands_at
from haversack.exchange.venue import Venue, new_engine

EVERY = 20_000
"""Commands between two snapshots: what a start has to replay at most, and half a second of it."""
AT_STOP = 1_000
"""Commands that are worth one when the exchange stops."""
LOOKS_S = 1.0
PRUNED_AT_ONCE = 2_000
_log = logging.getLogger("haversack.exchange")


class Place(NamedTuple):
    """Where the exchange is at the moment."""

    venue: Venue
    journal: Journal
    committer: GroupCommitter
    busy: asyncio.Lock
    """Held by whoever needs the journal to stay open."""

    def newest(self) -> int:
        """The command at which the newest snapshot stands; 0 if there is none."""
        return max(map(stands_at, paths(self.journal.folder, self.journal.name)), default=0)


class Keeper:
    """The snapshots of one exchange on a folder."""

    def __init__(self, place: Callable[[], Place], *, keep: int) -> None:
        self._place = place
        self._keep = keep
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look after the exchange."""
        self._task = asyncio.create_task(self._look(), name="snapshots")

    async def stop(self) -> None:
        """Make a last snapshot, if it is worth it. The exchange must do nothing more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            await self.look(AT_STOP)

    async def look(self, every: int = EVERY) -> bool:
        """Make a snapshot if so many commands came since the last one; whether one was made.

        Nothing depends on it, so a failure is told and no more: the next start replays more.
        """
        place = self._place()
        async with place.busy:
            # Meanwhile the exchange may have begun anew.
            place = self._place()
            if place.venue.seq - place.newest() < every:
                return False
            try:
                await self._make(place)
            except (OSError, sqlite3.Error, JournalStopped) as why:
                _log.warning("no snapshot could be made: %s", why)
                return False
            return True

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOKS_S)
            await self.look()

    async def _make(self, place: Place) -> None:
        state = place.venue.dump()
        await place.venue.settled()
        histories = place.venue.archive.histories
        histories.write()
        await asyncio.to_thread(histories.sync)
        assert histories.last_seq >= state.seq, "a snapshot must not be ahead of the histories"
        mark = await place.committer.run(lambda: place.journal.mark(state.seq))
        assert mark is not None, "a snapshot must not be ahead of the journal"
        header = Header(
            journal=place.journal.name.hex(),
            seq=state.seq,
            mark=mark,
            hash=await asyncio.to_thread(_hash, place.venue, state),
        )
        pieces: list[bytes] = []
        for piece in lines(header, state):
            pieces.append(piece)
            await asyncio.sleep(0)
        folder = place.journal.folder
        await asyncio.to_thread(write_whole, path_of(folder, header), pieces)
        await self._prune(place, remove_old(folder, place.journal.name))

    async def _prune(self, place: Place, stand: list[int]) -> None:
        """Forget what neither of the snapshots needs and nobody wishes to keep. The command at which one stands stays."""
        if len(stand) < KEPT:
            return
        until = min(stand[-1] - 1, place.journal.last_seq - self._keep)
        while until > place.journal.pruned:
            await place.committer.run(lambda: place.journal.prune(until, rows_max=PRUNED_AT_ONCE))


def _hash(venue: Venue, state: State) -> str:
    engine = new_engine(venue.listing)
    engine.load(state.engine)
    return engine.state_hash()
