"""The time of a world: a loop that moves it, the exchange's clock, and the client's, which may be wrong.

The client's monotonic clock is the loop's, as on any machine; it is the exchange's clock that runs faster or slower than it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from streams.virtual import WALL_US, VirtualLoop

START_US = 1_000_000_000
"""What a virtual loop's clock says at its start."""
STEPS_MAX = 100_000
"""Turns of the loop in one world, fifty times what is usual."""


class WorldLoop(VirtualLoop):
    """A virtual loop that lets somebody look at the world after all that happens at one moment.

    Work for a thread is done at once, on the loop: what a disk needs is not measured here, and two runs must be the same.
    """

    def __init__(self) -> None:
        super().__init__()
        self.after_step: Callable[[], None] = _nothing
        self.disk: Callable[[Callable[[], Any]], Any] = _done_at_once
        """Does work that is for a thread."""
        self.steps = 0
        select = self.selector.select

        def looked_at(timeout: float | None = None) -> Any:
            self.steps += 1
            if self.steps == STEPS_MAX:
                raise RuntimeError("this world goes on and on: somebody turns round without waiting")
            self.after_step()
            return select(timeout)

        self.selector.select = looked_at  # type: ignore[method-assign]

    def run_in_executor(  # type: ignore[override]  # The types of the arguments do not matter here.
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        done = self.create_future()
        try:
            done.set_result(self.disk(partial(func, *args)))
        except Exception as error:  # noqa: BLE001  # It is the caller's.
            done.set_exception(error)
        return done


def _nothing() -> None:
    """Nobody looks."""


def _done_at_once(work: Callable[[], Any]) -> Any:
    return work()


def loop_us() -> int:
    """The monotonic time of this world."""
    return round(asyncio.get_running_loop().time() * 1_000_000)


def wall_us(hour_s: float | None) -> int:
    """What is to be added to monotonic time, so that an hour ends so many seconds after the start."""
    if hour_s is None:
        return WALL_US
    ends_us = WALL_US + START_US + round(hour_s * 1_000_000)
    return WALL_US + -ends_us % 3_600_000_000


class ExchangeClock:
    """What the exchange's clock says."""

    def __init__(self, drift_ppm: int, wall_us: int = WALL_US) -> None:
        self._drift_ppm = drift_ppm
        self._wall_us = wall_us

    def monotonic_us(self) -> int:
        now_us = loop_us()
        return now_us + (now_us - START_US) * self._drift_ppm // 1_000_000

    def now_us(self) -> int:
        return self._wall_us + self.monotonic_us()


class ClientClock:
    """What the clock of the client's machine says; anybody may set it."""

    def __init__(self, off_us: int, wall_us: int = WALL_US) -> None:
        self.off_us = off_us
        self._wall_us = wall_us

    def monotonic_us(self) -> int:
        return loop_us()

    def now_us(self) -> int:
        return self._wall_us + loop_us() + self.off_us


async def pause(count_s: float) -> None:
    """Let so much time go by. Cancelled, it leaves no timer behind."""
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    timer = loop.call_later(max(0.0, count_s), over.set_result, None)
    try:
        await over
    finally:
        timer.cancel()
