"""A served exchange behind a proxy, all in one event loop, and clients of it of either kind that are called in the same way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from haversack.client.aio import AsyncClient
from haversack.client.blocking import Client
from haversack.clock import Clock, ManualClock
from haversack.credentials import Credentials
from haversack.exchange.journal import GroupCommitter, MemoryJournal
from haversack.exchange.listing import Listing
from haversack.exchange.loopback import Loopback
from haversack.exchange.server import Server
from haversack.exchange.venue import Settings, Venue
from haversack.local.link import LoopbackHttp
from haversack.rest.pacing import Limits
from sockets.proxy import Proxy

UNLIMITED = Limits(requests_per_minute=None, historical_per_minute=None, kept_for_cancels=0)
SYMBOL = "SOL_USDC"


class Stage:
    """The exchange, the proxy before it, and a way to look at the exchange that no fault can spoil."""

    def __init__(self, venue: Venue, server: Server, proxy: Proxy, clock: Clock) -> None:
        self.venue, self.server, self.proxy, self.clock = venue, server, proxy, clock
        self.keys = Credentials.generate()
        self.inspector = AsyncClient(
            self.keys, clock=clock, http=LoopbackHttp(Loopback(venue, sleep=asyncio.sleep)), limits=UNLIMITED
        )

    def aio(self, *, timeout_s: float = 5.0, **options: Any) -> AsyncClient:
        """An async client through the proxy."""
        if isinstance(self.clock, ManualClock):
            options["sleep"] = self._pass
        return AsyncClient(
            self.keys,
            base_url=self.proxy.url,
            stream_url=self.proxy.stream_url,
            clock=self.clock,
            limits=UNLIMITED,
            timeout_s=timeout_s,
            **options,
        )

    def caller(self, *, is_blocking: bool, timeout_s: float = 5.0) -> Caller:
        """A client of either kind through the proxy."""
        if not is_blocking:
            return Caller(self.aio(timeout_s=timeout_s))
        options: dict[str, Any] = {"clock": self.clock, "limits": UNLIMITED, "timeout_s": timeout_s, "sleep": self._skip}
        return Caller(Client(self.keys, base_url=self.proxy.url, stream_url=self.proxy.stream_url, **options))

    async def orders(self, client_id: int) -> int:
        """How many orders with this client id rest at the exchange. None is ever filled here: nobody else trades."""
        return sum(order.client_id == client_id for order in await self.inspector.orders.open(SYMBOL))

    async def clear(self) -> None:
        """Cancel what rests. It says of which kind, so that a client that cancels all in this millisecond signs another text."""
        await self.inspector.orders.cancel_all(symbol=SYMBOL, order_type="RestingLimitOrder")

    def _skip(self, delay_s: float) -> None:
        assert isinstance(self.clock, ManualClock), "nobody waits for the machine's clock in another thread"
        self.clock.advance(us=round(delay_s * 1_000_000) + 1)

    async def _pass(self, delay_s: float) -> None:
        self._skip(delay_s)
        await asyncio.sleep(0)


class Caller:
    """A client whose calls are awaited, whichever kind it is: a blocking one is called in another thread."""

    def __init__(self, client: AsyncClient | Client) -> None:
        self.client = client

    async def __call__(self, call: Callable[[Any], Any]) -> Any:
        """What a call answers, such as `lambda client: client.system.time()`."""
        if isinstance(self.client, Client):
            return await asyncio.to_thread(call, self.client)
        return await call(self.client)

    async def close(self) -> None:
        if isinstance(self.client, Client):
            self.client.close()
        else:
            await self.client.close()


@asynccontextmanager
async def stage(clock: Clock | None = None) -> AsyncIterator[Stage]:
    """An exchange without a crowd behind a proxy; on a clock that only the clients' waiting moves, unless another is given."""
    own_clock, journal = clock or ManualClock(), MemoryJournal()
    venue = Venue(Listing.load(), own_clock, GroupCommitter(journal), settings=Settings(has_crowd=False))
    venue.start(journal)
    server = Server(venue)
    await server.start(0)
    made: Stage | None = None
    try:
        async with Proxy(server.port) as proxy:
            # Its guard lets in only who names the port that it believes to be its own: here that of the proxy.
            server.port = proxy.port
            made = Stage(venue, server, proxy, own_clock)
            yield made
    finally:
        await (server if made is None else made.server).stop()
