"""How the exchange says no: a JSON body from its business rules, a line of text from its framework, a frame on a stream."""

from __future__ import annotations

from haversack.wire.base import Answer


class ErrorBody(Answer, frozen=True, kw_only=True):
    """Body of a refused request (docs: ApiErrorResponse). Framework errors are plain text instead (observed 2026-09)."""

    code: str
    message: str


class ErrorDetail(Answer, frozen=True, kw_only=True):
    """What an error frame says (observed 2026-09): 4002 parse error, 4003 signature, 4006 stream, 4008 depth window."""

    wire_order = ("code", "message")

    code: int
    message: str


class ErrorFrame(Answer, frozen=True, kw_only=True):
    """A frame that refuses a subscription; the socket stays open, and the frame does not say which stream it means."""

    wire_order = ("id", "error")

    id: int | None = None
    error: ErrorDetail
