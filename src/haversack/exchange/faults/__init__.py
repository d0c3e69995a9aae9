"""The seam at which things go wrong on purpose, so that a bot can be tested against what networks and exchanges do.

Faults change what a client sees, never what the engine does: an order whose answer is lost was booked.
"""

from haversack.exchange.faults.effects import after, altered_frame, before
from haversack.exchange.faults.vocabulary import (
    AnswerAction,
    AnswerFault,
    Condition,
    ConditionKind,
    ConnectionAction,
    ConnectionCut,
    ConnectionFault,
    Fault,
    FrameAction,
    FrameFault,
    WaitingFault,
)
from haversack.exchange.faults.waiting import Faults

__all__ = [
    "AnswerAction",
    "AnswerFault",
    "Condition",
    "ConditionKind",
    "ConnectionAction",
    "ConnectionCut",
    "ConnectionFault",
    "Fault",
    "FrameAction",
    "FrameFault",
    "Faults",
    "WaitingFault",
    "after",
    "altered_frame",
    "before",
]
