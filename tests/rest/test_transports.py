"""Both transports over real sockets: what they refuse, how they fail, and that nothing is ever sent twice."""

from __future__ import annotations

import asyncio
import gzip
import multiprocessing
import socket
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, TypeAlias

import pytest

from haversack.client.aio import AsyncClient
from haversack.client.blocking import Client
from haversack.credentials import Credentials
from haversack.errors import (
    ConnectFailed,
    OutcomeUnknown,
    RedirectRefused,
    RequestFailed,
    UntrustedServer,
    UsageError,
)
from haversack.rest.address import rest_address
from haversack.rest.bodies import BODY_BYTES_MAX
from haversack.rest.http import HttpRequest, HttpResponse, HttpSend
from haversack.rest.http_async import AsyncHttp
from haversack.rest.http_blocking import BlockingHttp
from haversack.rest.retry import Retry
from rest.certificate import self_signed
from rest.loopback import CLOSE, HANG, RESET, Loopback, http

Open: TypeAlias = Callable[[str], HttpSend]
READ = HttpRequest("GET", "/api/v1/time", {"X-Signature": "canary"}, None)
CANCEL_ALL = HttpRequest("DELETE", "/api/v1/orders", {"Content-Type": "application/json"}, b'{"symbol":"SOL_USDC"}')
PONG = http(200, b"pong")
TIMEOUT_S = 0.3


@pytest.fixture(params=["blocking", "async"])
def opened(request: pytest.FixtureRequest) -> Iterator[Open]:
    """Opens a transport to an address, as a blocking function, and closes it in the end."""
    if request.param == "blocking":
        made: list[BlockingHttp] = []

        def blocking(url: str) -> HttpSend:
            made.append(BlockingHttp(rest_address(url), timeout_s=TIMEOUT_S))
            return made[-1]

        yield blocking
        for http_ in made:
            http_.close()
        return
    with asyncio.Runner() as runner:
        opened_: list[AsyncHttp] = []

        def awaited(url: str) -> HttpSend:
            transport = AsyncHttp(rest_address(url), timeout_s=TIMEOUT_S)
            opened_.append(transport)

            def send(sent: HttpRequest, /) -> HttpResponse:
                return runner.run(transport(sent))

            return send

        yield awaited
        for transport in opened_:
            runner.run(transport.close())


def test_answer_has_its_status_its_headers_in_lower_case_and_its_body(opened: Open) -> None:
    with Loopback(http(429, b"slow down", "X-Total: 5", "Retry-After: 1")) as server:
        response = opened(server.url)(READ)
    assert (response.status, response.body) == (429, b"slow down")
    assert (response.headers["x-total"], response.headers["retry-after"]) == ("5", "1")


def test_request_is_sent_as_it_is(opened: Open) -> None:
    with Loopback(PONG) as server:
        opened(server.url)(CANCEL_ALL)
        opened(server.url)(HttpRequest("GET", "/api/v1/x?a=%20%2F&b=1", {}, None))
    assert server.requests[0].startswith(b"DELETE /api/v1/orders HTTP/1.1\r\n")
    assert server.requests[0].endswith(b'\r\n\r\n{"symbol":"SOL_USDC"}')
    assert server.requests[1].startswith(b"GET /api/v1/x?a=%20%2F&b=1 HTTP/1.1\r\n")


