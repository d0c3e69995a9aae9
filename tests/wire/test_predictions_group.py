"""Prediction markets and historical trades: what is asked, and the bytes of what is answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from haversack.rest.answers import read_answer
from haversack.rest.http import HttpResponse
from haversack.wire.base import Operation, Page, body_type
from haversack.wire.codec import decode, encode
from haversack.wire.predictions import (
    GetPredictionEvents,
    GetPredictionTags,
    PredictionEvent,
    ResolutionCondition,
    ResolutionSource,
    ResolutionType,
    SeriesRecurrence,
    StrikeCondition,
)
from haversack.wire.trades import GetHistoricalTrades
from wire.asked import Asked, asked

STRIKE = b'{"condition":"above","type":"StrikePrice"}'
RANGE = b'{"greaterThanOrEqual":"100","lessThan":null,"type":"QuantityRange"}'
OUTCOME = b'{"outcome":"England","type":"Outcome"}'
RESOLVED = (
    b'{"activePrice":"0.42","groupLabel":"above 100","imgUrl":null,"marketSymbol":"SOL100_USDC_PREDICTION",'
    b'"noOutcomeLabel":"No","proposedResolution":false,"proposedResolutionAt":"2026-09-02T00:00:05","question":"Is it?",'
    b'"quoteVolume":"10","quoteVolumeLifetime":"25","resolutionCondition":' + STRIKE + b',"resolutionDelaySecs":3600,'
    b'"resolutionPrice":"0","resolvedAt":"2026-09-02T01:00:05","rules":"By the source.","yesOutcomeLabel":"Yes"}'
)
UNRESOLVED = (
    b'{"activePrice":"0.58","groupLabel":null,"imgUrl":"https://example.org/a.png","marketSymbol":"SOL90_USDC_PREDICTION",'
    b'"noOutcomeLabel":"No","proposedResolution":null,"proposedResolutionAt":null,"question":"Is it?","quoteVolume":"10",'
    b'"quoteVolumeLifetime":"25","resolutionCondition":null,"resolutionDelaySecs":0,"resolutionPrice":null,'
    b'"resolvedAt":null,"rules":"By the source.","yesOutcomeLabel":"Yes"}'
)
EVENTS = (
    b'[{"description":"Where SOL ends the day","imgUrl":null,"predictionMarkets":[' + RESOLVED + b"," + UNRESOLVED + b"],"
    b'"quoteVolume":"20","resolution":{"closePrice":"98.5","endDate":"2026-09-02T00:00:00","outcome":null,'
    b'"resolutionSource":"binance","resolutionSourceEventIdentifier":"SOLUSDT","resolved":false,'
    b'"startDate":"2026-09-01T00:00:00","strikePrice":"100"},"resolutionDelaySecs":3600,"resolved":false,'
    b'"series":[{"recurrence":"daily","slug":"sol-daily","title":"SOL every day"}],"slug":"sol-2026-09-01",'
    b'"tags":[{"slug":"crypto","title":"CRYPTO"}],"title":"SOL on the first"}]'
)
TAGS = b'[{"slug":"crypto","title":"CRYPTO"}]'
TRADES = (
    b'[{"id":99419870,"isBuyerMaker":false,"price":"86642.9","quantity":"0.07206","quoteQuantity":"6243.487374",'
    b'"timestamp":1790915531025}]'
)


def read(operation: Operation[Any], body: bytes) -> Any:
    return read_answer(operation, HttpResponse(200, {"x-total": "31"}, body))


@pytest.mark.parametrize(
    ("kind", "body"), [(GetPredictionEvents, EVENTS), (GetPredictionTags, TAGS), (GetHistoricalTrades, TRADES)]
)
def test_answer_comes_back_byte_for_byte(kind: type[Operation[Any]], body: bytes) -> None:
    assert encode(decode(body_type(kind), body, what="an answer")) == body


@pytest.mark.parametrize(
    ("body", "condition"),
    [
        (STRIKE, ResolutionCondition(type=ResolutionType.STRIKE_PRICE, condition=StrikeCondition.ABOVE)),
        (RANGE, ResolutionCondition(type=ResolutionType.QUANTITY_RANGE, greater_than_or_equal=Decimal(100))),
        (OUTCOME, ResolutionCondition(type=ResolutionType.OUTCOME, outcome="England")),
    ],
)
def test_condition_has_the_keys_of_its_type_and_no_others(body: bytes, condition: ResolutionCondition) -> None:
    assert decode(ResolutionCondition, body, what="a condition") == condition
    assert encode(condition) == body


def test_condition_of_a_type_that_is_not_known_does_not_stop_the_others() -> None:
    strange = EVENTS.replace(STRIKE, b'{"lessThan":"5","phase":"full","type":"MoonPhase"}')
    condition = read(GetPredictionEvents(), strange)[0].prediction_markets[0].resolution_condition
    assert (condition.type, condition.type.is_known, condition.less_than) == ("MoonPhase", False, Decimal(5))
    assert b'"lessThan":"5"' in encode(condition)


def test_events_are_a_page_with_its_total() -> None:
    page: Page[PredictionEvent] = read(GetPredictionEvents(), EVENTS)
    assert page.total == 31
    (event,) = page
    assert event.series[0].recurrence is SeriesRecurrence.DAILY
    assert event.resolution.resolution_source is ResolutionSource.BINANCE
    assert event.resolution.start == datetime(2026, 9, 1, tzinfo=UTC)
    assert event.resolution.end == datetime(2026, 9, 2, tzinfo=UTC)
    assert event.resolution_delay_s == 3_600


def test_market_that_resolved_to_no_is_told_from_one_that_is_open() -> None:
    resolved, unresolved = read(GetPredictionEvents(), EVENTS)[0].prediction_markets
    assert (resolved.symbol, resolved.proposed_resolution, resolved.resolution_price) == (
        "SOL100_USDC_PREDICTION", False, Decimal(0),
    )  # fmt: skip
    assert resolved.proposed_resolution_at + resolved.resolution_delay == resolved.resolved_at
    assert resolved.resolution_delay == timedelta(hours=1)
    assert (unresolved.proposed_resolution, unresolved.resolution_price) == (None, None)
    assert (unresolved.proposed_resolution_at, unresolved.resolved_at) == (None, None)


def test_event_without_an_end_has_none() -> None:
    endless = EVENTS.replace(b'"endDate":"2026-09-02T00:00:00"', b'"endDate":null')
    assert read(GetPredictionEvents(), endless)[0].resolution.end is None


def test_events_are_asked_by_every_filter() -> None:
    operation = GetPredictionEvents(
        event_slug="sol-2026-09-01", limit=2, offset=4, resolved=False, series_slug="sol-daily",
        symbol="SOL100_USDC_PREDICTION", tag_slug="crypto",
    )  # fmt: skip
    assert asked(operation) == Asked(
        "GET /api/v1/prediction?eventSlug=sol-2026-09-01&limit=2&offset=4&resolved=false&seriesSlug=sol-daily"
        "&symbol=SOL100_USDC_PREDICTION&tagSlug=crypto",
        "",
        "",
    )
    assert asked(GetPredictionTags()) == Asked("GET /api/v1/prediction/tags", "", "")


def test_historical_trades_are_public_and_count_as_historical_data() -> None:
    assert asked(GetHistoricalTrades("BTC_USDC_PERP", limit=1_000, offset=5_000)) == Asked(
        "GET /api/v1/trades/history?limit=1000&offset=5000&symbol=BTC_USDC_PERP", "", ""
    )
    assert GetHistoricalTrades.is_historical
    assert type(read(GetHistoricalTrades("BTC_USDC_PERP"), TRADES)) is list
