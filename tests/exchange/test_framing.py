"""Frames as bytes: each kind of length, and compressed ones that any client can read, whatever it agreed on."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haversack.exchange.framing import Framing

TAIL = b"\x00\x00\xff\xff"


@pytest.mark.parametrize(
    ("length", "head"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65_535, b"\x81\x7e\xff\xff"),
        (65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_a_frame_says_its_length(length: int, head: bytes) -> None:
    message = b"x" * length
    assert Framing().plain(message) == head + message


def content(frame: bytes) -> bytes:
    assert frame[0] == 0xC1
    assert frame[1] < 127, "longer ones are not made here"
    return frame[4:] if frame[1] == 126 else frame[2:]


@pytest.mark.parametrize("window_bits", [9, 12, 15])
@given(messages=st.lists(st.binary(max_size=3_000), min_size=1, max_size=5))
def test_compressed_messages_are_read_with_any_window_and_with_or_without_context(
    window_bits: int, messages: list[bytes]
) -> None:
    framing, context = Framing(), zlib.decompressobj(-window_bits)
    for message in messages:
        compressed = content(framing.deflated(message)) + TAIL
        assert context.decompress(compressed) == message
        assert zlib.decompressobj(-window_bits).decompress(compressed) == message


def test_a_message_for_many_is_made_once() -> None:
    framing, message = Framing(), b'{"data":{}}'
    assert framing.plain(message) is framing.plain(message)
    assert framing.deflated(message) is framing.deflated(message)


def test_one_message_is_not_taken_for_another() -> None:
    framing = Framing()
    made = [framing.plain(message) for message in (b"a", b"b", b"a", b"", b"c")]
    assert made == [b"\x81\x01a", b"\x81\x01b", b"\x81\x01a", b"\x81\x00", b"\x81\x01c"]
