"""One HTTP request, ready to send, for an operation: signed if it must be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import msgspec

from haversack.errors import MissingCredentials
from haversack.rest.http import HttpRequest
from haversack.rest.parameters import Sent, pairs, parameters
from haversack.signing import Signer, checked_text, value_text
from haversack.wire.base import Operation

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_JSON = "application/json; charset=utf-8"
# Characters that stand for themselves in a query, so that an address stays readable in a log.
_QUERY_SAFE = "-_.~:,"


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """One step on the way to an answer: wait, then send. A step without a request is a wait alone."""

    request: HttpRequest | None
    delay_s: float
    """Wait this long first: only then has the timestamp come that is signed."""
    sent_ms: int | None = None
    """The signed timestamp."""


def changes_state(operation: type[Operation[Any]]) -> bool:
    """Whether carrying it out twice could matter. Only reads are ever repeated."""
    return operation.method != "GET"


def prepare(operation: Operation[Any], signer: Signer | None, base_headers: Mapping[str, str] = _NO_HEADERS) -> Attempt:
    """The request for an operation, signed for now. `base_headers` go with every request of a client."""
    kind = type(operation)
    sent = parameters(operation)
    target, body = kind.path, None
    listed: Iterable[tuple[str, Sent]] = sent.items()
    if kind.method == "GET":
        listed = pairs(sent)
        target += _query(listed)
    else:
        body = msgspec.json.encode(sent)
    headers = {**base_headers} if body is None else {**base_headers, "Content-Type": _JSON}
    if kind.instruction is None:
        return Attempt(HttpRequest(kind.method, target, headers, body), 0.0)
    if signer is None:
        raise MissingCredentials(f"{kind.__name__} must be signed: give the client credentials")
    signed = signer.sign(checked_text(kind.instruction, listed), changes_state=body is not None)
    headers["X-API-Key"] = signed.public_key
    headers["X-Signature"] = signed.signature
    headers["X-Timestamp"] = str(signed.timestamp_ms)
    headers["X-Window"] = str(signed.window_ms)
    return Attempt(HttpRequest(kind.method, target, headers, body), signed.wait_us / 1_000_000, signed.timestamp_ms)


def _query(listed: list[tuple[str, Sent]]) -> str:
    if not listed:
        return ""
    return "?" + "&".join([f"{name}={quote(value_text(value), safe=_QUERY_SAFE)}" for name, value in listed])
