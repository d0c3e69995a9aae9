"""Bounds for what a server may send: a body that is too long, or that unpacks to too much, is refused before it is held."""

from __future__ import annotations

import zlib

from haversack.errors import RequestFailed

BODY_BYTES_MAX = 10 * 1024 * 1024
_RATIO_MAX = 100
_SMALL_BYTES = 64 * 1024
_GZIP = 16 + zlib.MAX_WBITS


def refuse_length(bytes_found: int) -> None:
    """Raise if a body has, or says that it will have, more bytes than any answer of the exchange."""
    if bytes_found > BODY_BYTES_MAX:
        raise RequestFailed(f"the answer is longer than {BODY_BYTES_MAX} bytes")


def unpacked(body: bytes, encoding: str) -> bytes:
    """A body without its content coding. Only gzip is asked for, so only gzip is understood."""
    if not encoding or encoding == "identity" or not body:
        return body
    if encoding != "gzip":
        raise RequestFailed(f"the answer is coded as {encoding[:40]!r}, which was not asked for")
    bytes_max = min(BODY_BYTES_MAX, max(_SMALL_BYTES, len(body) * _RATIO_MAX))
    unpacker = zlib.decompressobj(_GZIP)
    try:
        plain = unpacker.decompress(body, bytes_max)
    except zlib.error as error:
        raise RequestFailed(f"the answer is not gzip as it says: {error}") from None
    if unpacker.unconsumed_tail:
        raise RequestFailed(f"the answer unpacks to more than {bytes_max} bytes")
    if not unpacker.eof:
        raise RequestFailed("the answer ended too early")
    return plain
