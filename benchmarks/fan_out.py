"""Does the served local exchange bring every change of a book to fifty listeners in time?

The exchange runs in a process of its own. Two accounts trade with each other through its front door, in batches that were signed
beforehand, at a steady rate; each order changes one level. Fifty WebSocket connections of another process listen to the market's
`depth`. Latency is from the engine's time in the frame (`T`) to its arrival, by the clock that both share; the commit to disk is
part of it. If a listener misses one number, the run fails.

    python -m benchmarks.fan_out                                      both with and without permessage-deflate
    python -m benchmarks.fan_out listen PORT LISTENERS COUNT DEFLATE  the process that listens; a line back
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any

from benchmarks.served_orders import cpu_s, running
from haversack.clock import SystemClock
from haversack.credentials import Credentials
from haversack.rest.request import prepare
from haversack.signing import Signer
from haversack.wire.orders import PlaceOrder, PlaceOrders

LISTENERS = 50
RATE_PER_S = 2_000
SECONDS = 5
BATCH = 10
ROUNDS = 3
RUN_S_MAX = 60
TARGET_P99_MS = 20

_T, _U = re.compile(rb'"T":(\d+)'), re.compile(rb'"u":(\d+)')
_SUBSCRIBE = b'{"method":"SUBSCRIBE","params":["depth.SOL_USDC"]}'
_TAIL = b"\x00\x00\xff\xff"


def batches(port: int, count: int) -> list[bytes]:
    """Requests in turn of two accounts, of which the second takes what the first offers; so many changes of a level in all."""
    clock = SystemClock()
    signers = [Signer(Credentials.generate(), clock, window_ms=60_000) for _ in range(2)]
    requests: list[bytes] = []
    for number in range(count // BATCH):
        side = "Ask" if number % 2 == 0 else "Bid"
        orders = [
            PlaceOrder(symbol="SOL_USDC", side=side, order_type="Limit", price=f"100.{at:02d}", quantity="0.01")
            for at in range(BATCH)
        ]
        # Every account offers as often as it takes, so that neither runs out of money.
        request = prepare(PlaceOrders(orders=tuple(orders)), signers[(number + number // 2) % 2]).request
        body = request.body or b""
        headers = {"Host": f"127.0.0.1:{port}", "Content-Length": str(len(body)), **request.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        requests.append(f"{request.method} {request.target} HTTP/1.1\r\n{head}\r\n".encode() + body)
    return requests


async def send_steadily(port: int, requests: Sequence[bytes]) -> float:
    """Seconds until all are answered; each is sent when its time has come, whether the one before was answered or not."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def read() -> None:
        for number in range(len(requests)):
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"[Cc]ontent-[Ll]ength: (\d+)", head)
            body = await reader.readexactly(int(length[1]) if length else 0)
            if not head.startswith(b"HTTP/1.1 200") or b'"code"' in body or b"Expired" in body:
                raise RuntimeError(f"batch {number} was refused: {head + body!r}")

    reading = asyncio.create_task(read())
    started_s = time.perf_counter()
    for number, request in enumerate(requests):
        early_s = started_s + number * BATCH / RATE_PER_S - time.perf_counter()
        if early_s > 0:
            await asyncio.sleep(early_s)
        writer.write(request)
    await reading
    writer.close()
    return time.perf_counter() - started_s


class Ear(asyncio.Protocol):
    """One listener: it notes when each frame came, and does nothing else."""

    def __init__(self, port: int, count: int, *, deflate: bool) -> None:
        self.done = asyncio.get_running_loop().create_future()
        self.subscribed = asyncio.get_running_loop().create_future()
        self.late_us: list[int] = []
        self.bytes = 0
        self._count = count
        self._last: int | None = None
        self._buffer = b""
        self._is_open = False
        self._inflate = zlib.decompressobj(-15) if deflate else None
        lines = [b"GET / HTTP/1.1", f"Host: 127.0.0.1:{port}".encode(), b"Upgrade: websocket", b"Connection: Upgrade"]
        lines += [b"Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)), b"Sec-WebSocket-Version: 13"]
        lines += [b"Sec-WebSocket-Extensions: permessage-deflate"] if deflate else []
        self._hello = b"\r\n".join([*lines, b"", b""])

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.write(self._hello)

    def connection_lost(self, exc: BaseException | None) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError(f"a listener was cut off after {len(self.late_us)} frames: {exc}"))

    def data_received(self, data: bytes) -> None:
        now_us = time.time_ns() // 1_000
        self._buffer += data
        if not self._is_open:
            head, end, self._buffer = self._buffer.partition(b"\r\n\r\n")
            if not end:
                self._buffer = head
                return
            if (self._inflate is not None) != (b"permessage-deflate" in head):
                self.done.set_exception(RuntimeError(f"the exchange answered {head!r}"))
                return
            self._is_open = True
            self._transport.write(b"\x81" + bytes([0x80 | len(_SUBSCRIBE)]) + bytes(4) + _SUBSCRIBE)
            # Whoever is answered has been heard before.
            self._transport.write(b"\x89\x80" + bytes(4))
        self.bytes += len(data)
        self._read(now_us)

    def _read(self, now_us: int) -> None:
        buffer, at = self._buffer, 0
        while len(buffer) >= at + 2:
            length, start = buffer[at + 1], at + 2
            if length == 126:
                length, start = int.from_bytes(buffer[at + 2 : at + 4], "big"), at + 4
            if len(buffer) < start + length:
                break
            first, at = buffer[at], start + length
            if first & 0x0F == 1:
                self._hear(buffer[start:at], now_us, is_compressed=bool(first & 0x40))
            elif not self.subscribed.done():
                self.subscribed.set_result(None)
        self._buffer = buffer[at:]

    def _hear(self, frame: bytes, now_us: int, *, is_compressed: bool) -> None:
        if is_compressed and self._inflate is not None:
            frame = self._inflate.decompress(frame + _TAIL)
        engine_us, update = _T.search(frame), _U.search(frame)
        if engine_us is None or update is None:
            raise RuntimeError(f"no depth frame: {frame!r}")
        if self._last is not None and int(update[1]) != self._last + 1:
            raise RuntimeError(f"update {update[1]!r} came after {self._last}")
        self._last = int(update[1])
        self.late_us.append(now_us - int(engine_us[1]))
        if len(self.late_us) == self._count and not self.done.done():
            self.done.set_result(None)


