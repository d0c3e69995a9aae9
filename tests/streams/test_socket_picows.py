"""The connection by picows over real sockets: it promises what the default one does."""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeAlias

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from haversack.clock import SystemClock
from haversack.errors import ConnectFailed, StreamClosed, UntrustedServer, UsageError
from haversack.streams.aio import AsyncStreams
from haversack.streams.backoff import Backoff
from haversack.streams.heartbeat import Heartbeat
from haversack.streams.mailbox import WhenFull
from haversack.streams.socket_aiohttp import FRAME_BYTES_MAX
from haversack.streams.socket_picows import connect_picows
from haversack.streams.socket_picows_frames import WAITING_BYTES_MAX, PicowsSocket
from haversack.streams.transport import BURST_MAX, HEARD, Closed, HandingSocket
from streams.link import frame
from streams.test_sockets import ONE_CONNECTION, exchange, mute, raw_server, self_signed, server, upgraded

MIB = 1024 * 1024
TEXT, BINARY, CONTINUATION, CLOSE, PING = 1, 2, 0, 8, 9
END = 0x80
Raw: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def streams_at(url: str, *, backoff: Backoff = ONE_CONNECTION, heartbeat: Heartbeat | None = None) -> AsyncStreams:
    return AsyncStreams(url, connect=connect_picows, backoff=backoff, heartbeat=heartbeat)


def raw(first: int, payload: bytes = b"") -> bytes:
    """A frame as a server sends it; `first` is the opcode with its flags."""
    size = len(payload)
    length = bytes((size,)) if size < 126 else b"\x7e" + size.to_bytes(2) if size < 65_536 else b"\x7f" + size.to_bytes(8)
    return bytes((first,)) + length + payload


