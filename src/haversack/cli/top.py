"""`haversack top`: the live view in a terminal."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from importlib.util import find_spec
from logging import NullHandler, getLogger
from typing import TYPE_CHECKING

from haversack.cli.here import Here
from haversack.errors import UsageError

if TYPE_CHECKING:
    from haversack.cli.profile.opening import Profile
    from haversack.client.aio import AsyncClient
    from haversack.tui.permit import Trading
    from haversack.wire.orders import Order, PlaceOrder


def top(symbol: str = "SOL_USDC", /, *, here: Here) -> None:
    """Watch a market live: book, trades, candles, your orders, and how every stream is.

    The key ? shows all keys, q leaves. On a sim profile orders are placed and cancelled by a form. A live profile is read-only,
    unless top_orders = true stands in its settings: then each order is asked about, and counted against the profile's limits.

    Example: haversack top BTC_USDC -p live

    Parameters
    ----------
    symbol
        The market that is shown first, such as SOL_USDC.
    """
    if find_spec("textual") is None:
        raise UsageError('the live view needs one more library: pip install "haversack[tui]"')
    if not (here.around.stdin.isatty() and here.around.stdout.isatty()):
        raise UsageError("the live view needs a terminal: haversack ticker, depth and stream print what a program can read")
    # The screen shows what goes wrong, and where it cannot open, one line at the end does.
    getLogger("haversack").addHandler(NullHandler())
    client = here.profile.async_client()
    asyncio.run(_show(here.profile, client, symbol))


async def _show(profile: Profile, client: AsyncClient, symbol: str) -> None:
    from haversack.tui.permit import Badge
    from haversack.tui.run import show

    async with client:
        await show(
            client,
            symbol.upper() if symbol.islower() else symbol,
            badge=Badge(profile.name, profile.is_live),
            trading=trading_of(profile, has_keys=client.credentials is not None),
            guard=Counted(profile) if profile.is_live else None,
        )


def trading_of(profile: Profile, *, has_keys: bool) -> Trading:
    """What may be sent with a profile."""
    from haversack.tui.permit import Trading

    if not has_keys:
        return Trading.NO_KEYS
    if not profile.is_live:
        return Trading.FREE
    return Trading.CONFIRMED if profile.settings["top_orders"] else Trading.READ_ONLY


class Counted:
    """Counts each order against the limits of a live profile, as `haversack order place` does."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    async def place(self, client: AsyncClient, order: PlaceOrder) -> Order:
        """Send the order. Errors: OverLimit where it is worth more than the profile allows; then nothing was sent."""
        from haversack.cli.spending import Ledger

        worth = await asyncio.to_thread(self._worth, order)
        with Ledger(self._profile).spending(worth, dearest=worth):
            answer: Order = await client.send(order)
            return answer

    def _worth(self, order: PlaceOrder) -> Decimal:
        from haversack.cli.spending import worth_of

        with self._profile.client(signed=False) as client:
            return worth_of(order, client)
