"""Several requests as one call: whoever describes them hears of failures, and may go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from haversack.client.aio import AsyncClient
from haversack.client.blocking import Client
from haversack.errors import RequestFailed
from haversack.rest.http import HttpRequest, HttpResponse
from haversack.rest.procedure import Feed, Pause, Procedure, Rows
from haversack.rest.retry import Retry
from haversack.wire.system import GetTime

ONCE = Retry(attempts_max=1)


def cut(_request: HttpRequest, /) -> HttpResponse:
    raise RequestFailed("cut")


async def cut_async(request: HttpRequest, /) -> HttpResponse:
    return cut(request)


def time_or_none() -> Procedure[int | None]:
    try:
        time_ms: int = yield GetTime()
    except RequestFailed:
        yield Pause(0.0)
        return None
    return time_ms


def time_or_zero() -> Feed[int]:
    try:
        time_ms: int = yield GetTime()
    except RequestFailed:
        yield Pause(0.0)
        time_ms = 0
    yield Rows([time_ms])
    yield Rows([])
    yield GetTime()


def blocking() -> tuple[int | None, list[int]]:
    client = Client(http=cut, retry=ONCE)
    feed = client.each(time_or_zero())
    rows = [next(feed)]
    with pytest.raises(RequestFailed):
        next(feed)
    return client.perform(time_or_none()), rows


def awaited() -> tuple[int | None, list[int]]:
    async def ask() -> tuple[int | None, list[int]]:
        client, rows = AsyncClient(http=cut_async, retry=ONCE), list[int]()
        feed = client.each(time_or_zero())
        rows.append(await anext(feed))
        with pytest.raises(RequestFailed):
            await anext(feed)
        return await client.perform(time_or_none()), rows

    return asyncio.run(ask())


@pytest.mark.parametrize("ask", [blocking, awaited])
def test_procedure_and_feed_hear_of_a_failure_and_may_go_on(ask: Callable[[], tuple[int | None, list[int]]]) -> None:
    assert ask() == (None, [0])
