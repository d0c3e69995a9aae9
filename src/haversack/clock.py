"""Where time and randomness come from. Nothing else in the project reads a clock or rolls a die.

Clock
  SystemClock   the machine's own
  ManualClock   moved by hand: a test runs a day in a second
  PacedClock    runs as fast as it is told, and may be moved forward
"""

from __future__ import annotations

import random
import secrets
import time
from typing import Protocol


class Clock(Protocol):
    """Reads the time. Wall time for what others see, monotonic time for waiting."""

    def now_us(self) -> int:
        """Microseconds since 1970, UTC."""
        ...

    def monotonic_us(self) -> int:
        """Microseconds since some moment; never goes back."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_us(self) -> int:
        return time.time_ns() // 1_000

    def monotonic_us(self) -> int:
        return time.monotonic_ns() // 1_000


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now_us: int = 1_788_285_151_000_000) -> None:
        self._now_us = now_us
        self._monotonic_us = 0

    def now_us(self) -> int:
        return self._now_us

    def monotonic_us(self) -> int:
        return self._monotonic_us

    def advance(self, *, us: int = 0, ms: int = 0, s: int = 0) -> None:
        """Move both clocks forward."""
        step_us = us + ms * 1_000 + s * 1_000_000
        if step_us < 0:
            raise ValueError(f"a clock advances: {step_us} us is backwards; set_now_us moves wall time alone")
        self._now_us += step_us
        self._monotonic_us += step_us

    def set_now_us(self, now_us: int) -> None:
        """Step the wall clock, as an administrator or a time server would; monotonic time is untouched."""
        self._now_us = now_us


class PacedClock:
    """A clock that follows another one, so many times as fast; at speed 0 it stands still until it is moved."""

    def __init__(self, source: Clock | None = None, *, speed: int = 1) -> None:
        self._source = source or SystemClock()
        self._speed = 1
        self._ahead_us = 0
        """At speed 1: how far the wall time is ahead of the source's, so that a correction of that one is followed."""
        self._now_us = self._source.now_us()
        self._monotonic_us = self._anchor_us = self._source.monotonic_us()
        self.speed = speed

    @property
    def speed(self) -> int:
        """Seconds that pass here while one passes at the source."""
        return self._speed

    @speed.setter
    def speed(self, speed: int) -> None:
        if speed < 0:
            raise ValueError(f"time only goes forward: found a speed of {speed}")
        if speed != self._speed:
            self._take_up(self.now_us(), self.monotonic_us())
            self._speed = speed

    @property
    def is_apart(self) -> bool:
        """Whether it shows another time than its source, or soon will."""
        return self._speed != 1 or self._ahead_us != 0

    def source_us(self) -> int:
        """The wall time of the clock that it follows."""
        return self._source.now_us()

    def now_us(self) -> int:
        if self._speed == 1:
            return self._source.now_us() + self._ahead_us
        return self._now_us + (self._source.monotonic_us() - self._anchor_us) * self._speed

    def monotonic_us(self) -> int:
        return self._monotonic_us + (self._source.monotonic_us() - self._anchor_us) * self._speed

    def advance(self, *, us: int = 0, ms: int = 0, s: int = 0) -> None:
        """Move both clocks forward; they go on at the same speed from there."""
        step_us = us + ms * 1_000 + s * 1_000_000
        if step_us < 0:
            raise ValueError(f"a clock advances: {step_us} us is backwards; set_now_us moves wall time alone")
        ahead_us = self._ahead_us + step_us
        self._take_up(self.now_us() + step_us, self.monotonic_us() + step_us)
        if self._speed == 1:
            self._ahead_us = ahead_us

    def set_now_us(self, now_us: int) -> None:
        """Step the wall time; monotonic time is untouched."""
        self._take_up(now_us, self.monotonic_us())

    def _take_up(self, now_us: int, monotonic_us: int) -> None:
        self._now_us, self._monotonic_us = now_us, monotonic_us
        self._ahead_us = now_us - self._source.now_us()
        self._anchor_us = self._source.monotonic_us()


def now_ms(clock: Clock) -> int:
    """Milliseconds since 1970, rounded down: a signature's timestamp never runs ahead of the clock."""
    return clock.now_us() // 1_000


def seeded_random(seed: int) -> random.Random:
    """A source of numbers that is the same for the same seed, for imagined traders and for jitter in simulations."""
    return random.Random(seed)


def secret_bytes(count: int) -> bytes:
    """Bytes that nobody can guess."""
    return secrets.token_bytes(count)
