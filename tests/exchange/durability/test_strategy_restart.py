"""Strategies outlast a stop, whether their exchange starts from its journal or from a snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from exchange.durability.sites import Site
from exchange.stranger import Desk, Stranger, loads
from haversack.clock import ManualClock
from haversack.exchange.pulse import Pulse

ASKED = {"strategyType": "Scheduled", "symbol": "SOL_USDC", "duration": 40_000, "interval": 10_000, "price": "100"}


async def begin(desk: Desk) -> None:
    """One that was completed, one with an order that rests and was filled in part, and one that has not sent anything yet."""
    alice, bob = Stranger(desk, 1), Stranger(desk, 2)
    loads(await alice.write("POST", "strategyCreate", "/api/v1/strategy", side="Bid", quantity="0.04", **ASKED))
    await bob.place(side="Ask", price="100", quantity="0.04")
    await Pulse(desk.venue).advance(30_000_000)
    loads(await alice.write("POST", "strategyCreate", "/api/v1/strategy", side="Bid", quantity="4", clientStrategyId=7, **ASKED))
    await Pulse(desk.venue).advance(10_000_000)
    await bob.place(side="Ask", price="100", quantity="1.5")
    loads(await bob.write("POST", "strategyCreate", "/api/v1/strategy", side="Ask", quantity="4", **ASKED | {"price": "110"}))


async def told(desk: Desk) -> list[Any]:
    """What both are told of their strategies, and the state."""
    found: list[Any] = [desk.venue.engine.state_hash()]
    for seed in (1, 2):
        somebody = Stranger(desk, seed)
        for instruction, path in (
            ("strategyQueryAll", "/api/v1/strategies"),
            ("strategyHistoryQueryAll", "/wapi/v1/history/strategies"),
            ("orderQueryAll", "/api/v1/orders"),
            ("orderHistoryQueryAll", "/wapi/v1/history/orders"),
            ("fillHistoryQueryAll", "/wapi/v1/history/fills"),
        ):
            found.append(loads(await somebody.read(instruction, path)))
    return found


@pytest.mark.parametrize("has_snapshot", [False, True])
async def test_exchange_that_was_stopped_goes_on_with_its_strategies(tmp_path: Path, *, has_snapshot: bool) -> None:
    clock = ManualClock()
    site = Site(tmp_path, clock)
    await begin(site.desk)
    await site.venue.settled()
    if has_snapshot:
        await site.snapshot()
    before = await told(site.desk)
    await site.stop()
    again = Site(tmp_path, clock)
    assert (again.replayed == 0) is has_snapshot
    assert await told(again.desk) == before
    (running,) = before[1]
    assert (running["executedQuantity"], running["status"], len(before[3])) == ("1.5", "Running", 1)
    await Pulse(again.venue).advance(60_000_000)
    after = await told(again.desk)
    assert [(row["status"], row["executedQuantity"]) for row in after[2]] == [("Terminated", "1.5"), ("Completed", "0.04")]
    assert [(row["status"], row["cancelReason"]) for row in after[7]] == [("Terminated", "Expired")]
    assert after[1] == after[3] == after[6] == after[8] == []
    await again.stop()


async def test_strategy_whose_end_passed_while_its_exchange_was_stopped_sends_nothing_more(tmp_path: Path) -> None:
    clock = ManualClock()
    site = Site(tmp_path, clock)
    await begin(site.desk)
    await site.stop()
    clock.advance(ms=600_000)
    again = Site(tmp_path, clock)
    await Pulse(again.venue).advance(0)
    after = await told(again.desk)
    assert after[3] == []
    assert [row["executedQuantity"] for row in after[2]] == ["1.5", "0.04"]
    assert [(row["cancelReason"], row["executedQuantity"]) for row in after[7]] == [("Expired", "0")]
    await again.stop()
