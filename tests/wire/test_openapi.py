"""The OpenAPI document of the catalogue: what stands in it for each kind of operation, and that real answers fit it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec import UNSET, UnsetType, field

from haversack.wire.base import Answer, Operation, Page
from haversack.wire.catalogue import OPERATIONS
from haversack.wire.inputs import Number, SideLike, TimeMs
from haversack.wire.openapi import Document, document
from haversack.wire.schemas import Schemas
from wire.recorded import answers

JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"


class Leg(Answer, frozen=True, kw_only=True):
    """One half."""

    ratio: Decimal
    next_leg: Leg | None = None


class Hedge(Leg, frozen=True, kw_only=True, tag_field="type", tag="hedge"):
    """Against."""


class Spread(Leg, frozen=True, kw_only=True, tag_field="type", tag="spread"):
    """Apart."""


class Combination(Answer, frozen=True, kw_only=True):
    """Some legs."""

    legs: dict[str, Hedge | Spread]
    made_ms: int = field(name="madeAt")
    note: str | UnsetType | None = UNSET


class GetCombination(Operation[Combination | None], frozen=True, kw_only=True):
    """The combination that you have.

    Source: GET /api/v1/combination. Signed as combinationQuery.
    """

    method, path, instruction = "GET", "/api/v1/combination", "combinationQuery"
    replaced_by = "/api/v1/combinations"

    since_ms: TimeMs = field(name="since")
    sides: tuple[SideLike, ...] | None = None


class Combine(Operation[None], frozen=True, kw_only=True):
    """Make one.

    Source: POST /api/v1/combination (combine). Public.
    """

    method, path = "POST", "/api/v1/combination"

    limit: int | None = None
    price: Number


class GetCombinations(Operation[Page[Combination]], frozen=True, kw_only=True):
    """All of them.

    Source: GET /api/v1/combinations (get_combinations). Public.
    """

    method, path = "GET", "/api/v1/combinations"


OURS = document()
THEIRS = document((GetCombination, Combine, GetCombinations))


def resolved(whole: Document, part: Any) -> Any:
    """What a reference stands for; anything else as it is."""
    while isinstance(part, dict) and "$ref" in part:
        target: Any = whole
        for name in part["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        part = target
    return part


def unfit(whole: Document, schema: Any, value: Any, where: str = "$") -> str | None:
    """The first place at which a value does not fit a schema."""
    schema = resolved(whole, schema)
    if value not in schema.get("enum", [value]):
        return f"{where}: {value!r} is none of {schema['enum']}"
    choices = schema.get("anyOf", schema.get("oneOf"))
    if choices:
        return None if any(unfit(whole, choice, value) is None for choice in choices) else f"{where}: none of its forms"
    if value is None:
        return None if schema.get("nullable") or not schema else f"{where}: null"
    kinds: dict[str, Any] = {
        "object": dict,
        "array": list,
        "string": str,
        "integer": int,
        "boolean": bool,
        "number": (int, float),
    }
    if "type" in schema and not isinstance(value, kinds[schema["type"]]):
        return f"{where}: {value!r} is no {schema['type']}"
    if isinstance(value, list):
        parts = ((f"{where}[{at}]", schema["items"], item) for at, item in enumerate(value))
    elif isinstance(value, dict):
        if missing := set(schema.get("required", ())) - set(value):
            return f"{where}: without {missing}"
        others = schema.get("additionalProperties", {})
        parts = ((f"{where}.{name}", schema.get("properties", {}).get(name, others), item) for name, item in value.items())
    else:
        return None
    return next((found for place, kind, item in parts if (found := unfit(whole, kind, item, place))), None)


def references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if "$ref" in part else []
        return own + [found for inner in part.values() for found in references(inner)]
    return [found for inner in part for found in references(inner)] if isinstance(part, list) else []


def test_every_operation_of_the_catalogue_is_in_the_document_once() -> None:
    listed = [(method.upper(), path) for path, item in OURS["paths"].items() for method in item]
    assert sorted(listed) == sorted((operation.method, operation.path) for operation in OPERATIONS)
    names = [operation["operationId"] for item in OURS["paths"].values() for operation in item.values()]
    assert len(set(names)) == len(OPERATIONS)


def test_every_reference_leads_somewhere() -> None:
    found = references(OURS)
    assert found
    assert all(resolved(OURS, {"$ref": reference}) for reference in found)


def test_two_documents_are_equal_and_share_nothing_that_can_be_changed() -> None:
    before = json.dumps(document())
    document()["components"]["schemas"]["Null"]["enum"].append("nothing")
    document()["components"]["schemas"]["Fill"]["properties"]["fee"]["format"] = "date"
    document()["components"]["parameters"]["X-WINDOW"]["schema"]["maximum"] = 1
    assert json.dumps(document()) == before


def test_recorded_answers_fit_the_document() -> None:
    for answer in answers():
        if answer.status == 200:
            responses = OURS["paths"][answer.operation.path][answer.operation.method.lower()]["responses"]
            if JSON in responses["200"]["content"]:
                found = unfit(OURS, responses["200"]["content"][JSON]["schema"], json.loads(answer.body))
                assert found is None, f"{answer.operation.__name__}: {found}"


@pytest.mark.parametrize(
    "row",
    [
        {"madeAt": 1, "legs": {"a": {"type": "swap", "ratio": "1"}}},
        {"madeAt": "1", "legs": {}},
        {"madeAt": None, "legs": {}},
        {"legs": {}},
        {"madeAt": 1, "legs": {"a": {"type": "hedge", "ratio": "1", "nextLeg": 5}}},
    ],
)
def test_what_the_struct_does_not_allow_does_not_fit(row: Any) -> None:
    assert unfit(THEIRS, THEIRS["components"]["schemas"]["Combination"], row)


def test_optional_field_may_be_null_or_absent() -> None:
    schema = THEIRS["components"]["schemas"]["Combination"]
    leg = {"type": "hedge", "ratio": "1.5"}
    assert unfit(THEIRS, schema, {"madeAt": 1, "legs": {"a": {**leg, "nextLeg": None}, "b": leg}, "note": None}) is None
    assert schema["required"] == ["legs", "madeAt"]


def test_decimal_that_is_written_as_a_number_is_one_in_the_document() -> None:
    properties = resolved(OURS, {"$ref": "#/components/schemas/Deposit"})["properties"]
    assert properties["fiatAmount"] == {"type": "number", "format": "double", "nullable": True}
    assert properties["quantity"] == {"type": "string", "format": "decimal"}


def test_signed_operation_carries_the_signature_and_names_its_instruction() -> None:
    place, depth = OURS["paths"]["/api/v1/order"]["post"], OURS["paths"]["/api/v1/depth"]["get"]
    names = [resolved(OURS, parameter)["name"] for parameter in place["parameters"]]
    assert names == ["X-API-KEY", "X-SIGNATURE", "X-TIMESTAMP", "X-WINDOW", "X-BROKER-ID", "X-BROKER-KEY"]
    assert place["x-instruction"] == "orderExecute"
    assert [parameter["name"] for parameter in depth["parameters"]] == ["symbol", "limit"]
    assert "x-instruction" not in depth


def test_body_has_the_exchanges_name_for_it_and_a_batch_is_a_list_of_it() -> None:
    schema = {"$ref": "#/components/schemas/OrderExecutePayload"}
    assert OURS["paths"]["/api/v1/order"]["post"]["requestBody"]["content"][JSON]["schema"] == schema
    batch = OURS["paths"]["/api/v1/orders"]["post"]["requestBody"]["content"][JSON]["schema"]
    assert batch == {"type": "array", "items": schema, "minItems": 1}
    payload = OURS["components"]["schemas"]["OrderExecutePayload"]
    assert payload["required"] == ["orderType", "side", "symbol"]
    assert payload["properties"]["price"] == {"type": "string", "format": "decimal"}
    assert payload["properties"]["clientId"] == {"type": "integer", "format": "uint32", "minimum": 0}


def test_query_says_what_is_required_and_repeated() -> None:
    since, sides = THEIRS["paths"]["/api/v1/combination"]["get"]["parameters"][-2:]
    assert (since["name"], since["required"], since["schema"]["format"]) == ("since", True, "int64")
    assert (sides["name"], sides["required"]) == ("sides", False)
    assert sides["schema"] == {"type": "array", "items": {"$ref": "#/components/schemas/Side"}}


def test_status_says_what_has_no_body() -> None:
    combination = THEIRS["paths"]["/api/v1/combination"]
    assert list(combination["get"]["responses"]) == ["200", "204", "4XX", "5XX"]
    assert list(combination["post"]["responses"]) == ["200", "4XX", "5XX"]
    assert "content" not in combination["post"]["responses"]["200"]
    assert list(OURS["paths"]["/api/v1/order"]["delete"]["responses"]) == ["200", "202", "4XX", "5XX"]


def test_page_is_a_list_with_headers_that_count() -> None:
    answer = THEIRS["paths"]["/api/v1/combinations"]["get"]["responses"]["200"]
    assert answer["content"][JSON]["schema"]["type"] == "array"
    assert "X-TOTAL" in answer["headers"]


def test_plain_text_is_answered_as_text() -> None:
    assert OURS["paths"]["/api/v1/ping"]["get"]["responses"]["200"]["content"] == {TEXT: {"schema": {"type": "string"}}}
    clock = OURS["paths"]["/api/v1/time"]["get"]["responses"]["200"]["content"][TEXT]["schema"]
    assert clock == {"type": "string", "pattern": "^-?[0-9]+$"}


def test_replaced_operation_is_deprecated_and_one_without_a_known_id_gets_its_name() -> None:
    old = THEIRS["paths"]["/api/v1/combination"]["get"]
    assert (old["deprecated"], old["x-replaced-by"]) == (True, "/api/v1/combinations")
    assert (old["operationId"], old["summary"]) == ("get_combination", "The combination that you have.")


def test_union_of_tagged_structs_names_its_discriminator() -> None:
    legs = THEIRS["components"]["schemas"]["Combination"]["properties"]["legs"]["additionalProperties"]
    assert legs["discriminator"]["propertyName"] == "type"
    assert set(legs["discriminator"]["mapping"]) == {"hedge", "spread"}
    assert THEIRS["components"]["schemas"]["Hedge"]["required"] == ["ratio", "type"]


def test_types_of_the_same_name_do_not_take_each_others_place() -> None:
    schemas = Schemas()
    other = msgspec.defstruct("Combination", [("parts", int)], module="haversack.wire.elsewhere")
    references = [schemas.of(kind)["$ref"].rpartition("/")[2] for kind in (Combination, other, Combination, other)]
    assert references == ["Combination", "ElsewhereCombination", "Combination", "ElsewhereCombination"]
    assert list(schemas.named["ElsewhereCombination"]["properties"]) == ["parts"]
