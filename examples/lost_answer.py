"""Loses the answer to an order, and finds out what became of it. It runs by itself: the exchange is in this process."""

import asyncio

from haversack import ManualClock, OutcomeUnknown
from haversack.exchange.faults import AnswerAction, AnswerFault
from haversack.local import LocalExchange


async def main() -> None:
    """The first order is booked and its answer lost; the second never arrives."""
    async with LocalExchange(seed=7, clock=ManualClock()) as exchange, exchange.client() as client:
        await exchange.advance(s=60)
        for action in (AnswerAction.LOSE_ANSWER, AnswerAction.LOSE_REQUEST):
            exchange.faults.add(AnswerFault(action=action, operation="PlaceOrder"))
            try:
                await client.orders.place(symbol="SOL_USDC", side="Bid", order_type="Limit", price="90", quantity="1.5")
            except OutcomeUnknown as unknown:
                found = await client.orders.resolve(unknown)
                print(found.state.name, "-", found.reason)


asyncio.run(main())
