"""The words for what can go wrong: one struct for each place at which it does.

They travel as they are: in a test, over the control socket, and as options of the command.
"""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

import msgspec


class AnswerAction(Enum):
    """What happens to a request or to its answer."""

    LOSE_REQUEST = "lose-request"
    """The connection is cut before the request is read."""
    LOSE_ANSWER = "lose-answer"
    """The request is carried out, and the connection is cut before its answer."""
    PENDING = "pending"
    """The request is carried out, and answered 202 without a body."""
    TOO_MANY_REQUESTS = "too-many-requests"
    """The request is refused with 429; `retry_after_s` adds the header."""
    UNAVAILABLE = "unavailable"
    """The request is refused with 503."""
    DELAY = "delay-answer"
    """The request is carried out, and its answer held back for `delay_s`."""
    TRUNCATE = "truncate-answer"
    """The request is carried out, and its answer breaks off halfway, though the status says that all is well."""
    GARBAGE = "garbage-answer"
    """The request is carried out, and its answer is the page of a proxy."""
    UNKNOWN_FIELD = "unknown-field-answer"
    """The answer says one thing more than is documented, in each of its rows."""
    UNKNOWN_MEMBER = "unknown-member-answer"
    """The answer says a word that is not in the documented list: a status, if it has one."""


class FrameAction(Enum):
    """What happens to a frame of a stream."""

    DROP = "skip"
    """It is not sent."""
    DUPLICATE = "duplicate"
    """It is sent twice."""
    SWAP = "swap"
    """It is sent after the one that follows it on its stream."""
    DELAY = "delay"
    """It is held back for `delay_s`; those after it overtake it."""
    TRUNCATE = "truncate"
    """It breaks off halfway."""
    GARBAGE = "garbage"
    """It is no JSON at all."""
    UNKNOWN_FIELD = "unknown-field"
    """It says one thing more than is documented."""
    UNKNOWN_MEMBER = "unknown-member"
    """It says a word that is not in the documented list, in frames that have such a word."""
    CUT = "cut"
    """The connection is cut instead."""


class ConnectionAction(Enum):
    """What happens to all stream connections that are open."""

    DISCONNECT = "disconnect"
    """They are cut, without a close frame."""
    HALF_OPEN = "half-open"
    """They stay open and fall silent: nothing is read, no ping is answered, nothing is sent. Clearing it cuts them."""


class ConditionKind(Enum):
    """What is wrong for as long as it lasts."""

    MAINTENANCE = "maintenance"
    """Every request is refused with 503 but ping, time and the status, which says Maintenance."""
    NO_STREAMS = "no-streams"
    """Stream connections cannot be opened; those that are open stay."""
    LATE_HISTORY = "late-history"
    """The histories are `by_s` older than they were."""
    SKEWED_CLOCK = "skewed-clock"
    """The exchange tells a time that is `by_s` ahead of its own, or behind, and checks signatures by it."""


class _Timed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    after_s: float = 0.0
    """It begins so long from now, by the exchange's clock."""


class AnswerFault(_Timed, frozen=True, kw_only=True, tag="answer"):
    """One thing that goes wrong with requests."""

    action: AnswerAction
    operation: str | None = None
    """Name of the operation's class, such as PlaceOrder; any if None."""
    times: int | None = 1
    """How often; until it is cleared if None."""
    after: int = 0
    """Requests that pass first."""
    delay_s: float = 0.0
    retry_after_s: int | None = None


class FrameFault(_Timed, frozen=True, kw_only=True, tag="frame"):
    """One thing that goes wrong with a stream. A stream stops if all its frames are dropped: `times=None`."""

    action: FrameAction
    stream: str | None = None
    """Whole name of the stream; any if None."""
    times: int | None = 1
    """How often, each listener's frame counting; until it is cleared if None."""
    after: int = 0
    """Frames that pass first."""
    delay_s: float = 0.0


class ConnectionFault(_Timed, frozen=True, kw_only=True, tag="connection"):
    """One thing that happens to all stream connections at once."""

    action: ConnectionAction


class Condition(_Timed, frozen=True, kw_only=True, tag="condition"):
    """Something that is wrong until it is cleared, or for `lasts_s`."""

    kind: ConditionKind
    by_s: float = 0.0
    lasts_s: float | None = None


Fault: TypeAlias = AnswerFault | FrameFault | ConnectionFault | Condition


class WaitingFault(msgspec.Struct, frozen=True, kw_only=True):
    """A fault that was added, as the list shows it."""

    number: int
    fault: Fault
    left: int | None
    """How often it will still happen; None: until it is cleared or over."""
    begins_in_s: float


class ConnectionCut(Exception):
    """The connection must end now, without another byte."""
