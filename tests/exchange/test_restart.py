"""An exchange that is stopped and started again goes on where it was; what was signed before is not taken again."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exchange.stranger import Desk, Stranger, frames, loads, said
from haversack.clock import ManualClock
from haversack.errors import UsageError
from haversack.exchange.engine.command import SetBookState, SetPrices
from haversack.exchange.journal import GroupCommitter, Journal
from haversack.exchange.listing import Listing
from haversack.exchange.venue import Settings, Venue, genesis
from haversack.wire.enums import OrderBookState

SETTINGS = Settings(has_crowd=False)
HOUR_US = 3_600_000_000


class Site:
    """A folder, and an exchange on it that can be stopped and started."""

    def __init__(self, folder: Path, clock: ManualClock) -> None:
        self.journal = Journal.open(folder, genesis(b"listing", SETTINGS))
        self.committer = GroupCommitter(self.journal)
        self.venue = Venue(Listing.load(), clock, self.committer, settings=SETTINGS)
        self.replayed = self.venue.start(self.journal)
        self.desk = Desk(self.venue, clock)

    async def stop(self) -> None:
        await self.committer.close()
        self.journal.close()


async def test_orders_fills_histories_and_prices_survive(tmp_path: Path) -> None:
    clock = ManualClock()
    site = Site(tmp_path, clock)
    maker, taker = Stranger(site.desk, 1), Stranger(site.desk, 2)
    await maker.place(side="Ask", price="100", quantity="3")
    await taker.place(price="100", quantity="1", clientId=5)
    before = (
        site.venue.engine.state_hash(),
        loads(await taker.read("fillHistoryQueryAll", "/wapi/v1/history/fills")),
        loads(await maker.read("orderHistoryQueryAll", "/wapi/v1/history/orders")),
        (await site.desk.get("/api/v1/depth?symbol=SOL_USDC")).body,
        (await site.desk.get("/api/v1/trades?symbol=SOL_USDC")).body,
        (await site.desk.get("/api/v1/ticker?symbol=SOL_USDC")).body,
    )
    await site.stop()

    site = Site(tmp_path, clock)
    maker, taker = Stranger(site.desk, 1), Stranger(site.desk, 2)
    after = (
        site.venue.engine.state_hash(),
        loads(await taker.read("fillHistoryQueryAll", "/wapi/v1/history/fills")),
        loads(await maker.read("orderHistoryQueryAll", "/wapi/v1/history/orders")),
        (await site.desk.get("/api/v1/depth?symbol=SOL_USDC")).body,
        (await site.desk.get("/api/v1/trades?symbol=SOL_USDC")).body,
        (await site.desk.get("/api/v1/ticker?symbol=SOL_USDC")).body,
    )
    await site.stop()
    assert site.replayed == 4  # two accounts, two orders
    assert after == before


async def test_a_signed_order_is_not_taken_again_after_a_restart(tmp_path: Path) -> None:
    clock = ManualClock()
    site = Site(tmp_path, clock)
    fields = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "90", "quantity": "1"}
    body = b'{"symbol":"SOL_USDC","side":"Bid","orderType":"Limit","price":"90","quantity":"1"}'
    headers = Stranger(site.desk).headers("orderExecute", fields) | {"Content-Type": "application/json"}
    assert (await site.desk.request("POST", "/api/v1/order", headers, body)).status == 200
    await site.stop()

    site = Site(tmp_path, clock)
    again = await site.desk.request("POST", "/api/v1/order", headers, body)
    await site.stop()
    assert said(again) == (400, "INVALID_CLIENT_REQUEST", "Duplicate request: this signature was used before")


async def test_time_does_not_go_back_when_the_machines_clock_does(tmp_path: Path) -> None:
    clock = ManualClock()
    site = Site(tmp_path, clock)
    first = loads(await Stranger(site.desk).place(price="90"))
    await site.stop()

    clock.set_now_us(clock.now_us() - 60_000_000)
    site = Site(tmp_path, clock)
    second = loads(await Stranger(site.desk).place(price="91"))
    await site.stop()
    assert second["createdAt"] >= first["createdAt"]


async def test_a_full_disk_is_told_and_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    clock = ManualClock()
    site = Site(tmp_path, clock)
    somebody, acknowledged = Stranger(site.desk), []
    subscribed = site.desk.connect()
    somebody.subscribe(subscribed, "account.orderUpdate")
    reply = await somebody.place(price="90")
    with no_file_may_grow(tmp_path):
        while reply.status == 200:
            acknowledged.append(loads(reply)["id"])
            reply = await somebody.place(price="90", quantity="0.01")
        again = await somebody.place(price="91", quantity="0.01")
    assert said(reply)[:2] == said(again)[:2] == (503, "MAINTENANCE")
    assert "disk" in said(reply)[2]
    heard = [frame["data"]["i"] for frame in await frames(subscribed, len(acknowledged))]
    subscribed.close()
    assert await subscribed.receive() is None, "a frame told of what is not on disk"
    await site.stop()

    site = Site(tmp_path, clock)
    resting = [order["id"] for order in loads(await Stranger(site.desk).read("orderQueryAll", "/api/v1/orders"))]
    await site.stop()
    assert heard == acknowledged
    assert resting[: len(acknowledged)] == acknowledged


@contextmanager
def no_file_may_grow(folder: Path) -> Iterator[None]:
    """The operating system refuses to let any file grow beyond what the folder's have, as a full disk would."""
    size = max(path.stat().st_size for path in folder.iterdir())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_another_listing_is_refused(tmp_path: Path) -> None:
    site = Site(tmp_path, ManualClock())
    await site.stop()
    with pytest.raises(UsageError, match=str(tmp_path)):
        Journal.open(tmp_path, genesis(b"another listing", SETTINGS))


