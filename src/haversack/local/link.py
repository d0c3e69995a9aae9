"""The wires between a client and an exchange in the same process, in the shapes that the client's transports have."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from threading import RLock
from typing import Any, TypeVar

from haversack.errors import ConnectFailed, RequestFailed
from haversack.exchange.faults import ConnectionCut
from haversack.exchange.loopback import Loopback, LoopbackSocket
from haversack.exchange.messages import Reply
from haversack.exchange.venue import Venue
from haversack.rest.http import HttpRequest, HttpResponse
from haversack.streams.transport import HEARD, Closed, Connect, FrameSocket, Heard

T = TypeVar("T")

_PONG = b""
"""No frame is empty, so this one can stand for a pong."""


class LoopbackHttp:
    """An HttpSendAsync that hands requests to an exchange in this process."""

    def __init__(self, loopback: Loopback) -> None:
        self._loopback = loopback

    async def __call__(self, request: HttpRequest, /) -> HttpResponse:
        try:
            reply = await self._loopback.request(
                request.method, request.target, headers=request.headers, body=request.body or b""
            )
        except ConnectionCut:
            raise RequestFailed("the connection was cut") from None
        return _response(reply)


class BlockingLoopbackHttp:
    """An HttpSend that does the same before it returns. Nothing here waits for an event loop."""

    def __init__(self, loopback: Loopback, lock: RLock) -> None:
        self._http = LoopbackHttp(loopback)
        self._lock = lock

    def __call__(self, request: HttpRequest, /) -> HttpResponse:
        with self._lock:
            return run_through(self._http(request))


def run_through(work: Coroutine[Any, Any, T]) -> T:
    """What the work returns. It may let others run, and there are none; a wait for an event loop would be our mistake."""
    try:
        while True:
            waited_for = work.send(None)
            assert waited_for is None, f"nobody would ever end the wait for {waited_for}"
    except StopIteration as finished:
        result: T = finished.value
        return result
    finally:
        work.close()


class LoopbackFrames:
    """A FrameSocket to an exchange in this process."""

    def __init__(self, socket: LoopbackSocket) -> None:
        self._socket = socket

    async def receive(self) -> str | bytes | Heard | Closed:
        """The next frame."""
        frame = await self._socket.receive()
        if frame is None:
            return Closed(None, "the connection was cut")
        return HEARD if frame == _PONG else frame

    async def send(self, text: str) -> None:
        """Hand a text frame to the exchange."""
        self._socket.send(text)

    async def ping(self) -> None:
        """Is answered at once."""
        self._socket.deliver(_PONG)

    async def close(self) -> None:
        """End the connection."""
        self._socket.close()


def connect_to(loopback: Loopback) -> Connect:
    """Opens stream connections to an exchange in this process, whatever the address."""

    async def connect(_url: str) -> FrameSocket:
        return LoopbackFrames(_opened(loopback.connect))

    return connect


def connect_across(loopback: Loopback, lock: RLock) -> Connect:
    """The same for streams that live in a thread of their own, while calls come from others."""

    async def connect(_url: str) -> FrameSocket:
        loop = asyncio.get_running_loop()
        with lock:
            return LoopbackFrames(_opened(lambda: loopback.connect(lambda venue: _ThreadedSocket(venue, lock, loop))))

    return connect


class _ThreadedSocket(LoopbackSocket):
    """Frames may come from any thread, and are read in the thread of one event loop."""

    def __init__(self, venue: Venue, lock: RLock, loop: asyncio.AbstractEventLoop) -> None:
        self._lock = lock
        self._loop = loop
        super().__init__(venue)

    def send(self, text: str | bytes) -> None:
        with self._lock:
            super().send(text)

    def close(self) -> None:
        with self._lock:
            super().close()

    def wake(self) -> None:
        with suppress(RuntimeError):  # The loop is closed: nobody reads any more.
            self._loop.call_soon_threadsafe(super().wake)


def _opened(connect: Callable[[], LoopbackSocket]) -> LoopbackSocket:
    try:
        return connect()
    except ConnectionCut:
        raise ConnectFailed("the exchange opens no stream connections at the moment") from None


def _response(reply: Reply) -> HttpResponse:
    headers = {name.lower(): value for name, value in reply.headers.items()}
    if reply.content_type is not None:
        headers["content-type"] = reply.content_type
    return HttpResponse(reply.status, headers, reply.body)
