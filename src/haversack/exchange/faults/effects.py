"""What a fault does to an answer, and to the bytes of a frame."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from haversack.exchange.faults.vocabulary import AnswerAction, AnswerFault, ConnectionCut, FrameAction
from haversack.exchange.messages import Refused, Reply
from haversack.wire.faults import ErrorBody

UNKNOWN_NAME, UNKNOWN_WORD = "notYetDocumented", "NotYetDocumented"
GARBAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>"

# Names whose values are words of a closed set, the most telling first. In frames: status, side, order type.
_ANSWER_WORDS = ("status", "orderBookState", "side", "orderType", "timeInForce", "systemOrderType")
_FRAME_WORDS = ("X", "S", "o", "f", "V")


def before(fault: AnswerFault) -> None:
    """What keeps a request from being carried out."""
    if fault.action is AnswerAction.LOSE_REQUEST:
        raise ConnectionCut
    if fault.action is AnswerAction.TOO_MANY_REQUESTS:
        raise _refused(fault, 429, "TOO_MANY_REQUESTS", "Too many requests")
    if fault.action is AnswerAction.UNAVAILABLE:
        raise _refused(fault, 503, "MAINTENANCE", "System under maintenance")


def after(fault: AnswerFault, reply: Reply) -> Reply:
    """What becomes of the answer of a request that was carried out."""
    if fault.action is AnswerAction.LOSE_ANSWER:
        raise ConnectionCut
    if fault.action is AnswerAction.PENDING:
        return Reply.empty(202)
    if fault.action is AnswerAction.TRUNCATE:
        return reply._replace(body=reply.body[: len(reply.body) // 2])
    if fault.action is AnswerAction.GARBAGE:
        return Reply(reply.status, "text/html", GARBAGE)
    if fault.action in (AnswerAction.UNKNOWN_FIELD, AnswerAction.UNKNOWN_MEMBER):
        is_member = fault.action is AnswerAction.UNKNOWN_MEMBER
        return reply._replace(body=_altered(reply.body, _ANSWER_WORDS if is_member else None))
    return reply


def altered_frame(action: FrameAction, frame: bytes) -> bytes:
    """The frame as it arrives."""
    if action is FrameAction.TRUNCATE:
        return frame[: len(frame) // 2]
    if action is FrameAction.GARBAGE:
        return GARBAGE
    if action not in (FrameAction.UNKNOWN_FIELD, FrameAction.UNKNOWN_MEMBER):
        return frame
    whole = msgspec.json.decode(frame)
    words = _FRAME_WORDS if action is FrameAction.UNKNOWN_MEMBER else None
    return msgspec.json.encode({**whole, "data": _with_news(whole["data"], words)})


def _refused(fault: AnswerFault, status: int, code: str, message: str) -> Refused:
    # No Retry-After was ever recorded; a client should understand it all the same.
    headers = {} if fault.retry_after_s is None else {"retry-after": str(fault.retry_after_s)}
    return Refused(Reply.json(ErrorBody(code=code, message=message), status=status, headers=headers))


def _altered(body: bytes, words: tuple[str, ...] | None) -> bytes:
    try:
        if body.startswith(b"["):
            rows = msgspec.json.decode(body, type=list[Any])
            return msgspec.json.encode([_with_news(row, words) for row in rows])
        return msgspec.json.encode(_with_news(msgspec.json.decode(body), words))
    except msgspec.DecodeError:
        return body  # Plain text has neither fields nor words of a list.


def _with_news(row: Any, words: tuple[str, ...] | None) -> Any:
    """One word exchanged for a new one; without `words`, one field more, in its alphabetical place. What is no row stays."""
    if not isinstance(row, dict):
        return row
    row = cast("dict[str, Any]", row)
    if words is None:
        return dict(sorted({**row, UNKNOWN_NAME: {"since": 2027}}.items()))
    name = next((name for name in words if isinstance(row.get(name), str)), None)
    return row if name is None else {**row, name: UNKNOWN_WORD}
