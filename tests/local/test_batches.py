"""A batch from the client to the local exchange and back."""

from __future__ import annotations

import pytest

from haversack.clock import ManualClock
from haversack.errors import OutcomeUnknown
from haversack.exchange.faults import AnswerAction, AnswerFault
from haversack.local import LocalExchange
from haversack.rest.inquiry import Outcome
from haversack.wire.orders import PlacedInBatch, PlaceOrder, RefusedInBatch


def bid(price: str, quantity: str = "1") -> PlaceOrder:
    return PlaceOrder(symbol="SOL_USDC", side="Bid", order_type="Limit", price=price, quantity=quantity, post_only=True)


async def test_partial_failure_is_visible_order_by_order() -> None:
    async with LocalExchange(crowd=False, clock=ManualClock()) as exchange, exchange.client() as client:
        results = await client.orders.place_batch([bid("100"), bid("100.001"), bid("101")])
        resting = await client.orders.open("SOL_USDC")
    first, second, third = results
    assert isinstance(first, PlacedInBatch)
    assert isinstance(third, PlacedInBatch)
    assert second == RefusedInBatch(code="INVALID_CLIENT_REQUEST", message="Price decimal too long")
    assert [order.order_id for order in resting] == [first.order_id, third.order_id]


async def test_batch_whose_answer_was_lost_is_found_order_by_order() -> None:
    async with LocalExchange(crowd=False, clock=ManualClock()) as exchange, exchange.client() as client:
        exchange.faults.add(AnswerFault(action=AnswerAction.LOSE_ANSWER, operation="PlaceOrders"))
        with pytest.raises(OutcomeUnknown) as lost:
            await client.orders.place_batch([bid("100"), bid("100.001"), bid("101")])
        found = await client.orders.resolve(lost.value)
    assert found.state is Outcome.PARTLY_DONE
    assert [part.state for part in found.parts] == [Outcome.DONE, Outcome.NOT_DONE, Outcome.DONE]