def test_folder_of_other_rules_is_refused_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Journal.open(tmp_path, genesis(b"listing", SETTINGS)).close()
    monkeypatch.setattr("haversack.exchange.venue.VERSION", 1)
    with pytest.raises(UsageError, match="start with the settings and the version that it was made with, or choose another"):
        Journal.open(tmp_path, genesis(b"listing", SETTINGS))


async def test_state_of_a_market_survives(tmp_path: Path) -> None:
    clock = ManualClock()
    site = Site(tmp_path, clock)
    site.venue.execute(SetBookState("SOL_USDC", OrderBookState.POST_ONLY), now_us=clock.now_us())
    before = site.venue.engine.state_hash()
    await site.stop()

    site = Site(tmp_path, clock)
    assert (site.replayed, site.venue.engine.state_hash()) == (1, before)
    assert site.venue.engine.book_state("SOL_USDC") is OrderBookState.POST_ONLY
    await site.stop()


async def test_funding_goes_on_where_it_was(tmp_path: Path) -> None:
    clock = ManualClock()
    clock.set_now_us(497_222 * HOUR_US + 30 * 60 * 1_000_000)
    site = Site(tmp_path, clock)
    index = SetPrices((("SOL_USDC_PERP", 100 * 10**8),))
    site.venue.execute(index, now_us=clock.now_us())
    for seed, side in ((2, "Ask"), (1, "Bid")):
        await Stranger(site.desk, seed).place(symbol="SOL_USDC_PERP", side=side, price="100", quantity="2")
    clock.advance(us=HOUR_US)
    site.venue.tick(clock.now_us())
    before = site.venue.engine.state_hash(), await earned(site)
    assert [row["quantity"] for row in before[1][0]] == ["-0.0025"]
    await site.stop()

    site = Site(tmp_path, clock)
    assert (site.venue.engine.state_hash(), await earned(site)) == before
    # Two hours pass while it is off; they are paid when it is back, each once.
    await site.stop()
    clock.advance(us=2 * HOUR_US)
    for _ in range(2):
        site = Site(tmp_path, clock)
        site.venue.tick(clock.now_us())
        clock.advance(us=1_000_000)
        site.venue.tick(clock.now_us())
        paid, rates = await earned(site)
        assert [row["quantity"] for row in paid] == ["-0.0025"] * 3
        assert len(rates) == 4
        await site.stop()


async def earned(site: Site) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Funding that the first one was paid, and all rates."""
    await site.venue.settled()
    paid = loads(await Stranger(site.desk, 1).read("fundingHistoryQueryAll", "/wapi/v1/history/funding"))
    return paid, loads(await site.desk.get("/api/v1/fundingRates?symbol=SOL_USDC_PERP"))
