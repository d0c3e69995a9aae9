"""Joins a snapshot and the depth messages around it into one book, and notices when they no longer fit.

It is fed (`subscribed`, `update`, `snapshot`, `snapshot_failed`, `disconnected`) and drained (`outgoing`), and does nothing else:

    subscribed -> buffer messages, ask for a snapshot -> it came: drop what it contains, bridge, apply the rest -> in sync
    in sync    -> every message must begin where the last one ended; if one does not, the book is no longer in sync: buffer again

The snapshot becomes a book of its own, beside the one that was there, which is replaced only when all of it fits. So nobody ever
sees levels of both.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from haversack.book.doubt import Doubt
from haversack.book.sides import Changes, Sides, update_id_of
from haversack.book.units import Malformed, Scale
from haversack.wire.markets import Depth, GetDepth

BUFFERED_MAX = 4_096
"""Messages that wait for a snapshot; of more, the oldest are dropped."""
STALE_MAX = 4_096
"""Messages in a row that a new book may already contain; more would be those of numbers that have begun anew."""
STALE_US_MAX = 5_000_000
"""How much later than a snapshot the engine may have made what is in it; both bear the engine's time, so that nothing should."""
SNAPSHOT_LEVELS_MAX = 5_000
"""A snapshot with so many levels on a side may have been cut off there (observed 2026-09)."""
DELAYS_MS = (0, 250, 500, 1_000, 2_000)
"""How long to wait before a snapshot is asked for, by how often it was in vain."""
PROVEN_AFTER = 16
"""Messages that must have fitted before a book that fails again counts as one that fails for the first time."""


class Ask(NamedTuple):
    """A snapshot that is needed."""

    operation: GetDepth
    ticket: int
    """Comes back with the answer, which says whether this snapshot is still waited for."""
    delay_ms: int
    """How long to wait before it is sent."""


