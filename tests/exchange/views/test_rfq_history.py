"""The four histories of requests and quotes: rows to the byte, filters, pages, order and lag."""

from __future__ import annotations

from typing import Any

import pytest

from exchange.facts import NOW_US
from exchange.rfq_talk import SYMBOL, Talker, asked, quoted, talkers
from exchange.stranger import Desk, loads, open_desk
from haversack.exchange.engine.rfq.event import Quote, QuoteEnded, Rfq, RfqFilled, Window
from haversack.exchange.messages import Reply
from haversack.exchange.views.rfq import NOTERS
from haversack.wire.enums import Side

KINDS = ["rfq", "quote", "rfq/fill", "quote/fill"]


async def traded(desk: Desk) -> dict[str, str]:
    """Alice asks three times and buys once; bob quotes and is taken once, carol is never taken."""
    alice, bob, carol = talkers(desk)
    ids = {"first": await asked(alice, clientId=7)}
    ids["lost"] = await quoted(carol, ids["first"], "98", "102", clientId=9)
    ids["taken"] = await quoted(bob, ids["first"], "99", "100.5", clientId=8)
    desk.clock.advance(ms=1_500)
    await alice.accept(ids["taken"])
    ids["second"] = await asked(alice, side="Ask", symbol="BTC_USDC_RFQ", quantity=None, quoteQuantity="50")
    await alice.cancel_rfq(rfqId=ids["second"])
    ids["third"] = await asked(alice, executionMode="Immediate", price="90", quantity="1")
    desk.clock.advance(ms=120_000)
    desk.venue.tick(desk.clock.now_us())
    return ids


async def test_rows_are_written_to_the_byte() -> None:
    async with open_desk() as desk:
        alice, bob, _ = talkers(desk)
        desk.clock.set_now_us(1_788_368_290_000_000)
        ids = await traded(desk)
        told = {
            "rfq": await alice.history("rfq", rfqId=ids["first"]),
            "quote": await bob.history("quote"),
            "rfq/fill": await alice.history("rfq/fill"),
            "quote/fill": await bob.history("quote/fill"),
        }
    assert told["rfq"].body == (
        b'[{"clientId":7,"createdAt":"2026-09-02T16:58:10","deferredSettlementQuoteId":null,"executionMode":"AwaitAccept",'
        b'"expiryTime":"2026-09-02T17:00:10","price":null,"quantity":"10","quoteQuantity":null,"rfqId":"60000000000",'
        b'"side":"Bid","status":"Filled","submissionTime":"2026-09-02T16:59:10","symbol":"SOL_USDC_RFQ"}]'
    )
    assert told["quote"].body == (
        b'[{"askPrice":"100.5","bidPrice":"99","clientId":8,"createdAt":"2026-09-02T16:58:10","deferredSettlement":false,'
        b'"quoteId":"60000000002","rfqId":"60000000000","status":"Filled"}]'
    )
    assert told["rfq/fill"].body == (
        b'[{"clientId":7,"createdAt":"2026-09-02T16:58:10","fillPrice":"100.6005","filledAt":"2026-09-02T16:58:11.500",'
        b'"quantity":"10","quoteId":"60000000002","quoteQuantity":null,"rfqId":"60000000000","side":"Bid",'
        b'"symbol":"SOL_USDC_RFQ","systemOrderType":null}]'
    )
    assert told["quote/fill"].body == (
        b'[{"clientId":8,"createdAt":"2026-09-02T16:58:10","fee":"0.804","feeSymbol":"USDC","fillPrice":"100.5",'
        b'"filledAt":"2026-09-02T16:58:11.500","quantity":"10","quoteId":"60000000002","rfqId":"60000000000","side":"Ask",'
        b'"symbol":"SOL_USDC_RFQ"}]'
    )


def numbers(reply: Reply, name: str = "rfqId") -> list[str]:
    return [row[name] for row in loads(reply)]


RFQ_FILTERS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["third", "second", "first"]),
    ({"sortDirection": "Asc"}, ["first", "second", "third"]),
    ({"status": "Filled"}, ["first"]),
    ({"status": "Expired"}, ["third"]),
    ({"status": "New"}, []),
    ({"side": "Ask"}, ["second"]),
    ({"side": "Bid"}, ["third", "first"]),
    ({"side": "Ask", "status": "Filled"}, []),
    ({"symbol": SYMBOL}, ["third", "first"]),
    ({"symbol": "SOL_USDC"}, []),
    ({"rfqId": "no number"}, []),
    ({"deferredSettlement": False}, ["third", "second", "first"]),
    ({"deferredSettlement": True}, []),
    ({"limit": 1, "offset": 1}, ["second"]),
]


