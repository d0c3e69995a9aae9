"""Which streams an error frame can concern: it names none."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from haversack.streams.freshness import Track
from haversack.streams.names import is_windowed
from haversack.wire.frames import is_private

REPLY_US_MAX = 5_000_000
"""An error frame is first put down to what was asked for within this time before it."""

# By its code (observed 2026-09); all of them for other codes.
_CONCERNS: dict[int, Callable[[str], bool]] = {4003: is_private, 4008: is_windowed}


def asked_of(code: int, tracks: Mapping[str, Track]) -> dict[str, int]:
    """Those that the code can mean, and when each was asked for: never one that has brought data."""
    concerns = _CONCERNS.get(code)
    return {
        stream: track.asked_us
        for stream, track in tracks.items()
        if track.asked_us is not None and track.heard_us is None and (concerns is None or concerns(stream))
    }


def lately(asked: Mapping[str, int], now_us: int) -> list[str]:
    """Those that were asked for so lately that the error can be the answer, or all of them."""
    return [stream for stream, asked_us in asked.items() if now_us - asked_us <= REPLY_US_MAX] or list(asked)
