"""The blocking client: a call returns its answer. It needs no event loop, and works beside one that is running."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from haversack.client.groups import Account, Capital, History, Markets, Orders, System
from haversack.clock import Clock, SystemClock
from haversack.credentials import Credentials
from haversack.rest.address import REST_URL, STREAM_URL, rest_address, stream_address
from haversack.rest.drivers import drive
from haversack.rest.flow import flow
from haversack.rest.http import HttpSend
from haversack.rest.procedure import Feed, Procedure, each, perform
from haversack.rest.retry import Retry
from haversack.rest.session import RestSession
from haversack.signing import WINDOW_MS_DEFAULT, Signer
from haversack.wire.base import Operation

if TYPE_CHECKING:
    from haversack.streams.blocking import BlockingStreams
    from haversack.streams.heartbeat import Heartbeat
    from haversack.streams.transport import Connect

T = TypeVar("T")


class Client:
    """Backpack Exchange, blocking. Safe to share between threads.

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
        http: HttpSend | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.credentials = credentials
        self.clock: Clock = clock or SystemClock()
        self.base_url = rest_address(base_url).url
        self.stream_url = stream_address(stream_url).url
        self.session = RestSession(credentials, self.clock, window_ms=window_ms, retry=retry)
        self._sleep = sleep
        self._window_ms = window_ms
        self._close: Callable[[], None] | None = None
        self._http = http or self._own_http(timeout_s)
        self.system: System[Client] = System(self)
        self.markets: Markets[Client] = Markets(self)
        self.account: Account[Client] = Account(self)
        self.capital: Capital[Client] = Capital(self)
        self.orders: Orders[Client] = Orders(self)
        self.history: History[Client] = History(self)

    def send(self, operation: Operation[T], /) -> T:
        """The answer to any operation, also to one of your own."""
        return drive(flow(operation, self.session), self._http, self._sleep)

    def perform(self, steps: Procedure[T], /) -> T:
        """What several requests come to; see `haversack.rest.procedure` for how to write your own."""
        return perform(steps, self.send, self._sleep)

    def each(self, steps: Feed[T], /) -> Generator[T, None, None]:
        """The rows that several requests bring, one by one."""
        return each(steps, self.send, self._sleep)

    def streams(self, *, heartbeat: Heartbeat | None = None, connect: Connect | None = None) -> BlockingStreams:
        """A stream connection, opened by `with`: subscribe on it. Private streams are signed with this client's keys.

        `heartbeat` says when silence is asked about, and when it is the end; `connect` brings a connection of your own.
        """
        from haversack.streams.blocking import BlockingStreams

        signer = Signer(self.credentials, self.clock, window_ms=self._window_ms) if self.credentials is not None else None
        return BlockingStreams(self.stream_url, signer=signer, clock=self.clock, heartbeat=heartbeat, connect=connect)

    def close(self) -> None:
        """Close the connections; a transport that you brought yourself is left open."""
        if self._close is not None:
            self._close()

    def _own_http(self, timeout_s: float) -> HttpSend:
        from haversack.rest.http_blocking import BlockingHttp

        http = BlockingHttp(rest_address(self.base_url), timeout_s=timeout_s)
        self._close = http.close
        return http

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.base_url}, {self.credentials!r})"
