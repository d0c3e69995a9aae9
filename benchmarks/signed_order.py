"""How long does it take to build one signed order, ready to send, beside the other clients for this exchange?

Counted: from the caller's arguments to the request's path, headers, signature and body, without any network. All build the
same limit order, with the same key, in turns within one process; the figures are medians. bpx-py returns a dictionary, whose
encoding as JSON is counted too; backpack-exchange-sdk hands its request to a session, which is replaced by one that does
nothing; of ccxt only `sign` is counted, which leaves out its own checks of the order. The ED25519 signature alone is shown
too: nothing that signs can be faster.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from nacl.bindings import crypto_sign, crypto_sign_seed_keypair

from haversack.clock import SystemClock
from haversack.credentials import Credentials
from haversack.rest.session import RestSession
from haversack.wire.enums import Side
from haversack.wire.orders import PlaceOrder

Row = tuple[str, str, str]
Build = Callable[[int], object]

CALLS = 1_000
ROUNDS = 15
RATIO_WANTED = 1.5

SEED = os.urandom(32)
SECRET = base64.b64encode(SEED).decode()
PUBLIC = base64.b64encode(crypto_sign_seed_keypair(SEED)[0]).decode()


def haversack() -> Build:
    session = RestSession(Credentials(PUBLIC, SECRET), SystemClock())

    def build(client_id: int) -> object:
        return session.prepare(
            PlaceOrder(
                symbol="SOL_USDC", side=Side.BID, order_type="Limit", price="141.20", quantity="1.5", time_in_force="GTC",
                client_id=client_id,
            )
        )  # fmt: skip

    return build


def bpx() -> Build:
    from bpx.base.base_account import BaseAccount

    account: Any = BaseAccount(PUBLIC, SECRET, 5000, False)

    def build(client_id: int) -> object:
        config = account.execute_order(
            symbol="SOL_USDC", side="Bid", order_type="Limit", price="141.20", quantity="1.5", time_in_force="GTC",
            client_id=client_id,
        )  # fmt: skip
        return config.url, config.headers, json.dumps(config.data)

    return build


class _Nothing:
    """A session that sends nothing, and its own answer to that."""

    status_code = 204

    def post(self, *_: Any, **__: Any) -> _Nothing:
        return self


def backpack_exchange_sdk() -> Build:
    from backpack_exchange_sdk.authenticated import AuthenticationClient

    client: Any = AuthenticationClient(PUBLIC, SECRET)
    client.session = _Nothing()

    def build(client_id: int) -> object:
        return client.execute_order(
            orderType="Limit", side="Bid", symbol="SOL_USDC", price="141.20", quantity="1.5", timeInForce="GTC",
            clientId=client_id,
        )  # fmt: skip

    return build


def ccxt() -> Build:
    from ccxt import backpack

    exchange: Any = backpack({"apiKey": PUBLIC, "secret": SECRET})
    fixed = {
        "symbol": "SOL_USDC",
        "side": "Bid",
        "orderType": "Limit",
        "price": "141.20",
        "quantity": "1.5",
        "timeInForce": "GTC",
    }

    def build(client_id: int) -> object:
        return exchange.sign("api/v1/order", "private", "POST", {**fixed, "clientId": client_id})

    return build


def signature_alone() -> Build:
    private = crypto_sign_seed_keypair(SEED)[1]
    text = (
        b"instruction=orderExecute&clientId=1000000&orderType=Limit&price=141.20&quantity=1.5&side=Bid&symbol=SOL_USDC"
        b"&timeInForce=GTC&timestamp=1614550000000&window=5000"
    )
    return lambda _: crypto_sign(text, private)


OTHERS = {"bpx": bpx, "backpack_exchange_sdk": backpack_exchange_sdk, "ccxt": ccxt}


def measure(builds: dict[str, Build]) -> dict[str, float]:
    """The median of each in microseconds. They take turns, so that a slow moment of the machine meets all of them."""
    samples: dict[str, list[float]] = {name: [] for name in builds}
    for _ in range(ROUNDS):
        for name, build in builds.items():
            # Others take a client id for a small number only.
            samples[name].append(_once(build, count(1_000_000)))
    return {name: statistics.median(times) for name, times in samples.items()}


def _once(build: Build, numbers: Iterator[int]) -> float:
    started_ns = time.perf_counter_ns()
    for _ in range(CALLS):
        build(next(numbers))
    return (time.perf_counter_ns() - started_ns) / CALLS / 1_000


def run() -> list[Row]:
    """Every client that is installed here."""
    installed = {name: made() for name, made in OTHERS.items() if importlib.util.find_spec(name)}
    took_us = measure({"haversack": haversack(), "signature alone": signature_alone(), **installed})
    ours_us = took_us.pop("haversack")
    rows: list[Row] = [("signed order: haversack", f"{ours_us:.1f} us", "")]
    for name, them_us in took_us.items():
        ratio = them_us / ours_us
        wanted = f"at least {RATIO_WANTED} times" if name in ("bpx", "backpack_exchange_sdk") else ""
        rows.append((f"signed order: {name}", f"{them_us:.1f} us, {ratio:.2f} times haversack", wanted))
    missing = [name for name in OTHERS if name not in installed]
    if missing:
        rows.append(("signed order: not installed here", ", ".join(missing), "all"))
    return rows


if __name__ == "__main__":
    for row in run():
        sys.stdout.write("  |  ".join(row) + "\n")
