"""What is signed, against a second implementation of the documentation's rules that shares no line with the first.

It sees what a server sees: the request line, the headers and the body.
"""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from haversack.clock import ManualClock
from haversack.credentials import Credentials
from haversack.rest.http import HttpRequest
from haversack.rest.parameters import parameters
from haversack.rest.session import RestSession
from haversack.wire.base import Operation
from haversack.wire.catalogue import OPERATIONS
from rest.drawn import operations

SIGNED = [kind for kind in OPERATIONS if kind.instruction is not None]
PUBLIC = [kind for kind in OPERATIONS if kind.instruction is None]
KEYS = Credentials.generate()


def session() -> RestSession:
    return RestSession(KEYS, ManualClock(), withdrawals=True)


def sent(operation: Operation[Any]) -> HttpRequest:
    prepared = session().prepare(operation)
    assert prepared.request is not None
    return prepared.request


def word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def command(instruction: str, named: dict[str, Any]) -> str:
    rows = [f"{name}={word(named[name])}" for name in sorted(named)]
    return "&".join([f"instruction={instruction}", *rows])


def documented_string(instruction: str, request: HttpRequest) -> str:
    if request.method == "GET":
        listed = parse_qsl(urlsplit(request.target).query, keep_blank_values=True, strict_parsing="?" in request.target)
        first = "&".join([f"instruction={instruction}", *[f"{name}={text}" for name, text in sorted(listed)]])
    else:
        body = json.loads(request.body or b"", parse_float=pytest.fail)
        first = "&".join(command(instruction, one) for one in (body if isinstance(body, list) else [body]))
    return f"{first}&timestamp={request.headers['X-Timestamp']}&window={request.headers['X-Window']}"


@pytest.mark.parametrize("kind", SIGNED, ids=lambda kind: kind.__name__)
@settings(max_examples=40)
@given(data=st.data())
def test_signature_covers_what_is_sent_by_the_documented_rules(kind: type[Operation[Any]], data: st.DataObject) -> None:
    request = sent(data.draw(operations(kind)))
    assert request.headers["X-API-Key"] == KEYS.public_key
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(request.headers["X-API-Key"]))
    message = documented_string(str(kind.instruction), request)
    key.verify(base64.b64decode(request.headers["X-Signature"]), message.encode())


@pytest.mark.parametrize("kind", PUBLIC, ids=lambda kind: kind.__name__)
@settings(max_examples=10)
@given(data=st.data())
def test_public_request_carries_neither_key_nor_signature(kind: type[Operation[Any]], data: st.DataObject) -> None:
    request = sent(data.draw(operations(kind)))
    assert not [name for name in request.headers if name.lower().startswith("x-")]


@pytest.mark.parametrize("kind", SIGNED, ids=lambda kind: kind.__name__)
@settings(max_examples=20)
@given(data=st.data())
def test_different_parameters_sign_different_strings(kind: type[Operation[Any]], data: st.DataObject) -> None:
    one, other = data.draw(operations(kind)), data.draw(operations(kind))
    strings = [documented_string(str(kind.instruction), sent(operation)) for operation in (one, other)]
    assert (strings[0] == strings[1]) == (plain(one) == plain(other))


def plain(operation: Operation[Any]) -> object:
    if operation.batch:
        return [parameters(one) for one in getattr(operation, operation.batch)]
    return parameters(operation)
