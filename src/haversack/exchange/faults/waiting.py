"""All faults of one exchange: those that wait to happen, and the conditions that hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from haversack.clock import Clock, ManualClock
from haversack.errors import UsageError
from haversack.exchange.faults.vocabulary import (
    AnswerAction,
    AnswerFault,
    Condition,
    ConditionKind,
    ConnectionAction,
    ConnectionFault,
    Fault,
    FrameAction,
    FrameFault,
    WaitingFault,
)
from haversack.wire.base import Operation
from haversack.wire.catalogue import OPERATIONS
from haversack.wire.system import GetStatus, GetTime, Ping

SECOND_US = 1_000_000
FAULTS_MAX = 1_000
SECONDS_MAX = 31_536_000
# A programme asks these to find out whether the exchange is back.
_ANSWERED_IN_MAINTENANCE = (GetStatus, GetTime, Ping)
_REFUSED = AnswerFault(action=AnswerAction.UNAVAILABLE)


class _Waiting:
    __slots__ = ("begins_us", "fault", "left", "number", "passes")

    def __init__(self, number: int, fault: Fault, begins_us: int) -> None:
        self.number = number
        self.fault = fault
        self.begins_us = begins_us
        self.left = fault.times if isinstance(fault, AnswerFault | FrameFault) else None
        self.passes = fault.after if isinstance(fault, AnswerFault | FrameFault) else 0

    def ends_us(self) -> int | None:
        lasts_s = self.fault.lasts_s if isinstance(self.fault, Condition) else None
        return None if lasts_s is None else self.begins_us + _us(lasts_s)


class Faults:
    """What shall go wrong. Faults are used up in the order in which they were added."""

    def __init__(self, clock: Clock | None = None, *, knows_stream: Callable[[str], bool] | None = None) -> None:
        self._clock = clock or ManualClock()
        self._knows_stream = knows_stream
        self._waiting: list[_Waiting] = []
        self._next_number = 1
        self.strike: Callable[[ConnectionAction], None] = _nobody_is_connected
        """What a fault of all connections is done by."""
        self.heal: Callable[[], None] = _nothing_to_heal
        """What lets go of that which only a fault keeps."""

    def add(self, fault: Fault) -> int:
        """Let it happen; the number under which it is listed. What can never happen is refused."""
        _check(fault, self._knows_stream)
        if len(self._waiting) >= FAULTS_MAX:
            raise UsageError(f"{FAULTS_MAX} faults wait already: clear them first")
        number, self._next_number = self._next_number, self._next_number + 1
        self._waiting.append(_Waiting(number, fault, self._clock.now_us() + _us(fault.after_s)))
        self.pass_time()
        return number

    def clear(self, number: int | None = None) -> int:
        """Let everything be well again, or all but for one fault less; how many were taken away."""
        before = len(self._waiting)
        self._waiting = [waiting for waiting in self._waiting if number not in (None, waiting.number)]
        if number is None:
            self.heal()
        elif len(self._waiting) == before:
            raise UsageError(f"no fault has the number {number}")
        return before - len(self._waiting)

    def waiting(self) -> list[WaitingFault]:
        """What waits or holds, oldest first."""
        self.pass_time()
        now_us = self._clock.now_us()
        return [
            WaitingFault(
                number=waiting.number,
                fault=waiting.fault,
                left=waiting.left,
                begins_in_s=max(0, waiting.begins_us - now_us) / SECOND_US,
            )
            for waiting in self._waiting
        ]

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits and nothing holds."""
        return not self._waiting

    def pass_time(self) -> None:
        """Do what falls due, and forget what is over."""
        now_us = self._clock.now_us()
        for waiting in list(self._waiting):
            ends_us = waiting.ends_us()
            if isinstance(waiting.fault, ConnectionFault) and waiting.begins_us <= now_us:
                self._waiting.remove(waiting)
                self.strike(waiting.fault.action)
            elif ends_us is not None and ends_us <= now_us:
                self._waiting.remove(waiting)

    def next_us(self) -> int | None:
        """When connections will be struck next."""
        return min((each.begins_us for each in self._waiting if isinstance(each.fault, ConnectionFault)), default=None)

    def for_request(self, kind: type[Operation[Any]]) -> AnswerFault | None:
        """The fault of this request, used up by asking."""
        if not self._waiting:
            return None
        if kind not in _ANSWERED_IN_MAINTENANCE and self.holds(ConditionKind.MAINTENANCE):
            return _REFUSED
        for waiting in self._begun():
            fault = waiting.fault
            if isinstance(fault, AnswerFault) and fault.operation in (None, kind.__name__):
                return fault if self._use(waiting) else None
        return None

    def for_frame(self, stream: str) -> FrameFault | None:
        """The fault of this frame, used up by asking."""
        if not self._waiting:
            return None
        for waiting in self._begun():
            fault = waiting.fault
            if isinstance(fault, FrameFault) and fault.stream in (None, stream):
                return fault if self._use(waiting) else None
        return None

    def holds(self, kind: ConditionKind) -> bool:
        """Whether this is wrong at the moment."""
        return bool(self._waiting) and any(condition.kind is kind for condition in self._conditions())

    def sum_us(self, kind: ConditionKind) -> int:
        """By how much it is wrong at the moment, all conditions of the kind together."""
        if not self._waiting:
            return 0
        return sum(_us(condition.by_s) for condition in self._conditions() if condition.kind is kind)

    def _conditions(self) -> Iterator[Condition]:
        if self._waiting:
            self.pass_time()
            for waiting in self._begun():
                if isinstance(waiting.fault, Condition):
                    yield waiting.fault

    def _begun(self) -> Iterator[_Waiting]:
        now_us = self._clock.now_us()
        return (waiting for waiting in self._waiting if waiting.begins_us <= now_us)

    def _use(self, waiting: _Waiting) -> bool:
        """Whether it happens now."""
        if waiting.passes:
            waiting.passes -= 1
            return False
        if waiting.left is not None:
            waiting.left -= 1
            if not waiting.left:
                self._waiting.remove(waiting)
        return True


