"""Who reads what: from the name of a stream to its readers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from haversack.book.texts import DepthFrame
from haversack.errors import HaversackError, SubscriptionRefused
from haversack.streams.feed import Feed
from haversack.streams.interruption import Interrupted
from haversack.streams.session import Delivery
from haversack.streams.subscription import Reader
from haversack.wire.frames import Message

_NAME = b'"stream":"'


def named_last(frame: bytes) -> str:
    """The one stream that a frame names, at its end, where the exchange writes it; empty if it names none, or two.

    What cannot be understood before that is of this stream and no other: else one odd frame would make every book of a connection
    begin anew. Were the name itself garbled, a book would see its gap.
    """
    _, found, name = frame.rpartition(_NAME)
    is_whole = found and name.endswith(b'"}') and name.count(b'"') == 1 and frame.count(_NAME) == 1
    return name[:-2].decode(errors="replace") if is_whole else ""


class Routes:
    """The readers of one connection, and those that still wait for their streams to be asked for."""

    def __init__(self) -> None:
        self._wanting: dict[str, tuple[Reader, ...]] = {}
        self._overhearing: dict[str, tuple[Feed, ...]] = {}
        self._readers: dict[str, tuple[Reader, ...]] = {}
        """Both, of each stream that anybody wants."""
        self._feeds: dict[str, tuple[Feed, ...]] = {}
        """Of streams that only books read."""
        self._unsent: dict[Reader, None] = {}
        self.texts: set[str | bytes] = set()
        """The names of those streams, as they stand in a frame of text and in one of bytes."""
        self.stray = 0
        """Messages of streams that nobody wants, or no longer, and errors that can concern none."""

    def __len__(self) -> int:
        return len(self._wanting)

    def add(self, reader: Reader) -> None:
        """Give it what comes by its streams, and what others want of those that it overhears."""
        for name in reader.streams:
            self._wanting[name] = (*self._wanting.get(name, ()), reader)
            self._settle(name)
        if isinstance(reader, Feed):
            for name in reader.overhears:
                self._overhearing[name] = (*self._overhearing.get(name, ()), reader)
                self._settle(name)
        self._unsent[reader] = None

    def remove(self, reader: Reader) -> list[str]:
        """Give it nothing more; the streams that nobody wants now."""
        self._unsent.pop(reader, None)
        for name in reader.overhears if isinstance(reader, Feed) else ():
            others = tuple(other for other in self._overhearing.pop(name, ()) if other is not reader)
            if others:
                self._overhearing[name] = others
            self._settle(name)
        return [name for name in reader.streams if self._leave(name, reader)]

    def deliver(self, delivery: Delivery, size: int) -> Sequence[Reader]:
        """Hand it to all whom it concerns; those of them for whom the connection should wait."""
        if isinstance(delivery, DepthFrame):
            for feed in self._feeds.get(delivery.stream, ()):
                feed.change(delivery.depth)
            return ()
        if isinstance(delivery, Message):
            readers = self._readers.get(delivery.stream, ())
        elif isinstance(delivery, SubscriptionRefused):
            readers = self.of(delivery.streams)
        else:
            readers = self._readers.get(named_last(delivery.body), ()) or self.all()
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
            if news.to_us is None:
                self._unsent[reader] = None

    def of(self, streams: Iterable[str]) -> tuple[Reader, ...]:
        """The readers of any of these streams, once each."""
        return tuple(dict.fromkeys(reader for stream in streams for reader in self._readers.get(stream, ())))

    def all(self) -> tuple[Reader, ...]:
        """Every reader, once."""
        return self.of(tuple(self._readers))

    def mark_sent(self, is_asked: Callable[[str], bool]) -> None:
        """Tell those who wait for it that all their streams have been asked for."""
        for reader in [reader for reader in self._unsent if all(map(is_asked, reader.streams))]:
            del self._unsent[reader]
            reader.mark_sent()

    def end(self, ending: Callable[[], HaversackError | None]) -> None:
        """Nothing more will come for anybody; each gets an ending of its own."""
        for reader in self.all():
            reader.end(ending())
        for table in (self._wanting, self._overhearing, self._readers, self._feeds, self._unsent, self.texts):
            table.clear()

    def queued(self) -> Counter[str]:
        """How many messages of each stream wait."""
        total: Counter[str] = Counter()
        for reader in self.all():
            total.update(reader.queued())
        return total

    def dropped_of(self, stream: str) -> int:
        """Messages of one stream that its readers did not get."""
        return sum(reader.dropped_of(stream) for reader in self._readers.get(stream, ()))

    def _leave(self, name: str, reader: Reader) -> bool:
        """Whether it was the last that wanted this stream."""
        readers = self._wanting.pop(name, ())
        others = tuple(other for other in readers if other is not reader)
        if others:
            self._wanting[name] = others
        self._settle(name)
        return bool(readers) and not others

    def _settle(self, name: str) -> None:
        """Note who gets a stream, and in which form."""
        wanting = self._wanting.get(name, ())
        feeds = tuple(reader for reader in wanting if isinstance(reader, Feed))
        self._readers.pop(name, None)
        self._feeds.pop(name, None)
        names: set[str | bytes] = {name, name.encode(errors="replace")}
        self.texts -= names
        if wanting:
            self._readers[name] = (*wanting, *self._overhearing.get(name, ()))
        if wanting and len(feeds) == len(wanting):
            self._feeds[name] = feeds
            self.texts |= names
