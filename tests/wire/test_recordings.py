"""What the real exchange sent comes back byte for byte, and has no field that the types do not name."""

from __future__ import annotations

import json
from typing import Any, get_args, get_origin

import msgspec
import pytest

from haversack.errors import ApiError
from haversack.rest.answers import read_answer
from haversack.rest.http import HttpResponse
from haversack.wire.assets import Asset
from haversack.wire.base import body_type
from haversack.wire.codec import decode, encode
from haversack.wire.events import EVENT_TYPES, RawEvent
from haversack.wire.frames import Message, kind_of, read_frame, write_frame
from haversack.wire.markets import Market, Ticker
from recordings import recorded_frames
from wire import recorded

LISTS = [
    ("marketdata/markets.2026-09.json", Market),
    ("marketdata/tickers.2026-09.json", Ticker),
    ("recorded/bbgo/markets.SPOT.subset.json", Market),
    ("marketdata/assets.recorded.json", Asset),
]


def test_recorded_answers_come_back_byte_for_byte() -> None:
    for answer in recorded.answers():
        if answer.status == 200 and not answer.operation.answers_text:
            decoded = decode(body_type(answer.operation), answer.body, what="a recording")
            assert encode(decoded) == answer.body


def test_recorded_frames_come_back_byte_for_byte() -> None:
    for frame in recorded_frames():
        message = read_frame(frame)
        assert isinstance(message, Message)
        assert not isinstance(message.event, RawEvent)
        assert write_frame(message.stream, message.event) == frame


@pytest.mark.parametrize(("name", "kind"), LISTS)
def test_recorded_rows_come_back_byte_for_byte(name: str, kind: Any) -> None:
    for row in recorded.rows(name):
        assert encode(decode(kind, row, what=name)) == row


def test_no_recorded_answer_has_a_field_without_a_name() -> None:
    for answer in recorded.answers():
        if answer.status == 200 and not answer.operation.answers_text:
            kind = body_type(answer.operation)
            assert list(strange_fields(kind, json.loads(answer.body))) == []


@pytest.mark.parametrize(("name", "kind"), LISTS)
def test_no_recorded_row_has_a_field_without_a_name(name: str, kind: Any) -> None:
    for row in recorded.rows(name):
        assert list(strange_fields(kind, json.loads(row))) == []


def test_no_recorded_frame_has_a_field_without_a_name() -> None:
    for frame in recorded_frames():
        content = json.loads(frame)
        kind = EVENT_TYPES[kind_of(content["stream"])]
        assert list(strange_fields(kind, content["data"])) == []


def test_field_that_no_type_names_would_be_found() -> None:
    assert list(strange_fields(list[Asset], [{"symbol": "SOL", "tokens": [{"colour": "red"}]}])) == ["Token.colour"]


def test_recorded_errors_are_api_errors_with_their_text() -> None:
    for answer in recorded.answers():
        if answer.status >= 400:
            with pytest.raises(ApiError) as caught:
                read_answer(
                    answer.operation(**dict.fromkeys(answer.operation.__struct_fields__)),
                    HttpResponse(answer.status, {}, answer.body),
                )
            assert caught.value.message in answer.body.decode()
            assert (caught.value.code or "") in answer.body.decode()


def strange_fields(kind: Any, value: Any) -> list[str]:
    """The places in a JSON value that the type has no field for."""
    inner = [part for part in get_args(kind) if part is not type(None)]
    if isinstance(value, dict) and get_origin(kind) is dict:
        return [found for item in value.values() for found in strange_fields(inner[1], item)]
    if isinstance(value, list) and get_origin(kind) is list:
        return [found for item in value for found in strange_fields(inner[0], item)]
    structs = [part for part in (kind, *inner) if isinstance(part, type) and issubclass(part, msgspec.Struct)]
    if not isinstance(value, dict) or not structs:
        return []
    struct = structs[0]
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(struct)}
    known = {*fields, struct.__struct_config__.tag_field}
    strange = [f"{struct.__name__}.{name}" for name in value if name not in known]
    return strange + [found for name, item in value.items() if name in fields for found in strange_fields(fields[name], item)]
