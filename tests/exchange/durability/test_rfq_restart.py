"""Requests and quotes outlast a restart, from the journal and from a snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from exchange.durability.sites import Site
from exchange.rfq_talk import asked, quoted, talkers
from exchange.stranger import loads
from haversack.clock import ManualClock


async def everything(site: Site) -> list[Any]:
    """What the three could learn, and the state's hash."""
    told: list[Any] = [site.venue.engine.state_hash(), site.venue.engine.facilities_due_us()]
    for talker in talkers(site.desk):
        told += [await talker.rfqs(), await talker.balances()]
        told += [loads(await talker.history(kind)) for kind in ("rfq", "quote", "rfq/fill", "quote/fill")]
    return told


@pytest.mark.parametrize("has_snapshot", [False, True], ids=["journal", "snapshot"])
async def test_open_requests_and_past_ones_are_the_same_after_a_restart(tmp_path: Path, *, has_snapshot: bool) -> None:
    clock = ManualClock()
    site = Site(tmp_path, clock)
    alice, bob, carol = talkers(site.desk)
    await alice.accept(await quoted(bob, await asked(alice)))
    await alice.cancel_rfq(rfqId=await asked(alice))
    held = await asked(alice, executionMode="Immediate", price="90", clientId=4)
    rfq_id = await asked(alice)
    clock.advance(ms=1_000)
    await alice.refresh(held)
    best = await quoted(bob, rfq_id)
    if has_snapshot:
        await site.snapshot()
    await quoted(carol, rfq_id, "98", "102")
    before = await everything(site)
    await site.stop()
    site = Site(tmp_path, clock)
    assert await everything(site) == before
    assert (site.replayed < 5) is has_snapshot
    # They go on: one is taken, the other expires.
    alice, *_ = talkers(site.desk)
    assert loads(await alice.accept(best, rfqId=rfq_id))["status"] == "Filled"
    clock.advance(ms=120_000)
    site.venue.tick(clock.now_us())
    await site.venue.settled()
    past = loads(await alice.history("rfq", sortDirection="Asc"))
    assert [row["status"] for row in past] == ["Filled", "Cancelled", "Expired", "Filled"]
    assert await alice.rfqs() == []
    await site.stop()
