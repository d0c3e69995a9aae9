"""A stranger's day in a perpetual, in plain requests, websockets and cryptography, at an exchange in a process of its own.

The stranger knows the real exchange's documentation and does its own sums, in fractions.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import count
from math import ceil
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from websockets.sync.client import connect

from served import serve

PERP = "SOL_USDC_PERP"
TAKER = Fraction("0.00045")
LONG = 150
HOUR_S = 3600


class Venue:
    """Where it is, and its owner's commands."""

    def __init__(self, url: str, stream_url: str, data: Path) -> None:
        self.url, self.stream_url, self._data = url, stream_url, data

    def command(self, *words: str) -> None:
        command = [sys.executable, "-m", "haversack", "exchange", *words, "--data", str(self._data)]
        subprocess.run(command, check=True, capture_output=True)

    def public(self, path: str, **query: str) -> Any:
        return requests.get(f"{self.url}/api/v1/{path}", params=query, timeout=5).json()

    def mark(self) -> Fraction:
        return Fraction(self.public("markPrices", symbol=PERP)[0]["markPrice"])

    def now_ms(self) -> int:
        return int(self.public("time"))


class Trader:
    """One key pair."""

    _windows = count(5000)

    def __init__(self, venue: Venue, seed: int) -> None:
        self._venue = venue
        self._key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self._public = base64.b64encode(self._key.public_key().public_bytes_raw()).decode()
        self._session = requests.Session()

    def _signed(self, text: str) -> tuple[str, str, str]:
        timestamp, window = str(self._venue.now_ms()), str(next(self._windows))
        signature = self._key.sign(f"{text}&timestamp={timestamp}&window={window}".encode())
        return base64.b64encode(signature).decode(), timestamp, window

    def call(self, method: str, instruction: str, path: str, **fields: Any) -> Any:
        """The answer to a signed request, which must succeed."""
        pairs = "".join(
            f"&{name}={str(value).lower() if isinstance(value, bool) else value}" for name, value in sorted(fields.items())
        )
        signature, timestamp, window = self._signed(f"instruction={instruction}{pairs}")
        headers = {"X-API-Key": self._public, "X-Signature": signature, "X-Timestamp": timestamp, "X-Window": window}
        query, body = (fields, None) if method == "GET" else (None, fields)
        reply = self._session.request(method, self._venue.url + path, params=query, json=body, headers=headers, timeout=5)
        assert reply.status_code == 200, reply.text
        return reply.json() if reply.content else None

    def place(self, side: str, **fields: Any) -> Any:
        order = {"symbol": PERP, "side": side, "orderType": "Limit"} | fields
        return self.call("POST", "orderExecute", "/api/v1/order", **order)

    def positions(self) -> Any:
        return self.call("GET", "positionQuery", "/api/v1/position")

    def history(self, instruction: str, kind: str, **fields: Any) -> Any:
        return self.call("GET", instruction, f"/wapi/v1/history/{kind}", **fields)

    @contextmanager
    def listen(self, *streams: str) -> Generator[Callable[[Callable[[dict[str, Any]], bool]], list[dict[str, Any]]]]:
        """A connection, as what reads frames until one is the wanted one."""
        with connect(self._venue.stream_url) as socket:
            signature = [self._public, *self._signed("instruction=subscribe")]
            socket.send(json.dumps({"method": "SUBSCRIBE", "params": streams, "signature": signature}))

            def until(is_last: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
                heard: list[dict[str, Any]] = []
                while not heard or not is_last(heard[-1]):
                    heard.append(json.loads(socket.recv(timeout=10))["data"])
                return heard

            yield until


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venue]:
    folder = tmp_path_factory.mktemp("exchange")
    with serve(folder, "--no-crowd", "--speed", "0", "--speed-bump-ms", "0", "--grant", "USDC=1000") as served:
        yield Venue(served.url, served.stream_url, folder)


def six(amount: Fraction) -> Fraction:
    """Rounded up to six decimals, as fees are."""
    return Fraction(ceil(amount * 10**6), 10**6)


def numbers(row: dict[str, Any], *names: str) -> list[Fraction]:
    return [Fraction(row[name]) for name in names]


