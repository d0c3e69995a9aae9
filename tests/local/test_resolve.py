"""Answers that are lost between a client and the local exchange, and what the client finds out afterwards."""

from __future__ import annotations

from collections.abc import Awaitable
from decimal import Decimal
from typing import Any

import pytest

from haversack.client.aio import AsyncClient
from haversack.clock import ManualClock
from haversack.errors import OutcomeUnknown
from haversack.exchange.faults import AnswerAction, AnswerFault
from haversack.local import LocalExchange
from haversack.rest.outcome import Outcome, Resolution, resolve
from haversack.wire.enums import OrderStatus

ORDER: dict[str, Any] = {"symbol": "SOL_USDC", "side": "Bid", "order_type": "Limit", "price": "90.00", "quantity": "1.50"}
LOST, CUT = AnswerAction.LOSE_ANSWER, AnswerAction.LOSE_REQUEST


async def resolved(client: AsyncClient, call: Awaitable[Any], **options: Any) -> Resolution:
    """What becomes clear of a call that gets no answer."""
    with pytest.raises(OutcomeUnknown) as unknown:
        await call
    return await client.perform(resolve(client.session, unknown.value, **options))


@pytest.fixture(params=[0, 4_000, 14_000], ids=lambda lag_ms: f"{lag_ms} ms late")
def exchange(request: pytest.FixtureRequest) -> LocalExchange:
    return LocalExchange(crowd=False, clock=ManualClock(), history_lag_ms=request.param)


async def test_an_order_whose_answer_is_lost_is_found_resting(exchange: LocalExchange) -> None:
    async with exchange, exchange.client() as client:
        exchange.faults.add(AnswerFault(action=LOST, operation="PlaceOrder"))
        resolution = await resolved(client, client.orders.place(**ORDER))
        [order] = await client.orders.open("SOL_USDC")
    assert resolution.state is Outcome.DONE
    assert resolution.order == order


async def test_an_order_that_was_filled_at_once_is_found_with_its_fill(exchange: LocalExchange) -> None:
    async with exchange, exchange.client() as client, exchange.client() as other:
        await other.orders.place(**ORDER | {"side": "Ask"})
        exchange.faults.add(AnswerFault(action=LOST, operation="PlaceOrder"))
        resolution = await resolved(client, client.orders.place(**ORDER))
    assert resolution.state is Outcome.DONE
    assert resolution.order is not None
    assert resolution.order.status is OrderStatus.FILLED
    assert [fill.quantity for fill in resolution.fills] == [Decimal("1.5")]


@pytest.mark.parametrize(
    "change",
    [
        {"time_in_force": "IOC"},
        {"order_type": "Market", "price": None},
        {"order_type": "Market", "price": None, "quantity": None, "quote_quantity": "33.5"},
    ],
    ids=["ioc", "market", "by quote quantity"],
)
async def test_an_order_that_expired_is_found_expired(exchange: LocalExchange, change: dict[str, Any]) -> None:
    async with exchange, exchange.client() as client, exchange.client() as other:
        await other.orders.place(**ORDER | {"side": "Ask", "quantity": "0.1"})
        exchange.faults.add(AnswerFault(action=LOST, operation="PlaceOrder"))
        resolution = await resolved(client, client.orders.place(**ORDER | change))
    assert resolution.state is Outcome.DONE
    assert resolution.order is not None
    assert (resolution.order.status, resolution.order.executed_quantity) == (OrderStatus.EXPIRED, Decimal("0.1"))


async def test_an_order_whose_connection_was_cut_before_it_arrived_is_not_there(exchange: LocalExchange) -> None:
    async with exchange, exchange.client() as client:
        # Two orders of the same kind, before and after, are not taken for it.
        await client.orders.place(**ORDER)
        exchange.faults.add(AnswerFault(action=CUT, operation="PlaceOrder"))
        with pytest.raises(OutcomeUnknown) as unknown:
            await client.orders.place(**ORDER)
        await client.orders.place(**ORDER)
        resolution = await client.perform(resolve(client.session, unknown.value))
        assert len(await client.orders.open()) == 2
    assert (resolution.state, resolution.order) == (Outcome.NOT_DONE, None)


async def test_an_order_that_was_refused_is_not_there() -> None:
    async with LocalExchange(crowd=False, clock=ManualClock()) as exchange, exchange.client() as client:
        exchange.faults.add(AnswerFault(action=CUT, operation="PlaceOrder"))
        resolution = await resolved(client, client.orders.place(**ORDER | {"quantity": "100000"}))
    assert resolution.state is Outcome.NOT_DONE


async def test_an_order_is_asked_for_through_a_storm_of_errors(exchange: LocalExchange) -> None:
    async with exchange, exchange.client() as client:
        exchange.faults.add(AnswerFault(action=LOST, operation="PlaceOrder"))
        for action in (CUT, LOST, AnswerAction.UNAVAILABLE, AnswerAction.TOO_MANY_REQUESTS):
            exchange.faults.add(AnswerFault(action=action, operation="GetOpenOrders", times=2))
            exchange.faults.add(AnswerFault(action=action, operation="GetOrderHistory", times=2))
        resolution = await resolved(client, client.orders.place(**ORDER))
        assert (resolution.state, resolution.error) == (Outcome.DONE, None)
        exchange.faults.add(AnswerFault(action=CUT, operation="PlaceOrder"))
        exchange.faults.add(AnswerFault(action=AnswerAction.UNAVAILABLE, times=10_000))
        resolution = await resolved(client, client.orders.place(**ORDER))
        assert resolution.state is Outcome.UNKNOWN


async def test_a_cancel_whose_answer_is_lost_is_seen_to_be_done(exchange: LocalExchange) -> None:
    async with exchange, exchange.client() as client:
        order = await client.orders.place(**ORDER)
        await exchange.advance(s=60)
        exchange.faults.add(AnswerFault(action=LOST, operation="CancelOrder"))
        resolution = await resolved(client, client.orders.cancel(symbol="SOL_USDC", client_id=order.client_id))
    assert resolution.state is Outcome.DONE
    assert resolution.order is not None
    assert (resolution.order.order_id, resolution.order.status) == (order.order_id, OrderStatus.CANCELLED)


async def test_a_cancel_that_never_arrived_leaves_its_order_open(exchange: LocalExchange) -> None:
    async with exchange, exchange.client() as client:
        order = await client.orders.place(**ORDER)
        exchange.faults.add(AnswerFault(action=CUT, operation="CancelOrder"))
        resolution = await resolved(client, client.orders.cancel(symbol="SOL_USDC", order_id=order.order_id))
    assert (resolution.state, resolution.open_orders) == (Outcome.NOT_DONE, (order,))


@pytest.mark.parametrize(("action", "state"), [(LOST, Outcome.DONE), (CUT, Outcome.NOT_DONE)])
async def test_a_cancel_of_all_is_told_by_what_is_open(action: AnswerAction, state: Outcome) -> None:
    async with LocalExchange(crowd=False, clock=ManualClock()) as exchange, exchange.client() as client:
        orders = [await client.orders.place(**ORDER) for _ in range(3)]
        await exchange.advance(s=60)
        exchange.faults.add(AnswerFault(action=action, operation="CancelAllOrders"))
        resolution = await resolved(client, client.orders.cancel_all(symbol="SOL_USDC"))
    assert resolution.state is state
    assert list(resolution.open_orders) == ([] if state is Outcome.DONE else orders)
