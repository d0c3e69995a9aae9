"""How long to wait before the next connection: longer with every one that failed, and never in step with other clients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from haversack.errors import UsageError


@dataclass(frozen=True, slots=True)
class Backoff:
    """When a lost connection is made again. The default tries for ever."""

    first_s: float = 0.25
    """The first wait; it doubles with every attempt. Of each wait the half is left to chance."""
    longest_s: float = 30.0
    healthy_s: float = 60.0
    """A connection that lasted this long was well: after it the waits begin anew."""
    attempts_max: int | None = None
    """Attempts in a row after which it gives up, and readers get StreamClosed; None: never; 0: it ends with the first loss."""

    def __post_init__(self) -> None:
        if not 0 < self.first_s <= self.longest_s or self.healthy_s < 0 or (self.attempts_max or 0) < 0:
            raise UsageError(f"waits must be positive, the first not above the longest, and bounds not negative; found {self}")


class Waits:
    """Counts what failed in a row. `dice` gives numbers from 0 to 1."""

    def __init__(self, backoff: Backoff, dice: Callable[[], float]) -> None:
        self._backoff = backoff
        self._dice = dice
        self.attempts = 0
        """Since a connection was well."""

    def ended(self, lasted_us: int) -> None:
        """A connection ended that had lasted for so long."""
        if lasted_us >= self._backoff.healthy_s * 1_000_000:
            self.attempts = 0

    def next_us(self) -> int | None:
        """How long to wait before one more attempt; None: give up."""
        backoff = self._backoff
        if backoff.attempts_max is not None and self.attempts >= backoff.attempts_max:
            return None
        # Bounded, as no power of two beyond this is below the longest wait that anybody means.
        whole_s = min(backoff.longest_s, backoff.first_s * 2.0 ** min(self.attempts, 60))
        self.attempts += 1
        return round(whole_s * (0.5 + 0.5 * self._dice()) * 1_000_000)
