"""Stocks: what is asked, and the bytes of what is answered."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from haversack.rest.answers import read_answer
from haversack.rest.http import HttpResponse
from haversack.wire.base import Operation, answer_type, body_type
from haversack.wire.codec import decode, encode
from haversack.wire.stocks import (
    GetMarketHolidays,
    GetMarketSessions,
    GetSecurities,
    GetStockHolidays,
    GetStockIndicativeQuote,
    GetStockSessions,
)
from wire.asked import Asked, asked

SECURITIES = (
    b'[{"asset":"NVDA.US","cusip":"67066G104","name":"NVIDIA","sessions":['
    b'{"maxQuantity":"5000","minQuantity":"0.01","name":"US_EQUITIES_REGULAR","stepSize":"0.01"},'
    b'{"maxQuantity":null,"minQuantity":"1","name":"US_EQUITIES_OVERNIGHT","stepSize":"1"}]},'
    b'{"asset":"MU.US","cusip":null,"name":"Micron","sessions":[]}]'
)
SESSIONS = (
    b'[{"description":"Regular hours","endTime":"16:00:00","endWeekday":5,"name":"US_EQUITIES_REGULAR",'
    b'"startTime":"09:30:00","startWeekday":1,"timezone":"America/New_York"},'
    b'{"description":null,"endTime":"04:00:00","endWeekday":4,"name":"US_EQUITIES_OVERNIGHT","startTime":"20:00:00",'
    b'"startWeekday":7,"timezone":"America/New_York"}]'
)
HOLIDAYS = (
    b'[{"date":"2026-12-25","endTime":"23:59:59","market":"US_EQUITIES","name":"Christmas","startTime":"00:00:00",'
    b'"timezone":"America/New_York"},'
    b'{"date":"2026-12-28","endTime":null,"market":null,"name":"Mourning","startTime":null,"timezone":"America/New_York"}]'
)
QUOTE = (
    b'{"available":true,"estimatedPrice":"181.2","price":"181.9","publishedAt":1788285244094,"quantityFilter":'
    b'{"maxQuantity":"5000","minQuantity":"0.01","stepSize":"0.01"},"reason":null,"session":"US_EQUITIES_REGULAR","side":"Bid",'
    b'"symbol":"NVDA.US"}'
)
NO_QUOTE = (
    b'{"available":false,"estimatedPrice":null,"price":null,"publishedAt":1788285244094,"quantityFilter":null,'
    b'"reason":"a word that nobody documents","session":null,"side":"Ask","symbol":"NVDA.US"}'
)


def read(operation: Operation[Any], body: bytes) -> Any:
    return read_answer(operation, HttpResponse(200, {}, body))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (GetSecurities, SECURITIES),
        (GetStockSessions, SESSIONS),
        (GetMarketSessions, SESSIONS),
        (GetStockHolidays, HOLIDAYS),
        (GetMarketHolidays, HOLIDAYS),
        (GetStockIndicativeQuote, QUOTE),
        (GetStockIndicativeQuote, NO_QUOTE),
    ],
)
def test_answer_comes_back_byte_for_byte(kind: type[Operation[Any]], body: bytes) -> None:
    assert encode(decode(body_type(kind), body, what="an answer")) == body


def test_security_has_quantities_per_session() -> None:
    nvidia, micron = read(GetSecurities(), SECURITIES)
    assert [(session.name, session.step_size) for session in nvidia.sessions] == [
        ("US_EQUITIES_REGULAR", Decimal("0.01")),
        ("US_EQUITIES_OVERNIGHT", Decimal(1)),
    ]
    assert nvidia.sessions[1].max_quantity is None
    assert (micron.cusip, micron.sessions) == (None, [])


def test_session_that_crosses_midnight_ends_earlier_than_it_starts() -> None:
    regular, overnight = read(GetStockSessions(), SESSIONS)
    assert (regular.start, regular.end) == (time(9, 30), time(16))
    assert (overnight.start, overnight.end) == (time(20), time(4))
    assert (overnight.start_weekday, overnight.end_weekday) == (7, 4)


def test_holiday_is_a_day_of_its_time_zone_and_may_leave_out_its_hours() -> None:
    christmas, mourning = read(GetStockHolidays(), HOLIDAYS)
    assert christmas.day == date(2026, 12, 25)
    assert (christmas.start_local, christmas.end_local) == ("00:00:00", "23:59:59")
    assert (mourning.start_local, mourning.market) == (None, None)


def test_quote_that_is_not_given_says_why() -> None:
    operation = GetStockIndicativeQuote("NVDA.US", side="Bid", quantity=1)
    given, refused = read(operation, QUOTE), read(operation, NO_QUOTE)
    assert (given.available, given.price, given.estimated_price) == (True, Decimal("181.9"), Decimal("181.2"))
    assert given.quantity_filter.step_size == Decimal("0.01")
    assert given.published_at == datetime(2026, 9, 1, 17, 54, 4, 94_000, tzinfo=UTC)
    assert (refused.available, refused.price, refused.session) == (False, None, None)
    assert refused.reason == "a word that nobody documents"


@pytest.mark.parametrize(("old", "new"), [(GetMarketSessions, GetStockSessions), (GetMarketHolidays, GetStockHolidays)])
def test_former_path_has_the_same_answer_and_names_the_new_one(old: type[Operation[Any]], new: type[Operation[Any]]) -> None:
    assert answer_type(old) == answer_type(new)
    assert old.replaced_by == new.path
    assert new.replaced_by == ""


@pytest.mark.parametrize(
    ("operation", "line"),
    [
        (GetSecurities(), "GET /api/v1/securities"),
        (GetStockSessions(), "GET /api/v1/stockSessions"),
        (GetMarketSessions(), "GET /api/v1/market-sessions"),
        (GetStockHolidays(), "GET /api/v1/stockHolidays"),
        (GetMarketHolidays(), "GET /api/v1/market-holidays"),
        (
            GetStockIndicativeQuote("NVDA.US", side="Ask", quantity=Decimal("0.50")),
            "GET /api/v1/stockIndicativeQuote?quantity=0.50&side=Ask&symbol=NVDA.US",
        ),
    ],
)
def test_stock_data_is_public(operation: Operation[Any], line: str) -> None:
    assert asked(operation) == Asked(line, "", "")