def _end(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    sys.stderr.write(f"a listener failed: {context}\n")
    os._exit(1)


async def listen(port: int, listeners: int, count: int, *, deflate: bool) -> None:
    """Print `ready` when all listen; when each has heard so many frames, what they found."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_end)
    ears = [
        (await loop.create_connection(lambda: Ear(port, count, deflate=deflate), "127.0.0.1", port))[1] for _ in range(listeners)
    ]
    async with asyncio.timeout(RUN_S_MAX):
        await asyncio.gather(*(ear.subscribed for ear in ears))
        print("ready", flush=True)
        await asyncio.gather(*(ear.done for ear in ears))
    late_us = sorted(late for ear in ears for late in ear.late_us)
    found = {"frames": len(late_us), "p50_us": late_us[len(late_us) // 2], "p99_us": late_us[len(late_us) * 99 // 100]}
    found |= {"max_us": late_us[-1], "bytes": sum(ear.bytes for ear in ears), "cpu_s": time.process_time()}
    print(json.dumps(found), flush=True)


@contextmanager
def listening(port: int, count: int, *, deflate: bool) -> Iterator[subprocess.Popen[str]]:
    """The process that listens, once it does."""
    command = [sys.executable, "-m", "benchmarks.fan_out", "listen", str(port), str(LISTENERS), str(count), str(int(deflate))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                raise RuntimeError("the listeners did not come in")
            yield process
        finally:
            process.kill()


def measured(port: int, pid: int, *, deflate: bool) -> dict[str, float]:
    """One run."""
    requests = batches(port, RATE_PER_S * SECONDS)
    with listening(port, RATE_PER_S * SECONDS, deflate=deflate) as process:
        before_s = cpu_s(pid)
        took_s = asyncio.run(send_steadily(port, requests))
        assert process.stdout is not None
        found: dict[str, float] = json.loads(process.stdout.readline())
    return found | {"took_s": took_s, "server_cpu": (cpu_s(pid) - before_s) / took_s, "rate": RATE_PER_S * SECONDS / took_s}


def run() -> list[tuple[str, str, str]]:
    """Question, measured, target."""
    rows: list[tuple[str, str, str]] = []
    for deflate in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            options = ["--port", "0", "--data", folder, "--no-crowd", "--speed-bump-ms", "0"]
            with running([sys.executable, "-m", "haversack", "exchange", *options]) as (port, pid):
                rounds = [measured(port, pid, deflate=deflate) for _ in range(ROUNDS)]
        p50, p99, worst, cpu, rate = (
            median(one[name] for one in rounds) for name in ("p50_us", "p99_us", "max_us", "server_cpu", "rate")
        )
        question = f"depth updates to {LISTENERS} listeners, {'with' if deflate else 'without'} permessage-deflate: latency"
        figures = f"p50 {p50 / 1e3:.1f} ms, p99 {p99 / 1e3:.1f} ms, worst {worst / 1e3:.1f} ms at {rate:,.0f}/s"
        figures += f", none lost; server {cpu:.2f} cores"
        rows.append((question, figures, f"p99 below {TARGET_P99_MS} ms at {RATE_PER_S:,}/s"))
    return rows


if __name__ == "__main__":
    if sys.argv[1:2] == ["listen"]:
        port, listeners, count, deflate = map(int, sys.argv[2:])
        asyncio.run(listen(port, listeners, count, deflate=bool(deflate)))
    else:
        for row in run():
            print(" | ".join(row))
