"""Which addresses are taken, and which are refused before anything is sent there."""

from __future__ import annotations

import pytest

from haversack.client.aio import AsyncClient
from haversack.client.blocking import Client
from haversack.errors import UsageError
from haversack.rest.address import REST_URL, STREAM_URL, is_loopback, rest_address, stream_address


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        (REST_URL, "https://api.backpack.exchange"),
        ("https://api.backpack.exchange/", "https://api.backpack.exchange"),
        ("https://api.backpack.exchange:443", "https://api.backpack.exchange"),
        ("https://mirror.example:8443/backpack/", "https://mirror.example:8443/backpack"),
        ("http://127.0.0.1:8787", "http://127.0.0.1:8787"),
        ("http://127.9.9.9:1", "http://127.9.9.9:1"),
        ("http://localhost:8787/", "http://localhost:8787"),
        ("http://[::1]:8787", "http://[::1]:8787"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
    ],
)
def test_address_is_taken(url: str, taken: str) -> None:
    assert rest_address(url).url == taken


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.backpack.exchange",
        "http://api.backpack.exchange",
        "http://10.0.0.1:8787",
        "http://0.0.0.0:8787",
        "http://[::ffff:127.0.0.1]",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://127.1",
        "http://2130706433",
        "ftp://127.0.0.1",
        "wss://ws.backpack.exchange",
        "HTTPS://api.backpack.exchange",
        "https://",
        "https:///api",
        "https://user@api.backpack.exchange",
        "https://api.backpack.exchange@evil.example",
        "https://api.backpack.exchange\\@evil.example",
        "https://api.backpack.exchange%2f@evil.example",
        "https://api.backpack.exchange%2fevil.example",
        "https://api.backpack.exchange?x=1",
        "https://api.backpack.exchange/#x",
        "https://api.backpack.exchange/a?b",
        "https://api.backpack.exchange\r\nHost: evil.example",
        "https://api.backpack.exchange/ x",
        "\thttps://api.backpack.exchange",
        "https://api.backpack.exchange\n",
        "https://bäckpack.exchange",
        "https://-bad.example",
        "https://api.backpack.exchange:0",
        "https://api.backpack.exchange:99999",
        "https://api.backpack.exchange:",
        "https://[::1",
        "https://[1.2.3.4.5]",
        "https://[:::::]",
    ],
)
def test_address_is_refused(url: str) -> None:
    for make in (lambda: rest_address(url), lambda: Client(base_url=url), lambda: AsyncClient(base_url=url)):
        with pytest.raises(UsageError, match="base_url"):
            make()


def test_password_in_an_address_is_not_shown() -> None:
    with pytest.raises(UsageError) as caught:
        rest_address("https://me:hunter2@api.backpack.exchange")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", [STREAM_URL, "ws://127.0.0.1:8787", "wss://ws.backpack.exchange/stream"])
def test_stream_address_is_taken(url: str) -> None:
    assert stream_address(url).url == url


@pytest.mark.parametrize("url", ["ws://ws.backpack.exchange", "https://ws.backpack.exchange", "wss://u@ws.backpack.exchange"])
def test_stream_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="stream_url"):
        Client(stream_url=url)


@pytest.mark.parametrize(("host", "here"), [("127.0.0.1", True), ("::1", True), ("LOCALHOST", True), ("example", False)])
def test_loopback(host: str, here: bool) -> None:
    assert is_loopback(host) is here
