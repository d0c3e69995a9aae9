"""What a market's rules refuse the local exchange refuses for the same reason, and what they let through it takes."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from haversack.client.aio import AsyncClient
from haversack.clock import ManualClock
from haversack.errors import ApiError
from haversack.local import LocalExchange
from haversack.wire.orders import PlaceOrder
from haversack.wire.rules import Rule, RuleBroken

MESSAGES = {
    Rule.MIN_QUANTITY: "Quantity is below the minimum allowed value",
    Rule.MAX_QUANTITY: "Quantity is above the maximum allowed value",
    Rule.STEP_SIZE: "Quantity decimal too long",
    Rule.TICK_SIZE: "Price decimal too long",
    Rule.MIN_PRICE: "Price is below the minimum allowed value",
    Rule.MAX_PRICE: "Price is above the maximum allowed value",
    Rule.PRICE_BAND: "Price is too far from the last active price",
    Rule.POST_ONLY: "Order would immediately match and take",
}
FIELDS = (
    "Limit orders must specify a `price`",
    "Limit orders must specify a positive `quantity`",
    "Market orders must specify a positive `quantity`",
    "Must specify both `triggerPrice` and `triggerQuantity` or neither",
)
# What no rule of a market can know.
OTHER_REASONS = (
    "Insufficient funds",
    "Fill or kill order would not complete fill immediately",
    "Conditional orders are not served by this local exchange yet",
)

prices = st.sampled_from(["0", "-1", "0.005", "25", "24.99", "99.99", "100", "100.00", "100.001", "100.01", "200", "200.01"])
prices |= st.decimals(min_value=0, max_value=300, places=3).map(str)
quantities = st.sampled_from(["0", "-1", "0.001", "0.01", "0.015", "1", "1E+2", "2.50"]) | st.decimals(0, 5, places=3).map(str)
orders = st.builds(
    PlaceOrder,
    symbol=st.just("SOL_USDC"),
    side=st.sampled_from(["Bid", "Ask"]),
    order_type=st.sampled_from(["Limit", "Limit", "Market"]),
    price=st.none() | prices,
    quantity=st.none() | quantities,
    quote_quantity=st.none() | quantities,
    post_only=st.none() | st.booleans(),
    time_in_force=st.sampled_from([None, "GTC", "IOC", "FOK"]),
    trigger_price=st.sampled_from([None, None, None, "19"]),
)


async def references(client: AsyncClient) -> dict[str, Any]:
    depth = await client.markets.depth("SOL_USDC")
    trades = await client.markets.recent_trades("SOL_USDC", limit=1)
    return {
        "best_bid": depth.bids[-1][0] if depth.bids else None,
        "best_ask": depth.asks[0][0] if depth.asks else None,
        "last_price": trades[0].price,
    }


def is_said_for(broken: RuleBroken, message: str) -> bool:
    return message in FIELDS if broken.rule is Rule.FIELDS else message == MESSAGES[broken.rule]


async def compare(sent: list[PlaceOrder]) -> None:
    """Place them one after the other, each in the book that the others left."""
    grants = {"SOL": 10_000, "USDC": 1_000_000}
    async with LocalExchange(crowd=False, clock=ManualClock(), grants=grants) as exchange, exchange.client() as other:
        rest: dict[str, Any] = {"symbol": "SOL_USDC", "order_type": "Limit", "quantity": 5}
        await other.orders.place(**rest, side="Ask", price=100)
        async with exchange.client() as client:
            await client.orders.place(**rest, side="Bid", price=100)
            await other.orders.place(**rest, side="Bid", price="95.5")
            await other.orders.place(**rest, side="Ask", price="105")
            market = await client.markets.get("SOL_USDC")
            for order in sent:
                known = await references(client)
                found = market.problems(order, **known)
                refusal = await refused(client, order)
                if found:
                    assert refusal is not None, (order, found)
                    assert is_said_for(found[0], refusal), (order, found, refusal)
                elif refusal is not None and None not in known.values():
                    assert refusal.startswith(OTHER_REASONS), (order, refusal)


async def refused(client: AsyncClient, order: PlaceOrder) -> str | None:
    try:
        await client.send(order)
    except ApiError as error:
        return error.message
    return None


@given(sent=st.lists(orders, min_size=1, max_size=15))
@settings(max_examples=60, deadline=None)
def test_what_the_rules_refuse_the_exchange_refuses_for_the_same_reason_and_takes_the_rest(sent: list[PlaceOrder]) -> None:
    asyncio.run(compare(sent))


async def test_rounded_orders_are_taken_in_every_spot_market() -> None:
    grants = {"SOL": 10_000, "USDC": 100_000_000, "BTC": 100}
    async with LocalExchange(clock=ManualClock(), grants=grants) as exchange, exchange.client() as client:
        await exchange.advance(s=5)
        markets = [market for market in await client.markets.all() if market.market_type == "SPOT"]
        markets = [market for market in markets if market.order_book_state == "Open"]
        for market in markets:
            depth = await client.markets.depth(market.symbol)
            price = market.round_price(depth.asks[0][0] * Decimal("0.987654321"), "Bid")
            quantity = market.round_quantity(Decimal("1000.123456789") / price + market.filters.quantity.min_quantity)
            order = PlaceOrder(symbol=market.symbol, side="Bid", order_type="Limit", price=price, quantity=quantity)
            assert (await client.send(market.validate(order))).price == price
    assert len(markets) > 1
