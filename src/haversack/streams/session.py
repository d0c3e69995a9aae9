"""The session of a stream connection, without a socket and without a clock.

It is fed (`connected`, `received`, `heard`, `disconnected`) and drained (`outgoing`, `due`). The streams that are wanted are the
truth; what the exchange was asked for on this connection is compared with them, and the difference is what has to be sent. So
a new connection gets exactly what is wanted now, and nothing is asked for twice. Nothing is acknowledged (observed 2026-09).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, TypeAlias

import msgspec

from haversack.errors import MissingCredentials, ProtocolError, SubscriptionRefused
from haversack.signing import SUBSCRIBE, Signer, signing_text
from haversack.streams.heartbeat import Due, Heartbeat, Pulse
from haversack.streams.names import checked_names, is_documented, is_windowed
from haversack.wire.faults import ErrorDetail
from haversack.wire.frames import Message, Signature, StreamRequest, is_private, read_frame

Delivery: TypeAlias = Message | SubscriptionRefused | ProtocolError
"""What a frame turned out to be."""

STREAMS_PER_FRAME_MAX = 90
"""91 in one frame are known to work (observed 2026-09); no limit is documented."""
REPLY_US_MAX = 5_000_000
"""An error frame is first put down to what was asked for within this time before it."""

# Which streams an error can concern, by its code (observed 2026-09); all of them for other codes.
_CONCERNS: dict[int, Callable[[str], bool]] = {4003: is_private, 4008: is_windowed}
_BY_NAME = (4006, 4008)
_SUBSCRIBE_TEXT = signing_text(SUBSCRIBE, [])


class StreamSession:
    """What is wanted of the exchange's streams, and what was said about it on the connection there is."""

    def __init__(self, *, signer: Signer | None = None, heartbeat: Heartbeat | None = None) -> None:
        self._signer = signer
        self._heartbeat = heartbeat or Heartbeat()
        self._pulse: Pulse | None = None
        self._desired: dict[str, None] = {}
        self._asked: dict[str, None] = {}
        self._unheard: dict[str, int] = {}
        self._heard_us: dict[str, int] = {}

    @property
    def desired(self) -> tuple[str, ...]:
        """The streams that are wanted, in the order in which they were first asked for."""
        return tuple(self._desired)

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection."""
        return self._pulse is not None

    def subscribe(self, *streams: str) -> tuple[str, ...]:
        """Want these streams from now on; their names, once each."""
        names = checked_names(streams)
        if self._signer is None and (private := [name for name in names if is_private(name)]):
            raise MissingCredentials(f"{private[0]} is private: give the client credentials to subscribe to it")
        self._desired.update(dict.fromkeys(names))
        return names

    def unsubscribe(self, *streams: str) -> None:
        """Want these streams no longer; one that was not wanted changes nothing."""
        for stream in streams:
            self._desired.pop(stream, None)

    def connected(self, now_us: int) -> None:
        """A connection was made; it carries no stream yet."""
        self._forget()
        self._pulse = Pulse(self._heartbeat, now_us)

    def disconnected(self) -> None:
        """The connection is gone; what is wanted stays wanted."""
        self._forget()

    def outgoing(self, now_us: int) -> list[str]:
        """Frames to send now. They count as sent: if that fails, so has the connection."""
        if self._pulse is None:
            return []
        unwanted = [stream for stream in self._asked if stream not in self._desired]
        missing = [stream for stream in self._desired if stream not in self._asked]
        for stream in unwanted:
            del self._asked[stream]
            self._unheard.pop(stream, None)
            self._heard_us.pop(stream, None)
        self._asked.update(dict.fromkeys(missing))
        self._unheard.update(dict.fromkeys(missing, now_us))
        return [*self._requests("UNSUBSCRIBE", unwanted), *self._requests("SUBSCRIBE", missing)]

    def received(self, frame: str | bytes, now_us: int) -> Delivery:
        """A frame came; each says one thing. Nothing that a peer sends raises here."""
        if self._pulse is not None:
            self._pulse.heard(now_us)
        try:
            said = read_frame(frame)
        except ProtocolError as error:
            return error
        if isinstance(said, ErrorDetail):
            return SubscriptionRefused(said.code, said.message, self._suspects(said.code, now_us))
        stream = said.stream
        # Only what was asked for is remembered: a hostile peer could otherwise fill the memory with names.
        if stream in self._asked:
            self._heard_us[stream] = now_us
            self._unheard.pop(stream, None)
        return said

    def heard(self, now_us: int) -> None:
        """A ping or a pong came."""
        if self._pulse is not None:
            self._pulse.heard(now_us)

    def heard_us(self, stream: str) -> int | None:
        """When a stream last brought something on this connection; None if it never did."""
        return self._heard_us.get(stream)

    def due(self, now_us: int) -> Due | None:
        """What silence calls for now: a ping, which then counts as sent, or the end of the connection."""
        return None if self._pulse is None else self._pulse.due(now_us)

    @property
    def wake_us(self) -> int | None:
        """When `due` has something to say at the latest; None without a connection."""
        return None if self._pulse is None else self._pulse.wake_us

    @property
    def lag_us_max(self) -> int:
        """The most that `due` was called too late on this connection, which tells of an event loop that was blocked."""
        return 0 if self._pulse is None else self._pulse.lag_us_max

    def _forget(self) -> None:
        self._pulse = None
        self._asked.clear()
        self._unheard.clear()
        self._heard_us.clear()

    def _requests(self, method: Literal["SUBSCRIBE", "UNSUBSCRIBE"], streams: list[str]) -> Iterator[str]:
        for params in _frames_of(streams):
            signed = method == "SUBSCRIBE" and is_private(params[0])
            request = StreamRequest(method=method, params=params, signature=self._signature() if signed else None)
            yield msgspec.json.encode(request).decode()

    def _signature(self) -> Signature:
        assert self._signer is not None, "subscribe refuses private streams without a signer"
        # A subscription changes nothing at the exchange, so that the same string may be signed twice.
        signed = self._signer.sign(_SUBSCRIBE_TEXT, changes_state=False)
        return signed.public_key, signed.signature, str(signed.timestamp_ms), str(signed.window_ms)

    def _suspects(self, code: int, now_us: int) -> tuple[str, ...]:
        """The streams that an error can concern: never one that has brought data."""
        concerns = _CONCERNS.get(code)
        silent = [stream for stream in self._unheard if concerns is None or concerns(stream)]
        found = [stream for stream in silent if now_us - self._unheard[stream] <= REPLY_US_MAX] or silent
        if code in _BY_NAME:
            # The name itself was refused, so a name that the documentation does not know is the likelier one.
            found = [stream for stream in found if not is_documented(stream)] or found
        return tuple(found)


def _frames_of(streams: Iterable[str]) -> Iterator[list[str]]:
    """Streams of one frame have the same fate, so private ones and doubtful ones travel apart from the rest."""
    groups: dict[tuple[bool, bool], list[str]] = {}
    for stream in streams:
        groups.setdefault((is_private(stream), is_documented(stream)), []).append(stream)
    for group in groups.values():
        for start in range(0, len(group), STREAMS_PER_FRAME_MAX):
            yield group[start : start + STREAMS_PER_FRAME_MAX]
