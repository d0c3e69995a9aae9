"""The served exchange is killed in the middle of its work: whatever it acknowledged is there when it starts again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from haversack import AsyncClient, Credentials
from haversack.errors import ConnectFailed, OutcomeUnknown
from served import Served, serve

CLIENTS = 8
ORDERS_MAX = 150
OPTIONS = ("--no-crowd", "--speed-bump-ms", "0")


async def place_until_killed(served: Served, credentials: Credentials, acknowledged: list[str], *, killed_after: int) -> None:
    """Place orders until there is no answer any more. Who gets the last answer that is wanted kills the exchange."""
    async with AsyncClient(credentials, base_url=served.url) as client:
        for number in range(ORDERS_MAX):
            try:
                order = await client.orders.place(
                    symbol="SOL_USDC", side="Bid", order_type="Limit", price=50 + number % 40, quantity="0.01", post_only=True
                )
            except (OutcomeUnknown, ConnectFailed):
                return
            acknowledged.append(order.order_id)
            if len(acknowledged) == killed_after:
                served.process.kill()


@pytest.mark.parametrize("killed_after", [1, 40, 177, 300, 555])
async def test_orders_that_were_acknowledged_survive_a_kill(tmp_path: Path, killed_after: int) -> None:
    keys = [Credentials.generate() for _ in range(CLIENTS)]
    acknowledged: list[str] = []
    with serve(tmp_path / "exchange", *OPTIONS) as served:
        await asyncio.gather(
            *(place_until_killed(served, credentials, acknowledged, killed_after=killed_after) for credentials in keys)
        )
    resting: list[str] = []
    with serve(tmp_path / "exchange", *OPTIONS) as served:
        for credentials in keys:
            async with AsyncClient(credentials, base_url=served.url) as client:
                resting += [order.order_id for order in await client.orders.open("SOL_USDC")]
    assert len(acknowledged) >= killed_after
    assert set(acknowledged) <= set(resting)
