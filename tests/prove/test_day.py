"""P14, the quick size: an hour of load, and that what grows is noticed and named. A day of it is `./dev prove day`."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable
from inspect import unwrap

import pytest

from haversack.signing import Signer
from haversack.streams.subscription import MarkedSubscription
from prove.day import lived
from prove.day_looks import BLOCKS, ITEMS, MORE_AT_ONCE_MAX, RESIDENT_BYTES, Look, growth, look

LOOKS = 8


@pytest.mark.timeout(600)  # It takes 14 s of a core, which may be shared with many.
def test_an_hour_of_load_leaves_memory_tasks_descriptors_and_folder_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    # The tests remember every signature, so as to search for it; nothing is logged or kept here.
    monkeypatch.setattr(Signer, "sign", unwrap(Signer.sign))
    report = lived(1, hours=1.0)
    assert report.wrong == []
    assert len(report.looks) >= 10
    counts = report.counts
    assert counts["reconnects"] >= 20
    assert counts["snapshots"] >= 10
    assert counts["orders"] >= 1_400
    assert counts["cancels"] >= 900
    assert counts["messages"] >= 15_000
    assert counts["Filled"] >= 300
    assert counts["PositionChanged"] >= 150
    assert counts["commands"] >= 15_000


class Hoard:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.kept: list[int] = []
        self.last: object = None


def looked_at(hoard: Callable[[], None]) -> list[str]:
    """What is said of so many hours in each of which this is done."""
    looks: list[Look] = []
    for hour in range(LOOKS):
        hoard()
        looks.append(look(hour))
    return growth(looks)


async def test_nothing_is_said_where_nothing_grows() -> None:
    assert looked_at(lambda: None) == []


async def test_a_list_that_grows_is_named_by_its_owner() -> None:
    hoard = Hoard()
    (wrong,) = looked_at(lambda: hoard.kept.extend([1] * 50))
    assert wrong.startswith("a list of ")
    assert wrong.endswith("Hoard.kept grew from 50 to 400")


async def test_objects_that_hang_on_each_other_are_counted() -> None:
    hoard = Hoard()

    def hold() -> None:
        for _ in range(500):
            hoard.last = (hoard.last, object())

    (wrong,) = looked_at(hold)
    assert "objects more after" in wrong
    # A chain of so many is let go link by link, or the interpreter's stack would not be long enough.
    while isinstance(hoard.last, tuple):
        hoard.last = hoard.last[0]


async def test_tasks_that_stay_are_counted() -> None:
    forever = asyncio.get_running_loop().create_future()
    tasks: list[asyncio.Task[None]] = []

    async def wait() -> None:
        await forever

    before = len(asyncio.all_tasks())
    said = looked_at(lambda: tasks.append(asyncio.create_task(wait())))
    assert f"tasks: {before + 1} became {before + LOOKS}" in said
    forever.set_result(None)
    await asyncio.gather(*tasks)


NOTHING = array("q")
FLAT = Look(hour=0, blocks=100_000, tasks=9, descriptors=9, threads=1, resident_bytes=1 << 26, keys=NOTHING, lengths=NOTHING)


@pytest.mark.parametrize(
    ("what", "step", "said"),
    [
        ("blocks", BLOCKS.once // 4 + BLOCKS.per_h, "objects more"),
        ("descriptors", MORE_AT_ONCE_MAX, "descriptors: 9 became"),
        ("threads", MORE_AT_ONCE_MAX, "threads: 1 became"),
        ("resident_bytes", RESIDENT_BYTES.once // 4 + RESIDENT_BYTES.per_h, "MiB more"),
    ],
)
def test_what_grows_by_more_than_its_bound_is_told(what: str, step: int, said: str) -> None:
    def looks(step: int) -> list[Look]:
        return [FLAT._replace(**{"hour": hour, what: getattr(FLAT, what) + hour * step}) for hour in range(LOOKS)]

    assert [said in wrong for wrong in growth(looks(step))] == [True]
    assert growth(looks(0)) == []
    assert growth([FLAT._replace(hour=hour, **{what: getattr(FLAT, what) + hour % 2}) for hour in range(LOOKS)]) == []


def test_a_bound_is_what_is_always_there_and_what_an_hour_may_add() -> None:
    assert ITEMS.after(0) == ITEMS.once
    assert ITEMS.after(2) == ITEMS.once + 2 * ITEMS.per_h


async def test_what_ended_the_program_ends_the_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_self: object) -> None:
        raise RuntimeError("no more messages")

    monkeypatch.setattr(MarkedSubscription, "__aiter__", broken)
    with pytest.raises(RuntimeError, match="no more messages"):
        await asyncio.to_thread(lived, 1, hours=0.01, warm_h=0.005)
