"""What a web page in the user's browser could send to a local exchange: on real sockets it is refused, and changes nothing."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import pytest

from exchange.stranger import Desk, Stranger
from exchange.test_server import open_server

ORDER = b'{"orderType":"Limit","price":"90","quantity":"1","side":"Bid","symbol":"SOL_USDC"}'
JSON = "Content-Type: application/json"
PATHS = ("/api/v1/ping", "/api/v1/depth?symbol=SOL_USDC", "/api/v1/order", "/nothing")
UPGRADE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)

# {port} is the listener's own. A rebound name says its own host; a page says its origin, or where it fetches from.
FOREIGN_HOSTS = (
    *("evil.com", "evil.com:{port}", "127.0.0.1.evil.com:{port}", "localhost.evil.com:{port}", "127.0.0.1@evil.com:{port}"),
    *("0.0.0.0:{port}", "[::]:{port}", "[::ffff:127.0.0.1]:{port}", "127.0.0.2:{port}", "127.1:{port}", "2130706433:{port}"),
    *("127.0.0.1", "localhost", "127.0.0.1:80", "localhost:1", "localhost.:{port}", "xn--localhost-0za:{port}"),
    *("[::1]:80", "localhost:{port}.evil.com"),
)
FOREIGN_ORIGINS = (
    *(
        "https://evil.com",
        "http://evil.com:{port}",
        "null",
        "http://127.0.0.1",
        "http://localhost:3000",
        "https://127.0.0.1:{port}",
    ),
    *(
        "http://127.0.0.1.evil.com:{port}",
        "file://",
        "chrome-extension://abcdefgh",
        "http://0.0.0.0:{port}",
        "http://[::]:{port}",
    ),
)


class Case(NamedTuple):
    """One request, as bytes but for the port."""

    name: str
    head: str
    body: bytes = b""

    def sent(self, port: int) -> bytes:
        return self.head.replace("{port}", str(port)).encode() + self.body


def request(method: str, path: str, *headers: str, body: bytes = b"") -> tuple[str, bytes]:
    lines = [f"{method} {path} HTTP/1.1", *headers, *([f"Content-Length: {len(body)}"] if body else [])]
    if not any(line.startswith("Connection") for line in lines):
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]), body


def pages() -> Iterator[Case]:
    """Requests that a page can make a browser send."""
    own = "Host: 127.0.0.1:{port}"
    for host, path in product(FOREIGN_HOSTS, PATHS):
        yield Case(f"rebound {host} {path}", *request("GET", path, f"Host: {host}"))
    for host in FOREIGN_HOSTS:
        yield Case(f"rebound {host} order", *request("POST", "/api/v1/order", f"Host: {host}", JSON, body=ORDER))
        yield Case(f"rebound {host} stream", *request("GET", "/", f"Host: {host}", *UPGRADE))
    for origin, path in product(FOREIGN_ORIGINS, PATHS):
        yield Case(f"fetch {origin} {path}", *request("GET", path, own, f"Origin: {origin}"))
    for origin in FOREIGN_ORIGINS:
        fetch = (own, f"Origin: {origin}")
        asks = ("Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type")
        yield Case(f"preflight {origin}", *request("OPTIONS", "/api/v1/order", *fetch, *asks))
        yield Case(f"order {origin}", *request("POST", "/api/v1/order", *fetch, JSON, body=ORDER))
        yield Case(f"cancel {origin}", *request("DELETE", "/api/v1/orders", *fetch, JSON, body=b'{"symbol":"SOL_USDC"}'))
        yield Case(f"beacon {origin}", *request("POST", "/api/v1/order", *fetch, "Content-Type: text/plain", body=ORDER))
        yield Case(f"stream {origin}", *request("GET", "/", *fetch, *UPGRADE))
    # Images, scripts and links carry no Origin, but newer browsers say where they stand.
    for site, path in product(("cross-site", "same-site", "Cross-Site"), PATHS):
        for mode in ("no-cors", "navigate", "cors"):
            yield Case(
                f"{mode} {site} {path}",
                *request("GET", path, own, f"Sec-Fetch-Site: {site}", f"Sec-Fetch-Mode: {mode}"),
            )
    # Forms of older browsers say nothing at all: what they cannot write is JSON.
    for kind in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain; x=application/json",
    ):
        for path in ("/api/v1/order", "/api/v1/orders"):
            yield Case(f"form {kind} {path}", *request("POST", path, own, f"Content-Type: {kind}", body=ORDER))
    yield from targets(own)


def targets(own: str) -> Iterator[Case]:
    """Requests whose target or Host is not what it seems."""
    for target in (
        *("http://evil.com/api/v1/ping", "http://127.0.0.1:{port}/api/v1/ping", "//evil.com/api/v1/ping", "*"),
        *("https://127.0.0.1:{port}/api/v1/ping", "http://user@127.0.0.1:{port}/api/v1/ping", "evil.com:443"),
    ):
        for method in ("GET", "POST", "CONNECT", "OPTIONS"):
            yield Case(f"{method} {target}", *request(method, target, own))
    for hosts in ([], [own, own], [own, "Host: evil.com"], ["Host: evil.com", own], ["Host:"], [own + ", evil.com"]):
        for path in PATHS:
            yield Case(f"hosts {hosts} {path}", *request("GET", path, *hosts))


CASES = list(pages())


async def status(port: int, sent: bytes) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    try:
        async with asyncio.timeout(10):
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            return int(head[9:12]), head + await reader.readexactly(int(length[1]) if length else 0)
    except (ConnectionError, asyncio.IncompleteReadError):
        return 0, b""
    finally:
        writer.close()


def test_there_are_as_many_cases_as_were_promised() -> None:
    assert len(CASES) >= 300
    assert len({case.name for case in CASES}) == len(CASES)


async def test_nothing_that_a_web_page_could_send_is_allowed() -> None:
    async with open_server() as (server, desk):
        await Stranger(desk).place()
        before = desk.venue.engine.state_hash()
        allowed: list[str] = []
        for case in CASES:
            code, answer = await status(server.port, case.sent(server.port))
            # 415 is what a form gets: it cannot say that it is JSON. 405 and 404 say that it got as far as the routes.
            if code not in (400, 403, 415) or b"access-control" in answer.lower() or b"set-cookie" in answer.lower():
                allowed.append(f"{case.name}: {code}")
        assert allowed == []
        assert desk.venue.engine.state_hash() == before
        assert not desk.venue.hub.wanted("depth.SOL_USDC", None)


@pytest.mark.parametrize("path", ["/api/v1/ping/", "//api/v1/ping", "/api/v1/../v1/ping", "/API/v1/ping", "/"])
async def test_the_exchange_redirects_nobody(path: str) -> None:
    async with open_server() as (server, _):
        code, answer = await status(server.port, request("GET", path, f"Host: 127.0.0.1:{server.port}")[0].encode())
        assert code in (403, 404)
        assert b"location" not in answer.lower()


async def test_a_program_is_answered_where_a_page_is_not() -> None:
    async with open_server() as (server, desk):
        assert isinstance(desk, Desk)
        code, answer = await status(server.port, request("GET", PATHS[0], f"Host: localhost:{server.port}")[0].encode())
        assert (code, answer.endswith(b"pong")) == (200, True)
