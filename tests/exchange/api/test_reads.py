"""Public and private reads: bodies, headers and refusals as they stand on the wire."""

from __future__ import annotations

from typing import Any

import pytest

from exchange.stranger import Stranger, loads, open_desk, said
from haversack.exchange.api.dispatch import ROUTES
from haversack.wire.base import Operation
from haversack.wire.catalogue import OPERATIONS

INVALID = "INVALID_CLIENT_REQUEST"


@pytest.mark.parametrize(
    ("target", "status", "body"),
    [
        ("/api/v1/ping", 200, "pong"),
        ("/api/v1/time", 200, "1788285151000"),
        ("/api/v1/status", 200, '{"message":null,"status":"Ok"}'),
        ("/api/v1/nothing", 404, "not found"),
        ("/", 404, "not found"),
    ],
)
async def test_simple_reads(target: str, status: int, body: str) -> None:
    async with open_desk() as desk:
        reply = await desk.get(target)
    assert (reply.status, reply.body.decode()) == (status, body)


async def test_a_known_path_with_another_method_is_405() -> None:
    async with open_desk() as desk:
        reply = await desk.request("PUT", "/api/v1/order")
    assert (reply.status, reply.body, reply.content_type) == (405, b"method not allowed", "text/plain; charset=utf-8")


@pytest.mark.parametrize(
    ("target", "refusal"),
    [
        ("/api/v1/depth?symbol=NOTREAL_USDC", (400, INVALID, "Invalid market symbol")),
        ("/api/v1/trades?symbol=NOTREAL_USDC&limit=5", (400, INVALID, "Invalid market symbol")),
        ("/api/v1/market?symbol=NOTREAL_USDC", (400, INVALID, "Invalid market symbol")),
        ("/api/v1/ticker?symbol=NOTREAL_USDC", (400, "INVALID_SYMBOL", "Invalid symbol")),
        ("/api/v1/klines?symbol=NOTREAL_USDC&interval=1h&startTime=1748808598", (400, "INVALID_SYMBOL", "Invalid symbol")),
        ("/api/v1/markPrices?symbol=NOTREAL_USDC_PERP", (400, INVALID, "Symbol not found")),
    ],
)
async def test_an_unknown_symbol_is_refused_in_the_endpoints_own_words(target: str, refusal: tuple[int, str, str]) -> None:
    async with open_desk() as desk:
        assert said(await desk.get(target)) == refusal


async def test_a_book_is_ascending_on_both_sides_with_its_update_id() -> None:
    async with open_desk() as desk:
        somebody = Stranger(desk)
        for price in ("99", "98.5", "97.25"):
            await somebody.place(price=price)
        for price in ("101.1", "102"):
            await somebody.place(side="Ask", price=price)
        whole = await desk.get("/api/v1/depth?symbol=SOL_USDC")
        nearest = loads(await desk.get("/api/v1/depth?symbol=SOL_USDC&limit=5"))
    assert whole.body.decode() == (
        '{"asks":[["101.1","1"],["102","1"]],"bids":[["97.25","1"],["98.5","1"],["99","1"]],'
        '"lastUpdateId":"5","timestamp":1788285151000000}'
    )
    assert nearest["bids"][-1] == ["99", "1"]


async def test_a_limited_book_keeps_the_levels_nearest_the_touch() -> None:
    async with open_desk() as desk:
        somebody = Stranger(desk)
        for tick in range(8):
            await somebody.place(price=f"9{tick}", quantity="1")
            await somebody.place(side="Ask", price=f"10{tick}", quantity="1")
        book = loads(await desk.get("/api/v1/depth?symbol=SOL_USDC&limit=5"))
    assert [price for price, _ in book["bids"]] == ["93", "94", "95", "96", "97"]
    assert [price for price, _ in book["asks"]] == ["100", "101", "102", "103", "104"]


async def test_markets_are_filtered_by_type() -> None:
    async with open_desk() as desk:
        spot = loads(await desk.get("/api/v1/markets?marketType=SPOT"))
        predictions = loads(await desk.get("/api/v1/markets?marketType=PREDICTION"))
        usual = loads(await desk.get("/api/v1/markets"))
    assert {market["marketType"] for market in spot} == {"SPOT"}
    assert {market["marketType"] for market in predictions} == {"PREDICTION"}
    # Documented: spot and perpetuals, unless others are asked for.
    assert {market["marketType"] for market in usual} == {"SPOT", "PERP"}
    assert {market["symbol"] for market in usual} >= {"SOL_USDC", "SOL_USDC_PERP", "BTC_USDC_PERP"}
    assert "openingPrice" not in usual[0]


async def test_a_market_that_never_traded_has_no_ticker() -> None:
    async with open_desk() as desk:
        reply = await desk.get("/api/v1/ticker?symbol=SOL_USDC")
    assert (reply.status, reply.body, reply.content_type) == (204, b"", None)


