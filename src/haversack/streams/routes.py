"""Who reads what: from the name of a stream to its readers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from haversack.errors import HaversackError, SubscriptionRefused
from haversack.streams.interruption import Interrupted
from haversack.streams.session import Delivery
from haversack.streams.subscription import Reader
from haversack.wire.frames import Message


class Routes:
    """The readers of one connection, and those that still wait for their streams to be asked for."""

    def __init__(self) -> None:
        self._readers: dict[str, tuple[Reader, ...]] = {}
        self._unsent: list[Reader] = []
        self.stray = 0
        """Messages of streams that nobody wants, or no longer, and errors that can concern none."""

    def __len__(self) -> int:
        return len(self._readers)

    def add(self, reader: Reader) -> None:
        """Give it what comes by its streams."""
        for name in reader.streams:
            self._readers[name] = (*self._readers.get(name, ()), reader)
        self._unsent.append(reader)

    def remove(self, reader: Reader) -> list[str]:
        """Give it nothing more; the streams that nobody reads now."""
        unread: list[str] = []
        for name in reader.streams:
            readers = self._readers.pop(name, ())
            others = tuple(other for other in readers if other is not reader)
            if others:
                self._readers[name] = others
            elif readers:
                unread.append(name)
        if reader in self._unsent:
            self._unsent.remove(reader)
        return unread

    def deliver(self, delivery: Delivery, size: int) -> Sequence[Reader]:
        """Hand it to all whom it concerns; those of them for whom the connection should wait."""
        if isinstance(delivery, Message):
            readers = self._readers.get(delivery.stream, ())
        elif isinstance(delivery, SubscriptionRefused):
            readers = self.of(delivery.streams)
        else:
            readers = self.all()
        self.stray += not readers
        full: Sequence[Reader] = ()
        for reader in readers:
            reader.offer(delivery, size)
            if reader.is_blocking:
                full = (*full, reader)
        return full

    def interrupt(self, news: Interrupted) -> None:
        """Tell the readers of these streams."""
        for reader in self.of(news.streams):
            reader.interrupt(news)

    def of(self, streams: Iterable[str]) -> tuple[Reader, ...]:
        """The readers of any of these streams, once each."""
        return tuple(dict.fromkeys(reader for stream in streams for reader in self._readers.get(stream, ())))

    def all(self) -> tuple[Reader, ...]:
        """Every reader, once."""
        return self.of(tuple(self._readers))

    def mark_sent(self, is_asked: Callable[[str], bool]) -> None:
        """Tell those who wait for it that all their streams have been asked for."""
        waiting, self._unsent = self._unsent, []
        for reader in waiting:
            if all(is_asked(stream) for stream in reader.streams):
                reader.mark_sent()
            else:
                self._unsent.append(reader)

    def end(self, ending: Callable[[], HaversackError | None]) -> None:
        """Nothing more will come for anybody; each gets an ending of its own."""
        for reader in self.all():
            reader.end(ending())
        self._readers.clear()
        self._unsent.clear()

    def queued(self) -> Counter[str]:
        """How many messages of each stream wait."""
        total: Counter[str] = Counter()
        for reader in self.all():
            total.update(reader.queued())
        return total

    def dropped_of(self, stream: str) -> int:
        """Messages of one stream that its readers did not get."""
        return sum(reader.dropped_of(stream) for reader in self._readers.get(stream, ()))
