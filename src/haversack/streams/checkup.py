"""Puts together how a stream connection is."""

from __future__ import annotations

from haversack.streams.books import Books
from haversack.streams.health import StreamsHealth
from haversack.streams.routes import Routes
from haversack.streams.session import StreamSession


def health_of(session: StreamSession, routes: Routes, books: Books) -> StreamsHealth:
    """How the connection is, and each of its streams and books."""
    offset_us = session.wall_offset_us
    queued = routes.queued()
    return StreamsHealth(
        state=session.state,
        since_us=session.since_us + offset_us,
        last_message_us=None if session.heard_us is None else session.heard_us + offset_us,
        reconnects=max(0, session.connections - 1),
        attempts=session.attempts,
        next_attempt_us=None if session.retry_us is None else session.retry_us + offset_us,
        last_error=session.last_error,
        loop_lag_us_max=session.lag_us_max,
        stray=routes.stray,
        streams={
            stream: track.health(offset_us, dropped=routes.dropped_of(stream), queued=queued[stream])
            for stream, track in session.tracks.items()
        },
        books=books.health(),
    )
