"""A network between a client and a server on this machine, in the hands of the test: it sees every byte, and a fault spoils them.

    async with Proxy(server.port) as proxy:
        proxy.to_client = CutAfter(17)
        await client.orders.place(...)       # with the base_url of the proxy

Without a fault, bytes and ends pass as they come.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, Self

CHUNK_BYTES = 65_536
RECORD_BYTES_MAX = 1_000_000
_AT_ONCE = struct.pack("ii", 1, 0)


class Fault(Protocol):
    """What becomes of the bytes of one direction."""

    async def carry(self, data: bytes, way: Way) -> None:
        """Deliver, change or lose what came; it may end the line."""
        ...


class Way:
    """One direction of one line."""

    def __init__(self, line: Line, writer: asyncio.StreamWriter) -> None:
        self.line = line
        self._writer = writer
        self.received = bytearray()
        """What came in to be carried, its first megabyte."""
        self.carried = 0
        """Bytes that were delivered."""
        self.is_ended = False
        """Whether whoever sends has said that nothing more comes, or is gone."""
        self.is_dead = False
        """Whether nothing is delivered any more, whatever the fault is by now: a connection that lost bytes cannot go on."""

    async def deliver(self, data: bytes) -> None:
        """Hand bytes to the other end, and wait until they are on their way."""
        self.carried += len(data)
        self._writer.write(data)
        await self._writer.drain()

    def shut(self) -> None:
        """Say to the other end that nothing more comes; it may go on to send."""
        self.is_dead = True
        with suppress(OSError):
            self._writer.write_eof()

    def close(self) -> None:
        """Let go of the other end, after what was delivered."""
        self._writer.close()

    def reset(self) -> None:
        """Let go of the other end with a reset."""
        end: socket.socket | None = self._writer.get_extra_info("socket")
        if end is not None:
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self._writer.transport.abort()

    async def gone(self) -> None:
        """Wait until the socket is closed."""
        with suppress(OSError):
            await self._writer.wait_closed()


class Line:
    """One connection, from the client through the proxy to the server."""

    def __init__(self, number: int) -> None:
        self.number = number
        """The first is 1."""
        self.to_server: Way
        self.to_client: Way
        self.pumps: list[asyncio.Task[None]] = []
        self.is_over = False

    def reset(self) -> None:
        """End it on both sides, with a reset."""
        self.is_over = True
        self.to_client.reset()
        self.to_server.reset()

    def close(self) -> None:
        """End it on both sides, without a word but in order."""
        self.is_over = True
        self.to_client.close()
        self.to_server.close()


class Proxy:
    """Listens on a free port and carries each connection to the server's. Both directions have a fault, or none."""

    def __init__(self, port: int, *, on_line: Callable[[Proxy, Line], None] | None = None) -> None:
        self.server_port = port
        """May be changed: it is where the next line leads."""
        self.port = 0
        self.to_server: Fault | None = None
        self.to_client: Fault | None = None
        self.refuses = False
        """Whether whoever connects is reset at once."""
        self.lines: list[Line] = []
        self._on_line = on_line
        self._tasks: set[asyncio.Task[None]] = set()
        self._moved = asyncio.Condition()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def stream_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def open(self) -> int:
        """Lines that have not ended."""
        return len(self._tasks)

    def heal(self) -> None:
        """Let bytes pass from now on, and new lines be made."""
        self.to_server = self.to_client = None
        self.refuses = False

    async def line(self, number: int) -> Line:
        """One connection, once it is made."""
        await self.until(lambda: len(self.lines) >= number)
        return self.lines[number - 1]

    async def until(self, is_so: Callable[[], bool], patience_s: float = 20.0) -> None:
        """Wait for something that bytes or lines bring about."""
        async with asyncio.timeout(patience_s), self._moved:
            await self._moved.wait_for(is_so)

    async def idle(self) -> None:
        """Wait until every line has ended."""
        await self.until(lambda: not self._tasks)

    async def tell(self) -> None:
        """Something happened: whoever waits has another look."""
        async with self._moved:
            self._moved.notify_all()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        line = Line(len(self.lines) + 1)
        line.to_client = Way(line, writer)
        try:
            if self.refuses:
                line.to_client.reset()
                return
            await self._serve(line, reader)
        finally:
            await line.to_client.gone()
            self._tasks.discard(task)
            await self.tell()

    async def _serve(self, line: Line, reader: asyncio.StreamReader) -> None:
        try:
            answers, server = await asyncio.open_connection("127.0.0.1", self.server_port)
        except OSError:
            line.to_client.reset()
            return
        line.to_server = Way(line, server)
        self.lines.append(line)
        if self._on_line is not None:
            self._on_line(self, line)
        await self.tell()
        line.pumps = [
            asyncio.create_task(self._pump(reader, line.to_server, lambda: self.to_server)),
            asyncio.create_task(self._pump(answers, line.to_client, lambda: self.to_client)),
        ]
        await asyncio.wait(line.pumps)
        line.close()
        await line.to_server.gone()

    async def _pump(self, source: asyncio.StreamReader, way: Way, fault: Callable[[], Fault | None]) -> None:
        """Carry bytes until their end, or until the line's."""
        try:
            while not way.line.is_over and (data := await source.read(CHUNK_BYTES)):
                way.received += data[: RECORD_BYTES_MAX - len(way.received)]
                await self.tell()
                spoils = fault()
                if way.is_dead:
                    continue
                if spoils is None:
                    await way.deliver(data)
                else:
                    await spoils.carry(data, way)
                await self.tell()
            way.is_ended = True
            if not way.is_dead and not way.line.is_over:
                way.shut()
        except OSError:
            way.is_ended = True
            way.line.reset()
        await self.tell()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for line in self.lines:
            line.reset()
            for pump in line.pumps:
                pump.cancel()
        await asyncio.gather(*self._tasks)
