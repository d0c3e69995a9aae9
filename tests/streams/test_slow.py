"""Readers that are too slow: what they cost is bounded, and what they lose is counted."""

import asyncio
import json
import tracemalloc

import pytest

from haversack.errors import SlowConsumer
from haversack.streams.aio import AsyncStreams
from haversack.streams.subscription import Subscription
from haversack.streams.transport import Closed, Heard
from haversack.wire.events import DepthUpdate, RawEvent
from streams.link import Link, StretchLink, frame
from streams.network import Network
from streams.virtual import LoopClock, run, seconds

MIB = 1024 * 1024
FRAMES = 20_000
URL = "ws://localhost:1"


class Flood(Link):
    """Sends numbered frames of a stream as fast as they are read, a hundred for each millisecond."""

    def __init__(self, stream: str) -> None:
        super().__init__()
        self.stream = stream
        self.number = 0

    async def receive(self) -> str | bytes | Heard | Closed:
        await self.requests(1)
        if self.number >= FRAMES:
            return await super().receive()
        self.number += 1
        if self.number % 100 == 0:
            await seconds(0.001)
        return frame(self.stream, self.number)


def streams_on(link: Link) -> AsyncStreams:
    return AsyncStreams(URL, clock=LoopClock(), connect=Network(make=lambda: link))


async def read_slowly(subscription: Subscription, found: list[int]) -> None:
    """A hundred times more slowly than they come."""
    async for message in subscription:
        event = message.event
        if isinstance(event, DepthUpdate):
            found.append(event.last_update_id)
        elif isinstance(event, RawEvent):
            found.append(json.loads(bytes(event.payload))["n"])
        await seconds(0.001)


def memory_of(stream: str, found: list[int], when_full: str | None) -> tuple[int, Subscription]:
    async def main() -> Subscription:
        link = Flood(stream)
        async with streams_on(link) as streams:
            subscription = streams.subscribe(stream, when_full=when_full)
            reading = asyncio.create_task(read_slowly(subscription, found))
            await seconds(1)
            assert link.number == FRAMES or when_full == "block"
            reading.cancel()
            await asyncio.wait([reading])
            return subscription

    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        subscription = run(main())
        return tracemalloc.get_traced_memory()[1] - before, subscription
    finally:
        tracemalloc.stop()


def test_what_every_message_counts_of_fails_loudly_within_bounds() -> None:
    found: list[int] = []
    memory, subscription = memory_of("depth.A", found, None)
    assert memory < 32 * MIB
    assert isinstance(subscription.ending, SlowConsumer)
    assert found == list(range(1, len(found) + 1))
    assert subscription.dropped >= 1


def test_what_says_all_anew_is_conflated_and_counted_within_bounds() -> None:
    found: list[int] = []
    memory, subscription = memory_of("ticker.A", found, None)
    assert memory < 4 * MIB
    assert found == sorted(set(found))
    assert found[-1] == FRAMES
    assert len(found) + subscription.dropped == FRAMES
    assert len(found) > 100


def test_a_reader_for_whom_all_wait_loses_nothing_within_bounds() -> None:
    found: list[int] = []
    memory, subscription = memory_of("depth.A", found, "block")
    assert memory < 32 * MIB
    assert found == list(range(1, len(found) + 1))
    assert len(found) > 900
    assert subscription.dropped == 0


@pytest.mark.parametrize("kind", [Link, StretchLink])
def test_a_connection_that_waits_for_its_reader_is_not_taken_for_dead(kind: type[Link]) -> None:
    async def main() -> None:
        network = Network(make=kind)
        async with AsyncStreams(URL, clock=LoopClock(), connect=network) as streams:
            subscription = streams.subscribe("ticker.A", queue_max=2, when_full="block")
            await subscription.sent()
            network.links[0].say(*(frame("ticker.A", number) for number in range(10)))
            await seconds(600)
            assert len(network.links) == 1
            assert streams.health().stale == ()
            for _ in range(10):
                await anext(subscription)
            assert subscription.waiting == 0

    run(main())


@pytest.mark.parametrize("kind", [Link, StretchLink])
def test_closing_a_reader_for_whom_all_wait_lets_the_others_go_on(kind: type[Link]) -> None:
    async def main() -> None:
        network = Network(make=kind)
        async with AsyncStreams(URL, clock=LoopClock(), connect=network) as streams:
            blocking = streams.subscribe("trade.A", queue_max=2, when_full="block")
            other = streams.subscribe("depth.A")
            await other.sent()
            network.links[0].say(*[frame("trade.A")] * 10, frame("depth.A"))
            await seconds(1)
            assert other.waiting == 0
            await blocking.close()
            await anext(other)

    run(main())
