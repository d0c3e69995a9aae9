"""Vaults through the doors: what is answered, what is refused in which words, who may read what, and what streams tell."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from traceback import walk_tb
from typing import Any

import pytest

from exchange.api.margin import PERP, leverage, margin, marked, trade
from exchange.durability.sites import Site
from exchange.stranger import Desk, Stranger, frames, loads, open_desk, said
from haversack.clock import ManualClock
from haversack.credentials import Credentials
from haversack.exchange.api import vaults
from haversack.exchange.api.caller import Caller
from haversack.exchange.engine.command import Elapse
from haversack.exchange.engine.vaults.command import MintVault, RedeemVault, SetVaultNav
from haversack.exchange.messages import Refused, Reply
from haversack.local import LocalExchange
from haversack.wire.vaults import CancelVaultRedeem, VaultRedeemStatus

GRANTS = {"USDC": "1000"}
INVALID = "INVALID_CLIENT_REQUEST"
OWNER = Credentials.from_secret(b64encode(sha256(b"haversack vault 1").digest()).decode())
"""Of the vault that is listed."""


async def mint(desk: Desk, quantity: str = "100", seed: int = 1, **more: Any) -> Reply:
    fields = {"vaultId": 1, "symbol": "USDC", "quantity": quantity} | more
    return await Stranger(desk, seed).write("POST", "vaultMint", "/api/v1/vault/mint", **fields)


async def redeem(desk: Desk, quantity: str | None = None, seed: int = 1, **more: Any) -> Reply:
    fields = {"vaultId": 1} | ({} if quantity is None else {"vaultTokenQuantity": quantity}) | more
    return await Stranger(desk, seed).write("POST", "vaultRedeemRequest", "/api/v1/vault/redeem", **fields)


async def cancel(desk: Desk, seed: int = 1, **more: Any) -> Reply:
    return await Stranger(desk, seed).write("DELETE", "vaultRedeemCancel", "/api/v1/vault/redeem", **{"vaultId": 1} | more)


def elapse(desk: Desk, *, s: int) -> None:
    desk.clock.advance(ms=s * 1_000)
    desk.venue.execute(Elapse(), now_us=desk.clock.now_us())


async def test_vaults_are_told_to_the_byte() -> None:
    async with open_desk(grants=GRANTS) as desk:
        before = await desk.get("/api/v1/vaults")
        assert (await mint(desk)).status == 200
        after = loads(await desk.get("/api/v1/vaults"))
    assert before.body.decode() == (
        '[{"id":1,"minMintQuantity":"10","minRedeemTokens":"1","mintsEnabled":true,"redeemDelayMs":3600000,'
        '"redeemsEnabled":true,"remainingMintQuantity":"10000000","symbol":"USDC","tokenStepSize":"0.01","vaultToken":"VLT"}]'
    )
    assert after[0]["remainingMintQuantity"] == "9999900"


async def test_deposit_redemption_and_its_cancel_answer_nothing_and_show_in_the_balances() -> None:
    async with open_desk(grants=GRANTS) as desk:
        somebody = Stranger(desk)
        replies = [await mint(desk, "100.5")]
        assert (await somebody.balances())["VLT"] == {"available": "100.5", "locked": "0", "staked": "0"}
        replies += [await redeem(desk, "40"), await cancel(desk), await redeem(desk, "50")]
        assert (await somebody.balances())["VLT"] == {"available": "50.5", "locked": "50", "staked": "0"}
        elapse(desk, s=3_600)
        balances = await somebody.balances()
    assert [(reply.status, reply.body) for reply in replies] == [(200, b"")] * 4
    assert balances["VLT"] == {"available": "50.5", "locked": "0", "staked": "0"}
    # A token gained this very moment, and so its mean did not yet.
    assert balances["USDC"]["available"] == "949.5"


ASKS: dict[str, Callable[..., Awaitable[Reply]]] = {"mint": mint, "redeem": redeem, "cancel": cancel}
REFUSED: list[tuple[str, dict[str, Any], tuple[int, str, str]]] = [
    ("mint", {"vaultId": 7}, (400, INVALID, "Vault not found")),
    ("mint", {"symbol": "SOL"}, (400, "INVALID_ASSET", "Invalid asset")),
    ("mint", {"symbol": "NOTREAL"}, (400, "INVALID_ASSET", "Invalid asset")),
    ("mint", {"quantity": "9.99"}, (400, INVALID, "Quantity is below the minimum allowed value")),
    ("mint", {"quantity": "-5"}, (400, INVALID, "Quantity is below the minimum allowed value")),
    ("mint", {"quantity": "10.00000000001"}, (400, INVALID, "Quantity decimal too long")),
    ("mint", {"quantity": "10000000.01"}, (400, INVALID, "Quantity is above the maximum allowed value")),
    ("mint", {"quantity": "900.01"}, (400, "INSUFFICIENT_FUNDS", "Insufficient funds")),
    ("redeem", {"vaultId": 7}, (400, INVALID, "Vault not found")),
    ("redeem", {"vaultTokenQuantity": "0.5"}, (400, INVALID, "Quantity is below the minimum allowed value")),
    ("redeem", {"vaultTokenQuantity": "0"}, (400, INVALID, "Quantity is below the minimum allowed value")),
    ("redeem", {"vaultTokenQuantity": "1.001"}, (400, INVALID, "Quantity decimal too long")),
    ("redeem", {"vaultTokenQuantity": "1.0000000001"}, (400, INVALID, "Quantity decimal too long")),
    ("redeem", {"vaultTokenQuantity": "100.01"}, (400, "INSUFFICIENT_FUNDS", "Insufficient funds")),
    ("cancel", {"vaultId": 7}, (400, INVALID, "Vault not found")),
    ("cancel", {}, (400, INVALID, "Redeem request not found")),
]


@pytest.mark.parametrize(("what", "fields", "told"), REFUSED, ids=lambda value: str(value)[:60])
async def test_refusal(what: str, fields: dict[str, Any], told: tuple[int, str, str]) -> None:
    async with open_desk(grants=GRANTS) as desk:
        assert (await mint(desk, "100")).status == 200
        before = desk.venue.engine.state_hash()
        reply = await ASKS[what](desk, **fields)
        assert said(reply) == told
        assert desk.venue.engine.state_hash() == before


async def test_refusal_that_is_told_again_remembers_nothing_of_the_last_time() -> None:
    async with open_desk(grants=GRANTS) as desk:
        number = desk.venue.account_for(Stranger(desk).public_key, now_us=desk.clock.now_us())
        caller, depths = Caller(desk.venue, desk.clock.now_us(), number), set[int]()
        for _ in range(3):
            with pytest.raises(Refused) as caught:
                vaults.cancel(caller, CancelVaultRedeem(vault_id=1))
            depths.add(len(list(walk_tb(caught.value.__traceback__))))
    assert len(depths) == 1


async def test_second_redemption_is_refused_while_one_waits() -> None:
    async with open_desk(grants=GRANTS) as desk:
        await mint(desk, "100")
        await redeem(desk, "10")
        assert said(await redeem(desk, "10")) == (400, "PRECONDITION_FAILED", "Redeem request is already pending")


async def test_body_without_a_field_is_told_as_the_framework_does() -> None:
    async with open_desk(grants=GRANTS) as desk:
        reply = await Stranger(desk).write("POST", "vaultMint", "/api/v1/vault/mint", vaultId=1, quantity="10")
        odd = await mint(desk, vaultId=-1)
    assert reply.body == (
        b'parse request payload error: Type "string" expects an input value. (occurred while parsing "VaultMintRequest")'
    )
    assert (odd.status, b"VaultMintRequest" in odd.body) == (400, True)


async def test_nav_and_pending_redemptions_are_told_to_the_vaults_own_account_alone() -> None:
    async with open_desk(grants=GRANTS) as desk:
        somebody = Stranger(desk)
        nav = await somebody.read("vaultNavQuery", "/api/v1/vault/nav")
        pending = await somebody.read("vaultPendingRedeemsQuery", "/api/v1/vault/redeems/pending", vaultId=1)
        unknown = await somebody.read("vaultPendingRedeemsQuery", "/api/v1/vault/redeems/pending", vaultId=7)
    assert said(nav) == (401, "UNAUTHORIZED", "Unauthorized")
    assert said(pending) == said(unknown) == (403, "FORBIDDEN", "Forbidden")


async def test_history_reaches_back_as_far_as_its_interval_and_is_ascending() -> None:
    async with open_desk(grants=GRANTS) as desk:
        await mint(desk, "100")
        for _ in range(9 * 24):
            elapse(desk, s=3_600)
        told = {
            interval: loads(await desk.get(f"/api/v1/vaults/history?interval={interval}&vaultId=1"))
            for interval in ("1d", "1w", "1month", "1year")
        }
        everything = loads(await desk.get("/api/v1/vaults/history?interval=1d"))
        other = loads(await desk.get("/api/v1/vaults/history?interval=1d&vaultId=7"))
        odd = await desk.get("/api/v1/vaults/history?interval=1h")
        first = (await desk.get("/api/v1/vaults/history?interval=1year")).body.partition(b"}")[0]
    assert [len(rows) for rows in told.values()] == [25, 169, 10, 10]
    assert (everything, other) == (told["1d"], [])
    for rows in told.values():
        assert [row["timestamp"] for row in rows] == sorted(row["timestamp"] for row in rows)
        assert [row["nav"] for row in rows] == sorted(row["nav"] for row in rows)
    assert first == (
        b'[{"nav":"1","timestamp":"2026-09-01T17:52:31+00:00","tokenCirculatingSupply":"100","vaultEquity":"100","vaultId":1'
    )
    assert odd.body.startswith(b"failed to parse parameter `interval`")


async def test_history_is_as_late_as_the_histories() -> None:
    async with open_desk(grants=GRANTS, history_lag_ms=5_000) as desk:
        await mint(desk, "100")
        desk.clock.advance(ms=4_999)
        assert loads(await desk.get("/api/v1/vaults/history?interval=1d")) == []
        desk.clock.advance(ms=1)
        assert len(loads(await desk.get("/api/v1/vaults/history?interval=1d"))) == 1


async def test_balances_are_streamed_when_money_goes_into_a_vault() -> None:
    async with open_desk(grants=GRANTS) as desk:
        somebody, socket = Stranger(desk), desk.connect()
        await somebody.balances()
        somebody.subscribe(socket, "account.balanceUpdate")
        assert (await mint(desk, "100")).status == 200
        told = await frames(socket, 2)
    kept = [{name: value for name, value in frame["data"].items() if name not in "ET"} for frame in told]
    assert [list(frame["data"]) for frame in told] == [["A", "E", "L", "S", "T", "a", "e"]] * 2
    assert kept == [
        {"A": "900", "L": "0", "S": "0", "a": "USDC", "e": "balanceUpdate"},
        {"A": "100", "L": "0", "S": "0", "a": "VLT", "e": "balanceUpdate"},
    ]


async def test_what_positions_need_is_not_paid_in_and_what_was_paid_in_carries_no_position() -> None:
    async with open_desk(grants=GRANTS) as desk:
        marked(desk, "100")
        await leverage(desk, "10", 1, 2)
        await trade(desk, "100", "40")
        free = (await margin(desk))["netEquityAvailable"]
        assert said(await mint(desk, "999")) == (400, "INSUFFICIENT_FUNDS", "Insufficient funds")
        # An order that fits leaves a budget behind, which the deposit has to end.
        placed = await Stranger(desk).place(symbol=PERP, price="99", quantity="0.01")
        assert placed.status == 200
        quantity = str(int(float(free)) - 10)
        assert (await mint(desk, quantity)).status == 200
        refused = await Stranger(desk).place(symbol=PERP, price="99", quantity="20")
    assert said(refused)[1] == "INSUFFICIENT_MARGIN"


async def test_a_vault_through_the_client_from_the_first_deposit_to_the_money() -> None:
    async with LocalExchange(clock=ManualClock(), crowd=False, grants=GRANTS) as exchange:
        user, owner = exchange.client(), exchange.client(OWNER)
        (vault,) = await user.vaults.all()
        await user.vaults.mint(vault_id=vault.vault_id, symbol=vault.symbol, quantity="500.005")
        before = await owner.vaults.nav()
        await exchange.advance(s=2 * 3_600)
        nav = await owner.vaults.nav()
        assert before.nav == 1 < nav.twap_nav == nav.redeem_nav < nav.nav == nav.mint_nav
        assert nav.token_circulating_supply == 500
        assert nav.vault_equity == nav.net_equity
        assert nav.last_crank_ms == exchange.clock.now_us() // 3_600_000_000 * 3_600_000
        await user.vaults.redeem(vault_id=vault.vault_id, vault_token_quantity="200")
        (waiting,) = await owner.vaults.pending_redeems(vault.vault_id)
        assert waiting.status is VaultRedeemStatus.REQUESTED
        assert waiting.vault_token_quantity == 200
        await exchange.advance(s=3_599)
        assert len(await owner.vaults.pending_redeems(vault.vault_id)) == 1
        await exchange.advance(s=1)
        assert await owner.vaults.pending_redeems(vault.vault_id) == []
        balances = await user.capital.balances()
        assert balances["VLT"].available == 300
        assert balances["VLT"].locked == 0
        assert balances["USDC"].available > 1_000 - 500 - 1 + 200
        assert exchange.problems() == []


async def test_vaults_go_on_after_a_restart_from_the_journal_and_from_a_snapshot(tmp_path: Path) -> None:
    clock = ManualClock()
    site = Site(tmp_path, clock)
    await site.trade(1)
    site.do(MintVault(1, 1, 500 * 10**10))
    site.do(SetVaultNav(1, 2 * 10**12))
    site.do(RedeemVault(1, 1, 100 * 10**8))
    await site.venue.settled()
    told = [await look(site)]
    await site.stop()
    site = Site(tmp_path, clock)
    told.append(await look(site))
    assert site.replayed == site.venue.seq
    await site.snapshot()
    await site.stop()
    site = Site(tmp_path, clock)
    told.append(await look(site))
    assert site.replayed == 0
    clock.advance(ms=3_600_000)
    site.venue.execute(Elapse(), now_us=clock.now_us())
    assert site.venue.engine.balances(1)["VLT"] == (400 * 10**8, 0)
    await site.stop()
    assert told[0] == told[1] == told[2]


async def look(site: Site) -> list[Any]:
    replies = [await site.desk.get(f"/api/v1/{path}") for path in ("vaults", "vaults/history?interval=1d")]
    return [site.venue.engine.state_hash(), *[json.loads(reply.body) for reply in replies]]
