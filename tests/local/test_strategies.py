"""A scheduled order from beginning to end, through the real client: blocking and async, REST and streams."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from haversack.client.aio import AsyncClient
from haversack.clock import ManualClock
from haversack.errors import ApiError
from haversack.local import BlockingLocalExchange, LocalExchange
from haversack.wire.events import OrderUpdate
from haversack.wire.strategies import Strategy, StrategyCancelReason, StrategyStatus


async def offer(client: AsyncClient, price: str = "100") -> None:
    await client.orders.place(symbol="SOL_USDC", side="Ask", order_type="Limit", price=price, quantity=20)


async def test_large_order_is_sent_in_slices_and_found_in_every_history() -> None:
    async with (
        LocalExchange(crowd=False, clock=ManualClock()) as exchange,
        exchange.client() as other,
        exchange.client() as client,
    ):
        await offer(other)
        async with client.streams() as streams:
            updates = streams.subscribe("account.orderUpdate")
            await updates.sent()
            made = await client.strategies.create(
                strategy_type="Scheduled", symbol="SOL_USDC", side="Bid", quantity=6, client_strategy_id=7,
                duration_ms=timedelta(minutes=1), interval_ms=timedelta(seconds=20), slippage_tolerance=1,
                slippage_tolerance_type="Percent",
            )  # fmt: skip
            assert (made.status, made.interval) == (StrategyStatus.RUNNING, timedelta(seconds=20))
            await exchange.advance(s=20)
            running = await client.strategies.get("SOL_USDC", client_strategy_id=7)
            assert (running.executed_quantity, running.executed_quote_quantity) == (Decimal(4), Decimal(400))
            assert await client.strategies.open() == [running]
            frames = [(await anext(updates)).event for _ in range(4)]
        assert {frame.strategy_id for frame in frames if isinstance(frame, OrderUpdate)} == {int(made.strategy_id)}
        await exchange.advance(s=20)
        with pytest.raises(ApiError) as gone:
            await client.strategies.get("SOL_USDC", strategy_id=made.strategy_id)
        assert gone.value.status == 404
        (past,) = await client.history.strategies()
        assert (past.status, past.executed_quantity, past.strategy_id) == (StrategyStatus.COMPLETED, Decimal(6), made.strategy_id)
        orders = await client.history.orders(strategy_id=made.strategy_id)
        fills = [fill async for fill in client.history.each_fill(strategy_id=made.strategy_id)]
        assert [order.quantity for order in orders] == [Decimal(2)] * 3
        assert {fill.order_id for fill in fills} == {order.order_id for order in orders}
        assert exchange.problems() == []


def test_plain_function_cancels_a_strategy_and_reads_why_others_ended() -> None:
    with BlockingLocalExchange(crowd=False, grants={"USDC": 250}) as exchange, exchange.client() as client:
        poor = client.strategies.create(
            strategy_type="Scheduled",
            symbol="SOL_USDC",
            side="Bid",
            quantity=3,
            price=100,
            duration_ms=30_000,
            interval_ms=10_000,
        )
        exchange.advance(s=20)
        cancelled = client.strategies.create(
            strategy_type="Scheduled", symbol="SOL_USDC", side="Bid", quantity=3, price=50, duration_ms=30_000, interval_ms=10_000
        )
        exchange.advance(s=1)
        (order,) = client.orders.open("SOL_USDC")
        assert (order.strategy_id, order.price) == (cancelled.strategy_id, Decimal(50))
        ended = client.strategies.cancel(symbol="SOL_USDC", strategy_id=cancelled.strategy_id)
        assert isinstance(ended, Strategy)
        assert ended.status == StrategyStatus.CANCELLED
        assert client.strategies.cancel_all(symbol="SOL_USDC") == []
        assert client.orders.open() == []
        rows = {row.strategy_id: (row.status, row.cancel_reason) for row in client.history.each_strategy()}
        assert rows == {
            cancelled.strategy_id: (StrategyStatus.CANCELLED, None),
            poor.strategy_id: (StrategyStatus.TERMINATED, StrategyCancelReason.INSUFFICIENT_FUNDS),
        }
        assert client.capital.balances()["USDC"].locked == 0
        assert exchange.problems() == []
