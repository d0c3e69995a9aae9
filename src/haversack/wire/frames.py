"""Messages of the WebSocket: what a client sends, the envelope of what it gets, and which type is in it."""

from __future__ import annotations

from typing import Literal, TypeAlias, cast

import msgspec
from msgspec import Raw

from haversack.errors import ProtocolError
from haversack.wire.base import StreamEvent
from haversack.wire.codec import encode
from haversack.wire.events import EVENT_TYPES, Event, RawEvent
from haversack.wire.faults import ErrorDetail

Signature: TypeAlias = tuple[str, str, str, str]
"""Verifying key, signature, timestamp in ms, window in ms: four strings."""


class StreamRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """SUBSCRIBE or UNSUBSCRIBE. It is never acknowledged (observed 2026-09)."""

    method: Literal["SUBSCRIBE", "UNSUBSCRIBE"]
    params: list[str]
    signature: Signature | None = None
    """Once for all private streams in `params`; it covers none of their names."""


class Message(msgspec.Struct, frozen=True):
    """One event, and the stream that it came by."""

    stream: str
    event: Event


class _Envelope(msgspec.Struct, frozen=True):
    """Either data of a stream, or an error that says nothing of which stream."""

    data: Raw = Raw(b"")
    stream: str | None = None
    error: ErrorDetail | None = None


_envelopes = msgspec.json.Decoder(_Envelope)
_decoders = {kind: msgspec.json.Decoder(event) for kind, event in EVENT_TYPES.items()}


def kind_of(stream: str) -> str:
    """What a stream carries: `depth` of `depth.200ms.SOL_USDC`, `account.orderUpdate` of `account.orderUpdate.SOL_USDC`."""
    first, _, rest = stream.partition(".")
    return f"{first}.{rest.partition('.')[0]}" if first == "account" else first


def is_private(stream: str) -> bool:
    """Whether a subscription to it must be signed."""
    return stream.startswith("account.")


def read_frame(frame: bytes | str) -> Message | ErrorDetail:
    """What a text frame says. A payload that fits no type comes as a RawEvent; a frame that is none is a ProtocolError."""
    try:
        envelope = _envelopes.decode(frame)
    except (msgspec.DecodeError, ValueError, RecursionError, OverflowError, ArithmeticError) as error:
        raise ProtocolError("a stream's frame", str(error), _as_bytes(frame)) from error
    if envelope.stream is not None and envelope.data:
        return Message(envelope.stream, _read_event(envelope.stream, envelope.data))
    if envelope.error is not None:
        return envelope.error
    raise ProtocolError("a stream's frame", "neither stream and data nor an error", _as_bytes(frame))


def write_frame(stream: str, event: StreamEvent) -> bytes:
    """The frame that the exchange would send."""
    # The name is quoted by the encoder too: a stream's name is chosen by a user of the local exchange.
    return b'{"data":' + encode(event) + b',"stream":' + msgspec.json.encode(stream) + b"}"


def _read_event(stream: str, data: Raw) -> Event:
    decoder = _decoders.get(kind_of(stream))
    if decoder is None:
        return RawEvent(payload=data.copy())
    try:
        return cast(Event, decoder.decode(data))
    except (msgspec.DecodeError, ValueError, RecursionError, OverflowError, ArithmeticError):
        # The exchange adds events without notice; what is not understood must not stop what is.
        return RawEvent(payload=data.copy())


def _as_bytes(frame: bytes | str) -> bytes:
    return frame.encode() if isinstance(frame, str) else frame
