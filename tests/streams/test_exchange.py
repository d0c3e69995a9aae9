"""Streams against the local exchange, which goes wrong on demand: the readers miss nothing in silence."""

import asyncio

from haversack.exchange.faults import FrameAction, FrameFault
from haversack.local import LocalExchange
from haversack.streams.aio import AsyncStreams
from haversack.streams.interruption import Interrupted
from haversack.streams.subscription import MarkedSubscription
from haversack.wire.events import BalanceUpdate, OrderUpdate
from haversack.wire.frames import Message


async def interruption(subscription: MarkedSubscription) -> bool:
    """Wait for an interruption and for its end; whether nothing else came."""
    async with asyncio.timeout(30):
        lost, again = await anext(subscription), await anext(subscription)
    assert isinstance(lost, Interrupted)
    assert isinstance(again, Interrupted)
    return (lost.to_us is None) and (again.to_us is not None)


async def test_a_connection_that_the_exchange_cuts_is_made_again_with_all_that_was_wanted() -> None:
    async with LocalExchange(seed=7, crowd=False) as exchange, exchange.client() as client, client.streams() as streams:
        account = streams.subscribe("account.orderUpdate", interruptions=True)
        balances = streams.subscribe("account.balanceUpdate")
        await balances.sent()
        for round_number in range(1, 4):
            exchange.faults.add(FrameFault(action=FrameAction.CUT, stream="account.orderUpdate"))
            await client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Limit", quantity="1", price="1")
            assert await interruption(account)
            assert account.interruptions == round_number
            await client.orders.cancel_all(symbol="SOL_USDC")
            last = await anext(account)
            assert isinstance(last, Message)
            assert isinstance(last.event, OrderUpdate)
        assert streams.health().reconnects == 3
        assert balances.interruptions == 3
        assert isinstance((await anext(balances)).event, BalanceUpdate)


async def test_a_subscription_that_was_given_up_stays_so_after_a_cut() -> None:
    async with LocalExchange(seed=7, crowd=False) as exchange, exchange.client() as client, client.streams() as streams:
        assert isinstance(streams, AsyncStreams)
        kept = streams.subscribe("account.orderUpdate", interruptions=True)
        given_up = streams.subscribe("depth.SOL_USDC")
        await given_up.sent()
        await given_up.close()
        exchange.faults.add(FrameFault(action=FrameAction.CUT, stream="account.orderUpdate"))
        await client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Limit", quantity="1", price="1")
        assert await interruption(kept)
        await client.orders.cancel_all(symbol="SOL_USDC")
        assert isinstance(await anext(kept), Message)
        assert not exchange.venue.hub.wanted("depth.SOL_USDC", None)
        assert list(streams.health().streams) == ["account.orderUpdate"]
