"""A liquidation as its own account is told of it, and as everybody is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest

from exchange.stranger import Desk, Stranger, loads, open_desk, said
from haversack.exchange.control.audit import problems
from haversack.exchange.engine.command import SetPrices
from haversack.exchange.engine.perpetual.liquidating import BACKSTOP
from haversack.exchange.loopback import LoopbackSocket
from haversack.wire.history import GetFillHistory

PERP = "SOL_USDC_PERP"
FILLS = ("fillHistoryQueryAll", "/wapi/v1/history/fills")
ORDERS = ("orderHistoryQueryAll", "/wapi/v1/history/orders")


@asynccontextmanager
async def long_at_100(*bids: str) -> AsyncIterator[Desk]:
    """The first stranger is long 90 SOL with 496 USDC behind it; the second one is short, and bids for 100 at these prices.

    It is liquidated below 95.8, and closed below 95.13.
    """
    async with open_desk(grants={"USDC": "500"}) as desk:
        marked(desk, "100")
        for seed, side in ((2, "Ask"), (1, "Bid")):
            await Stranger(desk, seed).write("PATCH", "accountUpdate", "/api/v1/account", leverageLimit="20")
            loads(await Stranger(desk, seed).place(symbol=PERP, side=side, price="100", quantity="90"))
        for price in bids:
            loads(await Stranger(desk, 2).place(symbol=PERP, price=price, quantity="45"))
        loads(await Stranger(desk).place(price="10", quantity="1"))
        yield desk


def marked(desk: Desk, price: str) -> None:
    """Say what the index is; without asks in the book the mark price follows it."""
    desk.venue.execute(SetPrices(((PERP, int(Decimal(price).scaleb(8))),)), now_us=desk.clock.now_us())


def fall(desk: Desk, price: str, *, start: str = "100") -> None:
    """Let the mark price fall second by second, no faster than it may."""
    now = Decimal(start)
    while now > Decimal(price):
        now = max(now - Decimal("0.2"), Decimal(price))
        desk.clock.advance(us=1_000_000)
        marked(desk, str(now))


def wait(desk: Desk, price: str) -> None:
    """Let a second pass without another price."""
    desk.clock.advance(us=1_000_000)
    marked(desk, price)


async def is_liquidating(desk: Desk, seed: int = 1) -> bool:
    return bool(loads(await Stranger(desk, seed).read("accountQuery", "/api/v1/account"))["liquidating"])


async def received(socket: LoopbackSocket) -> list[dict[str, Any]]:
    """All frames that wait."""
    got: list[dict[str, Any]] = []
    while True:
        try:
            async with asyncio.timeout(0.05):
                got.append(json.loads(await socket.receive() or b"null"))
        except TimeoutError:
            return got


async def test_account_says_so_and_takes_no_orders_until_it_is_over() -> None:
    async with long_at_100() as desk:
        fall(desk, "95.8")
        assert not await is_liquidating(desk)
        fall(desk, "95.6", start="95.8")
        assert await is_liquidating(desk)
        assert not await is_liquidating(desk, 2)
        refused = await Stranger(desk).place(price="10", quantity="1")
        assert said(refused) == (400, "ACCOUNT_LIQUIDATING", "Account is being liquidated")
        fall_back = [str(95 + Decimal(step) / 5) for step in range(4, 9)]
        for price in fall_back:
            wait(desk, price)
        assert not await is_liquidating(desk)
        assert (await Stranger(desk).place(price="10", quantity="1")).status == 200
        assert problems(desk.venue) == []


async def test_frames_of_an_account_say_whose_doing_they_are() -> None:
    async with long_at_100("95") as desk:
        socket = desk.connect()
        Stranger(desk).subscribe(socket, "account.orderUpdate")
        fall(desk, "95.6")
        wait(desk, "95.6")
        told = [frame["data"] for frame in await received(socket)]
        assert [(data["e"], data["O"], data["s"]) for data in told] == [
            ("orderExpired", "LIQUIDATION_AUTOCLOSE", "SOL_USDC"),
            ("orderAccepted", "LIQUIDATION_AUTOCLOSE", PERP),
            ("orderFill", "LIQUIDATION_AUTOCLOSE", PERP),
        ]
        assert told[0]["R"] == "Liquidation"
        # A fee of 4.5 bps and 1 % of 855.
        assert {name: told[2][name] for name in "SolLnXr"} == {
            "S": "Ask", "o": "MARKET", "l": "9.00", "L": "95.00", "n": "8.93475", "X": "Filled", "r": True,
        }  # fmt: skip


@pytest.mark.parametrize("stream", ["liquidation", f"liquidation.{PERP}"])
async def test_public_is_told_of_a_fill_on_the_book(stream: str) -> None:
    async with long_at_100("95") as desk:
        socket = desk.connect()
        Stranger(desk).subscribe(socket, stream, f"trade.{PERP}")
        fall(desk, "95.6")
        wait(desk, "95.6")
        now_us = desk.clock.now_us()
        trade, liquidation = await received(socket)
        assert trade["stream"] == f"trade.{PERP}"
        assert liquidation == {
            "data": {"E": now_us, "S": "Ask", "T": now_us, "e": "liquidation", "p": "95.00", "q": "9.00", "s": PERP},
            "stream": stream,
        }


async def test_backstop_is_in_the_trade_stream_and_in_no_candle() -> None:
    async with long_at_100() as desk:
        socket, opponent = desk.connect(), desk.connect()
        Stranger(desk).subscribe(socket, "liquidation", f"trade.{PERP}", "account.orderUpdate.SOL_USDC_PERP")
        Stranger(desk, 2).subscribe(opponent, "account.orderUpdate")
        start = loads(await desk.get(f"/api/v1/ticker?symbol={PERP}"))
        fall(desk, "95")
        told = [frame["data"] for frame in await received(socket)]
        assert [(data["e"], data.get("O")) for data in told] == [
            ("orderAccepted", "BACKSTOP_LIQUIDITY_PROVIDER"),
            ("orderFill", "BACKSTOP_LIQUIDITY_PROVIDER"),
            ("liquidation", None),
            ("trade", None),
        ]
        fill, liquidation, trade = told[1:]
        assert (fill["L"], fill["l"], fill["n"], liquidation["q"]) == ("95.00", "90.00", "0", "90.00")
        assert (trade["t"], trade["a"], trade["m"]) == (fill["t"], fill["i"], True)
        assert await received(opponent) == []
        assert loads(await desk.get(f"/api/v1/ticker?symbol={PERP}")) == start
        assert len(loads(await desk.get(f"/api/v1/trades?symbol={PERP}"))) == 1
        assert not await is_liquidating(desk)
        provider = desk.venue.engine.account_of(BACKSTOP)
        assert provider is not None
        assert desk.venue.is_house(provider)
        assert list(desk.venue.archive.fills(provider, GetFillHistory(), now_us=desk.clock.now_us())) == []
        assert problems(desk.venue) == []


async def test_opponent_is_told_of_auto_deleveraging(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("haversack.exchange.engine.perpetual.liquidating.BACKSTOP_CAPACITY", 950)
    async with long_at_100() as desk:
        socket, public = desk.connect(), desk.connect()
        Stranger(desk, 2).subscribe(socket, "account.orderUpdate", "account.positionUpdate")
        Stranger(desk).subscribe(public, "liquidation", f"trade.{PERP}")
        fall(desk, "95")
        told = [frame["data"] for frame in await received(socket)]
        assert [(data.get("e"), data.get("O")) for data in told][-3:] == [
            ("orderAccepted", "ADL_AUTOCLOSE"),
            ("orderFill", "ADL_AUTOCLOSE"),
            ("positionAdjusted", None),
        ]
        assert (told[-2]["S"], told[-2]["l"], told[-2]["n"], told[-1]["q"]) == ("Bid", "80.00", "0", "-10")
        assert [(frame["data"]["e"], frame["data"]["q"]) for frame in await received(public)] == [
            ("liquidation", "10.00"),
            ("trade", "10.00"),
            ("liquidation", "80.00"),
        ]
        (fill,) = loads(await Stranger(desk, 2).read(*FILLS, fillType="Adl"))
        assert (fill["systemOrderType"], fill["isMaker"], fill["side"]) == ("LiquidatePositionOnAdl", True, "Bid")
        assert problems(desk.venue) == []


async def test_histories_name_the_kind_of_every_fill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("haversack.exchange.engine.perpetual.liquidating.BACKSTOP_CAPACITY", 950)
    async with long_at_100("94.6") as desk:
        fall(desk, "95.2")
        fall(desk, "93", start="95.2")
        for seed, kinds in ((1, {"Book", "Backstop", "Adl"}), (2, {"Adl"})):
            rows = loads(await Stranger(desk, seed).read(*FILLS, limit=1000))
            found = {row["systemOrderType"] for row in rows}
            assert found == {None, *(f"LiquidatePositionOn{kind}" for kind in kinds)}
            for fill_type, meant in MEANT.items():
                asked = loads(await Stranger(desk, seed).read(*FILLS, fillType=fill_type))
                assert asked == [row for row in rows if row["systemOrderType"] in meant]
            orders = loads(await Stranger(desk, seed).read(*ORDERS, limit=1000))
            assert {row["systemOrderType"] for row in orders} == found
            ids = {row["id"]: row["systemOrderType"] for row in orders}
            assert all(ids[row["orderId"]] == row["systemOrderType"] for row in rows)


MEANT: Mapping[str, set[str | None]] = {
    "User": {None},
    "BookLiquidation": {"LiquidatePositionOnBook"},
    "Backstop": {"LiquidatePositionOnBackstop"},
    "Adl": {"LiquidatePositionOnAdl"},
    "Liquidation": {"LiquidatePositionOnBook", "LiquidatePositionOnBackstop"},
    "AllLiquidation": {"LiquidatePositionOnBook", "LiquidatePositionOnBackstop", "LiquidatePositionOnAdl"},
    "CollateralConversion": set(),
}
