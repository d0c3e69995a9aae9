"""Connections that are made again, over real sockets, against servers made with another library."""

import asyncio
import json
import socket
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve

from haversack.errors import ConnectFailed, UntrustedServer
from haversack.streams.aio import AsyncStreams
from haversack.streams.backoff import Backoff
from haversack.streams.health import ConnectionState
from haversack.streams.heartbeat import Heartbeat
from haversack.streams.socket_aiohttp import connect_aiohttp
from haversack.streams.transport import FrameSocket
from streams.link import frame
from streams.test_sockets import exchange, mute, raw_server, self_signed, server, upgraded

QUICK = Backoff(first_s=0.01, longest_s=0.05)


async def hears(streams: AsyncStreams, stream: str) -> None:
    """Wait for one message of a stream."""
    async with asyncio.timeout(20), streams.subscribe(stream) as subscription:
        assert (await anext(subscription)).stream == stream


async def asked_for(connection: ServerConnection) -> list[str]:
    return sorted(json.loads(await connection.recv())["params"])


@pytest.mark.parametrize("ending", ["goodbye", "reset", "nothing"])
async def test_however_a_connection_ends_the_next_carries_the_same_streams(ending: str) -> None:
    asked: list[list[str]] = []

    async def handler(connection: ServerConnection) -> None:
        asked.append(await asked_for(connection))
        await connection.send(frame("depth.A", len(asked)))
        if len(asked) < 3 and ending == "goodbye":
            await connection.close(1012, "restart")
        elif len(asked) < 3 and ending == "reset":
            connection.transport.abort()
        await connection.wait_closed()

    async with server(handler, ping_interval=None) as url:
        heartbeat = Heartbeat(0.05, 0.1) if ending == "nothing" else None
        connect = without_pongs if ending == "nothing" else None
        async with AsyncStreams(url, backoff=QUICK, heartbeat=heartbeat, connect=connect) as streams, asyncio.timeout(20):
            subscription = streams.subscribe("depth.A", "trade.A")
            for number in range(1, 4):
                message = await anext(subscription)
                assert message.event.last_update_id == number  # type: ignore[union-attr]
            assert subscription.interruptions == 2
    assert asked[:3] == [["depth.A", "trade.A"]] * 3


async def without_pongs(url: str) -> FrameSocket:
    """A connection on which no ping ever arrives."""

    class Deaf:
        def __init__(self, inner: FrameSocket) -> None:
            self.receive, self.send, self.close = inner.receive, inner.send, inner.close

        async def ping(self) -> None:
            return

    return Deaf(await connect_aiohttp(url))


async def test_a_server_that_is_away_for_a_while_is_found_again() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    first = await serve(exchange, sock=listening)
    failures: list[ConnectFailed] = []
    away = asyncio.Event()

    async def connect(url: str) -> FrameSocket:
        try:
            return await connect_aiohttp(url)
        except ConnectFailed as error:
            failures.append(error)
            if len(failures) == 5:
                away.set()
            raise

    async with AsyncStreams(f"ws://127.0.0.1:{port}", backoff=QUICK, connect=connect) as streams:
        await hears(streams, "depth.A")
        kept = streams.subscribe("trade.A")
        await anext(kept)
        first.close()
        await first.wait_closed()
        await away.wait()
        async with serve(exchange, "127.0.0.1", port):
            await hears(streams, "depth.A")
            assert kept.interruptions == 1


async def test_another_server_in_its_place_whose_certificate_is_not_trusted_ends_it_loudly(tmp_path: Path) -> None:
    async with server(exchange) as good, server(exchange, ssl=self_signed(tmp_path)) as bad:
        urls = [good, bad.replace("ws:", "wss:").replace("127.0.0.1", "localhost")]

        async def connect(url: str) -> FrameSocket:
            return await connect_aiohttp(urls.pop(0))

        async with AsyncStreams(good, backoff=QUICK, connect=connect) as streams:
            with pytest.raises(UntrustedServer):
                async for _ in streams.subscribe("the.end"):
                    pass
            assert streams.health().state is ConnectionState.CLOSED
        assert urls == []


async def test_a_server_that_stops_to_answer_in_the_middle_is_left_for_one_that_does() -> None:
    async with raw_server(mute) as dead, server(exchange) as alive:
        urls = [dead, alive]

        async def connect(url: str) -> FrameSocket:
            return await connect_aiohttp(urls.pop(0))

        async with AsyncStreams(dead, backoff=QUICK, heartbeat=Heartbeat(0.02, 0.05), connect=connect) as streams:
            await hears(streams, "depth.A")
            assert streams.health().reconnects == 1


async def test_handshakes_that_fail_in_every_way_are_tried_again() -> None:
    attempts = 0
    reached = asyncio.Event()

    async def odd(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            await upgraded(reader, writer)
        elif attempts == 2:
            writer.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
        elif attempts == 3:
            writer.write(b"\x16\x03\x01 what is this?\r\n\r\n")
        elif attempts == 4:
            writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: no\r\n\r\n")
        elif attempts > 5:
            await upgraded(reader, writer)
            reached.set()
            await reader.read()
        writer.close()

    async with raw_server(odd) as url, AsyncStreams(url, backoff=QUICK) as streams, asyncio.timeout(20):
        await reached.wait()
        assert attempts == 6
        assert streams.health().last_error
