"""Borrow and lend as it crosses the network."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from msgspec import UNSET

from haversack.errors import UsageError
from haversack.rest.answers import read_answer
from haversack.rest.http import HttpResponse
from haversack.wire.base import Operation, Page, moment_of_rfc3339
from haversack.wire.borrow_lend import (
    ApyRates,
    BorrowLendLiquidationPrice,
    BorrowLendMarket,
    BorrowLendMarketPoint,
    BorrowLendPosition,
    BorrowLendState,
    ExecuteBorrowLend,
    GetApyRates,
    GetBorrowLendLiquidationPrice,
    GetBorrowLendMarketHistory,
    GetBorrowLendMarkets,
    GetBorrowLendPositions,
)
from haversack.wire.borrow_lend_history import (
    BorrowLendMovement,
    BorrowLendSource,
    GetBorrowLendHistory,
    GetBorrowLendPositionHistory,
    GetInterestHistory,
    InterestPayment,
    PastBorrowLendPosition,
)
from haversack.wire.codec import decode, encode
from wire import recorded
from wire.as_sent import AsSent, as_sent

SQRT = b'{"base":"0.1","factor":"0.0004","type":"sqrt"}'
POSITION = (
    b'{"cumulativeInterest":"-0.003","estLiquidationPrice":"512.25","id":"1921023906","imf":"0.1","imfFunction":%s,'
    b'"markPrice":"201.5","mmf":"0.08","mmfFunction":%s,"netExposureNotional":"-403","netExposureQuantity":"-2",'
    b'"netQuantity":"-2","symbol":"SOL"}'
) % (SQRT, SQRT)
WITHOUT_PRICE = POSITION.replace(b'"estLiquidationPrice":"512.25",', b"")
POINT = (
    b'{"borrowInterestRate":"0.04","borrowedQuantity":"700","lendInterestRate":"0.0238","lentQuantity":"1000",'
    b'"timestamp":"2026-03-04T05:00:00+00:00","utilization":"0.7"}'
)
MARKET = (
    b'{"assetMarkPrice":"201.5","borrowInterestRate":"0.04","borrowedQuantity":"700","fee":"0.15",'
    b'"lendInterestRate":"0.0238","lentQuantity":"1000","maxUtilization":"1","openBorrowLendLimit":"5000",'
    b'"optimalUtilization":"0.7","state":"RepayOnly","stepSize":"0.0000000001","symbol":"SOL",'
    b'"throttleUpdateFraction":"0.125","throttleUtilizationBound":"0.86","throttleUtilizationThreshold":"0.85",'
    b'"timestamp":"2026-03-04T05:06:07.891234567+00:00","utilization":"0.7"}'
)
RATES = (
    b'{"borrowLend":[{"borrowRate":"0.04","lendRate":"0.0238","symbol":"SOL"}],'
    b'"staking":[{"dilutionFactor":"0.9","stakingRate":"0.061","symbol":"SOL"}]}'
)
MOVEMENT = (
    b'{"eventType":"LendRedeem","positionId":"1921023906","positionQuantity":"1.5","quantity":"0.5","source":"SpotMargin",'
    b'"spotMarginOrderId":"1921023905","symbol":"SOL","timestamp":"2026-03-04T05:06:07.891"}'
)
INTEREST = (
    b'{"interestRate":"0.0000045","interval":3600000,"marketSymbol":"SOL_USDC","paymentType":"Lend",'
    b'"positionId":"1921023906","quantity":"0.00001","symbol":"SOL","timestamp":"2026-03-04T05:00:00"}'
)
PAST = (
    b'{"avgInterestRate":"0.04","createdAt":"2026-03-04T05:06:07.891","cumulativeInterest":"0.003",'
    b'"positionId":"1921023906","quantity":"2","side":"Borrow","source":"Manual","symbol":"SOL"}'
)
BODIES = [
    (BorrowLendPosition, POSITION),
    (BorrowLendPosition, WITHOUT_PRICE),
    (BorrowLendLiquidationPrice, b'{"liquidationPrice":"512.25","markPrice":"201.5"}'),
    (BorrowLendMarket, MARKET),
    (BorrowLendMarketPoint, POINT),
    (ApyRates, RATES),
    (BorrowLendMovement, MOVEMENT),
    (InterestPayment, INTEREST),
    (PastBorrowLendPosition, PAST),
]


@pytest.mark.parametrize(("kind", "body"), BODIES, ids=lambda value: getattr(value, "__name__", ""))
def test_body_comes_back_byte_for_byte(kind: type[object], body: bytes) -> None:
    assert encode(decode(kind, body, what="an answer")) == body


def test_recorded_pools_come_back_byte_for_byte() -> None:
    for row in recorded.rows("recorded/cyberdelta/borrowLend.markets.json"):
        pool: BorrowLendMarket = decode(BorrowLendMarket, row, what="a pool")
        assert encode(pool) == row
        assert pool.state is BorrowLendState.OPEN
        assert pool.time.replace(microsecond=0) == datetime(2025, 6, 2, 7, 26, 4, tzinfo=UTC)


def test_borrowing_is_sent_and_signed() -> None:
    assert as_sent(ExecuteBorrowLend(quantity="1.50", side="Borrow", symbol="SOL")) == AsSent(
        "POST /api/v1/borrowLend",
        '{"quantity":"1.50","side":"Borrow","symbol":"SOL"}',
        "instruction=borrowLendExecute&quantity=1.50&side=Borrow&symbol=SOL",
    )


def test_borrowing_answers_nothing() -> None:
    assert read_answer(ExecuteBorrowLend(quantity=1, side="Lend", symbol="SOL"), HttpResponse(200, {}, b"")) is None


def test_positions_are_asked_with_a_signature_and_pools_without() -> None:
    assert as_sent(GetBorrowLendPositions()) == AsSent(
        "GET /api/v1/borrowLend/positions", None, "instruction=borrowLendPositionQuery"
    )
    assert as_sent(GetBorrowLendMarkets()) == AsSent("GET /api/v1/borrowLend/markets", None, None)
    assert as_sent(GetBorrowLendMarketHistory(interval="1month", symbol="SOL")) == AsSent(
        "GET /api/v1/borrowLend/markets/history?interval=1month&symbol=SOL", None, None
    )
    assert as_sent(GetApyRates(tier_id=2)) == AsSent("GET /api/v1/borrowLend/apy?tierId=2", None, None)


def test_borrow_history_is_asked_by_kind_and_sources() -> None:
    asked = GetBorrowLendHistory(
        event_type="BorrowRepay", limit=5, offset=10, position_id="7", sort_direction="Asc", sources="AutoLend,Rfq", symbol="SOL"
    )
    query = "limit=5&offset=10&positionId=7&sortDirection=Asc&sources=AutoLend,Rfq&symbol=SOL&type=BorrowRepay"
    assert as_sent(asked) == AsSent(
        f"GET /wapi/v1/history/borrowLend?{query}", None, f"instruction=borrowHistoryQueryAll&{query}"
    )


def test_one_source_may_be_given_by_its_member() -> None:
    assert as_sent(GetBorrowLendHistory(sources=BorrowLendSource.INTEREST)).line.endswith("?sources=Interest")


def test_interest_history_is_asked_by_asset_market_and_source() -> None:
    asked = GetInterestHistory(
        asset="USDC", limit=5, offset=10, position_id="7", sort_direction="Desc", source="UnrealizedPnl", symbol="SOL_USDC_PERP"
    )
    query = "asset=USDC&limit=5&offset=10&positionId=7&sortDirection=Desc&source=UnrealizedPnl&symbol=SOL_USDC_PERP"
    assert as_sent(asked) == AsSent(
        f"GET /wapi/v1/history/interest?{query}", None, f"instruction=interestHistoryQueryAll&{query}"
    )


def test_position_history_is_asked_by_side_and_state() -> None:
    asked = GetBorrowLendPositionHistory(limit=5, offset=10, side="Lend", sort_direction="Asc", state="Closed", symbol="SOL")
    query = "limit=5&offset=10&side=Lend&sortDirection=Asc&state=Closed&symbol=SOL"
    assert as_sent(asked) == AsSent(
        f"GET /wapi/v1/history/borrowLend/positions?{query}", None, f"instruction=borrowPositionHistoryQueryAll&{query}"
    )


@pytest.mark.parametrize("kind", [GetBorrowLendHistory, GetInterestHistory, GetBorrowLendPositionHistory])
def test_history_with_page_headers_is_a_page(kind: type[Operation[Any]]) -> None:
    page = read_answer(kind(), HttpResponse(200, {"x-total": "412"}, b"[]"))
    assert isinstance(page, Page)
    assert page.total == 412


PLANS: list[tuple[Decimal | str | int, str]] = [("1", "BTC"), (Decimal("1E+2"), "SOL"), (12, "kBONK"), ("0.000001", "USDC")]


def test_estimate_sends_what_borrowing_would_send() -> None:
    for quantity, symbol in PLANS:
        sent = as_sent(GetBorrowLendLiquidationPrice.of(quantity=quantity, side="Borrow", symbol=symbol, subaccount_id=3))
        query = parse_qs(urlsplit(sent.line.partition(" ")[2]).query, strict_parsing=True)
        body = as_sent(ExecuteBorrowLend(quantity=quantity, side="Borrow", symbol=symbol)).body
        assert json.loads(b64decode(query["borrow"][0], validate=True)) == json.loads(body or "")
        assert query["subaccountId"] == ["3"]
        assert sent.signed is None
        assert sent.line.startswith("GET /api/v1/borrowLend/position/liquidationPrice?")


@pytest.mark.parametrize("quantity", [1.5, True, "many", Decimal("NaN"), "Infinity", None])
def test_estimate_of_what_is_no_quantity_is_refused(quantity: Any) -> None:
    with pytest.raises(UsageError, match="quantity"):
        GetBorrowLendLiquidationPrice.of(quantity=quantity, side="Borrow", symbol="SOL")


def test_estimate_of_an_unknown_side_is_refused() -> None:
    with pytest.raises(UsageError, match="Borrow, Lend"):
        GetBorrowLendLiquidationPrice.of(quantity=1, side="Sell", symbol="SOL")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_position_may_come_without_a_liquidation_price() -> None:
    position: BorrowLendPosition = decode(BorrowLendPosition, WITHOUT_PRICE, what="a position")
    assert position.est_liquidation_price is UNSET


def test_rows_tell_their_times_in_utc() -> None:
    moment = datetime(2026, 3, 4, 5, 6, 7, 891_000, tzinfo=UTC)
    movement: BorrowLendMovement = decode(BorrowLendMovement, MOVEMENT, what="a movement")
    past: PastBorrowLendPosition = decode(PastBorrowLendPosition, PAST, what="a position")
    assert movement.time == past.created_at == moment
    interest: InterestPayment = decode(InterestPayment, INTEREST, what="interest")
    point: BorrowLendMarketPoint = decode(BorrowLendMarketPoint, POINT, what="a pool")
    assert interest.time == point.time == datetime(2026, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [
        ("2026-03-04T05:06:07.891234567+00:00", 891_234),
        ("2026-03-04T07:06:07.891234567+02:00", 891_234),
        ("2026-03-04T05:06:07.5Z", 500_000),
        ("2026-03-04T05:06:07Z", 0),
        ("2026-03-04T05:06:07", 0),
    ],
)
def test_time_with_an_offset_is_the_moment_in_utc(text: str, microsecond: int) -> None:
    moment = moment_of_rfc3339(text)
    assert moment == datetime(2026, 3, 4, 5, 6, 7, microsecond, tzinfo=UTC)
    assert moment.tzinfo is UTC
