"""The async shell over real sockets, against servers made with another library."""

import asyncio
import gc
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from haversack.clock import SystemClock
from haversack.credentials import Credentials
from haversack.errors import ConnectFailed, StreamClosed, UntrustedServer, UsageError
from haversack.signing import Signer, Verifier
from haversack.streams.aio import AsyncStreams
from haversack.streams.backoff import Backoff
from haversack.streams.heartbeat import Heartbeat
from haversack.streams.socket_aiohttp import FRAME_BYTES_MAX, connect_aiohttp
from haversack.streams.transport import HEARD
from streams.link import frame

ONE_CONNECTION = Backoff(attempts_max=0)
Handler = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def server(handler: Handler, **options: Any) -> AsyncIterator[str]:
    async with serve(handler, "127.0.0.1", 0, **options) as serving:
        yield f"ws://127.0.0.1:{next(iter(serving.sockets)).getsockname()[1]}"


async def exchange(connection: ServerConnection) -> None:
    """Sends three frames of every stream that it is asked for, and ends when it is asked for `the.end`."""
    async for text in connection:
        request = json.loads(text)
        for stream in request["params"] if request["method"] == "SUBSCRIBE" else ():
            if stream == "the.end":
                await connection.close(1012, "restart")
            for number in range(3):
                await connection.send(frame(stream, number))


async def test_several_streams_share_one_connection() -> None:
    connections: list[ServerConnection] = []

    async def counting(connection: ServerConnection) -> None:
        connections.append(connection)
        await exchange(connection)

    async with server(counting) as url, AsyncStreams(url) as streams:
        first, second = streams.subscribe("depth.A", "trade.A"), streams.subscribe("depth.B")
        assert [(await anext(first)).stream for _ in range(6)] == ["depth.A"] * 3 + ["trade.A"] * 3
        assert [(await anext(second)).stream for _ in range(3)] == ["depth.B"] * 3
    assert len(connections) == 1
    assert connections[0].request is not None
    assert "permessage-deflate" in connections[0].request.headers["Sec-WebSocket-Extensions"]


