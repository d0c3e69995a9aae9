"""A connection by which many frames come in one piece: each counts as if it had come alone."""

from haversack.errors import SlowConsumer, StreamClosed
from haversack.streams.aio import AsyncStreams
from haversack.streams.subscription import Subscription
from haversack.streams.transport import BURST_MAX, HEARD, Closed
from haversack.wire.events import DepthUpdate
from streams.link import StretchLink, frame
from streams.network import Network
from streams.virtual import LoopClock, run, seconds

URL = "ws://localhost:1"


async def numbers(subscription: Subscription, count: int) -> list[int]:
    events = [(await anext(subscription)).event for _ in range(count)]
    return [event.last_update_id for event in events if isinstance(event, DepthUpdate)]


def stretches() -> Network:
    return Network(make=StretchLink)


def opened(network: Network) -> AsyncStreams:
    return AsyncStreams(URL, clock=LoopClock(), connect=network)


def test_all_of_a_stretch_reaches_its_reader_in_order() -> None:
    async def main() -> None:
        network = stretches()
        async with opened(network) as streams:
            subscription = streams.subscribe("depth.A")
            await subscription.sent()
            count = 3 * BURST_MAX
            network.links[0].say(HEARD, *(frame("depth.A", number) for number in range(count)), HEARD)
            assert await numbers(subscription, count) == list(range(count))
            health = streams.health().streams["depth.A"]
            assert (health.events, health.dropped, health.queued) == (count, 0, 0)

    run(main())


def test_readers_have_their_turn_between_stretches() -> None:
    async def main() -> None:
        network = stretches()
        async with opened(network) as streams:
            subscription = streams.subscribe("depth.A", queue_max=2 * BURST_MAX)
            await subscription.sent()
            count = 10 * BURST_MAX
            network.links[0].say(*(frame("depth.A", number) for number in range(count)))
            assert await numbers(subscription, count) == list(range(count))

    run(main())


def test_reading_stops_in_the_middle_of_a_stretch_until_its_reader_has_room() -> None:
    async def main() -> None:
        network = stretches()
        async with opened(network) as streams:
            subscription = streams.subscribe("depth.A", queue_max=2, when_full="block")
            await subscription.sent()
            network.links[0].say(*(frame("depth.A", number) for number in range(10)))
            for number in range(10):
                await seconds(1)
                assert subscription.waiting <= 2
                assert await numbers(subscription, 1) == [number]

    run(main())


def test_a_reader_that_is_too_slow_for_a_stretch_gets_what_found_room_and_is_told() -> None:
    async def main() -> None:
        network = stretches()
        async with opened(network) as streams:
            slow, other = streams.subscribe("depth.A", queue_max=2), streams.subscribe("depth.A")
            await other.sent()
            network.links[0].say(*(frame("depth.A", number) for number in range(10)))
            assert await numbers(other, 10) == list(range(10))
            assert await numbers(slow, 2) == [0, 1]
            assert isinstance(slow.ending, SlowConsumer)

    run(main())


def test_stretches_keep_a_connection_alive_and_their_silence_ends_it() -> None:
    async def main() -> None:
        network = Network(make=lambda: StretchLink(answers_pings=False))
        async with opened(network) as streams:
            subscription = streams.subscribe("depth.A")
            await subscription.sent()
            for number in range(30):
                network.links[0].say(frame("depth.A", 2 * number), frame("depth.A", 2 * number + 1))
                await seconds(3)
            assert (network.links[0].pings, len(network.links)) == (0, 1)
            assert streams.health().stale == ()
            await seconds(12)
            assert len(network.links) == 2
            assert await numbers(subscription, 60) == list(range(60))

    run(main())


def test_what_came_before_the_end_of_a_connection_is_not_lost_with_it() -> None:
    async def main() -> None:
        network = stretches()
        async with opened(network) as streams:
            subscription = streams.subscribe("depth.A")
            await subscription.sent()
            network.links[0].say(frame("depth.A", 1), frame("depth.A", 2), Closed(1012, "restart"))
            assert await numbers(subscription, 2) == [1, 2]
            await network.link(2)
            assert streams.health().last_error == str(StreamClosed(1012, "restart"))

    run(main())
