"""Where a local exchange runs: in the caller's own thread without a socket, or in a thread of its own behind real ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from threading import RLock
from typing import Any, Protocol, TypeVar

from haversack.client.aio import AsyncClient
from haversack.client.blocking import Client
from haversack.credentials import Credentials
from haversack.errors import UsageError
from haversack.exchange.faults import Fault, Faults, WaitingFault
from haversack.exchange.loopback import Loopback
from haversack.exchange.operator import Operator
from haversack.exchange.server import Server
from haversack.local.link import BlockingLoopbackHttp, LoopbackHttp, connect_across, connect_to, run_through
from haversack.rest.address import rest_address
from haversack.rest.http import HttpRequest, HttpResponse
from haversack.rest.http_async import AsyncHttp
from haversack.streams.loop_thread import LoopThread

T = TypeVar("T")
_START_S, _STOP_S, _HTTP_S = 30.0, 5.0, 10.0
_NOWHERE, _NO_STREAMS = "http://127.0.0.1:9", "ws://127.0.0.1:9"
"""The addresses of clients without a socket; nothing is ever sent there."""


class FaultBoard(Protocol):
    """What shall go wrong."""

    def add(self, fault: Fault) -> int:
        """Let it happen; the number under which it is listed."""
        ...

    def clear(self, number: int | None = None) -> int:
        """Let everything be well again, or all but for one fault less; how many were taken away."""
        ...

    def waiting(self) -> list[WaitingFault]:
        """What waits or holds, oldest first."""
        ...


class Host(Protocol):
    """One exchange, running."""

    operator: Operator

    @property
    def faults(self) -> FaultBoard:
        """What shall go wrong."""
        ...

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self) -> None:
        """End."""
        ...

    def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What the work returns, done where the exchange is."""
        ...

    async def run_async(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The same, awaited."""
        ...

    def client(self, credentials: Credentials, *, withdrawals: bool = False) -> AsyncClient:
        """A client of this exchange."""
        ...

    def blocking_client(self, credentials: Credentials, *, withdrawals: bool = False) -> Client:
        """A blocking client of this exchange."""
        ...


class InProcess:
    """No socket and no thread: a call has happened when it returns."""

    def __init__(self, operator: Operator) -> None:
        self.operator = operator
        self._lock = RLock()
        self._loopback = Loopback(operator.venue, sleep=operator.pulse.sleep)
        operator.on_renewal.append(self._loopback.serve_instead)

    @property
    def faults(self) -> Faults:
        """What shall go wrong."""
        return self.operator.venue.faults

    def start(self) -> None:
        """Begin."""
        self.operator.start()

    def stop(self) -> None:
        """End all stream connections."""
        with self._lock:
            self.operator.venue.hub.cut_all()

    def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What the work returns; it is done here and now."""
        with self._lock:
            return run_through(work())

    async def run_async(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What the work returns."""
        return await work()

    def client(self, credentials: Credentials, *, withdrawals: bool = False) -> AsyncClient:
        """A client without a socket."""
        return AsyncClient(
            credentials,
            base_url=_NOWHERE,
            stream_url=_NO_STREAMS,
            clock=self.operator.clock,
            withdrawals=withdrawals,
            http=LoopbackHttp(self._loopback),
            connect=connect_to(self._loopback),
            sleep=self.operator.pulse.sleep,
        )

    def blocking_client(self, credentials: Credentials, *, withdrawals: bool = False) -> Client:
        """A blocking client without a socket; its streams live in a thread, as they always do."""
        return Client(
            credentials,
            base_url=_NOWHERE,
            stream_url=_NO_STREAMS,
            clock=self.operator.clock,
            withdrawals=withdrawals,
            http=BlockingLoopbackHttp(self._loopback, self._lock),
            sleep=self._sleep,
            connect=connect_across(self._loopback, self._lock),
        )

    def _sleep(self, delay_s: float) -> None:
        self.run(lambda: self.operator.pulse.sleep(delay_s))


class InThread:
    """REST and WebSocket on a port of 127.0.0.1, served by a thread of its own."""

    def __init__(self, operator: Operator) -> None:
        self.operator = operator
        self._server: Server | None = None
        self._http: AsyncHttp | None = None
        self._thread = LoopThread("local exchange", self._main)
        self._started: Future[None] = Future()

    @property
    def faults(self) -> FaultBoard:
        """What shall go wrong."""
        return _ThreadFaults(self)

    @property
    def server(self) -> Server:
        """The doors."""
        if self._server is None:
            raise UsageError("the exchange is not running")
        return self._server

    def start(self) -> None:
        """Begin, and wait until connections are accepted."""
        self._thread.start()
        self._started.result(_START_S)

    def stop(self) -> None:
        """Close the doors, and end the thread."""
        self._thread.stop(_STOP_S)

    def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What the work returns; it is done in the exchange's thread."""
        return self._thread.call(work)

    async def run_async(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What the work returns; meanwhile this event loop goes on."""
        return await asyncio.to_thread(self._thread.call, work)

    def client(self, credentials: Credentials, *, withdrawals: bool = False) -> AsyncClient:
        """A client over sockets. Its requests leave from the exchange's thread, so that it needs no closing."""
        return AsyncClient(
            credentials,
            base_url=self.server.url,
            stream_url=self.server.stream_url,
            clock=self.operator.clock,
            withdrawals=withdrawals,
            http=self._request,
            sleep=self._sleep,
        )

    def blocking_client(self, credentials: Credentials, *, withdrawals: bool = False) -> Client:
        """A blocking client over sockets, to be closed."""
        return Client(
            credentials,
            base_url=self.server.url,
            stream_url=self.server.stream_url,
            clock=self.operator.clock,
            withdrawals=withdrawals,
            sleep=lambda delay_s: self.run(lambda: self.operator.pulse.sleep(delay_s)),
        )

    async def _request(self, request: HttpRequest, /) -> HttpResponse:
        http = self._http
        assert http is not None, "a request before the exchange was started"
        return await self.run_async(lambda: http(request))

    async def _sleep(self, delay_s: float) -> None:
        await self.run_async(lambda: self.operator.pulse.sleep(delay_s))

    async def _main(self) -> None:
        try:
            self.operator.start()
            self._server = server = Server(self.operator.venue, pulse=self.operator.pulse)
            await server.start(0)
        except BaseException as error:
            self._started.set_exception(error)
            raise
        self.operator.on_renewal.append(server.serve_instead)
        self._http = AsyncHttp(rest_address(server.url), timeout_s=_HTTP_S)
        self._started.set_result(None)
        try:
            await server.failed()
        finally:
            await self._http.close()
            await server.stop()


class _ThreadFaults:
    """Faults of an exchange in another thread."""

    def __init__(self, host: InThread) -> None:
        self._host = host

    def add(self, fault: Fault) -> int:
        return self._host.run(_as_work(lambda: self._host.operator.venue.faults.add(fault)))

    def clear(self, number: int | None = None) -> int:
        return self._host.run(_as_work(lambda: self._host.operator.venue.faults.clear(number)))

    def waiting(self) -> list[WaitingFault]:
        return self._host.run(_as_work(self._host.operator.venue.faults.waiting))


def _as_work(act: Callable[[], T]) -> Callable[[], Coroutine[Any, Any, T]]:
    async def work() -> T:
        return act()

    return work
