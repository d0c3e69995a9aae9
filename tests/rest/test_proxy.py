"""A proxy sees where the exchange is, and nothing else; it is asked only if the user names it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from haversack.credentials import Secret
from haversack.errors import ConnectFailed, UntrustedServer, UsageError
from haversack.rest.address import rest_address
from haversack.rest.http import HttpRequest, HttpResponse
from haversack.rest.http_async import AsyncHttp
from haversack.rest.http_blocking import BlockingHttp
from haversack.rest.proxy import Proxy, checked_proxy
from rest.certificate import self_signed, self_signed_pem
from rest.loopback import Loopback, http
from rest.tunnel import Tunnel

Ask: TypeAlias = Callable[[str, str], HttpResponse]
READ = HttpRequest("GET", "/api/v1/time", {"X-Signature": "canary"}, None)
LOGIN = "Basic dHJhZGVyOnA6dw=="


def blocking(url: str, proxy: str) -> HttpResponse:
    transport = BlockingHttp(rest_address(url), timeout_s=5, proxy=checked_proxy(proxy, rest_address(url)))
    try:
        return transport(READ)
    finally:
        transport.close()


def awaited(url: str, proxy: str) -> HttpResponse:
    async def ask() -> HttpResponse:
        transport = AsyncHttp(rest_address(url), timeout_s=5, proxy=checked_proxy(proxy, rest_address(url)))
        try:
            return await transport(READ)
        finally:
            await transport.close()

    return asyncio.run(ask())


BOTH = pytest.mark.parametrize("ask", [blocking, awaited])


@BOTH
def test_proxy_sees_where_to_connect_and_nothing_of_the_request(ask: Ask) -> None:
    with Tunnel() as tunnel, Loopback(http(200, b"pong"), tls=self_signed()) as server, pytest.raises(UntrustedServer):
        # Nobody vouches for the certificate, also behind a proxy.
        ask(server.url, f"http://127.0.0.1:{tunnel.port}")
    assert [asked.split()[:2] for asked in tunnel.asked] == [[b"CONNECT", f"127.0.0.1:{server.port}".encode()]]
    assert b"canary" not in b"".join(tunnel.asked)
    assert server.requests == []


@BOTH
def test_login_goes_to_the_proxy(ask: Ask) -> None:
    with Tunnel(b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n") as tunnel, pytest.raises(ConnectFailed) as failed:
        ask("https://127.0.0.1:9", f"http://trader:p%3Aw@127.0.0.1:{tunnel.port}")
    assert f"proxy-authorization: {LOGIN}".lower() in tunnel.asked[0].decode().lower()
    assert "p:w" not in f"{failed.value!r} {failed.value.__cause__!r}"


@BOTH
def test_proxy_that_is_not_there_means_that_nothing_was_sent(ask: Ask) -> None:
    with Loopback(http(200)) as gone:
        pass
    with pytest.raises(ConnectFailed):
        ask("https://127.0.0.1:9", f"http://127.0.0.1:{gone.port}")


PROGRAM = """
import asyncio, sys
sys.path.insert(0, "tests")
from rest.test_proxy import LOGIN, awaited, blocking
for ask in (blocking, awaited):
    print(ask(sys.argv[1], sys.argv[2]).body.decode())
"""


def test_answer_comes_through_the_tunnel_and_the_exchange_learns_no_login(tmp_path: Path) -> None:
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(self_signed_pem())
    root = Path(__file__).parents[2]
    with Tunnel() as tunnel, Loopback(http(200, b"pong"), tls=self_signed()) as server:
        command = [sys.executable, "-c", PROGRAM, server.url, f"http://trader:p%3Aw@127.0.0.1:{tunnel.port}"]
        # What is trusted is read from the environment when a program starts.
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, cwd=root, env={"SSL_CERT_FILE": str(trusted)}, timeout=60
        )
    assert (done.stdout, done.returncode) == ("pong\npong\n", 0), done.stderr
    assert len(tunnel.asked) == len(server.requests) == 2
    assert b"authorization" not in b"".join(server.requests).lower()
    assert b"canary" in server.requests[0]


@pytest.mark.parametrize(
    "url",
    ["", "proxy:8080", "https://proxy:8080", "socks5://proxy:8080", "http://proxy", "http://:8080", "http://proxy:8080/path",
     "http://proxy:99999", "http://proxy:8080?x=1", "http://[::1:8080"],
)  # fmt: skip
def test_other_addresses_are_refused_without_being_shown(url: str) -> None:
    with pytest.raises(UsageError, match="proxy must be http://host:port") as refused:
        Proxy(url)
    assert url not in str(refused.value).split() or not url


def test_plain_http_is_never_sent_through_a_proxy() -> None:
    with pytest.raises(UsageError, match="a proxy is for https:// alone"):
        checked_proxy("http://proxy:8080", rest_address("http://127.0.0.1:8787"))


def test_proxy_shows_its_address_and_not_its_login() -> None:
    proxy = Proxy("http://trader:secret@proxy:8080")
    assert repr(proxy) == "Proxy(http://proxy:8080)"
    assert proxy.headers()["Proxy-Authorization"].startswith("Basic ")
    assert Proxy("http://[::1]:8080").url == "http://[::1]:8080"


def test_part_of_an_address_that_is_no_port_is_shown_by_no_traceback() -> None:
    address = Secret("http://proxy:" + "canary")
    with pytest.raises(UsageError) as refused:
        Proxy(address)
    assert "'canary'" not in "".join(traceback.format_exception(refused.value))


@BOTH
def test_refused_login_means_that_nothing_was_sent_and_is_shown_by_no_cause(ask: Ask) -> None:
    with Loopback(http(407)) as proxy, pytest.raises(ConnectFailed) as refused:
        ask("https://127.0.0.1:1", f"http://trader:p%3Aw@127.0.0.1:{proxy.port}")
    cause: BaseException | None = refused.value
    while cause is not None:
        assert LOGIN not in repr(cause)
        cause = cause.__cause__ or cause.__context__
