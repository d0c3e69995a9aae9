"""Positions as their own account is told of them: by REST, by streams, and in the history."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from exchange.api.margin import BTC, PERP, leverage, margin, marked, trade
from exchange.stranger import Desk, Stranger, frames, loads, open_desk, said
from haversack.clock import ManualClock
from haversack.exchange.conversation import Conversation
from haversack.exchange.engine.command import Place, SetPrices
from haversack.exchange.journal import Entry
from haversack.exchange.listing import Listing
from haversack.exchange.venue import Settings, Venue
from haversack.wire.enums import Side

POSITIONS = ("positionQuery", "/api/v1/position")
HISTORY = ("positionHistoryQueryAll", "/wapi/v1/history/position")
STREAM = "account.positionUpdate"


async def read(desk: Desk, seed: int = 1, **fields: Any) -> list[dict[str, Any]]:
    return loads(await Stranger(desk, seed).read(*POSITIONS, **fields))  # type: ignore[no-any-return]


async def test_position_has_the_recorded_form() -> None:
    async with open_desk(grants={"USDC": "100"}) as desk:
        marked(desk, "100")
        await leverage(desk, "20", 1, 2)
        await trade(desk, "100.01", "2")
        body = (await Stranger(desk).read(*POSITIONS)).body.decode()
    # A taker's fee of 4.5 bps, rounded up to six decimals: 0.090009.
    assert body == (
        '[{"breakEvenPrice":"100.0550045","cumulativeFundingPayment":"0","cumulativeInterest":"0","entryPrice":"100.01",'
        '"estLiquidationPrice":"51.4050045","imf":"0.02","imfFunction":{"base":"0.02","factor":"0.000075","type":"sqrt"},'
        '"markPrice":"100","mmf":"0.0135","mmfFunction":{"base":"0.0135","factor":"0.0000375","type":"sqrt"},'
        '"netCost":"200.02","netExposureNotional":"200","netExposureQuantity":"2","netQuantity":"2","pnlRealized":"0",'
        '"pnlUnrealized":"-0.02","positionId":"60000000002","subaccountId":0,"symbol":"SOL_USDC_PERP","userId":1}]'
    )


async def test_flat_account_has_an_empty_list_without_page_headers() -> None:
    async with open_desk() as desk:
        await Stranger(desk).place(symbol=PERP, price="90", quantity="0.1")
        for asked in (POSITIONS, HISTORY):
            reply = await Stranger(desk).read(*asked)
            assert (reply.status, reply.body, "x-total" in reply.headers) == (200, b"[]", False)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, [PERP, BTC]),
        ({"symbol": PERP}, [PERP]),
        ({"symbol": BTC}, [BTC]),
        ({"symbol": "SOL_USDC"}, []),
        ({"marketType": "PERP"}, [PERP, BTC]),
        ({"marketType": "SPOT"}, []),
        ({"symbol": BTC, "marketType": "PERP"}, [BTC]),
    ],
)
async def test_positions_by_market_and_its_type(fields: dict[str, Any], found: list[str]) -> None:
    async with open_desk() as desk:
        marked(desk, "100")
        marked(desk, "77000", BTC)
        await trade(desk, "100", "0.5")
        await trade(desk, "77000", "0.001", symbol=BTC, buyer=2, seller=1)
        assert [row["symbol"] for row in await read(desk, **fields)] == found
        unknown = await Stranger(desk).read(*POSITIONS, symbol="NOTREAL_USDC_PERP")
    assert said(unknown) == (400, "INVALID_CLIENT_REQUEST", "Invalid market symbol")


async def test_figures_of_a_short_position_mirror_those_of_a_long_one() -> None:
    async with open_desk(grants={"USDC": "100"}) as desk:
        marked(desk, "100")
        await leverage(desk, "20", 1, 2)
        await trade(desk, "100.01", "2")
        (row,) = await read(desk, 2)
    # A maker's fee of 1.9 bps: 0.038004.
    assert {name: row[name] for name in ("netQuantity", "netCost", "netExposureQuantity", "pnlUnrealized", "breakEvenPrice")} == {
        "netQuantity": "-2",
        "netCost": "-200.02",
        "netExposureQuantity": "2",
        "pnlUnrealized": "0.02",
        "breakEvenPrice": "99.990998",
    }
    assert row["estLiquidationPrice"] == "148.640998"


async def test_open_orders_of_the_worse_side_count_as_exposure() -> None:
    async with open_desk(grants={"USDC": "10000"}) as desk:
        marked(desk, "100")
        await trade(desk, "100", "2")
        somebody = Stranger(desk)
        seen: list[tuple[str, str]] = []
        for side, price, quantity in (("Bid", "90", "3"), ("Ask", "110", "4"), ("Ask", "111", "6")):
            await somebody.place(symbol=PERP, side=side, price=price, quantity=quantity)
            (row,) = await read(desk)
            seen.append((row["netExposureQuantity"], row["netExposureNotional"]))
    assert seen == [("5", "500"), ("5", "500"), ("8", "800")]


async def test_other_positions_and_money_move_the_liquidation_price() -> None:
    async with open_desk(grants={"USDC": "1000"}) as desk:
        marked(desk, "100")
        marked(desk, "77000", BTC)
        await leverage(desk, "20", 1, 2)
        await trade(desk, "100", "50")
        (alone,) = await read(desk)
        await trade(desk, "77000", "0.01", symbol=BTC)
        marked(desk, "76900", BTC)
        sol, _ = await read(desk)
        equity = (await margin(desk))["netEquity"]
    # The mark less what is spare: equity 997.75, of which 67.5 maintain 5,000.
    assert alone["estLiquidationPrice"] == "81.395"
    spare = Decimal(equity) - Decimal(sol["mmf"]) * 5000
    assert Decimal(sol["estLiquidationPrice"]) == 100 - spare / 50
    assert Decimal(equity) < Decimal("997.75")


async def test_profit_is_realized_by_what_closes_and_the_position_disappears() -> None:
    async with open_desk() as desk:
        marked(desk, "100")
        await trade(desk, "100", "2")
        await trade(desk, "101", "0.5", buyer=2, seller=1)
        (row,) = await read(desk)
        assert (row["netQuantity"], row["entryPrice"], row["netCost"], row["pnlRealized"]) == ("1.5", "100", "149.5", "0.5")
        await trade(desk, "99", "1.5", buyer=2, seller=1)
        assert await read(desk) == []


# Streams


async def opened(desk: Desk, *streams: str, seed: int = 1) -> Any:
    socket = desk.connect()
    Stranger(desk, seed).subscribe(socket, *streams)
    return socket


async def test_subscription_brings_open_positions_to_the_byte() -> None:
    async with open_desk(grants={"USDC": "100"}) as desk:
        marked(desk, "128.59")
        await leverage(desk, "20", 1, 2)
        await trade(desk, "128.61", "0.01")
        await Stranger(desk).place(symbol=PERP, price="128", quantity="0.02")
        desk.clock.advance(ms=7)
        told = await asyncio.wait_for((await opened(desk, STREAM)).receive(), 3)
    assert told == (
        b'{"data":{"B":"128.61","E":1788285151007000,"M":"128.59","P":"-0.0002","Q":"0.03","T":1788285151007000,"b":"128.6679",'
        b'"f":"0.02","i":60000000002,"l":"0","m":"0.0135","n":"3.8577","p":"0","q":"0.01","s":"SOL_USDC_PERP"},'
        b'"stream":"account.positionUpdate"}'
    )


async def test_position_is_opened_adjusted_turned_and_closed_in_its_stream() -> None:
    async with open_desk(grants={"USDC": "1000"}) as desk:
        marked(desk, "100")
        socket = await opened(desk, STREAM, "account.orderUpdate")
        for price, quantity, buyer, seller in (("100", "2", 1, 2), ("100.1", "1", 1, 2), ("99", "4", 2, 1), ("98", "1", 1, 2)):
            await trade(desk, price, quantity, buyer=buyer, seller=seller)
        told = [frame["data"] for frame in await frames(socket, 13)]
    assert [(frame["e"], frame.get("q") if frame["e"].startswith("pos") else frame["X"]) for frame in told] == [
        *(("orderAccepted", "New"), ("orderFill", "Filled"), ("positionOpened", "2")),
        *(("orderAccepted", "New"), ("orderFill", "Filled"), ("positionAdjusted", "3")),
        *(("orderAccepted", "New"), ("orderFill", "Filled"), ("positionClosed", "0"), ("positionOpened", "-1")),
        *(("orderAccepted", "New"), ("orderFill", "Filled"), ("positionClosed", "0")),
    ]
    ids = [frame["i"] for frame in told if frame["e"].startswith("position")]
    assert ids[0] == ids[1] == ids[2] < ids[3] == ids[4]
    closed = told[8]
    assert {name: closed[name] for name in "BPQbnp"} == {
        "B": "100.03333333333333333333333333",
        "P": "0",
        "Q": "0",
        "b": "0",
        "n": "0",
        "p": "-3.1",
    }


async def test_position_stream_of_a_market_brings_that_market_alone() -> None:
    async with open_desk(grants={"USDC": "1000"}) as desk:
        marked(desk, "100")
        marked(desk, "77000", BTC)
        await trade(desk, "100", "1")
        await trade(desk, "77000", "0.001", symbol=BTC)
        socket = await opened(desk, f"{STREAM}.{BTC}", f"{STREAM}.ETH_USDC_PERP", f"{STREAM}.NOTREAL")
        other = await opened(desk, f"{STREAM}.{BTC}", seed=3)
        await trade(desk, "100", "1")
        await trade(desk, "77000", "0.002", symbol=BTC)
        told = await frames(socket, 2)
        await trade(desk, "77000", "0.003", symbol=BTC, buyer=3)
        assert (await frames(other, 1))[0]["data"]["e"] == "positionOpened"
    assert [(frame["stream"], frame["data"].get("e"), frame["data"]["q"]) for frame in told] == [
        (f"{STREAM}.{BTC}", None, "0.001"),
        (f"{STREAM}.{BTC}", "positionAdjusted", "0.003"),
    ]


class Slow:
    """A journal that has nothing for good until it is told to."""

    def __init__(self) -> None:
        self.waiting: list[asyncio.Future[None]] = []

    def submit(self, entry: Entry) -> asyncio.Future[None]:
        self.waiting.append(asyncio.get_running_loop().create_future())
        return self.waiting[-1]

    async def synced(self) -> None:
        raise AssertionError("nobody waits here")

    def sync(self, count: int) -> None:
        for future in self.waiting[:count]:
            future.set_result(None)
        del self.waiting[:count]


class Listening:
    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []

    def deliver(self, frame: bytes) -> None:
        self.frames.append(json.loads(frame))

    def cut(self) -> None:
        raise AssertionError("nobody cuts here")

    freeze = cut


async def settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_subscription_tells_no_position_that_may_still_be_lost() -> None:
    journal, listing = Slow(), Listing.load()
    venue = Venue(listing, ManualClock(), journal, settings=Settings(has_crowd=False))
    now_us = venue.clock.now_us()
    buyer, seller = (venue.account_for(key, now_us=now_us) for key in ("buyer", "seller"))
    venue.execute(SetPrices(((PERP, 10**10),)), now_us=now_us)
    listener = Listening()
    for account, side in ((seller, Side.ASK), (buyer, Side.BID)):
        venue.execute(Place(account=account, symbol=PERP, side=side, price=10_000, quantity=100), now_us=now_us)
    journal.sync(4)
    await settle()
    told = position_stream(venue, listener, buyer)
    assert told() == []
    venue.execute(Place(account=seller, symbol=PERP, side=Side.ASK, price=10_000, quantity=100), now_us=now_us)
    venue.execute(Place(account=buyer, symbol=PERP, side=Side.BID, price=10_000, quantity=100), now_us=now_us)
    assert told() == []
    journal.sync(1)
    await settle()
    # First what was told before the subscription began, then how things stood at it, then what came later.
    assert told() == [("positionOpened", "1"), (None, "1")]
    journal.sync(2)
    await settle()
    assert told() == [("positionOpened", "1"), (None, "1"), ("positionAdjusted", "2")]


def position_stream(venue: Venue, listener: Listening, account: int) -> Callable[[], list[tuple[str | None, str]]]:
    """Let somebody listen; what was told so far."""
    conversation = Conversation(venue, listener)
    conversation.listen(STREAM, account)
    return lambda: [(frame["data"].get("e"), frame["data"]["q"]) for frame in listener.frames]


# History


async def turned(desk: Desk) -> None:
    """A position of 2 that was closed after a second by one of -1, and another in Bitcoin."""
    marked(desk, "100")
    marked(desk, "77000", BTC)
    await trade(desk, "100.01", "2")
    desk.clock.advance(ms=1_000)
    await trade(desk, "100.03", "3", buyer=2, seller=1)
    await trade(desk, "77000", "0.001", symbol=BTC)


async def test_history_in_bytes() -> None:
    async with open_desk(grants={"USDC": "1000"}) as desk:
        await turned(desk)
        body = (await Stranger(desk).read(*HISTORY, symbol=PERP)).body.decode()
    assert body == (
        '[{"accountLeverage":"1","closedAt":null,"closedVolume":"0","closingPrice":null,"cumulativePnlRealized":"0",'
        '"entryPrice":"100.03","fees":"0.019006","fundingQuantity":"0","id":"60000000007","imf":"0.02","interest":"0",'
        '"liquidated":"0","liquidationFees":"0","markPrice":"100","netCost":"-100.03","netExposureNotional":"100",'
        '"netExposureQuantity":"1","netQuantity":"-1","openedAt":"2026-09-01T17:52:32","state":"Open","symbol":"SOL_USDC_PERP",'
        '"unrealizedPnl":"0.03"},'
        '{"accountLeverage":"1","closedAt":"2026-09-01T17:52:32","closedVolume":"2","closingPrice":"100.03",'
        '"cumulativePnlRealized":"0.04","entryPrice":"100.01","fees":"0.128021","fundingQuantity":"0","id":"60000000002",'
        '"imf":"0.02","interest":"0","liquidated":"0","liquidationFees":"0","markPrice":"100","netCost":"-0.04",'
        '"netExposureNotional":"0","netExposureQuantity":"0","netQuantity":"0","openedAt":"2026-09-01T17:52:31",'
        '"state":"Closed","symbol":"SOL_USDC_PERP","unrealizedPnl":"0"}]'
    )


LONG, SHORT, BITCOIN = ("2", PERP), ("-1", PERP), ("0.001", BTC)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, [BITCOIN, SHORT, LONG]),
        ({"sortDirection": "Asc"}, [LONG, SHORT, BITCOIN]),
        ({"state": "Open"}, [BITCOIN, SHORT]),
        ({"state": "Closed"}, [LONG]),
        ({"symbol": PERP}, [SHORT, LONG]),
        ({"symbol": PERP, "state": "Open"}, [SHORT]),
        ({"symbol": "NOTREAL_USDC_PERP"}, []),
        ({"marketType": "PERP"}, [BITCOIN, SHORT, LONG]),
        ({"marketType": "SPOT"}, []),
        ({"limit": "1"}, [BITCOIN]),
        ({"limit": "1", "offset": "1"}, [SHORT]),
        ({"limit": "5", "offset": "2"}, [LONG]),
        ({"offset": "3"}, []),
    ],
)
async def test_history_by_state_market_and_place(fields: dict[str, str], found: list[tuple[str, str]]) -> None:
    async with open_desk() as desk:
        await turned(desk)
        rows = loads(await Stranger(desk).read(*HISTORY, **fields))
    seen = [(row["closedVolume"] if row["state"] == "Closed" else row["netQuantity"], row["symbol"]) for row in rows]
    assert seen == found


async def test_history_is_late_and_shows_what_was() -> None:
    async with open_desk(history_lag_ms=3_000) as desk:
        await turned(desk)
        seen: list[list[tuple[str, str]]] = []
        for state in (None, None, "Open", "Closed", None, "Closed"):
            rows = loads(await Stranger(desk).read(*HISTORY, symbol=PERP, **({"state": state} if state else {})))
            seen.append([(row["state"], row["netQuantity"]) for row in rows])
            desk.clock.advance(ms=500 if state else 1_000)
    was, now = [("Open", "2")], [("Open", "-1"), ("Closed", "0")]
    # After 0, 1, 2, 2.5, 3 and 4 seconds: opened 3 seconds ago at 2, turned 3 seconds ago at 3.
    assert seen == [[], [], was, [], now, [("Closed", "0")]]
