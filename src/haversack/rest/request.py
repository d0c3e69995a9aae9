"""One HTTP request, ready to send, for an operation: signed if it must be."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from haversack.errors import MissingCredentials, UsageError
from haversack.rest.parameters import Parameter, parameters
from haversack.signing import Signed, Signer, signing_text, value_text
from haversack.wire.base import Operation

_JSON = "application/json; charset=utf-8"
# Characters that stand for themselves in a query, so that an address stays readable in a log.
_QUERY_SAFE = "-_.~:,"


class HttpRequest(NamedTuple):
    """What a transport sends. The host is the transport's own, so a request can reach no other."""

    method: str
    target: str
    """Path and query."""
    headers: dict[str, str]
    body: bytes | None


class Prepared(NamedTuple):
    """A request, and when it may leave."""

    request: HttpRequest
    signed: Signed | None


def changes_state(operation: type[Operation[Any]]) -> bool:
    """Whether carrying it out twice could matter. Only reads are ever repeated."""
    return operation.method != "GET"


def prepare(operation: Operation[Any], signer: Signer | None) -> Prepared:
    """The request for an operation, signed for now."""
    kind = type(operation)
    sent = parameters(operation)
    signed: Signed | None = None
    headers: dict[str, str] = {}
    if kind.instruction is not None:
        if signer is None:
            raise MissingCredentials(f"{kind.__name__} must be signed: give the client credentials")
        _refuse_both_ids(operation)
        text = signing_text(kind.instruction, [(name, value_text(value)) for name, value in sent])
        signed = signer.sign(text, changes_state=changes_state(kind))
        headers = {
            "X-API-Key": signed.public_key,
            "X-Signature": signed.signature,
            "X-Timestamp": str(signed.timestamp_ms),
            "X-Window": str(signed.window_ms),
        }
    if kind.method == "GET":
        return Prepared(HttpRequest("GET", kind.path + _query(sent), headers, None), signed)
    headers["Content-Type"] = _JSON
    return Prepared(HttpRequest(kind.method, kind.path, headers, msgspec.json.encode(dict(sent))), signed)


def _query(sent: list[Parameter]) -> str:
    if not sent:
        return ""
    return "?" + "&".join(f"{name}={quote(value_text(value), safe=_QUERY_SAFE)}" for name, value in sent)


def _refuse_both_ids(operation: Operation[Any]) -> None:
    # The exchange fails the signature of a request with both (docs: 2026-10), which would send its reader the wrong way.
    order_id, client_id = getattr(operation, "order_id", None), getattr(operation, "client_id", None)
    if order_id is not None and client_id is not None:
        raise UsageError(f"give order_id or client_id, not both: found {order_id!r} and {client_id}")
