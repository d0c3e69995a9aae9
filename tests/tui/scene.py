"""A view on an exchange in this process, on a clock that stands still: a test moves the time and asks for each picture."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot
from textual.widget import Widget

from haversack.client.aio import AsyncClient
from haversack.clock import ManualClock
from haversack.local import LocalExchange
from haversack.streams.aio import AsyncStreams
from haversack.streams.backoff import Backoff
from haversack.tui.app import Top
from haversack.tui.canvas import Canvas
from haversack.tui.feed import Feed, Guard
from haversack.tui.model import Model
from haversack.tui.paper import plain
from haversack.tui.permit import Badge, Trading

MARKETS = ("SOL_USDC", "BTC_USDC")
SIM, LIVE = Badge("sim", is_live=False), Badge("live", is_live=True)
NARROW, WIDE = (80, 24), (150, 42)
AT_ONCE = Backoff(first_s=0.000_000_1)
LOOKS_MAX = 200


class Scene:
    """An exchange, somebody who trades on it, and the view of it."""

    def __init__(self, exchange: LocalExchange, client: AsyncClient, streams: AsyncStreams, app: Top) -> None:
        self.exchange = exchange
        self.client = client
        self.streams = streams
        self.app = app
        self.pilot: Pilot[None]

    async def until(self, is_so: Callable[[], Any]) -> None:
        """Draw, and let the view work, until it is so."""
        for _ in range(LOOKS_MAX):
            await self.pilot.pause()
            self.app.draw()
            if is_so():
                await self.pilot.pause()
                return
        raise AssertionError(f"it never was; the screen is\n{self.text()}")

    async def sees(self, text: str, where: str = "") -> None:
        """Wait until the screen says it."""
        await self.until(lambda: text in self.text(where))

    def text(self, where: str = "") -> str:
        """What stands in one part of the screen, or in all of it."""
        if where:
            widget = self.app.screen_stack[0].query_one(where, Canvas)
            return plain(widget.lines)
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

    def find(self, where: str, kind: type[Widget] = Widget) -> Widget:
        """A part of the screen that is on top."""
        return self.app.screen.query_one(where, kind)

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        await self.pilot.press(*keys)
        self.app.draw()
        await self.pilot.pause()

    async def write(self, text: str) -> None:
        """Type it."""
        await self.press(*["full_stop" if character == "." else character for character in text])


@asynccontextmanager
async def scene(
    *,
    size: tuple[int, int] = NARROW,
    badge: Badge = SIM,
    trading: Trading = Trading.FREE,
    symbol: str = "SOL_USDC",
    crowd: bool = True,
    keys: bool = True,
    guard: Guard | None = None,
    backoff: Backoff = AT_ONCE,
    markets: tuple[str, ...] = MARKETS,
) -> AsyncGenerator[Scene]:
    """The view, open, with its book, its candles and its account."""
    async with (
        LocalExchange(clock=ManualClock(), markets=markets, crowd=crowd) as exchange,
        exchange.client() as client,
    ):
        await exchange.advance(s=20)
        if not keys:
            client.session.signer = client.credentials = None
        model = Model(await client.markets.all(), symbol, badge=badge, trading=trading)
        async with client.streams(backoff=backoff) as streams:
            app = Top(model, Feed(client, streams, model, guard=guard), client.clock, frame_s=None)
            made = Scene(exchange, client, streams, app)
            async with app.run_test(size=size, notifications=True) as made.pilot:
                await made.until(lambda: not model.book.trouble and (model.account is not None or not keys))
                yield made
            assert model.ending or streams.health().streams == {}, "the view wants streams after its end"
