"""The book equals the venue's at every update that it stands at, whatever happens on the way: 500 seeds, a world for each."""

from __future__ import annotations

import pytest

from book.world import World

# Together 500; a seed that fails stands in the message, and runs alone with `World(seed, ...)`.
BATCHES = [range(start, start + 50) for start in range(0, 500, 50)]


@pytest.mark.parametrize("seeds", BATCHES, ids=str)
def test_when_nothing_is_lost_every_update_is_seen(seeds: range) -> None:
    for seed in seeds:
        world = World(seed, faults=False)
        world.run(60)
        world.drain()
        assert world.book.update_id == world.venue.update_id, f"World({seed}, faults=False)"
        first = next(update_id for update_id in world.sent if update_id > world.seen[0])
        assert world.seen[1:] == world.sent[world.sent.index(first) :], f"World({seed}, faults=False)"
        assert world.book.counters.resyncs == 1, f"World({seed}, faults=False)"


@pytest.mark.parametrize("seeds", BATCHES, ids=str)
def test_through_every_fault_it_is_right_or_says_that_it_is_not(seeds: range) -> None:
    for seed in seeds:
        world = World(seed, faults=True)
        try:
            world.run(120)
            world.faults = False
            world.run(90)
            world.drain()
            assert world.book.update_id == world.venue.update_id
        except Exception as error:
            raise AssertionError(f"World({seed}, faults=True)") from error


@pytest.mark.parametrize("seeds", BATCHES[:4], ids=str)
def test_book_ticker_never_contradicts_a_book_that_is_right(seeds: range) -> None:
    agreed = 0
    for seed in seeds:
        world = World(seed, faults=False, tickers=True)
        world.run(60)
        world.drain()
        counters = world.book.counters
        assert (counters.disagreed, counters.resyncs) == (0, 1), f"World({seed}, faults=False, tickers=True)"
        agreed += counters.agreed
    assert agreed > 1_000


def test_faults_happen() -> None:
    """None of the worlds above would prove anything if nothing went wrong in it."""
    totals = [0, 0, 0, 0]
    for seed in range(50):
        world = World(seed, faults=True)
        world.run(120)
        counters = world.book.counters
        happened = (counters.gaps, counters.resyncs - 1, counters.stale_dropped, counters.snapshots_unfit)
        totals = [total + number for total, number in zip(totals, happened, strict=True)]
    assert min(totals) > 50, totals
