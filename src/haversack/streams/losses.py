"""What readers are told of interruptions: when one begins, and when it ends."""

from __future__ import annotations

from collections.abc import Mapping

from haversack.streams.freshness import Track
from haversack.streams.interruption import Interrupted


class Losses:
    """News of interruptions, until somebody takes them out."""

    def __init__(self) -> None:
        self.wall_offset_us = 0
        """What to add to a monotonic time to have the time of day."""
        self._news: list[Interrupted] = []

    def lose(self, tracks: Mapping[str, Track], since_us: int | None, reason: str) -> None:
        """Events of these may be missing from then on; None: since they were asked for."""
        if since_us is None:
            since_us = min([track.asked_us or 0 for track in tracks.values()], default=0)
        for track in tracks.values():
            track.lose(since_us)
        if tracks:
            self._news.append(Interrupted(tuple(tracks), since_us + self.wall_offset_us, None, reason))

    def end(self, tracks: Mapping[str, Track], now_us: int) -> None:
        """Those of them that were lost are asked for again."""
        again: dict[int, list[str]] = {}
        for stream, track in tracks.items():
            if track.lost_us is not None:
                again.setdefault(track.lost_us, []).append(stream)
                track.lost_us = None
        offset_us = self.wall_offset_us
        for since_us, names in again.items():
            self._news.append(Interrupted(tuple(names), since_us + offset_us, now_us + offset_us, "asked for again"))

    def taken_out(self) -> list[Interrupted]:
        """What happened since this was called last."""
        news, self._news = self._news, []
        return news
