"""A consumer that is a hundred times too slow, over a real socket: the harness of P13.

The other side sends numbered frames as fast as they are taken. For each that the consumer reads, a hundred have been sent, or
the sender has to wait. Memory is measured as the interpreter counts it and, in a process of its own, as the system does.
"""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from haversack.clock import SystemClock
from haversack.errors import SlowConsumer
from haversack.streams.aio import AsyncStreams
from haversack.streams.heartbeat import Heartbeat
from haversack.streams.subscription import Subscription
from haversack.wire.events import DepthUpdate, RawEvent
from streams.link import frame
from streams.test_sockets import upgraded

SLOWNESS = 100
STREAMS = {"fail": "depth.A", "keep_latest": "bulk.A", "block": "depth.A"}
"""Of each policy a stream that it is for."""
_PAGES = Path("/proc/self/statm")
_PAGE_BYTES = 4_096
_LOOK_EVERY = 100
_LAST_WORD_S = 10.0


@dataclass(slots=True)
class Report:
    """What one flood came to."""

    sent: int = 0
    read: int = 0
    missing: int = 0
    """Messages that never came before one that did."""
    dropped: int = 0
    """Messages that were said to be dropped."""
    waiting_max: int = 0
    """The most messages that waited at once, as far as the reader saw."""
    grown_bytes: int = 0
    """By how much memory grew, as the interpreter counts it; 0 where that was not asked for."""
    resident_bytes: int = 0
    """And as the system does, where it says so."""
    ending: str = ""
    wrong: list[str] = field(default_factory=list)


class Flood:
    """Sends numbered frames of one stream, from 1 on, for as long as it may, and no faster than they are taken."""

    def __init__(self, stream: str, *, frames: int | None, until_us: int | None) -> None:
        self._stream, self._frames, self._until_us = stream, frames, until_us
        self._clock = SystemClock()
        self._moved = asyncio.Event()
        self.sent = 0
        self.is_held = self.is_over = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgraded(reader, writer)
        await reader.read(1)
        drinking = asyncio.create_task(reader.read())
        with suppress(ConnectionError):
            while not self._is_enough() and not writer.is_closing():
                writer.write(b"".join(_packed(frame(self._stream, self.sent + number)) for number in range(1, 51)))
                self.sent += 50
                self._tell(is_held=True)
                await writer.drain()
                self._tell(is_held=False)
                # Both ends are in one loop: what was sent has to be read before more is.
                await asyncio.sleep(0)
        self.is_over = True
        self._tell(is_held=False)
        await drinking
        writer.close()

    async def far_ahead(self, read: int) -> None:
        """Wait until a hundred times as much was sent, or no more can be."""
        while self.sent < read * SLOWNESS and not self.is_over and not self.is_held:
            self._moved.clear()
            await self._moved.wait()

    def _is_enough(self) -> bool:
        if self._frames is not None and self.sent >= self._frames:
            return True
        return self._until_us is not None and self._clock.monotonic_us() >= self._until_us

    def _tell(self, *, is_held: bool) -> None:
        self.is_held = is_held
        self._moved.set()


def _packed(text: str) -> bytes:
    """A text as a server's frame."""
    data = text.encode()
    return bytes([0x81]) + (bytes([len(data)]) if len(data) < 126 else b"\x7e" + len(data).to_bytes(2, "big")) + data


async def prove(policy: str, *, frames: int | None = None, duration_s: float | None = None, traced: bool = True) -> Report:
    """Flood one reader with this policy, with so many frames or for so long."""
    until_us = None if duration_s is None else SystemClock().monotonic_us() + round(duration_s * 1_000_000)
    flood, report = Flood(STREAMS[policy], frames=frames, until_us=until_us), Report()
    server = await asyncio.start_server(flood.serve, "127.0.0.1", 0)
    async with (
        server,
        AsyncStreams(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", heartbeat=Heartbeat(60, 60)) as streams,
    ):
        subscription = streams.subscribe(STREAMS[policy], when_full=policy)
        meter = Meter(traced=traced)
        try:
            await _read_slowly(subscription, flood, report, meter)
        finally:
            report.grown_bytes, report.resident_bytes = meter.stop()
        report.sent, report.dropped = flood.sent, subscription.dropped
    return report


async def _read_slowly(subscription: Subscription, flood: Flood, report: Report, meter: Meter) -> None:
    last = 0
    while not (flood.is_over and last == flood.sent):
        await flood.far_ahead(report.read)
        try:
            async with asyncio.timeout(_LAST_WORD_S):
                message = await anext(subscription)
        except TimeoutError:
            report.wrong.append(f"{flood.sent} were sent, and the last that came was {last}")
            return
        except SlowConsumer as ending:
            report.ending = str(ending)
            return
        number = _number(message.event)
        # What is missing must have been counted.
        report.missing += number - last - 1
        last = number
        report.read += 1
        report.waiting_max = max(report.waiting_max, subscription.waiting)
        if report.read % _LOOK_EVERY == 0:
            meter.look()


def _number(event: object) -> int:
    if isinstance(event, DepthUpdate):
        return event.last_update_id
    assert isinstance(event, RawEvent)
    return int(json.loads(bytes(event.payload))["n"])


class Meter:
    """How much memory there is more than at the beginning, at most."""

    def __init__(self, *, traced: bool) -> None:
        self._traced = traced
        if traced:
            tracemalloc.start()
            self._before, _ = tracemalloc.get_traced_memory()
        self._resident = self._most = _resident_bytes()

    def look(self) -> None:
        """Take a sample; the interpreter's own count needs none."""
        self._most = max(self._most, _resident_bytes())

    def stop(self) -> tuple[int, int]:
        """By how much it grew: as the interpreter counts, and as the system does."""
        self.look()
        grown = 0
        if self._traced:
            grown = tracemalloc.get_traced_memory()[1] - self._before
            tracemalloc.stop()
        return grown, self._most - self._resident


def _resident_bytes() -> int:
    return int(_PAGES.read_text().split()[1]) * _PAGE_BYTES if _PAGES.exists() else 0
