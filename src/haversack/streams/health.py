"""How a stream connection is, in a form that a program can read. All times are microseconds since 1970."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class ConnectionState(StrEnum):
    """What a stream connection is doing."""

    CONNECTING = "connecting"
    OPEN = "open"
    WAITING = "waiting"
    """It was lost, and will be made again after a while."""
    CLOSED = "closed"
    """For good."""


class StreamHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One stream."""

    is_asked: bool
    """Whether the exchange was asked for it on this connection; it acknowledges nothing."""
    is_stale: bool
    """Nothing has come for longer than its cadence allows. A market in which nothing happens looks the same: see `is_quiet`."""
    is_quiet: bool
    """Nothing has come for long, and the exchange was asked by other means: there was nothing to send."""
    last_event_us: int | None
    """When its last event came."""
    events: int
    dropped: int
    """Events that the present readers did not get, because they were too slow."""
    queued: int
    """Events that wait for the present readers."""
    lag_us: int | None
    """From the exchange's time of the last event to its arrival, by this machine's clock."""
    lag_us_max: int | None
    interruptions: int
    """Times after which events may be missing."""


class BookHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One book."""

    is_synced: bool
    trouble: str | None
    """Why it cannot be read now."""
    update_id: int | None
    """The exchange's number of the last change in it; None while it is not in sync."""
    counters: dict[str, int]
    """What happened to it so far: the fields of BookCounters."""


class StreamsHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One connection and all that is wanted by it."""

    state: ConnectionState
    since_us: int
    """When it came into this state."""
    last_message_us: int | None
    """When anything last came, be it the answer to a ping."""
    reconnects: int
    """Connections made after the first."""
    attempts: int
    """Attempts to connect since the last connection that was well."""
    next_attempt_us: int | None
    """When WAITING ends."""
    last_error: str | None
    """Why the last connection ended, or the last attempt failed."""
    loop_lag_us_max: int
    """The most that the event loop was held up by something else, such as a callback that computes."""
    stray: int
    """Messages of streams that nobody wants, or no longer, and errors that can concern none."""
    streams: dict[str, StreamHealth]
    books: dict[str, BookHealth] = {}
    """Those that are open, by symbol."""

    @property
    def stale(self) -> tuple[str, ...]:
        """The streams on which nothing has come for too long."""
        return tuple(name for name, stream in self.streams.items() if stream.is_stale)
