"""Every difference between two OpenAPI documents that a caller could notice: ours, and the exchange's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from spec.shape import Shape, Shapes

METHODS = ("get", "post", "put", "patch", "delete")
NOTHING = "nothing"
_INSTRUCTION = re.compile(r"\*\*Instruction:\*\*\s*`?(\w+)")


class Difference(NamedTuple):
    """One thing that is so with us, and otherwise in the documentation."""

    where: str
    found: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.where}: found {self.found}; wanted {self.wanted}"


def differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[Difference]:
    """Every difference once, in the documentation's order."""
    return list(dict.fromkeys(Comparison(ours, theirs).operations()))


def operations_of(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The operations by method and path: `GET /api/v1/depth`."""
    return {
        f"{method.upper()} {path}": operation
        for path, item in document.get("paths", {}).items()
        for method, operation in item.items()
        if method in METHODS
    }


class Comparison:
    """Ours beside theirs; schemas that both have a name for are compared once."""

    def __init__(self, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
        self._ours, self._theirs = Shapes(ours), Shapes(theirs)
        self._our_operations, self._their_operations = operations_of(ours), operations_of(theirs)
        self._seen: set[tuple[str, str]] = set()

    def operations(self) -> Iterator[Difference]:
        """All differences of all operations."""
        for place, wanted in self._their_operations.items():
            found = self._our_operations.get(place)
            if found is None:
                yield Difference(place, NOTHING, f"the operation {wanted.get('operationId', '')}".strip())
            else:
                yield from self._operation(place, found, wanted)
        for place in self._our_operations.keys() - self._their_operations.keys():
            yield Difference(place, "the operation", NOTHING)

    def _operation(self, place: str, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[Difference]:
        if "operationId" in wanted:
            yield from _unequal(f"{place} operationId", found["operationId"], wanted["operationId"])
        yield from _unequal(f"{place} instruction", _instruction(found), _instruction(wanted))
        yield from _unequal(f"{place} deprecated", found.get("deprecated", False), wanted.get("deprecated", False))
        ours, theirs = self._parameters(self._ours, found), self._parameters(self._theirs, wanted)
        yield from _unequal(f"{place} broker headers", _names_broker(ours), _names_broker(theirs))
        yield from self._query(place, _in_query(ours), _in_query(theirs))
        yield from self._body(f"{place} body", found.get("requestBody"), wanted.get("requestBody"))
        yield from self._answers(place, found["responses"], wanted.get("responses", {}))

    @staticmethod
    def _parameters(shapes: Shapes, operation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        return [shapes.resolved(parameter) for parameter in operation.get("parameters", ())]

    def _query(self, place: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[Difference]:
        yield from self._members(
            f"{place} ?",
            Shape("object", fields=_schemas(ours), required=_required(ours)),
            Shape("object", fields=_schemas(theirs), required=_required(theirs)),
        )

    def _body(self, place: str, found: Any, wanted: Any) -> Iterator[Difference]:
        ours, theirs = _schema_of(found), _schema_of(wanted)
        if ours is None or theirs is None:
            yield from _unequal(place, _or_nothing(ours, "a body"), _or_nothing(theirs, "a body"))
            return
        yield from _unequal(f"{place} name", _name_in(ours), _name_in(theirs))
        yield from self._schema(place, ours, theirs)

    def _answers(self, place: str, found: Mapping[Any, Any], wanted: Mapping[Any, Any]) -> Iterator[Difference]:
        ours, theirs = _by_success(found), _by_success(wanted)
        for status in sorted(ours.keys() | theirs.keys()):
            where = f"{place} {status}"
            if status not in ours or status not in theirs:
                yield _present(where, "a status", is_ours=status in ours)
                continue
            answer, documented = self._ours.resolved(ours[status]), self._theirs.resolved(theirs[status])
            yield from _unequal(f"{where} page headers", _is_page(answer), _is_page(documented))
            schema, their_schema = _schema_of(answer), _schema_of(documented)
            if schema is None or their_schema is None:
                yield from _unequal(where, _or_nothing(schema, "a body"), _or_nothing(their_schema, "a body"))
            else:
                yield from self._schema(where, schema, their_schema)

    def _schema(self, where: str, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[Difference]:
        ours, theirs = self._ours.of(found), self._theirs.of(wanted)
        if ours.name and theirs.name:
            if (ours.name, theirs.name) in self._seen:
                return
            self._seen.add((ours.name, theirs.name))
        where = theirs.name if theirs.kind == "object" and theirs.name else where
        if ours.kind != theirs.kind or bool(ours.words) != bool(theirs.words):
            yield Difference(where, str(ours), str(theirs))
        elif ours.kind in ("list", "map"):
            yield from self._schema(f"{where}[]", ours.inner, theirs.inner)
        elif ours.forms and ours.forms.keys() & theirs.forms.keys():
            yield from self._forms(where, ours, theirs)
        elif ours.kind == "object":
            yield from self._members(f"{where}.", ours, theirs)
        else:
            yield from _words(theirs.name or where, ours.words, theirs.words)

    def _forms(self, where: str, ours: Shape, theirs: Shape) -> Iterator[Difference]:
        for tag in sorted(ours.forms.keys() | theirs.forms.keys()):
            if tag in ours.forms and tag in theirs.forms:
                yield from self._schema(f"{where}({tag})", ours.forms[tag], theirs.forms[tag])
            else:
                yield _present(f"{where}({tag})", "a form", is_ours=tag in ours.forms)

    def _members(self, where: str, ours: Shape, theirs: Shape) -> Iterator[Difference]:
        for name in (*theirs.fields, *(name for name in ours.fields if name not in theirs.fields)):
            place = f"{where}{name}"
            if name not in ours.fields:
                shape = self._theirs.of(theirs.fields[name])
                yield Difference(place, NOTHING, f"{shape}{', required' if name in theirs.required else ''}")
            elif name not in theirs.fields:
                yield Difference(place, str(self._ours.of(ours.fields[name])), NOTHING)
            else:
                yield from _unequal(place, _demand(name, ours), _demand(name, theirs))
                yield from self._schema(place, ours.fields[name], theirs.fields[name])


def _words(where: str, ours: Iterable[str], theirs: Iterable[str]) -> Iterator[Difference]:
    for word in theirs:
        if word not in ours:
            yield Difference(f"{where} word", NOTHING, word)
    for word in ours:
        if word not in theirs:
            yield Difference(f"{where} word", word, NOTHING)


def _unequal(where: str, found: Any, wanted: Any) -> Iterator[Difference]:
    if found != wanted:
        yield Difference(where, _said(found), _said(wanted))


def _said(value: Any) -> str:
    return {True: "yes", False: "no", None: NOTHING}.get(value) or str(value)


def _present(where: str, what: str, *, is_ours: bool) -> Difference:
    return Difference(where, what, NOTHING) if is_ours else Difference(where, NOTHING, what)


def _or_nothing(value: Any, what: str) -> str:
    return NOTHING if value is None else what


def _demand(name: str, shape: Shape) -> str:
    return "required" if name in shape.required else "optional"


def _instruction(operation: Mapping[str, Any]) -> str | None:
    named = _INSTRUCTION.search(operation.get("description") or "")
    return operation.get("x-instruction") or (named[1] if named else None)


def _names_broker(parameters: Iterable[Mapping[str, Any]]) -> bool:
    return any(parameter["name"].upper() == "X-BROKER-ID" for parameter in parameters)


def _in_query(parameters: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {parameter["name"]: parameter for parameter in parameters if parameter.get("in") == "query"}


def _schemas(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: parameter.get("schema", {}) for name, parameter in parameters.items()}


def _required(parameters: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(name for name, parameter in parameters.items() if parameter.get("required"))


def _schema_of(part: Any) -> Mapping[str, Any] | None:
    """The schema of a body, whatever its media type; None where there is no body."""
    contents: Mapping[str, Any] = (part or {}).get("content") or {}
    return next((content.get("schema", {}) for content in contents.values()), None)


def _name_in(schema: Mapping[str, Any]) -> str:
    """The name of a body's schema, or of its elements'."""
    inner = schema.get("items", schema)
    return str(inner.get("$ref", NOTHING)).rpartition("/")[2]


def _by_success(responses: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(status): response for status, response in responses.items() if str(status).startswith("2")}


def _is_page(response: Mapping[str, Any]) -> bool:
    return any(name.upper() == "X-TOTAL" for name in response.get("headers") or {})
