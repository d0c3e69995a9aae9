"""Streams for asyncio: one connection, any number of subscriptions on it.

    async with client.streams() as streams:
        async for message in streams.subscribe("depth.SOL_USDC", "account.orderUpdate"):
            print(message.stream, message.event)

One task reads, and waits for no consumer; its child sends, pings and watches the silence. Both end with the `async with`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from types import TracebackType
from typing import Self

from haversack.clock import Clock, SystemClock
from haversack.errors import ConnectFailed, StreamClosed, SubscriptionRefused, UsageError
from haversack.signing import Signer
from haversack.streams.heartbeat import Due, Heartbeat
from haversack.streams.mailbox import QUEUE_MAX, Mailbox, WhenFull, checked_policy
from haversack.streams.session import Delivery, StreamSession
from haversack.streams.socket_aiohttp import connect_aiohttp
from haversack.streams.subscription import Subscription
from haversack.streams.transport import Closed, Connect, FrameSocket, Heard
from haversack.wire.frames import Message

CONNECT_S = 10.0
CLOSE_S = 1.8
"""How long saying goodbye may take, so that a close as a whole stays within 2 s."""
_BURST_MAX = 64
"""Frames that are read at a stretch: those of a burst are in memory already, so that reading them never lets a consumer run."""
_LAST_WORD_S = 0.5
"""How long after a failed send the reader may still learn why the connection ended."""


class AsyncStreams:
    """One stream connection: opened by `async with`, and not opened again once it has ended."""

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
        self._clock: Clock = clock or SystemClock()
        self._heartbeat = heartbeat or Heartbeat()
        self._session = StreamSession(signer=signer, heartbeat=self._heartbeat)
        self._connect = connect or connect_aiohttp
        self._socket: FrameSocket | None = None
        self._routes: dict[str, tuple[Subscription, ...]] = {}
        self._unsent: list[Subscription] = []
        self._work = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._ending: StreamClosed | None = None
        self._is_closing = False
        self.stray = 0
        """Messages of streams that nobody wants, or no longer, and errors that can concern none."""

    def subscribe(self, *streams: str, queue_max: int = QUEUE_MAX, when_full: WhenFull | str = WhenFull.FAIL) -> Subscription:
        """Messages of these streams. The request is sent soon after; `await subscription.sent()` waits for that.

        `queue_max` bounds the messages that wait to be read (2 MiB of frames do in any case); `when_full` says what becomes of
        one more.
        """
        policy = checked_policy(streams, queue_max, when_full)
        self._check_open()
        names = self._session.subscribe(*streams)
        subscription = Subscription(names, Mailbox(queue_max=queue_max, when_full=policy), self._release)
        for name in names:
            self._routes[name] = (*self._routes.get(name, ()), subscription)
        self._unsent.append(subscription)
        self._work.set()
        return subscription

    async def aclose(self) -> None:
        """End the connection and every iteration over it, within 2 s. Closing twice is fine; it is never opened again.

        Cancelled, it does not wait for the peer any more, and still leaves nothing behind.
        """
        self._finish(None)
        if self._task is None:
            return
        if not self._is_closing:
            self._is_closing = True
            self._task.cancel()
        try:
            await asyncio.wait({self._task})
            await self._hang_up(CLOSE_S)
        except asyncio.CancelledError:
            self._task.cancel()
            await asyncio.wait({self._task})
            await self._hang_up(0.0)
            raise

    async def __aenter__(self) -> Self:
        if self._task is not None or self._ending is not None:
            raise UsageError("streams are opened once: make new ones for a new connection")
        self._ending = StreamClosed(None, "the connection was never made")
        self._socket = await self._open()
        # From here to the return nothing waits, so that no cancellation can come between the connection and its task.
        self._ending = None
        self._session.connected(self._clock.monotonic_us())
        self._task = asyncio.create_task(self._run(self._socket), name=f"haversack streams {self.url}")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"AsyncStreams({self.url}; {len(self._routes)} streams, {self._ending or 'open'})"

    async def _open(self) -> FrameSocket:
        try:
            async with asyncio.timeout(CONNECT_S):
                return await self._connect(self.url)
        except OSError as error:  # A TimeoutError is one too.
            raise ConnectFailed(f"no stream connection to {self.url}: {str(error) or type(error).__name__}") from error

    def _check_open(self) -> None:
        if self._ending is not None:
            raise StreamClosed(self._ending.code, self._ending.reason)
        if self._task is None:
            raise UsageError("streams are opened by `async with`: subscribe inside it")

    def _release(self, subscription: Subscription) -> None:
        """Unsubscribe from what nobody but this subscription wants."""
        for name in subscription.streams:
            readers = self._routes.pop(name, ())
            others = tuple(reader for reader in readers if reader is not subscription)
            if others:
                self._routes[name] = others
            elif readers:
                self._session.unsubscribe(name)
        self._work.set()

    async def _run(self, socket: FrameSocket) -> None:
        """Everything that this connection does, from its opening to its end."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep(socket), name=f"haversack streams {self.url} keeper")
                await self._read(socket)
        except* Exception as errors:  # noqa: BLE001  # Whatever ended it, the readers have to learn of it.
            self._finish(errors.exceptions[0])
        finally:
            self._finish(None)
            _take_back_cancellations()
            await self._hang_up(CLOSE_S)

    async def _read(self, socket: FrameSocket) -> None:
        clock, session = self._clock, self._session
        while True:
            for _ in range(_BURST_MAX):
                frame = await socket.receive()
                if isinstance(frame, Closed):
                    raise StreamClosed(frame.code, frame.reason)
                if isinstance(frame, Heard):
                    session.heard(clock.monotonic_us())
                else:
                    self._deliver(session.received(frame, clock.monotonic_us()), len(frame))
            await asyncio.sleep(0)

    def _deliver(self, delivery: Delivery, size: int) -> None:
        if isinstance(delivery, Message):
            readers = self._routes.get(delivery.stream, ())
        elif isinstance(delivery, SubscriptionRefused):
            readers = self._readers_of(delivery.streams)
        else:
            readers = self._readers_of(tuple(self._routes))
        self.stray += not readers
        for reader in readers:
            reader.offer(delivery, size)

    def _readers_of(self, streams: tuple[str, ...]) -> tuple[Subscription, ...]:
        return tuple(dict.fromkeys(reader for stream in streams for reader in self._routes.get(stream, ())))

    async def _keep(self, socket: FrameSocket) -> None:
        while True:
            self._work.clear()
            await self._flush(socket)
            due = self._session.due(self._clock.monotonic_us())
            if due is Due.CLOSE:
                silence_s = self._heartbeat.interval_s + self._heartbeat.timeout_s
                raise StreamClosed(None, f"nothing was heard for {silence_s:g} s, not even the answer to a ping")
            if due is Due.PING:
                await self._bounded(socket.ping())
            await self._rest()

    async def _flush(self, socket: FrameSocket) -> None:
        """Send what is to be sent, then tell those who wait for it."""
        asking, self._unsent = self._unsent, []
        for text in self._session.outgoing(self._clock.monotonic_us()):
            await self._bounded(socket.send(text))
        for subscription in asking:
            subscription.mark_sent()

    async def _bounded(self, sending: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout(self._heartbeat.timeout_s):
                await sending
        except TimeoutError:
            raise StreamClosed(None, f"nothing could be sent for {self._heartbeat.timeout_s:g} s") from None
        except OSError as error:
            await asyncio.sleep(_LAST_WORD_S)
            raise StreamClosed(None, f"sending failed: {str(error) or type(error).__name__}") from error

    async def _rest(self) -> None:
        """Until there is something to send, or the silence calls for something."""
        wake_us = self._session.wake_us
        assert wake_us is not None, "the session is connected for as long as this runs"
        # A pong brings the next ping forward, but never to less than an interval from now.
        rest_s = min(max(0, wake_us - self._clock.monotonic_us()) / 1_000_000, self._heartbeat.interval_s)
        with suppress(TimeoutError):
            async with asyncio.timeout(rest_s):
                await self._work.wait()

    def _finish(self, cause: BaseException | None) -> None:
        """Tell everyone that this is the end; without a cause it is the user's own. Only the first end counts."""
        if self._ending is not None:
            return
        self._ending = _closing_of(cause)
        self._session.disconnected()
        for subscription in self._readers_of(tuple(self._routes)):
            subscription.end(None if cause is None else _closing_of(cause))
        self._routes.clear()
        self._unsent.clear()

    async def _hang_up(self, patience_s: float) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    await socket.close()


def _take_back_cancellations() -> None:
    """Let the running task wait again: from Python 3.13 on, a task group hands the cancellation that ended it on."""
    task = asyncio.current_task()
    while task is not None and task.cancelling():
        task.uncancel()


def _closing_of(cause: BaseException | None) -> StreamClosed:
    """A new error for each reader: one that is raised twice would carry the traceback of both."""
    if isinstance(cause, StreamClosed):
        copy = StreamClosed(cause.code, cause.reason)
        copy.__cause__ = cause.__cause__
        return copy
    closing = StreamClosed(None, "closed by this side" if cause is None else f"{type(cause).__name__}: {cause}")
    closing.__cause__ = cause
    return closing
