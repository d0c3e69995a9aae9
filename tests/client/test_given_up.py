"""A call that is cancelled or interrupted, at whatever place: nothing stays behind, and what is known of an order is told."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from haversack.client.aio import AsyncClient
from haversack.client.blocking import Client
from haversack.clock import ManualClock
from haversack.credentials import Credentials
from haversack.errors import OutcomeUnknown, RequestExpired, outcome_of
from haversack.rest.http import HttpRequest, HttpResponse
from haversack.rest.pacing import Limits
from haversack.rest.procedure import Feed, Procedure, Rows
from haversack.rest.retry import Retry
from haversack.wire.system import GetTime
from rest.loopback import Loopback, http

KEYS = Credentials.generate()
ORDER = (
    b'{"clientId":7,"createdAt":1788285244094,"executedQuantity":"0","executedQuoteQuantity":"0","id":"5","orderType":"Limit",'
    b'"price":"20","quantity":"1","selfTradePrevention":"RejectTaker","side":"Bid","status":"New","symbol":"SOL_USDC",'
    b'"timeInForce":"GTC"}'
)
DEPTH = b'{"asks":[],"bids":[],"lastUpdateId":"1","timestamp":1788285244094000}'
EXPIRED = http(400, b'{"code":"INVALID_CLIENT_REQUEST","message":"Request has expired"}')
ONE_A_MINUTE = Limits(requests_per_minute=1, kept_for_cancels=0)
LIMIT: dict[str, Any] = {"symbol": "SOL_USDC", "side": "Bid", "order_type": "Limit", "price": "20", "quantity": "1"}


async def place(client: AsyncClient) -> None:
    await client.orders.place(**LIMIT, client_id=7)


async def depth(client: AsyncClient) -> None:
    await client.markets.depth("SOL_USDC")


async def each_fill(client: AsyncClient) -> None:
    async for _ in client.history.each_fill():
        pass


def fills(first: int, count: int) -> bytes:
    """A page of fills, and how many there are in all."""
    row = (
        b'{"clientId":null,"fee":"0","feeSymbol":"USDC","isMaker":true,"orderId":"1","price":"20","quantity":"1","side":"Bid",'
        b'"symbol":"SOL_USDC","systemOrderType":null,"timestamp":"2026-09-01T10:00:00.000","tradeId":%d}'
    )
    body = b"[" + b",".join([row % number for number in range(first, first + count)]) + b"]"
    return http(200, body, "X-Total: 200")


MEASURED = [http(200, b"1788285244094")] * 5
CALLS: dict[str, tuple[Callable[[AsyncClient], Awaitable[None]], list[bytes]]] = {
    "place": (place, [http(200, ORDER)]),
    "place, expired": (place, [EXPIRED, *MEASURED]),
    "depth": (depth, [http(503), http(200, DEPTH)]),
    "each_fill": (each_fill, [EXPIRED, *MEASURED, fills(0, 100), fills(50, 150)]),
}


class Cancelling:
    """Awaits a coroutine, and cancels the task that it is in at the n-th place where it waits."""

    def __init__(self, coroutine: Any, at: int) -> None:
        self._coroutine, self._at, self.waits = coroutine, at, 0

    def __await__(self) -> Any:
        steps = self._coroutine.__await__()
        take: Callable[[Any], Any] = steps.send
        given: Any = None
        while True:
            try:
                waited = take(given)
            except StopIteration:
                return
            self.waits += 1
            if self.waits == self._at:
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
            try:
                take, given = steps.send, (yield waited)
            except BaseException as error:  # noqa: BLE001  Handed on, as the task itself would.
                take, given = steps.throw, error


async def no_wait(_delay_s: float) -> None:
    await asyncio.sleep(0)


def connector_of(client: AsyncClient) -> Any:
    """The connections of a client's own transport; None before the first request."""
    session = client._close.__self__._session  # type: ignore[union-attr]
    return None if session is None else session.connector


async def cut(number: int, name: str) -> bool:
    """Whether a call was on its way at that wait, where it is cancelled. Asserts that nothing of it stays behind."""
    call, replies = CALLS[name]
    failures: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
    with Loopback(*replies) as server:
        client = AsyncClient(KEYS, base_url=server.url, sleep=no_wait, retry=Retry(attempts_max=9))

        async def run() -> None:
            with suppress(RequestExpired):
                await Cancelling(call(client), number)

        others = asyncio.all_tasks()
        task = asyncio.create_task(run())
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()
            assert number > 3, "a connection, a request and an answer are waited for"
        assert asyncio.all_tasks() == others
        assert [len(line) for line in client.session.pacer._lines.values()] == [0, 0, 0]
        assert client.session.pacer._waiting == 0
        assert not any(client.session.server_clock._measuring.values())
        connector = connector_of(client)
        assert connector is None or not connector._acquired
        await client.close()
        assert connector is None or not connector._conns
        orders = [request for request in server.requests if request.startswith(b"POST")]
        assert len(orders) <= 1
    await asyncio.sleep(0)
    gc.collect()
    assert failures == []
    return task.cancelled()