def saying(*frames: bytes) -> Raw:
    """A server that sends these bytes once it is connected, and waits for the end."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgraded(reader, writer)
        with suppress(ConnectionError):
            for each in frames:
                writer.write(each)
                await writer.drain()
            await reader.read()
        writer.close()

    return handler


async def heard_of(handler: Raw) -> object:
    """What the first `receive` says."""
    async with raw_server(handler) as url:
        socket = await connect_picows(url)
        found = await socket.receive()
        await socket.close()
    return found


async def test_messages_come_by_it_in_their_order() -> None:
    async with server(exchange) as url, streams_at(url) as streams:
        subscription = streams.subscribe("depth.A", "trade.A")
        assert [(await anext(subscription)).stream for _ in range(6)] == ["depth.A"] * 3 + ["trade.A"] * 3


async def test_no_compression_is_offered() -> None:
    requests: list[Request | None] = []

    async def looking(connection: ServerConnection) -> None:
        requests.append(connection.request)
        await exchange(connection)

    async with server(looking) as url, streams_at(url) as streams:
        await anext(streams.subscribe("depth.A"))
    assert requests[0] is not None
    assert "Sec-WebSocket-Extensions" not in requests[0].headers


async def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picows", None)
    with pytest.raises(UsageError, match=r"haversack\[fast\]"):
        await connect_picows("ws://127.0.0.1:1")


@pytest.mark.parametrize("kind", [TEXT, BINARY])
async def test_a_frame_comes_as_its_bytes(kind: int) -> None:
    assert await heard_of(saying(raw(END | kind, b"x" * 200))) == b"x" * 200


async def test_a_message_in_several_frames_comes_whole_though_a_ping_is_between_them() -> None:
    frames = [raw(TEXT, b"one "), raw(END | PING, b"!"), raw(CONTINUATION, b"two "), raw(END | CONTINUATION, b"three")]
    async with raw_server(saying(*frames)) as url:
        socket = await connect_picows(url)
        assert [await socket.receive(), await socket.receive()] == [HEARD, b"one two three"]
        await socket.close()


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([raw(END | 0x40 | TEXT, b"packed?")], 1002),
        ([raw(END | CONTINUATION, b"of what?")], 1002),
        ([raw(TEXT, b"one "), raw(END | TEXT, b"another")], 1002),
        ([raw(END | 3, b"what?")], 1002),
        ([raw(END | TEXT, b"x" * (FRAME_BYTES_MAX + 1))], 1009),
        ([raw(TEXT, b"x" * MIB), *[raw(CONTINUATION, b"x" * MIB)] * 4], 1009),
        ([raw(TEXT), *[raw(CONTINUATION)] * (FRAME_BYTES_MAX // 64)], 1009),
    ],
    ids=["an extension", "no beginning", "no end", "no such opcode", "over 4 MiB", "over 4 MiB in parts", "parts for ever"],
)
async def test_what_a_peer_must_not_send_ends_the_connection(frames: list[bytes], code: int) -> None:
    found = await heard_of(saying(*frames))
    assert isinstance(found, Closed)
    assert found.code == code


@pytest.mark.parametrize(
    ("payload", "closed"),
    [
        ((1012).to_bytes(2) + b"restart", Closed(1012, "restart")),
        ((4000).to_bytes(2), Closed(4000, "")),
        (b"", Closed(1005, "")),
    ],
)
async def test_the_close_frame_is_told_and_answered(payload: bytes, closed: Closed) -> None:
    answers: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgraded(reader, writer)
        writer.write(raw(END | CLOSE, payload))
        answers.append(await reader.read())
        writer.close()

    assert await heard_of(handler) == closed
    assert answers[0][0] == END | CLOSE


async def test_what_came_before_the_close_frame_is_received_first() -> None:
    async with raw_server(saying(raw(END | TEXT, b"last") + raw(END | CLOSE) + raw(END | TEXT, b"too late"))) as url:
        socket = await connect_picows(url)
        found = [await socket.receive() for _ in range(3)]
        await socket.close()
    assert found == [b"last", Closed(1005, ""), Closed(1005, "")]


async def test_a_connection_that_breaks_off_is_told() -> None:
    async def breaking(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgraded(reader, writer)
        writer.transport.abort()

    found = await heard_of(breaking)
    assert isinstance(found, Closed)
    assert found.code is None


async def test_pings_of_the_server_are_heard_and_answered() -> None:
    answered = asyncio.Event()

    async def pinging(connection: ServerConnection) -> None:
        await (await connection.ping(b"echo"))
        answered.set()
        await connection.wait_closed()

    async with server(pinging, ping_interval=None) as url:
        socket = await connect_picows(url)
        assert await socket.receive() is HEARD
        await answered.wait()
        await socket.close()


async def test_a_pong_is_heard() -> None:
    async with server(exchange, ping_interval=None) as url:
        socket = await connect_picows(url)
        await socket.ping()
        assert await socket.receive() is HEARD
        await socket.close()


async def test_a_receive_that_is_cancelled_loses_nothing() -> None:
    async with server(exchange) as url:
        socket = await connect_picows(url)
        for _ in range(3):
            waiting = asyncio.create_task(socket.receive())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])
        await socket.send('{"method":"SUBSCRIBE","params":["depth.A"]}')
        assert [await socket.receive() for _ in range(3)] == [frame("depth.A", number).encode() for number in range(3)]
        await socket.close()


def numbered(first: int, last: int) -> bytes:
    return b"".join(raw(END | TEXT, b"%d" % number) for number in range(first, last))


@asynccontextmanager
async def waited_for(*frames: bytes) -> AsyncIterator[HandingSocket]:
    """A connection by which these bytes come once somebody waits for them."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgraded(reader, writer)
        await reader.read(1)
        writer.write(b"".join(frames))
        await reader.read()
        writer.close()

    async with raw_server(handler) as url:
        socket = await connect_picows(url)
        assert isinstance(socket, HandingSocket)
        # From here to the next thing that waits nothing can come.
        await socket.send("now")
        yield socket
        await socket.close()


