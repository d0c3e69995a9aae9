"""The catalogue as an OpenAPI 3.0 document: for tools that read one, and to be held against the exchange's own.

Everything in it is read from the operations and their answers, so an operation that is in the catalogue is in the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from inspect import cleandoc
from types import NoneType
from typing import Any, NamedTuple, TypeAlias, get_args, get_origin

import msgspec

from haversack.wire.base import CancelPending, Operation, Page, answer_type, body_type
from haversack.wire.catalogue import OPERATIONS
from haversack.wire.faults import ErrorBody
from haversack.wire.schemas import Schema, Schemas, summary_of

Document: TypeAlias = dict[str, Any]
_Operation: TypeAlias = type[Operation[Any]]

JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
SIGNATURE_HEADERS = ("X-API-KEY", "X-SIGNATURE", "X-TIMESTAMP", "X-WINDOW")
BROKER_HEADERS = ("X-BROKER-ID", "X-BROKER-KEY")

_PAGE_TEXTS: Mapping[str, str] = {
    "X-CURRENT-PAGE": "Number of this page; the first is 1.",
    "X-PAGE-COUNT": "How many pages there are, at least 1.",
    "X-PAGE-SIZE": "Rows of a full page.",
    "X-TOTAL": "Rows that match in all.",
}
_SOURCE = re.compile(r"\bSource: ([A-Z]+) (/[^\s.;,]*)(?: \((\w+)\))?")
_WINDOW_MS_MAX = 60_000


class Source(NamedTuple):
    """Where the exchange documents an operation."""

    method: str
    path: str
    operation_id: str
    """Empty where the documentation's is not known."""


def source_of(operation: _Operation) -> Source:
    """What the `Source:` line of an operation's docstring names."""
    found = _SOURCE.search(" ".join((operation.__doc__ or "").split()))
    if found is None:
        raise TypeError(f"{operation.__name__} does not cite its source: write `Source: METHOD path (operationId).`")
    return Source(found[1], found[2], found[3] or "")


def document(operations: Iterable[_Operation] = OPERATIONS, *, version: str = "0") -> Document:
    """The whole document, as plain dicts and lists; `version` is that of the package."""
    schemas = Schemas()
    refused = schemas.of(ErrorBody)
    paths: dict[str, Document] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schemas)
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Backpack Exchange, as Haversack knows it",
            "version": version,
            "description": "Made from the types of the client. Decimals are strings; enums may get members at any time.",
        },
        # The local one comes first, because tools that send requests take the first.
        "servers": [
            {"url": "http://127.0.0.1:8787", "description": "haversack exchange"},
            {"url": "https://api.backpack.exchange", "description": "the real exchange"},
        ],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.named.items())),
            "parameters": {parameter["name"]: parameter for parameter in _header_parameters()},
            "headers": {name: {"description": text, "schema": {"type": "integer"}} for name, text in _PAGE_TEXTS.items()},
            "responses": {"Refused": _refused(refused)},
        },
    }


def _operation(operation: _Operation, schemas: Schemas) -> Document:
    source = source_of(operation)
    written: Document = {
        "operationId": source.operation_id or _snake(operation.__name__),
        "tags": [operation.__module__.rpartition(".")[2]],
        "summary": summary_of(operation),
        "description": cleandoc(operation.__doc__ or ""),
    }
    if operation.instruction is not None:
        written["x-instruction"] = operation.instruction
    if operation.replaced_by:
        written |= {"deprecated": True, "x-replaced-by": operation.replaced_by}
    parameters = _headers(operation) + ([] if operation.method != "GET" else _query(operation, schemas))
    if parameters:
        written["parameters"] = parameters
    if operation.method != "GET":
        written["requestBody"] = {"required": True, "content": {JSON: {"schema": _body(operation, schemas)}}}
    written["responses"] = _responses(operation, schemas)
    return written


def _headers(operation: _Operation) -> list[Document]:
    names = (SIGNATURE_HEADERS if operation.instruction else ()) + (BROKER_HEADERS if operation.names_broker else ())
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def _query(operation: _Operation, schemas: Schemas) -> list[Document]:
    return [
        {"name": name, "in": "query", "required": is_required, "schema": schema}
        for name, (schema, is_required) in schemas.parameters(operation).items()
    ]


def _body(operation: _Operation, schemas: Schemas) -> Schema:
    name = operation.payload or f"{operation.__name__}Payload"
    if not operation.batch:
        return schemas.body(name, operation)
    batch = next(field for field in msgspec.structs.fields(operation) if field.name == operation.batch)
    return {"type": "array", "items": schemas.body(name, get_args(batch.type)[0]), "minItems": 1}


def _responses(operation: _Operation, schemas: Schemas) -> Document:
    answer = answer_type(operation)
    parts = get_args(answer)
    responses: Document = {"200": _answer(operation, schemas)}
    if CancelPending in parts:
        responses["202"] = {"description": "Taken, and not carried out yet."}
    if NoneType in parts:
        responses["204"] = {"description": "There is nothing to answer."}
    for statuses in ("4XX", "5XX"):
        responses[statuses] = {"$ref": "#/components/responses/Refused"}
    return responses


def _answer(operation: _Operation, schemas: Schemas) -> Document:
    answer = answer_type(operation)
    if answer in (None, NoneType):
        return {"description": "Done; the body is empty."}
    schema = schemas.of(body_type(operation))
    if operation.answers_text:
        schema = {"type": "string", "pattern": "^-?[0-9]+$"} if schema == {"type": "integer"} else schema
        return {"description": "As plain text.", "content": {TEXT: {"schema": schema}}}
    written: Document = {"description": "The answer."}
    if get_origin(answer) is Page:
        written["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in _PAGE_TEXTS}
    return {**written, "content": {JSON: {"schema": schema}}}


def _refused(body: Schema) -> Document:
    return {
        "description": "Refused: by the exchange's rules as JSON, by its framework as a line of text.",
        "content": {JSON: {"schema": body}, TEXT: {"schema": {"type": "string"}}},
    }


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _header_parameters() -> list[Document]:
    whole, text = {"type": "integer"}, {"type": "string"}
    window = {**whole, "format": "uint64", "minimum": 1, "maximum": _WINDOW_MS_MAX}
    return [
        _header("X-API-KEY", "The verifying key, as base64.", text, required=True),
        _header("X-SIGNATURE", "The signature, as base64.", text, required=True),
        _header("X-TIMESTAMP", "When it was signed, in milliseconds since 1970.", {**whole, "format": "int64"}, required=True),
        _header("X-WINDOW", "How long it is good for, in milliseconds; 5000 if not sent.", window, required=False),
        _header("X-BROKER-ID", "The broker's number.", {**whole, "format": "uint16"}, required=False),
        _header("X-BROKER-KEY", "The broker's key.", text, required=False),
    ]


def _header(name: str, text: str, schema: Schema, *, required: bool) -> Document:
    return {"name": name, "in": "header", "required": required, "description": text, "schema": {**schema}}
