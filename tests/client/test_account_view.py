"""The account view of a client on the local exchange: what a program sees of its orders and fills, whatever goes wrong."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from haversack.account.aio import AccountEvents, AsyncAccount
from haversack.account.changes import Filled
from haversack.account.life import OrderState
from haversack.client.aio import AsyncClient
from haversack.clock import ManualClock
from haversack.credentials import Credentials
from haversack.errors import OutcomeUnknown
from haversack.exchange.faults import AnswerAction, AnswerFault
from haversack.local import LocalExchange
from haversack.rest.inquiry import Outcome

ORDER: dict[str, Any] = {"symbol": "SOL_USDC", "side": "Bid", "order_type": "Limit", "price": "90.00", "quantity": "1.5"}
KEYS = Credentials.generate()


def exchange_of(**said: Any) -> LocalExchange:
    return LocalExchange(crowd=False, clock=ManualClock(), **said)


async def trade(maker: AsyncClient, taker: AsyncClient, quantity: str = "1") -> None:
    """One fill for each of the two."""
    await maker.orders.place(**ORDER | {"side": "Ask", "price": "100", "quantity": quantity})
    await taker.orders.place(**ORDER | {"price": "100", "quantity": quantity, "time_in_force": "IOC"})


async def next_fills(fills: AccountEvents[Filled], count: int) -> list[Filled]:
    async with asyncio.timeout(20):
        return [await anext(fills) for _ in range(count)]


async def reached(account: AsyncAccount, state: OrderState) -> None:
    """Wait until one order is in this state."""
    events = account.events()
    async with asyncio.timeout(20):
        while all(order.state is not state for order in account.orders()):
            await anext(events)


async def test_an_order_and_its_fill_are_known_without_a_line_of_code() -> None:
    async with exchange_of() as exchange, exchange.client() as client, exchange.client() as other:
        async with client.account_view() as account:
            assert account.is_synced
            fills = account.fills()
            order = await client.orders.place(**ORDER)
            [tracked] = account.open_orders("SOL_USDC")
            assert (tracked.order_id, tracked.is_own, tracked.client_id) == (order.order_id, True, order.client_id)
            await other.orders.place(**ORDER | {"side": "Ask", "quantity": "1"})
            [filled] = await next_fills(fills, 1)
            assert (filled.fill.order_id, filled.fill.recovered) == (order.order_id, False)
            assert account.order(order.order_id).state is OrderState.PARTLY_FILLED  # type: ignore[union-attr]
            # The local exchange has no positions, and says so.
            assert [text for text in account.health().trouble if "GetPositions is not served" not in text] == []
        assert client._witnesses == []


async def test_a_lost_answer_is_resolved_by_itself() -> None:
    async with exchange_of() as exchange, exchange.client() as client, await client.account_view() as account:
        exchange.faults.add(AnswerFault(action=AnswerAction.LOSE_ANSWER, operation="PlaceOrder"))
        with pytest.raises(OutcomeUnknown) as unknown:
            await client.orders.place(**ORDER)
        assert [order.state for order in account.orders()] == [OrderState.UNKNOWN]
        resolution = await account.resolution(unknown.value)
        assert resolution.state is Outcome.DONE
        assert [order.state for order in account.orders()] == [OrderState.OPEN]
