"""One HTTP request, ready to send, for an operation: signed if it must be."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from haversack.errors import MissingCredentials, UsageError
from haversack.rest.http import HttpRequest
from haversack.rest.parameters import Parameter, parameters
from haversack.signing import Signer, signing_text, value_text
from haversack.wire.base import Operation

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_JSON = "application/json; charset=utf-8"
# Characters that stand for themselves in a query, so that an address stays readable in a log.
_QUERY_SAFE = "-_.~:,"


class Prepared(NamedTuple):
    """A request, and when it may leave."""

    request: HttpRequest
    delay_s: float
    """Send it no earlier than after this long: only then has its timestamp come."""
    sent_ms: int | None
    """The signed timestamp."""


def changes_state(operation: type[Operation[Any]]) -> bool:
    """Whether carrying it out twice could matter. Only reads are ever repeated."""
    return operation.method != "GET"


def prepare(operation: Operation[Any], signer: Signer | None, base_headers: Mapping[str, str] = _NO_HEADERS) -> Prepared:
    """The request for an operation, signed for now. `base_headers` go with every request of a client."""
    kind = type(operation)
    sent = parameters(operation)
    headers, delay_s, sent_ms = dict(base_headers), 0.0, None
    if kind.instruction is not None:
        if signer is None:
            raise MissingCredentials(f"{kind.__name__} must be signed: give the client credentials")
        _refuse_both_ids(operation)
        text = signing_text(kind.instruction, [(name, value_text(value)) for name, value in sent])
        signed = signer.sign(text, changes_state=changes_state(kind))
        headers |= {
            "X-API-Key": signed.public_key,
            "X-Signature": signed.signature,
            "X-Timestamp": str(signed.timestamp_ms),
            "X-Window": str(signed.window_ms),
        }
        delay_s, sent_ms = signed.wait_us / 1_000_000, signed.timestamp_ms
    if kind.method == "GET":
        return Prepared(HttpRequest("GET", kind.path + _query(sent), headers, None), delay_s, sent_ms)
    headers["Content-Type"] = _JSON
    return Prepared(HttpRequest(kind.method, kind.path, headers, msgspec.json.encode(dict(sent))), delay_s, sent_ms)


def _query(sent: list[Parameter]) -> str:
    if not sent:
        return ""
    return "?" + "&".join(f"{name}={quote(value_text(value), safe=_QUERY_SAFE)}" for name, value in sent)


def _refuse_both_ids(operation: Operation[Any]) -> None:
    # The exchange fails the signature of a request with both (docs: 2026-10), which would send its reader the wrong way.
    order_id, client_id = getattr(operation, "order_id", None), getattr(operation, "client_id", None)
    if order_id is not None and client_id is not None:
        raise UsageError(f"give order_id or client_id, not both: found {order_id!r} and {client_id}")
