"""P14: hours of load on an exchange with a crowd and on its client leave memory, tasks, descriptors and its folder as they were.

Everything is as it is when a program trades on a served exchange: real sockets, a journal and histories on disk, snapshots that
let the journal forget, streams that are lost now and then. The clock is that of a loop that jumps from one timer to the next.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import tempfile
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from unittest import mock

from haversack.rest.client_ids import client_ids_of_process
from prove.day_load import DayLoop, day, little_remembered
from prove.day_looks import Bound, Look, growth, look
from prove.found import Found, each
from world.clock import pause
from world.fill_check import folder_for_memory

DAY_H = 24.0
WARM_H = 0.3
"""Until everything is full that is remembered up to a bound."""
LOOKS = 16
FOLDER_BYTES = Bound(1 << 20, 1 << 17)
"""Of journal, snapshots, and the client's memory of fills, which is written anew when it is opened the next time."""


@dataclass
class Report:
    """What some simulated hours came to."""

    looks: list[Look] = field(default_factory=list)
    folder_bytes: list[int] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def lived(seed: int, *, hours: float, warm_h: float = WARM_H) -> Report:
    """So many simulated hours, looked at again and again after the first ones."""
    chance, report = Random(f"{seed} chance"), Report()
    with (
        _quiet(),
        little_remembered(),
        mock.patch.object(secrets, "token_bytes", chance.randbytes),
        tempfile.TemporaryDirectory(prefix="haversack-day-", dir=folder_for_memory()) as folder,
        asyncio.Runner(loop_factory=DayLoop) as runner,
    ):
        client_ids_of_process.cache_clear()
        try:
            runner.run(_live(report, Path(folder), seed, [warm_h + (hours - warm_h) * n / LOOKS for n in range(LOOKS + 1)]))
        finally:
            client_ids_of_process.cache_clear()
    return report


async def _live(report: Report, folder: Path, seed: int, hours: list[float]) -> None:
    before = look(0)
    async with day(folder, seed) as running:
        begun_s = asyncio.get_running_loop().time()
        for hour in hours:
            # Half a second after what happens at full ones.
            await pause(begun_s + round(hour * 3_600) + 0.5 - asyncio.get_running_loop().time())
            running.check()
            report.looks.append(look(hour))
            report.folder_bytes.append(running.exchange.folder_bytes())
        report.wrong = growth(report.looks)
        grown, bound = report.folder_bytes[-1] - report.folder_bytes[0], FOLDER_BYTES.after(hours[-1] - hours[0])
        if grown > bound:
            report.wrong.append(f"the folder has {grown / 2**20:.1f} MiB more")
        report.counts = running.counts
        report.counts["commands"] = running.exchange.venue.seq
        report.counts["reconnects"] = running.streams.health().reconnects
    await pause(1.0)
    after = look(0)
    for what in ("tasks", "descriptors", "threads"):
        if getattr(after, what) > getattr(before, what):
            report.wrong.append(f"{what} left after the close: {getattr(before, what)} became {getattr(after, what)}")


@contextmanager
def _quiet() -> Generator[None]:
    """Not a line is logged: whoever collects them, as pytest does, holds more and more."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def simulated(seeds: range) -> Found:
    """A day of each seed."""

    def attempt(seed: int) -> int:
        report = lived(seed, hours=DAY_H)
        assert not report.wrong, "; ".join(report.wrong)
        return round(DAY_H)

    return each(seeds, attempt)
