"""Somebody who talks to the exchange without this package: requests are built by hand and signed with another library."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from haversack.clock import ManualClock
from haversack.exchange.journal import GroupCommitter, MemoryJournal
from haversack.exchange.listing import Listing
from haversack.exchange.loopback import Loopback, LoopbackSocket
from haversack.exchange.messages import Reply
from haversack.exchange.venue import Settings, Venue

JSON = "application/json; charset=utf-8"


class Stranger:
    """One key pair at one exchange."""

    def __init__(self, desk: Desk, seed: int = 1) -> None:
        self._desk = desk
        self._key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.public_key = base64.b64encode(self._key.public_key().public_bytes_raw()).decode()

    def signature(self, text: str) -> str:
        return base64.b64encode(self._key.sign(text.encode())).decode()

    def headers(self, instruction: str, fields: Mapping[str, Any]) -> dict[str, str]:
        pairs = "".join(f"&{name}={_text(value)}" for name, value in sorted(fields.items()))
        # Nobody signs the same thing twice in a millisecond; the clock stands still, so the window makes the difference.
        timestamp_ms, window_ms = self._desk.clock.now_us() // 1000, self._desk.next_window_ms()
        return {
            "X-API-Key": self.public_key,
            "X-Signature": self.signature(f"instruction={instruction}{pairs}&timestamp={timestamp_ms}&window={window_ms}"),
            "X-Timestamp": str(timestamp_ms),
            "X-Window": str(window_ms),
        }

    async def read(self, instruction: str, path: str, **fields: Any) -> Reply:
        query = "&".join(f"{name}={_text(value)}" for name, value in fields.items())
        return await self._desk.request("GET", f"{path}?{query}", self.headers(instruction, fields))

    async def write(self, method: str, instruction: str, path: str, **fields: Any) -> Reply:
        headers = self.headers(instruction, fields) | {"Content-Type": JSON}
        return await self._desk.request(method, path, headers, json.dumps(fields).encode())

    async def place(self, **fields: Any) -> Reply:
        order = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "100", "quantity": "1"} | fields
        order = {name: value for name, value in order.items() if value is not None}
        return await self.write("POST", "orderExecute", "/api/v1/order", **order)

    async def cancel(self, **fields: Any) -> Reply:
        return await self.write("DELETE", "orderCancel", "/api/v1/order", **{"symbol": "SOL_USDC"} | fields)

    async def balances(self) -> dict[str, dict[str, str]]:
        return loads(await self.read("balanceQuery", "/api/v1/capital"))  # type: ignore[no-any-return]

    def subscribe(self, socket: LoopbackSocket, *streams: str) -> None:
        timestamp_ms = self._desk.clock.now_us() // 1000
        signature = self.signature(f"instruction=subscribe&timestamp={timestamp_ms}&window=5000")
        request = {"method": "SUBSCRIBE", "params": streams, "signature": [self.public_key, signature, str(timestamp_ms), "5000"]}
        socket.send(json.dumps(request))


class Desk:
    """An exchange without a crowd, on a clock that stands still, and the doors to it."""

    def __init__(self, venue: Venue, clock: ManualClock) -> None:
        self.venue = venue
        self.clock = clock
        self._loopback = Loopback(venue, sleep=self._sleep)
        self._window_ms = 5000
        self.slept_s: list[float] = []

    async def _sleep(self, delay_s: float) -> None:
        self.slept_s.append(delay_s)
        self.clock.advance(us=round(delay_s * 1_000_000))

    def next_window_ms(self) -> int:
        self._window_ms += 1
        return self._window_ms

    async def request(self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Reply:
        return await self._loopback.request(method, target, headers=headers or {}, body=body)

    async def get(self, target: str) -> Reply:
        return await self.request("GET", target)

    def connect(self) -> LoopbackSocket:
        return self._loopback.connect()


@asynccontextmanager
async def open_desk(*, grants: Mapping[str, str] | None = None, **settings: Any) -> AsyncIterator[Desk]:
    listing, clock, journal = Listing.load(), ManualClock(), MemoryJournal()
    if grants is not None:
        settings["grants"] = {asset: Decimal(quantity) for asset, quantity in grants.items()}
    settings.setdefault("has_crowd", False)
    venue = Venue(listing, clock, GroupCommitter(journal), settings=Settings(**settings))
    venue.start(journal)
    yield Desk(venue, clock)


async def frames(socket: LoopbackSocket, count: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(5):
        return [json.loads(await socket.receive() or b"null") for _ in range(count)]


def loads(reply: Reply) -> Any:
    assert reply.status == 200, reply
    return json.loads(reply.body)


def said(reply: Reply) -> tuple[int, str, str]:
    """Status, code and message of a refusal in JSON."""
    body = json.loads(reply.body)
    return reply.status, body["code"], body["message"]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
