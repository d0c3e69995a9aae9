"""One HTTP request, ready to send, for an operation: signed if it must be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast
from urllib.parse import quote

import msgspec

from haversack.errors import MissingCredentials, UsageError
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
    target, body, commands = _written(operation)
    headers = {**base_headers} if body is None else {**base_headers, "Content-Type": _JSON}
    if kind.instruction is None:
        return Attempt(HttpRequest(kind.method, target, headers, body), 0.0)
    if signer is None:
        raise MissingCredentials(f"{kind.__name__} must be signed: give the client credentials")
    text = "&".join([checked_text(kind.instruction, command) for command in commands])
    signed = signer.sign(text, changes_state=body is not None)
    headers["X-API-Key"] = signed.public_key
    headers["X-Signature"] = signed.signature
    headers["X-Timestamp"] = str(signed.timestamp_ms)
    headers["X-Window"] = str(signed.window_ms)
    return Attempt(HttpRequest(kind.method, target, headers, body), signed.wait_us / 1_000_000, signed.timestamp_ms)


def _written(operation: Operation[Any]) -> tuple[str, bytes | None, list[Iterable[tuple[str, Sent]]]]:
    """Target and body of a request, and the parameters that are signed: once for each command of a batch."""
    kind = type(operation)
    if kind.batch:
        commands = _commands(operation)
        return kind.path, msgspec.json.encode(commands), [command.items() for command in commands]
    sent = parameters(operation)
    if kind.method != "GET":
        return kind.path, msgspec.json.encode(sent), [sent.items()]
    listed = pairs(sent)
    return kind.path + _query(listed), None, [listed]


def _commands(operation: Operation[Any]) -> list[dict[str, Any]]:
    commands: Any = getattr(operation, operation.batch)
    if not isinstance(commands, tuple | list) or not commands:
        raise UsageError(f"{operation.batch} must be a list of one or more, found {commands!r}")
    for command in cast(Sequence[Any], commands):
        if not isinstance(command, Operation):
            raise UsageError(f"{operation.batch} must hold operations such as PlaceOrder(...), found {command!r}")
    return [parameters(command) for command in cast(Sequence[Operation[Any]], commands)]


def _query(listed: list[tuple[str, Sent]]) -> str:
    if not listed:
        return ""
    return "?" + "&".join([f"{name}={quote(value_text(value), safe=_QUERY_SAFE)}" for name, value in listed])
