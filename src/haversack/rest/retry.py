"""How often a read is repeated, and how long it waits before that. Nothing that changes state is ever repeated."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import msgspec

from haversack.errors import ApiError, TransportError, UsageError


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds for the repetition of reads: of network failures, of 5xx and of 429."""

    attempts_max: int = 3
    """In all; 1 never repeats. Where most reads fail, fewer are repeated: see `Pacer.take_retry`."""
    first_delay_s: float = 0.25
    """Doubles with every attempt; of each delay the half is left to chance, so that clients do not come back in step."""
    delay_s_max: float = 4.0
    retry_after_s_max: float = 30.0
    """A longer wait than this, asked for by the exchange, is left to the caller: the error says how long it is."""

    def __post_init__(self) -> None:
        if self.attempts_max < 1 or not 0 <= self.first_delay_s <= self.delay_s_max < inf or self.retry_after_s_max < 0:
            raise UsageError(f"there must be an attempt, no negative wait, and no first one above the longest, found {self}")


def retry_delay_s(retry: Retry, error: Exception, attempts: int, dice: Callable[[], float]) -> float | None:
    """How long to wait before the next attempt after that many failed; None: give up. `dice` gives 0 to 1."""
    if attempts >= retry.attempts_max or not may_pass(error):
        return None
    asked_s = error.retry_after_s if isinstance(error, ApiError) else None
    if asked_s is not None:
        return asked_s if asked_s <= retry.retry_after_s_max else None
    delay_s = min(retry.delay_s_max, retry.first_delay_s * 2.0 ** (attempts - 1))
    return delay_s * (0.5 + 0.5 * dice())


def may_pass(error: Exception) -> bool:
    """Whether the same request could succeed a little later."""
    return isinstance(error, TransportError | ApiError) and error.retryable
