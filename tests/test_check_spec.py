"""tools/check_spec.py: every kind of difference from the exchange's documentation is found, and none is left in ours."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

import check_spec
from check_spec import Allowed, Unreadable, all_differences, allowed_in, complaints, error_differences, source_differences
from haversack.wire.base import Answer, CancelPending, Operation, Page
from haversack.wire.inputs import Number, SideLike
from haversack.wire.openapi import Document, document
from recordings import folder
from spec.compare import Difference, differences
from spec.overlay import overlaid
from spec.streams import stream_differences

OVERLAY = Path(check_spec.__file__).parent / "spec" / "2026-10.yml"


class Basket(Answer, frozen=True, kw_only=True):
    """Some things at one price."""

    basket_id: str
    note: str | None = None
    price: Decimal
    weights: dict[str, Decimal]


class GetBaskets(Operation[Page[Basket]], frozen=True, kw_only=True):
    """Your baskets.

    Source: GET /api/v1/baskets (get_baskets). Signed as basketQueryAll.
    """

    method, path, instruction = "GET", "/api/v1/baskets", "basketQueryAll"

    side: SideLike
    symbols: tuple[str, ...] | None = None


class FillBaskets(Operation[list[Basket] | CancelPending], frozen=True, kw_only=True):
    """Put something into each.

    Source: POST /api/v1/baskets (fill_baskets). Public.
    """

    method, path, payload, names_broker = "POST", "/api/v1/baskets", "BasketPayload", True

    quantity: Number
    reference: int | None = None


OURS = document((GetBaskets, FillBaskets))

# As the exchange writes its document: the instruction in a description, compositions around references, one of each thing.
THEIRS: Document = yaml.safe_load("""
paths:
  /api/v1/baskets:
    get:
      operationId: get_baskets
      description: "Baskets.\\n\\n**Instruction:** `basketQueryAll`"
      parameters:
        - {name: side, in: query, required: true, schema: {$ref: '#/components/schemas/Side'}}
        - {name: symbols, in: query, required: false, schema: {type: array, items: {type: string}}}
        - {name: X-API-KEY, in: header, required: true, schema: {type: string}}
      responses:
        '200':
          headers: {X-TOTAL: {schema: {type: integer}}}
          content:
            application/json; charset=utf-8:
              schema: {type: array, items: {$ref: '#/components/schemas/BasketSummary'}}
        '400': {description: No.}
    post:
      operationId: fill_baskets
      parameters:
        - {name: X-BROKER-ID, in: header, required: false, schema: {type: integer}}
      requestBody:
        content:
          application/json; charset=utf-8: {schema: {$ref: '#/components/schemas/BasketPayload'}}
      responses:
        '200':
          content:
            application/json; charset=utf-8:
              schema: {type: array, items: {$ref: '#/components/schemas/BasketSummary'}}
        '202': {description: Later.}
components:
  schemas:
    Side: {type: string, enum: [Bid, Ask]}
    BasketPayload:
      type: object
      required: [quantity]
      properties:
        quantity: {description: How much., allOf: [{type: string, format: decimal}, {description: How much.}]}
        reference: {type: integer, format: uint32}
    BasketSummary:
      anyOf: [{$ref: '#/components/schemas/Priced'}, {$ref: '#/components/schemas/Noted'}]
    Priced:
      allOf:
        - {type: object, required: [weights], properties: &weights {weights: {$ref: '#/components/schemas/Weights'}}}
        - {$ref: '#/components/schemas/Base'}
    Noted:
      type: object
      required: [weights, basketId, price]
      properties: {<<: *weights, basketId: {type: string}, price: {type: string, format: decimal}, note: {type: string}}
    Weights: {type: object, additionalProperties: {type: string, format: decimal}}
    Base:
      type: object
      required: [basketId, price]
      properties: {basketId: {type: string}, price: {type: string, format: decimal}}