def _check(fault: Fault, knows_stream: Callable[[str], bool] | None) -> None:
    """Refuse what would wait for ever."""
    for name in ("after_s", "delay_s", "lasts_s", "retry_after_s"):
        value_s = getattr(fault, name, None)
        if value_s is not None and not 0 <= value_s <= SECONDS_MAX:
            raise UsageError(f"{name} must be 0 to {SECONDS_MAX}, found {value_s}")
    if isinstance(fault, Condition):
        _check_condition(fault)
    elif isinstance(fault, AnswerFault | FrameFault):
        _check_counts(fault)
    if isinstance(fault, AnswerFault):
        _check_operation(fault)
    if isinstance(fault, FrameFault) and fault.stream is not None and knows_stream and not knows_stream(fault.stream):
        raise UsageError(f"stream {fault.stream!r} never speaks here, so nothing can happen to it: write depth.SOL_USDC, say")


def _check_condition(fault: Condition) -> None:
    is_by_time = fault.kind in (ConditionKind.LATE_HISTORY, ConditionKind.SKEWED_CLOCK)
    least_s = 0 if fault.kind is ConditionKind.LATE_HISTORY else -SECONDS_MAX
    if is_by_time != (fault.by_s != 0) or not least_s <= fault.by_s <= SECONDS_MAX:
        raise UsageError(f"by_s goes with late-history (above 0) and skewed-clock: found {fault.kind.value}, {fault.by_s}")


def _check_counts(fault: AnswerFault | FrameFault) -> None:
    if fault.times is not None and fault.times < 1:
        raise UsageError(f"times must be at least 1, or None for until it is cleared, found {fault.times}")
    if fault.after < 0:
        raise UsageError(f"after must be at least 0, found {fault.after}")
    is_delay = fault.action in (AnswerAction.DELAY, FrameAction.DELAY)
    if is_delay != (fault.delay_s > 0):
        raise UsageError(f"delay_s goes with a delay, and a delay needs it: found {fault.action.value}, {fault.delay_s}")


def _check_operation(fault: AnswerFault) -> None:
    refuses = (AnswerAction.TOO_MANY_REQUESTS, AnswerAction.UNAVAILABLE)
    if fault.retry_after_s is not None and fault.action not in refuses:
        raise UsageError(f"retry_after_s goes with too-many-requests or unavailable, found {fault.action.value}")
    names = [operation.__name__ for operation in OPERATIONS]
    if fault.operation is not None and fault.operation not in names:
        raise UsageError(f"operation {fault.operation!r} is not one of {', '.join(sorted(names))}")


def _us(seconds_s: float) -> int:
    return round(seconds_s * SECOND_US)


def _nobody_is_connected(_action: ConnectionAction) -> None: ...


def _nothing_to_heal() -> None: ...
