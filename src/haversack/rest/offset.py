"""What time it is at the exchange: this machine's clock, corrected by what `GET /api/v1/time` says.

A signed request is good for a few seconds by the exchange's clock. Where this machine's clock is wrong by more, every signed
request is refused until the difference is known: it is measured when that happens, when this machine's clock is set, and when
the user asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from haversack.clock import Clock
from haversack.errors import ApiError, TransportError
from haversack.rest.answers import read_answer
from haversack.rest.pacing import turn_steps
from haversack.rest.turns import Lane
from haversack.wire.system import GetTime

if TYPE_CHECKING:
    from haversack.rest.flow import Flow
    from haversack.rest.session import RestSession

SAMPLES = 5
_FAILURES_MAX = 2
# Two quartz clocks differ by less than this for all that is usual, and a clock that is being slewed goes wrong by as much.
_DRIFT_PPM = 501
_STEP_US = 500_000
# After a measurement that failed, so that an exchange that is down is not asked before every request.
_PATIENCE_US = 5_000_000


class ClockOffset(msgspec.Struct, frozen=True, kw_only=True):
    """How far the exchange's clock is ahead of this machine's, as it was measured."""

    offset_us: int
    """Add this to this machine's time to have the exchange's; negative if this machine is ahead."""
    uncertainty_us: int
    """It is no further from the truth than this, when it was measured; clocks drift apart after that."""
    round_trip_us: int
    """How long the answer took that it was taken from."""
    samples: int
    """How many answers there were to choose from."""
    measured_ms: int
    """When: by the exchange's clock."""


class OffsetEstimate:
    """The best of several samples of the exchange's clock. Fed with times, it reads none."""

    def __init__(self) -> None:
        self.samples = 0
        self._sent_us: list[int] = []
        self._received_us: list[int] = []
        self._server_us: list[int] = []

    def add(self, *, sent_us: int, received_us: int, server_ms: int) -> None:
        """One answer: by the monotonic clock when it was asked for and when it came, and what it says."""
        self.samples += 1
        self._sent_us.append(sent_us)
        self._received_us.append(received_us)
        self._server_us.append(server_ms * 1_000)

    def result(self, *, wall_us: int, monotonic_us: int, read_within_us: int = 0) -> ClockOffset:
        """The offset of the wall clock, given what both clocks say now, read no further apart than that.

        The exchange read its clock somewhere between the sending and the answer, so the middle is wrong by half the round trip
        at most; and it gave whole milliseconds, rounded down. What is told of the past by a monotonic clock that runs 500 ppm
        fast or slow comes on top. Since the wall clock is read at the end alone, it may be set meanwhile.
        """
        best = min(range(self.samples), key=lambda number: self._error_us(number, monotonic_us))
        sent_us, received_us = self._sent_us[best], self._received_us[best]
        middle_us = (sent_us + received_us) // 2
        server_us = self._server_us[best] + 500 + (monotonic_us - middle_us)
        return ClockOffset(
            offset_us=server_us - wall_us,
            uncertainty_us=self._error_us(best, monotonic_us) + read_within_us,
            round_trip_us=received_us - sent_us,
            samples=self.samples,
            measured_ms=server_us // 1_000,
        )

    def _error_us(self, number: int, monotonic_us: int) -> int:
        sent_us, received_us = self._sent_us[number], self._received_us[number]
        drift_us = (monotonic_us - sent_us) * _DRIFT_PPM // 1_000_000
        return (received_us - sent_us) // 2 + 500 + drift_us + 2


class ServerClock:
    """A clock that tells the exchange's time, as far as it is known: this machine's until it has been measured.

    It is safe to share between threads: what was measured last counts.
    """

    def __init__(self, clock: Clock) -> None:
        self._read_wall_us = clock.now_us
        self._read_monotonic_us = clock.monotonic_us
        self.offset: ClockOffset | None = None
        """What was measured last; None: nothing yet."""
        self.measurements = 0
        """How many there have been."""
        self._offset_us = 0
        # Wall time less monotonic time, as it was at the measurement: it stays the same until somebody sets the clock.
        self._apart_us: int | None = None
        self._patient_until_us = 0
        self.failures = 0
        """How many measurements there have been that came to nothing."""
        self._measuring: dict[Lane, list[object]] = {lane: [] for lane in Lane}

    def now_us(self) -> int:
        """Microseconds since 1970, UTC, at the exchange."""
        return self._read_wall_us() + self._offset_us

    def monotonic_us(self) -> int:
        """This machine's monotonic time."""
        return self._read_monotonic_us()

    def was_set(self) -> bool:
        """Whether this machine's clock was set by more than half a second since the measurement, so that it needs another."""
        apart_us = self._apart_us
        if apart_us is None:
            return False
        monotonic_us = self._read_monotonic_us()
        if abs(self._read_wall_us() - monotonic_us - apart_us) <= _STEP_US:
            return False
        return monotonic_us >= self._patient_until_us

    def learn(self, estimate: OffsetEstimate) -> ClockOffset:
        """Tell the time by these samples from now on."""
        before_us = self.monotonic_us()
        wall_us = self._read_wall_us()
        after_us = self.monotonic_us()
        offset = estimate.result(wall_us=wall_us, monotonic_us=after_us, read_within_us=after_us - before_us)
        self._apart_us = wall_us - after_us
        self._offset_us = offset.offset_us
        self.offset = offset
        self.measurements += 1
        return offset

    def begin(self, lane: Lane, who: object) -> bool:
        """Whether that one measures it now, until it is ended; else somebody does already. A cancel waits for cancels alone."""
        # Without a lock, as it is ended by the garbage collector too: who is the first in the list measures.
        lanes = (lane,) if lane is Lane.CANCEL else (lane, Lane.CANCEL)
        self._measuring[lane].append(who)
        if all(self._measuring[each][:1] in ([], [who]) for each in lanes):
            return True
        self.end(lane, who)
        return False

    def end(self, lane: Lane, who: object) -> None:
        """That one measures it no longer."""
        if who in self._measuring[lane]:
            self._measuring[lane].remove(who)

    def give_up(self) -> None:
        """The measurement failed: go on with what is known, and do not try again at once."""
        self.failures += 1
        self._patient_until_us = self.monotonic_us() + _PATIENCE_US


def sync_steps(session: RestSession, lane: Lane = Lane.ORDINARY) -> Flow[ClockOffset]:
    """Measure how far this machine's clock is off, and sign by that from now on.

    Asks for the time five times; two answers may be missing. Raises what kept it from being measured.
    """
    estimate = OffsetEstimate()
    operation, pacer, read_us = GetTime(), session.pacer, session.clock.monotonic_us
    failures = 0
    while estimate.samples < SAMPLES and failures < _FAILURES_MAX:
        granted_us = pacer.take(lane, read_us)
        if granted_us is None:
            granted_us = yield from turn_steps(pacer, lane, read_us)
        attempt = session.prepare(operation)
        sent_us = read_us()
        try:
            response = yield attempt
            received_us = read_us()
            assert response is not None, "a driver must send the response to a step that has a request"
            server_ms = read_answer(operation, response)
        except (TransportError, ApiError) as failure:
            session.note(failure, granted_us)
            failures += 1
            if failures == _FAILURES_MAX and not estimate.samples:
                raise
        else:
            pacer.answered(granted_us)
            estimate.add(sent_us=sent_us, received_us=received_us, server_ms=server_ms)
    return session.server_clock.learn(estimate)
