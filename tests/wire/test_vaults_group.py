"""Vaults: what is asked, and the bytes of what is answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from haversack.errors import ProtocolError
from haversack.rest.answers import read_answer
from haversack.rest.http import HttpResponse
from haversack.wire.base import Operation, answer_type, body_type
from haversack.wire.codec import decode, encode
from haversack.wire.vaults import (
    CancelVaultRedeem,
    GetPendingVaultRedeems,
    GetVaultHistory,
    GetVaultNav,
    GetVaults,
    MintVaultTokens,
    RedeemVaultTokens,
    VaultHistoryInterval,
    VaultRedeemStatus,
)
from wire.asked import Asked, asked

VAULTS = (
    b'[{"id":1,"minMintQuantity":"10","minRedeemTokens":"0.01","mintsEnabled":true,"redeemDelayMs":259200000,'
    b'"redeemsEnabled":false,"remainingMintQuantity":"12500.5","symbol":"USDC","tokenStepSize":"0.0001","vaultToken":"BPV"}]'
)
REDEEMS = (
    b'[{"id":"91","nav":null,"quantity":null,"reason":null,"status":"Requested","symbol":null,"timestamp":1788285244094,'
    b'"vaultId":1,"vaultToken":null,"vaultTokenQuantity":"3.5"},'
    b'{"id":"92","nav":"1.02","quantity":"3.57","reason":null,"status":"Redeemed","symbol":"USDC","timestamp":1788285244095,'
    b'"vaultId":1,"vaultToken":"BPV","vaultTokenQuantity":"3.5"},'
    b'{"id":"93","nav":null,"quantity":null,"reason":"cancelled by user","status":"Cancelled","symbol":null,'
    b'"timestamp":1788285244096,"vaultId":1,"vaultToken":null,"vaultTokenQuantity":"3.5"}]'
)
NAV = (
    b'{"lastCrankTimestamp":1788285244094,"mintNav":"1.03","nav":"1.02","netEquity":"9900","redeemNav":"1.02",'
    b'"tokenCirculatingSupply":"9803.9215","twapNav":"1.03","vaultEquity":"10000"}'
)
HISTORY = (
    b'[{"nav":"1.02","timestamp":"2026-09-01T16:52:00.123456789+00:00","tokenCirculatingSupply":"9803.9215",'
    b'"vaultEquity":"10000","vaultId":1},'
    b'{"nav":null,"timestamp":"2026-09-01T16:52:00Z","tokenCirculatingSupply":null,"vaultEquity":null,"vaultId":2}]'
)
CHANGES = [
    MintVaultTokens(quantity=1, symbol="USDC", vault_id=1),
    RedeemVaultTokens(vault_id=1),
    CancelVaultRedeem(vault_id=1),
]


def read(operation: Operation[Any], body: bytes, status: int = 200) -> Any:
    return read_answer(operation, HttpResponse(status, {}, body))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (GetVaults, VAULTS),
        (GetPendingVaultRedeems, REDEEMS),
        (GetVaultNav, NAV),
        (GetVaultNav, NAV.replace(b"1788285244094", b"null")),
        (GetVaultHistory, HISTORY),
    ],
)
def test_answer_comes_back_byte_for_byte(kind: type[Operation[Any]], body: bytes) -> None:
    assert encode(decode(body_type(kind), body, what="an answer")) == body


def test_vault_may_leave_out_what_can_still_be_minted() -> None:
    (vault,) = read(GetVaults(), VAULTS.replace(b'"remainingMintQuantity":"12500.5",', b""))
    assert vault.remaining_mint_quantity is None
    assert vault.redeem_delay == timedelta(days=3)
    assert (vault.vault_id, vault.vault_token) == (1, "BPV")


def test_redemption_says_where_it_stands_and_since_when() -> None:
    redeems = read(GetPendingVaultRedeems(1), REDEEMS)
    assert [redeem.status for redeem in redeems] == list(VaultRedeemStatus)
    assert redeems[0].time == datetime(2026, 9, 1, 17, 54, 4, 94_000, tzinfo=UTC)
    assert (redeems[1].redeem_id, redeems[1].quantity) == ("92", Decimal("3.57"))


def test_nav_may_never_have_been_worked_out() -> None:
    assert read(GetVaultNav(), NAV).last_crank_at == datetime(2026, 9, 1, 17, 54, 4, 94_000, tzinfo=UTC)
    assert read(GetVaultNav(), NAV.replace(b"1788285244094", b"null")).last_crank_at is None


def test_moment_of_a_snapshot_is_in_utc_and_cut_off_to_a_microsecond() -> None:
    exact, plain = read(GetVaultHistory(interval="1d"), HISTORY)
    assert exact.time == datetime(2026, 9, 1, 16, 52, 0, 123_456, tzinfo=UTC)
    assert plain.time == datetime(2026, 9, 1, 16, 52, tzinfo=UTC)
    (tokyo,) = read(GetVaultHistory(interval="1d"), b'[{"timestamp":"2026-09-02T01:52:00+09:00","vaultId":1}]')
    assert tokyo.time == plain.time
    assert tokyo.time.utcoffset() == timedelta(0)


@pytest.mark.parametrize("operation", CHANGES)
def test_answer_to_a_change_is_empty(operation: Operation[Any]) -> None:
    assert answer_type(type(operation)) in (None, type(None))
    assert read(operation, b"") is None
    with pytest.raises(ProtocolError):
        read(operation, b"", 202)


def test_only_calling_off_a_redemption_is_a_cancel() -> None:
    assert [type(operation).is_cancel for operation in CHANGES] == [False, False, True]


def test_deposit_and_redemption_are_signed_although_no_headers_are_documented() -> None:
    mint = MintVaultTokens(auto_borrow=False, auto_lend_redeem=True, quantity="100.50", symbol="USDC", vault_id=1)
    assert asked(mint) == Asked(
        "POST /api/v1/vault/mint",
        '{"autoBorrow":false,"autoLendRedeem":true,"quantity":"100.50","symbol":"USDC","vaultId":1}',
        "instruction=vaultMint&autoBorrow=false&autoLendRedeem=true&quantity=100.50&symbol=USDC&vaultId=1",
    )
    assert asked(RedeemVaultTokens(vault_id=1, vault_token_quantity=Decimal("3.5"))) == Asked(
        "POST /api/v1/vault/redeem",
        '{"vaultId":1,"vaultTokenQuantity":"3.5"}',
        "instruction=vaultRedeemRequest&vaultId=1&vaultTokenQuantity=3.5",
    )
    assert asked(CancelVaultRedeem(vault_id=1)) == Asked(
        "DELETE /api/v1/vault/redeem", '{"vaultId":1}', "instruction=vaultRedeemCancel&vaultId=1"
    )


def test_redemption_without_a_quantity_sends_none() -> None:
    assert asked(RedeemVaultTokens(vault_id=1)).body == '{"vaultId":1}'


def test_reads_of_a_vault_s_own_account_are_signed() -> None:
    assert asked(GetPendingVaultRedeems(4_294_967_295)) == Asked(
        "GET /api/v1/vault/redeems/pending?vaultId=4294967295", "", "instruction=vaultPendingRedeemsQuery&vaultId=4294967295"
    )
    assert asked(GetVaultNav()) == Asked("GET /api/v1/vault/nav", "", "instruction=vaultNavQuery")


def test_vaults_and_their_history_are_public() -> None:
    assert asked(GetVaults()) == Asked("GET /api/v1/vaults", "", "")
    assert asked(GetVaultHistory(interval=VaultHistoryInterval.YEAR_1, vault_id=0)) == Asked(
        "GET /api/v1/vaults/history?interval=1year&vaultId=0", "", ""
    )