""")

QUERY, FILL = "{paths: {/api/v1/baskets: {get: %s}}}", "{paths: {/api/v1/baskets: {post: %s}}}"
SCHEMA = "{components: {schemas: %s}}"
NOTED = SCHEMA % "{Noted: {properties: %s}}"

CART = """
components:
  schemas:
    Cart: {allOf: [{$ref: '#/components/schemas/BasketPayload'}]}
paths:
  /api/v1/baskets:
    post: {requestBody: {content: {application/json; charset=utf-8: {schema: {$ref: '#/components/schemas/Cart'}}}}}
"""

# What the documentation says besides, or no longer; and the lines that must be printed of it.
KINDS: dict[str, tuple[str, list[str]]] = {
    "operation that we do not have": (
        "{paths: {/api/v1/lists: {get: {operationId: get_lists, responses: {}}}}}",
        ["GET /api/v1/lists: found nothing; wanted the operation get_lists"],
    ),
    "operation that is not documented": (
        "{paths: {/api/v1/baskets: {post: null}}}",
        ["POST /api/v1/baskets: found the operation; wanted nothing"],
    ),
    "other operation id": (
        QUERY % "{operationId: list_baskets}",
        ["GET /api/v1/baskets operationId: found get_baskets; wanted list_baskets"],
    ),
    "other instruction": (
        QUERY % "{description: '**Instruction:** `basketQuery`'}",
        ["GET /api/v1/baskets instruction: found basketQueryAll; wanted basketQuery"],
    ),
    "instruction of an operation that we do not sign": (
        FILL % "{description: '**Instruction:** `basketFill`'}",
        ["POST /api/v1/baskets instruction: found nothing; wanted basketFill"],
    ),
    "parameter that we do not have": (
        QUERY % "{parameters: [{name: limit, in: query, schema: {type: integer}}]}",
        ["GET /api/v1/baskets ?limit: found nothing; wanted integer"],
    ),
    "parameter that is not documented": (
        QUERY % "{x-removed: [symbols]}",
        ["GET /api/v1/baskets ?symbols: found list; wanted nothing"],
    ),
    "parameter that must be sent": (
        QUERY % "{parameters: [{name: symbols, required: true}]}",
        ["GET /api/v1/baskets ?symbols: found optional; wanted required"],
    ),
    "parameter that need not be sent": (
        QUERY % "{parameters: [{name: side, required: false}]}",
        ["GET /api/v1/baskets ?side: found required; wanted optional"],
    ),
    "parameter of another type": (
        QUERY % "{parameters: [{name: symbols, schema: {items: {type: integer}}}]}",
        ["GET /api/v1/baskets ?symbols[]: found text; wanted integer"],
    ),
    "word that we do not have": (SCHEMA % "{Side: {enum: [Both]}}", ["Side word: found nothing; wanted Both"]),
    "word that is not documented": (SCHEMA % "{Side: {x-removed: [Ask]}}", ["Side word: found Ask; wanted nothing"]),
    "name of a body": (CART, ["POST /api/v1/baskets body name: found BasketPayload; wanted Cart"]),
    "body field that we do not send": (
        SCHEMA % "{BasketPayload: {required: [color], properties: {color: {type: string}}}}",
        ["BasketPayload.color: found nothing; wanted text, required"],
    ),
    "body field of another type": (
        SCHEMA % "{BasketPayload: {properties: {reference: {type: string}}}}",
        ["BasketPayload.reference: found integer; wanted text"],
    ),
    "field that we do not read": (NOTED % "{fee: {type: string}}", ["BasketSummary.fee: found nothing; wanted text"]),
    "field that is not documented": (NOTED % "{note: null}", ["BasketSummary.note: found text; wanted nothing"]),
    "field of another type": (NOTED % "{note: {type: integer}}", ["BasketSummary.note: found text; wanted integer"]),
    "decimal that is plain text": (
        SCHEMA % "{Weights: {additionalProperties: {format: text}}}",
        ["BasketSummary.weights[]: found decimal; wanted text"],
    ),
    "field that may be absent": (
        SCHEMA % "{Base: {x-removed: [price]}}",
        ["BasketSummary.price: found required; wanted optional"],
    ),
    "status that we do not expect": (
        QUERY % "{responses: {'204': {description: None.}}}",
        ["GET /api/v1/baskets 204: found nothing; wanted a status"],
    ),
    "status that is not documented": (
        FILL % "{responses: {'202': null}}",
        ["POST /api/v1/baskets 202: found a status; wanted nothing"],
    ),
    "answer without a body": (
        FILL % "{responses: {'200': {content: null}}}",
        ["POST /api/v1/baskets 200: found a body; wanted nothing"],
    ),
    "page without its headers": (
        QUERY % "{responses: {'200': {headers: null}}}",
        ["GET /api/v1/baskets 200 page headers: found yes; wanted no"],
    ),
    "broker that is not named": (
        FILL % "{x-removed: [X-BROKER-ID]}",
        ["POST /api/v1/baskets broker headers: found yes; wanted no"],
    ),
    "deprecation that we do not know": (
        QUERY % "{deprecated: true}",
        ["GET /api/v1/baskets deprecated: found no; wanted yes"],
    ),
}


def test_document_in_the_exchanges_form_that_says_the_same_shows_no_difference() -> None:
    assert differences(OURS, THEIRS) == []


@pytest.mark.parametrize("kind", KINDS)
def test_difference_is_found_and_nothing_else(kind: str) -> None:
    overlay, lines = KINDS[kind]
    theirs = overlaid(THEIRS, yaml.safe_load(overlay))
    assert [str(difference) for difference in differences(OURS, theirs)] == lines


def test_overlay_changes_neither_document() -> None:
    before = copy.deepcopy(THEIRS)
    for overlay, _ in KINDS.values():
        overlaid(THEIRS, yaml.safe_load(overlay))
    assert before == THEIRS


def test_forms_of_a_union_are_compared_one_by_one() -> None:
    ours = document()
    row = overlaid(ours, yaml.safe_load(SCHEMA % "{RefusedInBatch: {properties: {retry: {type: boolean}}}}"))
    assert differences(ours, row) == [Difference("RefusedInBatch.retry", "nothing", "boolean")]
    one = overlaid(ours, yaml.safe_load(SCHEMA % "{Order: {properties: {lane: {type: string}}}}"))
    assert differences(ours, one) == [Difference("Order.lane", "nothing", "text")]


def test_error_code_without_a_class_is_found() -> None:
    theirs = yaml.safe_load(SCHEMA % "{ApiErrorCode: {type: string, enum: [INVALID_ORDER, TOO_LOUD]}}")
    assert list(error_differences(theirs)) == [Difference("error TOO_LOUD", "nothing", "a class")]


def test_stream_event_and_key_that_are_not_read_are_found() -> None:
    example = '{\n  "e": "depth", // kind\n  "U": 1,\n  "z": {\n}\n{\n  "e": "whisper",\n  "s": "SOL_USDC"\n}'
    assert list(stream_differences({"tags": [{"name": "Streams", "description": example}]})) == [
        Difference("stream event depth.z", "nothing", "the key"),
        Difference("stream event whisper", "nothing", "the event"),
    ]


def test_stream_keys_of_an_overlay_are_looked_for_too() -> None:
    later = {"x-streams": {"depth": ["U", "y"], "balanceUpdate": ["A"]}}
    assert list(stream_differences(later)) == [Difference("stream event depth.y", "nothing", "the key")]


class Misled(Operation[str], frozen=True):
    """A word.

    Source: GET /api/v1/words (get_word). Public.
    """

    method, path = "GET", "/api/v1/word"


def test_source_line_that_names_another_place_is_found() -> None:
    misled = Difference("source of Misled", "GET /api/v1/words", "GET /api/v1/word")
    assert list(source_differences([Misled, GetBaskets])) == [misled]


def test_sources_operations_errors_and_streams_are_all_looked_at() -> None:
    theirs = yaml.safe_load(SCHEMA % "{ApiErrorCode: {enum: [TOO_LOUD]}}")
    theirs["tags"] = [{"name": "Streams", "description": '{\n  "e": "whisper"\n}'}]
    found = [difference.where for difference in all_differences(theirs, [Misled])]
    assert found == ["source of Misled", "GET /api/v1/word", "error TOO_LOUD", "stream event whisper"]


SPARE = Difference("Basket.note", "text", "integer")


@pytest.mark.parametrize(
    ("entry", "lines"),
    [
        (Allowed("Basket.note", "text", "integer", "seen"), []),
        (Allowed("Basket.*", "*", "*", "seen"), []),
        (
            Allowed("Basket.note", "text", "number", "seen"),
            [str(SPARE), "listed, and not so any more: Basket.note: found text; wanted number"],
        ),
        (
            Allowed("Basket.n.te", "*", "*", "seen"),
            [str(SPARE), "listed, and not so any more: Basket.n.te: found *; wanted *"],
        ),
    ],
)
def test_listed_difference_is_silent_and_an_entry_that_explains_nothing_is_not(entry: Allowed, lines: list[str]) -> None:
    assert complaints([SPARE], [entry]) == lines


def test_each_place_of_an_entry_has_to_be_so() -> None:
    entries = allowed_in([{"where": ["Basket.note", "Basket.price"], "evidence": "seen"}], Path("list.yml"))
    assert complaints([SPARE], entries) == ["listed, and not so any more: Basket.price: found *; wanted *"]


@pytest.mark.parametrize("entry", [{"where": "Basket.note"}, {"evidence": "seen"}, {"where": "a", "evidence": "b", "why": "c"}])
def test_entry_without_place_or_evidence_is_refused(entry: dict[str, str]) -> None:
    with pytest.raises(Unreadable, match=r"list\.yml: an entry has `where`, `evidence`"):
        allowed_in([entry], Path("list.yml"))


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, list[str]]]:
    """Runs the tool on documents of which no difference is listed; its exit code, and what it printed."""

    def run(*documents: Any) -> tuple[int, list[str]]:
        paths = [tmp_path / f"{at}.{'json' if at == 0 else 'yml'}" for at, _ in enumerate(documents)]
        for path, content in zip(paths, documents, strict=True):
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        (tmp_path / "allowed.yml").write_text("[]")
        code = check_spec.main([*map(str, paths), "--allowed", str(tmp_path / "allowed.yml")])
        said = capsys.readouterr()
        return code, (said.out or said.err).splitlines()

    return run


def test_tool_ends_with_0_if_all_is_the_same_and_with_1_and_a_line_if_not(check: Callable[..., tuple[int, list[str]]]) -> None:
    assert check(document())[0] == 0
    line = "GET /api/v1/depth operationId: found get_depth; wanted get_book"
    assert check(document(), "{paths: {/api/v1/depth: {get: {operationId: get_book}}}}") == (1, [line])


def test_tool_ends_with_2_and_says_why_if_it_cannot_read(check: Callable[..., tuple[int, list[str]]]) -> None:
    code, said = check("not json")
    assert code == 2
    assert said[0].startswith("check_spec: cannot read ")
    assert check(document(), "{paths")[0] == 2


def test_tool_says_what_to_install_if_yaml_cannot_be_read(
    check: Callable[..., tuple[int, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert check(document()) == (2, [f"check_spec: {check_spec.NO_YAML}"])


def test_catalogue_differs_from_the_exchanges_document_only_where_it_is_listed_with_its_evidence() -> None:
    theirs = overlaid(check_spec.read(folder() / "openapi.yml"), check_spec.read(OVERLAY))
    allowed = allowed_in(check_spec.read(check_spec.ALLOWED), check_spec.ALLOWED)
    lines = complaints(all_differences(theirs), allowed)
    assert not lines, "\n".join(lines)
