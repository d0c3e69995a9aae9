"""Bounds on connections: how many there may be, and how long a request may take to arrive."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from haversack.clock import SystemClock
from haversack.exchange.limits import BODY_BYTES_MAX, CONNECTIONS_MAX, IDLE_S_MAX

_SECOND_US = 1_000_000


class LimitedServer(web.Server):
    """aiohttp's server, with a bound on connections and on the time that a request may take to come in."""

    def __init__(self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> None:
        super().__init__(self._counted(handler), access_log=None, request_factory=_bounded_request)
        self._monotonic_us = SystemClock().monotonic_us
        self._owing: dict[RequestHandler, int] = {}
        """Connections that owe a request, with the time at which they are given up, the earliest first."""
        self._watch: asyncio.TimerHandle | None = None
        self._open = 0
        self._last_us = self._monotonic_us()

    def _counted(
        self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            self.arrived(request.protocol)
            try:
                return await handler(request)
            finally:
                self.awaits(request.protocol)

        return handle

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """Take the connection, unless there are too many."""
        super().connection_made(handler, transport)
        self._open += 1
        if self._open > CONNECTIONS_MAX:
            # Not at once: aiohttp first begins its work on a connection that it was just told of.
            asyncio.get_running_loop().call_soon(transport.abort)
        self.awaits(handler)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """Forget it."""
        self._open -= 1
        self.arrived(handler)
        super().connection_lost(handler, exc)

    def awaits(self, handler: RequestHandler) -> None:
        """The connection owes a request from now on; an idle one is closed just the same."""
        if handler.transport is not None and handler not in self._owing:
            self._owing[handler] = self._monotonic_us() + round(IDLE_S_MAX * _SECOND_US)
            if self._watch is None:
                self._watch = asyncio.get_running_loop().call_later(IDLE_S_MAX, self._cut_late)

    def arrived(self, handler: RequestHandler) -> None:
        """A request's head is in; its body has its own bound."""
        self._owing.pop(handler, None)
        self._last_us = self._monotonic_us()

    @property
    def quiet_us(self) -> int:
        """How long nobody has asked for anything, nor listened to a stream."""
        is_busy = self._open > len(self._owing)
        return 0 if is_busy else self._monotonic_us() - self._last_us

    def _cut_late(self) -> None:
        while self._owing:
            handler, due_us = next(iter(self._owing.items()))
            left_us = due_us - self._monotonic_us()
            if left_us > 0:
                self._watch = asyncio.get_running_loop().call_later(left_us / _SECOND_US, self._cut_late)
                return
            del self._owing[handler]
            if handler.transport is not None:
                handler.transport.abort()
        self._watch = None


def _bounded_request(*parts: Any) -> web.BaseRequest:
    message, payload, protocol, writer, task = parts
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=BODY_BYTES_MAX)
