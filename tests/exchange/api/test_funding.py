"""Funding rates, funding paid and settlements, as answered."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from exchange.stranger import Desk, Stranger, loads, open_desk, said
from haversack.exchange.engine.command import SetPrices
from haversack.exchange.engine.event import MarkChanged
from recordings import recorded_answers

PERP = "SOL_USDC_PERP"
RATES = "/api/v1/fundingRates?symbol="
PAID = ("fundingHistoryQueryAll", "/wapi/v1/history/funding")
SETTLED = ("settlementHistoryQueryAll", "/wapi/v1/history/settlement")
PAGES = ("x-current-page", "x-page-count", "x-page-size", "x-total")
SECOND_US, HOUR_US = 1_000_000, 3_600_000_000
MIDNIGHT_US = 497_222 * HOUR_US - 497_222 % 24 * HOUR_US


def at(desk: Desk, hour: int, second: int = 0) -> None:
    """Let time pass to this hour of a day, second by second in its last ten."""
    until_us = MIDNIGHT_US + hour * HOUR_US + second * SECOND_US
    while desk.clock.now_us() < until_us:
        desk.venue.tick(desk.clock.now_us())
        desk.clock.set_now_us(max(desk.clock.now_us() + SECOND_US, until_us - 10 * SECOND_US))
    desk.clock.set_now_us(until_us)
    desk.venue.tick(until_us)


def index(desk: Desk, price: str) -> int:
    """Tell the index of the perpetual; the mark price that it gives."""
    events = desk.venue.execute(SetPrices(((PERP, int(Decimal(price).scaleb(8))),)), now_us=desk.clock.now_us())
    assert isinstance(events[0], MarkChanged)
    return events[0].mark


async def positions(desk: Desk) -> None:
    """At midnight the first is long of 2 and the second short, at 100."""
    desk.clock.set_now_us(MIDNIGHT_US)
    index(desk, "100")
    for seed, side in ((2, "Ask"), (1, "Bid")):
        placed = await Stranger(desk, seed).place(symbol=PERP, side=side, price="100", quantity="2")
        assert placed.status == 200, placed


async def test_rates_come_newest_first_with_the_running_interval_above() -> None:
    async with open_desk() as desk:
        await positions(desk)
        first = await desk.get(RATES + PERP)
        at(desk, 3)
        reply = await desk.get(RATES + PERP)
        page = await desk.get(f"{RATES}{PERP}&limit=2&offset=1")
        last = await desk.get(f"{RATES}{PERP}&limit=2&offset=3")
        beyond = await desk.get(f"{RATES}{PERP}&offset={2**64 - 1}")
    assert first.body == b'[{"fundingRate":"0.0000125","intervalEndTimestamp":"2026-09-21T01:00:00","symbol":"SOL_USDC_PERP"}]'
    ends = [row["intervalEndTimestamp"] for row in loads(reply)]
    assert ends == [f"2026-09-21T0{hour}:00:00" for hour in (4, 3, 2, 1)]
    assert [reply.headers[name] for name in PAGES] == ["1", "1", "100", "4"]
    assert [row["intervalEndTimestamp"] for row in loads(page)] == ends[1:3]
    assert [page.headers[name] for name in PAGES] == ["1", "2", "2", "4"]
    assert [row["intervalEndTimestamp"] for row in loads(last)] == ends[3:]
    assert beyond.body == b"[]"


async def test_rate_is_shown_with_nine_decimals() -> None:
    async with open_desk() as desk:
        await positions(desk)
        # The middle of the book is 1 % above the index, by a fraction without end.
        index(desk, "100.007")
        for side, price in (("Bid", "101"), ("Ask", "101.02")):
            await Stranger(desk, 3).place(symbol=PERP, side=side, price=price, quantity="1")
        at(desk, 1)
        running, ended = loads(await desk.get(RATES + PERP))
        (mark,) = loads(await desk.get(f"/api/v1/markPrices?symbol={PERP}"))
    assert len(mark["fundingRate"].partition(".")[2]) > 9
    assert Decimal(running["fundingRate"]) == round(Decimal(mark["fundingRate"]), 9)
    assert Decimal(ended["fundingRate"]) > Decimal("0.0005")
    assert len(ended["fundingRate"].partition(".")[2]) <= 9


async def test_spot_market_has_no_rates_and_an_unknown_one_is_refused_as_recorded() -> None:
    async with open_desk() as desk:
        spot = await desk.get(f"{RATES}SOL_USDC")
        unknown = await desk.get(f"{RATES}NOTREAL_USDC_PERP")
    assert (spot.status, spot.body) == (200, b"[]")
    assert [spot.headers[name] for name in PAGES] == ["1", "1", "100", "0"]
    assert said(unknown) == (400, "INVALID_SYMBOL", "Invalid symbol")


async def test_answers_about_rates_are_the_recorded_ones() -> None:
    recorded = [answer for answer in recorded_answers() if answer.path == "/api/v1/fundingRates" and answer.body[:1] != b"[{"]
    refused = [answer for answer in recorded if answer.status != 200]
    assert len(refused) < len(recorded), "no recorded answer without rows"
    async with open_desk() as desk:
        for answer in recorded:
            reply = await desk.get(f"{answer.path}?{answer.query}")
            assert (reply.status, reply.body) == (answer.status, answer.body)
            assert answer.headers.items() <= reply.headers.items()


@pytest.mark.parametrize(("limit", "status"), [(10_000, 200), (10_001, 400), (0, 400)])
async def test_ten_thousand_rates_may_be_asked_for(limit: int, status: int) -> None:
    async with open_desk() as desk:
        assert (await desk.get(f"{RATES}{PERP}&limit={limit}")).status == status


async def test_funding_paid_is_in_the_history_of_each_side() -> None:
    async with open_desk() as desk:
        await positions(desk)
        at(desk, 2)
        one, other = [await Stranger(desk, seed).read(*PAID) for seed in (1, 2)]
        oldest = await Stranger(desk).read(*PAID, sortDirection="Asc", limit=1)
        second = await Stranger(desk).read(*PAID, limit=1, offset=1)
        elsewhere = await Stranger(desk).read(*PAID, symbol="BTC_USDC_PERP")
        here = await Stranger(desk).read(*PAID, symbol=PERP)
    assert json.dumps(loads(one)[0], separators=(",", ":")) == (
        '{"fundingRate":"0.0000125","intervalEndTimestamp":"2026-09-21T02:00:00","quantity":"-0.0025","subaccountId":0,'
        f'"symbol":"SOL_USDC_PERP","userId":{loads(one)[0]["userId"]}}}'
    )
    assert [(row["quantity"], row["intervalEndTimestamp"][11:]) for row in loads(other)] == [
        ("0.0025", "02:00:00"),
        ("0.0025", "01:00:00"),
    ]
    assert [one.headers[name] for name in PAGES] == ["1", "1", "100", "2"]
    assert loads(oldest) == loads(second) == loads(one)[1:]
    assert [second.headers[name] for name in PAGES] == ["2", "2", "1", "2"]
    assert loads(elsewhere) == []
    assert loads(here) == loads(one)


async def test_settlements_are_lines_of_fees_profit_and_funding() -> None:
    async with open_desk() as desk:
        await positions(desk)
        at(desk, 1)
        for seed, side in ((2, "Bid"), (1, "Ask")):
            await Stranger(desk, seed).place(symbol=PERP, side=side, price="101", quantity="2")
        reply = await Stranger(desk).read(*SETTLED)
        held = {
            source: loads(await Stranger(desk).read(*SETTLED, source=source))
            for source in ("TradingFees", "FundingPayment", "RealizePnl", "BackstopLiquidation")
        }
        balances = await Stranger(desk).balances()
        at(desk, 1, 10)
        later = await Stranger(desk).balances()
    rows = loads(reply)
    assert [(row["source"], row["quantity"]) for row in rows] == [
        ("TradingFees", "-0.0909"),
        ("RealizePnl", "2"),
        ("FundingPayment", "-0.0025"),
        ("TradingFees", "-0.09"),
    ]
    assert [reply.headers[name] for name in PAGES] == ["1", "1", "100", "4"]
    assert [row["positionId"] is None for row in rows] == [True, False, False, True]
    assert rows[1]["positionId"] == rows[2]["positionId"]
    sequence = [row["engineSequence"] for row in rows]
    assert sequence == sorted(sequence, reverse=True)
    assert rows[2]["timestamp"] == "2026-09-21T01:00:00"
    assert sorted(rows[0]) == ["engineSequence", "positionId", "quantity", "source", "subaccountId", "timestamp", "userId"]
    assert {source: len(lines) for source, lines in held.items()} == {
        "TradingFees": 2,
        "FundingPayment": 1,
        "RealizePnl": 1,
        "BackstopLiquidation": 0,
    }
    assert all(row["source"] == source for source, lines in held.items() for row in lines)
    assert Decimal(later["USDC"]["available"]) - Decimal(balances["USDC"]["available"]) == Decimal("1.9091")


@pytest.mark.parametrize("asked", [PAID, SETTLED])
async def test_history_is_as_late_as_the_others(asked: tuple[str, str]) -> None:
    async with open_desk(history_lag_ms=5_000) as desk:
        await positions(desk)
        at(desk, 1)
        desk.clock.advance(us=4_999_999)
        before = loads(await Stranger(desk).read(*asked))
        desk.clock.advance(us=1)
        after = loads(await Stranger(desk).read(*asked))
    assert len(after) == len(before) + 1