async def test_trades_are_newest_first_with_exact_products() -> None:
    async with open_desk() as desk:
        await Stranger(desk, 1).place(side="Ask", price="100.07", quantity="3")
        await Stranger(desk, 2).place(price="100.07", quantity="1.5")
        desk.clock.advance(ms=7)
        await Stranger(desk, 2).place(price="100.07", quantity="0.22")
        reply = await desk.get("/api/v1/trades?symbol=SOL_USDC")
    assert reply.body.decode() == (
        '[{"id":380000001,"isBuyerMaker":false,"price":"100.07","quantity":"0.22","quoteQuantity":"22.0154",'
        '"timestamp":1788285151007},{"id":380000000,"isBuyerMaker":false,"price":"100.07","quantity":"1.5",'
        '"quoteQuantity":"150.105","timestamp":1788285151000}]'
    )
    assert reply.headers["cache-control"] == "public, s-maxage=5, stale-while-revalidate=5, stale-if-error=3600"


async def test_histories_say_how_many_rows_there_are() -> None:
    async with open_desk() as desk:
        somebody = Stranger(desk)
        empty = await somebody.read("fillHistoryQueryAll", "/wapi/v1/history/fills", limit=10)
        for _ in range(3):
            await somebody.place()
        page = await somebody.read("orderHistoryQueryAll", "/wapi/v1/history/orders", limit=2, offset=2)
    pages = ("x-current-page", "x-page-count", "x-page-size", "x-total", "cache-control")
    assert [empty.headers[name] for name in pages] == ["1", "1", "10", "0", "no-store"]
    assert [page.headers[name] for name in pages] == ["2", "2", "2", "3", "no-store"]
    assert len(loads(page)) == 1


async def test_position_history_is_a_plain_list_that_may_not_be_cached() -> None:
    async with open_desk() as desk:
        reply = await Stranger(desk).read("positionHistoryQueryAll", "/wapi/v1/history/position")
    assert (reply.status, reply.headers) == (200, {"cache-control": "no-store"})


async def test_a_deposit_address_is_the_same_for_the_same_account_and_is_no_address() -> None:
    async with open_desk() as desk:
        path, name = "/wapi/v1/capital/deposit/address", "depositAddressQuery"
        mine = loads(await Stranger(desk, 1).read(name, path, blockchain="Solana"))
        again = loads(await Stranger(desk, 1).read(name, path, blockchain="Solana"))
        elsewhere = loads(await Stranger(desk, 1).read(name, path, blockchain="Ethereum"))
        other = loads(await Stranger(desk, 2).read(name, path, blockchain="Solana"))
    assert mine == again
    assert len({mine["address"], elsewhere["address"], other["address"]}) == 3
    assert mine["address"].startswith("local-exchange-do-not-send-")


async def test_a_head_is_answered_as_a_get_is_but_without_the_body() -> None:
    async with open_desk() as desk:
        replies = [await desk.request(method, "/api/v1/markets") for method in ("GET", "HEAD")]
        missing = await desk.request("HEAD", "/api/v1/nothing")
    assert replies[1] == replies[0]._replace(body=b"")
    assert (missing.status, missing.body) == (404, b"")


async def test_no_stocks_are_listed() -> None:
    async with open_desk() as desk:
        assert loads(await desk.get("/api/v1/securities")) == []


async def test_hours_of_stocks_are_known_by_both_names() -> None:
    async with open_desk() as desk:
        reply, former = [await desk.get(f"/api/v1/{name}") for name in ("stockSessions", "market-sessions")]
    assert former == reply
    assert reply.body.startswith(
        b'[{"description":null,"endTime":"09:30:00","endWeekday":5,"name":"US_EQUITIES_PRE_MARKET","startTime":"04:00:00",'
        b'"startWeekday":1,"timezone":"America/New_York"},'
    )
    assert [(row["name"], row["startTime"], row["startWeekday"], row["endWeekday"]) for row in loads(reply)[1:]] == [
        ("US_EQUITIES_REGULAR", "09:30:00", 1, 5),
        ("US_EQUITIES_POST_MARKET", "16:00:00", 1, 5),
        ("US_EQUITIES_OVERNIGHT", "20:00:00", 7, 4),
    ]


async def test_headers_of_a_read_are_missed_before_its_parameters() -> None:
    async with open_desk() as desk:
        reply = await desk.get("/api/v1/orders?marketType=FOO")
        told = await Stranger(desk).read("orderQueryAll", "/api/v1/orders", marketType="FOO")
    assert reply.body == b'failed to parse parameter `X-API-KEY`: Type "string" expects an input value.'
    assert told.body == b'failed to parse parameter `marketType`: failed to parse "MarketType": Expect a valid enumeration value.'


async def test_a_signed_read_without_headers_is_refused_by_the_framework() -> None:
    async with open_desk() as desk:
        reply = await desk.get("/api/v1/capital")
    assert reply.status == 400
    assert reply.body == b'failed to parse parameter `X-API-KEY`: Type "string" expects an input value.'


@pytest.mark.parametrize("kind", [kind for kind in OPERATIONS if kind not in ROUTES], ids=lambda kind: kind.__name__)
async def test_an_operation_that_is_not_served_yet_says_so(kind: type[Operation[Any]]) -> None:
    async with open_desk() as desk:
        reply = await desk.request(kind.method, kind.path, {"Content-Type": "application/json"}, b"{}")
    assert reply.status == 501
    assert reply.body == f"{kind.__name__} is not served by this local exchange".encode()
