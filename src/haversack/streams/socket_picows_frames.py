"""An open connection by picows: what it calls back with, kept until it is received.

The only module that needs picows to be imported; `socket_picows` does so when a connection is opened.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias, cast

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from haversack.streams.socket_aiohttp import FRAME_BYTES_MAX, GOODBYE_S
from haversack.streams.transport import BURST_MAX, HEARD, Closed, Heard, Take

if TYPE_CHECKING:
    from picows.picows import WSCloseHandshake

WAITING_BYTES_MAX = 256 * 1024
"""What may wait to be received before nothing more is read from the network."""
_RESUME_BYTES = WAITING_BYTES_MAX // 4
_ITEM_BYTES = 64
"""What an item takes besides its payload, so that empty ones are bounded too."""
_LET_GO_S = 0.2
_NO_STATUS = 1005
"""Stands for the code of a close frame that has none (RFC 6455, 7.4.1)."""
_TEXT, _BINARY, _CONTINUATION = WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION


class _Ping(bytes):
    """What a ping brought, which its pong has to bring back."""


class _Pong(bytes):
    """What a pong brought."""


_Waiting: TypeAlias = bytes | _Ping | _Pong


class PicowsSocket(WSListener):
    """A connection that is open. The methods that begin with `on_`, and those about writing, are for picows to call."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: WSTransport | None = None
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._is_paused = False
        self._parts: list[bytes] = []
        """Of a message that comes in several frames."""
        self._parts_bytes = 0
        self._receiver: asyncio.Future[None] | None = None
        self._take: Take | None = None
        """What uses whatever comes, while `receive_into` waits."""
        self._handed = 0
        """How much was given to it."""
        self._failure: Exception | None = None
        """What it raised."""
        self._closed: Closed | None = None
        """How it ended; no frame counts after that."""
        self._is_over = asyncio.Event()
        """Whether the peer has said goodbye, or is gone."""
        self._is_writable = asyncio.Event()
        self._is_writable.set()

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The handshake is done."""
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """A frame came; what it points to is gone afterwards."""
        kind = frame.msg_type
        # picows goes on to read for a moment after a frame that it refused, such as one that is too long, and hands it over.
        if transport.is_close_frame_sent:
            self._end(_farewell_of(transport))
            if kind is WSMsgType.CLOSE:
                self._is_over.set()
        elif frame.rsv1 or frame.rsv2 or frame.rsv3:
            self._refuse(transport, WSCloseCode.PROTOCOL_ERROR, "a frame uses an extension that was not agreed on")
        elif kind is _TEXT and frame.fin and not self._parts:
            # Nearly all are such.
            self._arrived(transport, frame.get_payload_as_bytes())
        elif kind is _TEXT or kind is _BINARY or kind is _CONTINUATION:
            if (kind is _CONTINUATION) != bool(self._parts):
                self._refuse(transport, WSCloseCode.PROTOCOL_ERROR, "parts of two messages came in one another")
            elif frame.fin and not self._parts:
                self._arrived(transport, frame.get_payload_as_bytes())
            else:
                self._part(transport, frame)
        elif kind is WSMsgType.CLOSE:
            self._end(_farewell_of(transport))
            transport.send_close(WSCloseCode.OK)
            self._is_over.set()
        else:
            self._arrived(transport, (_Ping if kind is WSMsgType.PING else _Pong)(frame.get_payload_as_bytes()))

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The connection is gone."""
        self._end(_farewell_of(transport))
        self._is_over.set()
        self._is_writable.set()

    def pause_writing(self) -> None:
        """The peer takes nothing just now."""
        self._is_writable.clear()

    def resume_writing(self) -> None:
        """It does again."""
        self._is_writable.set()

    async def receive(self) -> str | bytes | Heard | Closed:
        """What comes next; texts come as the bytes that they are."""
        while not self._waiting:
            if self._closed is not None:
                return self._closed
            self._receiver = self._loop.create_future()
            await self._receiver
        return self._next()

    async def receive_into(self, take: Take) -> list[bytes | Heard] | Closed | None:
        """What has come already, or the end; what comes while this waits is given to `take`."""
        if self._waiting:
            return self._stretch()
        if self._closed is not None:
            return self._closed
        self._receiver = self._loop.create_future()
        self._take, self._handed = take, 0
        try:
            await self._receiver
        finally:
            self._take = None
        if self._failure is not None:
            raise self._failure
        return None

    def _next(self) -> bytes | Heard:
        item = self._waiting.popleft()
        self._left(len(item) + _ITEM_BYTES)
        return item if type(item) is bytes else self._heard(item)

    def _stretch(self) -> list[bytes | Heard]:
        waiting = self._waiting
        items = [waiting.popleft() for _ in range(min(len(waiting), BURST_MAX))]
        self._left(sum(map(len, items)) + len(items) * _ITEM_BYTES)
        return [item if type(item) is bytes else self._heard(item) for item in items]

    def _left(self, count_bytes: int) -> None:
        """So much waits no longer."""
        self._waiting_bytes -= count_bytes
        if self._is_paused and self._waiting_bytes <= _RESUME_BYTES:
            self._go_on()

    def _heard(self, item: _Waiting) -> Heard:
        # No pong for a peer that does not take what it was sent: pongs would fill the memory.
        if type(item) is _Ping and self._transport is not None and self._is_writable.is_set():
            self._transport.send_pong(bytes(item))
        return HEARD

    async def send(self, text: str) -> None:
        """Send a text frame, once there is room for it."""
        (await self._ready()).send(WSMsgType.TEXT, text)

    async def ping(self) -> None:
        """Send a ping, once there is room for it."""
        (await self._ready()).send_ping()

    async def close(self) -> None:
        """Say goodbye, wait a second for the answer, and let go."""
        transport = self._transport
        if transport is None:
            return
        try:
            self._end(Closed(None, "closed by this side"))
            self._waiting.clear()
            transport.send_close(WSCloseCode.OK)
            self._go_on()
            with suppress(TimeoutError):
                async with asyncio.timeout(GOODBYE_S):
                    await self._is_over.wait()
        finally:
            transport.disconnect(graceful=False)
            # It raises what ended the connection, which `receive` has told.
            with suppress(Exception):
                async with asyncio.timeout(_LET_GO_S):
                    await transport.wait_disconnected()

    async def _ready(self) -> WSTransport:
        await self._is_writable.wait()
        transport = self._transport
        if transport is None or transport.is_disconnected or transport.is_close_frame_sent:
            raise ConnectionResetError("the connection is closed")
        return transport

    def _part(self, transport: WSTransport, frame: WSFrame) -> None:
        part = frame.get_payload_as_bytes()
        self._parts_bytes += len(part) + _ITEM_BYTES
        self._parts.append(part)
        if self._parts_bytes > FRAME_BYTES_MAX:
            self._refuse(transport, WSCloseCode.MESSAGE_TOO_BIG, f"the parts of a message exceed {FRAME_BYTES_MAX} bytes")
        elif frame.fin:
            whole = b"".join(self._parts)
            self._parts, self._parts_bytes = [], 0
            self._arrived(transport, whole)

    def _arrived(self, transport: WSTransport, item: _Waiting) -> None:
        if self._take is not None:
            self._hand(self._take, item)
            return
        self._waiting.append(item)
        self._waiting_bytes += len(item) + _ITEM_BYTES
        if self._waiting_bytes > WAITING_BYTES_MAX and not self._is_paused:
            self._is_paused = True
            transport.underlying_transport.pause_reading()
        if self._receiver is not None:
            self._wake()

    def _hand(self, take: Take, item: _Waiting) -> None:
        self._handed += 1
        try:
            if take(item if type(item) is bytes else self._heard(item)) and self._handed < BURST_MAX:
                return
        except Exception as error:  # noqa: BLE001  # It is raised to whoever receives.
            self._failure = error
        self._take = None
        self._wake()

    def _go_on(self) -> None:
        """Read from the network again."""
        transport = self._transport
        if self._is_paused and transport is not None and not transport.is_disconnected:
            transport.underlying_transport.resume_reading()
        self._is_paused = False

    def _refuse(self, transport: WSTransport, code: WSCloseCode, reason: str) -> None:
        self._end(Closed(code.value, reason))
        self._parts, self._parts_bytes = [], 0
        transport.send_close(code, reason)
        self._is_over.set()

    def _end(self, closed: Closed) -> None:
        """Only the first end counts."""
        if self._closed is None:
            self._closed = closed
            self._wake()

    def _wake(self) -> None:
        receiver, self._receiver = self._receiver, None
        if receiver is not None and not receiver.done():
            receiver.set_result(None)


def _farewell_of(transport: WSTransport) -> Closed:
    """What the peer said at the end, or what picows told it to be wrong."""
    # None as long as neither side has said goodbye, though its type does not say so.
    handshake = cast("WSCloseHandshake | None", transport.close_handshake)
    said = None if handshake is None else handshake.recv or handshake.sent
    if said is None:
        return Closed(None, "the connection broke without a close frame")
    return Closed(said.code.value or _NO_STATUS, said.reason or "")
