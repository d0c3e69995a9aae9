"""The async client: a call returns an awaitable of its answer."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from haversack.client.arguments import check_arguments, check_parts
from haversack.client.groups import Groups
from haversack.clock import Clock, SystemClock
from haversack.credentials import Credentials, Secret
from haversack.rest.address import REST_URL, known_stream_url, rest_address, stream_url_of
from haversack.rest.broker import Broker
from haversack.rest.drivers import drive_async
from haversack.rest.flow import both_flow, flow, raw_flow
from haversack.rest.http import HttpSendAsync
from haversack.rest.observe import Observer, observed_async
from haversack.rest.offset import ClockOffset, sync_steps
from haversack.rest.pacing import Limits, Pacer, shared_pacer
from haversack.rest.procedure import Feed, Procedure, each_async, perform_async
from haversack.rest.proxy import checked_proxy
from haversack.rest.retry import Retry
from haversack.rest.session import RestSession
from haversack.signing import WINDOW_MS_DEFAULT
from haversack.wire.base import Operation

if TYPE_CHECKING:
    from haversack.account.aio import AsyncAccount
    from haversack.account.reconcile import Rhythm
    from haversack.account.sending import Witness
    from haversack.streams.aio import AsyncStreams
    from haversack.streams.backoff import Backoff
    from haversack.streams.heartbeat import Heartbeat
    from haversack.streams.transport import Connect

T = TypeVar("T")


class AsyncClient(Groups["AsyncClient"]):
    """Backpack Exchange, async. It belongs to the event loop of its first request, and is safe to share between tasks.

    Without credentials it reads public data.

    `base_url` and `stream_url`: another exchange than the real one, such as a local one; keys go to no other host.
    `window_ms`: how long a signed request is good for, 60,000 at most.
    `timeout_s`: how long to wait for a connection, and for each piece of an answer.
    `retry`: how often reads are repeated. What changes state is sent once, whatever happens.
    `limits`: how many requests may leave in a minute; clients of one process share a count for the same exchange and key.
    `broker`: goes with every order. `withdrawals`: True lets this client take money out.
    `proxy`: `http://user:password@host:port`; the environment's proxies are never asked.
    `user_agent`: how this client introduces itself. `observer`: is told of every request and what came of it.
    `clock`, `http`, `sleep`, `connect`: the seams; bring others to test, to replay, or to use another HTTP library.
    """

    def __init__(
        self,
        credentials: Credentials | None = None,
        *,
        base_url: str = REST_URL,
        stream_url: str | None = None,
        window_ms: int = WINDOW_MS_DEFAULT,
        timeout_s: float = 10.0,
        retry: Retry | None = None,
        limits: Limits | None = None,
        broker: Broker | None = None,
        withdrawals: bool = False,
        proxy: Secret | str | None = None,
        user_agent: str | None = None,
        observer: Observer | None = None,
        clock: Clock | None = None,
        http: HttpSendAsync | None = None,
        connect: Connect | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        check_arguments(
            credentials=credentials,
            window_ms=window_ms,
            timeout_s=timeout_s,
            withdrawals=withdrawals,
            observer=observer,
            user_agent=user_agent,
        )
        check_parts(retry=retry, limits=limits, broker=broker)
        self.credentials = credentials
        self.clock: Clock = clock or SystemClock()
        self.base_url = rest_address(base_url).url
        public_key = None if credentials is None else credentials.public_key
        self._stream_url = stream_url_of(stream_url, self.base_url)
        self.session = RestSession(
            credentials,
            self.clock,
            window_ms=window_ms,
            retry=retry,
            pacer=Pacer(limits) if http else shared_pacer(self.base_url, public_key, limits, clock=self.clock),
            broker=broker,
            withdrawals=withdrawals,
            user_agent=user_agent,
        )
        self._sleep, self._connect = sleep, connect
        self._close: Callable[[], Awaitable[None]] | None = None
        self._witnesses: list[Witness] = []
        plain = http or self._own_http(timeout_s, proxy)
        self._http = plain if observer is None else observed_async(plain, observer, self.clock)
        super().__init__(self)

    async def send(self, operation: Operation[T], /) -> T:
        """The answer to any operation, also to one of your own."""
        if self._witnesses:
            from haversack.account.sending import send_told_async

            return await send_told_async(self._witnesses, operation, self.session, self._send)
        return await drive_async(flow(operation, self.session), self._http, self._sleep)

    async def raw(self, operation: Operation[Any], /) -> bytes:
        """The answer as it came, for what is not typed yet; it is sent, paced and refused like any other."""
        if self._witnesses:
            from haversack.account.sending import Command, raw_told_async

            if isinstance(operation, Command):
                return await raw_told_async(self._witnesses, operation, self.session, self._send_both)
        return await drive_async(raw_flow(operation, self.session), self._http, self._sleep)

    async def perform(self, steps: Procedure[T], /) -> T:
        """What several requests come to; see `haversack.rest.procedure` for how to write your own."""
        return await perform_async(steps, self.send, self._sleep)

    def each(self, steps: Feed[T], /) -> AsyncGenerator[T, None]:
        """The rows that several requests bring, one by one."""
        return each_async(steps, self.send, self._sleep)

    async def sync_clock(self) -> ClockOffset:
        """Measure how far this machine's clock is off the exchange's, and sign by that from now on.

        It happens by itself when the exchange says that a request has expired.
        """
        return await drive_async(sync_steps(self.session), self._http, self._sleep)

    @property
    def clock_offset(self) -> ClockOffset | None:
        """What was measured last; None: nothing yet, so that requests are signed by this machine's clock."""
        return self.session.clock_offset

    @property
    def stream_url(self) -> str:
        """Where the streams come from."""
        return known_stream_url(self._stream_url, self.base_url)

    def streams(
        self, *, heartbeat: Heartbeat | None = None, backoff: Backoff | None = None, connect: Connect | None = None
    ) -> AsyncStreams:
        """A stream connection, opened by `async with`: subscribe on it. Private streams are signed with this client's keys.

        `heartbeat` says when silence is asked about, and when it is the end; `backoff` how it connects again. Whether a stream is
        quiet or dead, this client is asked. `connect` brings a connection of your own.
        """
        from haversack.streams.aio import AsyncStreams

        return AsyncStreams(
            self.stream_url,
            signer=self.session.signer,
            clock=self.clock,
            heartbeat=heartbeat,
            backoff=backoff,
            send=self.send,
            sync=self.sync_clock,
            connect=connect or self._connect,
        )

    def account_view(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        since_ms: int | None = None,
        rhythm: Rhythm | None = None,
        streams: AsyncStreams | None = None,
        key_changed: bool = False,
        timeout_s: float | None = None,
    ) -> AsyncAccount:
        """Orders, fills, balances and positions of this client's account, kept true: open it by `async with` or by `await`.

        `path`: a file in which fills are remembered, so that each is told once over restarts too; each account and program
        needs one of its own.
        `since_ms`: from when on fills are told, if nothing is remembered; from the opening on if not given. `rhythm`: how often
        everything is read. `streams`: an open connection to use; it has one of its own otherwise. `key_changed`: True if the file
        was written with an earlier key of the same account; the file of another key is refused. `timeout_s`: how long the first
        complete reading may take, then a TimeoutError; without it, as long as the exchange needs to come back.
        """
        from haversack.account.aio import AsyncAccount
        from haversack.account.tending import Wiring

        wiring = Wiring(session=self.session, perform=self.perform, streams=self.streams, witnesses=self._witnesses)
        return AsyncAccount(
            wiring, path, since_ms=since_ms, rhythm=rhythm, streams=streams, key_changed=key_changed, timeout_s=timeout_s
        )

    async def close(self) -> None:
        """Close the connections; a transport that you brought yourself is left open."""
        if self._close is not None:
            await self._close()

    async def _send(self, operation: Operation[T], /) -> T:
        return await drive_async(flow(operation, self.session), self._http, self._sleep)

    async def _send_both(self, operation: Operation[Any], /) -> tuple[bytes, Any]:
        return await drive_async(both_flow(operation, self.session), self._http, self._sleep)

    def _own_http(self, timeout_s: float, proxy: Secret | str | None) -> HttpSendAsync:
        from haversack.rest.http_async import AsyncHttp

        address = rest_address(self.base_url)
        http = AsyncHttp(address, timeout_s=timeout_s, proxy=checked_proxy(proxy, address))
        self._close = http.close
        return http

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncClient({self.base_url}, {self.credentials!r})"
