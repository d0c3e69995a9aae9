"""What is said of a text that is no JSON, and where."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haversack.exchange.json_fault import json_fault


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"", "EOF while parsing a value at line 1 column 0"),
        (b"  ", "EOF while parsing a value at line 1 column 2"),
        (b"{", "EOF while parsing an object at line 1 column 1"),
        (b'{"a"', "EOF while parsing an object at line 1 column 4"),
        (b'{"a":', "EOF while parsing a value at line 1 column 5"),
        (b'{"a":1', "EOF while parsing an object at line 1 column 6"),
        (b'{"a":1,', "EOF while parsing a value at line 1 column 7"),
        (b'{"a":1,}', "trailing comma at line 1 column 8"),
        (b'{"a":}', "expected value at line 1 column 6"),
        (b'{"a" 1}', "expected `:` at line 1 column 6"),
        (b'{"a":1 "b":2}', "expected `,` or `}` at line 1 column 8"),
        (b"{a:1}", "key must be a string at line 1 column 2"),
        (b"{'a':1}", "key must be a string at line 1 column 2"),
        (b'{\n  "a": 1,\n  b: 2\n}', "key must be a string at line 3 column 3"),
        (b'{"a":1}\n x', "trailing characters at line 2 column 2"),
        (b"[", "EOF while parsing a list at line 1 column 1"),
        (b"[1 2]", "expected `,` or `]` at line 1 column 4"),
        (b"[1,]", "trailing comma at line 1 column 4"),
        (b"[1}", "expected `,` or `]` at line 1 column 3"),
        (b'{"a":True}', "expected value at line 1 column 6"),
        (b"tru", "EOF while parsing a value at line 1 column 3"),
        (b"nul1", "expected ident at line 1 column 4"),
        (b"01", "invalid number at line 1 column 2"),
        (b"-", "EOF while parsing a value at line 1 column 1"),
        (b"-a", "invalid number at line 1 column 2"),
        (b"1.", "EOF while parsing a value at line 1 column 2"),
        (b'{"a":1.}', "invalid number at line 1 column 8"),
        (b"1e", "EOF while parsing a value at line 1 column 2"),
        (b"1e+x", "invalid number at line 1 column 4"),
        (b"+1", "expected value at line 1 column 1"),
        (b'"a', "EOF while parsing a string at line 1 column 2"),
        (b'"a\\', "EOF while parsing a string at line 1 column 3"),
        (b'"\\x"', "invalid escape at line 1 column 3"),
        (b'"\\u12', "EOF while parsing a string at line 1 column 5"),
        (b'"\\u12g4"', "invalid escape at line 1 column 7"),
        (b'"\\udc00"', "lone leading surrogate in hex escape at line 1 column 7"),
        (b'"\\ud800x"', "unexpected end of hex escape at line 1 column 8"),
        (b'"\\ud800\\u0041"', "lone leading surrogate in hex escape at line 1 column 13"),
        (b'"a\tb"', "control character (\\u0000-\\u001F) found while parsing a string at line 1 column 3"),
        (b'"\xff"', "invalid unicode code point at line 1 column 3"),
        (b"\xff", "expected value at line 1 column 1"),
        (b"[" * 200, "recursion limit exceeded at line 1 column 128"),
    ],
)
def test_the_fault_is_named_with_its_place(text: bytes, fault: str) -> None:
    assert json_fault(text) == fault


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
)


@given(_json, st.booleans(), st.sampled_from([None, 1]))
def test_json_has_no_fault(value: object, ascii_only: bool, indent: int | None) -> None:
    assert json_fault(json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")) is None


@given(st.binary(max_size=40) | st.text('{}[]",:ntrueflas0123.-+eE \\\n', max_size=40).map(str.encode))
def test_what_another_parser_refuses_has_a_fault(text: bytes) -> None:
    try:
        json.loads(text.decode(), parse_constant=lambda _word: 1 / 0)
    except (ValueError, ZeroDivisionError):
        assert json_fault(text) is not None
