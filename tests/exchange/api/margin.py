"""Traders in perpetuals at an exchange without a crowd: prices are what a test says, and nobody else trades."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from exchange.stranger import Desk, Stranger, loads
from haversack.exchange.engine.command import SetPrices

PERP, BTC = "SOL_USDC_PERP", "BTC_USDC_PERP"
COLLATERAL = ("collateralQuery", "/api/v1/capital/collateral")


async def trade(desk: Desk, price: str, quantity: str, *, symbol: str = PERP, buyer: int = 1, seller: int = 2) -> None:
    """One trade between two of them."""
    for seed, side in ((seller, "Ask"), (buyer, "Bid")):
        placed = await Stranger(desk, seed).place(symbol=symbol, side=side, price=price, quantity=quantity)
        assert placed.status == 200, placed


def marked(desk: Desk, price: str, symbol: str = PERP) -> None:
    """Say what the index is until the mark price, which moves by a quarter of a percent at a time, has followed it."""
    venue, before = desk.venue, None
    while (mark := venue.engine.mark(symbol)) is None or mark.mark != before:
        before = mark.mark if mark else None
        venue.execute(SetPrices(((symbol, int(Decimal(price).scaleb(8))),)), now_us=desk.clock.now_us())


async def leverage(desk: Desk, limit: str, *seeds: int) -> None:
    """Let them have this leverage limit."""
    for seed in seeds:
        reply = await Stranger(desk, seed).write("PATCH", "accountUpdate", "/api/v1/account", leverageLimit=limit)
        assert reply.status == 200, reply


async def margin(desk: Desk, seed: int = 1) -> dict[str, Any]:
    """The account's figures."""
    return loads(await Stranger(desk, seed).read(*COLLATERAL))  # type: ignore[no-any-return]
