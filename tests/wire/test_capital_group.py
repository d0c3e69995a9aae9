"""Collateral, dust, deposits, withdrawals and settlements as they cross the network; a two-factor code shows nowhere."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from haversack.clock import ManualClock
from haversack.credentials import Credentials
from haversack.errors import OutcomeUnknown, ProtocolError, UsageError
from haversack.rest.answers import read_answer
from haversack.rest.http import HttpResponse
from haversack.rest.session import RestSession
from haversack.wire.base import Operation, Page
from haversack.wire.capital import ConvertDust, DustConversion, GetCollateral, GetDustHistory, MarginAccount
from haversack.wire.codec import decode, encode
from haversack.wire.settlements import GetSettlementHistory, Settlement, SettlementSource, SettlementSourceFilter
from haversack.wire.transfers import (
    CreateWithdrawalDelay,
    Deposit,
    DepositSource,
    GetDeposits,
    GetWithdrawalDelay,
    GetWithdrawals,
    RequestWithdrawal,
    UpdateWithdrawalDelay,
    Withdrawal,
    WithdrawalDelay,
    WithdrawalStatus,
)
from wire.as_sent import AsSent, as_sent

CODE = "918273"
MARGIN = (
    b'{"assetsValue":"1190","borrowLiability":"0","collateral":[{"assetMarkPrice":"200","availableQuantity":"1",'
    b'"balanceNotional":"1000","collateralValue":"950","collateralWeight":"0.95","lendQuantity":"3",'
    b'"openOrderQuantity":"1","symbol":"SOL","totalQuantity":"5"}],"imf":"0.1","liabilitiesValue":"10",'
    b'"marginFraction":"0.59","mmf":"0.0135","netEquity":"1180","netEquityAvailable":"980","netEquityLocked":"200",'
    b'"netExposureFutures":"2000","pnlUnrealized":"0","unsettledEquity":"-10"}'
)
DUST = b'{"id":77,"quantity":"0.0004","symbol":"SOL","timestamp":"2026-03-04T05:06:07.891","usdcReceived":"0.08"}'
DEPOSIT = (
    b'{"createdAt":"2026-03-04T05:06:07.891","fiatAmount":null,"fiatCurrency":null,"fromAddress":"from","id":4001,'
    b'"institutionBic":null,"platformMemo":null,"quantity":"75.5","source":"solana","status":"confirmed","symbol":"USDC",'
    b'"toAddress":"to","transactionHash":"hash"}'
)
WITHDRAWAL = (
    b'{"accountIdentifier":null,"bankIdentifier":null,"bankName":null,"blockchain":"Solana","clientId":"rent",'
    b'"createdAt":"2026-03-04T05:06:07","fee":"0.5","fiatFee":null,"fiatState":null,"fiatSymbol":null,"id":5002,'
    b'"identifier":null,"isInternal":false,"providerId":null,"quantity":"40","status":"pending","subaccountId":3,'
    b'"symbol":"USDC","toAddress":"to","transactionHash":null,"triggerAt":"2026-03-06T05:06:07"}'
)
DELAY = (
    b'{"currentWithdrawalDelayHours":24,"pendingWithdrawalDelayHours":48,'
    b'"pendingWithdrawalDelayHoursEnabledAt":"2026-03-05T05:06:07"}'
)
SETTLEMENT = (
    b'{"engineSequence":9007199254740993,"positionId":"1921023906","quantity":"-0.00906","source":"FundingPayment",'
    b'"subaccountId":null,"timestamp":"2026-03-04T05:06:07.891","userId":12}'
)
BODIES = [
    (MarginAccount, MARGIN),
    (DustConversion, DUST),
    (Deposit, DEPOSIT),
    (Withdrawal, WITHDRAWAL),
    (WithdrawalDelay, DELAY),
    (Settlement, SETTLEMENT),
]


def withdrawal(**changed: Any) -> RequestWithdrawal:
    made: dict[str, Any] = {"address": "to", "blockchain": "Solana", "quantity": "40", "symbol": "USDC", "two_factor_token": CODE}
    return RequestWithdrawal(**(made | changed))


WITH_CODE: list[Operation[Any]] = [
    withdrawal(),
    CreateWithdrawalDelay(hours=24, two_factor_token=CODE),
    UpdateWithdrawalDelay(hours=48, two_factor_token=CODE),
]


@pytest.mark.parametrize(("kind", "body"), BODIES, ids=lambda value: getattr(value, "__name__", ""))
def test_body_comes_back_byte_for_byte(kind: type[object], body: bytes) -> None:
    assert encode(decode(kind, body, what="an answer")) == body


def test_collateral_is_asked_without_a_subaccount() -> None:
    assert as_sent(GetCollateral()) == AsSent("GET /api/v1/capital/collateral", None, "instruction=collateralQuery")


def test_dust_of_one_asset_or_of_all_is_converted() -> None:
    assert as_sent(ConvertDust(symbol="BONK")) == AsSent(
        "POST /api/v1/account/convertDust", '{"symbol":"BONK"}', "instruction=convertDust&symbol=BONK"
    )
    assert as_sent(ConvertDust()) == AsSent("POST /api/v1/account/convertDust", "{}", "instruction=convertDust")


def test_dust_history_is_asked_page_by_page() -> None:
    asked = GetDustHistory(conversion_id=77, limit=50, offset=100, sort_direction="Asc", symbol="BONK")
    assert as_sent(asked) == AsSent(
        "GET /wapi/v1/history/dust?id=77&limit=50&offset=100&sortDirection=Asc&symbol=BONK",
        None,
        "instruction=dustHistoryQueryAll&id=77&limit=50&offset=100&sortDirection=Asc&symbol=BONK",
    )


def test_deposits_are_asked_by_time() -> None:
    asked = GetDeposits(from_ms=1_700_000_000_000, to_ms=datetime(2026, 3, 4, tzinfo=UTC), exclude_platform=False, limit=5)
    query = "excludePlatform=false&from=1700000000000&limit=5&to=1772582400000"
    assert as_sent(asked) == AsSent(f"GET /wapi/v1/capital/deposits?{query}", None, f"instruction=depositQueryAll&{query}")


def test_withdrawals_are_asked_by_id_or_client_id() -> None:
    assert as_sent(GetWithdrawals(withdrawal_id=5002)).line == "GET /wapi/v1/capital/withdrawals?id=5002"
    asked = GetWithdrawals(client_id="rent", from_ms=1_790_000_000_001, to_ms=1_790_000_000_002, limit=3, offset=4)
    query = "clientId=rent&from=1790000000001&limit=3&offset=4&to=1790000000002"
    assert as_sent(asked) == AsSent(f"GET /wapi/v1/capital/withdrawals?{query}", None, f"instruction=withdrawalQueryAll&{query}")


def test_settlements_are_asked_by_source() -> None:
    asked = GetSettlementHistory(source="RealizePnl", limit=10, offset=0, sort_direction="Desc")
    query = "limit=10&offset=0&sortDirection=Desc&source=RealizePnl"
    assert as_sent(asked) == AsSent(
        f"GET /wapi/v1/history/settlement?{query}", None, f"instruction=settlementHistoryQueryAll&{query}"
    )


@pytest.mark.parametrize("word", ["CulledBorrowInterest", "CulledRealizePnl", "CulledRealizePnlBookUtilization"])
def test_source_that_was_taken_out_of_the_filter_is_not_sent(word: Any) -> None:
    with pytest.raises(UsageError, match="source"):
        as_sent(GetSettlementHistory(source=word))
    assert word not in list(SettlementSourceFilter)


@pytest.mark.parametrize("word", ["CulledBorrowInterest", "CulledRealizePnlAuto", "SomethingNew"])
def test_old_and_new_sources_of_settlements_are_still_read(word: str) -> None:
    read: Settlement = decode(Settlement, SETTLEMENT.replace(b"FundingPayment", word.encode()), what="a settlement")
    assert read.source == word
    assert read.source.is_known == (word in list(SettlementSource))


def test_withdrawal_is_sent_and_signed_with_all_that_it_says() -> None:
    every = withdrawal(auto_borrow=False, auto_lend_redeem=True, client_id="rent", quantity=Decimal("40.10"))
    assert as_sent(every) == AsSent(
        "POST /wapi/v1/capital/withdrawals",
        '{"address":"to","autoBorrow":false,"autoLendRedeem":true,"blockchain":"Solana","clientId":"rent",'
        f'"quantity":"40.10","symbol":"USDC","twoFactorToken":"{CODE}"}}',
        "instruction=withdraw&address=to&autoBorrow=false&autoLendRedeem=true&blockchain=Solana&clientId=rent"
        f"&quantity=40.10&symbol=USDC&twoFactorToken={CODE}",
    )


def test_withdrawal_to_a_listed_address_needs_no_code() -> None:
    assert as_sent(withdrawal(two_factor_token=None)).body == (
        '{"address":"to","blockchain":"Solana","quantity":"40","symbol":"USDC"}'
    )


def test_withdrawal_delay_is_read_made_and_changed() -> None:
    path, said = "/wapi/v1/capital/withdrawals/delay", f'{{"twoFactorToken":"{CODE}","withdrawalDelayHours":24}}'
    signed = f"twoFactorToken={CODE}&withdrawalDelayHours=24"
    assert as_sent(GetWithdrawalDelay()) == AsSent(f"GET {path}", None, "instruction=withdrawalDelayQuery")
    assert as_sent(CreateWithdrawalDelay(hours=24, two_factor_token=CODE)) == AsSent(
        f"POST {path}", said, f"instruction=withdrawalDelayCreate&{signed}"
    )
    assert as_sent(UpdateWithdrawalDelay(hours=24, two_factor_token=CODE)) == AsSent(
        f"PATCH {path}", said, f"instruction=withdrawalDelayUpdate&{signed}"
    )


@pytest.mark.parametrize("operation", WITH_CODE, ids=lambda operation: type(operation).__name__)
def test_client_that_was_not_made_for_withdrawals_refuses(operation: Operation[Any]) -> None:
    with pytest.raises(UsageError, match="withdrawals=True"):
        RestSession(Credentials.generate(), ManualClock()).prepare(operation)


def test_account_without_a_delay_is_none() -> None:
    assert read_answer(GetWithdrawalDelay(), HttpResponse(204, {}, b"")) is None
    delay = read_answer(GetWithdrawalDelay(), HttpResponse(200, {}, DELAY))
    assert delay is not None
    assert (delay.current_hours, delay.pending_hours) == (24, 48)
    assert delay.pending_from == datetime(2026, 3, 5, 5, 6, 7, tzinfo=UTC)


def test_delay_that_is_made_answers_nothing_and_one_that_is_changed_answers_itself() -> None:
    assert read_answer(CreateWithdrawalDelay(hours=24, two_factor_token=CODE), HttpResponse(200, {}, b"")) is None
    changed = read_answer(UpdateWithdrawalDelay(hours=24, two_factor_token=CODE), HttpResponse(200, {}, DELAY))
    assert changed.current_hours == 24
    with pytest.raises(ProtocolError):
        read_answer(UpdateWithdrawalDelay(hours=24, two_factor_token=CODE), HttpResponse(200, {}, b""))


@pytest.mark.parametrize("kind", [GetDustHistory, GetSettlementHistory])
def test_history_with_page_headers_is_a_page(kind: type[Operation[Any]]) -> None:
    page = read_answer(kind(), HttpResponse(200, {"x-total": "412"}, b"[]"))
    assert isinstance(page, Page)
    assert page.total == 412


@pytest.mark.parametrize("kind", [GetDeposits, GetWithdrawals])
def test_transfers_are_documented_without_page_headers_and_plain_lists(kind: type[Operation[Any]]) -> None:
    assert type(read_answer(kind(), HttpResponse(200, {}, b"[]"))) is list


@pytest.mark.parametrize("amount", ["1234567890123456.78", "250.0", "250", "0.10"])
def test_amount_in_fiat_is_a_number_that_keeps_the_digits_that_the_exchange_wrote(amount: str) -> None:
    body = DEPOSIT.replace(b'"fiatAmount":null', f'"fiatAmount":{amount}'.encode())
    read: Deposit = decode(Deposit, body, what="a deposit")
    assert str(read.fiat_amount) == amount
    assert encode(read) == body


def test_settlement_of_2025_has_neither_position_nor_sequence() -> None:
    old = SETTLEMENT.replace(b'"engineSequence":9007199254740993,"positionId":"1921023906",', b"")
    read: Settlement = decode(Settlement, old, what="a settlement")
    assert read.position_id is read.engine_sequence is UNSET
    assert encode(read) == old


def test_settlement_without_a_position_says_so() -> None:
    body = SETTLEMENT.replace(b'"1921023906"', b"null").replace(b"9007199254740993", b"null")
    read: Settlement = decode(Settlement, body, what="a settlement")
    assert read.position_id is read.engine_sequence is None
    assert encode(read) == body


def test_transfers_tell_their_times_in_utc() -> None:
    deposit: Deposit = decode(Deposit, DEPOSIT, what="a deposit")
    leaving: Withdrawal = decode(Withdrawal, WITHDRAWAL, what="a withdrawal")
    assert deposit.created_at == datetime(2026, 3, 4, 5, 6, 7, 891_000, tzinfo=UTC)
    assert leaving.created_at == datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert leaving.trigger_at == datetime(2026, 3, 6, 5, 6, 7, tzinfo=UTC)
    assert msgspec.structs.replace(leaving, trigger_iso=None).trigger_at is None
    assert (deposit.source, leaving.status) == (DepositSource.SOLANA, WithdrawalStatus.PENDING)


def test_dust_and_settlements_tell_their_times_in_utc() -> None:
    dust: DustConversion = decode(DustConversion, DUST, what="dust")
    settlement: Settlement = decode(Settlement, SETTLEMENT, what="a settlement")
    assert dust.time == settlement.time == datetime(2026, 3, 4, 5, 6, 7, 891_000, tzinfo=UTC)


@pytest.mark.parametrize("operation", WITH_CODE, ids=lambda operation: type(operation).__name__)
def test_two_factor_code_does_not_show(operation: Any) -> None:
    unknown = OutcomeUnknown(operation, TimeoutError("no answer"), sent_ms=1)
    shown = [repr(operation), str(operation), f"{operation}", repr(list(operation.__rich_repr__()))]
    shown += [repr(unknown), str(unknown), repr(unknown.operation), repr([operation]), repr({"sent": operation})]
    assert not [text for text in shown if CODE in text]


def test_all_but_the_two_factor_code_shows() -> None:
    assert repr(CreateWithdrawalDelay(hours=24, two_factor_token=CODE)) == (
        "CreateWithdrawalDelay(two_factor_token='(hidden)', hours=24)"
    )
    assert "two_factor_token=None" in repr(withdrawal(two_factor_token=None))
    assert "address='to'" in repr(withdrawal())


@pytest.mark.parametrize("code", [int(CODE), CODE.encode(), CODE + "&address=mine", CODE + "=", CODE + "\n", [CODE]])
def test_two_factor_code_that_cannot_be_sent_is_refused_without_being_shown(code: Any) -> None:
    for make in (
        lambda: withdrawal(two_factor_token=code),
        lambda: CreateWithdrawalDelay(hours=24, two_factor_token=code),
        lambda: msgspec.structs.replace(withdrawal(), two_factor_token=code),
    ):
        with pytest.raises(UsageError) as caught:
            make()
        assert CODE not in f"{caught.value!r} {caught.value}"
