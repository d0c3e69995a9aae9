"""Draws docs/top.svg, the picture of the live view: an hour on a local exchange with a seed, so that it can be drawn again.

./dev run python tools/picture.py
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from haversack.clock import ManualClock
from haversack.local import LocalExchange
from haversack.tui.app import Top
from haversack.tui.feed import Feed
from haversack.tui.model import Model
from haversack.tui.permit import Badge, Trading
from haversack.wire.enums import Side

PATH = Path(__file__).resolve().parents[1] / "docs" / "top.svg"
SIZE = (130, 34)
SEED = 7
HOUR_S = 3_600
FONTS = "Fira Code, Menlo, Consolas, DejaVu Sans Mono, monospace"
LOOKS = 30


async def picture() -> str:
    """The view as an SVG image."""
    async with LocalExchange(seed=SEED, clock=ManualClock()) as exchange, exchange.client() as client:
        await exchange.advance(s=HOUR_S)
        model = Model(await client.markets.all(), "SOL_USDC", badge=Badge("sim", is_live=False), trading=Trading.FREE)
        async with client.streams() as streams:
            app = Top(model, Feed(client, streams, model), client.clock, frame_s=None)
            async with app.run_test(size=SIZE) as pilot:
                for look in range(LOOKS):
                    await exchange.advance(s=1)
                    await pilot.pause()
                    app.draw()
                    if look == LOOKS // 2:
                        best = model.book.snapshot
                        assert best is not None
                        assert best.best_bid is not None
                        assert best.best_ask is not None
                        tick = model.market.filters.price.tick_size
                        for side, price in (
                            (Side.BID, best.best_bid.price - 2 * tick),
                            (Side.ASK, best.best_ask.price + 3 * tick),
                        ):
                            await client.orders.place(
                                symbol=model.symbol, side=side, order_type="Limit", price=price, quantity="12.5"
                            )
                await pilot.pause()
                return without_hosts(app.export_screenshot(simplify=True))


def without_hosts(svg: str) -> str:
    """The image without what a browser would fetch from elsewhere: with the reader's own fonts."""
    return re.sub(r"font-family: ?[^;]+;", f"font-family: {FONTS};", re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL))


def main() -> None:
    """Write it."""
    PATH.write_text(asyncio.run(picture()), encoding="utf-8")


if __name__ == "__main__":
    main()
