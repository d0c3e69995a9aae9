"""How much time does the client add to a request, beside its HTTP library sending the same request alone?

Four pairs over kept connections to a server in another process that gives constant answers: a public read and a signed order,
blocking (beside a bare urllib3 pool) and async (beside a bare aiohttp session). The bare library sends the same bytes and
reads the answer; it builds and decodes nothing. The client's side is everything else: parameters, the signed string, headers,
bounds for the answer, the answer as a struct. The ED25519 signature is made on the bare side too, over as many bytes, because
no client can save it, and because it takes longer between two requests than in a loop of its own.

Time is processor time of the client's process, so that neither the server nor a busy machine is counted. Bare and client take
turns; figures are medians of rounds.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import urllib3

from benchmarks.constant_server import constant_server
from haversack.client.aio import AsyncClient
from haversack.client.blocking import Client
from haversack.clock import SystemClock
from haversack.credentials import Credentials
from haversack.rest.http import HttpRequest
from haversack.rest.pacing import Limits
from haversack.rest.session import RestSession
from haversack.wire.base import Operation
from haversack.wire.enums import Side
from haversack.wire.orders import PlaceOrder
from haversack.wire.system import GetTime

Row = tuple[str, str, str]

ROUNDS = 60
CALLS = 50
ADDED_US_MAX = 40
KEYS = Credentials.generate()
# Kept, but never used up.
LIMITS = Limits(requests_per_minute=1_000_000)
PLACE: dict[str, Any] = {
    "symbol": "SOL_USDC", "side": Side.BID, "order_type": "Limit", "price": "141.20", "quantity": "1.5", "time_in_force": "GTC",
}  # fmt: skip


def request_of(operation: Operation[Any]) -> HttpRequest:
    request = RestSession(KEYS, SystemClock()).prepare(operation).request
    assert request is not None
    return request


SIGNED = b"x" * 170
READ, ORDER = request_of(GetTime()), request_of(PlaceOrder(**PLACE, client_id=7))


def time_us(call: Callable[[], object]) -> float:
    started_ns = time.process_time_ns()
    for _ in range(CALLS):
        call()
    return (time.process_time_ns() - started_ns) / CALLS / 1_000


async def time_async_us(call: Callable[[], Awaitable[object]]) -> float:
    started_ns = time.process_time_ns()
    for _ in range(CALLS):
        await call()
    return (time.process_time_ns() - started_ns) / CALLS / 1_000


def blocking(port: int) -> dict[str, float]:
    pool = urllib3.HTTPConnectionPool("127.0.0.1", port)
    client = Client(KEYS, base_url=f"http://127.0.0.1:{port}", limits=LIMITS)
    numbers = iter(range(10**9))

    def bare(request: HttpRequest) -> object:
        return pool.urlopen(request.method, request.target, body=request.body, headers=request.headers, retries=False).data

    calls: dict[str, Callable[[], object]] = {
        "bare read": lambda: bare(READ),
        "read": client.system.time,
        "bare order": lambda: (KEYS.sign(SIGNED), bare(ORDER)),
        "order": lambda: client.orders.place(**PLACE, client_id=next(numbers)),
    }
    samples: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            samples[name].append(time_us(call))
    client.close()
    return {name: statistics.median(times) for name, times in samples.items()}


async def awaited(port: int) -> dict[str, float]:
    url = f"http://127.0.0.1:{port}"
    numbers = iter(range(10**9))
    async with aiohttp.ClientSession() as session, AsyncClient(KEYS, base_url=url, limits=LIMITS) as client:

        async def bare(request: HttpRequest) -> object:
            sent = session.request(request.method, url + request.target, data=request.body, headers=request.headers)
            async with sent as response:
                return await response.read()

        async def signed() -> object:
            return KEYS.sign(SIGNED), await bare(ORDER)

        calls: dict[str, Callable[[], Awaitable[object]]] = {
            "bare read": lambda: bare(READ),
            "read": client.system.time,
            "bare order": signed,
            "order": lambda: client.orders.place(**PLACE, client_id=next(numbers)),
        }
        samples: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(ROUNDS):
            for name, call in calls.items():
                samples[name].append(await time_async_us(call))
    return {name: statistics.median(times) for name, times in samples.items()}


def rows_of(kind: str, took_us: dict[str, float]) -> list[Row]:
    target = f"adds at most {ADDED_US_MAX} us"
    pairs = [("public read", "read", "bare"), ("signed order", "order", "bare and signature")]
    rows: list[Row] = []
    for what, name, bare in pairs:
        ours_us, bare_us = took_us[name], took_us[f"bare {name}"]
        measured = f"{ours_us:.0f} us, {bare} {bare_us:.0f}: adds {ours_us - bare_us:.0f} us"
        rows.append((f"client overhead: {kind}, {what}", measured, target))
    return rows


def run() -> list[Row]:
    """Both clients."""
    with constant_server() as port:
        return rows_of("blocking beside urllib3", blocking(port)) + rows_of("async beside aiohttp", asyncio.run(awaited(port)))


if __name__ == "__main__":
    for row in run():
        sys.stdout.write("  |  ".join(row) + "\n")
