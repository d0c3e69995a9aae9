"""Markets, assets and collateral as they are answered: the recorded rows, and what a state of the book changes in them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from exchange.stranger import Desk, Stranger, loads, open_desk, said
from haversack.exchange.engine.command import SetBookState
from haversack.wire.enums import OrderBookState
from recordings import folder

CLOSED = OrderBookState.CLOSED


def recorded_rows(name: str, key: str | None = None) -> dict[str, Any]:
    """Rows by symbol, of every recording with such a name."""
    found: dict[str, Any] = {}
    for path in sorted(folder().rglob(name)):
        content = json.loads(path.read_bytes())
        found |= {row["symbol"]: row for row in (content[key] if key else content)}
    assert found, f"no {name} below {folder()}"
    return found


def set_state(desk: Desk, symbol: str, state: OrderBookState) -> None:
    desk.venue.execute(SetBookState(symbol, state), now_us=desk.clock.now_us())


async def test_market_rows_are_the_recorded_ones_to_the_byte() -> None:
    recorded = recorded_rows("markets.2026-09.json")
    async with open_desk() as desk:
        served = loads(await desk.get("/api/v1/markets"))
        bodies = {row["symbol"]: (await desk.get(f"/api/v1/market?symbol={row['symbol']}")).body for row in served}
    assert [row["symbol"] for row in served] == [symbol for symbol in recorded if symbol in bodies]
    kinds = [row["marketType"] for row in served]
    assert (kinds.count("SPOT") >= 8, kinds.count("PERP") >= 12) == (True, True)
    for symbol, body in bodies.items():
        assert body.decode() == json.dumps(recorded[symbol], separators=(",", ":"))


async def test_asset_rows_are_the_recorded_ones_but_for_the_decimals_that_were_added_since() -> None:
    recorded = recorded_rows("assets.recorded.json", "assets")
    async with open_desk() as desk:
        served = loads(await desk.get("/api/v1/assets"))
        named = {row["baseSymbol"] for row in loads(await desk.get("/api/v1/markets?marketType=SPOT"))} | {"USDC"}
        tokens = {row["vaultToken"] for row in loads(await desk.get("/api/v1/vaults"))}
    assert {row["symbol"] for row in served} == named | tokens
    for row in served:
        for token in row["tokens"]:
            assert isinstance(token.pop("nativeDecimals"), int)
        assert row["symbol"] not in recorded or row == recorded[row["symbol"]]
    assert named - recorded.keys() == {"HNT"}


async def test_collateral_rows_are_the_recorded_ones() -> None:
    recorded = recorded_rows("collateral.parameters.json")
    async with open_desk() as desk:
        served = loads(await desk.get("/api/v1/collateral"))
    assert served == list(recorded.values())


async def test_a_spot_row_has_every_key_in_the_alphabet_s_order() -> None:
    async with open_desk() as desk:
        body = (await desk.get("/api/v1/market?symbol=SOL_USDC")).body.decode()
    assert body == (
        '{"baseSymbol":"SOL","createdAt":"2025-01-21T06:34:54.691858","filters":{"price":{"borrowEntryFeeMaxMultiplier":"1.01",'
        '"borrowEntryFeeMinMultiplier":"0.99","discoveryBoundBand":null,"maxImpactMultiplier":"1.01","maxMultiplier":"2",'
        '"maxPrice":null,"maxPriceUpdateMultiplier":"1.0025","meanMarkPriceBand":{"maxMultiplier":"1.03","minMultiplier":"0.97"},'
        '"meanPremiumBand":null,"minImpactMultiplier":"0.99","minMultiplier":"0.25","minPrice":"0.01",'
        '"minPriceUpdateMultiplier":"0.9975","tickSize":"0.01"},"quantity":{"maxQuantity":null,"minQuantity":"0.01",'
        '"stepSize":"0.01"}},"fundingInterval":null,"fundingRateLowerBound":null,"fundingRateUpperBound":null,'
        '"imfFunction":null,"marketType":"SPOT","mmfFunction":null,"openInterestLimit":"0","orderBookState":"Open",'
        '"positionLimitWeight":null,"quoteSymbol":"USDC","rwaMarketType":null,"symbol":"SOL_USDC","visible":true}'
    )


async def test_a_market_s_row_says_the_state_that_it_is_in() -> None:
    async with open_desk() as desk:
        set_state(desk, "SOL_USDC", OrderBookState.POST_ONLY)
        one = loads(await desk.get("/api/v1/market?symbol=SOL_USDC"))
        every = loads(await desk.get("/api/v1/markets"))
        set_state(desk, "SOL_USDC", OrderBookState.OPEN)
        again = loads(await desk.get("/api/v1/market?symbol=SOL_USDC"))
    assert one["orderBookState"] == "PostOnly"
    assert one in every
    assert again == one | {"orderBookState": "Open"}


async def test_a_closed_market_has_no_book_and_no_mark_price() -> None:
    async with open_desk() as desk:
        book = await desk.get("/api/v1/depth?symbol=HNT_USDC")
        for symbol in ("SOL_USDC", "ETH_USDC_PERP"):
            set_state(desk, symbol, CLOSED)
        mark = await desk.get("/api/v1/markPrices?symbol=ETH_USDC_PERP")
        closed = await desk.get("/api/v1/depth?symbol=SOL_USDC")
        set_state(desk, "SOL_USDC", OrderBookState.CANCEL_ONLY)
        opened = await desk.get("/api/v1/depth?symbol=SOL_USDC")
    assert said(book) == said(closed) == (404, "RESOURCE_NOT_FOUND", "Not Found")
    assert said(mark) == (400, "INVALID_CLIENT_REQUEST", "Symbol not found")
    assert opened.status == 200


@pytest.mark.parametrize(
    ("state", "order", "text"),
    [
        (CLOSED, {}, "Order book is closed"),
        (OrderBookState.CANCEL_ONLY, {"postOnly": True}, "Order book is in cancel only mode"),
        (OrderBookState.LIMIT_ONLY, {"orderType": "Market", "price": None}, "Order book is in limit only mode"),
        (OrderBookState.POST_ONLY, {}, "Order book is in post only mode"),
    ],
)
async def test_an_order_that_the_state_does_not_take_is_refused(state: OrderBookState, order: dict[str, Any], text: str) -> None:
    async with open_desk() as desk:
        somebody = Stranger(desk)
        resting = loads(await somebody.place())
        set_state(desk, "SOL_USDC", state)
        reply = await somebody.place(**order)
        cancelled = loads(await somebody.cancel(orderId=resting["id"]))
    assert said(reply) == (400, "TRADING_PAUSED", text)
    assert cancelled["status"] == "Cancelled"


async def test_an_order_in_a_closed_perpetual_is_refused() -> None:
    async with open_desk() as desk:
        set_state(desk, "ETH_USDC_PERP", CLOSED)
        reply = await Stranger(desk).place(symbol="ETH_USDC_PERP", quantity="1", price="100")
    assert said(reply) == (400, "TRADING_PAUSED", "Order book is closed")
