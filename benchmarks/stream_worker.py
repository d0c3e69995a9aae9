"""One client that keeps the book of a market by its stream, in a process and an environment of its own, when it is told to.
Nothing but the standard library is imported here before the client is: this file runs where the project is not installed.

    python benchmarks/stream_worker.py CLIENT PORT      a line on standard input, a line back

    RATE BURST COUNT     follows the stream `/stream/RATE/BURST/COUNT` of the server at this port to its end, or until nothing
                         changes for STILL_S; back: the numbers of the first and of the last update that were read after the
                         pause, how often the best prices were read, nanoseconds that passed from that first reading to the
                         last, nanoseconds of the processor, best bid, best ask, and what went wrong, or -

The processor's time is from the last of the slow frames at the beginning, when the book is there, to the last of all: what a
client does to connect counts for none. The time that passes begins later, at the first reading after the server's pause, which is
the server's and not the client's; what came before it is not counted in a rate either. After every update that it is told of, a
client reads the best price of either side and the number of the update, as its own documentation says. What is set up differently
from what each does by itself:

haversack        the addresses
haversack fast   the addresses; picows makes the connection, and the event loop is that of uvloop
alone            no client, but a protocol that looks for the last number in the bytes that it is given, on either event loop
ccxt             the addresses (urls), its rate limiter off (enableRateLimit), and one market from a literal
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

WARM = 200
STILL_S = 3
SYMBOL = "SOL_USDC"
MARKET: dict[str, Any] = {
    "symbol": SYMBOL, "baseSymbol": "SOL", "quoteSymbol": "USDC", "marketType": "SPOT", "orderBookState": "Open",
    "createdAt": "2025-01-21T06:34:54.691858", "visible": True, "fundingInterval": None, "openInterestLimit": "0",
    "filters": {
        "price": {"minPrice": "0.01", "maxPrice": None, "tickSize": "0.01"},
        "quantity": {"minQuantity": "0.01", "maxQuantity": None, "stepSize": "0.01"},
    },
}  # fmt: skip


class Seen:
    """How far a client has come."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.first = 0
        self.update = 0
        self.reads = 0
        self.best: tuple[Any, Any] = ("-", "-")
        self.trouble = ""
        self._began_ns = 0
        self._began_processor_ns: int | None = None
        self._took = (0, 0)

    def read(self, update: int, bid: Any, ask: Any) -> bool:
        """The best prices after an update; whether this was the last."""
        self.update, self.best = update, (bid, ask)
        if self._began_processor_ns is None:
            if update >= WARM:
                self._began_processor_ns = time.process_time_ns()
            return False
        self.reads += 1
        if not self.first:
            self.first, self._began_ns = update, time.perf_counter_ns()
        if update < self.last:
            return False
        self._took = time.perf_counter_ns() - self._began_ns, time.process_time_ns() - self._began_processor_ns
        return True

    def __str__(self) -> str:
        bid, ask = (f"{float(price):.2f}" if price != "-" else "-" for price in self.best)
        counts = f"{self.first} {self.update} {self.reads} {self._took[0]} {self._took[1]}"
        return f"{counts} {bid} {ask} {self.trouble.replace(' ', '_') or '-'}"


async def haversack(port: int, path: str, seen: Seen, connect: Any = None) -> None:
    from haversack import AsyncClient

    client = AsyncClient(base_url=f"http://127.0.0.1:{port}", stream_url=f"ws://127.0.0.1:{port}{path}")
    async with client, client.streams(connect=connect) as streams, streams.book(SYMBOL) as book:
        async for _ in book:
            bid, ask = book.best_bid, book.best_ask
            if seen.read(book.update_id, bid and bid.price, ask and ask.price):
                break
        seen.trouble = "gaps" if book.counters.gaps else ""


async def haversack_fast(port: int, path: str, seen: Seen) -> None:
    from haversack.streams.socket_picows import connect_picows

    await haversack(port, path, seen, connect_picows)


async def ccxt(port: int, path: str, seen: Seen) -> None:
    import ccxt.pro

    http, ws = f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}{path}"
    exchange: Any = ccxt.pro.backpack({"enableRateLimit": False})
    exchange.urls["api"] = {"public": http, "private": http, "ws": {"public": ws, "private": ws}}
    exchange.set_markets([exchange.parse_market(MARKET)])
    try:
        while True:
            book = await exchange.watch_order_book("SOL/USDC")
            if seen.read(book["nonce"], book["bids"][0][0], book["asks"][0][0]):
                break
    finally:
        await exchange.close()


class Bytes(asyncio.Protocol):
    """Reads frames and looks at their number alone, without any client: what is left is the event loop."""

    def __init__(self, path: str, seen: Seen) -> None:
        self._path = path
        self._seen = seen
        self._is_asked = False
        self.is_over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.write(f"GET {self._path} HTTP/1.1\r\nSec-WebSocket-Key: any\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        if not self._is_asked:
            self._is_asked = True
            self._transport.write(b"anything")
            return
        number = data.rpartition(b'"u":')[2].partition(b"}")[0]
        if number.isdigit() and self._seen.read(int(number), 0, 0) and not self.is_over.done():
            self.is_over.set_result(None)


async def loop_alone(port: int, path: str, seen: Seen) -> None:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_connection(lambda: Bytes(path, seen), "127.0.0.1", port)
    try:
        await protocol.is_over
    finally:
        transport.close()


CLIENTS: dict[str, Callable[[int, str, Seen], Awaitable[None]]] = {
    "haversack": haversack,
    "haversack fast": haversack_fast,
    "ccxt": ccxt,
    "asyncio alone": loop_alone,
    "uvloop alone": loop_alone,
}


async def followed(name: str, port: int, path: str, last: int) -> Seen:
    """How far it came until the end, or until it stood still."""
    seen = Seen(last)
    following = asyncio.ensure_future(CLIENTS[name](port, path, seen))
    update = -1
    while not following.done() and update != seen.update:
        update = seen.update
        await asyncio.wait([following], timeout=STILL_S)
    if following.done() and not following.cancelled() and (error := following.exception()) is not None:
        seen.trouble = f"{type(error).__name__}: {error}"[:100]
    following.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await following
    return seen


def loop_factory(name: str) -> Callable[[], asyncio.AbstractEventLoop]:
    if name not in ("haversack fast", "uvloop alone"):
        return asyncio.new_event_loop
    import uvloop

    return uvloop.new_event_loop


def main(name: str, port: int) -> None:
    # Imported before anything is timed, and before anybody waits for it.
    if name == "ccxt":
        import ccxt.pro  # noqa: F401
    elif name.startswith("haversack"):
        from haversack import AsyncClient  # noqa: F401
    for line in sys.stdin:
        path = "/stream/" + "/".join(line.split())
        with asyncio.Runner(loop_factory=loop_factory(name)) as runner:
            seen = runner.run(followed(name, port, path, WARM + int(line.split()[2])))
        sys.stdout.write(f"{seen}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
