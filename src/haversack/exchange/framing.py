"""A message as the bytes of one WebSocket frame, made once however many listen to it."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from struct import Struct

_TEXT, _COMPRESSED = 0x81, 0x40
_SHORT, _MEDIUM, _LONG = Struct("!BB").pack, Struct("!BBH").pack, Struct("!BBQ").pack
_TAIL = b"\x00\x00\xff\xff"
# The smallest window: no client can have asked for a smaller one, and most messages fit into it.
_WINDOW_BITS, _MEMORY_LEVEL = -9, 4


class Framing:
    """Makes frames for all connections of one server. The last message is remembered, because it goes to many in a row.

    Each message is compressed by itself, which every client that takes permessage-deflate understands, whatever was agreed on
    (RFC 7692, section 7.2.3): nothing in it refers to the messages before, so the same bytes serve all.
    """

    def __init__(self) -> None:
        self.plain = _once(_plain)
        """The frame of a message."""
        self.deflated = _once(_deflated)
        """The same for a connection that agreed on permessage-deflate."""


def _once(make: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    last: bytes | None = None
    made = b""

    def remembered(message: bytes) -> bytes:
        nonlocal last, made
        if message is not last:
            last, made = message, make(message)
        return made

    return remembered


def _plain(message: bytes) -> bytes:
    return _head(_TEXT, len(message)) + message


def _deflated(message: bytes) -> bytes:
    compressor = zlib.compressobj(zlib.Z_BEST_SPEED, zlib.DEFLATED, _WINDOW_BITS, _MEMORY_LEVEL)
    content = (compressor.compress(message) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(_TAIL)
    return _head(_TEXT | _COMPRESSED, len(content)) + content


def _head(first: int, length: int) -> bytes:
    """What stands before the content: servers do not mask it (RFC 6455, section 5.2)."""
    if length < 126:
        return _SHORT(first, length)
    return _MEDIUM(first, 126, length) if length < 1 << 16 else _LONG(first, 127, length)
