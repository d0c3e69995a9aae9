"""The blocking shell: no async in sight, and nothing left behind."""

import asyncio
import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from websockets.sync.server import ServerConnection, serve

from haversack.clock import SystemClock
from haversack.errors import ConnectFailed, MissingCredentials, ProtocolError, SlowConsumer, StreamClosed, UsageError
from haversack.streams.backoff import Backoff
from haversack.streams.blocking import BlockingStreams
from haversack.streams.transport import FrameSocket
from haversack.wire.events import DepthUpdate
from streams.link import Link, frame


def exchange(connection: ServerConnection) -> None:
    """Sends what a stream's name asks for: `depth.A` three frames, `depth.many` a thousand; `the.end` ends it."""
    for text in connection:
        request = json.loads(text)
        for stream in request["params"] if request["method"] == "SUBSCRIBE" else ():
            if stream == "the.end":
                connection.close(1012, "restart")
                return
            if stream == "the.odd":
                connection.send("garbage")
            for number in range(1_000 if stream.endswith("many") else 3):
                connection.send(frame(stream, number))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve(exchange, "127.0.0.1", 0) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield f"ws://127.0.0.1:{serving.socket.getsockname()[1]}"
        serving.shutdown()
        thread.join()


@contextmanager
def no_thread_left() -> Iterator[None]:
    def ours() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name.startswith("haversack")]

    assert ours() == []
    yield
    assert ours() == []


def three_numbers(url: str) -> list[int]:
    with BlockingStreams(url) as streams:
        found: list[int] = []
        for message in streams.subscribe("depth.A"):
            assert isinstance(message.event, DepthUpdate)
            found.append(message.event.last_update_id)
            if len(found) == 3:
                break
        return found


def test_messages_come_in_order(url: str) -> None:
    with no_thread_left():
        assert three_numbers(url) == [0, 1, 2]


def test_it_works_inside_a_running_loop(url: str) -> None:
    async def notebook() -> list[int]:
        return three_numbers(url)

    with no_thread_left():
        assert asyncio.run(notebook()) == [0, 1, 2]


def test_next_waits_no_longer_than_it_is_told_and_loses_nothing(url: str) -> None:
    with BlockingStreams(url) as streams:
        first = streams.subscribe("trade.quiet")
        for _ in range(3):
            first.next(5)
        with pytest.raises(TimeoutError):
            first.next(0.01)
        many = streams.subscribe("depth.many")
        for number in range(1_000):
            event = many.next(5).event
            assert isinstance(event, DepthUpdate)
            assert event.last_update_id == number


def test_sent_returns_once_the_exchange_was_asked(url: str) -> None:
    with BlockingStreams(url) as streams:
        streams.subscribe("depth.A").sent(5)


def test_closing_a_subscription_ends_its_iteration(url: str) -> None:
    with BlockingStreams(url) as streams, streams.subscribe("depth.A") as subscription:
        subscription.next(5)
        subscription.close()
        assert list(subscription) == []


def test_the_close_frame_of_the_server_is_told(url: str) -> None:
    with BlockingStreams(url, backoff=Backoff(attempts_max=0)) as streams:
        subscription = streams.subscribe("the.end")
        for _ in range(2):
            with pytest.raises(StreamClosed) as caught:
                subscription.next(5)
            assert (caught.value.code, caught.value.reason) == (1012, "restart")
        with pytest.raises(StreamClosed):
            streams.subscribe("depth.A")


def test_an_error_in_between_is_raised_and_reading_goes_on(url: str) -> None:
    with BlockingStreams(url) as streams:
        subscription = streams.subscribe("the.odd")
        with pytest.raises(ProtocolError):
            subscription.next(5)
        assert subscription.next(5).stream == "the.odd"


def test_a_slow_consumer_fails_loudly(url: str) -> None:
    with BlockingStreams(url) as streams:
        slow, other = streams.subscribe("depth.many", queue_max=10), streams.subscribe("depth.B")
        other.next(5)
        with pytest.raises(SlowConsumer):
            deque(iter(slow.next, None), maxlen=0)
        assert slow.dropped


def test_another_thread_that_waits_is_released_by_a_close(url: str) -> None:
    found: list[list[str]] = []
    with no_thread_left():
        with BlockingStreams(url) as streams:
            subscription = streams.subscribe("depth.A")
            begun = threading.Event()

            def read() -> None:
                for _ in range(3):
                    subscription.next(5)
                begun.set()
                found.append([message.stream for message in subscription])

            reader = threading.Thread(target=read)
            reader.start()
            begun.wait(5)
        reader.join(5)
        assert found == [[]]


def test_closing_twice_is_fine_and_final(url: str) -> None:
    with no_thread_left():
        streams = BlockingStreams(url)
        with streams:
            subscription = streams.subscribe("depth.A")
            streams.close()
        streams.close()
        assert list(subscription) == []
        subscription.close()
        with pytest.raises(StreamClosed):
            streams.subscribe("depth.A")
        with pytest.raises(UsageError, match="once"):
            streams.__enter__()


def test_closing_is_bounded_against_a_transport_that_never_says_goodbye() -> None:
    class Clinging(Link):
        async def close(self) -> None:
            await asyncio.Event().wait()

    clock = SystemClock()
    with no_thread_left():
        with BlockingStreams("ws://localhost:1", connect=Clinging()) as streams:
            streams.subscribe("depth.A").sent(5)
            begun_us = clock.monotonic_us()
        assert clock.monotonic_us() - begun_us < 2_000_000


def test_a_connection_that_cannot_be_made_leaves_no_thread() -> None:
    async def refuse(url: str) -> FrameSocket:
        raise ConnectionRefusedError("nobody listens")

    with no_thread_left(), pytest.raises(ConnectFailed, match="nobody listens"):
        BlockingStreams("ws://localhost:1", connect=refuse).__enter__()


def test_an_interrupt_while_connecting_leaves_no_thread() -> None:
    async def hang(url: str) -> FrameSocket:
        raise KeyboardInterrupt

    with no_thread_left(), pytest.raises(KeyboardInterrupt):
        BlockingStreams("ws://localhost:1", connect=hang).__enter__()


def test_errors_of_the_call_are_raised_in_the_caller(url: str) -> None:
    with BlockingStreams(url) as streams:
        with pytest.raises(MissingCredentials):
            streams.subscribe("account.orderUpdate")
        with pytest.raises(UsageError):
            streams.subscribe()
    with pytest.raises(UsageError, match="with"):
        BlockingStreams(url).subscribe("depth.A")
