"""Writes a journal on a disk in memory, cuts the power, and looks what is left."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import NamedTuple

from exchange.durability.disk import Disk, images
from exchange.journal_writer import GENESIS, START_US, entry
from haversack.clock import seeded_random
from haversack.exchange.journal import FILE_NAME, Journal, JournalUnusable

IMAGES_PER_RUN = 20


class Lost(AssertionError):
    """A promise was broken."""


class Acknowledged(NamedTuple):
    """How far the disk's log was when so many entries were acknowledged, and so many forgotten on purpose."""

    calls: int
    seq: int
    pruned: int


def scribble(disk: Disk, folder: Path, dice: random.Random) -> list[Acknowledged]:
    """Batches of all sizes, some of them with old entries forgotten in between; and a checkpoint now and then."""
    told: list[Acknowledged] = []
    with Journal.open(folder, GENESIS, connect=disk.connect) as journal:
        journal._db.execute(f"PRAGMA wal_autocheckpoint={dice.choice((4, 20, 1000))}")
        number = 0
        for _ in range(dice.randrange(5, 25)):
            size = dice.choice((1, 1, 2, 10, 60))
            journal.append([entry(number + each, dice.randbytes(64), number) for each in range(1, size + 1)])
            number += size
            told.append(Acknowledged(len(disk.log), number, journal.pruned))
            if dice.random() < 0.15:
                journal.prune(number // 2, rows_max=50)
                told.append(Acknowledged(len(disk.log), number, journal.pruned))
        # What happens while it closes is cut as well.
    return told


def look(content: dict[str, bytes], folder: Path, least: Acknowledged, most: int) -> None:
    """Open what is left; Lost if anything that was acknowledged is not there."""
    disk = Disk(content)
    try:
        with Journal.open(folder, GENESIS, connect=disk.connect) as journal:
            kept = [kept.now_us - START_US for kept in journal.replay(journal.pruned)]
            if (damage := journal.damage()) is not None:
                raise Lost(f"the file is damaged: {damage}")
            if journal.last_seq < least.seq or journal.pruned < least.pruned:
                raise Lost(f"{least.seq} entries were acknowledged, and {journal.last_seq} are there")
            if journal.last_seq > most or kept != list(range(journal.pruned + 1, journal.last_seq + 1)):
                raise Lost(f"entries {journal.pruned} to {journal.last_seq} of {most} are not what was written")
            journal.append([entry(journal.last_seq + 1)])
    except JournalUnusable as why:
        raise Lost(f"what is left cannot be read: {why}") from why


def cut(seed: int, *, disk: Disk | None = None, count: int = IMAGES_PER_RUN) -> int:
    """Write one journal, and cut the power so many times; how many images were looked at. Lost names the one that broke."""
    dice = seeded_random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # The lock is a file of its own, on the real disk; the start wants to know how large the journal is.
        (folder / FILE_NAME).touch()
        disk = disk or Disk()
        told = scribble(disk, folder, dice)
        # Until the journal was made nothing can have been acknowledged, and its making is cut by the first test of all.
        for number in range(count):
            until = dice.randrange(told[0].calls, len(disk.log) + 1)
            least = max((each for each in told if each.calls <= until), key=lambda each: each.calls)
            try:
                look(images(disk.log, dice, until=until), folder, least, told[-1].seq)
            except Lost as why:
                raise Lost(f"seed {seed}, image {number}, cut after call {until}: {why}") from why
    return count
