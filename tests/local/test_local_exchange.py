"""A client and an exchange in one process: the same calls, no socket, and time that moves when it is told to."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from haversack.clock import ManualClock
from haversack.errors import InsufficientFunds, InvalidOrder, NotFound, OutcomeUnknown, UsageError
from haversack.exchange.faults import AnswerAction, AnswerFault
from haversack.local import LocalExchange
from haversack.wire.base import CancelPending
from haversack.wire.enums import ExpiryReason, OrderEvent, OrderStatus, Side
from haversack.wire.events import BalanceUpdate, DepthUpdate, OrderUpdate
from haversack.wire.orders import Order


async def test_the_whole_path_from_a_key_to_an_order_to_a_stream() -> None:
    async with (
        LocalExchange(crowd=False, clock=ManualClock()) as exchange,
        exchange.client() as client,
        exchange.client() as other,
    ):
        await other.orders.place(symbol="SOL_USDC", side="Ask", order_type="Limit", price="100.5", quantity="0.4")
        async with client.streams() as streams:
            subscription = streams.subscribe("account.orderUpdate", "depth.SOL_USDC")
            await subscription.sent()
            order = await client.orders.place(
                symbol="SOL_USDC", side=Side.BID, order_type="Limit", price=Decimal("100.50"), quantity=1, client_id=7
            )
            messages = [await anext(subscription) for _ in range(4)]
        events = [message.event for message in messages]
        updates = [event for event in events if isinstance(event, OrderUpdate)]
        assert [update.event for update in updates] == [OrderEvent.ACCEPTED, OrderEvent.FILL]
        assert updates[1].fill_quantity == Decimal("0.40")
        assert [event.last_update_id for event in events if isinstance(event, DepthUpdate)] == [2, 3]
        assert (order.status, order.executed_quantity) == (OrderStatus.PARTIALLY_FILLED, Decimal("0.4"))
        assert (await client.orders.get("SOL_USDC", client_id=7)).order_id == order.order_id
        cancelled = await client.orders.cancel(symbol="SOL_USDC", order_id=order.order_id)
        assert isinstance(cancelled, Order)
        assert cancelled.status is OrderStatus.CANCELLED
        fills = await client.history.fills(symbol="SOL_USDC")
        balances = await client.capital.balances()
    assert fills.total == 1
    assert balances["SOL"].available == 500 + fills[0].quantity - fills[0].fee
    assert balances["USDC"].available == 100_000 - fills[0].price * fills[0].quantity


async def test_refusals_come_as_errors_of_their_kind() -> None:
    async with LocalExchange(crowd=False, clock=ManualClock()) as exchange, exchange.client() as client:
        order = {"symbol": "SOL_USDC", "order_type": "Limit"}
        with pytest.raises(InsufficientFunds):
            await client.orders.place(**order, side="Bid", price="100", quantity="100000")  # type: ignore[arg-type]
        await client.orders.place(**order, side="Ask", price="100", quantity="1")  # type: ignore[arg-type]
        with pytest.raises(InvalidOrder, match="immediately match"):
            await client.orders.place(**order, side="Bid", price="100", quantity="1", post_only=True)  # type: ignore[arg-type]
        with pytest.raises(NotFound):
            await client.orders.get("SOL_USDC", client_id=1)


async def test_an_order_whose_answer_is_lost_has_an_unknown_outcome_and_was_sent_once() -> None:
    async with LocalExchange(crowd=False, clock=ManualClock()) as exchange, exchange.client() as client:
        exchange.faults.add(AnswerFault(action=AnswerAction.LOSE_ANSWER, operation="PlaceOrder"))
        with pytest.raises(OutcomeUnknown) as unknown:
            await client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Limit", price="90", quantity="1", client_id=3)
        assert unknown.value.client_id == 3
        assert len(await client.orders.open("SOL_USDC")) == 1


async def test_reads_are_repeated_until_they_are_answered() -> None:
    async with LocalExchange(crowd=False, clock=ManualClock()) as exchange, exchange.client() as client:
        exchange.faults.add(AnswerFault(action=AnswerAction.UNAVAILABLE))
        exchange.faults.add(AnswerFault(action=AnswerAction.LOSE_ANSWER))
        assert "USDC" in await client.capital.balances()


async def test_a_cancel_that_is_pending_says_so() -> None:
    async with LocalExchange(crowd=False, clock=ManualClock()) as exchange, exchange.client() as client:
        order = await client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Limit", price="90", quantity="1")
        exchange.faults.add(AnswerFault(action=AnswerAction.PENDING, operation="CancelOrder"))
        assert isinstance(await client.orders.cancel(symbol="SOL_USDC", order_id=order.order_id), CancelPending)


async def test_an_hour_of_the_crowd_passes_without_waiting() -> None:
    clock = ManualClock()
    async with LocalExchange(seed=3, clock=clock) as exchange, exchange.client() as client:
        before = clock.now_us()
        await exchange.advance(s=600)
        assert clock.now_us() - before == 600_000_000
        trades = await client.markets.recent_trades("SOL_USDC", limit=1000)
        assert len(trades) > 10
        assert all(trade.timestamp_ms * 1000 >= before - 1000 for trade in trades)
        candles = await client.markets.klines("SOL_USDC", interval="1m", start_time_s=before // 1_000_000)
        assert 9 <= len(candles) <= 11


async def test_the_same_seed_and_clock_give_the_same_exchange() -> None:
    hashes = []
    for _ in range(2):
        async with LocalExchange(seed=11, clock=ManualClock()) as exchange:
            await exchange.advance(s=60)
            hashes.append(exchange.venue.engine.state_hash())
    assert hashes[0] == hashes[1]


async def test_balances_come_by_their_own_stream() -> None:
    async with (
        LocalExchange(crowd=False, clock=ManualClock()) as exchange,
        exchange.client() as client,
        client.streams() as streams,
    ):
        subscription = streams.subscribe("account.balanceUpdate")
        await subscription.sent()
        await client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Limit", price="100", quantity="2")
        event = (await anext(subscription)).event
    assert isinstance(event, BalanceUpdate)
    assert (event.asset, event.available, event.locked) == ("USDC", Decimal(99_800), Decimal(200))


async def test_an_order_that_cannot_wait_expires_with_its_reason() -> None:
    async with (
        LocalExchange(crowd=False, clock=ManualClock()) as exchange,
        exchange.client() as client,
        client.streams() as streams,
    ):
        subscription = streams.subscribe("account.orderUpdate.SOL_USDC")
        await subscription.sent()
        order = await client.orders.place(
            symbol="SOL_USDC", side="Bid", order_type="Limit", price="100", quantity="2", time_in_force="IOC"
        )
        events = [(await anext(subscription)).event for _ in range(2)]
    assert order.status is OrderStatus.EXPIRED
    assert isinstance(events[1], OrderUpdate)
    assert events[1].expiry_reason is ExpiryReason.IMMEDIATE_OR_CANCEL


async def test_time_cannot_be_moved_on_the_machines_clock() -> None:
    async with LocalExchange(crowd=False) as exchange:
        with pytest.raises(UsageError, match="ManualClock"):
            await exchange.advance(s=1)


async def test_an_exchange_is_used_inside_its_block_and_leaves_no_task() -> None:
    exchange = LocalExchange()
    with pytest.raises(UsageError, match="async with"):
        exchange.client()
    before = asyncio.all_tasks()
    async with exchange:
        pass
    assert asyncio.all_tasks() == before


async def test_new_accounts_have_what_they_are_granted() -> None:
    async with LocalExchange(crowd=False, grants={"USDC": "12.5"}) as exchange, exchange.client() as client:
        balances = await client.capital.balances()
    assert {asset: balance.available for asset, balance in balances.items()} == {"USDC": Decimal("12.5")}


async def test_an_asset_that_is_not_listed_cannot_be_granted() -> None:
    with pytest.raises(UsageError, match="'DOGE' is not listed"):
        async with LocalExchange(grants={"DOGE": 1}):
            pass


async def test_several_may_let_time_pass_at_once_and_it_passes_once() -> None:
    clock = ManualClock()
    async with LocalExchange(clock=clock) as exchange:
        start_us = clock.now_us()
        await asyncio.gather(*[exchange.advance(ms=delay_ms) for delay_ms in (1_500, 300, 1_000, 1_500)])
        assert clock.now_us() - start_us == 1_500_000
        with pytest.raises(UsageError, match="time only goes forward here"):
            await exchange.advance(ms=-1)
