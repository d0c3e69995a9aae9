"""Is memory flat while an exchange on a folder carries out command after command, and how fast does it start afterwards?

Two accounts trade on one market: a quarter of the commands rest, a quarter take, half of them rest and are cancelled. Commands go
through engine, journal, tape and histories; snapshots are made on the way, as in a served exchange. HAVERSACK_COMMANDS says
how many commands: a million if it says nothing.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path

from haversack.clock import ManualClock
from haversack.exchange.engine.command import Cancel, Command, OpenAccount, Place
from haversack.exchange.engine.event import OrderAccepted
from haversack.exchange.engine.rules import FeeTier
from haversack.exchange.journal.entry import KEEP
from haversack.exchange.listing import Listing
from haversack.exchange.logbook import FolderLogbook
from haversack.exchange.operator import Operator
from haversack.exchange.snapshot.keeper import Keeper
from haversack.exchange.venue import Settings
from haversack.wire.enums import Side, TimeInForce

COMMANDS = int(os.environ.get("HAVERSACK_COMMANDS", "1_000_000"))
TOGETHER = 500
STEP_US = 40_000
"""Between two commands: the crowd's pace."""
SYMBOL = "SOL_USDC"
GRANTS = (("SOL", 10**15), ("USDC", 10**18))


def resident_mib() -> float:
    """Memory of this process that is in use."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


class Load:
    """Makes the exchange work."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator
        self._number = 0

    def step(self) -> None:
        """Four commands."""
        self._number += 1
        price = 10_000 + self._number % 50
        self._do(self._place(1, Side.ASK, price))
        self._do(self._place(2, Side.BID, price, TimeInForce.IOC))
        accepted = self._do(self._place(2, Side.BID, price - 100))
        self._do(Cancel(account=2, symbol=SYMBOL, order_id=accepted))

    def _do(self, command: Command) -> int | None:
        clock, venue = self._operator.clock, self._operator.venue
        assert isinstance(clock, ManualClock)
        clock.advance(us=STEP_US)
        first = venue.execute(command, now_us=clock.now_us())[0]
        return first.order.order_id if isinstance(first, OrderAccepted) else None

    @staticmethod
    def _place(account: int, side: Side, price: int, time_in_force: TimeInForce = TimeInForce.GTC) -> Place:
        return Place(account=account, symbol=SYMBOL, side=side, price=price, quantity=10, time_in_force=time_in_force)


def new_operator(folder: Path, clock: ManualClock) -> tuple[Operator, FolderLogbook]:
    """An exchange on the folder, not started yet."""
    logbook = FolderLogbook(folder, b"benchmark")
    return Operator(Listing.load(), Settings(has_crowd=False), clock, logbook=logbook, genesis=b"benchmark"), logbook


async def work(folder: Path, clock: ManualClock) -> tuple[list[float], float, float]:
    """Memory after each tenth, the longest time that the event loop stood still for a snapshot's copy, and the whole time."""
    operator, logbook = new_operator(folder, clock)
    operator.start()
    for key in ("a", "b"):
        operator.venue.execute(OpenAccount(key, FeeTier(800, 1000), GRANTS), now_us=clock.now_us())
    keeper, load = Keeper(lambda: logbook.place(operator.venue), keep=KEEP), Load(operator)
    used_mib: list[float] = []
    copied_s = 0.0
    started = time.perf_counter()
    for tenth in range(1, 11):
        while operator.venue.seq < COMMANDS * tenth // 10:
            for _ in range(TOGETHER // 4):
                load.step()
            await operator.venue.settled()
            begun = time.perf_counter()
            if await keeper.look():
                begun = time.perf_counter()
                operator.venue.dump()
                copied_s = max(copied_s, time.perf_counter() - begun)
        used_mib.append(resident_mib())
    took_s = time.perf_counter() - started
    await operator.finish()
    return used_mib, copied_s, took_s


async def start_s(folder: Path, clock: ManualClock) -> tuple[float, int]:
    """How long a start takes, and how many commands it replayed."""
    started = time.perf_counter()
    operator, _ = new_operator(folder, clock)
    replayed = operator.venue.start(operator.log, operator.logbook.snapshots())
    elapsed_s = time.perf_counter() - started
    await operator.finish()
    return elapsed_s, replayed


def run() -> list[tuple[str, str, str]]:
    """Question, measured, target."""
    with tempfile.TemporaryDirectory() as name:
        folder, clock = Path(name) / "exchange", ManualClock()
        used_mib, copied_s, took_s = asyncio.run(work(folder, clock))
        elapsed_s, replayed = asyncio.run(start_s(folder, clock))
        size_mib = sum(path.stat().st_size for path in folder.iterdir()) / 2**20
    told = f"{used_mib[0]:.0f} MiB after a tenth, {used_mib[-1]:.0f} MiB at the end ({COMMANDS / took_s:,.0f} commands/s)"
    return [
        (f"memory over {COMMANDS:,} commands, with histories and snapshots", told, "flat"),
        ("start afterwards", f"{elapsed_s:.2f} s, {replayed:,} commands replayed", "at most 2 s"),
        ("event loop stands still for a snapshot's copy", f"{copied_s * 1000:.1f} ms", "a few ms"),
        ("folder", f"{size_mib:,.0f} MiB", "-"),
    ]


if __name__ == "__main__":
    for row in run():
        print(" | ".join(row))
