"""A process that trades, and makes snapshots and forgets old commands meanwhile, for as long as it lives."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from exchange.durability.sites import Site
from haversack.clock import ManualClock

EVERY = 15


async def main() -> None:
    """Trade, and print the number of the last command once it is on disk."""
    clock = ManualClock()
    site = Site(Path(sys.argv[1]), clock, keep=40)
    clock.set_now_us(max(clock.now_us(), site.venue.last_us))

    async def look_on() -> None:
        while True:
            await site.keeper.look(EVERY)
            await asyncio.sleep(0)

    task = asyncio.create_task(look_on())
    while not task.done():
        await site.trade(1)
        print(site.venue.seq, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
