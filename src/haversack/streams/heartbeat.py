"""Notices a connection on which nothing is heard any more, though nobody closed it: a cable pulled, a host asleep."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from haversack.errors import UsageError


class Due(Enum):
    """What has to be done about the silence."""

    PING = "ping"
    CLOSE = "close"
    RENEW = "renew"
    """A stream is dead though the connection seems well: make another one."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """When silence is asked about, and when it is the end.

    Four seconds each, so that a dead connection is noticed after eight, which leaves two for a busy event loop within the ten
    that are promised. The exchange's own ping comes only every 60 s (observed 2026-09). While data comes, no ping is sent.
    """

    interval_s: float = 4.0
    """Silence after which a ping is sent."""
    timeout_s: float = 4.0
    """Silence after the ping that ends the connection; also how long one send may take."""

    def __post_init__(self) -> None:
        if not (self.interval_s > 0 and self.timeout_s > 0):
            raise UsageError(f"a heartbeat's times must be positive, found {self.interval_s} s and {self.timeout_s} s")


class Pulse:
    """When something was last heard, and what is due because of it."""

    LATE_US = 1_000_000

    def __init__(self, heartbeat: Heartbeat, now_us: int) -> None:
        self._interval_us = round(heartbeat.interval_s * 1_000_000)
        self._timeout_us = round(heartbeat.timeout_s * 1_000_000)
        self._pinged_us: int | None = None
        self.heard_us = now_us
        self.lag_us_max = 0
        """The most that a call of `due` came too late: how long this program was busy with something else."""

    def heard(self, now_us: int) -> None:
        """Anything came: a frame, a ping or a pong."""
        self.heard_us = now_us
        self._pinged_us = None

    @property
    def wake_us(self) -> int:
        """When `due` has something to say, if nothing is heard until then."""
        return self.heard_us + self._interval_us if self._pinged_us is None else self._pinged_us + self._timeout_us

    def due(self, now_us: int) -> Due | None:
        """What to do now, if anything. A ping that is due counts as sent."""
        late_us = now_us - self.wake_us
        if late_us < 0:
            return None
        self.lag_us_max = max(self.lag_us_max, late_us)
        # A program that was not running could not hear the answer either: it asks again before it calls the peer dead.
        if self._pinged_us is None or late_us > self.LATE_US:
            self._pinged_us = now_us
            return Due.PING
        return Due.CLOSE
