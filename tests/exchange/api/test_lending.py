"""Pools through the doors: what is answered, what is refused in which words, and what the histories tell."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exchange.durability.sites import Site
from exchange.stranger import Desk, Stranger, frames, loads, open_desk, said
from haversack.account.equity import equity
from haversack.clock import ManualClock
from haversack.errors import BorrowRequiresLendRedeem
from haversack.exchange.engine.command import Elapse
from haversack.exchange.engine.lending.command import BorrowOrLend
from haversack.exchange.messages import Reply
from haversack.local import BlockingLocalExchange
from haversack.wire.borrow_lend import BorrowLendSide

GRANTS = {"USDC": "100000", "SOL": "500"}
INVALID = "INVALID_CLIENT_REQUEST"
MOVEMENTS = ("borrowHistoryQueryAll", "/wapi/v1/history/borrowLend")
INTEREST = ("interestHistoryQueryAll", "/wapi/v1/history/interest")
POSITIONS = ("borrowPositionHistoryQueryAll", "/wapi/v1/history/borrowLend/positions")
OPEN = ("borrowLendPositionQuery", "/api/v1/borrowLend/positions")
LIMIT = ("maxBorrowQuantity", "/api/v1/account/limits/borrow")


async def ask(desk: Desk, side: str, quantity: str, symbol: str = "SOL", seed: int = 1) -> Reply:
    fields = {"side": side, "quantity": quantity, "symbol": symbol}
    return await Stranger(desk, seed).write("POST", "borrowLendExecute", "/api/v1/borrowLend", **fields)


def elapse(desk: Desk, *, s: int) -> None:
    desk.clock.advance(ms=s * 1_000)
    desk.venue.execute(Elapse(), now_us=desk.clock.now_us())


def hour(desk: Desk) -> None:
    """Go to the next full hour."""
    now_us = desk.clock.now_us()
    desk.clock.advance(us=3_600_000_000 - now_us % 3_600_000_000)
    desk.venue.execute(Elapse(), now_us=desk.clock.now_us())


async def test_a_pool_is_told_to_the_byte() -> None:
    async with open_desk() as desk:
        body = (await desk.get("/api/v1/borrowLend/markets")).body.decode()
    pool = body[body.index('{"assetMarkPrice":"100.67"') :]
    assert pool[: pool.index("}") + 1] == (
        '{"assetMarkPrice":"100.67","borrowInterestRate":"0.0085285858026735102060319915","borrowedQuantity":"47140.7072568598",'
        '"fee":"0.15","lendInterestRate":"0.001081959539929266915191077","lentQuantity":"315850.1025512999","maxUtilization":"1",'
        '"openBorrowLendLimit":"480000","optimalUtilization":"0.7","state":"Open","stepSize":"0.0000000001","symbol":"SOL",'
        '"throttleUpdateFraction":"0.125","throttleUtilizationBound":"0.86875","throttleUtilizationThreshold":"0.85",'
        '"timestamp":"2026-09-01T17:52:31.000000000+00:00","utilization":"0.1492502515467864286055598506"}'
    )


async def test_rates_of_a_year() -> None:
    async with open_desk() as desk:
        rates = loads(await desk.get("/api/v1/borrowLend/apy?tierId=3"))
        pools = loads(await desk.get("/api/v1/borrowLend/markets"))
    assert rates["staking"] == []
    assert list(rates) == ["borrowLend", "staking"]
    assert rates["borrowLend"] == [
        {"borrowRate": pool["borrowInterestRate"], "lendRate": pool["lendInterestRate"], "symbol": pool["symbol"]}
        for pool in pools
    ]


async def test_a_loan_answers_nothing_and_shows_in_balances_positions_collateral_and_pool() -> None:
    async with open_desk(grants=GRANTS) as desk:
        somebody = Stranger(desk)
        assert (await ask(desk, "Lend", "60.5")) == (await ask(desk, "Borrow", "50", "USDC"))
        reply = await ask(desk, "Lend", "1")
        assert (reply.status, reply.body) == (200, b"")
        assert (await somebody.balances())["SOL"] == {"available": "438.5", "locked": "0", "staked": "0"}
        lent, owed = loads(await somebody.read(*OPEN))
        collateral = loads(await somebody.read("collateralQuery", "/api/v1/capital/collateral"))
        pool = next(each for each in loads(await desk.get("/api/v1/borrowLend/markets")) if each["symbol"] == "SOL")
    assert lent == {
        "cumulativeInterest": "0",
        "estLiquidationPrice": "0",
        "id": "60000000000",
        "imf": "0.1",
        "imfFunction": {"base": "0.1", "factor": "0.00036", "type": "sqrt"},
        "markPrice": "100.67",
        "mmf": "0.05",
        "mmfFunction": {"base": "0.05", "factor": "0.000216", "type": "sqrt"},
        "netExposureNotional": "0",
        "netExposureQuantity": "0",
        "netQuantity": "61.5",
        "symbol": "SOL",
    }
    assert list(lent) == sorted(lent)
    assert (owed["symbol"], owed["netQuantity"][0], owed["netExposureQuantity"]) == ("USDC", "-", owed["netQuantity"])
    assert Decimal(owed["netExposureNotional"]) == -Decimal(owed["netQuantity"])
    row = next(each for each in collateral["collateral"] if each["symbol"] == "SOL")
    assert (row["availableQuantity"], row["lendQuantity"], row["openOrderQuantity"], row["totalQuantity"]) == (
        *("438.5", "61.5"),
        *("0", "500"),
    )
    assert collateral["borrowLiability"] == collateral["liabilitiesValue"] == owed["netExposureNotional"]
    assert collateral["netExposureFutures"] == "0"
    assert Decimal(pool["lentQuantity"]) == Decimal("315850.1025512999") + Decimal("61.5")


@pytest.mark.parametrize(
    ("side", "quantity", "symbol", "refused"),
    [
        ("Lend", "501", "SOL", (400, "INSUFFICIENT_FUNDS", "Insufficient funds")),
        ("Lend", "0", "SOL", (400, INVALID, "Quantity is below the minimum allowed value")),
        ("Lend", "-1", "SOL", (400, INVALID, "Quantity is below the minimum allowed value")),
        ("Lend", "0.00000000001", "SOL", (400, INVALID, "Quantity decimal too long")),
        ("Lend", "1", "WIF", (400, "INVALID_ASSET", "Invalid asset")),
        ("Borrow", "1", "NOTREAL", (400, "INVALID_ASSET", "Invalid asset")),
        ("Borrow", "10000", "SOL", (400, "INSUFFICIENT_MARGIN", "Insufficient margin")),
        ("Borrow", "240000", "SOL", (400, "INSUFFICIENT_SUPPLY", "Insufficient supply")),
        ("Borrow", "440000", "SOL", (400, "BORROW_LIMIT", "Borrow limit exceeded")),
        ("Lend", "200000", "SOL", (400, "LEND_LIMIT", "Lend limit exceeded")),
    ],
)
async def test_refusals_have_their_code_and_text(side: str, quantity: str, symbol: str, refused: tuple[int, str, str]) -> None:
    async with open_desk(grants=GRANTS) as desk:
        assert said(await ask(desk, side, quantity, symbol)) == refused


async def test_more_than_there_is_has_to_be_ended_first() -> None:
    async with open_desk(grants=GRANTS) as desk:
        for side in ("Lend", "Borrow"):
            await ask(desk, side, "10", "SOL" if side == "Lend" else "USDC")
        redeemed = said(await ask(desk, "Borrow", "10.1"))
        repaid = said(await ask(desk, "Lend", "11", "USDC"))
    assert redeemed == (400, "BORROW_REQUIRES_LEND_REDEEM", "Borrow requires lend redeem")
    assert repaid == (400, "LEND_REQUIRES_BORROW_REPAY", "Lend requires borrow repay")


async def test_most_that_can_be_borrowed_can_be_and_a_step_more_cannot() -> None:
    async with open_desk(grants={"USDC": "1000"}) as desk:
        somebody = Stranger(desk)
        told = loads(await somebody.read(*LIMIT, symbol="SOL"))
        assert list(told) == ["maxBorrowQuantity", "symbol"]
        most = Decimal(told["maxBorrowQuantity"])
        more = said(await ask(desk, "Borrow", f"{most + Decimal('1e-10'):f}"))
        assert (await ask(desk, "Borrow", f"{most:f}")).status == 200
        left = loads(await somebody.read(*LIMIT, symbol="SOL"))["maxBorrowQuantity"]
        nothing = loads(await somebody.read(*LIMIT, symbol="WIF"))
        unknown = said(await somebody.read(*LIMIT, symbol="NOTREAL"))
    assert more == (400, "INSUFFICIENT_MARGIN", "Insufficient margin")
    assert Decimal(left) < Decimal("0.0001")
    assert nothing == {"maxBorrowQuantity": "0", "symbol": "WIF"}
    assert unknown == (400, "INVALID_ASSET", "Invalid asset")


async def test_price_of_a_liquidation_is_told_to_nobody() -> None:
    async with open_desk() as desk:
        reply = await desk.get("/api/v1/borrowLend/position/liquidationPrice?borrow=e30")
    assert said(reply) == (401, "UNAUTHORIZED", "Unauthorized")


async def test_largest_withdrawal_counts_what_is_lent_if_it_is_called_back() -> None:
    path = ("maxWithdrawalQuantity", "/api/v1/account/limits/withdrawal")
    async with open_desk(grants=GRANTS) as desk:
        somebody = Stranger(desk)
        await ask(desk, "Lend", "60")
        plain = loads(await somebody.read(*path, symbol="SOL"))
        redeemed = loads(await somebody.read(*path, symbol="SOL", autoLendRedeem="true"))
    assert (plain["maxWithdrawalQuantity"], redeemed["maxWithdrawalQuantity"]) == ("440", "500")


async def story(desk: Desk) -> None:
    """Lend 60 SOL, call 10 back, owe 100 USDC, and let an hour end twice."""
    for side, quantity, symbol in (("Lend", "60", "SOL"), ("Borrow", "10", "SOL"), ("Borrow", "100", "USDC")):
        assert (await ask(desk, side, quantity, symbol)).status == 200
        desk.clock.advance(ms=1_000)
    hour(desk)
    hour(desk)
    assert (await ask(desk, "Borrow", "50")).status == 200


async def rows(desk: Desk, of: tuple[str, str], **fields: Any) -> list[dict[str, Any]]:
    return loads(await Stranger(desk).read(*of, **fields))  # type: ignore[no-any-return]


def briefly(found: Sequence[dict[str, Any]], *names: str) -> list[str]:
    return [" ".join(str(row[name]) for name in names) for row in found]


async def test_movements_are_told_and_filtered() -> None:
    names = ("eventType", "source", "symbol")
    async with open_desk(grants=GRANTS) as desk:
        await story(desk)
        every = await rows(desk, MOVEMENTS)
        oldest = await rows(desk, MOVEMENTS, sortDirection="Asc", limit=2)
        position = oldest[0]["positionId"]
        found = [
            await rows(desk, MOVEMENTS, **fields)
            for fields in (
                {"symbol": "USDC"},
                {"type": "LendRedeem"},
                {"sources": "Manual", "symbol": "USDC"},
                {"sources": "AutoLend,Interest", "type": "Lend"},
                {"positionId": position, "type": "Lend", "sources": "Manual"},
                {"positionId": position, "symbol": "USDC"},
                {"positionId": "none"},
            )
        ]
        unknown = said(await Stranger(desk).read(*MOVEMENTS, sources="Manual,Wish"))
        page = await Stranger(desk).read(*MOVEMENTS, limit=3, offset=3)
    assert briefly(every, *names) == [
        "LendRedeem Manual SOL",
        *["Borrow Interest USDC", "Lend Interest SOL"] * 2,
        "Borrow Interest USDC",
        "Borrow Manual USDC",
        "LendRedeem Manual SOL",
        "Lend Manual SOL",
    ]
    assert oldest == [
        {
            "eventType": "Lend",
            "positionId": "60000000000",
            "positionQuantity": "60",
            "quantity": "60",
            "source": "Manual",
            "spotMarginOrderId": None,
            "symbol": "SOL",
            "timestamp": "2026-09-01T17:52:31",
        },
        every[-2],
    ]
    assert list(oldest[0]) == sorted(oldest[0])
    assert [len(each) for each in found] == [4, 2, 1, 2, 1, 0, 0]
    assert unknown == (400, "INVALID_SOURCE", "Invalid source")
    headers = ("x-current-page", "x-page-count", "x-page-size", "x-total")
    assert [page.headers[name] for name in headers] == ["2", "3", "3", str(len(every))]
    assert loads(page) == every[3:6]


async def test_interest_is_told_and_filtered() -> None:
    async with open_desk(grants=GRANTS) as desk:
        await story(desk)
        every = await rows(desk, INTEREST)
        position = every[-1]["positionId"]
        found = [
            await rows(desk, INTEREST, **fields)
            for fields in (
                {"asset": "SOL"},
                {"symbol": "SOL_USDC"},
                {"symbol": "SOL_USDC", "asset": "USDC"},
                {"positionId": position},
                {"source": "BorrowLend"},
                {"source": "UnrealizedPnl"},
                {"sortDirection": "Asc", "limit": 1},
            )
        ]
    assert briefly(every, "paymentType", "symbol", "interval", "marketSymbol") == [
        *["Borrow USDC 3600 USDC_USDC", "Lend SOL 3600 SOL_USDC"] * 2,
        "EntryFee USDC 447 USDC_USDC",
    ]
    assert list(every[0]) == sorted(every[0])
    assert every[0]["timestamp"] == "2026-09-01T19:00:00"
    assert [len(each) for each in found] == [2, 2, 0, 3, 5, 0, 1]
    assert found[-1] == every[-1:]


async def test_positions_are_told_open_and_over() -> None:
    async with open_desk(grants=GRANTS) as desk:
        await story(desk)
        open_now = loads(await Stranger(desk).read(*OPEN))
        await ask(desk, "Borrow", open_now[0]["netQuantity"])
        every = await rows(desk, POSITIONS)
        found = [
            await rows(desk, POSITIONS, **fields)
            for fields in (
                {"state": "Open"},
                {"state": "Closed"},
                {"side": "Lend"},
                {"side": "Lend", "state": "Open"},
                {"symbol": "SOL"},
            )
        ]
    assert briefly(every, "side", "symbol", "source", "createdAt") == [
        "Borrow USDC Manual 2026-09-01T17:52:33",
        "Lend SOL Manual 2026-09-01T17:52:31",
    ]
    assert list(every[0]) == sorted(every[0])
    assert (every[1]["quantity"], Decimal(every[1]["cumulativeInterest"]) > 0) == ("0", True)
    assert round(Decimal(every[1]["avgInterestRate"]), 6) == Decimal("0.001082")
    assert [briefly(each, "symbol") for each in found] == [["USDC"], ["SOL"], ["SOL"], [], ["SOL"]]


async def test_histories_lag() -> None:
    async with open_desk(grants=GRANTS, history_lag_ms=5_000) as desk:
        await ask(desk, "Lend", "60")
        desk.clock.advance(ms=4_999)
        early = [await rows(desk, of) for of in (MOVEMENTS, POSITIONS)]
        desk.clock.advance(ms=1)
        assert [len(await rows(desk, of)) for of in (MOVEMENTS, POSITIONS)] == [1, 1]
    assert early == [[], []]


@pytest.mark.parametrize(
    ("interval", "count", "apart_s"), [("1d", 24, 3600), ("1w", 28, 21600), ("1month", 30, 86400), ("1year", 365, 86400)]
)
async def test_past_of_a_pool(interval: str, count: int, apart_s: int) -> None:
    path = f"/api/v1/borrowLend/markets/history?interval={interval}"
    async with open_desk(grants=GRANTS) as desk:
        before = loads(await desk.get(f"{path}&symbol=SOL"))
        await ask(desk, "Lend", "60")
        for _ in range(30):
            hour(desk)
        after = loads(await desk.get(f"{path}&symbol=SOL"))
        every = loads(await desk.get(path))
        unknown = said(await desk.get(f"{path}&symbol=WIF"))
    assert len(before) == len(after) == count
    assert len(every) == 6 * count
    assert {row["lentQuantity"] for row in before} == {"315850.1025512999"}
    times = [row["timestamp"] for row in after]
    assert times == sorted(times)
    assert times[-1].startswith("2026-09-0")
    assert Decimal(after[-1]["lentQuantity"]) > Decimal("315910.1025512999")
    assert (after[0]["lentQuantity"] == "315850.1025512999") is (interval != "1d")
    assert list(after[0]) == sorted(after[0])
    assert unknown == (400, "INVALID_ASSET", "Invalid asset")
    assert apart_s * count >= 86_400


async def test_what_happened_before_is_told_of_a_pool_that_rests_again() -> None:
    path = "/api/v1/borrowLend/markets/history?interval=1w&symbol=SOL"
    async with open_desk(grants=GRANTS) as desk:
        await ask(desk, "Lend", "60")
        for _ in range(13):
            hour(desk)
        (position,) = loads(await Stranger(desk).read(*OPEN))
        await ask(desk, "Borrow", position["netQuantity"])
        hour(desk)
        desk.clock.advance(ms=12 * 3_600_000)
        lent = [Decimal(row["lentQuantity"]) for row in loads(await desk.get(path))]
    assert lent[-1] == lent[0] == Decimal("315850.1025512999") < lent[-3]


async def test_frames_tell_the_balance() -> None:
    async with open_desk(grants=GRANTS) as desk:
        socket = desk.connect()
        Stranger(desk).subscribe(socket, "account.balanceUpdate")
        await ask(desk, "Lend", "60")
        (frame,) = await frames(socket, 1)
    assert frame["stream"] == "account.balanceUpdate"
    assert {name: frame["data"][name] for name in "aALS"} == {"a": "SOL", "A": "440", "L": "0", "S": "0"}


def test_the_whole_story_with_a_client() -> None:
    with BlockingLocalExchange(crowd=False) as exchange, exchange.client() as client:
        client.account.update(leverage_limit="5")
        client.borrow_lend.execute(quantity="100", side="Lend", symbol="SOL")
        with pytest.raises(BorrowRequiresLendRedeem):
            client.borrow_lend.execute(quantity="101", side="Borrow", symbol="SOL")
        client.borrow_lend.execute(quantity="1000", side="Borrow", symbol="USDC")
        exchange.advance(s=7_200)
        lent, owed = client.borrow_lend.positions()
        assert lent.net_quantity > 100 > 0 > -1000 > owed.net_quantity
        client.borrow_lend.execute(quantity=-owed.net_quantity, side="Lend", symbol="USDC")
        client.borrow_lend.execute(quantity=lent.net_quantity, side="Borrow", symbol="SOL")
        assert client.borrow_lend.positions() == []
        assert len(list(client.history.each_borrow_lend())) >= 9
        assert [row.symbol for row in client.history.each_borrow_lend_position()] == ["USDC", "SOL"]
        assert sum(row.quantity for row in client.history.interest(asset="SOL")) == lent.cumulative_interest
        assert exchange.problems() == []


def test_figures_of_an_account_with_loans_do_not_contradict_each_other() -> None:
    with BlockingLocalExchange(crowd=False) as exchange, exchange.client() as client:
        client.borrow_lend.execute(quantity="100", side="Lend", symbol="SOL")
        client.borrow_lend.execute(quantity="1000", side="Borrow", symbol="USDC")
        worth = equity(client.capital.collateral(), client.capital.balances(), client.borrow_lend.positions())
    assert worth.borrowed_value == worth.borrow_liability > 1_000
    assert worth.disagreements == ()


async def test_loans_outlast_a_stop_from_the_journal_and_from_a_snapshot(tmp_path: Path) -> None:
    clock = ManualClock()
    told: list[Any] = []
    for keep in (10**9, 1, 1):
        site = Site(tmp_path, clock, keep=keep)
        if not told:
            await site.trade(1)
            for account, side, amount in ((1, BorrowLendSide.LEND, 10**12), (2, BorrowLendSide.BORROW, 10**11)):
                site.do(BorrowOrLend(account, "SOL", side, amount))
        clock.advance(ms=3_600_000)
        site.do(Elapse())
        replies = [await site.desk.get("/api/v1/borrowLend/markets")]
        pool = next(each for each in loads(replies[0]) if each["symbol"] == "SOL")
        told.append((site.venue.engine.state_hash(), pool["lentQuantity"], site.venue.engine.held_beside["SOL"]))
        before = site.venue.engine.state_hash()
        if keep == 1:
            await site.snapshot()
        await site.stop()
        again = Site(tmp_path, clock, keep=keep)
        assert again.venue.engine.state_hash() == before
        assert again.replayed == (0 if keep == 1 else again.venue.seq)
        await again.stop()
    assert len({json.dumps(each) for each in told}) == 3
