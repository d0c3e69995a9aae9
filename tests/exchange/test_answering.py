"""Replies as bytes: what is put together here is what aiohttp writes."""

from __future__ import annotations

import asyncio
import re

import pytest
from aiohttp import web

from haversack.exchange.answering import WholeReply, response
from haversack.exchange.messages import Reply

REPLIES = (
    Reply.text("pong"),
    Reply.json([1, 2]),
    Reply.json([], headers={"x-total": "0", "cache-control": "no-store"}),
    Reply.text("no such thing", status=404),
    Reply.text("é" * 70_000),
    Reply.text("shutting down", status=503),
    Reply(418, None, b"x"),
)


async def answers(reply: Reply, request: bytes) -> list[bytes]:
    """Everything that is sent back: where the reply is made as a whole, and where aiohttp makes it."""
    found: list[bytes] = []
    for is_whole in (True, False):

        async def handle(incoming: web.BaseRequest, is_whole: bool = is_whole) -> web.StreamResponse:
            made = response(reply, incoming if is_whole else None)
            is_usual = bool(reply.body) and reply.content_type is not None and request.startswith(b"GET / HTTP/1.1")
            assert isinstance(made, WholeReply) == (is_whole and is_usual)
            return made

        runner = web.ServerRunner(web.Server(handle, access_log=None))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        reader, writer = await asyncio.open_connection(*runner.addresses[0])
        writer.write(request)
        async with asyncio.timeout(5):
            found.append(
                re.sub(rb"Date: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [0-9:]{8} GMT", b"Date: now", await reader.read())
            )
        writer.close()
        await runner.cleanup()
    return found


@pytest.mark.parametrize(
    "request_head",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: x\r\n\r\n",
        b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ],
    ids=["last", "first and last", "HTTP/1.0", "HEAD"],
)
@pytest.mark.parametrize(
    "reply", [*REPLIES, Reply.empty(200), Reply.empty(204)], ids=lambda reply: f"{reply.status} {len(reply.body)}"
)
async def test_a_reply_is_the_same_to_the_byte(reply: Reply, request_head: bytes) -> None:
    ours, theirs = await answers(reply, request_head)
    assert ours == theirs
    assert ours.count(b"Date: now\r\n") == request_head.count(b"Host")
