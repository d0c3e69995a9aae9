"""Prediction markets through the doors: events and tags to the byte, orders and positions, streams, answers, restarts."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exchange.durability.sites import Site
from exchange.stranger import Desk, Stranger, frames, loads, open_desk, said
from haversack import ApiError, UsageError
from haversack.clock import ManualClock
from haversack.exchange.control.audit import problems
from haversack.exchange.engine.command import Elapse, Place
from haversack.exchange.engine.predictions.command import ProposeResolution
from haversack.exchange.engine.predictions.predictions import Predictions
from haversack.local import LocalExchange
from haversack.wire.enums import Side

ALDER, BIRCH, SOL200, RAIN = (f"{base}_USDC_PREDICTION" for base in ("CUPALDER", "CUPBIRCH", "SOL200", "RAIN20"))
GRANTS = {"USDC": "1000"}
SECOND_US = 1_000_000


def answer(desk: Desk, symbol: str, *, is_yes: bool, delay_s: int = 0) -> None:
    desk.venue.execute(ProposeResolution(symbol, is_yes, delay_s), now_us=desk.clock.now_us())


def elapse(desk: Desk, *, s: int) -> None:
    desk.clock.advance(ms=s * 1_000)
    desk.venue.execute(Elapse(), now_us=desk.clock.now_us())


async def bet(desk: Desk, symbol: str = ALDER, price: str = "0.4", quantity: str = "100") -> tuple[Stranger, Stranger]:
    """One who bought, and one who sold."""
    buyer, seller = Stranger(desk, 1), Stranger(desk, 2)
    for who, side in ((seller, "Ask"), (buyer, "Bid")):
        loads(await who.place(symbol=symbol, side=side, price=price, quantity=quantity))
    return buyer, seller


async def test_event_is_told_to_the_byte() -> None:
    async with open_desk() as desk:
        reply = await desk.get("/api/v1/prediction?eventSlug=sol-above-200-2027")
    assert reply.body.decode() == (
        '[{"description":"Whether one SOL is worth more than 200 USDT when the year 2027 ends.","imgUrl":null,'
        '"predictionMarkets":[{"activePrice":"0.58","groupLabel":null,"imgUrl":null,"marketSymbol":"SOL200_USDC_PREDICTION",'
        '"noOutcomeLabel":"No","proposedResolution":null,"proposedResolutionAt":null,'
        '"question":"Will SOL be above 200 at the end of 2027?","quoteVolume":"0","quoteVolumeLifetime":"0",'
        '"resolutionCondition":{"condition":"above","type":"StrikePrice"},"resolutionDelaySecs":600,"resolutionPrice":null,'
        '"resolvedAt":null,"rules":"Yes if the last price of SOLUSDT before the end of 2027 is above 200.",'
        '"yesOutcomeLabel":"Yes"}],"quoteVolume":"0","resolution":{"closePrice":null,"endDate":"2028-01-01T00:00:00",'
        '"outcome":null,"resolutionSource":"binance","resolutionSourceEventIdentifier":"SOLUSDT","resolved":false,'
        '"startDate":"2026-09-01T12:00:00","strikePrice":null},"resolutionDelaySecs":600,"resolved":false,"series":[],'
        '"slug":"sol-above-200-2027","tags":[{"slug":"crypto","title":"Crypto"}],"title":"SOL above 200 at the end of 2027"}]'
    )


CUP, STRIKE, RAINY = "orchard-cup-2027", "sol-above-200-2027", "rain-in-pomona-2027-01"


@pytest.mark.parametrize(
    ("query", "slugs"),
    [
        ("", [CUP, STRIKE, RAINY]),
        (f"symbol={BIRCH}", [CUP]),
        ("symbol=NONE_USDC_PREDICTION", []),
        ("tagSlug=sports", [CUP]),
        ("tagSlug=nothing", []),
        (f"eventSlug={RAINY}", [RAINY]),
        ("seriesSlug=rain-in-pomona", [RAINY]),
        ("resolved=false", [CUP, STRIKE]),
        ("resolved=true", [RAINY]),
        (f"resolved=true&symbol={ALDER}", []),
    ],
)
async def test_events_are_found_by_what_is_said_of_them(query: str, slugs: list[str]) -> None:
    async with open_desk() as desk:
        answer(desk, RAIN, is_yes=False)
        assert [event["slug"] for event in loads(await desk.get(f"/api/v1/prediction?{query}"))] == slugs


async def test_events_come_in_pages_and_tags_by_their_words() -> None:
    async with open_desk() as desk:
        page = await desk.get("/api/v1/prediction?limit=2&offset=2")
        refused = await desk.get("/api/v1/prediction?limit=1001")
        tags = await desk.get("/api/v1/prediction/tags")
    assert [event["slug"] for event in loads(page)] == [RAINY]
    told = {name: page.headers[name] for name in ("x-current-page", "x-page-count", "x-page-size", "x-total")}
    assert told == {"x-current-page": "2", "x-page-count": "2", "x-page-size": "2", "x-total": "3"}
    assert (refused.status, b"limit" in refused.body) == (400, True)
    assert tags.body == (
        b'[{"slug":"crypto","title":"Crypto"},{"slug":"orchard-cup","title":"Orchard Cup"},'
        b'{"slug":"sports","title":"Sports"},{"slug":"weather","title":"Weather"}]'
    )


async def test_answer_is_proposed_first_and_final_after_the_delay() -> None:
    async with open_desk(grants=GRANTS) as desk:
        await bet(desk)
        answer(desk, ALDER, is_yes=True, delay_s=60)
        proposed = loads(await desk.get(f"/api/v1/prediction?symbol={ALDER}"))[0]
        elapse(desk, s=59)
        assert desk.venue.engine.facility(Predictions).fate(ALDER).price is None
        elapse(desk, s=1)
        resolved = loads(await desk.get(f"/api/v1/prediction?symbol={ALDER}"))[0]
    names = ("proposedResolution", "proposedResolutionAt", "resolutionPrice", "resolvedAt", "activePrice", "quoteVolume")
    first, last = ({name: event["predictionMarkets"][0][name] for name in names} for event in (proposed, resolved))
    assert first == dict(zip(names, (True, first["proposedResolutionAt"], None, None, "0.4", "40"), strict=True))
    assert last == dict(zip(names, (True, first["proposedResolutionAt"], "1", last["resolvedAt"], "1", "40"), strict=True))
    assert first["proposedResolutionAt"] < last["resolvedAt"]
    assert resolved["quoteVolume"] == resolved["predictionMarkets"][0]["quoteVolumeLifetime"] == "40"
    # The other market of the event is still open.
    assert (resolved["resolved"], resolved["resolution"]["resolved"], resolved["resolution"]["outcome"]) == (
        False,
        False,
        "Alder",
    )


@pytest.mark.parametrize(("is_yes", "balances"), [(True, ["1059.982", "939.9924"]), (False, ["959.982", "1039.9924"])])
async def test_positions_are_settled_at_the_answer(is_yes: bool, balances: list[str]) -> None:
    async with open_desk(grants=GRANTS) as desk:
        both = await bet(desk)
        held = loads(await both[1].read("positionQuery", "/api/v1/position", marketType="PREDICTION"))
        answer(desk, ALDER, is_yes=is_yes)
        elapse(desk, s=10)
        told = [(await who.balances())["USDC"]["available"] for who in both]
        fills = loads(await both[0].read("fillHistoryQueryAll", "/wapi/v1/history/fills", symbol=ALDER))
        orders = loads(await both[0].read("orderHistoryQueryAll", "/wapi/v1/history/orders", symbol=ALDER))
        past = loads(await both[0].read("positionHistoryQueryAll", "/wapi/v1/history/position", symbol=ALDER))
        assert loads(await both[0].read("positionQuery", "/api/v1/position")) == []
        assert not problems(desk.venue)
    assert told == balances
    names = ("entryPrice", "netQuantity", "markPrice", "imf", "mmf", "estLiquidationPrice", "symbol")
    assert {name: held[0][name] for name in names} == dict(zip(names, ("0.4", "-100", "0.4", "1", "0", "0", ALDER), strict=True))
    price = "1" if is_yes else "0"
    row = fills[0]
    assert (row["price"], row["quantity"], row["side"], row["fee"]) == (price, "100", "Ask", "0")
    assert row["systemOrderType"] == orders[0]["systemOrderType"] == "FutureExpiry"
    assert orders[0]["status"] == "Filled"
    assert (past[0]["state"], past[0]["closingPrice"], past[0]["cumulativePnlRealized"]) == (
        "Closed",
        price,
        "60" if is_yes else "-40",
    )


async def test_resolved_market_is_closed_and_its_orders_are_cancelled() -> None:
    async with open_desk(grants=GRANTS) as desk:
        buyer, _ = await bet(desk)
        resting = loads(await buyer.place(symbol=ALDER, price="0.1", quantity="10"))
        answer(desk, ALDER, is_yes=False)
        orders = loads(await buyer.read("orderQueryAll", "/api/v1/orders"))
        past = loads(await buyer.read("orderHistoryQueryAll", "/wapi/v1/history/orders", orderId=resting["id"]))
        market = loads(await desk.get(f"/api/v1/market?symbol={ALDER}"))
        refused = await buyer.place(symbol=ALDER, price="0.1", quantity="10")
        marks = await desk.get("/api/v1/markPrices?marketType=PREDICTION")
    assert orders == []
    assert (past[0]["status"], past[0]["expiryReason"]) == ("Cancelled", None)
    assert market["orderBookState"] == "Closed"
    assert said(refused) == (400, "TRADING_PAUSED", "Order book is closed")
    assert loads(marks) == []


@pytest.mark.parametrize(
    ("order", "refusal"),
    [
        ({"price": "1"}, "Price is above the maximum allowed value"),
        ({"price": "0.001"}, "Price"),
        ({"side": "Bid", "price": "0.4", "quantity": "2501"}, "Insufficient margin"),
        ({"side": "Ask", "price": "0.4", "quantity": "1667"}, "Insufficient margin"),
    ],
)
async def test_orders_that_nobody_could_pay_for_are_refused(order: dict[str, Any], refusal: str) -> None:
    async with open_desk(grants=GRANTS) as desk:
        reply = await Stranger(desk).place(**{"symbol": ALDER, "quantity": "1"} | order)
    assert reply.status == 400
    assert refusal in json.loads(reply.body)["message"]


@pytest.mark.parametrize(("side", "largest"), [("Bid", "2498"), ("Ask", "1666")])
async def test_largest_order_is_accepted_and_one_step_more_is_not(side: str, largest: str) -> None:
    async with open_desk(grants=GRANTS) as desk:
        somebody = Stranger(desk)
        fields = {"symbol": ALDER, "side": side, "price": "0.4"}
        told = loads(await somebody.read("maxOrderQuantity", "/api/v1/account/limits/order", **fields))
        too_much = await somebody.place(**fields, quantity=str(int(largest) + 1))
        accepted = await somebody.place(**fields, quantity=largest)
        left = loads(await somebody.read("maxOrderQuantity", "/api/v1/account/limits/order", **fields))
    assert told["maxOrderQuantity"] == largest
    assert (too_much.status, accepted.status) == (400, 200)
    assert left["maxOrderQuantity"] == "0"


async def test_index_price_is_nothing_to_wait_for() -> None:
    async with open_desk(grants=GRANTS) as desk:
        await bet(desk)
        waits = {"symbol": ALDER, "side": "Ask", "price": "0.9", "quantity": None, "triggerPrice": "0.8", "triggerQuantity": "5"}
        by_index = await Stranger(desk).place(**waits, triggerBy="IndexPrice")
        by_mark = await Stranger(desk).place(**waits, triggerBy="MarkPrice")
    assert said(by_index) == (400, "INVALID_ORDER", f"This local exchange knows no IndexPrice of {ALDER}")
    assert loads(by_mark)["status"] == "TriggerPending"


async def test_marks_have_no_index_and_no_funding() -> None:
    async with open_desk(grants=GRANTS) as desk:
        await bet(desk)
        alone = await desk.get(f"/api/v1/markPrices?symbol={ALDER}")
        of_type = await desk.get("/api/v1/markPrices?marketType=PREDICTION")
        perpetuals = loads(await desk.get("/api/v1/markPrices"))
        interest = loads(await desk.get("/api/v1/openInterest"))
    row = b'[{"fundingRate":null,"indexPrice":null,"markPrice":"0.4","nextFundingTimestamp":null,"symbol":"%s"}]'
    assert alone.body == of_type.body == row % ALDER.encode()
    assert all("PREDICTION" not in each["symbol"] for each in perpetuals)
    assert {each["symbol"]: each["openInterest"] for each in interest}[ALDER] == "100"


async def test_markets_of_the_type_are_listed_when_they_are_asked_for() -> None:
    async with open_desk() as desk:
        rows = loads(await desk.get("/api/v1/markets?marketType=PREDICTION"))
    assert [row["symbol"] for row in rows] == [ALDER, BIRCH, SOL200, RAIN]
    assert {(row["marketType"], row["fundingInterval"], row["imfFunction"]) for row in rows} == {("PREDICTION", None, None)}


async def test_streams_tell_the_end() -> None:
    async with open_desk(grants=GRANTS) as desk:
        buyer, _ = await bet(desk)
        socket = desk.connect()
        buyer.subscribe(socket, "account.orderUpdate", "account.positionUpdate")
        await frames(socket, 1)
        answer(desk, ALDER, is_yes=True)
        told = [frame["data"] for frame in await frames(socket, 3)]
    assert [list(each) for each in told] == [sorted(each) for each in told]
    assert [each["e"] for each in told] == ["orderAccepted", "orderFill", "positionClosed"]
    accepted, fill, closed = told
    assert (accepted["O"], fill["O"], fill["L"], fill["l"], fill["n"]) == (*["SETTLEMENT_AUTOCLOSE"] * 2, "1.00", "100", "0")
    assert (closed["s"], closed["q"], closed["p"], closed["M"], closed["l"]) == (ALDER, "0", "60", "1", "0")


async def test_mark_prices_are_told_every_second_until_the_end() -> None:
    async with open_desk(grants=GRANTS) as desk:
        await bet(desk)
        socket = desk.connect()
        socket.send(json.dumps({"method": "SUBSCRIBE", "params": [f"markPrice.{ALDER}", f"openInterest.{ALDER}"]}))
        now_us = desk.clock.now_us() // (60 * SECOND_US) * 60 * SECOND_US + 58 * SECOND_US
        for second in range(4):
            desk.clock.set_now_us(now_us + second * SECOND_US)
            desk.venue.tick(desk.clock.now_us())
            if second == 2:
                answer(desk, ALDER, is_yes=True)
        told = await frames(socket, 4)
    marks = [(now_us + second * SECOND_US) for second in range(3)]
    expected = [{"E": at, "T": at, "e": "markPrice", "p": "0.40", "s": ALDER} for at in marks]
    assert [frame["data"] for frame in told if frame["data"]["e"] == "markPrice"] == expected
    assert [frame["data"]["o"] for frame in told if frame["data"]["e"] == "openInterest"] == ["100"]


async def test_owner_resolves_by_the_control_plane() -> None:
    async with LocalExchange(crowd=False, clock=ManualClock()) as exchange, exchange.client() as client:
        for symbol, wanted in (("SOL_USDC", "the market asks no question"), ("NONE", "market 'NONE' is not listed")):
            with pytest.raises(UsageError, match=wanted):
                await exchange.resolve(symbol, is_yes=True)
        with pytest.raises(UsageError, match="a resolution waits 0 to 604800 seconds"):
            await exchange.resolve(SOL200, is_yes=True, delay_s=604_801)
        await exchange.resolve(SOL200, is_yes=True)
        await exchange.advance(s=599)
        assert (await client.markets.get(SOL200)).order_book_state == "Open"
        await exchange.advance(s=1)
        assert (await client.markets.get(SOL200)).order_book_state == "Closed"
        with pytest.raises(UsageError, match="the market is resolved"):
            await exchange.resolve(SOL200, is_yes=False)
        with pytest.raises(UsageError, match="is resolved and stays closed"):
            await exchange.set_market(SOL200, "Open")
        with pytest.raises(UsageError, match="a prediction market is worth less than 1"):
            await exchange.set_price(ALDER, 1)


async def test_whole_story_through_the_real_client() -> None:
    async with LocalExchange(seed=7, clock=ManualClock(), markets=[ALDER, "SOL_USDC"]) as exchange, exchange.client() as client:
        await exchange.advance(s=5)
        event = (await client.predictions.events(tag_slug="sports"))[0]
        assert [market.symbol for market in event.prediction_markets] == [ALDER]
        await exchange.set_price(ALDER, "0.8")
        await exchange.advance(s=30)
        mark = (await client.markets.mark_prices(ALDER))[0]
        assert (mark.index_price, 0.7 < float(mark.mark_price) < 0.9) == (None, True)
        order = await client.orders.place(symbol=ALDER, side="Ask", order_type="Market", quantity="50")
        assert (str(order.status), order.executed_quantity) == ("Filled", Decimal(50))
        with pytest.raises(ApiError):
            await client.orders.place(symbol=ALDER, side="Bid", order_type="Limit", price="1.01", quantity="1")
        await exchange.resolve(ALDER, is_yes=False, delay_s=5)
        await exchange.advance(s=16)
        balance = (await client.capital.balances())["USDC"].available
        assert balance == 100_000 + order.executed_quote_quantity - (await client.history.fills())[1].fee
        assert (await client.predictions.events())[0].resolved
        assert exchange.problems() == []


async def test_answers_go_on_after_a_restart_from_the_journal_and_from_a_snapshot(tmp_path: Path) -> None:
    clock = ManualClock()
    site = Site(tmp_path, clock)
    await site.trade(1)
    for account, side in ((1, Side.ASK), (2, Side.BID)):
        site.do(Place(account=account, symbol=ALDER, side=side, price=40, quantity=100))
    site.do(Place(account=2, symbol=BIRCH, side=Side.BID, price=30, quantity=10))
    site.do(ProposeResolution(BIRCH, is_yes=False, delay_s=0))
    site.do(ProposeResolution(ALDER, is_yes=True, delay_s=60))
    await site.venue.settled()
    told = [await look(site)]
    await site.stop()
    site = Site(tmp_path, clock)
    told.append(await look(site))
    await site.snapshot()
    await site.stop()
    site = Site(tmp_path, clock)
    told.append(await look(site))
    assert site.replayed == 0
    clock.advance(ms=60_000)
    site.venue.execute(Elapse(), now_us=clock.now_us())
    assert loads(await site.desk.get(f"/api/v1/prediction?symbol={ALDER}"))[0]["resolved"]
    assert not problems(site.venue)
    await site.stop()
    assert told[0] == told[1] == told[2]


async def look(site: Site) -> list[Any]:
    """What there is to see."""
    paths = ("/api/v1/prediction", f"/api/v1/openInterest?symbol={ALDER}", f"/api/v1/market?symbol={BIRCH}")
    rows = [loads(await site.desk.get(path)) for path in paths]
    rows[1][0].pop("timestamp")
    return [*rows, site.venue.engine.state_hash()]