def test_connection_is_kept_for_the_next_request(opened: Open) -> None:
    with Loopback(PONG) as server:
        send = opened(server.url)
        for _ in range(5):
            assert send(READ).body == b"pong"
    assert (len(server.requests), server.connections) == (5, 1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed_and_the_other_server_sees_nothing(opened: Open, status: int) -> None:
    with Loopback(PONG) as other, Loopback(http(status, b"", f"Location: {other.url}/api/v1/time")) as server:
        assert opened(server.url)(READ).status == status
        with Client(Credentials.generate(), base_url=server.url) as client, pytest.raises(RedirectRefused):
            client.system.time()
    assert other.connections == 0


@pytest.mark.parametrize("request_", [READ, CANCEL_ALL], ids=["read", "delete"])
@pytest.mark.parametrize("failure", [RESET, CLOSE, HANG, b"HTTP/1.1 2", b"SSH-2.0-x\r\n\r\n", http(200, b"pong")[:-2]])
def test_failure_after_the_request_may_mean_anything(opened: Open, failure: bytes, request_: HttpRequest) -> None:
    with Loopback(failure, then=CLOSE) as server:
        with pytest.raises(RequestFailed):
            opened(server.url)(request_)
        assert len(server.requests) == 1


def test_kept_connection_that_drops_after_a_delete_does_not_send_it_again(opened: Open) -> None:
    with Loopback(PONG, CLOSE) as server:
        send = opened(server.url)
        send(READ)
        with pytest.raises(RequestFailed):
            send(CANCEL_ALL)
        deletes = [request for request in server.requests if request.startswith(b"DELETE")]
    assert len(deletes) == 1


def test_cancel_all_on_a_dropped_connection_is_an_unknown_outcome_and_was_sent_once() -> None:
    async def cancel(url: str) -> None:
        async with AsyncClient(Credentials.generate(), base_url=url, timeout_s=TIMEOUT_S) as client:
            await client.system.ping()
            await client.orders.cancel_all(symbol="SOL_USDC")

    with Loopback(PONG, CLOSE) as server:
        with pytest.raises(OutcomeUnknown):
            asyncio.run(cancel(server.url))
        assert [request.split(b" ")[0] for request in server.requests] == [b"GET", b"DELETE"]


def test_refused_connection_means_that_nothing_was_sent(opened: Open) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(ConnectFailed):
        opened(f"http://127.0.0.1:{port}")(CANCEL_ALL)


def test_name_that_does_not_exist_means_that_nothing_was_sent(opened: Open) -> None:
    with pytest.raises(ConnectFailed):
        opened("https://does-not-exist.invalid")(CANCEL_ALL)


def test_failed_connection_is_not_mistaken_for_the_next_failure(opened: Open) -> None:
    with Loopback(CLOSE) as server:
        send = opened(server.url)
        try:
            opened("http://127.0.0.1:1")(READ)
        except ConnectFailed:
            # The first failure is the context of the second here, and must not colour it.
            with pytest.raises(RequestFailed):
                send(CANCEL_ALL)
        assert len(server.requests) == 1


def test_certificate_that_nobody_signed_is_refused_before_anything_is_sent(opened: Open) -> None:
    with Loopback(PONG, tls=self_signed()) as server:
        with pytest.raises(UntrustedServer, match="certificate"):
            opened(server.url)(READ)
        assert server.requests == []


def test_server_that_speaks_no_tls_is_a_failed_connection(opened: Open) -> None:
    with Loopback(CLOSE) as server, pytest.raises(ConnectFailed):
        opened(server.url.replace("http:", "https:"))(READ)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
TOO_LONG = [
    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\nx" % (BODY_BYTES_MAX + 1),
    CHUNKED + b"%x\r\n" % (BODY_BYTES_MAX + 5) + b"x" * (BODY_BYTES_MAX + 5) + b"\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * (BODY_BYTES_MAX + 5),
    http(200, gzip.compress(b"0" * (BODY_BYTES_MAX + 1)), "Content-Encoding: gzip"),
    http(200, gzip.compress(b"0" * 1_000_000), "Content-Encoding: gzip"),
]


@pytest.mark.parametrize("reply", TOO_LONG, ids=["said", "chunked", "until the end", "unpacked", "ratio"])
def test_body_that_is_too_long_is_refused(opened: Open, reply: bytes) -> None:
    with Loopback(reply, then=CLOSE) as server, pytest.raises(RequestFailed, match=r"more than|longer than"):
        opened(server.url)(READ)


def test_connection_with_the_rest_of_a_refused_body_is_not_used_again(opened: Open) -> None:
    with Loopback(TOO_LONG[0], PONG) as server:
        send = opened(server.url)
        with pytest.raises(RequestFailed):
            send(READ)
        assert send(READ).body == b"pong"
        assert server.connections == 2


@pytest.mark.parametrize(
    "reply",
    [
        CHUNKED + b"ffff\r\npong",
        http(200, gzip.compress(b"pong")[:-9], "Content-Encoding: gzip"),
        http(200, b"pong", "Content-Encoding: gzip"),
        http(200, zlib.compress(b"pong"), "Content-Encoding: deflate"),
        http(200, b"pong", "Content-Encoding: br"),
    ],
    ids=["chunk", "gzip cut", "no gzip", "deflate", "br"],
)
def test_body_that_is_cut_or_coded_otherwise_is_refused(opened: Open, reply: bytes) -> None:
    with Loopback(reply, then=CLOSE) as server, pytest.raises(RequestFailed):
        opened(server.url)(READ)


def test_packed_and_chunked_bodies_are_read(opened: Open) -> None:
    rows = b'[{"a":1},{"b":2}]' * 3_000
    packed = gzip.compress(rows)
    chunks = CHUNKED + b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (rows[:9], rows[9:])) + b"0\r\n\r\n"
    with Loopback(http(200, packed, "Content-Encoding: gzip"), chunks, PONG) as server:
        send = opened(server.url)
        assert [send(READ).body for _ in range(3)] == [rows, rows, b"pong"]
        assert server.connections == 1


