"""The sending side of one WebSocket: frames wait in a bounded queue, pings go out, and a reader that is too slow is cut off."""

from __future__ import annotations

import asyncio
from collections import deque

from aiohttp import WSMsgType, web
from aiohttp.abc import AbstractStreamWriter

from haversack.exchange.conversation import Conversation
from haversack.exchange.framing import Framing
from haversack.exchange.limits import FIRST_PING_S, GOODBYE_S, OUTBOX_FRAMES_MAX, PING_S, PONG_S_MAX

FRAMES_AT_ONCE = 128
"""Frames that are handed over together: the system is called once for all of them."""


class SocketOutbox:
    """One connection's queue and its two tasks: this one reads, the other writes.

    Text frames are written here and not by aiohttp, which would make and compress each anew for every listener, and call the
    system for every frame. Whatever else is said on the connection is aiohttp's.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        writer: AbstractStreamWriter,
        transport: asyncio.Transport | None,
        *,
        framing: Framing,
    ) -> None:
        self._socket = socket
        self._writer = writer
        self._transport = transport
        self._framed = framing.deflated if socket.compress else framing.plain
        self._frames: deque[bytes] = deque()
        self._ready = asyncio.Event()
        self._pings_unanswered = 0
        self._is_frozen = False

    def deliver(self, frame: bytes) -> None:
        """Queue a frame."""
        if self._is_frozen:
            return
        if len(self._frames) >= OUTBOX_FRAMES_MAX:
            self.cut()
            return
        self._frames.append(self._framed(frame))
        self._ready.set()

    def freeze(self) -> None:
        """Stay open, and from now on read nothing, answer no ping and send nothing."""
        self._is_frozen = True
        self._frames.clear()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def cut(self) -> None:
        """End the connection without a close frame."""
        if self._transport is not None:
            self._transport.abort()

    async def close(self, code: int, reason: str) -> None:
        """End the connection with a close frame; a peer that does not answer is not waited for."""
        if self._is_frozen:
            self.cut()
            return
        try:
            await asyncio.wait_for(self._socket.close(code=code, message=reason.encode()), timeout=GOODBYE_S)
        except (TimeoutError, ConnectionError):
            self.cut()

    async def run(self, conversation: Conversation) -> None:
        """Read until the connection ends."""
        writer = asyncio.create_task(self._write())
        pinger = asyncio.create_task(self._ping())
        try:
            async for message in self._socket:
                if message.type is WSMsgType.TEXT or message.type is WSMsgType.BINARY:
                    conversation.receive(message.data)
                elif message.type is WSMsgType.PING:
                    await self._socket.pong(message.data)
                elif message.type is WSMsgType.PONG:
                    self._pings_unanswered = 0
        except ConnectionError:
            pass
        finally:
            writer.cancel()
            pinger.cancel()
            await asyncio.gather(writer, pinger, return_exceptions=True)

    async def _write(self) -> None:
        try:
            while True:
                await self._ready.wait()
                self._ready.clear()
                while self._frames:
                    self._hand_over()
                    # Waits as long as the reader is behind by more than the transport takes.
                    await self._writer.drain()
        except (ConnectionError, RuntimeError):
            self.cut()

    def _hand_over(self) -> None:
        if self._transport is None or self._transport.is_closing() or self._socket.closed:
            raise ConnectionResetError("the connection has ended")
        some = [self._frames.popleft() for _ in range(min(len(self._frames), FRAMES_AT_ONCE))]
        self._transport.write(b"".join(some))

    async def _ping(self) -> None:
        try:
            await asyncio.sleep(FIRST_PING_S)
            while True:
                if not self._is_frozen:
                    if self._pings_unanswered * PING_S >= PONG_S_MAX:
                        self.cut()
                    self._pings_unanswered += 1
                    await self._socket.ping()
                await asyncio.sleep(PING_S)
        except (ConnectionError, RuntimeError):
            self.cut()
