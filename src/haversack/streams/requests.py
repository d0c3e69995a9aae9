"""The frames by which streams are asked for and given up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from haversack.errors import StreamClosed
from haversack.signing import SUBSCRIBE, Signer, signing_text
from haversack.streams.names import is_documented
from haversack.wire.frames import Signature, StreamRequest, is_private

STREAMS_PER_FRAME_MAX = 90
"""91 in one frame are known to work (observed 2026-09); no limit is documented."""

_SUBSCRIBE_TEXT = signing_text(SUBSCRIBE, [])


def subscribing(streams: Iterable[str], signer: Signer | None) -> Iterator[str]:
    """Frames that ask for these streams, private ones with a signature of now."""
    for params in _frames_of(streams):
        yield _written(StreamRequest(method="SUBSCRIBE", params=params, signature=_signature(params[0], signer)))


def unsubscribing(streams: Iterable[str]) -> Iterator[str]:
    """Frames that give them up."""
    for params in _frames_of(streams):
        yield _written(StreamRequest(method="UNSUBSCRIBE", params=params))


def _written(request: StreamRequest) -> str:
    return msgspec.json.encode(request).decode()


def _signature(stream: str, signer: Signer | None) -> Signature | None:
    if not is_private(stream):
        return None
    assert signer is not None, "subscribe refuses private streams without a signer"
    # A subscription changes nothing at the exchange, so that the same string may be signed twice.
    try:
        signed = signer.sign(_SUBSCRIBE_TEXT, changes_state=False)
    except Exception as error:
        # A key that lives elsewhere may be out of reach for a while, which must not end the streams for good.
        raise StreamClosed(None, f"{stream} could not be signed: {type(error).__name__}: {error}") from error
    return signed.public_key, signed.signature, str(signed.timestamp_ms), str(signed.window_ms)


def _frames_of(streams: Iterable[str]) -> Iterator[list[str]]:
    """Streams of one frame have the same fate, so private ones and doubtful ones travel apart from the rest."""
    groups: dict[tuple[bool, bool], list[str]] = {}
    for stream in streams:
        groups.setdefault((is_private(stream), is_documented(stream)), []).append(stream)
    for group in groups.values():
        for start in range(0, len(group), STREAMS_PER_FRAME_MAX):
            yield group[start : start + STREAMS_PER_FRAME_MAX]
