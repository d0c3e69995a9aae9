"""Trading in a perpetual that was recorded in June 2025, done again over the API: the same orders, and the same bytes.

The mark price had eight decimals then, and a mark price here is on the tick (as since 2026). So the orders are repeated at the
market's own tick, and the positions at one of eight decimals; with it only the rounding of `quoteQuantity` is another one.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from importlib.resources import files
from typing import Any, NamedTuple

import msgspec
import pytest

from exchange.api.margin import marked
from exchange.stranger import Desk, Stranger
from haversack.clock import ManualClock
from haversack.exchange.engine.command import OpenAccount
from haversack.exchange.journal import GroupCommitter, MemoryJournal
from haversack.exchange.listing import Listing, ListingFile
from haversack.exchange.messages import Reply
from haversack.exchange.venue import Settings, Venue
from recordings import folder

PERP = "SOL_USDC_PERP"
FINE_TICK = "0.00000001"
# What the account had before: its net equity when it was flat. Of the second session it follows from the first.
SESSIONS = {
    "test_position_at_limit_then_one_more_fails": "0.4949635797",
    "test_edge_precision_maximum_minus_two_steps": "0.4859035797",
    "test_reducing_position_at_max_margin": "0.4666065797",
}
INSTRUCTIONS = {"/api/v1/position": "positionQuery", "/api/v1/account/limits/order": "maxOrderQuantity"}
A_STEP = {"side": "Bid", "quantity": "0.01", "executedQuantity": "0.01", "executedQuoteQuantity": "1.5666"}
MOMENT = ("id", "createdAt", "positionId", "userId", "subaccountId")
FROM_MARK = ("markPrice", "netExposureNotional", "pnlUnrealized", "estLiquidationPrice")


class Row(NamedTuple):
    """A recorded request and its answer."""

    session: str
    method: str
    path: str
    query: dict[str, str]
    status: int
    body: str


def rows(name: str) -> list[Row]:
    """Of one file, in their order."""
    found = [row for path in sorted(folder().rglob(name)) for row in json.loads(path.read_bytes())]
    assert found, f"no {name} below {folder()}"
    made: list[Row] = []
    for row in found:
        path, _, query = row["url"].partition("?")
        fields = dict(pair.split("=") for pair in query.split("&") if pair)
        made.append(Row(row["cassette"].rpartition("/")[2], row["method"], path, fields, row["status"], row["body"]))
    return made


def listing(tick: str, functions: dict[str, Any]) -> Listing:
    """The package's own, with this tick and these margin functions in the perpetual."""
    found = tomllib.loads(files("haversack.exchange").joinpath("data/listing.toml").read_text())
    for market in found["markets"]:
        if market["symbol"] == PERP:
            market.update(functions)
            market["filters"]["price"] |= {"tickSize": tick, "minPrice": tick}
    return Listing(msgspec.convert(found, ListingFile))


@asynccontextmanager
async def opened(tick: str, functions: dict[str, Any]) -> AsyncIterator[Desk]:
    """An exchange with no traders but those of a test, who have plenty."""
    clock, journal = ManualClock(), MemoryJournal()
    settings = Settings(has_crowd=False, grants={"USDC": Decimal(100_000)})
    venue = Venue(listing(tick, functions), clock, GroupCommitter(journal), settings=settings)
    venue.start(journal)
    yield Desk(venue, clock)


class Repeated:
    """A recorded session, by an account that had so much, and somebody with money who is there to trade with."""

    def __init__(self, desk: Desk, equity: str, seed: int) -> None:
        self._desk = desk
        self._account, self._other = Stranger(desk, seed), Stranger(desk, 99)
        units = desk.venue.listing.amount("USDC", Decimal(equity))
        desk.venue.execute(
            OpenAccount(self._account.public_key, desk.venue.listing.fee_tier(), (("USDC", units),)), now_us=desk.clock.now_us()
        )

    async def begin(self) -> None:
        reply = await self._account.write("PATCH", "accountUpdate", "/api/v1/account", leverageLimit="20")
        assert reply.status == 200, reply

    async def again(self, row: Row) -> Reply:
        """The answer to the same request, in the same situation."""
        if row.method == "POST":
            return await self._order(row)
        marked(self._desk, row.query["price"] if row.query else json.loads(row.body)[0]["markPrice"])
        return await self._account.read(INSTRUCTIONS[row.path], row.path, **row.query)

    async def _order(self, row: Row) -> Reply:
        """A market order, against the price at which the recorded one was filled; a step more, if that was refused."""
        body: dict[str, Any] = json.loads(row.body) if row.status == 200 else A_STEP
        price = Decimal(body["executedQuoteQuantity"]) / Decimal(body["executedQuantity"])
        await self._other.write("DELETE", "orderCancelAll", "/api/v1/orders", symbol=PERP)
        marked(self._desk, str(price))
        side = "Ask" if body["side"] == "Bid" else "Bid"
        await self._other.place(symbol=PERP, side=side, price=str(price), quantity=body["quantity"])
        order = {"symbol": PERP, "side": body["side"], "orderType": "Market", "price": None, "quantity": body["quantity"]}
        return await self._account.place(**order)


def told(body: str, *, without: tuple[str, ...]) -> str:
    """The bytes without what belongs to the moment and the account."""
    names = "|".join((*MOMENT, *without))
    return re.sub(rf'"({names})":(?:"[^"]*"|\d+)', r'"\1":', body)


@pytest.mark.parametrize(("tick", "unlike"), [("0.01", FROM_MARK), (FINE_TICK, ("quoteQuantity",))])
async def test_recorded_trading_in_a_perpetual_is_answered_in_the_recorded_bytes(tick: str, unlike: tuple[str, ...]) -> None:
    recorded = rows("trading.json")
    market = next(json.loads(row.body) for row in recorded if row.path == "/api/v1/market" and PERP in row.query.values())
    compared: Counter[str] = Counter()
    async with opened(tick, {name: market[name] for name in ("imfFunction", "mmfFunction")}) as desk:
        for seed, (session, equity) in enumerate(SESSIONS.items(), start=1):
            again = Repeated(desk, equity, seed)
            await again.begin()
            for row in recorded:
                if row.session == session and row.path in (*INSTRUCTIONS, "/api/v1/order"):
                    reply = await again.again(row)
                    assert (reply.status, told(reply.body.decode(), without=unlike)) == (
                        row.status,
                        told(row.body, without=unlike),
                    )
                    compared[row.path] += 1
    assert compared == {"/api/v1/account/limits/order": 2, "/api/v1/order": 8, "/api/v1/position": 4}