@pytest.mark.parametrize(("wanted", "found"), RFQ_FILTERS, ids=[str(wanted) for wanted, _ in RFQ_FILTERS])
async def test_history_of_requests_is_filtered(wanted: dict[str, Any], found: list[str]) -> None:
    async with open_desk() as desk:
        alice, *_ = talkers(desk)
        ids = await traded(desk)
        reply = await alice.history("rfq", **wanted)
    assert numbers(reply) == [ids[name] for name in found]


async def test_histories_of_quotes_and_fills_are_filtered() -> None:
    async with open_desk() as desk:
        alice, bob, carol = talkers(desk)
        ids = await traded(desk)
        lost, taken = ids["lost"], ids["taken"]
        found = {
            "cancelled": numbers(await carol.history("quote", status="Cancelled"), "quoteId"),
            "filled": numbers(await carol.history("quote", status="Filled"), "quoteId"),
            "one": numbers(await bob.history("quote", quoteId=taken), "quoteId"),
            "other": numbers(await bob.history("quote", quoteId=lost), "quoteId"),
            "later": numbers(await bob.history("quote", deferredSettlement=True), "quoteId"),
            "my fill": numbers(await alice.history("rfq/fill", side="Bid", quoteId=taken, fillType="User"), "quoteId"),
            "other side": numbers(await alice.history("rfq/fill", side="Ask"), "quoteId"),
            "other market": numbers(await alice.history("rfq/fill", symbol="BTC_USDC_RFQ"), "quoteId"),
            "system's": numbers(await alice.history("rfq/fill", fillType="CollateralConversion"), "quoteId"),
            "maker's": numbers(await bob.history("quote/fill", side="Ask", symbol=SYMBOL, quoteId=taken), "quoteId"),
            "maker's other side": numbers(await bob.history("quote/fill", side="Bid"), "quoteId"),
            "not mine": numbers(await carol.history("quote/fill"), "quoteId") + numbers(await bob.history("rfq")),
            "order fills": loads(await alice.read("fillHistoryQueryAll", "/wapi/v1/history/fills")),
        }
    assert {name: rows for name, rows in found.items() if rows} == {
        "cancelled": [lost],
        "one": [taken],
        "my fill": [taken],
        "maker's": [taken],
    }


@pytest.mark.parametrize("kind", KINDS)
async def test_pages_say_how_much_there_is(kind: str) -> None:
    async with open_desk() as desk:
        alice, bob, _ = talkers(desk)
        for _ in range(3):
            await alice.accept(await quoted(bob, await asked(alice)))
        who = alice if kind.startswith("rfq") else bob
        reply = await who.history(kind, limit=2, offset=2)
        bad = await who.history(kind, limit=0)
    pages = ("x-current-page", "x-page-count", "x-page-size", "x-total", "cache-control")
    assert [reply.headers[name] for name in pages] == ["2", "2", "2", "3", "no-store"]
    assert len(loads(reply)) == 1
    assert (bad.status, bad.body) == (
        400,
        b'failed to parse parameter `limit`: failed to parse "integer_uint64": Only integers from 1 to 1000 are accepted.',
    )


@pytest.mark.parametrize("kind", KINDS)
async def test_history_is_as_late_as_was_asked_for(kind: str) -> None:
    async with open_desk(history_lag_ms=2_000) as desk:
        alice, bob, _ = talkers(desk)
        await alice.accept(await quoted(bob, await asked(alice)))
        who = alice if kind.startswith("rfq") else bob
        desk.clock.advance(ms=1_999)
        early = loads(await who.history(kind))
        desk.clock.advance(ms=1)
        late = loads(await who.history(kind))
    assert (len(early), len(late)) == (0, 1)


async def test_open_ones_are_not_in_the_histories() -> None:
    async with open_desk() as desk:
        alice, bob, _ = talkers(desk)
        await quoted(bob, await asked(alice))
        rows = loads(await alice.history("rfq")) + loads(await bob.history("quote"))
        strangers = [loads(await Talker(desk, 9).history(kind)) for kind in KINDS]
    assert (rows, strangers) == ([], [[], [], [], []])


def test_no_history_is_kept_of_what_the_house_quotes() -> None:
    amounts: dict[str, Any] = {"quantity": 1, "quote_quantity": None, "price": None}
    rfq = Rfq(rfq_id=1, account=7, symbol=SYMBOL, side=Side.BID, client_id=None, created_us=0, **amounts)
    quote = Quote(quote_id=2, rfq_id=1, symbol=SYMBOL, account=3, bid=1, ask=2, client_id=None, created_us=0, is_house=True)
    filled = RfqFilled(
        rfq=rfq,
        window=Window(1, 2),
        quote=quote,
        price=2,
        price_e6=2_000_000,
        quantity=1,
        worth=2,
        fee=0,
        maker_fee=0,
        maker_fee_asset="USDC",
    )
    for event, kinds in ((filled, [("rfq", 7), ("rfqFill", 7)]), (QuoteEnded(quote), [])):
        notes = NOTERS[type(event)](event, NOW_US, 1)
        assert [(note.kind, note.account) for note in notes] == kinds
