"""A loop in a thread: every call is answered, and what nobody waits for any more does not go on."""

import asyncio
import threading

import pytest

from haversack.errors import StreamClosed
from haversack.streams.loop_thread import LoopThread


async def forever() -> None:
    await asyncio.Event().wait()


def test_an_answer_or_an_error_comes_back() -> None:
    async def fail() -> None:
        raise LookupError("not here")

    async def run_out() -> None:
        raise TimeoutError("of its own")

    async def answer() -> int:
        return 42

    thread = LoopThread("haversack test", forever)
    thread.start()
    assert thread.call(answer) == 42
    with pytest.raises(TimeoutError, match="of its own"):
        thread.call(run_out, timeout_s=5)
    with pytest.raises(LookupError, match="not here"):
        thread.call(fail)
    thread.stop(5)


def test_work_that_nobody_waits_for_any_more_is_cancelled() -> None:
    ended = threading.Event()

    async def work() -> None:
        try:
            await forever()
        finally:
            ended.set()

    thread = LoopThread("haversack test", forever)
    thread.start()
    with pytest.raises(TimeoutError, match=r"nothing came within 0\.05 s"):
        thread.call(work, timeout_s=0.05)
    assert ended.wait(5)
    assert thread.waiting == 0
    thread.stop(5)


def test_a_call_under_way_is_answered_when_the_thread_stops() -> None:
    errors: list[type[BaseException]] = []

    def call() -> None:
        try:
            thread.call(forever)
        except StreamClosed as error:
            errors.append(type(error))

    thread = LoopThread("haversack test", forever)
    thread.start()
    caller = threading.Thread(target=call)
    caller.start()
    while not thread.waiting:
        pass
    thread.stop(5)
    caller.join(5)
    assert errors == [StreamClosed]


def test_a_call_that_comes_as_the_loop_ends_is_answered() -> None:
    async def main() -> None:
        while not thread.waiting:
            pass

    thread = LoopThread("haversack test", main)
    thread.start()
    with pytest.raises(StreamClosed):
        thread.call(forever)
    thread.stop(5)


def test_a_call_after_the_end_is_refused_and_stopping_twice_is_fine() -> None:
    thread = LoopThread("haversack test", forever)
    thread.start()
    thread.stop(5)
    thread.stop(5)
    with pytest.raises(StreamClosed):
        thread.call(forever)
