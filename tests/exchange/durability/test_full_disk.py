"""Histories that cannot be written stop the exchange with a text, and lose nothing: they follow from the journal."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from exchange.durability.sites import Site
from exchange.durability.test_snapshots import everything
from exchange.stranger import Stranger, loads, said
from haversack.clock import ManualClock


class FullDisk:
    """A database that takes nothing more."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def execute(self, statement: str, values: Any = ()) -> Any:
        if statement == "COMMIT":
            raise sqlite3.OperationalError("database or disk is full")
        return self._db.execute(statement, values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)


async def test_histories_on_a_full_disk_stop_new_orders_with_a_text_and_lose_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("haversack.exchange.views.histories.WAITING_MAX", 5)
    site = Site(tmp_path, ManualClock())
    somebody, acknowledged = Stranger(site.desk), []
    assert (await somebody.place(price="90")).status == 200
    histories: Any = site.venue.archive.histories
    sound = histories._db
    histories._db = FullDisk(sound)
    while (reply := await somebody.place(price="90", quantity="0.01")).status == 200:
        acknowledged.append(loads(reply)["id"])
    assert 0 < len(acknowledged) < 20
    asked = await somebody.read("orderHistoryQueryAll", "/wapi/v1/history/orders")
    assert said(reply) == said(asked)
    assert said(reply)[:2] == (503, "MAINTENANCE")
    assert "histories.db cannot be written: database or disk is full; free its disk and restart" in said(reply)[2]
    histories._db = sound
    await site.stop()

    site = Site(tmp_path, site.clock)
    rows = loads(await Stranger(site.desk).read("orderHistoryQueryAll", "/wapi/v1/history/orders"))
    assert [row["id"] for row in rows][::-1][1:] == acknowledged
    await site.stop()


async def test_exchange_that_ends_at_any_moment_tells_the_same_histories_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Written after every few changes, and not when it ends: as if it had been killed.
    monkeypatch.setattr("haversack.exchange.views.histories.WAITING_MAX", 7)
    clock = ManualClock()
    whole = Site(tmp_path / "whole", clock)
    start_us = clock.now_us()
    await whole.trade(12)
    for rounds in range(1, 12):
        clock.set_now_us(start_us)
        site = Site(tmp_path / f"killed-{rounds}", clock)
        await site.trade(rounds)
        histories: Any = site.venue.archive.histories
        for waiting in (histories._placed, histories._changed, histories._fills, histories._trades):
            waiting.clear()
        await site.stop()
        site = Site(tmp_path / f"killed-{rounds}", clock)
        await site.trade(12 - rounds)
        assert everything(site) == everything(whole)
        await site.stop()
    await whole.stop()
