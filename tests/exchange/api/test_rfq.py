"""Requests for quotes over REST: bytes, refusals, and what is open."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from exchange.rfq_talk import SYMBOL, Talker, asked, quoted, talkers
from exchange.stranger import Desk, loads, open_desk, said
from haversack.exchange.engine.command import Elapse
from haversack.exchange.engine.rfq.rfqs import QUOTES_MAX, RFQS_MAX
from haversack.wire.enums import OrderBookState

ID = 60_000_000_000


def later(desk: Desk, seconds: float) -> None:
    """Let time pass, and the exchange do what it asks for."""
    desk.clock.advance(ms=round(seconds * 1_000))
    desk.venue.tick(desk.clock.now_us())


async def test_request_is_answered_to_the_byte() -> None:
    async with open_desk() as desk:
        alice = Talker(desk)
        now_ms = desk.clock.now_us() // 1_000
        reply = await alice.ask(quantity="10.0", clientId=7)
        by_quote = await alice.ask(quantity=None, quoteQuantity="150.50", side="Ask", executionMode="Immediate", price="99.50")
    rest = b'"systemOrderType":null}'
    times = f'"createdAt":{now_ms},"executionMode":"%s","expiryTime":{now_ms + 120_000}'
    assert (
        reply.body
        == (
            b'{"clientId":7,' + (times % "AwaitAccept").encode() + b',"price":null,"quantity":"10","quoteQuantity":null,'
            b'"rfqId":"60000000000","side":"Bid","status":"New","submissionTime":%d,"symbol":"SOL_USDC_RFQ",' % (now_ms + 60_000)
        )
        + rest
    )
    assert (
        by_quote.body
        == (
            b'{"clientId":null,' + (times % "Immediate").encode() + b',"price":"99.5","quantity":null,"quoteQuantity":"150.5",'
            b'"rfqId":"60000000001","side":"Ask","status":"New","submissionTime":%d,"symbol":"SOL_USDC_RFQ",' % (now_ms + 60_000)
        )
        + rest
    )


async def test_quote_is_answered_to_the_byte() -> None:
    async with open_desk() as desk:
        alice, bob, _ = talkers(desk)
        rfq_id = await asked(alice)
        reply = await bob.quote(rfq_id, "99.50", "101", clientId=8)
        now_ms = desk.clock.now_us() // 1_000
    assert reply.body == (
        b'{"askPrice":"101","bidPrice":"99.5","clientId":8,"createdAt":%d,"quoteId":"60000000001","rfqId":"60000000000",'
        b'"status":"New"}' % now_ms
    )


async def test_best_quote_is_accepted_and_both_have_what_they_traded() -> None:
    async with open_desk() as desk:
        alice, bob, carol = talkers(desk)
        rfq_id = await asked(alice, clientId=7)
        worse, best = await quoted(bob, rfq_id), await quoted(carol, rfq_id, ask="100")
        refused = await alice.accept(worse, rfqId=rfq_id)
        filled = loads(await alice.accept(best, clientId=7))
        gone = await alice.accept(best)
        balances = [await somebody.balances() for somebody in (alice, bob, carol)]
    assert said(refused) == (400, "INVALID_CLIENT_REQUEST", "Quote is not the best quote")
    assert (filled["status"], filled["rfqId"]) == ("Filled", rfq_id)
    assert said(gone)[2] == "Quote not found"
    # 10 bps of 1,000 USDC on top for who takes, 8 bps off for who made the price.
    held = [(of["SOL"]["available"], of["USDC"]["available"], of["USDC"]["locked"]) for of in balances]
    assert held == [("510", "98999", "0"), ("500", "100000", "0"), ("490", "100999.2", "0")]


async def test_immediate_request_is_filled_by_the_quote_that_keeps_to_its_price() -> None:
    async with open_desk() as desk:
        alice, bob, _ = talkers(desk)
        rfq_id = await asked(alice, executionMode="Immediate", price="100")
        locked = (await alice.balances())["USDC"]
        above = loads(await bob.quote(rfq_id, "99", "99.91"))
        within = loads(await bob.quote(rfq_id, "99", "99.9"))
        left = await alice.rfqs()
    assert locked == {"available": "99000", "locked": "1000", "staked": "0"}
    assert [above["status"], within["status"]] == ["New", "Filled"]
    assert left == []


async def test_open_requests_are_told_to_their_owner_with_their_quotes() -> None:
    async with open_desk() as desk:
        alice, bob, carol = talkers(desk)
        first, second = await asked(alice), await asked(alice, symbol="BTC_USDC_RFQ", quantity="0.5")
        quote_id = await quoted(bob, first, clientId=9)
        await quoted(carol, first, "98", "102")
        every = await alice.rfqs()
        of_one = await alice.rfqs(rfqId=second)
        of_market = await alice.rfqs(symbol=SYMBOL)
        nothing = [await alice.rfqs(rfqId="5"), await alice.rfqs(deferredSettlement=True), await bob.rfqs()]
        unknown = await alice.read("rfqQuery", "/api/v1/rfqs", symbol="SOL_USDC")
        no_number = await alice.read("rfqQuery", "/api/v1/rfqs", rfqId="x")
    assert [row["rfq"]["rfqId"] for row in every] == [first, second]
    assert every[0]["quotes"][0]["quoteId"] == quote_id
    # A maker's own number is its own affair.
    assert [(row["bidPrice"], row["clientId"], row["status"]) for row in every[0]["quotes"]] == [
        ("99", None, "New"),
        ("98", None, "New"),
    ]
    assert (of_one, of_market) == (every[1:], every[:1])
    assert nothing == [[], [], []]
    # A number in the documentation of this operation alone.
    text = b'failed to parse parameter `rfqId`: failed to parse "integer_uint64": invalid digit found in string'
    assert (no_number.status, no_number.body) == (400, text)
    assert said(unknown) == (400, "INVALID_CLIENT_REQUEST", "Invalid market symbol")


async def test_refresh_starts_anew_and_cancel_ends() -> None:
    async with open_desk() as desk:
        alice, bob, _ = talkers(desk)
        rfq_id = await asked(alice, clientId=3)
        await quoted(bob, rfq_id)
        later(desk, 70)
        again = loads(await alice.refresh(rfq_id))
        now_ms = desk.clock.now_us() // 1_000
        rows = await alice.rfqs()
        ended = loads(await alice.cancel_rfq(clientId=3))
        gone = await alice.cancel_rfq(rfqId=rfq_id)
    assert (again["submissionTime"], again["expiryTime"], again["status"]) == (now_ms + 60_000, now_ms + 120_000, "New")
    assert rows[0]["quotes"] == []
    assert (ended["status"], said(gone)) == ("Cancelled", (400, "INVALID_CLIENT_REQUEST", "RFQ not found"))


async def test_request_expires_without_anybody_asking() -> None:
    async with open_desk() as desk:
        alice, bob, _ = talkers(desk)
        rfq_id = await asked(alice)
        await quoted(bob, rfq_id)
        later(desk, 119.9)
        open_still = len(await alice.rfqs())
        later(desk, 0.1)
        rows, freed = await alice.rfqs(), (await bob.balances())["SOL"]["locked"]
        past = loads(await alice.history("rfq"))
    assert (open_still, rows, freed) == (1, [], "0")
    assert [row["status"] for row in past] == ["Expired"]


BAD: list[tuple[dict[str, Any], str]] = [
    ({"quantity": None}, "Must specify either `quantity` or `quoteQuantity`"),
    ({"quoteQuantity": "5"}, "Must specify either `quantity` or `quoteQuantity`"),
    ({"quantity": None, "quoteQuantity": "0"}, "Quantity is below the minimum allowed value"),
    ({"quantity": "0.001"}, "Quantity is below the minimum allowed value"),
    ({"quantity": "1.001"}, "Quantity decimal too long"),
    ({"executionMode": "Immediate"}, "Immediate RFQs must specify a `price`"),
    ({"price": "100"}, "Only immediate RFQs may specify a `price`"),
    ({"price": "100.001", "executionMode": "Immediate"}, "Price decimal too long"),
    ({"price": "0", "executionMode": "Immediate"}, "Price is below the minimum allowed value"),
]


@pytest.mark.parametrize(("fields", "text"), BAD, ids=[f"{fields}" for fields, _ in BAD])
async def test_request_that_keeps_to_no_rule_is_refused(fields: dict[str, Any], text: str) -> None:
    async with open_desk() as desk:
        reply = await Talker(desk).ask(**fields)
    assert said(reply) == (400, "INVALID_CLIENT_REQUEST", text)


@pytest.mark.parametrize("symbol", ["SOL_USDC", "NOTREAL_RFQ"])
async def test_request_in_a_market_without_requests_is_not_understood(symbol: str) -> None:
    async with open_desk() as desk:
        reply = await Talker(desk).ask(symbol=symbol)
        order = await Talker(desk).place(symbol=SYMBOL)
    text = b'parse request payload error: failed to parse "MarketSymbol": Invalid market symbol (occurred while parsing "%s")'
    assert (reply.status, reply.body) == (400, text % b"RequestForQuotePayload")
    assert (order.status, order.body) == (400, text % b"OrderExecutePayload")


async def test_quote_that_cannot_stand_is_refused() -> None:
    async with open_desk() as desk:
        alice, bob, _ = talkers(desk)
        rfq_id = await asked(alice)
        by_quote = await asked(alice, quantity=None, quoteQuantity="0.5")
        replies = {
            "RFQ not found": [await bob.quote("5"), await bob.quote("five"), await bob.quote(str(2**70))],
            "Price decimal too long": [await bob.quote(rfq_id, "99.001"), await bob.quote(rfq_id, "99", "100.001")],
            "Price is below the minimum allowed value": [await bob.quote(rfq_id, "0")],
            "Bid price must not be above the ask price": [await bob.quote(rfq_id, "101", "100")],
            "Cannot quote own RFQ": [await alice.quote(rfq_id)],
            "Quantity is below the minimum allowed value": [await bob.quote(by_quote, "99", "101")],
        }
        poor = await bob.quote(rfq_id, "99", str(10**9)), await bob.quote(rfq_id, "10001", "10001")
        later(desk, 60)
        late = await bob.quote(rfq_id)
    for text, told in replies.items():
        assert {said(reply) for reply in told} == {(400, "INVALID_CLIENT_REQUEST", text)}
    # An ask locks what is sold, so that its price costs nothing; a bid locks what it pays.
    assert (poor[0].status, said(poor[1])) == (200, (400, "INSUFFICIENT_FUNDS", "Insufficient funds"))
    assert said(late) == (400, "INVALID_CLIENT_REQUEST", "RFQ submission time has passed")


async def test_what_is_not_there_cannot_be_accepted_refreshed_or_cancelled() -> None:
    async with open_desk() as desk:
        alice, bob, _ = talkers(desk)
        rfq_id = await asked(alice)
        quote_id = await quoted(bob, rfq_id)
        no_rfq = [
            await alice.accept(quote_id, rfqId="7"),
            await alice.accept(quote_id, clientId=1),
            await bob.accept(quote_id, rfqId=rfq_id),
            await bob.refresh(rfq_id),
            await alice.refresh("x"),
            await bob.cancel_rfq(rfqId=rfq_id),
            await alice.cancel_rfq(rfqId=""),
        ]
        no_quote = [await alice.accept("x"), await alice.accept("7", rfqId=rfq_id), await bob.accept(quote_id)]
        unnamed = await alice.cancel_rfq()
    assert {said(reply)[1:] for reply in no_rfq} == {("INVALID_CLIENT_REQUEST", "RFQ not found")}
    assert {said(reply)[1:] for reply in no_quote} == {("INVALID_CLIENT_REQUEST", "Quote not found")}
    assert said(unnamed)[2] == "Must specify either `rfqId` or `clientId`"


async def test_who_cannot_pay_is_told_when_it_accepts() -> None:
    async with open_desk(grants={"USDC": "1000", "SOL": "20"}) as desk:
        alice, bob, _ = talkers(desk)
        rfq_id = await asked(alice, quantity="10")
        quote_id = await quoted(bob, rfq_id, "99", "100")
        reply = await alice.accept(quote_id, rfqId=rfq_id)
        rows = await alice.rfqs()
        too_much = await alice.ask(quantity="10.01", executionMode="Immediate", price="100")
    assert said(reply) == said(too_much) == (400, "INSUFFICIENT_FUNDS", "Insufficient funds")
    # It stays open, so that money may still come.
    assert [row["quoteId"] for row in rows[0]["quotes"]] == [quote_id]


async def test_open_requests_and_quotes_of_an_account_are_bounded() -> None:
    async with open_desk() as desk:
        alice, bob, _ = talkers(desk)
        rfq_ids = [await asked(alice, quantity="0.01") for _ in range(RFQS_MAX)]
        one_more = await alice.ask()
        await alice.cancel_rfq(rfqId=rfq_ids.pop())
        after = await alice.ask(quantity="0.01")
        for seed in range(4, 4 + QUOTES_MAX // RFQS_MAX):
            rfq_ids += [await asked(Talker(desk, seed), quantity="0.01") for _ in range(RFQS_MAX)]
        replies = [await bob.quote(rfq_id) for rfq_id in rfq_ids]
        again = await bob.quote(rfq_ids[0])
    assert (said(one_more), after.status) == ((400, "ORDER_LIMIT", "Order limit reached"), 200)
    assert [reply.status for reply in replies].count(200) == QUOTES_MAX < len(replies)
    assert said(replies[-1]) == (400, "ORDER_LIMIT", "Order limit reached")
    # One that takes another's place is no more than that.
    assert again.status == 200


async def test_markets_of_requests_are_told_to_who_asks_for_them_and_have_no_book() -> None:
    async with open_desk() as desk:
        every = loads(await desk.get("/api/v1/markets"))
        of_rfqs = loads(await desk.get("/api/v1/markets?marketType=RFQ"))
        one = loads(await desk.get(f"/api/v1/market?symbol={SYMBOL}"))
        book = [await desk.get(f"/api/v1/{what}?symbol={SYMBOL}") for what in ("depth", "ticker", "trades")]
        tickers = loads(await desk.get("/api/v1/tickers"))
    assert [row["symbol"] for row in of_rfqs] == [SYMBOL, "BTC_USDC_RFQ", "ETH_USDC_RFQ"]
    assert one == of_rfqs[0]
    assert not any(row["symbol"].endswith("_RFQ") for row in every + tickers)
    assert [reply.status for reply in book] == [400, 400, 400]


async def test_closed_market_takes_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_desk() as desk:
        market = desk.venue.listing.rfq_markets[SYMBOL]
        closed = market._replace(market=replace(market.market, order_book_state=OrderBookState.CLOSED))
        monkeypatch.setattr(desk.venue.listing, "rfq_markets", {SYMBOL: closed})
        reply = await Talker(desk).ask()
    assert said(reply) == (400, "TRADING_PAUSED", "Order book is closed")


async def test_request_that_is_over_but_not_ended_yet_can_be_used_by_nobody() -> None:
    async with open_desk() as desk:
        alice, bob, _ = talkers(desk)
        rfq_id = await asked(alice)
        quote_id = await quoted(bob, rfq_id)
        desk.clock.advance(ms=120_000)
        replies = [
            await alice.accept(quote_id, rfqId=rfq_id),
            await alice.cancel_rfq(rfqId=rfq_id),
            await alice.refresh(rfq_id),
            await bob.quote(rfq_id),
        ]
        desk.venue.execute(Elapse(), now_us=desk.clock.now_us())
    assert {json.loads(reply.body)["message"] for reply in replies} == {"RFQ not found"}
