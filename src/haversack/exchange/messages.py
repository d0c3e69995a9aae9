"""One HTTP request and its reply, as the exchange's inside sees them; a refusal is an exception that knows its reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from haversack.wire.codec import encode
from haversack.wire.faults import ErrorBody

JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"


class Request(NamedTuple):
    """What came in. Header names are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    def query_pairs(self) -> list[tuple[str, str]]:
        """Names and values of the query, unescaped, in the order in which they came."""
        return parse_qsl(self.query, keep_blank_values=True)


class Reply(NamedTuple):
    """What goes out."""

    status: int
    content_type: str | None
    body: bytes
    headers: Mapping[str, str] = {}

    @classmethod
    def json(cls, value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
        """An answer, written to the byte as the exchange writes it."""
        return cls(status, JSON, encode(value), headers or {})

    @classmethod
    def text(cls, text: str, *, status: int = 200) -> Reply:
        """A plain text."""
        return cls(status, TEXT, text.encode())

    @classmethod
    def empty(cls, status: int) -> Reply:
        """A status without a body."""
        return cls(status, None, b"")


class Refused(Exception):
    """The request is refused, and this is the reply."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        super().__init__(f"{reply.status} {reply.body.decode(errors='replace')}")

    @classmethod
    def by_framework(cls, status: int, text: str) -> Refused:
        """Malformed requests are answered in plain text (observed 2026-09)."""
        return cls(Reply.text(text, status=status))

    @classmethod
    def by_rule(cls, code: str, message: str, *, status: int = 400) -> Refused:
        """Everything else is answered in JSON with a code."""
        return cls(Reply.json(ErrorBody(code=code, message=message), status=status))

    @classmethod
    def as_invalid(cls, message: str) -> Refused:
        """The code that most refusals carry (observed 2025 and 2026)."""
        return cls.by_rule("INVALID_CLIENT_REQUEST", message)
