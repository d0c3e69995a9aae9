"""The REST guide's own steps, in plain requests and cryptography: only the address differs from the real exchange."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from time import time

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ed25519

from served import Served, serve

# The key pair that the guide publishes for demonstration.
PUBLIC_KEY = "zDIJj9qneWIY0IYZ5aXoHcNMCm+XDhVcTssiT0HyY0A="
SECRET_KEY = "4odxgSUxFrC/zsKWZF4OQwYAgnNu9hnWH3NxWfLAPz4="


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("exchange")
    with serve(folder) as served:
        yield served


def signed_headers(instruction: str, params: dict[str, object]) -> dict[str, str]:
    private_key = ed25519.Ed25519PrivateKey.from_private_bytes(base64.b64decode(SECRET_KEY))
    timestamp, window = int(time() * 1000), "5000"
    text = f"instruction={instruction}"
    for name, value in sorted(params.items()):
        text += f"&{name}={str(value).lower() if isinstance(value, bool) else value}"
    text += f"&timestamp={timestamp}&window={window}"
    return {
        "X-API-Key": PUBLIC_KEY,
        "X-Signature": base64.b64encode(private_key.sign(text.encode())).decode(),
        "X-Timestamp": str(timestamp),
        "X-Window": window,
    }


def test_open_interest_is_read_as_the_guide_reads_it(exchange: Served) -> None:
    symbol = "SOL_USDC_PERP"
    response = requests.get(url=f"{exchange.url}/api/v1/openInterest?symbol={symbol}", timeout=5)
    assert response.status_code == 200
    row = response.json()[0]
    assert list(row) == ["openInterest", "symbol", "timestamp"]
    assert float(row["openInterest"]) >= 0
    assert row["symbol"] == symbol
    assert abs(row["timestamp"] - time() * 1000) < 10_000


def test_deposit_address_is_asked_for_as_the_guide_asks(exchange: Served) -> None:
    params: dict[str, object] = {"blockchain": "Solana"}
    response = requests.get(
        f"{exchange.url}/wapi/v1/capital/deposit/address",
        params={"blockchain": "Solana"},
        headers=signed_headers("depositAddressQuery", params),
        timeout=5,
    )
    assert response.status_code == 200
    assert response.json()["address"]


def test_the_same_request_signed_for_another_network_is_refused(exchange: Served) -> None:
    headers = signed_headers("depositAddressQuery", {"blockchain": "Ethereum"})
    response = requests.get(
        f"{exchange.url}/wapi/v1/capital/deposit/address", params={"blockchain": "Solana"}, headers=headers, timeout=5
    )
    assert response.status_code == 400
    assert response.text == '{"code":"INVALID_CLIENT_REQUEST","message":"Invalid signature"}'


def test_an_order_is_placed_and_cancelled_with_signed_json_bodies(exchange: Served) -> None:
    body: dict[str, object] = {
        "symbol": "SOL_USDC",
        "side": "Bid",
        "orderType": "Limit",
        "price": "90.5",
        "quantity": "1.5",
        "postOnly": True,
        "clientId": 7,
    }
    placed = requests.post(f"{exchange.url}/api/v1/order", json=body, headers=signed_headers("orderExecute", body), timeout=5)
    assert placed.status_code == 200, placed.text
    assert placed.json()["status"] == "New"
    cancel: dict[str, object] = {"symbol": "SOL_USDC", "orderId": placed.json()["id"]}
    cancelled = requests.delete(
        f"{exchange.url}/api/v1/order", json=cancel, headers=signed_headers("orderCancel", cancel), timeout=5
    )
    assert cancelled.status_code == 200, cancelled.text
    assert cancelled.json()["status"] == "Cancelled"
    balances = requests.get(f"{exchange.url}/api/v1/capital", headers=signed_headers("balanceQuery", {}), timeout=5)
    assert balances.json()["USDC"] == {"available": "100000", "locked": "0", "staked": "0"}
