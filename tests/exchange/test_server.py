"""The doors on real sockets: who may come in, how much they may bring, and how they are shown out."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from exchange.stranger import JSON, Desk, Stranger
from haversack.clock import ManualClock
from haversack.exchange import limits, protocol
from haversack.exchange.faults import (
    AnswerAction,
    AnswerFault,
    Condition,
    ConditionKind,
    ConnectionAction,
    ConnectionFault,
    FrameAction,
    FrameFault,
)
from haversack.exchange.journal import GroupCommitter, MemoryJournal
from haversack.exchange.listing import Listing
from haversack.exchange.server import Server
from haversack.exchange.venue import Settings, Venue

# The clock stands still but for what a test moves: signatures of the standing clock are good, and nothing falls due.


@asynccontextmanager
async def open_server() -> AsyncIterator[tuple[Server, Desk]]:
    clock, journal = ManualClock(), MemoryJournal()
    venue = Venue(Listing.load(), clock, GroupCommitter(journal), settings=Settings(has_crowd=False))
    venue.start(journal)
    server = Server(venue)
    await server.start(0)
    try:
        yield server, Desk(venue, clock)
    finally:
        await server.stop()


async def exchange(port: int, request: bytes) -> bytes:
    """Everything that comes back until the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    return answer


def get(target: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {target} HTTP/1.1", *headers, "Connection: close", "", ""]).encode()


async def test_it_listens_on_loopback_only() -> None:
    async with open_server() as (server, _):
        (address,) = server._runner.addresses  # what is bound is the thing to prove
        assert address[0] == "127.0.0.1"
        own = socket.gethostbyname(socket.gethostname())
        if own.startswith("127."):
            return  # This machine has no other address to try.
        with pytest.raises(OSError, match=r".+"):
            await asyncio.open_connection(own, server.port)


async def test_a_program_is_answered_with_the_exchanges_headers() -> None:
    async with open_server() as (server, _):
        answer = await exchange(server.port, get("/api/v1/ping", f"Host: 127.0.0.1:{server.port}"))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body == b"pong"
    for header in (b"x-content-type-options: nosniff", b"x-frame-options: SAMEORIGIN", b"X-Local-Exchange: 1"):
        assert header in head
    assert b"access-control" not in head.lower()


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/api/v1/ping", ["Host: evil.com"]),
        ("/api/v1/ping", []),
        ("/api/v1/ping", ["Host: 127.0.0.1:{port}", "Host: evil.com"]),
        ("http://127.0.0.1:{port}/api/v1/ping", ["Host: 127.0.0.1:{port}"]),
        ("/api/v1/ping", ["Host: 127.0.0.1:{port}", "Origin: https://evil.com"]),
        ("/api/v1/ping", ["Host: 127.0.0.1:{port}", "Origin: null"]),
        ("/api/v1/ping", ["Host: 127.0.0.1:{port}", "Sec-Fetch-Site: cross-site"]),
        ("/nothing", ["Host: evil.com"]),
    ],
)
async def test_what_a_web_page_could_send_is_refused_before_routing(target: str, headers: list[str]) -> None:
    async with open_server() as (server, _):
        request = get(target.format(port=server.port), *(header.format(port=server.port) for header in headers))
        answer = await exchange(server.port, request)
    assert answer.split(b" ")[1] in (b"403", b"400")
    assert b"pong" not in answer
    assert b"not found" not in answer


async def test_a_form_of_a_web_page_places_no_order() -> None:
    async with open_server() as (server, desk):
        body = b'{"symbol":"SOL_USDC","side":"Bid","orderType":"Limit","price":"90","quantity":"1"}'
        head = f"POST /api/v1/order HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: close\r\n"
        head += f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
        answer = await exchange(server.port, head.encode() + body)
        assert answer.startswith(b"HTTP/1.1 415 ")
        assert desk.venue.engine.depth("SOL_USDC")[0] == []


async def test_a_stream_is_refused_to_a_web_page_and_open_to_its_own_origin() -> None:
    async with open_server() as (server, _):
        with pytest.raises(websockets.InvalidStatus) as refused:
            await websockets.connect(server.stream_url, origin=websockets.Origin("https://evil.com"))
        assert refused.value.response.status_code == 403
        async with websockets.connect(server.stream_url, origin=websockets.Origin(server.url)) as stream:
            await stream.send("?")
            assert json.loads(await stream.recv())["error"]["code"] == 4002


async def test_a_body_that_is_too_large_is_refused() -> None:
    async with open_server() as (server, _):
        body = b" " * (limits.BODY_BYTES_MAX + 1)
        head = f"POST /api/v1/order HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: close\r\n"
        head += f"Content-Type: {JSON}\r\nContent-Length: {len(body)}\r\n\r\n"
        assert (await exchange(server.port, head.encode() + body)).startswith(b"HTTP/1.1 413 ")


