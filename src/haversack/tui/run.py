"""From a client to the screen: what can be said in one line is said before it opens."""

from __future__ import annotations

from haversack.client.aio import AsyncClient
from haversack.errors import HaversackError
from haversack.tui.app import Top
from haversack.tui.feed import Feed, Guard
from haversack.tui.model import Model
from haversack.tui.permit import Badge, Trading


async def show(client: AsyncClient, symbol: str, *, badge: Badge, trading: Trading, guard: Guard | None = None) -> None:
    """Show the view until its user leaves it.

    Errors, all before anything is drawn: UsageError for a symbol that no market has, and what the exchange or the network says.
    """
    model = Model(await client.markets.all(), symbol, badge=badge, trading=trading)
    async with client.streams() as streams:
        app = Top(model, Feed(client, streams, model, guard=guard), client.clock)
        await app.run_async()
    if app.return_code:
        raise HaversackError("the view broke off by a mistake of its own, which is shown above")