async def handed(socket: HandingSocket, *, until: int, most: int = 1_000) -> tuple[list[object], list[object]]:
    """What was handed over, and what had to be received, until there is so much of both; `most` is what can be used at once."""
    used: list[object] = []
    received: list[object] = []

    def take(item: object) -> bool:
        used.append(item)
        return len(used) < most

    while len(used) + len(received) < until:
        came = await socket.receive_into(take)
        assert came is None or isinstance(came, Sequence)
        received += came or ()
    return used, received


async def test_what_comes_while_somebody_waits_is_handed_over() -> None:
    async with waited_for(numbered(0, 3), raw(END | PING), numbered(3, 5)) as socket:
        used, received = await handed(socket, until=6, most=6)
    assert (used, received) == ([b"0", b"1", b"2", HEARD, b"3", b"4"], [])


async def test_no_more_is_handed_over_than_can_be_used() -> None:
    async with waited_for(numbered(0, 9)) as socket:
        used, received = await handed(socket, until=9, most=4)
    assert (used, received) == ([b"0", b"1", b"2", b"3"], [b"4", b"5", b"6", b"7", b"8"])


async def test_of_a_burst_a_stretch_is_handed_over_so_that_others_have_their_turn() -> None:
    async with waited_for(numbered(0, 2 * BURST_MAX)) as socket:
        used, received = await handed(socket, until=2 * BURST_MAX)
    assert len(used) == BURST_MAX
    assert used + received == [b"%d" % number for number in range(2 * BURST_MAX)]


async def test_what_has_come_already_is_received_in_stretches() -> None:
    async with waited_for(numbered(0, BURST_MAX), raw(END | PING), numbered(BURST_MAX, 3 * BURST_MAX)) as socket:
        first = await socket.receive()
        stretches: list[object] = []
        while sum(len(each) for each in stretches if isinstance(each, list)) < 3 * BURST_MAX:
            stretches.append(await socket.receive_into(lambda _: False))
    numbers = [b"%d" % number for number in range(3 * BURST_MAX)]
    expected = [*numbers[:BURST_MAX], HEARD, *numbers[BURST_MAX:]]
    assert [first] + [item for each in stretches for item in each] == expected  # type: ignore[attr-defined]
    assert max(len(each) for each in stretches if isinstance(each, list)) == BURST_MAX


async def test_what_goes_wrong_with_what_was_handed_over_is_told_to_whoever_waits() -> None:
    def take(item: object) -> bool:
        raise LookupError("no such thing")

    async with waited_for(numbered(0, 2)) as socket:
        with pytest.raises(LookupError):
            await socket.receive_into(take)
        assert await socket.receive() == b"1"


async def test_nothing_is_handed_over_to_one_who_was_cancelled() -> None:
    used: list[object] = []

    def take(item: object) -> bool:
        used.append(item)
        return True

    async with waited_for(numbered(0, 1)) as socket:
        waiting = asyncio.create_task(socket.receive_into(take))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert (await socket.receive(), used) == (b"0", [])


@pytest.mark.parametrize("when_full", [WhenFull.BLOCK, WhenFull.FAIL])
async def test_bursts_reach_their_readers_whole_and_in_order(when_full: WhenFull) -> None:
    count = 2_000

    async def pouring(connection: ServerConnection) -> None:
        await connection.recv()
        for number in range(count):
            await connection.send(frame("depth.A", number))
        await connection.wait_closed()

    async with server(pouring) as url, streams_at(url) as streams:
        queue_max = 1 if when_full is WhenFull.BLOCK else 4_096
        subscription = streams.subscribe("depth.A", queue_max=queue_max, when_full=when_full)
        numbers = [(await anext(subscription)).event.last_update_id for _ in range(count)]  # type: ignore[union-attr]
    assert numbers == list(range(count))


async def test_sending_on_a_connection_that_is_gone_fails() -> None:
    async with raw_server(saying(raw(END | CLOSE))) as url:
        socket = await connect_picows(url)
        assert isinstance(await socket.receive(), Closed)
        for sending in (socket.send("?"), socket.ping()):
            with pytest.raises(OSError, match="closed"):
                await sending
        await socket.close()


