"""Settings of an account, the money that it got, and the money that never leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from exchange.stranger import Stranger, loads, open_desk, said
from exchange.test_restart import Site
from haversack.clock import ManualClock
from haversack.exchange.engine.command import Grant

ACCOUNT = ("accountQuery", "/api/v1/account")
UPDATE = ("PATCH", "accountUpdate", "/api/v1/account")
DEPOSITS = ("depositQueryAll", "/wapi/v1/capital/deposits")
START_MS = 1_788_285_151_000


async def test_settings_change_and_what_is_not_given_stays() -> None:
    async with open_desk() as desk:
        somebody = Stranger(desk)
        before = loads(await somebody.read(*ACCOUNT))
        reply = await somebody.write(*UPDATE, leverageLimit="7.5", autoRepayBorrows=False)
        assert (reply.status, reply.body, reply.content_type) == (200, b"", None)
        await somebody.write(*UPDATE, autoBorrowSettlements=True, autoLend=False)
        changed = {"leverageLimit": "7.5", "autoRepayBorrows": False, "autoBorrowSettlements": True}
        assert loads(await somebody.read(*ACCOUNT)) == before | changed
        assert loads(await Stranger(desk, 2).read(*ACCOUNT)) == before


async def test_settings_survive_a_restart(tmp_path: Path) -> None:
    clock = ManualClock()
    site = Site(tmp_path, clock)
    await Stranger(site.desk).write(*UPDATE, leverageLimit="3")
    await site.stop()
    again = Site(tmp_path, clock)
    assert loads(await Stranger(again.desk).read(*ACCOUNT))["leverageLimit"] == "3"
    assert len(loads(await Stranger(again.desk).read(*DEPOSITS))) == 5
    await again.stop()


async def test_change_of_nothing_is_taken_and_written_nowhere() -> None:
    async with open_desk() as desk:
        somebody = Stranger(desk)
        await somebody.read(*ACCOUNT)
        before = desk.venue.last_us, desk.venue.engine.state_hash()
        desk.clock.advance(ms=5)
        assert (await somebody.write(*UPDATE)).status == 200
        assert (desk.venue.last_us, desk.venue.engine.state_hash()) == before


@pytest.mark.parametrize("limit", ["0", "-1", "0.99", "50.1", "1.123456789", "1000000000"])
async def test_leverage_limit_out_of_bounds_is_refused(limit: str) -> None:
    async with open_desk() as desk:
        somebody = Stranger(desk)
        assert said(await somebody.write(*UPDATE, leverageLimit=limit, autoRepayBorrows=False))[2] == "Invalid leverage limit"
        assert loads(await somebody.read(*ACCOUNT))["autoRepayBorrows"] is True


async def test_auto_lend_leaves_nothing_available_and_a_bid_takes_its_worth_out_of_what_is_lent() -> None:
    """The figures are recorded ones of 2025-06."""
    async with open_desk(grants={"USDC": "10.5862891343"}) as desk:
        somebody = Stranger(desk)
        assert (await somebody.write(*UPDATE, autoLend=True)).body == b""
        assert loads(await somebody.read(*ACCOUNT))["autoLend"] is True
        assert (await somebody.balances())["USDC"] == {"available": "0", "locked": "0", "staked": "0"}
        assert (await somebody.place(price="70.55", quantity="0.02")).status == 200
        row = loads(await somebody.read("collateralQuery", "/api/v1/capital/collateral"))["collateral"][0]
        by_hand = await somebody.write(
            "POST", "borrowLendExecute", "/api/v1/borrowLend", symbol="USDC", side="Borrow", quantity="1"
        )
        moved = loads(await somebody.read("borrowHistoryQueryAll", "/wapi/v1/history/borrowLend"))
    assert row["availableQuantity"] == "0"
    assert (row["lendQuantity"], row["openOrderQuantity"], row["totalQuantity"]) == ("9.1752891343", "1.411", "10.5862891343")
    assert said(by_hand) == (400, "PRECONDITION_FAILED", "Auto lend is enabled")
    assert [(each["eventType"], each["source"], each["quantity"]) for each in moved] == [
        ("LendRedeem", "AutoLend", "1.411"),
        ("Lend", "AutoLend", "10.5862891343"),
    ]
    assert moved[0]["spotMarginOrderId"] is not None


async def test_an_order_calls_back_what_is_lent_if_it_may() -> None:
    lend = {"symbol": "USDC", "side": "Lend", "quantity": "9"}
    async with open_desk(grants={"USDC": "10"}) as desk:
        somebody = Stranger(desk)
        await somebody.write("POST", "borrowLendExecute", "/api/v1/borrowLend", **lend)
        path = ("maxOrderQuantity", "/api/v1/account/limits/order")
        asked: dict[str, Any] = {"symbol": "SOL_USDC", "side": "Bid", "price": "100"}
        plain = loads(await somebody.read(*path, **asked))
        redeeming = loads(await somebody.read(*path, **asked, autoLendRedeem="true"))
        refused = await somebody.place(price="100", quantity="0.1")
        placed = await somebody.place(price="100", quantity="0.1", autoLendRedeem=True)
        balance = (await somebody.balances())["USDC"]
    assert [plain["maxOrderQuantity"], redeeming["maxOrderQuantity"]] == ["0.01", "0.1"]
    assert said(refused) == (400, "INSUFFICIENT_FUNDS", "Insufficient funds")
    assert placed.status == 200
    assert balance == {"available": "0", "locked": "10", "staked": "0"}


async def test_grants_are_deposits_newest_first_in_the_documented_form() -> None:
    async with open_desk(grants={"USDC": "1.5", "SOL": "2"}) as desk:
        somebody = Stranger(desk)
        await somebody.read(*ACCOUNT)
        desk.clock.advance(ms=7)
        desk.venue.execute(Grant(1, (("BTC", 10**8),)), now_us=desk.clock.now_us())
        reply = await somebody.read(*DEPOSITS, limit=2)
        rows = loads(await somebody.read(*DEPOSITS, offset=1))
    assert reply.body.decode().startswith(
        '[{"createdAt":"2026-09-01T17:52:31.007","fiatAmount":null,"fiatCurrency":null,"fromAddress":null,"id":3,'
        '"institutionBic":null,"platformMemo":null,"quantity":"'
    )
    assert reply.body.decode().endswith(
        '"source":"administrator","status":"confirmed","symbol":"SOL","toAddress":null,"transactionHash":null}]'
    )
    assert "x-total" not in reply.headers
    assert [(row["symbol"], row["quantity"], row["id"]) for row in rows] == [("SOL", "2", 2), ("USDC", "1.5", 1)]


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({"from": START_MS}, 1),
        ({"from": START_MS + 1}, 0),
        ({"to": START_MS}, 1),
        ({"to": START_MS - 1}, 0),
        ({"excludePlatform": True}, 0),
        ({"excludePlatform": False}, 1),
        ({"offset": 1}, 0),
    ],
)
async def test_deposits_are_filtered(fields: dict[str, Any], count: int) -> None:
    async with open_desk(grants={"USDC": "1"}) as desk:
        assert len(loads(await Stranger(desk).read(*DEPOSITS, **fields))) == count


async def test_two_factor_code_that_nobody_can_sign_is_refused() -> None:
    async with open_desk() as desk:
        wanted = {"symbol": "SOL", "quantity": "1", "blockchain": "Solana", "address": "somewhere", "twoFactorToken": "1&2"}
        reply = await Stranger(desk).write("POST", "withdraw", "/wapi/v1/capital/withdrawals", **wanted)
    assert said(reply) == (400, "INVALID_CLIENT_REQUEST", "Invalid signature")


async def test_no_wallet_is_an_address() -> None:
    async with open_desk() as desk:
        rows = loads(await desk.get("/api/v1/wallets"))
    assert {"Solana", "Ethereum", "Bitcoin"} <= {row["blockchain"] for row in rows}
    assert [row["blockchain"] for row in rows] == sorted(row["blockchain"] for row in rows)
    assert all(row["address"].startswith("local-exchange-do-not-send-") for row in rows)
    assert len({row["address"] for row in rows}) == len(rows)
