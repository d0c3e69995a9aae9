"""Dust through the doors: the answers, the refusals in their words, and the history."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from exchange.durability.sites import Site
from exchange.stranger import Desk, Stranger, frames, loads, open_desk, said
from haversack.clock import ManualClock
from haversack.exchange.engine.command import Grant, OpenAccount
from haversack.exchange.engine.dust.command import ConvertDust
from haversack.exchange.engine.rules import FeeTier
from haversack.exchange.messages import Reply
from haversack.local import BlockingLocalExchange

GRANTS = {"SOL": "0.005", "BTC": "0.000004", "ETH": "0.00001", "USDC": "1000"}
HISTORY = ("dustHistoryQueryAll", "/wapi/v1/history/dust")


async def convert(desk: Desk, symbol: str | None = None, seed: int = 1) -> Reply:
    fields = {} if symbol is None else {"symbol": symbol}
    return await Stranger(desk, seed).write("POST", "convertDust", "/api/v1/account/convertDust", **fields)


async def quote(desk: Desk, *, bid: str = "100", ask: str = "102") -> None:
    """Let SOL have an active price. Nobody who quotes has dust."""
    for seed, side, price in ((2, "Bid", bid), (3, "Ask", ask)):
        desk.venue.execute(OpenAccount(Stranger(desk, seed).public_key, FeeTier(0, 0), RICH), now_us=desk.clock.now_us())
        assert (await Stranger(desk, seed).place(side=side, price=price)).status == 200


RICH = (("SOL", 10**12), ("USDC", 10**15))


async def test_dust_becomes_cash_and_the_answer_is_empty() -> None:
    async with open_desk(grants=GRANTS) as desk:
        await quote(desk)
        somebody, socket = Stranger(desk), desk.connect()
        await somebody.balances()
        somebody.subscribe(socket, "account.balanceUpdate")
        reply = await convert(desk, "SOL")
        told = await frames(socket, 2)
        balances = await somebody.balances()
        history = await somebody.read(*HISTORY)
    assert (reply.status, reply.body) == (200, b"")
    assert (balances["SOL"]["available"], balances["USDC"]["available"]) == ("0", "1000.505")
    assert [(frame["data"]["a"], frame["data"]["A"]) for frame in told] == [("SOL", "0"), ("USDC", "1000.505")]
    assert history.body.decode() == (
        '[{"id":60000000002,"quantity":"0.005","symbol":"SOL","timestamp":"2026-09-01T17:52:31","usdcReceived":"0.505"}]'
    )
    assert history.headers["x-total"] == "1"


@pytest.mark.parametrize(
    ("symbol", "told"),
    [
        ("USDC", (400, "INVALID_QUANTITY", "Balance is not dust")),
        ("WIF", (400, "INVALID_QUANTITY", "Balance is not dust")),
        ("BTC", (400, "PRECONDITION_FAILED", "Price is not available")),
        ("GOLD", (400, "INVALID_ASSET", "Invalid asset")),
        ("SOL_USDC", (400, "INVALID_ASSET", "Invalid asset")),
    ],
)
async def test_refusal(symbol: str, told: tuple[int, str, str]) -> None:
    async with open_desk(grants=GRANTS) as desk:
        await Stranger(desk).balances()
        before = desk.venue.engine.state_hash()
        assert said(await convert(desk, symbol)) == told
        assert desk.venue.engine.state_hash() == before


async def test_all_dust_is_converted_at_once_and_then_there_is_none_left() -> None:
    async with open_desk(grants=GRANTS) as desk:
        await quote(desk)
        replies = [await convert(desk), await convert(desk)]
        balances = await Stranger(desk).balances()
        (row,) = loads(await Stranger(desk).read(*HISTORY))
    assert [(reply.status, reply.body) for reply in replies] == [(200, b"")] * 2
    # Nobody quotes the others.
    assert (row["symbol"], balances["BTC"]["available"]) == ("SOL", "0.000004")


async def test_history_is_searched_sorted_cut_into_pages_and_late() -> None:
    async with open_desk(grants=GRANTS, history_lag_ms=1_000) as desk:
        await quote(desk)
        somebody = Stranger(desk)
        for quantity in ("0.001", "0.002", "0.003"):
            amount = desk.venue.listing.amount("SOL", Decimal(quantity))
            number = desk.venue.account_for(somebody.public_key, now_us=desk.clock.now_us())
            await convert(desk, "SOL")
            desk.venue.execute(Grant(number, (("SOL", amount),)), now_us=desk.clock.now_us())
        await convert(desk, "SOL")
        assert loads(await somebody.read(*HISTORY)) == []
        desk.clock.advance(ms=1_000)
        rows = loads(await somebody.read(*HISTORY))
        ascending = loads(await somebody.read(*HISTORY, sortDirection="Asc"))
        page = await somebody.read(*HISTORY, limit=1, offset=1)
        one = loads(await somebody.read(*HISTORY, id=rows[2]["id"]))
        other = loads(await somebody.read(*HISTORY, symbol="BTC"))
        strangers = loads(await Stranger(desk, 2).read(*HISTORY))
    assert [row["quantity"] for row in rows] == ["0.003", "0.002", "0.001", "0.005"]
    assert ascending == rows[::-1]
    assert (loads(page), one, other, strangers) == (rows[1:2], rows[2:3], [], [])
    assert [page.headers[name] for name in ("x-current-page", "x-page-count", "x-page-size", "x-total")] == ["2", "4", "1", "4"]


def test_dust_through_the_client() -> None:
    with (
        BlockingLocalExchange(markets=["SOL_USDC"], grants={"SOL": "0.004", "USDC": "5"}) as exchange,
        exchange.client() as client,
    ):
        exchange.advance(s=1)
        client.capital.convert_dust()
        (row,) = client.history.dust()
        assert (row.symbol, str(row.quantity)) == ("SOL", "0.004")
        assert client.capital.balances()["USDC"].available == 5 + row.usdc_received > 5
        assert exchange.problems() == []


async def test_dust_that_was_converted_stays_so_after_a_restart(tmp_path: Path) -> None:
    clock = ManualClock()
    site = Site(tmp_path, clock)
    await site.trade(1)
    site.do(OpenAccount("dusty", FeeTier(0, 0), (("SOL", 5),)))
    site.do(ConvertDust(3, None))
    hashes = [site.venue.engine.state_hash()]
    for _ in range(2):
        await site.venue.settled()
        await site.stop()
        site = Site(tmp_path, clock)
        hashes.append(site.venue.engine.state_hash())
        if site.replayed:
            await site.snapshot()
    await site.stop()
    assert (site.replayed, len(set(hashes))) == (0, 1)
    assert site.venue.engine.balances(3)["SOL"] == (0, 0)
