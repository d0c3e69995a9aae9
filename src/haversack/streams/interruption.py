"""What a reader is told when events may be missing."""

from __future__ import annotations

import msgspec

SILENT = "the stream was silent"
"""The reason where something happened that a stream did not bring, though the connection was well."""


class Interrupted(msgspec.Struct, frozen=True):
    """Events of these streams may be missing. It comes twice: when the streams are lost, and when they were asked for again.

    Between the two nothing comes by them, or nothing that can be relied on.
    """

    streams: tuple[str, ...]
    from_us: int
    """The last moment at which all was well, microseconds since 1970."""
    to_us: int | None
    """When the exchange was asked for them again, which takes effect a moment later; None: not yet."""
    reason: str
