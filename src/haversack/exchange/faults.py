"""The seam at which things go wrong on purpose, so that a bot can be tested against what networks and exchanges do.

A fault is used up after `times` uses. Faults change what a client sees, never what the engine does: an order whose answer is
lost was booked.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, TypeVar

import msgspec

from haversack.exchange.messages import Refused, Reply
from haversack.wire.base import Operation


class AnswerAction(Enum):
    """What happens to a request or to its answer."""

    LOSE_REQUEST = "the connection is cut before the request is read"
    LOSE_ANSWER = "the request is carried out, and the connection is cut before its answer"
    PENDING = "the request is carried out, and answered 202 without a body"
    TOO_MANY_REQUESTS = "the request is refused with 429"
    UNAVAILABLE = "the request is refused with 503"
    DELAY = "the answer is held back"


class FrameAction(Enum):
    """What happens to a frame of a stream."""

    DROP = "it is not sent"
    DUPLICATE = "it is sent twice"
    DELAY = "it is held back"
    CUT = "the connection is cut instead"


class AnswerFault(msgspec.Struct, kw_only=True):
    """One thing that goes wrong with requests."""

    action: AnswerAction
    operation: str | None = None
    """Name of the operation's class, such as PlaceOrder; any if None."""
    times: int = 1
    delay_s: float = 0.0


class FrameFault(msgspec.Struct, kw_only=True):
    """One thing that goes wrong with a stream."""

    action: FrameAction
    stream: str | None = None
    """Whole name of the stream; any if None."""
    times: int = 1
    after: int = 0
    """Frames that pass first."""
    delay_s: float = 0.0


class ConnectionCut(Exception):
    """The connection must end now, without another byte."""


class Faults:
    """All faults that wait to happen, in the order in which they were added."""

    def __init__(self) -> None:
        self._answers: list[AnswerFault] = []
        self._frames: list[FrameFault] = []

    def add(self, fault: AnswerFault | FrameFault) -> None:
        """Let it happen from now on."""
        if isinstance(fault, AnswerFault):
            self._answers.append(fault)
        else:
            self._frames.append(fault)

    def clear(self) -> None:
        """Let everything be well again."""
        self._answers.clear()
        self._frames.clear()

    def for_request(self, kind: type[Operation[Any]]) -> AnswerFault | None:
        """The fault of this request, used up by asking."""
        for fault in self._answers:
            if fault.operation in (None, kind.__name__):
                return _use(fault, self._answers)
        return None

    def for_frame(self, stream: str) -> FrameFault | None:
        """The fault of this frame, used up by asking."""
        for fault in self._frames:
            if fault.stream in (None, stream):
                if fault.after:
                    fault.after -= 1
                    return None
                return _use(fault, self._frames)
        return None


_F = TypeVar("_F", AnswerFault, FrameFault)


def _use(fault: _F, waiting: list[_F]) -> _F:
    fault.times -= 1
    if fault.times <= 0:
        waiting.remove(fault)
    return fault


def before(fault: AnswerFault) -> None:
    """What keeps a request from being carried out."""
    if fault.action is AnswerAction.LOSE_REQUEST:
        raise ConnectionCut
    if fault.action is AnswerAction.TOO_MANY_REQUESTS:
        raise Refused.by_rule("TOO_MANY_REQUESTS", "Too many requests", status=429)
    if fault.action is AnswerAction.UNAVAILABLE:
        raise Refused.by_rule("MAINTENANCE", "System under maintenance", status=503)


def after(fault: AnswerFault, reply: Reply) -> Reply:
    """What becomes of the answer of a request that was carried out."""
    if fault.action is AnswerAction.LOSE_ANSWER:
        raise ConnectionCut
    return Reply.empty(202) if fault.action is AnswerAction.PENDING else reply
