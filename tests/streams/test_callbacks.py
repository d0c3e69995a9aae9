"""Functions that are called with each message, and what they cannot do to the connection."""

import asyncio
import logging
import threading

import pytest

from haversack.errors import SlowConsumer, StreamClosed
from haversack.streams.aio import AsyncStreams
from haversack.streams.backoff import Backoff
from haversack.streams.blocking import BlockingStreams
from haversack.wire.frames import Message
from streams.link import Link, frame, refusal
from streams.network import RESTART, Network
from streams.virtual import LoopClock, VirtualLoop, run, seconds

URL = "ws://localhost:1"


def streams_on(network: Network, backoff: Backoff | None = None) -> AsyncStreams:
    return AsyncStreams(URL, clock=LoopClock(), connect=network, backoff=backoff)


def test_a_function_is_called_with_each_message_also_of_the_next_connection() -> None:
    async def main() -> None:
        network, found = Network(), list[str]()
        async with streams_on(network) as streams:
            listener = streams.on(["trade.A", "depth.A"], lambda message: found.append(message.stream))
            await listener.subscription.sent()
            network.links[0].say(frame("trade.A"), frame("depth.A"), RESTART)
            (await network.link(2)).say(frame("depth.A"))
            await seconds(1)
        assert found == ["trade.A", "depth.A", "depth.A"]
        assert (listener.record.calls, listener.record.errors, listener.ending) == (3, 0, None)

    run(main())


def test_a_coroutine_function_is_awaited_before_the_next_call() -> None:
    async def main() -> None:
        network, found = Network(), list[str]()

        async def callback(message: Message) -> None:
            found.append("begin")
            await seconds(1)
            found.append("end")

        async with streams_on(network) as streams:
            await streams.on("trade.A", callback).subscription.sent()
            network.links[0].say(frame("trade.A"), frame("trade.A"))
            await seconds(5)
        assert found == ["begin", "end", "begin", "end"]

    run(main())


def test_what_a_callback_raises_is_logged_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        network, found = Network(), list[int]()

        def plain(message: Message) -> None:
            found.append(1)
            raise LookupError("a bug of the user")

        async def awaited(message: Message) -> None:
            found.append(2)
            raise LookupError("a bug of the user")

        async with streams_on(network) as streams:
            listeners = [streams.on("trade.A", each) for each in (plain, awaited)]
            await listeners[1].subscription.sent()
            network.links[0].say(frame("trade.A"), refusal(4999), "garbage", frame("trade.A"))
            await seconds(1)
            assert sorted(found) == [1, 1, 2, 2]
            assert [listener.record.errors for listener in listeners] == [3, 3]
            assert len(network.links) == 1

    run(main())
    assert len([record for record in caplog.records if record.exc_info]) == 4


def test_the_end_of_a_callback_is_loud(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        network = Network()
        async with streams_on(network, Backoff(attempts_max=0)) as streams:
            listener = streams.on("trade.A", lambda message: None)
            await listener.subscription.sent()
            network.links[0].say(RESTART)
            await seconds(1)
            assert isinstance(listener.ending, StreamClosed)
            assert listener.is_over

    run(main())
    assert "is called no more" in caplog.text


def test_a_callback_that_falls_behind_fails_loudly_and_alone() -> None:
    async def main() -> None:
        network = Network()

        async def stuck(message: Message) -> None:
            await seconds(1_000)

        async with streams_on(network) as streams:
            listener = streams.on("trade.A", stuck, queue_max=5)
            other = streams.subscribe("depth.A")
            await other.sent()
            network.links[0].say(*[frame("trade.A")] * 10, frame("depth.A"))
            await anext(other)
            assert isinstance(listener.ending, SlowConsumer)

    run(main())


def test_a_callback_that_holds_up_the_loop_is_measured_and_costs_no_connection(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        network = Network()
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)

        def compute(message: Message) -> None:
            loop.selector.time_s += 30

        async with streams_on(network) as streams:
            listener = streams.on("trade.A", compute)
            ticker = streams.subscribe("ticker.A")
            await ticker.sent()
            network.links[0].say(frame("ticker.A"), frame("trade.A"))
            await seconds(3)
            assert listener.record.slowest_us == 30_000_000
            assert 29_000_000 <= streams.health().loop_lag_us_max <= 31_000_000
            assert len(network.links) == 1
            assert streams.health().stale == ()
            assert ticker.interruptions == 0

    run(main())
    assert "held up the event loop for 30.000 s" in caplog.text


def test_a_callback_may_close_itself_and_its_connection() -> None:
    async def main() -> None:
        for closes_all in (False, True):
            network, found = Network(), list[str]()
            before = asyncio.all_tasks()
            async with streams_on(network) as streams:

                async def once(message: Message) -> None:
                    found.append(message.stream)  # noqa: B023
                    await (streams.aclose() if closes_all else listener.close())  # noqa: B023

                listener = streams.on("trade.A", once)
                await listener.subscription.sent()
                network.links[0].say(frame("trade.A"), frame("trade.A"))
                await seconds(1)
                assert found == ["trade.A"]
                assert listener.is_over
            assert asyncio.all_tasks() == before

    run(main())


def test_closing_ends_a_callback_that_waits_for_ever() -> None:
    async def main() -> None:
        network, before = Network(), asyncio.all_tasks()
        begun = asyncio.Event()

        async def stuck(message: Message) -> None:
            begun.set()
            await asyncio.Event().wait()

        async with streams_on(network) as streams:
            await streams.on("trade.A", stuck).subscription.sent()
            network.links[0].say(frame("trade.A"))
            await begun.wait()
        assert asyncio.all_tasks() == before

    run(main())


# The blocking shell


class Talking(Link):
    """Sends a frame of each stream that it is asked for."""

    async def send(self, text: str) -> None:
        await super().send(text)
        self.say(frame("trade.A"), frame("depth.A"))


def test_a_blocking_callback_holds_up_nobody_but_itself() -> None:
    begun, go_on, other = threading.Event(), threading.Event(), threading.Event()

    def slow(message: Message) -> None:
        begun.set()
        go_on.wait(10)
        raise LookupError("a bug of the user")

    with BlockingStreams(URL, connect=Talking()) as streams:
        listener = streams.on("trade.A", slow)
        streams.on("depth.A", lambda message: other.set())
        assert begun.wait(5)
        assert other.wait(5)
        assert streams.health().streams["trade.A"].events
        go_on.set()
        listener.close()
        assert listener.is_over
        assert listener.record.errors == 1
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("haversack")] == []


def test_a_blocking_callback_may_close_its_connection(caplog: pytest.LogCaptureFixture) -> None:
    closed = threading.Event()
    with caplog.at_level(logging.ERROR), BlockingStreams(URL, connect=Talking()) as streams:

        def callback(message: Message) -> None:
            streams.close()
            closed.set()

        streams.on("trade.A", callback)
        assert closed.wait(5)
    assert caplog.records == []
