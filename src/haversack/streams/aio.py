"""Streams for asyncio: one connection, any number of subscriptions on it, made again whenever it is lost.

    async with client.streams() as streams:
        async for message in streams.subscribe("depth.SOL_USDC", "account.orderUpdate"):
            print(message.stream, message.event)

One task keeps the connection; while there is one, a second reads and waits for no consumer, and a third sends, pings and
watches the silence. All end with the `async with`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import Literal, Self, overload

from haversack.clock import Clock, SystemClock
from haversack.errors import ConnectFailed, StreamClosed, UntrustedServer, UsageError
from haversack.signing import Signer
from haversack.streams.audit import Send, asking
from haversack.streams.backoff import Backoff
from haversack.streams.book import AsyncBook
from haversack.streams.books import Books
from haversack.streams.callbacks import Callback
from haversack.streams.checkup import health_of
from haversack.streams.conversation import Ask, Conversation, Sync, is_passing
from haversack.streams.ending import copy_of, ending_of
from haversack.streams.feed import Loan
from haversack.streams.health import StreamsHealth
from haversack.streams.heartbeat import Heartbeat
from haversack.streams.listener import Listener
from haversack.streams.mailbox import QUEUE_MAX, Mailbox, WhenFull, checked_policy
from haversack.streams.routes import Routes
from haversack.streams.session import StreamSession
from haversack.streams.socket_aiohttp import connect_aiohttp
from haversack.streams.subscription import MarkedSubscription, Reader, Subscription
from haversack.streams.transport import Connect, FrameSocket
from haversack.wire.markets import Market

CONNECT_S = 3.5
"""How long a handshake may take: one that is swallowed must leave a book time to be back within 5 s."""
CLOSE_S = 1.8
"""How long saying goodbye may take, so that a close as a whole stays within 2 s."""
_LET_GO_S = 0.2
"""How long saying goodbye may take on a connection that is lost anyway."""

_log = logging.getLogger("haversack.streams")


class AsyncStreams:
    """One stream connection: opened by `async with`, made again for ever when it is lost, closed for good by `aclose`.

    It carries thousands of streams; whoever wants a second connection, such as for the account alone, opens a second one.

    The first connection is made by `async with`, which raises if that fails. After that only a server whose certificate is not
    trusted, or a Backoff with a bound, ends it: every reader then gets the error. Whatever is subscribed is asked for again on
    each new connection, with fresh signatures; what came meanwhile is lost, which `interruptions` of a subscription counts.

    `heartbeat` says when silence is asked about, `backoff` when a lost connection is made again. `ask` finds out, such as by a
    request, whether a silent market is quiet or its stream dead; without it, a stream that comes at no fixed times is asked for
    once more when it is silent, and flagged in `health`.

    `send` asks the exchange something by REST: the snapshots of books, and whether a silent stream is dead, unless `ask` says
    otherwise. `sync` measures the exchange's clock, which is done when a signature was refused.
    """

    def __init__(
        self,
        url: str,
        *,
        signer: Signer | None = None,
        clock: Clock | None = None,
        heartbeat: Heartbeat | None = None,
        backoff: Backoff | None = None,
        ask: Ask | None = None,
        send: Send | None = None,
        sync: Sync | None = None,
        connect: Connect | None = None,
    ) -> None:
        self.url = url
        self._clock: Clock = clock or SystemClock()
        self._heartbeat = heartbeat or Heartbeat()
        self._routes = Routes()
        self._session = StreamSession(
            signer=signer,
            heartbeat=self._heartbeat,
            backoff=backoff,
            texts=self._routes.texts,
            measures_clock=sync is not None,
        )
        self._work = asyncio.Event()
        self._books = Books(self._session, self._routes, self._work, send)
        self._connect = connect or connect_aiohttp
        self._ask = asking(send, self._books.known) if ask is None and send is not None else ask
        self._sync = sync
        self._socket: FrameSocket | None = None
        self._listeners: dict[Listener, None] = {}
        self._opener: asyncio.Task[object] | None = None
        self._task: asyncio.Task[None] | None = None
        self._ending: StreamClosed | UntrustedServer | None = None
        self._is_closing = False

    @overload
    def subscribe(
        self,
        *streams: str,
        queue_max: int = QUEUE_MAX,
        when_full: WhenFull | str | None = None,
        interruptions: Literal[False] = False,
    ) -> Subscription: ...

    @overload
    def subscribe(
        self,
        *streams: str,
        queue_max: int = QUEUE_MAX,
        when_full: WhenFull | str | None = None,
        interruptions: Literal[True],
    ) -> MarkedSubscription: ...

    def subscribe(
        self,
        *streams: str,
        queue_max: int = QUEUE_MAX,
        when_full: WhenFull | str | None = None,
        interruptions: bool = False,
    ) -> Subscription | MarkedSubscription:
        """Messages of these streams. The request is sent soon after; `await subscription.sent()` waits for that.

        `queue_max` bounds the messages that wait to be read (2 MiB of frames do in any case); `when_full` says what becomes of
        one more. If it is not given, the newest of each stream of tickers, prices and candles is kept; any other stream fails.
        `interruptions=True` brings Interrupted among the messages, where events may be missing; by default they are only counted.
        """
        policy = checked_policy(streams, queue_max, when_full)
        self._check_open()
        names = self._session.subscribe(*streams)
        mailbox = Mailbox(queue_max=queue_max, when_full=policy)
        subscription = (
            MarkedSubscription(names, mailbox, self._release, is_marked=True)
            if interruptions
            else Subscription(names, mailbox, self._release)
        )
        self._routes.add(subscription)
        self._work.set()
        return subscription

    def ask_again(self, *streams: str) -> None:
        """Ask the exchange anew for streams that it refused: it would otherwise be asked when nobody reads them any more.

        Whoever reads them is told of an interruption. One that has brought something on this connection is left alone.
        """
        self._check_open()
        self._session.ask_again(*streams)
        self._work.set()

    def on(
        self,
        streams: str | Iterable[str],
        callback: Callback,
        *,
        queue_max: int = QUEUE_MAX,
        when_full: WhenFull | str | None = None,
    ) -> Listener:
        """Call a function with each message of these streams, one after the other, until the listener is closed.

        A coroutine function is awaited. A plain one holds up its event loop for as long as it runs, which is measured
        (`listener.record.slowest_us`, `health().loop_lag_us_max`). What it raises is logged, and stops nothing.
        """
        names = (streams,) if isinstance(streams, str) else tuple(streams)
        listener = Listener(self.subscribe(*names, queue_max=queue_max, when_full=when_full), callback, self._clock)
        self._listeners = {each: None for each in self._listeners if not each.is_over}
        self._listeners[listener] = None
        return listener

    def book(self, symbol: str, *, market: Market | None = None, check: bool = False) -> AsyncBook:
        """The book of a market, which follows its depth stream until it is closed: `book = await streams.book("SOL_USDC")`.

        Awaited, it is in sync; not awaited, it says by `is_synced` when it can be read. With `market`, its numbers have that
        market's decimals from the start. `check=True` compares it with the book ticker as well, for which that stream is
        subscribed to; if you read that stream on this connection anyway, it is compared in any case. Errors, when awaited:
        SubscriptionRefused, and what the exchange answers to a symbol that it does not know (InvalidRequest, NotFound).
        """
        return AsyncBook(self.lend(symbol, market, check=check))

    def lend(self, symbol: str, market: Market | None, *, check: bool) -> Loan:
        """For BlockingStreams: what a book is made of."""
        self._check_open()
        return self._books.open(symbol, market, check=check)

    def health(self) -> StreamsHealth:
        """How the connection is, and each of its streams and books, at this moment; it can be asked for after the end as well."""
        return health_of(self._session, self._routes, self._books)

    @property
    def stray(self) -> int:
        """Messages of streams that nobody wants, or no longer, and errors that can concern none."""
        return self._routes.stray

    async def aclose(self) -> None:
        """End the connection, every iteration over it and every callback, within 2 s, also while it is being made.

        Closing twice is fine; it is never opened again. Cancelled, it does not wait for the peer any more, and still leaves
        nothing behind.
        """
        self._finish(None)
        was_closing, self._is_closing = self._is_closing, True
        if self._opener is not None and not was_closing:
            self._opener.cancel()
        if self._task is None:
            return
        others = {task for listener in self._listeners if (task := listener.cancel()) is not None} | self._books.tasks
        if not was_closing:
            self._task.cancel()
        try:
            await asyncio.wait({self._task, *others}, timeout=CLOSE_S)
            await self._hang_up(CLOSE_S)
        except asyncio.CancelledError:
            self._task.cancel()
            await asyncio.wait({self._task, *others}, timeout=CLOSE_S)
            await self._hang_up(0.0)
            raise

    async def __aenter__(self) -> Self:
        if self._task is not None or self._ending is not None:
            raise UsageError("streams are opened once: make new ones for a new connection")
        self._ending = StreamClosed(None, "the connection was never made")
        self._tell_time()
        self._session.connecting(self._clock.monotonic_us())
        self._opener = asyncio.current_task()
        try:
            self._socket = await self._open()
        except BaseException as error:
            self._session.closed(self._clock.monotonic_us())
            if isinstance(error, asyncio.CancelledError) and self._is_closing and self._opener and not self._opener.uncancel():
                raise StreamClosed(None, "closed by this side") from None
            raise
        finally:
            self._opener = None
        # From here to the return nothing waits, so that no cancellation can come between the connection and its task.
        self._ending = None
        self._connected()
        self._task = asyncio.create_task(self._run(), name=f"haversack streams {self.url}")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"AsyncStreams({self.url}; {len(self._routes)} streams, {self._ending or self._session.state})"

    async def _open(self) -> FrameSocket:
        try:
            async with asyncio.timeout(CONNECT_S):
                return await self._connect(self.url)
        except OSError as error:  # A TimeoutError is one too.
            raise ConnectFailed(f"no stream connection to {self.url}: {str(error) or type(error).__name__}") from error

    def _check_open(self) -> None:
        if self._ending is not None:
            raise copy_of(self._ending)
        if self._task is None:
            raise UsageError("streams are opened by `async with`: subscribe inside it")

    def _release(self, reader: Reader) -> None:
        """Unsubscribe from what nobody but this reader wants."""
        self._session.unsubscribe(*self._routes.remove(reader))
        self._work.set()

    async def _run(self) -> None:
        """Everything from the opening to the end: connection after connection."""
        try:
            while self._socket is not None:
                conversation = Conversation(
                    *(self._socket, self._session, self._routes),
                    clock=self._clock,
                    heartbeat=self._heartbeat,
                    work=self._work,
                    ask=self._ask,
                    sync=self._sync,
                )
                wait_us = self._lost(await conversation.run())
                await self._hang_up(_LET_GO_S)
                await self._connect_again(wait_us)
        except Exception as error:  # noqa: BLE001  # Whatever ended it, the readers have to learn of it.
            _log.error("no more connections to %s: %s: %s", self.url, type(error).__name__, error)
            self._finish(error)
        finally:
            self._finish(None)
            await self._hang_up(CLOSE_S)

    def _lost(self, error: BaseException) -> int:
        """How long to wait before the next attempt; raises the error where none can help."""
        self._tell_time()
        wait_us = self._session.disconnected(self._clock.monotonic_us(), _reason_of(error))
        for news in self._session.interruptions():
            self._routes.interrupt(news)
        if wait_us is None or not is_passing(error):
            raise error
        _log.warning("no connection to %s: %s; again in %.3f s", self.url, _reason_of(error), wait_us / 1_000_000)
        return wait_us

    async def _connect_again(self, wait_us: int) -> None:
        while True:
            await asyncio.sleep(wait_us / 1_000_000)
            self._tell_time()
            self._session.connecting(self._clock.monotonic_us())
            try:
                self._socket = await self._open()
            except Exception as error:  # noqa: BLE001  # It is raised again where another attempt cannot help.
                wait_us = self._lost(error)
            else:
                self._connected()
                return

    def _connected(self) -> None:
        self._tell_time()
        self._session.connected(self._clock.monotonic_us())
        _log.info("connected to %s (connection %d)", self.url, self._session.connections)

    def _tell_time(self) -> None:
        self._session.tell_time(self._clock.monotonic_us(), self._clock.now_us())

    def _finish(self, cause: BaseException | None) -> None:
        """Tell everyone that this is the end; without a cause it is the user's own. Only the first end counts."""
        if self._ending is not None:
            return
        self._ending = ending_of(cause)
        self._session.closed(self._clock.monotonic_us())
        self._routes.end(lambda: None if cause is None else ending_of(cause))

    async def _hang_up(self, patience_s: float) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    await socket.close()


def _reason_of(error: BaseException) -> str:
    return str(error) or type(error).__name__
