"""What a pacer is made of: the moments of the last grants, and the lines of those who wait."""

from __future__ import annotations

from bisect import bisect_left, insort
from enum import Enum

LONG_AGO_US = -(10**18)
# Who comes back later than this is passed by.
_LATE_US = 100_000


class Lane(Enum):
    """Which waiting line a request stands in."""

    ORDINARY = "ordinary"
    HISTORICAL = "historical"
    CANCEL = "cancel"


class Window:
    """The moments of the last grants, as many as a window may hold: a ring, whose oldest entry is the next to be replaced."""

    __slots__ = ("_count", "_moments_us", "_size", "_span_us")

    def __init__(self, size: int, span_us: int) -> None:
        self._moments_us = [LONG_AGO_US] * size
        self._size = size
        self._span_us = span_us
        self._count = 0

    def enter(self, now_us: int) -> None:
        """Remember a grant."""
        self._moments_us[self._count % self._size] = now_us
        self._count += 1

    def enter_if_free(self, now_us: int, kept: int) -> bool:
        """The same as `free_us` and `enter` with nobody ahead: most requests go this way."""
        moments_us, size, count = self._moments_us, self._size, self._count
        if moments_us[(count + kept) % size] + self._span_us > now_us:
            return False
        moments_us[count % size] = now_us
        self._count = count + 1
        return True

    def free_us(self, now_us: int, kept: int = 0, ahead: int = 0) -> int:
        """When a grant is possible that leaves `kept` places free, after `ahead` others; exact if that is now."""
        rounds, place = divmod(ahead, self._size - kept) if ahead else (0, 0)
        moment_us = self._moments_us[(self._count + kept + place) % self._size]
        if rounds:
            # More are ahead than a window holds: they go at the earliest when the window turns, and so on.
            moment_us = max(moment_us, now_us - self._span_us) + rounds * self._span_us
        return moment_us + self._span_us


class Turn:
    """A place in a waiting line."""

    __slots__ = ("again_us", "is_over", "lane", "number", "since_us")

    def __init__(self, lane: Lane, number: int, now_us: int) -> None:
        self.lane = lane
        self.number = number
        self.since_us = now_us
        self.again_us = now_us
        """When it was told to come back; in the end, when its request was granted."""
        self.is_over = False
        """Its request may leave."""


class Line:
    """Those who wait in one lane, in the order in which they came."""

    __slots__ = ("_numbers", "_turns")

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._turns: dict[int, Turn] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def enter(self, turn: Turn) -> bool:
        """Take one in, unless it stands there already."""
        if turn.number in self._turns:
            return False
        self._turns[turn.number] = turn
        insort(self._numbers, turn.number)
        return True

    def leave(self, turn: Turn) -> None:
        """Let one go, if it stands there."""
        if self._turns.pop(turn.number, None) is not None:
            del self._numbers[bisect_left(self._numbers, turn.number)]

    def before(self, number: int) -> int:
        """How many came before that one."""
        return bisect_left(self._numbers, number)

    def pass_by(self, now_us: int) -> None:
        """Let nobody wait any longer for those in front who did not come back in time."""
        while self._numbers and now_us > self._turns[self._numbers[0]].again_us + _LATE_US:
            del self._turns[self._numbers.pop(0)]
