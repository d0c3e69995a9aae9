"""Positions and funding: what is asked, and the bytes of what is answered."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any

import pytest
from msgspec import UNSET

from haversack.rest.answers import read_answer
from haversack.rest.http import HttpResponse
from haversack.wire.base import Operation, Page, body_type
from haversack.wire.codec import decode, encode
from haversack.wire.enums import MarketType
from haversack.wire.funding import FundingPayment, FundingRate, GetFundingHistory, GetFundingRates
from haversack.wire.positions import GetPositionHistory, GetPositions, PastPosition, Position, PositionState
from recordings import recorded_answers
from wire import recorded
from wire.asked import Asked, asked

SHORT = (
    b'[{"breakEvenPrice":"99.955","cumulativeFundingPayment":"-0.5","cumulativeInterest":"0","entryPrice":"100",'
    b'"estLiquidationPrice":"187.5","imf":"0.02","imfFunction":{"base":"0.02","factor":"0.0001","type":"sqrt"},'
    b'"markPrice":"101","mmf":"0.0125","mmfFunction":{"base":"0.0125","factor":"0.00006","type":"sqrt"},"netCost":"-200",'
    b'"netExposureNotional":"-202","netExposureQuantity":"-2","netQuantity":"-2","pnlRealized":"0","pnlUnrealized":"-2",'
    b'"positionId":"28375996537","subaccountId":null,"symbol":"SOL_USDC_PERP","userId":7}]'
)
OPEN_AND_CLOSED = (
    b'[{"accountLeverage":"10","closedAt":null,"closedVolume":"0","closingPrice":null,"cumulativePnlRealized":"0",'
    b'"entryPrice":"100","fees":"0.09","fundingQuantity":"0.001","id":"28375996537","imf":"0.02","interest":"0",'
    b'"liquidated":"0","liquidationFees":"0","markPrice":"101","netCost":"200","netExposureNotional":"202",'
    b'"netExposureQuantity":"2","netQuantity":"2","openedAt":"2026-09-01T16:52:00.123","state":"Open",'
    b'"symbol":"SOL_USDC_PERP","unrealizedPnl":"2"},'
    b'{"accountLeverage":null,"closedAt":"2026-09-02T08:00:00","closedVolume":"2","closingPrice":"101",'
    b'"cumulativePnlRealized":"2","entryPrice":"100","fees":"0.18","fundingQuantity":"-0.001","id":"28375996538",'
    b'"imf":"0.02","interest":"0","liquidated":"0","liquidationFees":"0","markPrice":"101","netCost":"0",'
    b'"netExposureNotional":"0","netExposureQuantity":"0","netQuantity":"0","openedAt":null,"state":"Closed",'
    b'"symbol":"SOL_USDC_PERP","unrealizedPnl":"0"}]'
)
RATES = (
    b'[{"fundingRate":"-0.000015513","intervalEndTimestamp":"2026-09-01T17:00:00","symbol":"SOL_USDC_PERP"},'
    b'{"fundingRate":"0.0000125","intervalEndTimestamp":"2026-09-01T16:00:00","symbol":"SOL_USDC_PERP"}]'
)
PAYMENTS = (
    b'[{"fundingRate":"0.0000125","intervalEndTimestamp":"2026-09-01T16:00:00.000","quantity":"-0.0025","subaccountId":3,'
    b'"symbol":"SOL_USDC_PERP","userId":7},'
    b'{"fundingRate":"0.0000125","intervalEndTimestamp":"2026-09-01T15:00:00","quantity":"0.0025","subaccountId":null,'
    b'"symbol":"BTC_USDC_PERP","userId":7}]'
)


def read(operation: Operation[Any], body: bytes) -> Any:
    return read_answer(operation, HttpResponse(200, {"x-total": "2"}, body))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (GetPositions, SHORT),
        (GetPositions, b"[]"),
        (GetPositionHistory, OPEN_AND_CLOSED),
        (GetFundingRates, RATES),
        (GetFundingHistory, PAYMENTS),
    ],
)
def test_answer_comes_back_byte_for_byte(kind: type[Operation[Any]], body: bytes) -> None:
    assert encode(decode(body_type(kind), body, what="an answer")) == body


def test_recorded_positions_come_back_byte_for_byte() -> None:
    bodies = [answer.body for answer in recorded_answers() if answer.path == "/api/v1/position" and answer.status == 200]
    assert any(len(body) > 2 for body in bodies)
    for body in bodies:
        assert encode(decode(list[Position], body, what="a recording")) == body


def test_recorded_positions_keep_to_what_their_fields_say() -> None:
    for position in recorded_positions():
        mark, quantity = position.mark_price, position.net_quantity
        profit = quantity * mark - quantity * position.entry_price
        assert position.pnl_unrealized == profit.quantize(Decimal("0.000001"), ROUND_DOWN)
        assert position.net_exposure_notional == position.net_exposure_quantity * mark
        assert position.imf == position.imf_function.base
        assert position.mmf == position.mmf_function.base


def test_recorded_position_that_was_reduced_costs_less_and_keeps_its_entry() -> None:
    reduced = [position for position in recorded_positions() if position.pnl_realized]
    assert [(p.entry_price, p.net_cost, p.net_quantity) for p in reduced] == [
        (Decimal("156.56"), Decimal("6.2625"), Decimal("0.04"))
    ]


def recorded_positions() -> list[Position]:
    bodies = [answer.body for answer in recorded_answers() if answer.path == "/api/v1/position" and answer.status == 200]
    positions = [position for body in bodies for position in decode(list[Position], body, what="a recording")]
    assert positions
    return positions


def test_recorded_funding_rates_come_back_byte_for_byte() -> None:
    rows = recorded.rows("marketdata/cyberdelta/SOL_USDC_PERP.fundingRates.8h.2025-05-07..06-09.json")
    assert rows
    for row in rows:
        assert encode(decode(FundingRate, row, what="a recording")) == row


def test_position_without_the_interest_that_is_to_vanish_is_one_too() -> None:
    body = SHORT.replace(b'"cumulativeInterest":"0",', b"")
    (position,) = read(GetPositions(), body)
    assert position.cumulative_interest is UNSET
    assert encode([position]) == body


def test_short_position_has_negative_quantities_and_cost() -> None:
    (position,) = read(GetPositions(), SHORT)
    assert position.net_quantity == Decimal(-2)
    assert position.net_cost == Decimal(-200)
    assert position.subaccount_id is None
    assert position.imf_function.factor == Decimal("0.0001")
    assert position.position_id == "28375996537"


def test_past_position_says_when_it_was_opened_and_closed() -> None:
    still_open, closed = read(GetPositionHistory(), OPEN_AND_CLOSED)
    assert isinstance(still_open, PastPosition)
    assert (still_open.state, closed.state) == (PositionState.OPEN, PositionState.CLOSED)
    assert still_open.opened_at == datetime(2026, 9, 1, 16, 52, 0, 123_000, tzinfo=UTC)
    assert still_open.closed_at is None
    assert closed.opened_at is None
    assert closed.closed_at == datetime(2026, 9, 2, 8, tzinfo=UTC)
    assert (closed.pnl_realized, still_open.pnl_unrealized) == (Decimal(2), Decimal(2))


def test_position_history_is_a_plain_list() -> None:
    assert type(read(GetPositionHistory(), OPEN_AND_CLOSED)) is list


def test_funding_is_a_page_with_its_total() -> None:
    for operation, body, kind in ((GetFundingRates("X"), RATES, FundingRate), (GetFundingHistory(), PAYMENTS, FundingPayment)):
        page = read(operation, body)
        assert isinstance(page, Page)
        assert page.total == 2
        assert isinstance(page[0], kind)


def test_funding_interval_ends_at_a_moment_in_utc() -> None:
    sixteen = datetime(2026, 9, 1, 16, tzinfo=UTC)
    assert read(GetFundingRates("X"), RATES)[1].interval_end == sixteen
    assert read(GetFundingHistory(), PAYMENTS)[0].interval_end == sixteen


def test_positions_are_asked_by_market_or_all_together() -> None:
    assert asked(GetPositions()) == Asked("GET /api/v1/position", "", "instruction=positionQuery")
    assert asked(GetPositions("SOL_USDC_PERP", market_type="PERP")) == Asked(
        "GET /api/v1/position?marketType=PERP&symbol=SOL_USDC_PERP",
        "",
        "instruction=positionQuery&marketType=PERP&symbol=SOL_USDC_PERP",
    )


def test_position_history_repeats_the_market_type_for_each_of_several() -> None:
    operation = GetPositionHistory(
        limit=50,
        market_type=(MarketType.PREDICTION, "PERP"),
        offset=0,
        sort_direction="Asc",
        state="Closed",
        symbol="SOL_USDC_PERP",
    )
    rest = "limit=50&marketType=PERP&marketType=PREDICTION&offset=0&sortDirection=Asc&state=Closed&symbol=SOL_USDC_PERP"
    assert asked(operation) == Asked(f"GET /wapi/v1/history/position?{rest}", "", f"instruction=positionHistoryQueryAll&{rest}")


def test_funding_rates_are_public() -> None:
    assert asked(GetFundingRates("SOL_USDC_PERP", limit=10_000, offset=3)) == Asked(
        "GET /api/v1/fundingRates?limit=10000&offset=3&symbol=SOL_USDC_PERP", "", ""
    )


def test_funding_history_has_no_subaccount() -> None:
    rest = "limit=1000&offset=3&sortDirection=Desc&symbol=SOL_USDC_PERP"
    operation = GetFundingHistory(limit=1_000, offset=3, sort_direction="Desc", symbol="SOL_USDC_PERP")
    assert asked(operation) == Asked(f"GET /wapi/v1/history/funding?{rest}", "", f"instruction=fundingHistoryQueryAll&{rest}")
    assert "subaccount_id" not in GetFundingHistory.__struct_fields__
