"""Events between a view of the account and those who read them: kept until every reader came back for the next one. No loop.

A reader that comes back has dealt with what it was given before: only then do fills count as taken. Readers are held weakly, so
that one that a program has left, such as by `break`, holds up nobody.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from weakref import ref

from haversack.account.changes import AccountEvent, Filled, FillTooLate
from haversack.errors import SlowConsumer

EVENTS_MAX = 10_000
"""Events that may wait before the slowest reader is given up; what is told together may go beyond it once."""


class Reader:
    """One who reads: where it stands."""

    def __init__(self, log: EventLog, *, wants_all: bool) -> None:
        self._log = log
        self.wants_all = wants_all
        self.position = self.taken = log.unread
        """The next event to look at, and the first one that it has not dealt with."""
        self.ending: SlowConsumer | None = None

    def next(self) -> AccountEvent | None:
        """The next event, if there is one. With this call all earlier ones are dealt with."""
        if self.ending is not None:
            raise self.ending.with_traceback(None)
        event = self._log.after(self)
        self._log.settle()
        return event


class EventLog:
    """What was told and not yet taken."""

    def __init__(self, *, events_max: int = EVENTS_MAX) -> None:
        self._events: deque[AccountEvent] = deque()
        self._base = 0
        self._readers: list[ref[Reader]] = []
        self._events_max = events_max
        self._taken = 0
        self._is_broken = False
        self._lost = 0
        self.unread = 0
        """Where a new reader begins: at what was given to nobody yet."""

    def __len__(self) -> int:
        return len(self._events)

    def reader(self, *, wants_all: bool) -> Reader:
        """A new reader. If events were dropped while there was none, it begins with that as its error."""
        reader = Reader(self, wants_all=wants_all)
        if self._lost:
            reader.ending = SlowConsumer(f"{self._lost} events were dropped, because nobody read them; a new reader goes on")
            self._lost = 0
        else:
            self._readers.append(ref(reader))
        return reader

    def leave(self, reader: Reader) -> None:
        """It reads no more."""
        self._readers = [each for each in self._readers if each() not in (None, reader)]

    def append(self, events: Iterable[AccountEvent]) -> None:
        """These were told. As long as nobody reads all events, only fills are kept: the rest stands in the account."""
        self.settle()
        while len(self._events) >= self._events_max:
            self._give_up_slowest()
        wants_all = any(reader.wants_all for reader in self._living())
        self._events += [event for event in events if wants_all or isinstance(event, Filled | FillTooLate)]

    def after(self, reader: Reader) -> AccountEvent | None:
        """The next event for a reader, which is moved behind it."""
        end = self._base + len(self._events)
        while reader.position < end:
            event = self._events[reader.position - self._base]
            reader.taken, reader.position = reader.position, reader.position + 1
            if reader.wants_all or isinstance(event, Filled):
                self.unread = max(self.unread, reader.position)
                return event
        reader.taken = end
        return None

    def settle(self) -> None:
        """Forget what every reader has dealt with."""
        readers = self._living()
        if readers:
            self._forget(min(reader.taken for reader in readers), is_taken=True)

    def taken_out(self) -> int:
        """How many fills were taken since this was asked last."""
        taken, self._taken = self._taken, 0
        return taken

    def _give_up_slowest(self) -> None:
        readers = self._living()
        slowest = min((reader.taken for reader in readers), default=self._base)
        for reader in readers:
            if reader.taken == slowest:
                text = f"{len(self._events)} events waited when more came: read faster, and ask for the fills that you missed"
                reader.ending = SlowConsumer(text)
                self.leave(reader)
        left = [reader.taken for reader in readers if reader.ending is None]
        end = self._base + len(self._events)
        if not readers:
            self._lost += len(self._events)
        self._forget(min(left, default=end), is_taken=False)
        self.unread = max(self.unread, self._base)

    def _forget(self, position: int, *, is_taken: bool) -> None:
        while self._base < position:
            event = self._events.popleft()
            self._base += 1
            if isinstance(event, Filled):
                # What is taken is counted from the first fill on, so nothing counts any more behind one that was not.
                self._is_broken = self._is_broken or not is_taken
                self._taken += not self._is_broken

    def _living(self) -> list[Reader]:
        living = [reader for each in self._readers if (reader := each()) is not None]
        if len(living) < len(self._readers):
            self._readers = [ref(reader) for reader in living]
        return living
