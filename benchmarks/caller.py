"""One client, in a process and an environment of its own, that places orders when it is told to. Nothing but the standard library
is imported here before the client is: this file runs where the project is not installed.

    python benchmarks/caller.py CLIENT URL         a line on standard input, a line back

    check        places one order; back: the version of the package and the order id that it read from the answer
    call 50      places 50 orders; back: nanoseconds that passed, nanoseconds of the processor
    build 50     the same up to the point where the request would leave; nothing is sent

The key pair comes in BENCH_PUBLIC and BENCH_SECRET. Every client places the same order through its public method, as its own
documentation says, with a client id that counts up. What is set up differently from what the package does by itself:

haversack              the address, and a budget of requests that is not used up (limits); it is still kept
bpx-py                 the address (the constant BPX_API_URL). It opens a connection for every request, as it always does.
backpack-exchange-sdk  the address (base_url)
ccxt                   the address (urls), its rate limiter off (enableRateLimit), and one market from a literal, through its own
                       parse_market and set_markets, where load_markets would ask the exchange for all

Both async clients run on the standard event loop, one call after another. To build without sending, bpx-py is asked for its
request configuration, which is encoded as JSON as its HTTP client would; backpack-exchange-sdk gets a session that does nothing;
ccxt is asked for `sign` of its order request.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version
from typing import Any, NamedTuple

PUBLIC, SECRET = os.environ.get("BENCH_PUBLIC", ""), os.environ.get("BENCH_SECRET", "")

# A market as the exchange lists it.
MARKET: dict[str, Any] = {
    "symbol": "SOL_USDC", "baseSymbol": "SOL", "quoteSymbol": "USDC", "marketType": "SPOT", "orderBookState": "Open",
    "createdAt": "2025-01-21T06:34:54.691858", "visible": True, "fundingInterval": None, "openInterestLimit": "0",
    "filters": {
        "price": {"minPrice": "0.01", "maxPrice": None, "tickSize": "0.01"},
        "quantity": {"minQuantity": "0.01", "maxQuantity": None, "stepSize": "0.01"},
    },
}  # fmt: skip
# More requests in a minute than any run makes.
BUDGET = 1_000_000
WORDS = {"side": "Bid", "symbol": "SOL_USDC", "price": "141.20", "quantity": "1.5"}

Call = Callable[[int], object]


class Caller(NamedTuple):
    """What one client does with a client id."""

    call: Callable[[int], Any]
    """Place an order, and return the answer; awaitable for an async client."""
    build: Call
    order_id: Callable[[Any], str]
    """Of such an answer."""
    package: str
    is_async: bool = False


def haversack(url: str) -> Caller:
    from haversack import Client, Credentials, Limits, PlaceOrder

    client = Client(Credentials(PUBLIC, SECRET), base_url=url, limits=Limits(requests_per_minute=BUDGET))
    order: dict[str, Any] = {**WORDS, "order_type": "Limit", "time_in_force": "GTC"}
    return Caller(
        call=lambda number: client.orders.place(**order, client_id=number),
        build=lambda number: client.session.prepare(PlaceOrder(**order, client_id=number)),
        order_id=lambda answer: str(answer.order_id),
        package="haversack",
    )


def haversack_async(url: str) -> Caller:
    from haversack import AsyncClient, Credentials, Limits

    client = AsyncClient(Credentials(PUBLIC, SECRET), base_url=url, limits=Limits(requests_per_minute=BUDGET))
    order: dict[str, Any] = {**WORDS, "order_type": "Limit", "time_in_force": "GTC"}

    def call(number: int) -> Any:
        return client.orders.place(**order, client_id=number)

    return haversack(url)._replace(call=call, is_async=True)


def signature(url: str) -> Caller:
    """The ED25519 signature alone: nothing that signs can be faster."""
    import base64

    from nacl.bindings import crypto_sign, crypto_sign_seed_keypair

    private = crypto_sign_seed_keypair(base64.b64decode(SECRET))[1]

    def build(_: int) -> object:
        return crypto_sign(b"x" * 170, private)

    return haversack(url)._replace(build=build, package="pynacl")


def bpx_py(url: str) -> Caller:
    from bpx.account import Account
    from bpx.base.base_account import BaseAccount

    BaseAccount.BPX_API_URL = f"{url}/"
    account: Any = Account(PUBLIC, SECRET)
    base: Any = BaseAccount(PUBLIC, SECRET, 5000, False)
    order = {**WORDS, "order_type": "Limit", "time_in_force": "GTC"}

    def build(number: int) -> object:
        request = base.execute_order(**order, client_id=number)
        return request.url, request.headers, json.dumps(request.data)

    def call(number: int) -> Any:
        return account.execute_order(**order, client_id=number)

    return Caller(call, build, lambda answer: str(answer["id"]), "bpx-py")


class _Nothing:
    """A session that sends nothing, and its own answer to that."""

    status_code = 204

    def request(self, *_: Any, **__: Any) -> _Nothing:
        return self

    post = request


def backpack_exchange_sdk(url: str) -> Caller:
    from backpack_exchange_sdk.authenticated import AuthenticationClient

    client: Any = AuthenticationClient(PUBLIC, SECRET, base_url=f"{url}/")
    idle: Any = AuthenticationClient(PUBLIC, SECRET, base_url=f"{url}/")
    idle.session = _Nothing()
    order = {**WORDS, "orderType": "Limit", "timeInForce": "GTC"}
    return Caller(
        call=lambda number: client.execute_order(**order, clientId=number),
        build=lambda number: idle.execute_order(**order, clientId=number),
        order_id=lambda answer: str(answer["id"]),
        package="backpack-exchange-sdk",
    )


def _ccxt(kind: Any, url: str) -> Caller:
    exchange = kind({"apiKey": PUBLIC, "secret": SECRET, "enableRateLimit": False})
    exchange.urls["api"] = {"public": url, "private": url}
    exchange.set_markets([exchange.parse_market(MARKET)])
    order = ("SOL/USDC", "limit", "buy", 1.5, 141.20)

    def extra(number: int) -> dict[str, Any]:
        return {"timeInForce": "GTC", "clientOrderId": number}

    def build(number: int) -> object:
        return exchange.sign("api/v1/order", ["private"], "POST", exchange.create_order_request(*order, extra(number)))

    def call(number: int) -> Any:
        return exchange.create_order(*order, extra(number))

    return Caller(call, build, lambda answer: str(answer["id"]), "ccxt")


def ccxt(url: str) -> Caller:
    from ccxt import backpack

    return _ccxt(backpack, url)


def ccxt_async(url: str) -> Caller:
    from ccxt.async_support import backpack

    return _ccxt(backpack, url)._replace(is_async=True)


CLIENTS: Mapping[str, Callable[[str], Caller]] = {
    "haversack": haversack,
    "haversack async": haversack_async,
    "signature": signature,
    "bpx-py": bpx_py,
    "backpack-exchange-sdk": backpack_exchange_sdk,
    "ccxt": ccxt,
    "ccxt async": ccxt_async,
}

# Some clients take a client id for a small number only, and every order wants its own.
_numbers = itertools.count(1_000_000)


def timed(call: Call, count: int) -> str:
    started_ns, used_ns = time.perf_counter_ns(), time.process_time_ns()
    for _ in range(count):
        call(next(_numbers))
    return f"{time.perf_counter_ns() - started_ns} {time.process_time_ns() - used_ns}"


async def timed_async(call: Callable[[int], Awaitable[object]], count: int) -> str:
    started_ns, used_ns = time.perf_counter_ns(), time.process_time_ns()
    for _ in range(count):
        await call(next(_numbers))
    return f"{time.perf_counter_ns() - started_ns} {time.process_time_ns() - used_ns}"


async def awaited(call: Callable[[int], Awaitable[object]]) -> object:
    return await call(next(_numbers))


def main(name: str, url: str) -> None:
    with asyncio.Runner() as runner:
        caller = CLIENTS[name](url)
        for line in sys.stdin:
            job, _, count = line.strip().partition(" ")
            if job == "check":
                placed = runner.run(awaited(caller.call)) if caller.is_async else caller.call(next(_numbers))
                said = f"{version(caller.package)} {caller.order_id(placed)}"
            elif job == "build":
                said = timed(caller.build, int(count))
            else:
                said = runner.run(timed_async(caller.call, int(count))) if caller.is_async else timed(caller.call, int(count))
            sys.stdout.write(f"{said}\n")
            sys.stdout.flush()
        # A client of either kind lives as long as this process: how it is closed is not measured.
        os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
