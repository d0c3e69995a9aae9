"""What one reader has of a stream connection: messages to iterate over, and a way to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from haversack.errors import HaversackError, ProtocolError, StreamClosed, SubscriptionRefused
from haversack.streams.mailbox import Mailbox
from haversack.wire.frames import Message


class Subscription:
    """Messages of some streams, in the order in which they came: iterate over it.

    An error that came in between is raised in its place, and reading again goes on after it: SubscriptionRefused when the
    exchange refused one of these streams, ProtocolError for a frame that was not understood and could have been of any stream.
    The end is StreamClosed or SlowConsumer, raised after all that came before it; after a close of your own, iteration just ends.
    """

    def __init__(self, streams: tuple[str, ...], mailbox: Mailbox, release: Callable[[Subscription], None]) -> None:
        self.streams = streams
        self._mailbox = mailbox
        self._release = release
        self._news = asyncio.Event()
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

    def take(self) -> Message | None:
        """What can be read at once, or None. Raises what iteration raises, StopAsyncIteration after a close of your own."""
        item = self._mailbox.take()
        if isinstance(item, HaversackError):
            raise item
        if item is None and self._mailbox.is_ended:
            ending = self._mailbox.ending
            raise StopAsyncIteration if ending is None else ending.with_traceback(None)
        return item

    async def close(self) -> None:
        """Want these streams no longer; what waits is dropped. Streams that others read stay. Closing twice is fine."""
        self._release(self)
        self._mailbox.clear()
        self.end(None)

    def offer(self, item: Message | SubscriptionRefused | ProtocolError, size: int) -> None:
        """For the connection: something came by a frame of this length."""
        if not self._mailbox.put(item, size):
            self._release(self)
            self._settled.set()
        self._news.set()

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

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message:
        while (message := self.take()) is None:
            await self.ready()
        return message

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"Subscription({', '.join(self.streams)}; {self.waiting} waiting, {self.dropped} dropped)"
