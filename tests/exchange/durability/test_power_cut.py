"""The power fails at any moment: whatever was acknowledged is there, and everything can be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from exchange.durability.disk import Database, Disk, images
from exchange.durability.lab import IMAGES_PER_RUN, Lost, cut, look
from exchange.journal_writer import GENESIS, START_US, entry
from haversack.clock import seeded_random
from haversack.exchange.journal import FILE_NAME, Journal, JournalStopped, JournalUnusable

IMAGES = {"quick": 1_000, "deep": 1_000_000}[os.environ.get("HAVERSACK_DEPTH", "quick")]
RUNS = IMAGES // IMAGES_PER_RUN


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / FILE_NAME).touch()
    return tmp_path


@pytest.mark.timeout(0 if RUNS > 1_000 else 120)
def test_power_cut_loses_nothing_that_was_acknowledged_and_leaves_nothing_unreadable() -> None:
    assert sum(cut(seed) for seed in range(RUNS)) == IMAGES


def test_without_a_sync_at_every_commit_the_same_cuts_lose_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Database, "statement", staticmethod(lambda text: text.replace("=FULL", "=NORMAL")))
    with pytest.raises(Lost, match="entries were acknowledged"):
        sum(cut(seed) for seed in range(RUNS))


def test_power_cut_while_a_journal_is_made_leaves_one_that_can_be_made(folder: Path) -> None:
    disk, dice = Disk(), seeded_random(0)
    Journal.open(folder, GENESIS, connect=disk.connect).close()
    for until in range(len(disk.log) + 1):
        for _ in range(5):
            content = images(disk.log, dice, until=until)
            with Journal.open(folder, GENESIS, connect=Disk(content).connect) as journal:
                journal.append([entry(1)])
                assert [kept.now_us - START_US for kept in journal.replay()] == [1]


@pytest.mark.parametrize("once", [False, True])
def test_disk_that_fails_at_any_call_loses_nothing_that_was_acknowledged(folder: Path, *, once: bool) -> None:
    dice = seeded_random(1)
    for fails_at in range(10_000):
        disk = Disk(fails_at=fails_at, once=once)
        acknowledged = _write_until_it_fails(disk, folder)
        if not disk.has_failed:
            break
        disk.heal()
        _check({name: bytes(content) for name, content in disk.files.items()}, folder, acknowledged)
        # The machine may go down with its disk.
        for _ in range(3):
            _check(images(disk.log, dice, until=len(disk.log)), folder, acknowledged)
    assert fails_at > 30


def _write_until_it_fails(disk: Disk, folder: Path) -> int:
    acknowledged = 0
    try:
        with Journal.open(folder, GENESIS, connect=disk.connect) as journal:
            journal._db.execute("PRAGMA wal_autocheckpoint=4")
            for first in (1, 2, 4, 40, 41):
                journal.append([entry(number) for number in range(first, {1: 2, 2: 4, 4: 40, 40: 41, 41: 60}[first])])
                acknowledged = journal.last_seq
                if first == 40:
                    journal.prune(3, rows_max=50)
    except JournalStopped as stopped:
        assert "free its disk and restart" in str(stopped)  # noqa: PT017  # also when it fails, nothing of what follows is skipped
    except JournalUnusable:
        assert not acknowledged
    return acknowledged


def _check(content: dict[str, bytes], folder: Path, acknowledged: int) -> None:
    with Journal.open(folder, GENESIS, connect=Disk(content).connect) as journal:
        kept = [kept.now_us - START_US for kept in journal.replay(journal.pruned)]
        assert journal.damage() is None
        assert journal.last_seq >= acknowledged
        assert kept == list(range(journal.pruned + 1, journal.last_seq + 1))
        journal.append([entry(journal.last_seq + 1)])


def test_laboratory_finds_a_file_whose_rows_are_gone(folder: Path) -> None:
    disk = Disk()
    with Journal.open(folder, GENESIS, connect=disk.connect) as journal:
        journal.append([entry(1), entry(2)])
        least = type("Least", (), {"seq": 3, "pruned": 0})()
    with pytest.raises(Lost, match="3 entries were acknowledged, and 2 are there"):
        look({name: bytes(content) for name, content in disk.files.items()}, folder, least, 3)
