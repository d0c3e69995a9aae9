"""Streams for scripts and notebooks: the async ones, in a thread of their own.

with client.streams() as streams:
    for message in streams.subscribe("trade.SOL_USDC"):
        print(message.stream, message.event)
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import Self

from haversack.clock import Clock
from haversack.errors import HaversackError, StreamClosed, UsageError
from haversack.signing import Signer
from haversack.streams.aio import CONNECT_S, AsyncStreams
from haversack.streams.heartbeat import Heartbeat
from haversack.streams.loop_thread import LoopThread
from haversack.streams.mailbox import QUEUE_MAX, WhenFull
from haversack.streams.subscription import Subscription
from haversack.streams.transport import Connect
from haversack.wire.frames import Message

BATCH_MAX = 256
"""Messages that are fetched from the other thread at once, so that a switch between threads is paid for by many."""
_STOP_S = 3.0


class BlockingSubscription:
    """Messages of some streams, in the order in which they came: iterate over it, or call `next` with a limit.

    Errors are raised as by the async subscription: one in between in its place, and reading again goes on after it; the end is
    StreamClosed or SlowConsumer; after a close of your own, iteration just ends. To be read by one thread at a time.
    """

    def __init__(self, thread: LoopThread, subscription: Subscription) -> None:
        self.streams = subscription.streams
        self._thread = thread
        self._subscription = subscription
        self._fetched: deque[Message | HaversackError] = deque()
        self._is_ended = False

    @property
    def dropped(self) -> int:
        """Messages that were not kept, because they came faster than they were read."""
        return self._subscription.dropped

    @property
    def waiting(self) -> int:
        """Messages and errors that can be read at once."""
        return len(self._fetched) + self._subscription.waiting

    def next(self, timeout_s: float | None = None) -> Message:
        """The next message; a TimeoutError if none comes in time, after which nothing is lost. None waits for ever."""
        while not self._fetched:
            if self._is_ended:
                raise StreamClosed(None, "the subscription was closed by this side")
            self._thread.call(self._fetch, timeout_s=timeout_s)
        item = self._fetched.popleft()
        if isinstance(item, HaversackError):
            raise item
        return item

    def sent(self, timeout_s: float | None = None) -> None:
        """Wait until the exchange has been asked for these streams: the most that can be known, as it acknowledges nothing."""
        self._thread.call(self._subscription.sent, timeout_s=timeout_s)

    def close(self) -> None:
        """Want these streams no longer; what waits is dropped. Streams that others read stay. Closing twice is fine."""
        self._is_ended = True
        self._fetched.clear()
        with suppress(StreamClosed):
            self._thread.call(self._subscription.close)

    async def _fetch(self) -> None:
        await self._subscription.ready()
        # What is taken goes straight where `next` finds it: a caller that gives up just now loses nothing.
        for _ in range(BATCH_MAX):
            try:
                message = self._subscription.take()
            except HaversackError as error:
                self._fetched.append(error)
                return
            except StopAsyncIteration:
                self._is_ended = True
                return
            if message is None:
                return
            self._fetched.append(message)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Message:
        try:
            return self.next()
        except StreamClosed:
            if self._is_ended or self._thread.is_stopping:
                raise StopIteration from None
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"BlockingSubscription({', '.join(self.streams)}; {self.waiting} waiting, {self.dropped} dropped)"


class BlockingStreams:
    """One stream connection: opened by `with`, and not opened again once it has ended."""

    def __init__(
        self,
        url: str,
        *,
        signer: Signer | None = None,
        clock: Clock | None = None,
        heartbeat: Heartbeat | None = None,
        connect: Connect | None = None,
    ) -> None:
        self.url = url
        self._streams = AsyncStreams(url, signer=signer, clock=clock, heartbeat=heartbeat, connect=connect)
        self._opened: Future[None] = Future()
        self._thread: LoopThread | None = None

    def subscribe(
        self, *streams: str, queue_max: int = QUEUE_MAX, when_full: WhenFull | str = WhenFull.FAIL
    ) -> BlockingSubscription:
        """Messages of these streams. The request is sent soon after; `subscription.sent()` waits for that.

        `queue_max` bounds the messages that wait, besides 256 already fetched; `when_full` says what becomes of one more.
        """
        if self._thread is None:
            raise UsageError("streams are opened by `with`: subscribe inside it")

        async def subscribe() -> Subscription:
            return self._streams.subscribe(*streams, queue_max=queue_max, when_full=when_full)

        return BlockingSubscription(self._thread, self._thread.call(subscribe))

    def close(self) -> None:
        """End the connection, every iteration over it and the thread, within 2 s. Closing twice is fine; it is final."""
        if self._thread is not None:
            self._thread.stop(_STOP_S)

    async def _main(self) -> None:
        try:
            async with self._streams:
                self._opened.set_result(None)
                await asyncio.Event().wait()
        except BaseException as error:
            if self._opened.done():
                raise
            self._opened.set_exception(error)

    def __enter__(self) -> Self:
        if self._thread is not None:
            raise UsageError("streams are opened once: make new ones for a new connection")
        self._thread = LoopThread(f"haversack streams {self.url}", self._main)
        self._thread.start()
        try:
            self._opened.result(CONNECT_S + 1.0)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Blocking{self._streams!r}".replace("Async", "", 1)