async def test_garbage_is_answered_and_the_next_connection_works() -> None:
    async with open_server() as (server, _):
        for garbage in (
            b"\x00\xff\r\n\r\n",
            b"GET\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        ):
            assert (await exchange(server.port, garbage))[8:13] == b" 400 "
        assert b"pong" in await exchange(server.port, get("/api/v1/ping", f"Host: 127.0.0.1:{server.port}"))


async def test_a_request_that_dribbles_in_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "IDLE_S_MAX", 0.05)
    async with open_server() as (server, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /api/v1/ping HTTP/1.1\r\nHost:")
        async with asyncio.timeout(5):
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)
        writer.close()


async def test_each_connection_that_stays_silent_is_cut_off_at_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "IDLE_S_MAX", 0.05)
    async with open_server() as (server, _), asyncio.timeout(5):
        for _ in range(2):
            # The second pair comes when nobody is waited for any more.
            first = await asyncio.open_connection("127.0.0.1", server.port)
            assert b"pong" in await exchange(server.port, get("/api/v1/ping", f"Host: 127.0.0.1:{server.port}"))
            second = await asyncio.open_connection("127.0.0.1", server.port)
            for reader, writer in (first, second):
                with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                    await reader.readexactly(1)
                writer.close()


async def signed_order(port: int, desk: Desk, *, client_id: int, is_forged: bool) -> bytes:
    fields = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "90", "quantity": "1", "clientId": client_id}
    headers = Stranger(desk).headers("orderExecute", fields | {"quantity": "2"} if is_forged else fields)
    body = json.dumps(fields)
    more = {"Host": f"127.0.0.1:{port}", "Content-Type": JSON, "Content-Length": str(len(body)), "Connection": "close"}
    lines = [f"{name}: {value}" for name, value in (headers | more).items()]
    return await exchange(port, "\r\n".join(["POST /api/v1/order HTTP/1.1", *lines, "", body]).encode())


async def test_of_orders_that_come_together_exactly_the_forged_are_refused() -> None:
    async with open_server() as (server, desk):
        answers = await asyncio.gather(
            *(signed_order(server.port, desk, client_id=number, is_forged=number % 4 == 0) for number in range(12))
        )
        assert [answer.split(b" ")[1] for answer in answers] == [b"200" if number % 4 else b"400" for number in range(12)]
        assert all(b"Invalid signature" in answer for answer in answers[::4])
        assert desk.venue.engine.depth("SOL_USDC")[0] == [(9000, 900)]


async def test_connections_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "CONNECTIONS_MAX", 3)
    async with open_server() as (server, _):
        held = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(3)]
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        async with asyncio.timeout(5):
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)
        for _, open_writer in [*held, (reader, writer)]:
            open_writer.close()


async def test_stopping_closes_streams_with_a_close_frame() -> None:
    async with open_server() as (server, _):
        stream = await websockets.connect(server.stream_url)
        await server.stop()
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await stream.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001


async def test_an_answer_is_lost_on_a_real_socket() -> None:
    async with open_server() as (server, desk):
        desk.venue.faults.add(AnswerFault(action=AnswerAction.LOSE_ANSWER))
        with suppress(ConnectionError):
            assert await exchange(server.port, get("/api/v1/ping", f"Host: 127.0.0.1:{server.port}")) == b""
        assert b"pong" in await exchange(server.port, get("/api/v1/ping", f"Host: 127.0.0.1:{server.port}"))


async def test_a_stream_is_cut_on_a_real_socket() -> None:
    async with open_server() as (server, desk):
        desk.venue.faults.add(FrameFault(action=FrameAction.CUT))
        async with websockets.connect(server.stream_url) as stream:
            await stream.send('{"method":"SUBSCRIBE","params":["depth.SOL_USDC"]}')
            await (await stream.ping())
            await Stranger(desk).place()
            with pytest.raises(websockets.ConnectionClosedError):
                await stream.recv()


PING, PONG = 0x89, 0x8A