def test_proxies_of_the_environment_are_not_asked(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    with Loopback(PONG) as server:
        assert opened(server.url)(READ).body == b"pong"


def test_cookies_are_not_kept(opened: Open) -> None:
    with Loopback(http(200, b"pong", "Set-Cookie: session=1; Path=/")) as server:
        send = opened(server.url)
        send(READ)
        send(READ)
    assert all(b"session" not in request for request in server.requests)


def test_closed_transport_sends_nothing(opened: Open) -> None:
    del opened
    with Loopback(PONG) as server:
        client = Client(base_url=server.url)
        client.close()
        client.close()
        with pytest.raises(UsageError, match="closed"):
            client.system.ping()
        with pytest.raises(UsageError, match="closed"):
            asyncio.run(after_close(server.url))
    assert server.connections == 0


async def after_close(url: str) -> None:
    client = AsyncClient(base_url=url)
    await client.close()
    await client.close()
    await client.system.ping()


def test_async_client_stays_in_one_event_loop() -> None:
    with Loopback(PONG) as server, asyncio.Runner() as first, asyncio.Runner() as second:
        client = AsyncClient(base_url=server.url)
        first.run(client.system.ping())
        with pytest.raises(UsageError, match="event loop"):
            second.run(client.system.ping())
        first.run(client.close())


def test_cancelled_call_leaves_no_connection_and_no_task() -> None:
    async def cancel(server: Loopback) -> None:
        async with AsyncClient(base_url=server.url, retry=Retry(attempts_max=1)) as client:
            call = asyncio.create_task(client.system.ping())
            await asyncio.to_thread(server.asked.wait, 10)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert asyncio.all_tasks() == {asyncio.current_task()}
            connector: Any = client._http._session.connector  # type: ignore[attr-defined]
            assert not connector._acquired
            assert not connector._conns

    with Loopback(HANG) as server:
        asyncio.run(cancel(server))


@pytest.mark.parametrize("reply", [CHUNKED + b"-5\r\nabc\r\n0\r\n\r\n", CHUNKED + b"zz\r\n"])
def test_length_that_makes_no_sense_is_a_failure_of_the_request(opened: Open, reply: bytes) -> None:
    with Loopback(reply, then=CLOSE) as server, pytest.raises(RequestFailed):
        opened(server.url)(READ)


@pytest.mark.parametrize("reply", [b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 2", CHUNKED + b"zz\r\n", CLOSE])
def test_failure_shows_no_header_of_the_request_in_any_of_its_causes(opened: Open, reply: bytes) -> None:
    with Loopback(reply, then=CLOSE) as server, pytest.raises(RequestFailed) as caught:
        opened(server.url)(READ)
    cause: BaseException | None = caught.value
    while cause is not None:
        assert "canary" not in repr(cause)
        cause = cause.__cause__ or cause.__context__


@pytest.mark.parametrize("timeout_s", [0, -1, float("nan"), float("inf")])
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_time_that_nobody_can_wait_is_refused(kind: type[Client | AsyncClient], timeout_s: float) -> None:
    with pytest.raises(UsageError, match="timeout_s"):
        kind(timeout_s=timeout_s)


def ask_in_child(send: BlockingHttp, answer: Any) -> None:
    answer.put(send(READ).body)


def test_forked_process_has_connections_of_its_own() -> None:
    """Else parent and child would read the answers to each other's requests."""
    fork = multiprocessing.get_context("fork")
    answer = fork.Queue()
    with Loopback(PONG) as server:
        send = BlockingHttp(rest_address(server.url), timeout_s=5)
        send(READ)
        child = fork.Process(target=ask_in_child, args=(send, answer))
        child.start()
        assert answer.get(timeout=30) == b"pong"
        child.join(30)
        assert server.connections == 2
        send(READ)
        assert server.connections == 2
        send.close()


async def test_answer_that_nobody_asked_for_is_not_taken_for_the_next_one() -> None:
    told = asyncio.Event()
    served: list[asyncio.Task[None] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.current_task())
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while read := await reader.readuntil(b"\r\n\r\n"):
                assert read.startswith(b"GET"), "an order must not be sent behind an answer that is there already"
                writer.write(http(200, b"1"))
                await told.wait()
                writer.write(http(200, b"666"))
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1") as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        transport = AsyncHttp(rest_address(url), timeout_s=5)
        assert (await transport(READ)).body == b"1"
        told.set()
        session: Any = transport._session
        (kept,) = session.connector._conns.values()
        while not kept[0][0].should_close:  # noqa: ASYNC110  aiohttp tells nobody when it comes.
            await asyncio.sleep(0)
        with pytest.raises(ConnectFailed, match="nobody asked for"):
            await transport(CANCEL_ALL)
        assert (await transport(READ)).body == b"1"
        await transport.close()
        await asyncio.gather(*[task for task in served if task is not None])
