"""Whatever is written can be read again, whatever is unknown is tolerated, and no bytes do harm."""

from __future__ import annotations

import json
import time
import tracemalloc
from contextlib import suppress
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haversack.errors import ProtocolError
from haversack.wire.base import Answer, StreamEvent, body_type
from haversack.wire.catalogue import OPERATIONS
from haversack.wire.codec import decode, encode
from haversack.wire.enums import OpenEnum
from haversack.wire.faults import ErrorDetail
from haversack.wire.frames import Message, read_frame
from wire import shapes

ANSWERS, EVENTS = shapes.answer_types(), shapes.event_types()
names = [kind.__name__ for kind in (*ANSWERS, *EVENTS)]


def test_every_kind_of_answer_and_event_is_covered() -> None:
    assert {"Order", "Depth", "Kline", "Fill", "Market", "Account", "Token"} <= set(names)
    assert {"DepthUpdate", "OrderUpdate", "KlineEvent", "BalanceUpdate"} <= set(names)


@pytest.mark.parametrize("kind", [*ANSWERS, *EVENTS], ids=names)
@given(data=st.data())
@settings(max_examples=30)
def test_what_is_written_is_read_again(kind: type[Answer | StreamEvent], data: st.DataObject) -> None:
    value = data.draw(shapes.structs(kind))
    written = encode(value)
    read = decode(kind, written, what="what we wrote")
    assert encode(read) == written
    assert read == value


@pytest.mark.parametrize("kind", [*ANSWERS, *EVENTS], ids=names)
@given(data=st.data())
@settings(max_examples=12)
def test_unknown_fields_change_nothing(kind: type[Answer | StreamEvent], data: st.DataObject) -> None:
    content = json.loads(encode(data.draw(shapes.structs(kind))))
    strangers = data.draw(st.dictionaries(st.text(min_size=9, max_size=12).map("new-".__add__), st.none() | st.integers()))
    plain, extended = (json.dumps(c).encode() for c in (content, content | strangers))
    assert decode(kind, extended, what="an answer") == decode(kind, plain, what="an answer")


@pytest.mark.parametrize("kind", ANSWERS, ids=lambda kind: kind.__name__)
@given(data=st.data())
@settings(max_examples=12)
def test_optional_field_of_an_answer_may_be_null_or_absent(kind: type[Answer], data: st.DataObject) -> None:
    content = json.loads(encode(data.draw(shapes.structs(kind))))
    optional = [f.encode_name for f in msgspec.structs.fields(kind) if not f.required and type(None) in get_args(f.type)]
    nulls = content | dict.fromkeys(optional)
    absent = {name: value for name, value in content.items() if name not in optional}
    for body in (nulls, absent):
        decode(kind, json.dumps(body).encode(), what="an answer")


@pytest.mark.parametrize("kind", OpenEnum.__subclasses__(), ids=lambda kind: kind.__name__)
@given(word=st.text(min_size=1))
@settings(max_examples=30)
def test_any_word_decodes_to_itself(kind: type[OpenEnum], word: str) -> None:
    body = json.dumps(word).encode()
    member = decode(kind, body, what="a word")
    assert isinstance(member, kind)
    assert member == word
    assert member.is_known == (word in {known.value for known in kind})
    assert decode(kind, encode(member), what="a word") == member


@given(body=st.binary(max_size=200))
@settings(max_examples=500)
def test_any_bytes_are_read_or_refused_as_a_protocol_error(body: bytes) -> None:
    for kind in {body_type(operation) for operation in OPERATIONS if not operation.answers_text}:
        refused_or_read(kind, body)


@given(body=st.binary(max_size=200))
@settings(max_examples=3_000)
def test_any_frame_is_read_or_refused_as_a_protocol_error(body: bytes) -> None:
    try:
        message = read_frame(body)
    except ProtocolError:
        return
    assert isinstance(message, Message | ErrorDetail)


@pytest.mark.parametrize("kind", ANSWERS, ids=lambda kind: kind.__name__)
@given(data=st.data())
@settings(max_examples=30)
def test_answer_with_one_wrong_place_is_read_or_refused_as_a_protocol_error(kind: type[Answer], data: st.DataObject) -> None:
    content = json.loads(encode(data.draw(shapes.structs(kind))))
    name = data.draw(st.sampled_from(sorted(content)))
    content[name] = data.draw(st.none() | st.booleans() | st.floats() | st.text() | st.lists(st.integers(), max_size=2))
    refused_or_read(kind, json.dumps(content).encode())


BOMBS = [b"1E+999999999", b"-1E-999999999", b'"1E+999999999"', b"NaN", b"Infinity", b"9" * 5_000, b'"' + b"9" * 100_000 + b'"']


@pytest.mark.parametrize("number", BOMBS, ids=lambda number: number[:16].decode())
def test_number_that_is_a_bomb_costs_neither_memory_nor_time(number: bytes) -> None:
    body = b'{"available":' + number + b',"locked":"0","staked":"0"}'
    kind = body_type(next(operation for operation in OPERATIONS if operation.__name__ == "GetBalances"))
    tracemalloc.start()
    started_ns = time.monotonic_ns()
    try:
        refused_or_read(kind, b'{"USDC":' + body + b"}")
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
        assert time.monotonic_ns() - started_ns < 1_000_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b'[{"data":' * 50_000], ids=["lists", "objects", "both"])
def test_body_that_is_nested_too_deep_is_refused(body: bytes) -> None:
    for kind in (list[Any], dict[str, Any]):
        with pytest.raises(ProtocolError):
            decode(kind, body, what="an answer")
    with pytest.raises(ProtocolError):
        read_frame(body)


def refused_or_read(kind: Any, body: bytes) -> None:
    # What was read may hold a number that is too long to write out; that is refused when it is written.
    with suppress(ProtocolError):
        encode(decode(kind, body, what="an answer"))