class Splice:
    """The book of one market, as far as it is known."""

    def __init__(self, symbol: str, *, scale: Scale, buffered_max: int = BUFFERED_MAX) -> None:
        self.symbol = symbol
        self.sides: Sides | None = None
        """The book, in sync or as it last was; None if there is none that was ever right."""
        self.is_synced = False
        self.doubt = Doubt.NEW
        self.gap: tuple[int, int] | None = None
        """The update id that had to come, and the one that came."""
        self.applied = 0
        self.gaps = 0
        self.resyncs = 0
        self.stale_dropped = 0
        self.overflowed = 0
        self.crossed = 0
        self.snapshots_unfit = 0
        self._losses = 0
        self._scale = scale
        self._buffer: deque[Changes] = deque(maxlen=buffered_max)
        self._snapshot_id = -1
        self._stale_here = 0
        self._is_subscribed = False
        self._ticket = 0
        self._is_asked = False
        self._attempts = 0
        self._applied_before = 0

    @property
    def version(self) -> int:
        """Larger after every change of what can be read, and after every loss of sync."""
        return self.applied + self.resyncs + self._losses

    def subscribed(self) -> None:
        """The exchange was asked for the depth stream: only a snapshot of after that is sure to miss nothing."""
        self._is_subscribed = True
        self._is_asked = False

    def disconnected(self, doubt: Doubt = Doubt.DISCONNECTED) -> None:
        """The stream is gone, and with it every message until it is there again."""
        self._is_subscribed = False
        self._is_asked = False
        self._lose(doubt)

    def outgoing(self) -> Ask | None:
        """The snapshot to ask for now, once; None if none is needed."""
        if self.is_synced or self._is_asked or not self._is_subscribed:
            return None
        self._is_asked = True
        self._ticket += 1
        delay_ms = DELAYS_MS[min(self._attempts, len(DELAYS_MS) - 1)]
        self._attempts += 1
        return Ask(GetDepth(self.symbol), self._ticket, delay_ms)

    def update(self, changes: Changes) -> None:
        """A depth message came."""
        sides = self.sides if self.is_synced else None
        if sides is None:
            self._keep(changes)
        elif changes.first_update_id == sides.update_id + 1 <= changes.last_update_id and changes.symbol == self.symbol:
            self._apply(sides, changes)
        else:
            self._out_of_turn(sides, changes)

    def snapshot(self, depth: Depth, ticket: int) -> None:
        """The answer to what was asked for with this ticket. A book in sync takes a newer one as well, whoever asked for it."""
        if self.is_synced:
            self._compare(depth)
        elif ticket == self._ticket and self._is_asked:
            self._is_asked = False
            self._adopt(depth)

    def snapshot_failed(self, ticket: int) -> None:
        """There will be no answer to what was asked for with this ticket."""
        if ticket == self._ticket:
            self._is_asked = False

    def begin_anew(self, doubt: Doubt) -> None:
        """Trust the book no longer, not even as it was, and ask for a new snapshot."""
        self._drop(doubt)

    def _apply(self, sides: Sides, changes: Changes) -> None:
        try:
            is_sound = sides.apply(changes)
        except Malformed:
            self._drop(Doubt.MALFORMED)
            return
        if is_sound:
            self.applied += 1
        else:
            self._drop(self._flaw(sides))

    def _out_of_turn(self, sides: Sides, changes: Changes) -> None:
        """A message that does not begin where the book ends. Right after a snapshot that can be so; later it is a gap."""
        at = sides.update_id
        is_fresh = at == self._snapshot_id
        if not self._makes_sense(changes):
            self._lose(Doubt.MALFORMED)
        elif is_fresh and changes.last_update_id <= at and self._is_old(sides, changes):
            self._stale_here += 1
            self.stale_dropped += 1
        elif is_fresh and changes.first_update_id <= at < changes.last_update_id:
            self._apply(sides, changes)
        else:
            self.gaps += 1
            self.gap = (at + 1, changes.first_update_id)
            self._lose(Doubt.GAP)
            self._keep(changes)

    def _is_old(self, sides: Sides, changes: Changes) -> bool:
        """Whether a snapshot may contain this message. If not, the exchange has begun to count anew."""
        return self._stale_here < STALE_MAX and changes.engine_us <= sides.engine_us + STALE_US_MAX

    def _keep(self, changes: Changes) -> None:
        """Hold a message until the snapshot that it belongs to is there. What is held has no gap."""
        buffer = self._buffer
        if not self._makes_sense(changes):
            buffer.clear()
            return
        if buffer and changes.first_update_id != buffer[-1].last_update_id + 1:
            self.gaps += 1
            buffer.clear()
        self.overflowed += len(buffer) == buffer.maxlen
        buffer.append(changes)

    def _makes_sense(self, changes: Changes) -> bool:
        return changes.symbol == self.symbol and 0 <= changes.first_update_id <= changes.last_update_id

    def _adopt(self, depth: Depth) -> None:
        """Make a book of this snapshot and of what is held, and put it in the place of the old one if they fit."""
        try:
            sides = self._joined(depth)
        except Malformed:
            self.doubt = Doubt.MALFORMED
            self._buffer.clear()
            sides = None
        if sides is not None and not sides.is_sound:
            self.doubt = self._flaw(sides)
            sides = None
        if sides is not None:
            self.stale_dropped += sum(changes.last_update_id <= update_id_of(depth) for changes in self._buffer)
            self._replace(sides, update_id_of(depth))
        else:
            self.snapshots_unfit += 1

    def _joined(self, depth: Depth) -> Sides | None:
        """The book of a snapshot with all that came after it; None if something is missing between the two."""
        snapshot_id = update_id_of(depth)
        later = [changes for changes in self._buffer if changes.last_update_id > snapshot_id]
        if later and later[0].first_update_id > snapshot_id + 1:
            return None
        sides = Sides(depth, self._scale_known(), levels_max=SNAPSHOT_LEVELS_MAX)
        for changes in later:
            sides.apply(changes)
        return sides

    def _flaw(self, sides: Sides) -> Doubt:
        """Why a book is not sound."""
        if sides.is_used_up:
            return Doubt.USED_UP
        self.crossed += 1
        return Doubt.CROSSED

    def _replace(self, sides: Sides, snapshot_id: int) -> None:
        self.sides = sides
        self.is_synced = True
        self.resyncs += 1
        self._buffer.clear()
        self._snapshot_id = snapshot_id
        self._stale_here = 0
        self._applied_before = self.applied

    def _compare(self, depth: Depth) -> None:
        """A book in sync goes forward to a snapshot that is newer: messages on their way to it are then dropped, or bridge."""
        assert self.sides is not None, "a book in sync has sides"
        try:
            sides = Sides(depth, self._scale_known(), levels_max=SNAPSHOT_LEVELS_MAX)
        except Malformed:
            self.snapshots_unfit += 1
            return
        if sides.update_id == self.sides.update_id and not sides.agrees(self.sides):
            self._drop(Doubt.CONTRADICTED)
        elif sides.update_id > self.sides.update_id and sides.is_sound:
            self._replace(sides, sides.update_id)

    def _scale_known(self) -> Scale:
        return self._scale if self.sides is None else self.sides.scale

    def _lose(self, doubt: Doubt) -> None:
        """Not in sync from here on; the book stays as it last was."""
        if self.is_synced and self.applied - self._applied_before >= PROVEN_AFTER:
            self._attempts = 0
        self._losses += self.is_synced
        self.is_synced = False
        self.doubt = doubt
        self._buffer.clear()

    def _drop(self, doubt: Doubt) -> None:
        """Not in sync, and what there is was never right."""
        self._lose(doubt)
        if self.sides is not None:
            self._scale = self.sides.scale
        self.sides = None
