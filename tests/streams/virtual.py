"""An event loop on which an hour takes as long as its work: whenever nothing can run, it is the time of the next timer."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

WALL_US = 1_790_000_000_000_000
"""The time of day at which every virtual world begins."""


class _Selector(selectors.DefaultSelector):
    """Never waits: it moves the time instead."""

    time_s = 1_000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events:
            if timeout is None:
                raise RuntimeError("everybody waits, and nothing will ever happen")
            self.time_s += max(0.0, timeout)
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its time moves only when there is nothing to do."""

    def __init__(self) -> None:
        self.selector = _Selector()
        super().__init__(self.selector)

    def time(self) -> float:
        return self.selector.time_s


class LoopClock:
    """The time of the loop that runs, for code that is given a clock."""

    def monotonic_us(self) -> int:
        return round(asyncio.get_running_loop().time() * 1_000_000)

    def now_us(self) -> int:
        return WALL_US + self.monotonic_us()


def run(main: Coroutine[Any, Any, T]) -> T:
    """What `main` returns, however long it waits."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


async def seconds(count: float) -> None:
    """Let so much time go by."""
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    loop.call_later(count, done.set_result, None)
    await done
