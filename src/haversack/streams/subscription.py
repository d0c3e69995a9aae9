"""What one reader has of a stream connection: messages to iterate over, and a way to stop."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar, cast

from haversack.errors import HaversackError, StreamClosed
from haversack.streams.interruption import Interrupted
from haversack.streams.mailbox import Item, Mailbox
from haversack.wire.frames import Message

ItemT = TypeVar("ItemT", bound=Message | Interrupted)


class Reader(Protocol):
    """Whoever reads streams, as the connection sees it."""

    @property
    def streams(self) -> tuple[str, ...]:
        """What it wants."""
        ...

    @property
    def is_blocking(self) -> bool:
        """Whether the connection should wait for `room`."""
        ...

    def offer(self, item: Item, size: int) -> None:
        """Something came by a frame of this length."""
        ...

    def interrupt(self, news: Interrupted) -> None:
        """Events may be missing, or were asked for again."""
        ...

    def mark_sent(self) -> None:
        """The exchange was asked for all its streams, for the first time or again."""
        ...

    def end(self, ending: HaversackError | None) -> None:
        """Nothing more will come."""
        ...

    async def room(self) -> None:
        """Wait until there is room for one more message, or nobody who reads it."""
        ...

    def queued(self) -> Counter[str]:
        """How many messages of each stream wait."""
        ...

    def dropped_of(self, stream: str) -> int:
        """Messages of one stream that were not kept."""
        ...


class AnySubscription(Generic[ItemT]):
    """What `Subscription` and `MarkedSubscription` have in common."""

    def __init__(
        self, streams: tuple[str, ...], mailbox: Mailbox, release: Callable[[Reader], None], *, is_marked: bool = False
    ) -> None:
        self.streams = streams
        self.interruptions = 0
        """Times after which events may be missing: the connection was lost, or a silent stream was asked for again."""
        self._is_marked = is_marked
        self._mailbox = mailbox
        self._release = release
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._settled = asyncio.Event()
        self._is_sent = False

    @property
    def dropped(self) -> int:
        """Messages that were not kept, because they came faster than they were read."""
        return self._mailbox.dropped

    @property
    def waiting(self) -> int:
        """Messages and errors that can be read at once."""
        return len(self._mailbox)

    @property
    def ending(self) -> HaversackError | None:
        """Why nothing more will come; None while something may, and after a close of your own."""
        return self._mailbox.ending

    async def sent(self) -> None:
        """Wait until the exchange has been asked for these streams: the most that can be known, as it acknowledges nothing.

        Raises what ended the subscription if that came first.
        """
        await self._settled.wait()
        if not self._is_sent:
            raise self._mailbox.ending or StreamClosed(None, "the subscription was closed before it was sent")

    async def ready(self) -> None:
        """Wait until `take` has something to say: a message, an error or the end. Cancelled, it loses nothing."""
        while not self.waiting and not self._mailbox.is_ended:
            self._news.clear()
            await self._news.wait()

    def take(self) -> ItemT | None:
        """What can be read at once, or None. Raises what iteration raises, StopAsyncIteration after a close of your own."""
        item = self._mailbox.take()
        self._room.set()
        if isinstance(item, HaversackError):
            raise item
        if item is None and self._mailbox.is_ended:
            ending = self._mailbox.ending
            raise StopAsyncIteration if ending is None else ending.with_traceback(None)
        return cast("ItemT | None", item)

    async def close(self) -> None:
        """Want these streams no longer; what waits is dropped. Streams that others read stay. Closing twice is fine."""
        self._release(self)
        self._mailbox.clear()
        self.end(None)

    def offer(self, item: Item, size: int) -> None:
        """For the connection: something came by a frame of this length."""
        if not self._mailbox.put(item, size):
            self._release(self)
            self._settled.set()
        self._news.set()

    def interrupt(self, news: Interrupted) -> None:
        """For the connection: events may be missing, or were asked for again."""
        streams = tuple(stream for stream in news.streams if stream in self.streams)
        self.interruptions += news.to_us is None
        if self._is_marked:
            self.offer(Interrupted(streams, news.from_us, news.to_us, news.reason), 0)

    @property
    def is_blocking(self) -> bool:
        """For the connection: whether it should wait for `room`."""
        return self._mailbox.is_blocking

    async def room(self) -> None:
        """For the connection: wait until there is room for one more message, or nobody who reads it."""
        while self._mailbox.is_blocking:
            self._room.clear()
            await self._room.wait()

    def queued(self) -> Counter[str]:
        """How many messages of each stream wait."""
        return self._mailbox.queued()

    def dropped_of(self, stream: str) -> int:
        """Messages of one stream that were not kept."""
        return self._mailbox.dropped_of(stream)

    def mark_sent(self) -> None:
        """For the connection: the exchange was asked for what is wanted here."""
        if not self._mailbox.is_ended:
            self._is_sent = True
            self._settled.set()

    def end(self, ending: HaversackError | None) -> None:
        """For the connection: nothing more will come."""
        self._mailbox.end(ending)
        self._settled.set()
        self._news.set()
        self._room.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ItemT:
        while (item := self.take()) is None:
            await self.ready()
        return item

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self.streams)}; {self.waiting} waiting, {self.dropped} dropped)"


class Subscription(AnySubscription[Message]):
    """Messages of some streams, in the order in which they came: iterate over it.

    When the connection is lost, iteration goes on with what the next one brings: `interruptions` counts how often events may be
    missing. An error that came in between is raised in its place, and reading again goes on after it: SubscriptionRefused when
    the exchange refused one of these streams, ProtocolError for a frame that was not understood and could have been of any.
    The end is SlowConsumer, UntrustedServer or StreamClosed, raised after all that came before it; after a close of your own,
    iteration just ends.
    """


class MarkedSubscription(AnySubscription[Message | Interrupted]):
    """A Subscription that also brings Interrupted, in its place: where streams were lost, and where they were asked for again."""
