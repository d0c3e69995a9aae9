"""Faults of whole WebSocket frames, from the server to the client, where they are not masked."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from sockets.proxy import Way

_HEAD_END = b"\r\n\r\n"


def split(buffer: bytearray) -> Iterator[bytes]:
    """Every frame that is whole, taken from the front of the buffer."""
    while (length := _length(buffer)) is not None and len(buffer) >= length:
        yield bytes(buffer[:length])
        del buffer[:length]


def _length(buffer: bytearray) -> int | None:
    """The length of the first frame with its head; None if too little is there."""
    if len(buffer) < 2:
        return None
    size = buffer[1] & 0x7F
    extra = {126: 2, 127: 8}.get(size, 0)
    if len(buffer) < 2 + extra:
        return None
    return 2 + extra + (int.from_bytes(buffer[2 : 2 + extra], "big") if extra else size)


class Frames:
    """What becomes of whole frames, by chance: some are lost, some come twice, some in another order.

    For a connection without compression: a compressed frame that is missing would spoil all that follow.
    """

    def __init__(self, dice: Random, *, lost: float = 0.0, twice: float = 0.0, swapped: float = 0.0) -> None:
        self._dice = dice
        self._lost, self._twice, self._swapped = lost, twice, swapped
        self._buffers: dict[Way, bytearray] = {}
        self.spoilt = 0
        """How many frames had any of that happen to them."""

    async def carry(self, data: bytes, way: Way) -> None:
        buffer = self._buffers.get(way)
        if buffer is None:
            data = await self._handshake(data, way)
            buffer = self._buffers[way] = bytearray()
        buffer += data
        frames = [each for frame in split(buffer) for each in self._fate(frame)]
        for place in range(len(frames) - 1):
            if self._dice.random() < self._swapped:
                frames[place], frames[place + 1] = frames[place + 1], frames[place]
                self.spoilt += 1
        if frames:
            await way.deliver(b"".join(frames))

    async def _handshake(self, data: bytes, way: Way) -> bytes:
        """Deliver the answer to the handshake if this is its connection's beginning; what follows it."""
        if way.carried:
            return data
        head, end, rest = data.partition(_HEAD_END)
        await way.deliver(head + end)
        return rest

    def _fate(self, frame: bytes) -> list[bytes]:
        if frame[0] & 0x0F != 1:  # Only texts: a ping that comes twice proves nothing.
            return [frame]
        if self._dice.random() < self._lost:
            self.spoilt += 1
            return []
        if self._dice.random() < self._twice:
            self.spoilt += 1
            return [frame, frame]
        return [frame]
