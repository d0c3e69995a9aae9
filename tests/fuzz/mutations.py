"""Bytes that are nearly right: valid ones with damage of the kinds that break decoders, the same for the same dice."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

Mutation: TypeAlias = Callable[[bytes, Sequence[bytes], random.Random], bytes]

# What stands in place of a JSON value.
VALUES = [
    *(b"null", b"true", b"false", b"0", b"-1", b"-0", b"1.5", b'""', b'"x"', b"[]", b"{}", b"[[]]", b'[["1","2"]]'),
    b'{"a":1}',
    *(b"9223372036854775807", b"9223372036854775808", b"-9223372036854775809", b"18446744073709551616", b"9" * 40, b"9" * 5_000),
    *(b"1e999999999", b"-1e-999999999", b"1E400", b"0e0", b"00", b"1.", b".5", b"+1", b"0x1", b"1_000"),
    *(b"NaN", b"-Infinity"),
    *(
        b'"1e999999999"',
        b'"1E-999999999"',
        b'"NaN"',
        b'"sNaN123"',
        b'"-Infinity"',
        b'"1_0"',
        b'" 1 "',
        b'"+1"',
        b'"-0"',
        b'"0x1"',
    ),
    *(b'"' + b"9" * 5_000 + b'"', b'"0.' + b"0" * 5_000 + b'1"', b'"1e99999"', b'"\xd9\xa1\xd9\xa2"', b'"a&b=c"', b'"\\u0000"'),
    *(
        b'"\\ud800"',
        b'"\\udfff\\ud800"',
        b'"\\ud83d\\ude00"',
        b'"\\u"',
        b'"\\x"',
        b'"\xed\xa0\x80"',
        b'"\xff\xfe"',
        b'"\xc0\x80"',
    ),
    *(b'"2026-13-45T99:99:99"', b'"0000-00-00T00:00:00"', b'"9999-12-31T23:59:59.999999999Z"', b'"+275760-09-13"', b'"x' * 3),
    *(b'"Bid"', b'"New"', b'"depth"', b'"SOL_USDC"', b'"' + b"long" * 20_000 + b'"', b"[" + b"0," * 20_000 + b"0]"),
]
_VALUE = re.compile(rb'"(?:[^"\\]|\\.)*"(?!\s*:)|-?[0-9][0-9.eE+-]*|true|false|null')
_KEY = re.compile(rb'"(?:[^"\\]|\\.)*"\s*:')
_DEPTHS = (2, 10, 100, 400, 1_000, 2_000, 100_000)
_OPENING = (b"[", b'{"a":', b'[{"data":', b'{"e":[')
_CLOSING = {b"[": b"]", b'{"a":': b"}", b'[{"data":': b"}]", b'{"e":[': b"]}"}
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_JSON_BYTES = b'{}[]",:0123456789.eE+-truefalsn\\u \n\t'


def with_bits_flipped(content: bytes, _: Sequence[bytes], dice: random.Random) -> bytes:
    changed = bytearray(content or b"\0")
    for _time in range(dice.choice((1, 1, 2, 8))):
        changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def cut(content: bytes, _: Sequence[bytes], dice: random.Random) -> bytes:
    first, last = sorted(dice.randrange(len(content) + 1) for _time in range(2))
    return dice.choice((content[:last], content[first:], content[first:last], content[:first] + content[last:]))


def spliced(content: bytes, corpus: Sequence[bytes], dice: random.Random) -> bytes:
    other = dice.choice(corpus)
    return content[: dice.randrange(len(content) + 1)] + other[dice.randrange(len(other) + 1) :]


def with_other_value(content: bytes, _: Sequence[bytes], dice: random.Random) -> bytes:
    places = [found.span() for found in _VALUE.finditer(content)]
    if not places:
        return dice.choice(VALUES)
    for first, last in sorted(dice.sample(places, min(len(places), dice.choice((1, 1, 1, 2, 5)))), reverse=True):
        content = content[:first] + dice.choice(VALUES) + content[last:]
    return content


def with_nested_value(content: bytes, _: Sequence[bytes], dice: random.Random) -> bytes:
    # Around the depth at which Python ends a recursion every single level counts; the deepest costs most, so it is rare.
    kind = dice.random()
    depth = dice.randrange(960, 1_000) if kind < 0.5 else dice.choice(_DEPTHS[:-1] if kind < 0.95 else _DEPTHS)
    opening = dice.choice(_OPENING)
    closing = _CLOSING[opening] * depth if dice.random() < 0.8 else b""
    nested = opening * depth + b"0" + closing
    places = [found.span() for found in _VALUE.finditer(content)]
    if not places or dice.random() < 0.2:
        return nested
    first, last = dice.choice(places)
    return content[:first] + nested + content[last:]


def with_key_twice(content: bytes, _: Sequence[bytes], dice: random.Random) -> bytes:
    keys = [found.group() for found in _KEY.finditer(content)]
    begin = content.find(b"{") + 1
    if not keys or not begin:
        return content + content
    return content[:begin] + dice.choice(keys) + dice.choice(VALUES) + b"," + content[begin:]


def with_other_key(content: bytes, _: Sequence[bytes], dice: random.Random) -> bytes:
    keys = [found.span() for found in _KEY.finditer(content)]
    if not keys:
        return b"{" + content + b":1}"
    first, last = dice.choice(keys)
    return content[:first] + dice.choice((b'"":', b'"\\ud800":', b'"e":', b'"a":', b'"\xff":', b"1:", b"null:")) + content[last:]


def with_all_null(content: bytes, _: Sequence[bytes], dice: random.Random) -> bytes:
    return _VALUE.sub(dice.choice((b"null", b"[]", b'""', b"-1", b"1e400")), content)


def marked(content: bytes, _: Sequence[bytes], dice: random.Random) -> bytes:
    return dice.choice(_BOMS) + content


def in_another_encoding(content: bytes, _: Sequence[bytes], dice: random.Random) -> bytes:
    return content.decode(errors="replace").encode(dice.choice(("utf-16", "utf-32", "utf-7", "utf-16-le")))


def stuffed(content: bytes, _: Sequence[bytes], dice: random.Random) -> bytes:
    place = dice.randrange(len(content) + 1)
    return content[:place] + dice.choice((b" ", b"\0", b"\n", b"a", b"\xff", b"[", b'"', b"9")) * 10_000 + content[place:]


def random_bytes(_: bytes, _corpus: Sequence[bytes], dice: random.Random) -> bytes:
    return dice.randbytes(dice.choice((0, 1, 2, 8, 64, 1_000)))


def random_json(_: bytes, _corpus: Sequence[bytes], dice: random.Random) -> bytes:
    return bytes(dice.choices(_JSON_BYTES, k=dice.choice((1, 5, 30, 200))))


MUTATIONS: dict[Mutation, int] = {
    with_bits_flipped: 20,
    cut: 12,
    spliced: 12,
    with_other_value: 40,
    with_nested_value: 2,
    with_key_twice: 6,
    with_other_key: 5,
    with_all_null: 2,
    marked: 1,
    in_another_encoding: 1,
    stuffed: 1,
    random_bytes: 4,
    random_json: 4,
}
"""Each with its weight."""

_kinds, _weights = list(MUTATIONS), list(MUTATIONS.values())


def mutated(corpus: Sequence[bytes], dice: random.Random) -> bytes:
    """One of the corpus with one kind of damage, or with two."""
    content = dice.choice(corpus)
    for mutation in dice.choices(_kinds, _weights, k=1 if dice.random() < 0.8 else 2):
        content = mutation(content, corpus, dice)
    return content
