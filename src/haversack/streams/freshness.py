"""How long a stream may be silent, and what is known of each: a socket may be well while one of its streams is dead."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from haversack.book.texts import DepthFrame
from haversack.streams.health import StreamHealth
from haversack.streams.names import is_documented
from haversack.wire.frames import Message, kind_of

SECOND_US = 1_000_000

# The exchange sends these whether anything changed or not (observed 2026-09): every second, and every minute.
_STEADY_US = {"ticker": 5 * SECOND_US, "markPrice": 5 * SECOND_US, "openInterest": 75 * SECOND_US}
# These come when something happens, so that their silence alone proves nothing.
_BUSY_US = {"depth": 8 * SECOND_US, "trade": 8 * SECOND_US, "bookTicker": 8 * SECOND_US}
_UNIT_US = {"s": SECOND_US, "m": 60 * SECOND_US, "h": 3_600 * SECOND_US, "d": 86_400 * SECOND_US, "w": 604_800 * SECOND_US}
_KLINE_GRACE_US = 5 * SECOND_US
"""A candle is sent about half a second after its end at the latest (observed 2026-09)."""
PATIENCE_MAX = 8
"""A quiet market is asked about less and less often, down to an eighth."""


class Verdict(Enum):
    """What became known of a silent stream."""

    DEAD = "something happened that it did not bring"
    QUIET = "nothing happened that it could have brought"
    UNKNOWN = "nobody could say"


@dataclass(frozen=True, slots=True)
class Suspect:
    """A stream that is silent for too long."""

    stream: str
    silent_us: int
    """For how long."""
    is_steady: bool
    """It is sent at fixed times, so that its silence is proof enough."""
    last: Message | DepthFrame | None
    """What it brought last on this connection; a DepthFrame where only books read it."""


def silence_us_max(stream: str) -> int | None:
    """How long it may bring nothing; None for those that may be silent for ever, such as those of an account."""
    kind = kind_of(stream)
    if kind == "kline":
        return _kline_us(stream.split(".")[1]) if is_documented(stream) else None
    return _STEADY_US.get(kind) or _BUSY_US.get(kind)


def is_steady(stream: str) -> bool:
    """Whether it is sent at fixed times even if nothing happens."""
    kind = kind_of(stream)
    return kind == "kline" or kind in _STEADY_US


def _kline_us(interval: str) -> int | None:
    number, unit = interval[:-1], interval[-1]
    # A month outlives any connection.
    return int(number) * _UNIT_US[unit] + _KLINE_GRACE_US if number.isdigit() else None


class Track:
    """What is known of one stream. Times are monotonic, but for lags."""

    __slots__ = (
        "asked_us",
        "events",
        "heard_us",
        "interruptions",
        "is_quiet",
        "is_stale",
        "is_steady",
        "lag_us",
        "lag_us_max",
        "last",
        "last_us",
        "looked_us",
        "lost_us",
        "must_end_first",
        "patience",
        "silence_us_max",
        "was_nudged",
        "was_revived",
    )

    def __init__(self, stream: str) -> None:
        self.silence_us_max = silence_us_max(stream)
        self.is_steady = is_steady(stream)
        self.events = 0
        self.interruptions = 0
        self.last_us: int | None = None
        self.lag_us: int | None = None
        self.lag_us_max: int | None = None
        self.lost_us: int | None = None
        """Since when events may be missing; None while it is asked for, or if it never was."""
        self.forget()

    def forget(self) -> None:
        """The connection is gone, and with it all that was known of it."""
        self.asked_us: int | None = None
        self.heard_us: int | None = None
        self.last: Message | DepthFrame | None = None
        self.is_stale = False
        self.is_quiet = False
        self.looked_us = 0
        """When it was last suspected."""
        self.patience = 1
        self.was_nudged = False
        self.was_revived = False
        self.must_end_first = False
        """Whether it has to be unsubscribed before it is asked for again."""

    @property
    def is_unheard(self) -> bool:
        """Whether it was asked for, and has brought nothing on this connection."""
        return self.asked_us is not None and self.heard_us is None

    def asked(self, now_us: int) -> None:
        """The exchange was asked for it."""
        self.asked_us = now_us
        self.lost_us = None
        self.must_end_first = False

    def lose(self, since_us: int) -> None:
        """Events may be missing from then on, until the exchange is asked for it again."""
        if self.lost_us is None:
            self.lost_us = since_us
            self.interruptions += 1

    def heard(self, message: Message | DepthFrame, event_us: int | None, now_us: int, wall_offset_us: int) -> None:
        """It brought something, which the exchange sent at `event_us`."""
        self.heard_us = self.last_us = now_us
        self.events += 1
        self.last = message
        if event_us is not None:
            self.lag_us = lag_us = now_us + wall_offset_us - event_us
            if self.lag_us_max is None or lag_us > self.lag_us_max:
                self.lag_us_max = lag_us
        if self.looked_us:
            self.is_stale = self.is_quiet = self.was_revived = False
            self.looked_us = 0
            self.patience = 1

    def suspect(self, stream: str, now_us: int) -> Suspect | None:
        """Look at how long it has been silent: too long, since it was last looked at?"""
        if self.silence_us_max is None or self.asked_us is None:
            return None
        since_us = self.asked_us if self.heard_us is None else max(self.heard_us, self.asked_us)
        if now_us - max(since_us, self.looked_us) < self.silence_us_max * self.patience:
            return None
        self.looked_us = now_us
        self.is_stale = not self.is_quiet
        return Suspect(stream, now_us - since_us, self.is_steady, self.last)

    def health(self, wall_offset_us: int, *, dropped: int, queued: int) -> StreamHealth:
        """All of it, for others to read."""
        return StreamHealth(
            is_asked=self.asked_us is not None,
            is_stale=self.is_stale,
            is_quiet=self.is_quiet,
            last_event_us=None if self.last_us is None else self.last_us + wall_offset_us,
            events=self.events,
            dropped=dropped,
            queued=queued,
            lag_us=self.lag_us,
            lag_us_max=self.lag_us_max,
            interruptions=self.interruptions,
        )
