"""The async shell on a connection in memory."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import pytest

from haversack.clock import ManualClock, SystemClock
from haversack.credentials import Credentials
from haversack.errors import (
    ConnectFailed,
    MissingCredentials,
    ProtocolError,
    SlowConsumer,
    StreamClosed,
    SubscriptionRefused,
    UsageError,
)
from haversack.signing import Signer
from haversack.streams.aio import AsyncStreams
from haversack.streams.backoff import Backoff
from haversack.streams.heartbeat import Heartbeat
from haversack.streams.subscription import Subscription
from haversack.streams.transport import HEARD, Closed
from haversack.wire.events import DepthUpdate
from haversack.wire.frames import Message
from streams.link import Link, frame, refusal

SIGNER = Signer(Credentials.from_secret("Uvuiu2qCMzRTmh8Gkz0Gm7DT4cvGxp+C0yUdPIMAENw="), ManualClock())
URL = "ws://localhost:1"


ONE_CONNECTION = Backoff(attempts_max=0)


def streams_on(link: Link, heartbeat: Heartbeat | None = None, backoff: Backoff | None = ONE_CONNECTION) -> AsyncStreams:
    return AsyncStreams(URL, signer=SIGNER, connect=link, heartbeat=heartbeat, backoff=backoff)


@asynccontextmanager
async def no_task_left() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    assert [task for task in asyncio.all_tasks() if task not in before] == []


async def numbers(subscription: Subscription, count: int) -> list[int]:
    found: list[int] = []
    for _ in range(count):
        message = await anext(subscription)
        assert isinstance(message.event, DepthUpdate)
        found.append(message.event.last_update_id)
    return found


async def all_of(subscription: Subscription) -> list[str]:
    return [message.stream async for message in subscription]


async def test_messages_come_with_stream_and_type_in_order() -> None:
    link = Link()
    async with no_task_left(), streams_on(link) as streams:
        subscription = streams.subscribe("depth.SOL_USDC", "trade.SOL_USDC")
        link.say(frame("depth.SOL_USDC", 1), frame("trade.SOL_USDC"), frame("depth.SOL_USDC", 2))
        found: list[Message] = []
        async for message in subscription:
            found.append(message)
            if len(found) == 3:
                break
    assert [message.stream for message in found] == ["depth.SOL_USDC", "trade.SOL_USDC", "depth.SOL_USDC"]
    assert link.url == URL
    assert link.closes == 1


async def test_sent_waits_until_the_exchange_was_asked() -> None:
    link = Link()
    async with streams_on(link) as streams:
        subscription = streams.subscribe("depth.SOL_USDC")
        assert link.sent == []
        await subscription.sent()
        assert len(link.sent) == 1


async def test_each_subscription_gets_its_own_streams() -> None:
    link = Link()
    async with streams_on(link) as streams:
        a, b, both = streams.subscribe("depth.A"), streams.subscribe("depth.B"), streams.subscribe("depth.A", "depth.B")
        link.say(frame("depth.A", 1), frame("depth.B", 2), frame("depth.C", 3), frame("depth.A", 4))
        assert await numbers(a, 2) == [1, 4]
        assert await numbers(b, 1) == [2]
        assert await numbers(both, 3) == [1, 2, 4]
        assert streams.stray == 1
        assert await link.requests(1) == [{"method": "SUBSCRIBE", "params": ["depth.A", "depth.B"]}]


async def test_closing_a_subscription_unsubscribes_from_what_nobody_else_reads() -> None:
    link = Link()
    async with streams_on(link) as streams:
        other = streams.subscribe("depth.A")
        async with streams.subscribe("depth.A", "depth.B") as subscription:
            await subscription.sent()
        await subscription.close()
        assert (await link.requests(2))[1] == {"method": "UNSUBSCRIBE", "params": ["depth.B"]}
        link.say(frame("depth.A", 5))
        assert await numbers(other, 1) == [5]
        assert await all_of(subscription) == []


async def test_refusal_is_raised_where_it_concerns_and_stops_nothing() -> None:
    link = Link()
    async with streams_on(link) as streams:
        good, odd = streams.subscribe("depth.A"), streams.subscribe("novelty.A", "depth.B")
        await odd.sent()
        link.say(refusal(4006, "Invalid stream"), frame("depth.A", 1), frame("depth.B", 2))
        with pytest.raises(SubscriptionRefused) as caught:
            await anext(odd)
        assert caught.value.streams == ("novelty.A",)
        assert await numbers(odd, 1) == [2]
        assert await numbers(good, 1) == [1]


async def test_garbage_is_raised_everywhere_and_stops_nothing() -> None:
    link = Link()
    async with streams_on(link) as streams:
        subscriptions = [streams.subscribe("depth.A"), streams.subscribe("depth.B")]
        link.say("garbage", frame("depth.A", 1), frame("depth.B", 1))
        for subscription in subscriptions:
            with pytest.raises(ProtocolError):
                await anext(subscription)
            assert await numbers(subscription, 1) == [1]


async def test_the_end_of_the_connection_reaches_every_reader_after_what_came_before() -> None:
    link = Link()
    async with no_task_left(), streams_on(link) as streams:
        subscriptions = [streams.subscribe("depth.A") for _ in range(3)]
        waiting = asyncio.create_task(numbers(subscriptions[0], 2))
        link.say(frame("depth.A", 1), Closed(1012, "restart"))
        for subscription in subscriptions[1:]:
            assert await numbers(subscription, 1) == [1]
            for _ in range(2):
                with pytest.raises(StreamClosed) as caught:
                    await anext(subscription)
                assert (caught.value.code, caught.value.reason) == (1012, "restart")
        with pytest.raises(StreamClosed):
            await waiting
        with pytest.raises(StreamClosed):
            streams.subscribe("depth.A")
    assert link.closes == 1


async def test_a_failing_transport_ends_every_reader_with_its_cause() -> None:
    class Broken(Link):
        async def receive(self) -> str:
            raise RuntimeError("a bug in the transport")

    async with streams_on(Broken()) as streams:
        with pytest.raises(StreamClosed, match="a bug in the transport") as caught:
            await anext(streams.subscribe("depth.A"))
        assert isinstance(caught.value.__cause__, RuntimeError)


async def test_a_send_that_gets_nowhere_ends_the_connection() -> None:
    async with streams_on(Link(is_stuck=True), Heartbeat(interval_s=9, timeout_s=0.02)) as streams:
        subscription = streams.subscribe("depth.A")
        with pytest.raises(StreamClosed, match="nothing could be sent"):
            await subscription.sent()


async def test_a_silent_peer_is_pinged_and_then_given_up() -> None:
    link = Link(answers_pings=False)
    async with streams_on(link, Heartbeat(interval_s=0.01, timeout_s=0.02)) as streams:
        with pytest.raises(StreamClosed, match="nothing was heard"):
            await anext(streams.subscribe("depth.A"))
    assert link.pings == 1


async def test_a_quiet_peer_that_answers_pings_is_kept() -> None:
    link, clock = Link(), SystemClock()
    begun_us = clock.monotonic_us()
    async with streams_on(link, Heartbeat(interval_s=0.01, timeout_s=5)) as streams:
        subscription = streams.subscribe("depth.A")
        await link.pinged(3)
        assert clock.monotonic_us() < begun_us + 4_000_000
        link.say(HEARD, frame("depth.A", 1))
        assert await numbers(subscription, 1) == [1]


async def test_a_loop_that_was_blocked_does_not_end_a_connection_that_is_well() -> None:
    link, clock = Link(answers_pings=False), SystemClock()
    async with streams_on(link, Heartbeat(interval_s=0.01, timeout_s=0.05)) as streams:
        subscription = streams.subscribe("depth.A")
        await link.pinged(1)
        link.answers_pings = True
        link.say(HEARD)
        until_us = clock.monotonic_us() + 100_000
        while clock.monotonic_us() < until_us:  # A consumer computes, and nothing else can run.
            pass
        await link.pinged(3)
        link.say(frame("depth.A", 1))
        assert await numbers(subscription, 1) == [1]


async def test_a_slow_consumer_fails_loudly_alone_and_is_unsubscribed() -> None:
    link = Link()
    async with streams_on(link) as streams:
        slow, quick = streams.subscribe("depth.A", queue_max=3), streams.subscribe("depth.B")
        await quick.sent()
        link.say(*(frame("depth.A", number) for number in range(5)), frame("depth.B", 9))
        assert await numbers(quick, 1) == [9]
        assert await numbers(slow, 3) == [0, 1, 2]
        with pytest.raises(SlowConsumer):
            await anext(slow)
        assert slow.dropped == 1
        assert streams.stray == 1
        assert (await link.requests(2))[1] == {"method": "UNSUBSCRIBE", "params": ["depth.A"]}


async def test_a_consumer_that_keeps_up_is_never_slow_however_large_the_burst() -> None:
    link = Link()
    async with streams_on(link) as streams:
        subscription = streams.subscribe("depth.A", queue_max=100)
        link.say(*(frame("depth.A", number) for number in range(5_000)))
        assert await numbers(subscription, 5_000) == list(range(5_000))


async def test_keeping_the_latest_gives_the_newest_and_counts_the_rest() -> None:
    link = Link()
    async with streams_on(link) as streams:
        other = streams.subscribe("depth.Z")
        subscription = streams.subscribe("novelty.A", when_full="keep_latest")
        link.say(*(frame("novelty.A", number) for number in range(9)), frame("depth.Z"))
        await numbers(other, 1)
        assert subscription.waiting == 1
        assert subscription.dropped == 8


async def test_private_streams_need_keys() -> None:
    async with AsyncStreams(URL, connect=Link()) as streams:
        with pytest.raises(MissingCredentials):
            streams.subscribe("account.orderUpdate")


async def test_streams_are_used_inside_async_with_and_opened_once() -> None:
    streams = streams_on(Link())
    with pytest.raises(UsageError, match="async with"):
        streams.subscribe("depth.A")
    async with streams:
        with pytest.raises(UsageError, match="once"):
            await streams.__aenter__()
    with pytest.raises(UsageError, match="once"):
        await streams.__aenter__()
    with pytest.raises(StreamClosed):
        streams.subscribe("depth.A")


async def test_a_connection_that_cannot_be_made_is_said_so() -> None:
    async def refuse(url: str) -> Link:
        raise ConnectionRefusedError("nobody listens")

    async with no_task_left():
        with pytest.raises(ConnectFailed, match="nobody listens"):
            await AsyncStreams(URL, connect=refuse).__aenter__()


async def test_closing_ends_iteration_and_closing_again_is_fine() -> None:
    link = Link()
    streams = streams_on(link)
    async with no_task_left():
        await streams.__aenter__()
        subscription = streams.subscribe("depth.A")
        reading = asyncio.create_task(all_of(subscription))
        await subscription.sent()
        link.say(frame("depth.A", 1))
        await asyncio.sleep(0)
        await asyncio.gather(streams.aclose(), streams.aclose())
        await streams.aclose()
        assert await reading == ["depth.A"]
        assert await all_of(subscription) == []
    assert link.closes == 1


async def test_closing_is_bounded_against_a_transport_that_never_says_goodbye() -> None:
    class Clinging(Link):
        async def close(self) -> None:
            self.closes += 1
            await asyncio.Event().wait()

    link, clock = Clinging(), SystemClock()
    streams = streams_on(link)
    async with no_task_left():
        await streams.__aenter__()
        begun_us = clock.monotonic_us()
        await streams.aclose()
        assert clock.monotonic_us() - begun_us < 2_000_000
    assert link.closes == 1


async def test_what_was_never_sent_says_so() -> None:
    async with streams_on(Link(is_stuck=True)) as streams:
        subscription = streams.subscribe("depth.A")
        await subscription.close()
        with pytest.raises(StreamClosed):
            await subscription.sent()


async def test_waiting_with_a_limit_loses_nothing() -> None:
    link = Link()
    async with streams_on(link) as streams:
        subscription = streams.subscribe("depth.A")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(subscription), 0.01)
        link.say(frame("depth.A", 1), frame("depth.A", 2))
        assert await numbers(subscription, 2) == [1, 2]


async def session_of_a_user(link: Link) -> None:
    async with streams_on(link) as streams:
        subscription = streams.subscribe("depth.A", "account.orderUpdate")
        await subscription.sent()
        link.say(frame("depth.A", 1), frame("depth.A", 2))
        await numbers(subscription, 2)
        async with streams.subscribe("depth.B") as other:
            await other.sent()


async def cancelled_after(work: Awaitable[None], steps: int) -> bool:
    """Cancel work after so many turns of the loop; whether it was still running then."""
    task = asyncio.ensure_future(work)
    for _ in range(steps):
        await asyncio.sleep(0)
    was_running = not task.done()
    task.cancel()
    await asyncio.wait([task])
    return was_running


async def test_cancelling_at_any_moment_leaves_no_task_and_no_connection() -> None:
    cancelled = 0
    for steps in range(1_000):
        link = Link()
        async with no_task_left():
            was_running = await cancelled_after(session_of_a_user(link), steps)
        assert link.closes == (1 if link.url else 0), f"after {steps} steps"
        if not was_running:
            break
        cancelled += 1
    assert 15 < cancelled < 999


class Slow(Link):
    """A connection whose goodbye takes some turns of the loop."""

    goodbyes = 0

    async def close(self) -> None:
        self.closes += 1
        for _ in range(20):
            await asyncio.sleep(0)
        self.goodbyes += 1


async def test_cancelling_a_close_at_any_moment_still_closes() -> None:
    for steps in range(1, 30):
        link = Slow()
        streams = streams_on(link)
        async with no_task_left():
            await streams.__aenter__()
            streams.subscribe("depth.A")
            await cancelled_after(streams.aclose(), steps)
            await streams.aclose()
        assert link.closes == 1, f"after {steps} steps"


async def test_cancelling_a_close_right_after_the_opening_still_closes() -> None:
    async def open_and_close(link: Link) -> None:
        async with streams_on(link):
            pass

    for steps in range(40):
        link = Slow()
        async with no_task_left():
            await cancelled_after(open_and_close(link), steps)
        assert link.closes == (1 if link.url else 0), f"after {steps} steps"


async def test_closing_from_two_sides_says_goodbye_once_and_in_full() -> None:
    for steps in range(20):
        link = Slow()
        streams = streams_on(link)
        await streams.__aenter__()
        first = asyncio.create_task(streams.aclose())
        for _ in range(steps):
            await asyncio.sleep(0)
        await streams.aclose()
        await first
        assert (link.closes, link.goodbyes) == (1, 1), f"after {steps} steps"
