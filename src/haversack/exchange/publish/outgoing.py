"""What a publisher hands to the shell, and when it wants to be asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeAlias

Wanted: TypeAlias = Callable[[str, int | None], bool]
"""Whether anybody listens to a stream; to an account's own, with its number."""


class Outgoing(NamedTuple):
    """One frame, for everybody who listens to its stream; of an account's own stream, for that account alone."""

    stream: str
    account: int | None
    frame: bytes


class Timed(Protocol):
    """Streams that speak because time passes."""

    def due(self, now_us: int, wanted: Wanted) -> list[Outgoing]:
        """Frames that the time has come for."""
        ...

    def next_us(self, now_us: int) -> int:
        """When it will have come again."""
        ...


class Beat:
    """Moments at equal distances, each of which counts once."""

    __slots__ = ("_last", "_period_us", "_phase_us")

    def __init__(self, period_us: int, phase_us: int = 0) -> None:
        self._period_us = period_us
        self._phase_us = phase_us
        self._last: int | None = None

    def passed(self, now_us: int) -> tuple[int, int] | None:
        """The last moment if it was not counted yet, after the one that was counted before it.

        The first call counts a moment only if it is one itself. A clock that was set back starts a new count.
        """
        if self._last is None:
            self._last = self._number(now_us - 1)
        before, self._last = self._last, self._number(now_us)
        return (self._moment_us(before), self._moment_us(self._last)) if before != self._last else None

    def next_us(self, now_us: int) -> int:
        """The next moment; now, if one was missed."""
        number = self._number(now_us)
        return now_us if self._last not in (None, number) else self._moment_us(number + 1)

    def _number(self, time_us: int) -> int:
        return (time_us - self._phase_us) // self._period_us

    def _moment_us(self, number: int) -> int:
        return number * self._period_us + self._phase_us


class Moment(NamedTuple):
    """What is the same for all events of one command."""

    engine_us: int
    emit_us: int
    wanted: Wanted
    outcomes: dict[int, tuple[int, int]]
    """What each market order will have executed in the end."""
