"""Replies on their way out: to the byte what aiohttp writes, and for all but rare ones without its general machinery."""

from __future__ import annotations

from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter

from haversack.clock import SystemClock
from haversack.exchange.messages import Reply

HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "x-xss-protection": "1; mode=block",
    "vary": "Origin",
    "server": "haversack",
    "X-Local-Exchange": "1",
}
"""What stands in every reply."""

_clock = SystemClock()


def response(reply: Reply, request: web.BaseRequest | None = None) -> web.StreamResponse:
    """What aiohttp is to send. Without a request, or for an unusual one, it is written by aiohttp itself."""
    is_usual = reply.body and reply.content_type is not None
    if request is not None and is_usual and request.version == HttpVersion11 and request.method != "HEAD":
        return WholeReply(reply)
    headers = {**HEADERS, **reply.headers}
    if reply.content_type is not None:
        headers["content-type"] = reply.content_type
    return web.Response(status=reply.status, body=reply.body, headers=headers)


class WholeReply(web.StreamResponse):
    """A reply with a body to a request over HTTP/1.1, handed over in one piece."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(status=reply.status)
        self._reply = reply
        self._stays = False
        self._out: AbstractStreamWriter | None = None

    @property
    def keep_alive(self) -> bool | None:
        """Whether the connection stays open."""
        return self._stays

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Hand it over."""
        self._out, self._stays = request.writer, request.keep_alive
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client has gone")
        transport.write(whole(self._reply, stays=self._stays))
        return self._out

    async def write_eof(self, data: bytes = b"") -> None:
        """Wait as long as the client is behind by more than the transport takes."""
        assert not data, "the reply was whole already"
        if self._out is not None:
            await self._out.drain()


def whole(reply: Reply, *, stays: bool) -> bytes:
    """Head and body."""
    more = "".join([f"{name}: {value}\r\n" for name, value in reply.headers.items()])
    last = "" if stays else "Connection: close\r\n"
    date = _date(_clock.now_us() // 1_000_000)
    kind = f"content-type: {reply.content_type}\r\nContent-Length: {len(reply.body)}\r\n"
    head = f"{_first(reply.status)}{more}{kind}Date: {date}\r\n{last}\r\n"
    return head.encode() + reply.body


@lru_cache(64)
def _first(status: int) -> str:
    fixed = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{fixed}"


@lru_cache(2)
def _date(time_s: int) -> str:
    return formatdate(time_s, usegmt=True)
