"""Whole histories and long ranges, read from an exchange on which trading goes on."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from haversack.client.aio import AsyncClient
from haversack.clock import ManualClock
from haversack.local import LocalExchange
from haversack.rest.paging import pages
from haversack.rest.procedure import Feed
from haversack.rest.ranges import SETTLING_S, each_kline, fills_between
from haversack.wire.enums import OrderStatus
from haversack.wire.history import GetFillHistory, GetOrderHistory

LAG_MS = 300


async def trade(client: AsyncClient, exchange: LocalExchange, count: int) -> list[str]:
    """So many orders of this client that are filled at once; their ids."""
    ids: list[str] = []
    for _ in range(count):
        order = await client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Market", quantity="0.01")
        assert order.status is OrderStatus.FILLED
        ids.append(order.order_id)
        await exchange.advance(ms=1)
    return ids


def open_exchange() -> LocalExchange:
    return LocalExchange(crowd=False, clock=ManualClock(), history_lag_ms=LAG_MS)


async def offer(client: AsyncClient) -> None:
    await client.orders.place(symbol="SOL_USDC", side="Ask", order_type="Limit", price="100", quantity="20")


@pytest.mark.parametrize("direction", ["Asc", "Desc"])
async def test_fills_are_all_read_once_while_more_come(direction: Any) -> None:
    async with open_exchange() as exchange, exchange.client() as seller, exchange.client() as client:
        await offer(seller)
        before = await trade(client, exchange, 330)
        await exchange.advance(ms=LAG_MS)
        later: list[str] = []
        got: list[str] = []
        steps = pages(GetFillHistory)(client.session, symbol="SOL_USDC", sort_direction=direction, limit=100)
        async for fill in client.each(steps):
            if len(got) % 50 == 0:
                later += await trade(client, exchange, 9)
            got.append(fill.order_id)
        times = Counter(got)
        assert {times[order_id] for order_id in before} == {1}
        assert max(times.values()) == 1
        assert set(got) <= {*before, *later}
        assert [order_id for order_id in got if order_id in set(before)] == (before if direction == "Asc" else before[::-1])


async def test_orders_are_all_read_once_while_they_change_and_more_come() -> None:
    async with open_exchange() as exchange, exchange.client() as client:
        resting: list[str] = []
        for _ in range(150):
            order = await client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Limit", price="90", quantity="0.01")
            resting.append(order.order_id)
            await exchange.advance(ms=1)
        await exchange.advance(ms=LAG_MS)
        got: list[str] = []
        steps = pages(GetOrderHistory, by="order_id")(client.session, limit=100)
        async for row in client.each(steps):
            if len(got) == 60:
                for order_id in resting[-100:]:
                    await client.orders.cancel(symbol="SOL_USDC", order_id=order_id)
                await client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Limit", price="90", quantity="0.01")
                await exchange.advance(ms=LAG_MS)
            got.append(row.order_id)
        assert got == resting[::-1]


async def test_fills_of_a_stretch_are_read_in_windows_and_on_from_the_last() -> None:
    async with open_exchange() as exchange, exchange.client() as seller, exchange.client() as client:
        await offer(seller)
        start_ms = exchange.clock.now_us() // 1_000
        first = await trade(client, exchange, 120)
        await exchange.advance(s=600)
        second = await trade(client, exchange, 120)
        await exchange.advance(ms=LAG_MS)
        window = timedelta(milliseconds=50)
        fills = [fill async for fill in client.each(fills_between(client.session, start_ms, window=window))]
        assert [fill.order_id for fill in fills] == first + second
        third = await trade(client, exchange, 5)
        await exchange.advance(ms=LAG_MS)
        more = [fill async for fill in client.each(fills_between(client.session, fills[-1].time))]
        assert [fill.order_id for fill in more] == [second[-1], *third]


def klines(client: AsyncClient, start_s: int, **parameters: Any) -> Feed[Any]:
    return each_kline(client.session, "SOL_USDC", start_s=start_s, **parameters)


async def test_candles_of_days_are_read_without_a_gap() -> None:
    async with LocalExchange(seed=5, clock=ManualClock()) as exchange, exchange.client() as client:
        await exchange.advance(s=90)
        now_s = exchange.clock.now_us() // 1_000_000
        rows = [row async for row in client.each(klines(client, now_s - 40 * 3_600, interval="1m"))]
        assert len(rows) > 1_000
        assert [row.start for row in rows[1:]] == [row.end for row in rows[:-1]]
        assert now_s - 60 - SETTLING_S < rows[-1].end.timestamp() <= now_s - SETTLING_S
        await exchange.advance(s=120)
        more = [row async for row in client.each(klines(client, int(rows[-1].end.timestamp()), interval="1m"))]
        assert [row.start for row in more] == [rows[-1].end, rows[-1].end + timedelta(minutes=1)]


async def test_candles_of_seconds_are_read_without_a_gap_and_running_ones_if_wanted() -> None:
    async with LocalExchange(seed=5, clock=ManualClock(), markets=["SOL_USDC"]) as exchange, exchange.client() as client:
        await exchange.advance(s=1_000)
        start_s = exchange.clock.now_us() // 1_000_000 - 960
        rows = [row async for row in client.each(klines(client, start_s, interval="1s"))]
        assert [row.start.timestamp() for row in rows] == [start_s + number for number in range(len(rows))]
        assert len(rows) > 900
        hours = [row async for row in client.each(klines(client, start_s - 7_200, interval="1h", unfinished=True))]
        assert hours[-1].end.timestamp() > exchange.clock.now_us() // 1_000_000
