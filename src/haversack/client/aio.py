"""The async client: a call returns an awaitable of its answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from haversack.client.groups import Account, Capital, History, Markets, Orders, System
from haversack.clock import Clock, SystemClock
from haversack.credentials import Credentials
from haversack.rest.address import REST_URL, STREAM_URL, rest_address, stream_address
from haversack.rest.drivers import drive_async
from haversack.rest.flow import flow
from haversack.rest.http import HttpSendAsync
from haversack.rest.procedure import Feed, Procedure, each_async, perform_async
from haversack.rest.retry import Retry
from haversack.rest.session import RestSession
from haversack.signing import WINDOW_MS_DEFAULT, Signer
from haversack.wire.base import Operation

if TYPE_CHECKING:
    from haversack.streams.aio import AsyncStreams
    from haversack.streams.heartbeat import Heartbeat
    from haversack.streams.transport import Connect

T = TypeVar("T")


class AsyncClient:
    """Backpack Exchange, async. It belongs to the event loop of its first request, and is safe to share between tasks.

    Without credentials it reads public data. `window_ms` is how long a signed request is good for, 60,000 at most;
    `timeout_s` how long to wait for a connection, and for each piece of an answer.
    """

    def __init__(
        self,
        credentials: Credentials | None = None,
        *,
        base_url: str = REST_URL,
        stream_url: str = STREAM_URL,
        window_ms: int = WINDOW_MS_DEFAULT,
        timeout_s: float = 10.0,
        retry: Retry | None = None,
        clock: Clock | None = None,
        http: HttpSendAsync | None = None,
        connect: Connect | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.credentials = credentials
        self.clock: Clock = clock or SystemClock()
        self.base_url = rest_address(base_url).url
        self.stream_url = stream_address(stream_url).url
        self.session = RestSession(credentials, self.clock, window_ms=window_ms, retry=retry)
        self._sleep = sleep
        self._connect = connect
        self._window_ms = window_ms
        self._close: Callable[[], Awaitable[None]] | None = None
        self._http = http or self._own_http(timeout_s)
        self.system: System[AsyncClient] = System(self)
        self.markets: Markets[AsyncClient] = Markets(self)
        self.account: Account[AsyncClient] = Account(self)
        self.capital: Capital[AsyncClient] = Capital(self)
        self.orders: Orders[AsyncClient] = Orders(self)
        self.history: History[AsyncClient] = History(self)

    async def send(self, operation: Operation[T], /) -> T:
        """The answer to any operation, also to one of your own."""
        return await drive_async(flow(operation, self.session), self._http, self._sleep)

    async def perform(self, steps: Procedure[T], /) -> T:
        """What several requests come to; see `haversack.rest.procedure` for how to write your own."""
        return await perform_async(steps, self.send, self._sleep)

    def each(self, steps: Feed[T], /) -> AsyncGenerator[T, None]:
        """The rows that several requests bring, one by one."""
        return each_async(steps, self.send, self._sleep)

    def streams(self, *, heartbeat: Heartbeat | None = None, connect: Connect | None = None) -> AsyncStreams:
        """A stream connection, opened by `async with`: subscribe on it. Private streams are signed with this client's keys.

        `heartbeat` says when silence is asked about, and when it is the end; `connect` brings a connection of your own.
        """
        from haversack.streams.aio import AsyncStreams

        signer = Signer(self.credentials, self.clock, window_ms=self._window_ms) if self.credentials is not None else None
        return AsyncStreams(
            self.stream_url, signer=signer, clock=self.clock, heartbeat=heartbeat, connect=connect or self._connect
        )

    async def close(self) -> None:
        """Close the connections; a transport that you brought yourself is left open."""
        if self._close is not None:
            await self._close()

    def _own_http(self, timeout_s: float) -> HttpSendAsync:
        from haversack.rest.http_async import AsyncHttp

        http = AsyncHttp(rest_address(self.base_url), timeout_s=timeout_s)
        self._close = http.close
        return http

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncClient({self.base_url}, {self.credentials!r})"
