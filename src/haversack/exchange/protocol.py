"""Bounds on connections: how many there may be, and how long a request may take to arrive."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from haversack.exchange.limits import BODY_BYTES_MAX, CONNECTIONS_MAX, IDLE_S_MAX


class LimitedServer(web.Server):
    """aiohttp's server, with a bound on connections and on the time that a request may take to come in."""

    def __init__(self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> None:
        super().__init__(self._counted(handler), access_log=None, request_factory=_bounded_request)
        self._arriving: dict[Any, asyncio.TimerHandle] = {}
        self._open = 0

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
        transport = handler.transport
        if transport is not None and handler not in self._arriving:
            loop = asyncio.get_running_loop()
            self._arriving[handler] = loop.call_later(IDLE_S_MAX, transport.abort)

    def arrived(self, handler: RequestHandler) -> None:
        """A request's head is in; its body has its own bound."""
        timer = self._arriving.pop(handler, None)
        if timer is not None:
            timer.cancel()


def _bounded_request(*parts: Any) -> web.BaseRequest:
    message, payload, protocol, writer, task = parts
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=BODY_BYTES_MAX)