async def test_private_streams_are_signed_so_that_the_other_side_can_check_it() -> None:
    keys, clock = Credentials.generate(), SystemClock()
    verdicts: list[bool] = []

    async def checking(connection: ServerConnection) -> None:
        async for text in connection:
            key, signature, timestamp, window = json.loads(text)["signature"]
            signed = f"instruction=subscribe&timestamp={timestamp}&window={window}".encode()
            is_fresh = abs(clock.now_us() // 1_000 - int(timestamp)) < int(window)
            verdicts.append(key == keys.public_key and is_fresh and Verifier.verify(key, signed, signature))
            await connection.send(frame("account.balanceUpdate"))

    async with server(checking) as url, AsyncStreams(url, signer=Signer(keys, clock)) as streams:
        await anext(streams.subscribe("account.balanceUpdate"))
    assert verdicts == [True]


async def test_the_close_frame_of_the_server_is_told() -> None:
    async with server(exchange) as url, AsyncStreams(url, backoff=ONE_CONNECTION) as streams:
        with pytest.raises(StreamClosed) as caught:
            await anext(streams.subscribe("the.end"))
        assert (caught.value.code, caught.value.reason) == (1012, "restart")


async def test_a_connection_that_breaks_off_is_told() -> None:
    async def breaking(connection: ServerConnection) -> None:
        connection.transport.abort()

    async with server(breaking) as url, AsyncStreams(url, backoff=ONE_CONNECTION) as streams:
        with pytest.raises(StreamClosed) as caught:
            await anext(streams.subscribe("depth.A"))
        assert caught.value.code is None


async def test_pings_of_the_server_are_answered() -> None:
    answered = asyncio.Event()

    async def pinging(connection: ServerConnection) -> None:
        await (await connection.ping())
        answered.set()
        await connection.wait_closed()

    async with server(pinging, ping_interval=None) as url, AsyncStreams(url) as streams:
        streams.subscribe("depth.A")
        await answered.wait()


async def test_a_pong_is_heard() -> None:
    async with server(exchange, ping_interval=None) as url:
        socket = await connect_aiohttp(url)
        await socket.ping()
        assert await socket.receive() is HEARD
        await socket.close()


async def test_a_server_that_hears_nothing_any_more_is_given_up() -> None:
    async with raw_server(mute) as url, AsyncStreams(url, heartbeat=Heartbeat(0.02, 0.05), backoff=ONE_CONNECTION) as streams:
        with pytest.raises(StreamClosed, match="nothing was heard"):
            await anext(streams.subscribe("depth.A"))


async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Shakes hands, and then never says anything, not even goodbye."""
    await upgraded(reader, writer)
    await reader.read()
    writer.close()


async def test_closing_is_done_within_two_seconds_though_the_server_never_answers_the_close() -> None:
    clock, before = SystemClock(), asyncio.all_tasks()
    async with raw_server(mute) as url:
        streams = AsyncStreams(url)
        await streams.__aenter__()
        begun_us = clock.monotonic_us()
        await streams.aclose()
        assert clock.monotonic_us() - begun_us < 2_000_000
    assert asyncio.all_tasks() == before


async def test_a_socket_closes_within_two_seconds_by_itself() -> None:
    clock = SystemClock()
    async with raw_server(mute) as url:
        socket = await connect_aiohttp(url)
        begun_us = clock.monotonic_us()
        await socket.close()
        assert clock.monotonic_us() - begun_us < 2_000_000


@pytest.mark.parametrize("text", ["x" * (FRAME_BYTES_MAX + 1)], ids=["over 4 MiB, packed to 4 KiB"])
async def test_a_frame_beyond_the_limit_ends_the_connection(text: str) -> None:
    async def bomb(connection: ServerConnection) -> None:
        await connection.send(text)

    async with server(bomb) as url, AsyncStreams(url, backoff=ONE_CONNECTION) as streams:
        with pytest.raises(StreamClosed) as caught:
            await anext(streams.subscribe("depth.A"))
        assert caught.value.code == 1009


async def test_redirects_are_not_followed() -> None:
    visitors: list[str] = []

    async def elsewhere(connection: ServerConnection) -> None:
        visitors.append(connection.id.hex)

    async with server(elsewhere) as target:

        def redirect(connection: ServerConnection, request: Request) -> Response:
            return Response(302, "Found", Headers({"Location": target.replace("ws:", "http:"), "Content-Length": "0"}))

        async with server(exchange, process_request=redirect) as url:
            with pytest.raises(ConnectFailed, match="redirect"):
                await AsyncStreams(url).__aenter__()
    assert visitors == []


async def test_a_refused_handshake_is_a_failed_connection() -> None:
    def busy(connection: ServerConnection, request: Request) -> Response:
        return connection.respond(503, "shutting down")

    async with server(exchange, process_request=busy) as url:
        with pytest.raises(ConnectFailed, match=r"it answered with status 503$"):
            await AsyncStreams(url).__aenter__()


async def test_nobody_listening_is_a_failed_connection() -> None:
    async with server(exchange) as url:
        pass
    with pytest.raises(ConnectFailed):
        await AsyncStreams(url).__aenter__()


@pytest.mark.parametrize("url", ["ws://example.com", "http://127.0.0.1", "wss://user:word@example.com", "wss://example.com/?q=1"])
async def test_addresses_that_are_not_safe_are_refused(url: str) -> None:
    with pytest.raises(UsageError):
        await connect_aiohttp(url)


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    async with server(exchange, ssl=self_signed(tmp_path)) as url:
        with pytest.raises(UntrustedServer):
            await AsyncStreams(url.replace("ws:", "wss:").replace("127.0.0.1", "localhost")).__aenter__()


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's TLS settings, with a certificate of its own making."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    draft = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    draft = draft.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    valid = draft.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        + valid.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "key.pem")
    return context


async def test_cancelling_while_connecting_leaves_nothing() -> None:
    before = asyncio.all_tasks()
    reached = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        reached.set()
        await reader.read()
        writer.close()

    async with raw_server(silent) as url:
        opening = asyncio.create_task(AsyncStreams(url).__aenter__())
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
        async with AsyncStreams(url) as streams:
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
        gc.collect()  # An aiohttp session that was not closed warns now, and a warning fails a test.
        await asyncio.gather(*(connection.wait_closed() for connection in live))


async def test_a_connection_cancelled_in_its_first_moments_reaches_its_end_at_the_server() -> None:
    ended: asyncio.Queue[str] = asyncio.Queue()

    async def watching(connection: ServerConnection) -> None:
        try:
            await connection.recv()
        except ConnectionClosed:
            ended.put_nowait("closed")

    async with server(watching) as url:
        async with AsyncStreams(url):
            pass
        assert await ended.get() == "closed"


@asynccontextmanager
async def raw_server(
    handler: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """A server of bytes, which ends when its connections have."""
    handlers: list[asyncio.Task[None]] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        handlers.append(task)
        await handler(reader, writer)

    serving = await asyncio.start_server(handle, "127.0.0.1", 0)
    yield f"ws://127.0.0.1:{serving.sockets[0].getsockname()[1]}"
    serving.close()
    await asyncio.gather(*handlers)


async def upgraded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer a WebSocket handshake by hand."""
    from websockets.utils import accept_key

    request = (await reader.readuntil(b"\r\n\r\n")).decode()
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in request.split("\r\n"))}
    accept = accept_key(headers["sec-websocket-key"])
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {accept}"]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    await writer.drain()