@pytest.mark.parametrize("name", CALLS)
async def test_call_that_is_cancelled_at_any_wait_leaves_nothing_behind(name: str) -> None:
    number = 1
    while await cut(number, name):
        number += 1


async def test_call_that_is_cancelled_in_its_line_leaves_it() -> None:
    clock = ManualClock()
    asleep = asyncio.Event()

    async def for_ever(_delay_s: float) -> None:
        asleep.set()
        await asyncio.Event().wait()

    async def pong(_request: HttpRequest, /) -> HttpResponse:
        return HttpResponse(200, {}, b"[]")

    client = AsyncClient(KEYS, http=pong, clock=clock, sleep=for_ever, limits=ONE_A_MINUTE)
    await client.orders.open()
    for call in (place, depth, each_fill):
        asleep.clear()
        task = asyncio.ensure_future(call(client))
        await asleep.wait()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
    clock.advance(s=61)
    await client.orders.open()
    assert [len(line) for line in client.session.pacer._lines.values()] == [0, 0, 0]


def of_order(error: BaseException | None) -> OutcomeUnknown:
    """What is known of the order, from the error that ended its call."""
    unknown = outcome_of(error)
    assert unknown is not None
    return unknown


@pytest.mark.parametrize("bound", ["timeout", "wait_for", "cancel"])
async def test_order_that_is_given_up_on_its_way_is_known_to_the_error(bound: str, caplog: pytest.LogCaptureFixture) -> None:
    sending = asyncio.Event()

    async def hang(_request: HttpRequest, /) -> HttpResponse:
        sending.set()
        await asyncio.Event().wait()
        raise AssertionError

    client = AsyncClient(KEYS, http=hang)

    async def bounded() -> None:
        if bound == "timeout":
            async with asyncio.timeout(0.001):
                await place(client)
        elif bound == "wait_for":
            await asyncio.wait_for(place(client), 0.001)
        else:
            await place(client)

    task = asyncio.create_task(bounded())
    await sending.wait()
    if bound == "cancel":
        task.cancel()
    with caplog.at_level(logging.WARNING, "haversack.rest"), pytest.raises((TimeoutError, asyncio.CancelledError)) as caught:
        await task
    unknown = of_order(caught.value)
    assert (unknown.client_id, unknown.sent_ms is None) == (7, False)
    assert "orders.resolve finds out by client_id 7" in caplog.text


def test_order_that_is_interrupted_on_its_way_is_known_to_the_error() -> None:
    def interrupted(_request: HttpRequest, /) -> HttpResponse:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        Client(KEYS, http=interrupted).orders.place(**LIMIT)
    unknown = of_order(caught.value)
    assert unknown.client_id == unknown.operation.client_id > 0


def test_read_that_is_interrupted_says_nothing_of_an_order() -> None:
    def interrupted(_request: HttpRequest, /) -> HttpResponse:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        Client(KEYS, http=interrupted).orders.open()
    assert caught.value.__cause__ is None


def interrupt(_request: HttpRequest, /) -> HttpResponse:
    raise KeyboardInterrupt


async def cancel(_request: HttpRequest, /) -> HttpResponse:
    raise asyncio.CancelledError


class Closing:
    """Notes when a procedure or a feed is closed."""

    is_closed = False

    def steps(self) -> Procedure[None]:
        try:
            yield GetTime()
        finally:
            self.is_closed = True

    def feed(self) -> Feed[int]:
        try:
            yield Rows([1, 2])
            yield GetTime()
        finally:
            self.is_closed = True


async def test_procedure_that_is_given_up_is_closed_at_once() -> None:
    one, other = Closing(), Closing()
    steps, others = one.steps(), other.steps()
    with pytest.raises(KeyboardInterrupt):
        Client(http=interrupt).perform(steps)
    with pytest.raises(asyncio.CancelledError):
        await AsyncClient(http=cancel).perform(others)
    assert (one.is_closed, other.is_closed) == (True, True)


async def test_feed_that_is_left_is_closed_at_once() -> None:
    one, other = Closing(), Closing()
    feed, others = one.feed(), other.feed()
    rows, more = Client(http=interrupt).each(feed), AsyncClient(http=cancel).each(others)
    assert (next(rows), await anext(more)) == (1, 1)
    rows.close()
    await more.aclose()
    assert (one.is_closed, other.is_closed) == (True, True)
