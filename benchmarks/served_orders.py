"""How many signed orders a second does the served local exchange take, each journaled and synced before it is answered?

The load is signed beforehand and sent over keep-alive connections from this process, while the exchange runs in another; every
order matches or is matched. In turn with it, a server that checks nothing and answers a constant gets the same load. On a machine
that has more to do, time of the processor says more than orders a second.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from haversack.clock import SystemClock
from haversack.credentials import Credentials
from haversack.rest.request import prepare
from haversack.signing import Signer
from haversack.wire.orders import PlaceOrder

ORDERS = 4_000
CONNECTIONS = 32
ROUNDS = 5
TARGET_PER_S = 4_000

_CONSTANT = """
import asyncio
from aiohttp import web
async def answer(request):
    await request.read()
    return web.Response(body=b'{"clientId":null}', content_type="application/json")
async def main():
    runner = web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(f"ready http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def signed_load(port: int) -> list[bytes]:
    """Orders of two accounts that meet one another, as bytes to send; signed now and good for a minute."""
    clock = SystemClock()
    signers = [Signer(Credentials.generate(), clock, window_ms=60_000) for _ in range(2)]
    requests: list[bytes] = []
    for number in range(ORDERS):
        side = "Ask" if number % 2 == 0 else "Bid"
        operation = PlaceOrder(symbol="SOL_USDC", side=side, order_type="Limit", price="100", quantity="0.01", client_id=number)
        request = prepare(operation, signers[number % 2]).request
        body = request.body or b""
        headers = {"Host": f"127.0.0.1:{port}", "Content-Length": str(len(body)), **request.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        requests.append(f"{request.method} {request.target} HTTP/1.1\r\n{head}\r\n".encode() + body)
    return requests


async def send_all(port: int, requests: Sequence[bytes]) -> float:
    """Seconds until every request was answered with 200."""
    waiting = iter(requests)
    refused: list[bytes] = []

    async def work() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in waiting:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"[Cc]ontent-[Ll]ength: (\d+)", head)
            body = await reader.readexactly(int(length[1]) if length else 0)
            if not head.startswith(b"HTTP/1.1 200"):
                refused.append(head + body)
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
    elapsed_s = time.perf_counter() - started
    if refused:
        raise RuntimeError(f"{len(refused)} of {len(requests)} orders were refused, the first with {refused[0]!r}")
    return elapsed_s


@contextmanager
def running(command: Sequence[str]) -> Iterator[tuple[int, int]]:
    """A server in another process: its port, and its process id."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready = re.match(r"ready http://127\.0\.0\.1:(\d+)", process.stdout.readline())
            assert ready is not None, f"{command} did not get ready"
            yield int(ready[1]), process.pid
        finally:
            process.terminate()


def cpu_s(pid: int) -> float:
    """Seconds of the processor that a process and its children have used, with all their threads."""
    children = [int(child) for listed in Path(f"/proc/{pid}/task").glob("*/children") for child in listed.read_text().split()]
    used_ns = sum(int(task.read_text().split()[0]) for task in Path(f"/proc/{pid}/task").glob("*/schedstat"))
    return used_ns / 1e9 + sum(map(cpu_s, children))


def round_of(port: int, pid: int) -> tuple[float, float]:
    """Orders a second, and microseconds of the processor that the server spent on each, with a fresh load."""
    requests = signed_load(port)
    before_s = cpu_s(pid)
    elapsed_s = asyncio.run(send_all(port, requests))
    return ORDERS / elapsed_s, (cpu_s(pid) - before_s) / ORDERS * 1e6


def run() -> list[tuple[str, str, str]]:
    """Question, measured, target."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--port", "0", "--data", folder, "--no-crowd", "--speed-bump-ms", "0"]
        with (
            running([sys.executable, "-m", "haversack", "exchange", *options]) as exchange,
            running([sys.executable, "-c", _CONSTANT]) as constant,
        ):
            # The first round warms up.
            rounds = [(round_of(*exchange), round_of(*constant)) for _ in range(1 + ROUNDS)][1:]
    served, served_us = (median(ours[at] for ours, _ in rounds) for at in (0, 1))
    answered, answered_us = (median(theirs[at] for _, theirs in rounds) for at in (0, 1))
    ratio = median(ours[0] / theirs[0] for ours, theirs in rounds)
    measured = f"{served:,.0f}/s, {served_us:.0f} us of the processor each"
    measured += f"; a server that answers a constant: {answered:,.0f}/s, {answered_us:.0f} us (ratio {ratio:.2f})"
    return [("signed orders a second, served and synced", measured, f"at least {TARGET_PER_S:,}/s")]


if __name__ == "__main__":
    for row in run():
        print(" | ".join(row))
