"""P11: a stream that went quiet, and a connection that is dead, do not stay unnoticed for longer than ten seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from world.line import Line
from world.trader import Life

FLAGGED_S = 10.0
"""How long a stream may be silent that should have brought something, or a connection on which nothing gets through."""


class Silence:
    """Looks at the connections from the outside, and at what the client says of them."""

    def __init__(self, complain: Callable[[str], None]) -> None:
        self._complain = complain
        self._told: set[tuple[int, str]] = set()

    def look(self, lines: Iterable[Line], life: Life | None, now_s: float) -> None:
        """Once in a while."""
        if life is not None and life.is_alive and not life.is_book_right_to_say_so:
            self._complain("P11 the book says that it is in sync, without a connection")
        for line in lines:
            if line.is_closed or life is None or not life.is_alive:
                continue
            if line.mute_since_s is not None:
                if now_s - line.mute_since_s > FLAGGED_S:
                    self._tell(line, "", f"nothing got through for {now_s - line.mute_since_s:.1f} s, and nobody noticed")
            elif line.is_up:
                self._look_at_streams(line, life, now_s)

    def _look_at_streams(self, line: Line, life: Life, now_s: float) -> None:
        for stream in line.missed_s:
            silent_s = now_s - line.heard_s.get(stream, now_s)
            if silent_s <= FLAGGED_S or stream.startswith("account."):
                continue
            if not life.has_noticed(stream):
                self._tell(
                    line, stream, f"{stream} brought nothing for {silent_s:.1f} s though something happened; nobody noticed"
                )

    def _tell(self, line: Line, stream: str, what: str) -> None:
        if (id(line), stream) not in self._told:
            self._told.add((id(line), stream))
            self._complain(f"P11 {what}")
