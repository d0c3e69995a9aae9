"""Who watches the requests sees what came of each, and cannot get in the way."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref

import pytest

from haversack.client.aio import AsyncClient
from haversack.client.blocking import Client
from haversack.clock import ManualClock
from haversack.credentials import Credentials
from haversack.errors import RequestFailed
from haversack.rest.http import HttpRequest, HttpResponse
from haversack.rest.observe import Observer, Sent
from haversack.rest.retry import Retry

CLOCK = ManualClock()
ANSWERS = {"/api/v1/time": HttpResponse(200, {}, b"1788285151083"), "/api/v1/ticker": HttpResponse(404, {}, b"not found")}


def exchange(request: HttpRequest, /) -> HttpResponse:
    CLOCK.advance(ms=3)
    path = request.target.partition("?")[0]
    if path not in ANSWERS:
        raise RequestFailed("cut")
    return ANSWERS[path]


async def exchange_async(request: HttpRequest, /) -> HttpResponse:
    return exchange(request)


def ask_blocking(observer: Observer) -> None:
    client = Client(Credentials.generate(), http=exchange, observer=observer, clock=CLOCK, retry=Retry(attempts_max=1))
    client.system.time()
    for call in (lambda: client.markets.ticker("SOL_USDC"), client.capital.balances):
        with pytest.raises(Exception, match=r"not found|cut"):
            call()


def ask_async(observer: Observer) -> None:
    async def ask() -> None:
        client = AsyncClient(
            Credentials.generate(), http=exchange_async, observer=observer, clock=CLOCK, retry=Retry(attempts_max=1)
        )
        await client.system.time()
        for call in (lambda: client.markets.ticker("SOL_USDC"), client.capital.balances):
            with pytest.raises(Exception, match=r"not found|cut"):
                await call()

    asyncio.run(ask())


@pytest.mark.parametrize("ask", [ask_blocking, ask_async])
def test_every_request_is_told_with_what_came_of_it(ask: object) -> None:
    told: list[Sent] = []
    assert callable(ask)
    ask(told.append)
    assert [(sent.method, sent.path, sent.status, sent.duration_us, sent.body_bytes) for sent in told] == [
        ("GET", "/api/v1/time", 200, 3_000, 13),
        ("GET", "/api/v1/ticker", 404, 3_000, 9),
        ("GET", "/api/v1/capital", None, 3_000, 0),
    ]
    assert [type(sent.error) for sent in told] == [type(None), type(None), RequestFailed]


@pytest.mark.parametrize("kind", [ValueError, OSError, KeyError, RecursionError])
def test_observer_that_fails_is_logged_and_the_answer_comes(kind: type[Exception], caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: Sent) -> None:
        raise kind("disk full")

    with caplog.at_level(logging.ERROR, "haversack.rest"):
        assert Client(http=exchange, observer=fail, clock=CLOCK).system.time() == 1788285151083
    assert "disk full" in caplog.text


async def test_request_of_a_call_that_is_cancelled_is_told_too() -> None:
    async def hang(_request: HttpRequest, /) -> HttpResponse:
        CLOCK.advance(ms=3)
        raise asyncio.CancelledError

    told: list[Sent] = []
    with pytest.raises(asyncio.CancelledError):
        await AsyncClient(http=hang, observer=told.append, clock=CLOCK).system.time()
    assert [(sent.path, sent.status, type(sent.error)) for sent in told] == [("/api/v1/time", None, asyncio.CancelledError)]


def test_request_of_a_call_that_is_interrupted_is_told_too() -> None:
    def interrupted(_request: HttpRequest, /) -> HttpResponse:
        raise KeyboardInterrupt

    told: list[Sent] = []
    with pytest.raises(KeyboardInterrupt):
        Client(http=interrupted, observer=told.append, clock=CLOCK).system.time()
    assert [type(sent.error) for sent in told] == [KeyboardInterrupt]


class Watcher:
    """Keeps all that it is told."""

    def __init__(self) -> None:
        self.told: list[Sent] = []

    def __call__(self, sent: Sent, /) -> None:
        self.told.append(sent)


def test_observer_that_keeps_a_failure_and_its_traceback_keeps_no_client_for_ever() -> None:
    watcher = Watcher()
    client = Client(http=exchange, observer=watcher, clock=CLOCK, retry=Retry(attempts_max=1))
    with pytest.raises(RequestFailed):
        client.system.status()
    gone = weakref.ref(watcher)
    del client, watcher
    gc.collect()
    assert gone() is None
