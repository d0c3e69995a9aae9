"""A stream connection and a book on it, through seeded weather."""

from __future__ import annotations

import pytest

from haversack.clock import SystemClock, seeded_random
from sockets import storms
from sockets.stage import SYMBOL, stage
from sockets.storms import BRISK, GUSTS, QUICK


async def test_after_every_storm_the_book_is_the_exchanges_and_nothing_was_missing_in_silence() -> None:
    report = await storms.prove(storms=6, seed=3)
    assert report.wrong == []
    assert report.healed_s_max < storms.HEALED_S_MAX
    assert report.closed_s_max < 2
    assert report.connections > report.storms
    assert report.messages > 0


@pytest.mark.parametrize("gust", ["blackhole", "stop", "half_to_server", "refuse"])
async def test_a_close_in_the_middle_of_a_fault_takes_no_longer_than_two_seconds(gust: str) -> None:
    clock = SystemClock()
    async with stage(clock) as setting, setting.aio() as client:
        streams = client.streams(heartbeat=BRISK, backoff=QUICK)
        async with streams:
            await streams.subscribe(f"depth.{SYMBOL}").sent()
            GUSTS[gust](setting.proxy, seeded_random(1))
            begun_us = clock.monotonic_us()
        assert clock.monotonic_us() - begun_us < 2_000_000
        storms.heal(setting, gust)
        await setting.proxy.until(lambda: all(line.to_server.is_ended for line in setting.proxy.lines))
