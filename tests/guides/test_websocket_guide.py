"""The WebSocket guide's own steps, in plain websockets and cryptography: only the address differs from the real exchange."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from time import time
from typing import Any

import pytest
import requests
import websockets
from cryptography.hazmat.primitives.asymmetric import ed25519

from served import Served, serve

# The key pair that the guide publishes for demonstration.
PUBLIC_KEY = "5+yQgwU0ZdJ/9s+GXfuPFfo7yQQpl9CgvQedJXne30o="
SECRET_KEY = "TDSkv44jf/iD/QCKkyCdixO+p1sfLXxk+PZH7mW/ams="


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("exchange")) as served:
        yield served


def sign(text: str) -> str:
    private_key = ed25519.Ed25519PrivateKey.from_private_bytes(base64.b64decode(SECRET_KEY))
    return base64.b64encode(private_key.sign(text.encode())).decode()


def place_order(exchange: Served) -> None:
    """What makes the private stream speak: a post-only bid far below the market."""
    send_order(
        exchange, {"orderType": "Limit", "postOnly": True, "price": "90", "quantity": "1", "side": "Bid", "symbol": "SOL_USDC"}
    )


def buy(exchange: Served, symbol: str) -> None:
    """What makes the public streams of a market speak."""
    send_order(exchange, {"orderType": "Market", "quoteQuantity": "200", "side": "Bid", "symbol": symbol})


def send_order(exchange: Served, body: dict[str, Any]) -> None:
    timestamp = int(time() * 1e3)
    fields = "&".join(f"{name}={str(value).lower() if value is True else value}" for name, value in sorted(body.items()))
    headers = {
        "X-API-Key": PUBLIC_KEY,
        "X-Signature": sign(f"instruction=orderExecute&{fields}&timestamp={timestamp}&window=5000"),
        "X-Timestamp": str(timestamp),
        "X-Window": "5000",
    }
    response = requests.post(f"{exchange.url}/api/v1/order", json=body, headers=headers, timeout=5)
    assert response.status_code == 200, response.text


async def test_a_public_stream(exchange: Served) -> None:
    async with websockets.connect(exchange.stream_url) as websocket:
        await websocket.send(json.dumps({"method": "SUBSCRIBE", "params": ["depth.SOL_USDC"]}))
        await asyncio.to_thread(buy, exchange, "SOL_USDC")
        data = json.loads(await asyncio.wait_for(websocket.recv(), 20))
    assert data["stream"] == "depth.SOL_USDC"
    assert data["data"]["e"] == "depth"


async def test_several_public_streams_on_one_connection(exchange: Served) -> None:
    wanted = ["depth.SOL_USDC", "trade.SOL_USDC", "depth.BTC_USDC", "trade.BTC_USDC"]
    seen: set[str] = set()
    async with asyncio.timeout(60), websockets.connect(exchange.stream_url) as websocket:
        await websocket.send(json.dumps({"method": "SUBSCRIBE", "params": wanted}))
        for symbol in ("SOL_USDC", "BTC_USDC"):
            await asyncio.to_thread(buy, exchange, symbol)
        while seen != set(wanted):
            data = json.loads(await websocket.recv())
            assert data["data"]["s"] == data["stream"].split(".")[1]
            seen.add(data["stream"])


async def test_a_private_stream(exchange: Served) -> None:
    # The guide filters on `account.order`, which never comes: the stream is named as it was subscribed.
    timestamp, window = int(time() * 1e3), "5000"
    message: dict[str, Any] = {
        "method": "SUBSCRIBE",
        "params": ["account.orderUpdate"],
        "signature": [
            PUBLIC_KEY,
            sign(f"instruction=subscribe&timestamp={timestamp}&window={window}"),
            str(timestamp),
            window,
        ],
    }
    async with asyncio.timeout(20), websockets.connect(exchange.stream_url, ping_interval=20, ping_timeout=10) as websocket:
        await websocket.send(json.dumps(message))
        # There is no acknowledgement; a pong is: frames of one connection are read in order.
        await (await websocket.ping())
        await asyncio.to_thread(place_order, exchange)
        response = json.loads(await websocket.recv())
    assert response["stream"] == "account.orderUpdate"
    assert response["data"]["e"] == "orderAccepted"
    assert response["data"]["X"] == "New"
    assert response["data"]["p"] == "90.00"


async def test_a_wrong_signature_is_told_in_an_error_frame(exchange: Served) -> None:
    timestamp = str(int(time() * 1e3))
    signature = [PUBLIC_KEY, sign("something else"), timestamp, "5000"]
    async with asyncio.timeout(20), websockets.connect(exchange.stream_url) as websocket:
        await websocket.send(json.dumps({"method": "SUBSCRIBE", "params": ["account.orderUpdate"], "signature": signature}))
        assert await websocket.recv() == '{"id":null,"error":{"code":4003,"message":"Invalid signature"}}'
