"""Asking again and again until it is clear what became of a request, and when no more can come of it.

The exchange's clock decides, not ours: a signed request is taken until its timestamp plus its window, by the clock at the other
end. With a clock that is three minutes ahead, a request stays good for three minutes and its window.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

import msgspec

from haversack.clock import Clock
from haversack.errors import ApiError, HaversackError, OutcomeUnknown, ProtocolError, TransportError, UsageError
from haversack.rest.evidence import Seen, Span
from haversack.rest.procedure import Pause, Procedure
from haversack.rest.session import RestSession
from haversack.wire.base import Operation
from haversack.wire.history import Fill
from haversack.wire.orders import Order
from haversack.wire.system import GetTime

ROUNDS_MAX = 100
CARRY_OUT_MS = 2_000
"""How long the exchange may need between taking a request and showing what it did in the list of open orders; a guess."""
_SLACK_MS = 10_000
_AHEAD_MOST_MS = 600_000
"""No request is taken whose timestamp is further ahead than ten minutes (inferred from other clients)."""
_PAUSE_FIRST_S, _PAUSE_LEAST_S, _PAUSE_MOST_S = 0.25, 0.05, 2.0


class Outcome(Enum):
    """What became of a request."""

    DONE = "it was carried out"
    NOT_DONE = "it was not carried out, and can no longer be"
    PARTLY_DONE = "some orders of a batch were placed, and the others were not"
    UNKNOWN = "it is still not known"


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a request whose answer was lost, and what shows it.

    An order: DONE if the exchange has it, whatever happened to it since; NOT_DONE if it never arrived or was refused.
    A cancel: DONE if the order was cancelled; NOT_DONE if it had ended before, or is still open.
    A cancel of all: DONE if none of the orders that it was meant for is open.
    """

    operation: Operation[Any]
    state: Outcome
    reason: str
    """In words: what was found, or why nothing can be said."""
    order: Seen | None = None
    """The order in question: an `Order` if it rests, else its row of the history."""
    fills: tuple[Fill, ...] = ()
    """What was seen of its fills; more may follow."""
    candidates: tuple[Seen, ...] = ()
    """Where it is not known: orders that it could be."""
    open_orders: tuple[Order, ...] = ()
    """After a cancel: what it was meant for and is still open."""
    checked_until_ms: int | None = None
    """The exchange's time when the last complete look began; None: there was none."""
    error: HaversackError | None = None
    """What went wrong with the asking, if the last look failed."""
    parts: tuple[Resolution, ...] = ()
    """Of a batch: one for each of its orders, in their order."""


class Moment(msgspec.Struct, frozen=True):
    """Where the exchange's clock stood when a look began, and what follows from it."""

    now_ms: int
    span: Span
    final_ms: int
    """From then on the histories show everything that the request can have done."""
    is_closed: bool
    """The request can no longer arrive, and what it did is done."""

    @property
    def is_final(self) -> bool:
        """Whether what the histories do not show by now did not happen."""
        return self.now_ms > self.final_ms


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long to wait for what."""

    wait_ms: int | None
    history_lag_ms: int
    clock_tolerance_ms: int


class Inquiry:
    """One request whose outcome is asked for: its times, and how long the asking has gone on."""

    def __init__(self, session: RestSession, outcome: OutcomeUnknown, patience: Patience) -> None:
        if outcome.sent_ms is None:
            raise UsageError(f"{type(outcome.operation).__name__} bears no time at which it was signed")
        self.operation: Operation[Any] = outcome.operation
        self._sent_ms = outcome.sent_ms
        # The request may have been signed by the clock as it is corrected now, or as it was before that.
        self._clocks: tuple[Clock, ...] = (session.clock, session.server_clock)
        self._ahead_ms = 0
        self._patience = patience
        self._closed_ms = self._sent_ms + session.window_ms + CARRY_OUT_MS
        self._final_ms = self._closed_ms + patience.history_lag_ms
        wait_ms = patience.wait_ms if patience.wait_ms is not None else self._final_ms - self._sent_ms + _SLACK_MS
        self._started_us = session.clock.monotonic_us()
        self._wait_us = wait_ms * 1_000
        self._moment: Moment | None = None

    def moment(self) -> Procedure[Moment]:
        """The exchange's time, asked for anew."""
        now_ms: int = yield GetTime()
        tolerance_ms = self._patience.clock_tolerance_ms
        self._ahead_ms = max(self._ahead_ms, *[clock.now_us() // 1_000 - now_ms for clock in self._clocks])
        if self._sent_ms - now_ms > self._ahead_ms + tolerance_ms:
            # It bears a time that has not come yet, and no clock is that far ahead: it was set back since.
            self._ahead_ms = _AHEAD_MOST_MS
        span = Span(self._sent_ms - self._ahead_ms - tolerance_ms, self._closed_ms + tolerance_ms)
        if self._moment is None and self._patience.wait_ms is None:
            # Only now is it known how long a request that was signed by a wrong clock stays good.
            self._wait_us = max(self._wait_us, (self._final_ms - now_ms + _SLACK_MS) * 1_000)
        self._moment = Moment(now_ms, span, self._final_ms, now_ms > self._closed_ms)
        return self._moment

    def pause_s(self, rounds: int, error: HaversackError | None) -> float | None:
        """How long to wait before asking again; None: it is enough."""
        left_s = (self._wait_us - (self._clocks[0].monotonic_us() - self._started_us)) / 1_000_000
        if left_s <= 0:
            return None
        pause_s = min(_PAUSE_FIRST_S * 2.0 ** min(rounds, 10), max(_PAUSE_MOST_S, self._wait_us / 30_000_000))
        if self._moment is not None and not self._moment.is_final:
            pause_s = min(pause_s, (self._final_ms + 1 - self._moment.now_ms) / 1_000)
        asked_s = error.retry_after_s if isinstance(error, ApiError) else None
        return min(left_s, max(_PAUSE_LEAST_S, pause_s, asked_s or 0.0))

    def unknown(self, reason: str) -> Resolution:
        """That nothing can be said."""
        return Resolution(operation=self.operation, state=Outcome.UNKNOWN, reason=reason)


class Verdict(msgspec.Struct, frozen=True):
    """What one look comes to, and whether another could say more."""

    resolution: Resolution
    is_settled: bool


def pursue(inquiry: Inquiry, judge: Callable[[Moment], Procedure[Verdict]]) -> Procedure[Resolution]:
    """Look until one look settles it, or until the patience ends. What fails is no evidence of anything."""
    latest = inquiry.unknown("nothing was read")
    for rounds in range(ROUNDS_MAX):
        failure: HaversackError | None = None
        try:
            moment = yield from inquiry.moment()
            verdict = yield from judge(moment)
            latest = msgspec.structs.replace(verdict.resolution, checked_until_ms=moment.now_ms)
            if verdict.is_settled:
                return latest
        except (TransportError, ApiError, ProtocolError) as error:
            failure = error
            latest = _with_failure(latest, error)
        pause_s = inquiry.pause_s(rounds, failure)
        if pause_s is None:
            break
        yield Pause(pause_s)
    return latest


def _with_failure(latest: Resolution, error: HaversackError) -> Resolution:
    if latest.state is not Outcome.UNKNOWN:
        return latest
    return msgspec.structs.replace(latest, reason=f"the exchange could not be asked: {error}", error=error)
