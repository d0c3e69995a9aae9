"""What can become of bytes on their way. Each fault is one idea, and takes its chances from the dice that it is given."""

from __future__ import annotations

import asyncio
import re
from enum import Enum
from random import Random

from sockets.proxy import Fault, Way
from streams.virtual import seconds


class How(Enum):
    """How a line is cut."""

    RESET = "reset"
    CLOSE = "close"
    HALF = "half"
    """One end is told that nothing more comes; it can still send, and nobody answers."""


class CutAfter:
    """So many bytes more, of all lines together, and the line ends there."""

    def __init__(self, count: int, how: How = How.RESET) -> None:
        self._left, self._how = count, how
        self.is_done = False

    async def carry(self, data: bytes, way: Way) -> None:
        if self.is_done:
            await way.deliver(data)
            return
        part = data[: self._left]
        self._left -= len(part)
        if part:
            await way.deliver(part)
        if self._left == 0:
            self.is_done = True
            self._cut(way)

    def _cut(self, way: Way) -> None:
        if self._how is How.RESET:
            way.line.reset()
        elif self._how is How.CLOSE:
            way.line.close()
        else:
            way.shut()


class Slices:
    """Small pieces, each a packet of its own as far as the system allows."""

    def __init__(self, dice: Random, longest: int = 7) -> None:
        self._dice, self._longest = dice, longest

    async def carry(self, data: bytes, way: Way) -> None:
        start = 0
        while start < len(data):
            end = start + self._dice.randint(1, self._longest)
            await way.deliver(data[start:end])
            await asyncio.sleep(0)
            start = end


class Delays:
    """Everything comes late, by chance."""

    def __init__(self, dice: Random, longest_s: float = 0.01) -> None:
        self._dice, self._longest_s = dice, longest_s

    async def carry(self, data: bytes, way: Way) -> None:
        await seconds(self._dice.random() * self._longest_s)
        await way.deliver(data)


class Throttles:
    """No more than so many bytes a second."""

    def __init__(self, bytes_per_s: int) -> None:
        self._bytes_per_s = bytes_per_s

    async def carry(self, data: bytes, way: Way) -> None:
        piece = max(1, self._bytes_per_s // 100)
        for start in range(0, len(data), piece):
            await way.deliver(data[start : start + piece])
            await seconds(0.01)


class Corrupts:
    """One byte in so many is another than was sent."""

    def __init__(self, dice: Random, one_in: int = 200) -> None:
        self._dice, self._one_in = dice, one_in

    async def carry(self, data: bytes, way: Way) -> None:
        dice = self._dice
        spoilt = bytes(byte ^ dice.randint(1, 255) if dice.random() * self._one_in < 1 else byte for byte in data)
        await way.deliver(spoilt)


class Blackhole:
    """What comes is read and never seen again; so is all that comes later on the same line."""

    async def carry(self, data: bytes, way: Way) -> None:
        del data
        way.is_dead = True


class Holds:
    """Nothing moves until it is released, and one request then: late, but whole. That the sender has left is never told."""

    def __init__(self) -> None:
        self.released = asyncio.Event()
        self._carried: dict[Way, bytes] = {}

    async def carry(self, data: bytes, way: Way) -> None:
        await self.released.wait()
        await way.deliver(data)
        # Head and body may come one after the other.
        self._carried[way] = self._carried.get(way, b"") + data
        way.is_dead = _is_whole(self._carried[way])


class Replayed:
    """Whatever passes is delivered once more by a connection of its own, whose answers `answers` keeps."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.answers: list[bytes] = []

    async def carry(self, data: bytes, way: Way) -> None:
        await way.deliver(data)
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(data)
        self.answers.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()
        await writer.wait_closed()


class Uncompressed:
    """The offer to compress a stream connection is not understood by the server, so that its frames can be read on their way."""

    async def carry(self, data: bytes, way: Way) -> None:
        await way.deliver(data.replace(b"Sec-WebSocket-Extensions", b"Not-WebSocket-Extensions"))


class InTurn:
    """One fault after the other does its work."""

    def __init__(self, dice: Random, *faults: Fault) -> None:
        self._dice, self._faults = dice, faults

    async def carry(self, data: bytes, way: Way) -> None:
        await self._dice.choice(self._faults).carry(data, way)


def _is_whole(request: bytes) -> bool:
    head, blank, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    return bool(blank) and len(body) >= (int(length[1]) if length else 0)