async def upgraded(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A stream connection without a library, which would answer pings by itself."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    lines = ["GET / HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: Upgrade", "Upgrade: websocket", key]
    writer.write("\r\n".join([*lines, "Sec-WebSocket-Version: 13", "", ""]).encode())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    return reader, writer


@pytest.fixture
def quick_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value_s in (("FIRST_PING_S", 0.001), ("PING_S", 0.002), ("PONG_S_MAX", 0.004)):
        monkeypatch.setattr(f"haversack.exchange.outbox.{name}", value_s)


@pytest.mark.usefixtures("quick_pings")
async def test_a_client_that_answers_no_ping_is_disconnected_without_a_close_frame() -> None:
    async with open_server() as (server, _), asyncio.timeout(10):
        reader, writer = await upgraded(server.port)
        said = b""
        with suppress(ConnectionError):
            said = await reader.read()
        writer.close()
    assert said in (b"", bytes([PING, 0]) * 2)


@pytest.mark.usefixtures("quick_pings")
async def test_a_client_that_answers_pings_stays() -> None:
    async with open_server() as (server, _), asyncio.timeout(10):
        reader, writer = await upgraded(server.port)
        for _ in range(20):
            assert await reader.readexactly(2) == bytes([PING, 0])
            writer.write(bytes([PONG, 0x80, 0, 0, 0, 0]))
        writer.close()


async def test_a_half_open_connection_answers_nothing_and_its_end_is_told_to_nobody() -> None:
    async with open_server() as (server, desk), websockets.connect(server.stream_url, ping_interval=None) as stream:
        await stream.send('{"method":"SUBSCRIBE","params":["depth.SOL_USDC"]}')
        await (await stream.ping())
        desk.venue.faults.add(ConnectionFault(action=ConnectionAction.HALF_OPEN))
        pong = asyncio.ensure_future(await stream.ping())
        await Stranger(desk).place()
        async with websockets.connect(server.stream_url) as fresh:
            await (await fresh.ping())
        assert not pong.done()
        pong.cancel()
        desk.venue.faults.clear()
        with pytest.raises(websockets.ConnectionClosedError) as closed:
            await stream.recv()
        assert closed.value.rcvd is None


async def test_a_half_open_connection_keeps_no_exchange_from_stopping() -> None:
    async with open_server() as (server, desk), websockets.connect(server.stream_url, ping_interval=None) as stream:
        await (await stream.ping())
        desk.venue.faults.add(ConnectionFault(action=ConnectionAction.HALF_OPEN))
        async with asyncio.timeout(5):
            await server.stop()
        with pytest.raises(websockets.ConnectionClosedError):
            await stream.recv()


async def test_streams_are_refused_while_a_fault_says_so() -> None:
    async with open_server() as (server, desk):
        desk.venue.faults.add(Condition(kind=ConditionKind.NO_STREAMS))
        with pytest.raises(websockets.InvalidStatus) as refused:
            await websockets.connect(server.stream_url)
        assert refused.value.response.status_code == 503


async def test_frames_are_compressed_only_for_a_client_that_offers_it() -> None:
    async with open_server() as (server, _):
        async with websockets.connect(server.stream_url, compression="deflate") as stream:
            assert [extension.name for extension in stream.protocol.extensions] == ["permessage-deflate"]
        async with websockets.connect(server.stream_url, compression=None) as stream:
            assert stream.protocol.extensions == []


@pytest.mark.parametrize("asked", [None, {}, {"server_max_window_bits": 9}, {"server_no_context_takeover": True}])
async def test_many_frames_arrive_whole_and_in_their_order(asked: dict[str, Any] | None) -> None:
    extensions = None if asked is None else [ClientPerMessageDeflateFactory(**asked)]
    frames = [b'{"number":%d,"filler":"%s"}' % (number, b"x" * (number % 200)) for number in range(1_000)]
    async with (
        open_server() as (server, desk),
        websockets.connect(server.stream_url, extensions=extensions, compression=None) as stream,
        asyncio.timeout(10),
    ):
        await stream.send('{"method":"SUBSCRIBE","params":["depth.SOL_USDC"]}')
        await (await stream.ping())
        for frame in frames:
            desk.venue.hub.publish("depth.SOL_USDC", None, frame)
        assert [await stream.recv(decode=False) for _ in frames] == frames
        assert len(stream.protocol.extensions) == (asked is not None)


async def test_a_stream_that_is_not_read_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("haversack.exchange.outbox.OUTBOX_FRAMES_MAX", 5)
    async with open_server() as (server, desk), websockets.connect(server.stream_url) as stream:
        await stream.send('{"method":"SUBSCRIBE","params":["depth.SOL_USDC"]}')
        await (await stream.ping())
        # All of these are published before the exchange's writer gets a turn.
        for _ in range(6):
            desk.venue.hub.publish("depth.SOL_USDC", None, b"{}")
        with pytest.raises(websockets.ConnectionClosedError):
            [frame async for frame in stream]
        # By the time that another request is answered, the exchange has let go of the connection.
        await exchange(server.port, get("/api/v1/ping", f"Host: 127.0.0.1:{server.port}"))
        assert not desk.venue.hub.wanted("depth.SOL_USDC", None)
