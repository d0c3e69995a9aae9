"""Lets an exchange's time pass: wakes it when something is due, and moves its clock step by step where it is moved by hand."""

from __future__ import annotations

import asyncio

from haversack.clock import Clock, ManualClock, PacedClock
from haversack.errors import UsageError
from haversack.exchange.venue import Venue

SPEED_MAX = 10_000
_SECOND_US = 1_000_000
# While time is moved, a disk is waited for once in so many commands; their frames leave together then.
_UNSETTLED_MAX = 200


class Pulse:
    """The heartbeat of one exchange, whichever venue it runs at the moment."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self._moved: asyncio.Event | None = None

    @property
    def clock(self) -> Clock:
        """The exchange's clock."""
        return self.venue.clock

    @property
    def speed(self) -> int:
        """Seconds that pass here in one of the machine's; 0 where time is moved by hand."""
        if isinstance(self.clock, PacedClock):
            return self.clock.speed
        return 0 if isinstance(self.clock, ManualClock) else 1

    def set_speed(self, speed: int) -> None:
        """Let time pass so many times as fast; 0 stops it."""
        if not isinstance(self.clock, PacedClock):
            raise UsageError("this exchange runs on a clock of its own: give it clock=PacedClock() to change its speed")
        if not 0 <= speed <= SPEED_MAX:
            raise UsageError(f"the speed must be 0 to {SPEED_MAX}, found {speed}")
        self.clock.speed = speed
        self.poke()

    def poke(self) -> None:
        """Look at the clock anew, and at what is due."""
        if self._moved is not None:
            self._moved.set()

    async def beat(self) -> None:
        """Let happen what falls due, until it is cancelled."""
        self._moved = asyncio.Event()
        while True:
            next_us = self.venue.tick(self.clock.now_us())
            await self.venue.settled()
            await self._until(next_us, self._moved)

    async def advance(self, step_us: int) -> None:
        """Move the clock forward, and let happen on the way what falls due, in its order.

        What was published is delivered before time goes on. Meanwhile somebody else may move the clock as well.
        """
        clock = self.clock
        if not isinstance(clock, ManualClock | PacedClock):
            raise UsageError("this exchange runs on the machine's clock: give it clock=ManualClock() to move time")
        if step_us < 0:
            raise UsageError(f"time only goes forward here: found {step_us} us")
        until_us = clock.now_us() + step_us
        while True:
            next_us = self.venue.tick(clock.now_us())
            if self.venue.unsettled >= _UNSETTLED_MAX:
                await self.venue.settled()
            await asyncio.sleep(0)
            now_us = clock.now_us()
            if now_us >= until_us:
                break
            clock.advance(us=min(max(next_us, now_us + 1), until_us) - now_us)
        await self.venue.settled()
        self.poke()

    async def sleep(self, delay_s: float, /) -> None:
        """Wait for so long by the exchange's clock.

        On a clock that only a test moves, nobody would move it while a call waits, so waiting moves it. A clock that was
        stopped is left alone: the wait is then one by the machine's.
        """
        if isinstance(self.clock, ManualClock):
            await self.advance(-round(-delay_s * _SECOND_US))
        else:
            await asyncio.sleep(delay_s / max(1, self.speed))

    async def _until(self, next_us: int, moved: asyncio.Event) -> None:
        left_us, speed = next_us - self.clock.now_us(), self.speed
        if speed and left_us <= 0:
            await asyncio.sleep(0)
            return
        alarm = asyncio.get_running_loop().call_later(left_us / speed / _SECOND_US, moved.set) if speed else None
        await moved.wait()
        moved.clear()
        if alarm is not None:
            alarm.cancel()
