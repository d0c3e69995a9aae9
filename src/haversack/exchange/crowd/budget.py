"""How many commands the crowd may send: so many a second on average, and a bounded burst."""

from __future__ import annotations

from haversack.exchange.crowd.dice import SECOND_US

BURST_S = 2
"""Unspent commands are kept for this long, and overspending is held against the crowd for as long."""


class Budget:
    """Fills up with time and is spent by commands."""

    __slots__ = ("_filled_us", "_left", "_most", "_per_s")

    def __init__(self, per_s: float, now_us: int) -> None:
        self._per_s = per_s
        self._most = per_s * BURST_S
        self._left = self._most
        self._filled_us = now_us

    def allows(self, now_us: int, reserve: float) -> bool:
        """Whether more than this share of all that can be kept is left: what can wait leaves the rest to what cannot."""
        elapsed_us = max(0, now_us - self._filled_us)
        self._left = min(self._most, self._left + elapsed_us * self._per_s / SECOND_US)
        self._filled_us = now_us
        return self._left > reserve * self._most

    def spend(self, commands: int) -> None:
        """Take off what was sent. Filling all books at the start is dear, but forgiven in a moment."""
        self._left = max(-self._most, self._left - commands)
