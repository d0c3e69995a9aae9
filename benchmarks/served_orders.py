"""How many signed orders a second does the served local exchange take, each journaled and synced before it is answered?

The load is signed beforehand and sent over keep-alive connections from this process, while the exchange runs in another; every
order matches or is matched. Beside it stands the same load on a server that checks nothing and answers a constant.
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
from statistics import median

from haversack.clock import SystemClock
from haversack.credentials import Credentials
from haversack.rest.request import prepare
from haversack.signing import Signer
from haversack.wire.orders import PlaceOrder

ORDERS = 4_000
CONNECTIONS = 32
ROUNDS = 3
TARGET_PER_S = 2_000

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
def running(command: Sequence[str]) -> Iterator[int]:
    """A server in another process, and its port."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready = re.match(r"ready http://127\.0\.0\.1:(\d+)", process.stdout.readline())
            assert ready is not None, f"{command} did not get ready"
            yield int(ready[1])
        finally:
            process.terminate()


def orders_per_s(command: Sequence[str]) -> float:
    """Median over some rounds, each with a fresh load."""
    with running(command) as port:
        return median(ORDERS / asyncio.run(send_all(port, signed_load(port))) for _ in range(ROUNDS))


def run() -> list[tuple[str, str, str]]:
    """Question, measured, target."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--port", "0", "--data", folder, "--no-crowd", "--speed-bump-ms", "0"]
        served = orders_per_s([sys.executable, "-m", "haversack", "exchange", *options])
    constant = orders_per_s([sys.executable, "-c", _CONSTANT])
    measured = f"{served:,.0f}/s; a server that answers a constant: {constant:,.0f}/s (ratio {served / constant:.2f})"
    return [("signed orders a second, served and synced", measured, f"at least {TARGET_PER_S:,}/s")]


if __name__ == "__main__":
    for row in run():
        print(" | ".join(row))
