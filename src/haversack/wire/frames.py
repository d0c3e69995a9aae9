"""Messages of the WebSocket: what a client sends, the envelope of what it gets, and which type is in it.

What an event is, its key `e` says. Where there is none, or where one type has several (updates of orders, positions, RFQs), the
stream's name decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, cast

import msgspec
from msgspec import Raw

from haversack.errors import ProtocolError
from haversack.wire.base import StreamEvent
from haversack.wire.codec import encode
from haversack.wire.events import (
    EVENT_TYPES,
    BalanceUpdate,
    BookTicker,
    DepthUpdate,
    Event,
    ExternalTickerEvent,
    KlineEvent,
    LiquidationEvent,
    MarkPriceEvent,
    OpenInterestEvent,
    RawEvent,
    StockPriceEvent,
    TickerEvent,
    TradeEvent,
)
from haversack.wire.faults import ErrorDetail

Signature: TypeAlias = tuple[str, str, str, str]
"""Verifying key, signature, timestamp in ms, window in ms: four strings."""


class StreamRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """SUBSCRIBE or UNSUBSCRIBE. It is never acknowledged (observed 2026-09)."""

    method: Literal["SUBSCRIBE", "UNSUBSCRIBE"]
    params: list[str]
    signature: Signature | None = None
    """Once for all private streams in `params`; it covers none of their names."""


class Message(msgspec.Struct, frozen=True, gc=False):
    """One event, and the stream that it came by."""

    stream: str
    if TYPE_CHECKING:
        event: Event
    else:
        # Decoded in one pass where `e` names the type: that costs two thirds of finding the type by the stream's name.
        event: (
            DepthUpdate
            | TradeEvent
            | BookTicker
            | TickerEvent
            | KlineEvent
            | MarkPriceEvent
            | OpenInterestEvent
            | LiquidationEvent
            | ExternalTickerEvent
            | StockPriceEvent
            | BalanceUpdate
        ) = msgspec.field(name="data")


class _Envelope(msgspec.Struct, frozen=True):
    """Either data of a stream, or an error that says nothing of which stream."""

    data: Raw = Raw(b"")
    stream: str | None = None
    error: Raw = Raw(b"")


_Unfit = (msgspec.DecodeError, ValueError, RecursionError, OverflowError, ArithmeticError)
"""What decoding may raise: some numbers are more than a Decimal, an integer or the stack can hold."""

_named_by_e = msgspec.json.Decoder(Message).decode
_envelopes = msgspec.json.Decoder(_Envelope)
_errors = msgspec.json.Decoder(ErrorDetail)
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
        return _named_by_e(frame)
    except _Unfit:
        return _read_any_frame(frame)


def _read_any_frame(frame: bytes | str) -> Message | ErrorDetail:
    try:
        envelope = _envelopes.decode(frame)
        if envelope.stream is not None and envelope.data:
            return Message(envelope.stream, _read_event(envelope.stream, envelope.data))
        if envelope.error:
            return _errors.decode(envelope.error)
    except _Unfit as error:
        raise ProtocolError("a stream's frame", str(error), _as_bytes(frame)) from error
    raise ProtocolError("a stream's frame", "neither stream and data nor an error", _as_bytes(frame))


def write_frame(stream: str, event: StreamEvent) -> bytes:
    """The frame that the exchange would send; a RawEvent goes out as it came in."""
    data = bytes(event.payload) if isinstance(event, RawEvent) else encode(event)
    # The name is quoted by the encoder too: a stream's name is chosen by a user of the local exchange.
    return b'{"data":' + data + b',"stream":' + msgspec.json.encode(stream) + b"}"


def _read_event(stream: str, data: Raw) -> Event:
    decoder = _decoders.get(kind_of(stream))
    if decoder is None:
        return RawEvent(payload=data.copy())
    try:
        return cast(Event, decoder.decode(data))
    except _Unfit:
        # The exchange adds events without notice; what is not understood must not stop what is.
        return RawEvent(payload=data.copy())


def _as_bytes(frame: bytes | str) -> bytes:
    return frame.encode(errors="replace") if isinstance(frame, str) else frame
