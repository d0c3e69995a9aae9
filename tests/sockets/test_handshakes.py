"""Handshakes that go wrong: what is tried again, what is fatal, and how long one that is swallowed may cost."""

from __future__ import annotations

import asyncio

from haversack.streams.aio import AsyncStreams
from haversack.streams.transport import FrameSocket
from sockets.storms import HEALED_S_MAX, QUICK
from streams.link import Link
from streams.network import RESTART
from streams.virtual import LoopClock, run


def test_a_handshake_that_is_swallowed_is_given_up_soon_enough_for_a_book_to_be_back_in_time() -> None:
    links, clock = [Link(), Link()], LoopClock()
    swallowed_us: list[int] = []
    found_us: list[int] = []

    async def connect(url: str) -> FrameSocket:
        if len(links) == 1 and not swallowed_us:
            swallowed_us.append(clock.monotonic_us())
            await asyncio.Event().wait()
        if swallowed_us:
            found_us.append(clock.monotonic_us())
        return await links.pop(0)(url)

    async def main() -> None:
        first = links[0]
        async with AsyncStreams("ws://127.0.0.1:1", clock=clock, connect=connect, backoff=QUICK) as streams:
            await streams.subscribe("depth.A").sent()
            first.say(RESTART)
            await links[0].requests(1)

    run(main())
    assert found_us[0] - swallowed_us[0] < (HEALED_S_MAX - 0.5) * 1_000_000