def check_sums(venue: Venue, trader: Trader, funding: Fraction = Fraction(0)) -> None:
    """A long position at 100, taken at once, and what the account is worth with it; an order for one more rests."""
    (row,) = trader.positions()
    account = trader.call("GET", "collateralQuery", "/api/v1/capital/collateral")
    mark, fee = venue.mark(), six(LONG * 100 * TAKER)
    pnl = LONG * (mark - 100)
    equity, notional = 1000 - fee + funding + pnl, (LONG + 1) * mark
    assert numbers(row, "entryPrice", "netQuantity", "netCost", "pnlUnrealized") == [100, LONG, LONG * 100, pnl]
    assert numbers(row, "netExposureQuantity", "netExposureNotional", "markPrice") == [LONG + 1, notional, mark]
    assert numbers(account, "netEquity", "netExposureFutures", "pnlUnrealized") == [equity, notional, pnl]
    assert numbers(account, "imf", "netEquityLocked") == [Fraction(1, 20), notional / 20]
    assert Fraction(account["netEquityAvailable"]) == equity - notional / 20
    rounded = [
        (row["breakEvenPrice"], (LONG * 100 + fee - funding) / LONG),
        (row["estLiquidationPrice"], mark - (equity - Fraction(row["mmf"]) * notional) / LONG),
        (account["marginFraction"], equity / notional),
    ]
    for said, exact in rounded:
        assert abs(Fraction(said) - exact) < Fraction(1, 10**20)


def test_a_position_is_opened_pays_funding_and_is_liquidated(venue: Venue) -> None:
    venue.command("price", PERP, "100")
    venue.command("clock", "advance", "2s")
    one, other = Trader(venue, 1), Trader(venue, 2)
    for trader in (one, other):
        assert trader.call("PATCH", "accountUpdate", "/api/v1/account", leverageLimit="20") is None
    other.place("Ask", price="100", quantity=str(LONG))
    assert one.place("Bid", price="100", quantity=str(LONG), timeInForce="IOC")["status"] == "Filled"
    one.place("Bid", price="60", quantity="1")
    one.place("Ask", orderType="Market", triggerPrice="50", triggerQuantity="100%", reduceOnly=True)
    check_sums(venue, one)
    with one.listen("account.positionUpdate", "account.orderUpdate") as until:
        (snapshot,) = until(lambda frame: True)
        assert ("e" in snapshot, snapshot["q"], type(snapshot["i"])) == (False, str(LONG), int)
        check_sums(venue, one, an_hour_of_funding(venue, one, other))

        other.place("Bid", price="94", quantity="200")
        venue.command("price", PERP, "94")
        venue.command("clock", "advance", "40s")
        heard = until(lambda frame: frame.get("O") == "LIQUIDATION_AUTOCLOSE" and frame["e"] == "orderFill")
    ended = [frame for frame in heard if frame["e"] == "orderExpired"]
    assert [(frame["R"], frame["O"]) for frame in ended] == [("Liquidation", "LIQUIDATION_AUTOCLOSE")] * 2
    assert one.call("GET", "orderQueryAll", "/api/v1/orders") == []
    check_liquidation(one)


def an_hour_of_funding(venue: Venue, one: Trader, other: Trader) -> Fraction:
    """What the first paid the second for it."""
    left_s = HOUR_S - venue.now_ms() // 1000 % HOUR_S
    venue.command("clock", "advance", f"{left_s + 1}s")
    (paid,) = one.history("fundingHistoryQueryAll", "funding")
    (received,) = other.history("fundingHistoryQueryAll", "funding")
    funding, rate = numbers(paid, "quantity", "fundingRate")
    # The rate is shown with nine decimals; payers pay up in the sixth, and receivers get less.
    assert rate > 0
    assert abs(funding + rate * LONG * venue.mark()) < Fraction(1, 10**4)
    assert 0 <= -funding - Fraction(received["quantity"]) <= Fraction(1, 10**6)
    return funding


def check_liquidation(trader: Trader) -> None:
    """Tenths of the position were sold at 94, each for one percent beside the usual fee; the backstop may take the rest."""
    fills = trader.history("fillHistoryQueryAll", "fills", fillType="AllLiquidation")
    left, profit, penalties = Fraction(LONG), Fraction(0), Fraction(0)
    for fill in reversed(fills):
        quantity, price, fee = numbers(fill, "quantity", "price", "fee")
        if fill["systemOrderType"] == "LiquidatePositionOnBook":
            penalty = six(price * quantity / 100)
            assert [price, quantity, fee] == [94, Fraction(ceil(left * 10), 100), six(price * quantity * TAKER) + penalty]
            penalties += penalty
        else:
            assert [quantity, fee] == [left, 0]
        left, profit = left - quantity, profit + (price - 100) * quantity
    assert penalties
    (row,) = trader.history("positionHistoryQueryAll", "position")
    names = ("netQuantity", "closedVolume", "cumulativePnlRealized", "liquidationFees")
    assert numbers(row, *names) == [left, LONG - left, profit, penalties]
