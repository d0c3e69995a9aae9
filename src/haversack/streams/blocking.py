"""Streams for scripts and notebooks: the async ones, in a thread of their own.

with client.streams() as streams:
    for message in streams.subscribe("trade.SOL_USDC"):
        print(message.stream, message.event)
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from threading import Thread, current_thread
from types import TracebackType
from typing import Any, Generic, Literal, Self, TypeAlias, overload

from haversack.clock import Clock, SystemClock
from haversack.errors import HaversackError, StreamClosed, UsageError
from haversack.signing import Signer
from haversack.streams.aio import CONNECT_S, AsyncStreams
from haversack.streams.aside import in_a_thread
from haversack.streams.backoff import Backoff
from haversack.streams.book_blocking import BlockingBook
from haversack.streams.callbacks import Callback, CallRecord, is_passing
from haversack.streams.feed import Loan
from haversack.streams.freshness import Suspect, Verdict
from haversack.streams.health import StreamsHealth
from haversack.streams.heartbeat import Heartbeat
from haversack.streams.interruption import Interrupted
from haversack.streams.loop_thread import LoopThread
from haversack.streams.mailbox import QUEUE_MAX, WhenFull
from haversack.streams.subscription import AnySubscription, ItemT, Subscription
from haversack.streams.transport import Connect
from haversack.wire.base import Operation
from haversack.wire.frames import Message
from haversack.wire.markets import Market

BlockingAsk: TypeAlias = Callable[[Suspect], Verdict]
"""Finds out by other means whether a silent stream is dead or its market quiet; called in a thread of its own."""

BATCH_MAX = 256
"""Messages that are fetched from the other thread at once, so that a switch between threads is paid for by many."""
_STOP_S = 3.0
_JOIN_S = 0.1


class AnyBlockingSubscription(Generic[ItemT]):
    """What `BlockingSubscription` and `BlockingMarkedSubscription` have in common."""

    def __init__(self, thread: LoopThread, subscription: AnySubscription[ItemT]) -> None:
        self.streams = subscription.streams
        self._thread = thread
        self._subscription = subscription
        self._fetched: deque[ItemT | HaversackError] = deque()
        self._is_ended = False

    @property
    def interruptions(self) -> int:
        """Times after which events of these streams may be missing."""
        return self._subscription.interruptions

    @property
    def ending(self) -> HaversackError | None:
        """Why nothing more will come; None while something may, and after a close of your own."""
        return self._subscription.ending

    @property
    def dropped(self) -> int:
        """Messages that were not kept, because they came faster than they were read."""
        return self._subscription.dropped

    @property
    def waiting(self) -> int:
        """Messages and errors that can be read at once."""
        return len(self._fetched) + self._subscription.waiting

    def next(self, timeout_s: float | None = None) -> ItemT:
        """The next message; a TimeoutError if none comes in time, after which nothing is lost. None waits for ever."""
        while True:
            # Another thread may close it at any moment, which empties what was fetched.
            with suppress(IndexError):
                item = self._fetched.popleft()
                if isinstance(item, HaversackError):
                    raise item
                return item
            if self._is_ended:
                raise StreamClosed(None, "the subscription was closed by this side")
            self._thread.call(self._fetch, timeout_s=timeout_s)

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

    def __next__(self) -> ItemT:
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
        return f"{type(self).__name__}({', '.join(self.streams)}; {self.waiting} waiting, {self.dropped} dropped)"


class BlockingSubscription(AnyBlockingSubscription[Message]):
    """Messages of some streams, in the order in which they came: iterate over it, or call `next` with a limit.

    Errors are raised as by the async subscription: one in between in its place, and reading again goes on after it; the end is
    SlowConsumer, UntrustedServer or StreamClosed; after a close of your own, iteration just ends. A connection that was lost
    is no error: `interruptions` counts how often events may be missing. To be read by one thread at a time.
    """


class BlockingMarkedSubscription(AnyBlockingSubscription[Message | Interrupted]):
    """A BlockingSubscription that also brings Interrupted, in its place among the messages."""


class BlockingListener:
    """Calls a function with each message, in a thread of its own, until it is closed."""

    def __init__(self, subscription: BlockingSubscription, callback: Callback, clock: Clock) -> None:
        self.subscription = subscription
        self.record = CallRecord(callback, subscription.streams, clock)
        name = f"haversack callback of {subscription.streams[0]}"
        # A daemon, so that a callback that never returns does not keep the program from ending.
        self._thread = Thread(target=self._live, name=name, daemon=True)
        self._thread.start()

    @property
    def ending(self) -> HaversackError | None:
        """Why it is called no more; None while it may be, and after a close of your own."""
        return self.subscription.ending

    @property
    def is_over(self) -> bool:
        """Whether it will not be called again."""
        return not self._thread.is_alive()

    def close(self, wait_s: float = 2.0) -> None:
        """Want these streams no longer, and wait until the callback has returned; called by itself, it does not wait."""
        self.subscription.close()
        self.join(wait_s)

    def join(self, wait_s: float) -> None:
        """Wait until the callback has returned for the last time, but no longer than this."""
        if current_thread() is not self._thread:
            self._thread.join(wait_s)

    def _live(self) -> None:
        while not self.record.is_stopped:
            try:
                message = next(self.subscription)
            except StopIteration:
                return
            except HaversackError as error:
                if not is_passing(error):
                    self.record.ended(error)
                    return
                self.record.failed(error)
            else:
                # It holds up nobody but itself.
                self.record.call(message, slow_us=None)

    def __repr__(self) -> str:
        return f"BlockingListener({', '.join(self.subscription.streams)}; {self.record.calls} calls, {self.record.errors} errors)"


class BlockingStreams:
    """One stream connection: opened by `with`, made again for ever when it is lost, closed for good by `close`.

    It survives what AsyncStreams survives, and ends by what that ends by.
    """

    def __init__(
        self,
        url: str,
        *,
        signer: Signer | None = None,
        clock: Clock | None = None,
        heartbeat: Heartbeat | None = None,
        backoff: Backoff | None = None,
        ask: BlockingAsk | None = None,
        send: Callable[[Operation[Any]], Any] | None = None,
        sync: Callable[[], object] | None = None,
        connect: Connect | None = None,
    ) -> None:
        self.url = url
        self._clock = clock or SystemClock()
        self._streams = AsyncStreams(
            url,
            signer=signer,
            clock=self._clock,
            heartbeat=heartbeat,
            backoff=backoff,
            ask=None if ask is None else in_a_thread(ask),
            send=None if send is None else in_a_thread(send),
            sync=None if sync is None else in_a_thread(sync),
            connect=connect,
        )
        self._listeners: list[BlockingListener] = []
        self._opened: Future[None] = Future()
        self._thread: LoopThread | None = None

    @overload
    def subscribe(
        self,
        *streams: str,
        queue_max: int = QUEUE_MAX,
        when_full: WhenFull | str | None = None,
        interruptions: Literal[False] = False,
    ) -> BlockingSubscription: ...

    @overload
    def subscribe(
        self,
        *streams: str,
        queue_max: int = QUEUE_MAX,
        when_full: WhenFull | str | None = None,
        interruptions: Literal[True],
    ) -> BlockingMarkedSubscription: ...

    def subscribe(
        self,
        *streams: str,
        queue_max: int = QUEUE_MAX,
        when_full: WhenFull | str | None = None,
        interruptions: bool = False,
    ) -> BlockingSubscription | BlockingMarkedSubscription:
        """Messages of these streams. The request is sent soon after; `subscription.sent()` waits for that.

        `queue_max` bounds the messages that wait, besides 256 already fetched; `when_full` says what becomes of one more. If
        it is not given, the newest of each stream of tickers, prices and candles is kept; any other stream fails.
        `interruptions=True` brings Interrupted among the messages, where events may be missing; by default they are only counted.
        """
        thread = self._opened_thread()
        if interruptions:

            async def subscribe_marked() -> AnySubscription[Message | Interrupted]:
                return self._streams.subscribe(*streams, queue_max=queue_max, when_full=when_full, interruptions=True)

            return BlockingMarkedSubscription(thread, thread.call(subscribe_marked))

        async def subscribe() -> Subscription:
            return self._streams.subscribe(*streams, queue_max=queue_max, when_full=when_full)

        return BlockingSubscription(thread, thread.call(subscribe))

    def book(
        self, symbol: str, *, market: Market | None = None, check: bool = False, timeout_s: float | None = None
    ) -> BlockingBook:
        """The book of a market, in sync: `book = streams.book("SOL_USDC")`. It follows its depth stream until it is closed.

        See AsyncStreams.book. A TimeoutError if it is not in sync in time; without `timeout_s` it is waited for as long as the
        streams are open. Whatever is raised, no subscription is left.
        """
        thread = self._opened_thread()

        async def lend() -> Loan:
            return self._streams.lend(symbol, market, check=check)

        book = BlockingBook(thread, thread.call(lend))
        try:
            book.synced(timeout_s)
        except BaseException:
            book.close()
            raise
        return book

    def ask_again(self, *streams: str) -> None:
        """Ask the exchange anew for streams that it refused; see AsyncStreams.ask_again."""

        async def ask_again() -> None:
            self._streams.ask_again(*streams)

        self._opened_thread().call(ask_again)

    def on(
        self,
        streams: str | Iterable[str],
        callback: Callback,
        *,
        queue_max: int = QUEUE_MAX,
        when_full: WhenFull | str | None = None,
    ) -> BlockingListener:
        """Call a function with each message of these streams, in a thread of its own, until the listener is closed.

        What it raises is logged, and stops nothing; while it runs, messages wait as for any other reader.
        """
        names = (streams,) if isinstance(streams, str) else tuple(streams)
        subscription = self.subscribe(*names, queue_max=queue_max, when_full=when_full)
        listener = BlockingListener(subscription, callback, self._clock)
        self._listeners = [*(each for each in self._listeners if not each.is_over), listener]
        return listener

    def health(self) -> StreamsHealth:
        """How the connection and each of its streams is at this moment; it can be asked for after the end as well."""

        async def health() -> StreamsHealth:
            return self._streams.health()

        if self._thread is not None:
            with suppress(StreamClosed):
                return self._thread.call(health)
        return self._streams.health()

    def close(self) -> None:
        """End the connection, every iteration over it and the thread, within 2 s. Closing twice is fine; it is final.

        A callback that is running just then is waited for a moment, and called no more.
        """
        for listener in self._listeners:
            listener.record.is_stopped = True
        if self._thread is not None:
            self._thread.stop(_STOP_S)
        for listener in self._listeners:
            listener.join(_JOIN_S)

    def _opened_thread(self) -> LoopThread:
        if self._thread is None:
            raise UsageError("streams are opened by `with`: subscribe inside it")
        return self._thread

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
