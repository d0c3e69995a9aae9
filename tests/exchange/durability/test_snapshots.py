"""A start from a snapshot is the same as one from the beginning, and a snapshot that is not sound is passed over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from exchange.durability.sites import SYMBOL, Site, order
from exchange.stranger import Stranger, loads, said
from haversack.clock import ManualClock
from haversack.exchange.engine.command import SetPrices, Trigger
from haversack.exchange.journal import FILE_NAME, JournalUnusable
from haversack.exchange.venue import FIRST_TRADE_ID
from haversack.exchange.views.histories import FILE_NAME as HISTORIES
from haversack.wire.codec import encode
from haversack.wire.enums import KlineInterval, KlinePriceType, Side, TickerInterval, TimeInForce, TriggerBy
from haversack.wire.history import GetFillHistory, GetOrderHistory
from haversack.wire.markets import GetKlines


def everything(site: Site) -> list[Any]:
    """What anybody could learn of the exchange."""
    venue, now_us = site.venue, site.clock.now_us()
    told: list[Any] = [venue.engine.state_hash(), venue.seq, venue.changed_us, sorted(venue.replays.kept())]
    told += [venue.engine.open_orders(account) for account in venue.engine.accounts]
    told += [venue.is_house(account) for account in venue.engine.accounts]
    told += [encode(venue.tape.recent_trades(SYMBOL, 1000)), venue.archive.trades(SYMBOL, limit=1000)]
    told += [venue.tape.statistics(SYMBOL, interval, now_us=now_us) for interval in TickerInterval]
    for interval in (KlineInterval.SECOND_1, KlineInterval.MINUTE_1, KlineInterval.HOUR_1):
        for kind, symbol in ((KlinePriceType.LAST, SYMBOL), (KlinePriceType.MARK, "SOL_USDC_PERP")):
            start_s = now_us // 1_000_000 - 900
            asked = GetKlines(symbol=symbol, interval=interval, start_time_s=start_s, price_type=kind)
            told.append(encode(venue.tape.klines(asked, now_us=now_us)))
    for account in (1, 2):
        orders = venue.archive.orders(account, GetOrderHistory(limit=1000), now_us=now_us)
        fills = venue.archive.fills(account, GetFillHistory(limit=1000), now_us=now_us)
        told += [encode(orders), orders.total, encode(fills), fills.total, venue.archive.resting(account)]
    return told


async def run(folder: Path, clock: ManualClock, *, rounds: tuple[int, ...], keep: int = 10**9) -> list[Any]:
    """An exchange that makes a snapshot after each number of rounds but the last one; what it knew in the end."""
    site = Site(folder, clock, keep=keep)
    for number, count in enumerate(rounds):
        await site.trade(count)
        site.do(SetPrices((("SOL_USDC_PERP", 10**10 + number),)))
        if number < len(rounds) - 1:
            await site.snapshot()
    await site.venue.settled()
    told = everything(site)
    await site.stop()
    return told


def snapshots(folder: Path) -> list[Path]:
    return sorted(folder.glob("snapshot-*.jsonl"))


async def test_start_from_a_snapshot_replays_what_came_after_it_and_nothing_else_differs(tmp_path: Path) -> None:
    clock = ManualClock()
    before = await run(tmp_path, clock, rounds=(100, 30, 4))
    site = Site(tmp_path, clock)
    assert (site.replayed, everything(site)) == (4 * 5 + 1, before)
    await site.stop()


async def test_orders_that_wait_for_a_trigger_are_in_the_snapshot(tmp_path: Path) -> None:
    clock = ManualClock()
    site = Site(tmp_path, clock)
    await site.trade(3)
    waiting = replace(order(1, Side.BID, 9_000), trigger=Trigger(TriggerBy.LAST_PRICE, 9_500, 10))
    site.do(waiting)
    await site.venue.settled()
    await site.snapshot()
    await site.stop()
    again = Site(tmp_path, clock)
    assert again.replayed == 0
    assert [each.order.price for each in again.venue.engine.pending_orders(1)] == [9_000]
    await again.stop()


async def test_exchange_goes_on_from_a_snapshot_as_one_that_was_never_stopped(tmp_path: Path) -> None:
    told: list[list[Any]] = []
    for name, is_stopped in (("stopped", True), ("on", False)):
        clock = ManualClock()
        site = Site(tmp_path / name, clock)
        await site.trade(50)
        if is_stopped:
            await site.snapshot()
            await site.stop()
            site = Site(tmp_path / name, clock)
        await site.trade(50)
        told.append(everything(site))
        await site.stop()
    assert told[0] == told[1]


def damage(path: Path) -> None:
    """Change one digit of a price, so that what is there can still be read."""
    content = path.read_bytes()
    place = content.index(b"[", content.index(b'"type":"bars","symbol":"SOL_USDC","series":1,"rows":[[') + 54) + 20
    assert content[place : place + 1].isdigit()
    path.write_bytes(content[:place] + (b"7" if content[place : place + 1] != b"7" else b"8") + content[place + 1 :])


@pytest.mark.parametrize(("damaged", "replayed"), [(1, 30 * 5 + 1 + 4 * 5 + 1), (2, 2 + 134 * 5 + 3)])
async def test_damaged_snapshot_is_passed_over_for_the_one_before_or_for_the_beginning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damaged: int, replayed: int
) -> None:
    clock = ManualClock()
    before = await run(tmp_path, clock, rounds=(100, 30, 4))
    for path in snapshots(tmp_path)[::-1][:damaged]:
        damage(path)
    site = Site(tmp_path, clock)
    assert (site.replayed, everything(site)) == (replayed, before)
    assert len([record for record in caplog.records if "is of no use" in record.message]) == damaged
    await site.stop()


async def test_snapshot_whose_state_is_not_what_it_says_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("haversack.exchange.snapshot.keeper._hash", lambda *_: "0" * 64)
    clock = ManualClock()
    before = await run(tmp_path, clock, rounds=(20, 3))
    site = Site(tmp_path, clock)
    assert (site.replayed, everything(site)) == (before[1], before)
    assert "another state than it says" in caplog.text
    await site.stop()


async def test_snapshot_of_another_past_is_passed_over(tmp_path: Path) -> None:
    clock = ManualClock()
    await run(tmp_path, clock, rounds=(3,))
    (tmp_path / "copy.db").write_bytes((tmp_path / FILE_NAME).read_bytes())
    await run(tmp_path, clock, rounds=(5, 0))
    assert len(snapshots(tmp_path)) == 1
    # The owner puts an older copy back, which then goes on in another way.
    (tmp_path / "copy.db").replace(tmp_path / FILE_NAME)
    (tmp_path / HISTORIES).unlink()
    for path in snapshots(tmp_path):
        path.rename(tmp_path / "later")
    before = await run(tmp_path, clock, rounds=(9,))
    (tmp_path / "later").rename(tmp_path / "snapshot-00000000-000000000001.jsonl")
    kept = tmp_path / "snapshot-00000000-000000000001.jsonl"
    name = kept.read_text().split('"journal":"')[1][:8]
    kept.rename(tmp_path / f"snapshot-{name}-000000000000044.jsonl")
    site = Site(tmp_path, clock)
    assert everything(site) == before
    await site.stop()


async def test_signed_order_is_not_taken_again_after_a_start_from_a_snapshot(tmp_path: Path) -> None:
    clock = ManualClock()
    site = Site(tmp_path, clock)
    fields = {"symbol": SYMBOL, "side": "Bid", "orderType": "Limit", "price": "90", "quantity": "1"}
    body = b'{"symbol":"SOL_USDC","side":"Bid","orderType":"Limit","price":"90","quantity":"1"}'
    headers = Stranger(site.desk).headers("orderExecute", fields) | {"Content-Type": "application/json"}
    assert (await site.desk.request("POST", "/api/v1/order", headers, body)).status == 200
    await site.snapshot()
    await site.stop()
    for price in ("91", "92"):
        site = Site(tmp_path, clock)
        assert site.replayed == 0
        again = await site.desk.request("POST", "/api/v1/order", headers, body)
        assert said(again) == (400, "INVALID_CLIENT_REQUEST", "Duplicate request: this signature was used before")
        # The second start knows it from the first one's snapshot alone.
        await Stranger(site.desk).place(price=price)
        await site.snapshot()
        await site.stop()


async def test_histories_that_were_removed_are_made_anew_from_the_journal(tmp_path: Path) -> None:
    clock = ManualClock()
    before = await run(tmp_path, clock, rounds=(20, 5, 3))
    remove_histories(tmp_path)
    site = Site(tmp_path, clock)
    assert everything(site) == before
    await site.stop()


def remove_histories(folder: Path) -> None:
    for path in folder.glob(f"{HISTORIES}*"):
        path.unlink()


async def test_damaged_histories_are_made_anew_from_the_journal(tmp_path: Path) -> None:
    clock = ManualClock()
    before = await run(tmp_path, clock, rounds=(20, 5, 3))
    (tmp_path / HISTORIES).write_bytes(b"dear diary " * 1_000)
    site = Site(tmp_path, clock)
    assert everything(site) == before
    await site.stop()


async def test_histories_that_are_ahead_of_their_journal_are_made_anew(tmp_path: Path) -> None:
    clock = ManualClock()
    await run(tmp_path, clock, rounds=(3,))
    older = (tmp_path / FILE_NAME).read_bytes()
    await run(tmp_path, clock, rounds=(5,))
    (tmp_path / FILE_NAME).write_bytes(older)
    site = Site(tmp_path, clock)
    orders = site.venue.archive.orders(1, GetOrderHistory(), now_us=clock.now_us())
    assert orders.total == 3 * 2
    await site.stop()


async def test_journal_forgets_what_two_snapshots_stand_behind_and_nobody_wishes_to_keep(tmp_path: Path) -> None:
    clock = ManualClock()
    before = await run(tmp_path, clock, rounds=(40, 40, 40, 2), keep=100)
    site = Site(tmp_path, clock)
    journal = site.operator.log
    older, newer = (int(path.stem[-15:]) for path in snapshots(tmp_path))
    assert (journal.pruned, newer - older) == (older - 1, 201)
    assert everything(site) == before
    with pytest.raises(JournalUnusable, match=r"the first 403 commands are no longer kept.*--keep"):
        list(journal.replay())
    await site.stop()


async def test_nothing_is_forgotten_while_one_snapshot_is_all_there_is(tmp_path: Path) -> None:
    clock = ManualClock()
    before = await run(tmp_path, clock, rounds=(40, 2), keep=0)
    snapshots(tmp_path)[0].write_bytes(b"")
    site = Site(tmp_path, clock)
    assert (site.replayed, everything(site)) == (before[1], before)
    await site.stop()


async def test_so_many_commands_are_kept_as_somebody_wishes(tmp_path: Path) -> None:
    clock = ManualClock()
    await run(tmp_path, clock, rounds=(40, 40, 40, 0), keep=350)
    site = Site(tmp_path, clock)
    # 602 with the opening of the accounts and the prices, and then one more price without a snapshot.
    assert site.operator.log.pruned == 605 - 350
    await site.stop()


async def test_pruned_journal_goes_on_from_the_older_snapshot_if_the_newer_is_damaged(tmp_path: Path) -> None:
    clock = ManualClock()
    before = await run(tmp_path, clock, rounds=(40, 40, 40, 2), keep=0)
    snapshots(tmp_path)[1].write_bytes(b"")
    site = Site(tmp_path, clock)
    assert (site.replayed, everything(site)) == (40 * 5 + 1 + 2 * 5 + 1, before)
    await site.stop()


async def test_pruned_journal_whose_histories_are_gone_starts_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock()
    before = await run(tmp_path, clock, rounds=(40, 40, 40, 2), keep=0)
    remove_histories(tmp_path)
    site = Site(tmp_path, clock)
    assert everything(site)[:2] == before[:2]
    assert "the histories before command 605 are lost" in caplog.text
    assert site.venue.archive.orders(1, GetOrderHistory(), now_us=clock.now_us()).total == 2 * 2
    assert site.venue.archive.resting(1) is None
    await site.stop()


async def test_new_beginning_takes_nothing_from_the_old_snapshots(tmp_path: Path) -> None:
    clock = ManualClock()
    site = Site(tmp_path, clock)
    await site.trade(10)
    await site.snapshot()
    await site.operator.renew()
    await site.trade(1)
    await site.stop()
    site = Site(tmp_path, clock)
    assert (site.venue.seq, site.replayed) == (7, 7)
    await site.stop()


async def test_state_of_the_moment_is_written_though_orders_come_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(tmp_path, ManualClock())
    await site.trade(20)
    expected = site.venue.engine.state_hash()
    settled, seen = site.venue.settled, list[int | None]()

    async def settled_late() -> None:
        # Between the copy and all that follows, the exchange goes on.
        if not seen:
            seen.append(site.do(order(1, Side.BID, 4_000)))
        await settled()

    monkeypatch.setattr(site.venue, "settled", settled_late)
    await site.snapshot()
    after = site.venue.engine.state_hash()
    await site.stop()
    assert f'"hash":"{expected}"' in snapshots(tmp_path)[0].read_text()
    site = Site(tmp_path, site.clock)
    assert (site.replayed, site.venue.engine.state_hash()) == (1, after)
    await site.stop()


async def test_exchange_with_a_crowd_goes_on_from_a_snapshot(tmp_path: Path) -> None:
    clock = ManualClock()
    site = Site(tmp_path, clock, crowd=True)
    await site.operator.pulse.advance(20_000_000)
    await site.snapshot()
    await site.operator.pulse.advance(2_000_000)
    seq, before = site.venue.seq, (site.venue.engine.state_hash(), site.venue.archive.trades(SYMBOL, limit=1000))
    await site.stop()
    site = Site(tmp_path, clock, crowd=True)
    assert (site.venue.engine.state_hash(), site.venue.archive.trades(SYMBOL, limit=1000)) == before
    assert 0 < site.replayed < seq
    assert loads(await site.desk.get("/api/v1/ticker?symbol=SOL_USDC"))["trades"] != "0"
    await site.stop()


async def test_public_trades_reach_further_back_than_memory_does(tmp_path: Path) -> None:
    site = Site(tmp_path, ManualClock())
    await site.trade(1)
    for _ in range(1_099):
        site.do(order(1, Side.ASK, 10_000))
        site.do(order(2, Side.BID, 10_000, TimeInForce.IOC))
    await site.venue.settled()
    recent = loads(await site.desk.get(f"/api/v1/trades?symbol={SYMBOL}&limit=1000"))
    pages = [
        loads(await site.desk.get(f"/api/v1/trades/history?symbol={SYMBOL}&limit=500&offset={offset}"))
        for offset in (0, 500, 1_000, 1_500)
    ]
    assert pages[3] == []
    assert pages[0] + pages[1] == recent
    ids = [trade["id"] for page in pages for trade in page]
    assert ids == list(range(ids[0], FIRST_TRADE_ID - 1, -1))
    assert len(ids) > 1_050
    await site.stop()


async def test_oldest_public_trades_of_a_market_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("haversack.exchange.views.histories.TRADES_MAX", 30)
    site = Site(tmp_path, ManualClock())
    await site.trade(100)
    assert len(site.venue.archive.trades(SYMBOL, limit=1000)) == 30
    await site.stop()