async def test_sending_waits_for_a_peer_that_takes_nothing() -> None:
    released = asyncio.Event()
    async with raw_server(deaf_until(released)) as url:
        socket = await connect_picows(url)
        sent = 0
        while sent < 64 and await soon(asyncio.create_task(socket.send("x" * MIB))):
            sent += 1
        await socket.close()
        released.set()
    assert sent < 64


async def test_pongs_for_a_peer_that_takes_nothing_do_not_pile_up() -> None:
    released = asyncio.Event()
    pings = [raw(END | PING, b"x" * 125) * 1_000] * 200
    async with raw_server(deaf_until(released, *pings)) as url:
        socket = await connect_picows(url)
        assert isinstance(socket, PicowsSocket)
        assert socket._transport is not None
        for _ in range(200_000):
            assert await socket.receive() is HEARD
        assert socket._transport.underlying_transport.get_write_buffer_size() < MIB
        await socket.close()
        released.set()


async def soon(task: "asyncio.Task[None]") -> bool:
    """Whether it is done before anything else could happen."""
    for _ in range(100):
        await asyncio.sleep(0)
    if task.done():
        return True
    task.cancel()
    await asyncio.wait([task])
    return False


def deaf_until(released: asyncio.Event, *frames: bytes) -> Raw:
    """A server that reads nothing after the handshake."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgraded(reader, writer)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        for each in frames:
            writer.write(each)
            await writer.drain()
        await released.wait()
        writer.transport.abort()

    return handler


async def test_what_nobody_receives_is_left_in_the_network() -> None:
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await upgraded(reader, writer)
        piece = raw(END | TEXT, b"x" * 1_000) * 64
        while sent < 64 * MIB and await taken(writer, piece):
            sent += len(piece)
        full.set()
        writer.write(raw(END | CLOSE))
        await reader.read()
        writer.close()

    full = asyncio.Event()
    async with raw_server(flood) as url:
        socket = await connect_picows(url)
        assert isinstance(socket, PicowsSocket)
        await full.wait()
        assert sent < 64 * MIB
        assert socket._waiting_bytes < 2 * WAITING_BYTES_MAX
        while not isinstance(found := await socket.receive(), Closed):
            assert found == b"x" * 1_000
            sent -= 1_004
        assert sent <= 0
        await socket.close()


async def taken(writer: asyncio.StreamWriter, piece: bytes) -> bool:
    """Whether the network takes it, with everything written before."""
    writer.write(piece)
    for _ in range(200):
        if not writer.transport.get_write_buffer_size():
            return True
        await asyncio.sleep(0)
    return False


async def test_a_server_that_hears_nothing_any_more_is_given_up() -> None:
    async with raw_server(mute) as url, streams_at(url, heartbeat=Heartbeat(0.02, 0.05)) as streams:
        with pytest.raises(StreamClosed, match="nothing was heard"):
            await anext(streams.subscribe("depth.A"))


async def test_a_socket_closes_within_two_seconds_though_the_server_never_answers() -> None:
    clock, before = SystemClock(), asyncio.all_tasks()
    async with raw_server(mute) as url:
        socket = await connect_picows(url)
        begun_us = clock.monotonic_us()
        await socket.close()
        await socket.close()
        assert clock.monotonic_us() - begun_us < 2_000_000
    assert asyncio.all_tasks() == before


async def test_a_close_that_is_cancelled_lets_go_at_once() -> None:
    async with raw_server(mute) as url:  # It ends once the server has seen the end of the connection.
        socket = await connect_picows(url)
        closing = asyncio.create_task(socket.close())
        await asyncio.sleep(0)
        closing.cancel()
        await asyncio.wait([closing])
        assert isinstance(await socket.receive(), Closed)


async def test_redirects_are_not_followed() -> None:
    visitors: list[str] = []

    async def elsewhere(connection: ServerConnection) -> None:
        visitors.append(connection.id.hex)

    async with server(elsewhere) as target:

        def redirect(connection: ServerConnection, request: Request) -> Response:
            return Response(302, "Found", Headers({"Location": target, "Content-Length": "0"}))

        async with server(exchange, process_request=redirect) as url:
            with pytest.raises(ConnectFailed, match="redirect"):
                await connect_picows(url)
    assert visitors == []


async def test_a_refused_handshake_is_a_failed_connection() -> None:
    def busy(connection: ServerConnection, request: Request) -> Response:
        return connection.respond(503, "shutting down")

    async with server(exchange, process_request=busy) as url:
        with pytest.raises(ConnectFailed, match="503"):
            await connect_picows(url)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", b"what?\r\n\r\n"])
async def test_a_handshake_that_goes_wrong_is_a_failed_connection(answer: bytes) -> None:
    async def odd(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with raw_server(odd) as url:
        with pytest.raises(ConnectFailed):
            await connect_picows(url)


async def test_nobody_listening_is_a_failed_connection() -> None:
    async with server(exchange) as url:
        pass
    with pytest.raises(ConnectFailed):
        await connect_picows(url)


async def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "WS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
        monkeypatch.setenv(name.lower(), "http://127.0.0.1:1")
    async with server(exchange) as url:
        await (await connect_picows(url)).close()


@pytest.mark.parametrize("url", ["ws://example.com", "http://127.0.0.1", "wss://user:word@example.com", "wss://example.com/?q=1"])
async def test_addresses_that_are_not_safe_are_refused(url: str) -> None:
    with pytest.raises(UsageError):
        await connect_picows(url)


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    async with server(exchange, ssl=self_signed(tmp_path)) as url:
        with pytest.raises(UntrustedServer):
            await connect_picows(url.replace("ws:", "wss:").replace("127.0.0.1", "localhost"))


async def test_a_certificate_of_another_name_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "key.pem"))
    async with server(exchange, ssl=context) as url:
        with pytest.raises(UntrustedServer):
            await connect_picows(url.replace("ws:", "wss:"))
        socket = await connect_picows(url.replace("ws:", "wss:").replace("127.0.0.1", "localhost"))
        await socket.send('{"method":"SUBSCRIBE","params":["depth.A"]}')
        assert await socket.receive() == frame("depth.A", 0).encode()
        await socket.close()


async def test_cancelling_while_connecting_leaves_nothing() -> None:
    before = asyncio.all_tasks()
    reached = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        reached.set()
        await reader.read()
        writer.close()

    async with raw_server(silent) as url:  # It ends once the server has seen the end of the connection.
        opening = asyncio.create_task(streams_at(url).__aenter__())
        await reached.wait()
        opening.cancel()
        await asyncio.wait([opening])
    assert asyncio.all_tasks() == before


async def test_cancelling_at_many_moments_closes_every_connection() -> None:
    live: set[ServerConnection] = set()

    async def watching(connection: ServerConnection) -> None:
        live.add(connection)
        with suppress(ConnectionClosed):
            await exchange(connection)
        live.remove(connection)

    async def use(url: str) -> None:
        async with streams_at(url) as streams:
            async for _ in streams.subscribe("depth.A"):
                pass

    async with server(watching) as url:
        for steps in range(60):
            task = asyncio.create_task(use(url))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            assert [task for task in asyncio.all_tasks() if task.get_name().startswith("haversack")] == []
        gc.collect()  # A socket that was not closed warns now, and a warning fails a test.
        await asyncio.gather(*(connection.wait_closed() for connection in live))


async def test_a_lost_connection_is_made_again() -> None:
    connections = 0

    async def handler(connection: ServerConnection) -> None:
        nonlocal connections
        connections += 1
        await connection.recv()
        await connection.send(frame("depth.A", connections))
        if connections < 3:
            connection.transport.abort()
        await connection.wait_closed()

    async with server(handler) as url, streams_at(url, backoff=Backoff(first_s=0.01, longest_s=0.05)) as streams:
        subscription = streams.subscribe("depth.A")
        for number in range(1, 4):
            assert (await anext(subscription)).event.last_update_id == number  # type: ignore[union-attr]
        assert subscription.interruptions == 2
