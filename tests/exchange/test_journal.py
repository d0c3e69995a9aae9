"""The journal keeps what it acknowledged: through restarts, kills, full disks and damage."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from exchange import journal_writer
from exchange.engine.traffic import OPENINGS, Traffic, new_engine
from exchange.journal_writer import GENESIS, START_US, entry
from haversack.errors import UsageError
from haversack.exchange.engine.command import Cancel, Command, OpenAccount, SetPrices
from haversack.exchange.engine.rules import FeeTier
from haversack.exchange.journal import (
    FILE_NAME,
    LOCK_NAME,
    CommandLog,
    Entry,
    GroupCommitter,
    Journal,
    JournalStopped,
    JournalUnusable,
    MemoryJournal,
)
from haversack.exchange.journal.entry import PACK

KILLS, FLIPS = {"quick": (20, 200), "deep": (1_000, 100_000)}[os.environ.get("HAVERSACK_DEPTH", "quick")]


def numbers(log: CommandLog) -> list[int]:
    """Which entries a log has."""
    return [kept.now_us - START_US for kept in log.replay()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "exchange"


def test_replay_gives_back_every_kind_of_command_as_it_was(folder: Path) -> None:
    commands: list[Command] = [
        OpenAccount("key", FeeTier(800, 1_000), (("SOL", 10**30),), is_house=True),
        *(Traffic(seed).command() for seed in range(50)),
        Cancel(account=1, symbol="SOL_USDC", client_id=2**32 - 1),
        SetPrices((("SOL_USDC_PERP", 10**10),)),
    ]
    entries = [Entry(START_US, command, b"\x00nonce", 5) for command in commands]
    with Journal.open(folder, GENESIS) as journal:
        journal.append(entries)
    with Journal.open(folder, GENESIS) as journal:
        assert list(journal.replay()) == entries


@pytest.mark.parametrize("in_memory", [True, False])
def test_unexpired_nonces_are_remembered(folder: Path, *, in_memory: bool) -> None:
    log: CommandLog = MemoryJournal() if in_memory else Journal.open(folder, GENESIS)
    log.append([entry(1, b"old", 999), entry(2), entry(3, b"last", 1_000), entry(4, b"new", 2_000)])
    assert log.nonces(1_000) == [(b"last", 1_000), (b"new", 2_000)]
    if isinstance(log, Journal):
        log.close()


def test_restart_continues_the_numbering(folder: Path) -> None:
    with Journal.open(folder, GENESIS) as journal:
        journal.append([entry(1), entry(2)])
    with Journal.open(folder, GENESIS) as journal:
        assert journal.last_seq == 2
        journal.append([entry(3)])
        assert (journal.last_seq, numbers(journal)) == (3, [1, 2, 3])


def test_replayed_journal_gives_the_state_of_the_live_engine(folder: Path) -> None:
    live, traffic = new_engine(), Traffic(1)
    with Journal.open(folder, GENESIS) as journal:
        for number in range(2_000):
            command = OPENINGS[number] if number < len(OPENINGS) else traffic.command()
            journal.append([Entry(START_US + number, command)])
            traffic.learn(live.apply(command, START_US + number))
    replayed = new_engine()
    with Journal.open(folder, GENESIS) as journal:
        for kept in journal.replay():
            replayed.apply(kept.command, kept.now_us)
    assert replayed.state_hash() == live.state_hash()


def test_only_the_owner_may_look(folder: Path) -> None:
    old_mask = os.umask(0)
    try:
        with Journal.open(folder, GENESIS) as journal:
            journal.append([entry(1)])
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    finally:
        os.umask(old_mask)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert modes == {FILE_NAME: 0o600, f"{FILE_NAME}-wal": 0o600, LOCK_NAME: 0o600}


def test_folder_of_another_exchange_is_refused(folder: Path) -> None:
    Journal.open(folder, GENESIS).close()
    with pytest.raises(JournalUnusable, match=rf"{folder} belongs to an exchange with other markets"):
        Journal.open(folder, b"something else")


def test_journal_of_an_unknown_format_is_refused(folder: Path) -> None:
    Journal.open(folder, GENESIS).close()
    with _database(folder) as db:
        db.execute("PRAGMA user_version=3")
    with pytest.raises(JournalUnusable, match="has format 3, and this version of haversack reads format 2"):
        Journal.open(folder, GENESIS)


def test_database_that_is_not_a_journal_is_refused(folder: Path) -> None:
    folder.mkdir()
    with _database(folder) as db:
        db.execute("CREATE TABLE recipe (name)")
    with pytest.raises(JournalUnusable, match="is a database, but not a journal"):
        Journal.open(folder, GENESIS)


def test_file_that_is_no_database_is_refused(folder: Path) -> None:
    folder.mkdir()
    (folder / FILE_NAME).write_bytes(b"dear diary " * 1_000)
    with pytest.raises(JournalUnusable, match="is damaged or not a journal"):
        Journal.open(folder, GENESIS)


def test_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be used"):
        Journal.open(tmp_path / "file" / "exchange", GENESIS)


def test_altered_content_of_an_entry_is_found_in_replay(folder: Path) -> None:
    with Journal.open(folder, GENESIS) as journal:
        journal.append([entry(1)])
    path = folder / FILE_NAME
    path.write_bytes(path.read_bytes().replace(b',"SOL_USDC"', b',"SOL_USDT"'))
    with Journal.open(folder, GENESIS) as journal, pytest.raises(JournalUnusable, match="entry 1 is missing or altered"):
        list(journal.replay())


def test_altered_byte_anywhere_is_refused_or_changes_nothing(folder: Path) -> None:
    with Journal.open(folder, GENESIS) as journal:
        journal.append([entry(number, b"nonce", number) for number in range(300)])
        entries = list(journal.replay())
    path = folder / FILE_NAME
    sound = path.read_bytes()
    # The first hundred bytes tell what the file is; of the rest, a sample.
    places = [*range(100), *range(100, len(sound), 1 + len(sound) // FLIPS)]
    refused = 0
    for place in places:
        path.write_bytes(sound[:place] + bytes([sound[place] ^ (1 << place % 8)]) + sound[place + 1 :])
        try:
            with Journal.open(folder, GENESIS) as journal:
                assert list(journal.replay()) == entries, f"byte {place}"
        except JournalUnusable:
            refused += 1
    assert refused > len(places) // 2


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9])
def test_file_cut_short_never_goes_unnoticed(folder: Path, keep: float) -> None:
    with Journal.open(folder, GENESIS) as journal:
        journal.append([entry(number) for number in range(1_000)])
    path = folder / FILE_NAME
    os.truncate(path, int(path.stat().st_size * keep))
    with pytest.raises(JournalUnusable, match="damaged"), Journal.open(folder, GENESIS) as journal:
        list(journal.replay())


def test_missing_entry_never_goes_unnoticed(folder: Path) -> None:
    with Journal.open(folder, GENESIS) as journal:
        journal.append([entry(1), entry(2), entry(3)])
    with _database(folder) as db:
        db.execute("DELETE FROM entry WHERE seq = 2")
    with Journal.open(folder, GENESIS) as journal, pytest.raises(JournalUnusable, match="entry 2 is missing"):
        list(journal.replay())


def test_second_opening_of_a_folder_in_use_is_refused_also_from_another_process(folder: Path) -> None:
    with Journal.open(folder, GENESIS):
        with pytest.raises(JournalUnusable, match="in use by another exchange"):
            Journal.open(folder, GENESIS)
        other = subprocess.run(
            [sys.executable, journal_writer.__file__, str(folder)], capture_output=True, text=True, check=False
        )
        assert "in use by another exchange" in other.stderr
    Journal.open(folder, GENESIS).close()


def test_refused_folder_is_free_again(folder: Path) -> None:
    Journal.open(folder, GENESIS).close()
    with pytest.raises(JournalUnusable):
        Journal.open(folder, b"something else")
    Journal.open(folder, GENESIS).close()


def test_kill_loses_nothing_that_was_acknowledged(folder: Path) -> None:
    for round_ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, journal_writer.__file__, str(folder)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            acknowledged = [int(writer.stdout.readline()) for _ in range(1 + round_ * 7 % 40)]
            writer.send_signal(signal.SIGKILL)
            acknowledged += [int(line) for line in writer.stdout.read().split("\n")[:-1]]
        with Journal.open(folder, GENESIS) as journal:
            assert journal.last_seq >= acknowledged[-1]
            assert numbers(journal) == list(range(1, journal.last_seq + 1))


def test_failed_commit_stops_the_journal_and_keeps_what_was_acknowledged(folder: Path) -> None:
    with Journal.open(folder, GENESIS) as journal:
        journal.append([entry(1)])
        with _files_at_most(100_000), pytest.raises(JournalStopped, match="stopped when a commit failed"):
            journal.append([entry(number) for number in range(2, 10_000)])
        with pytest.raises(JournalStopped):
            journal.append([entry(2)])
    with Journal.open(folder, GENESIS) as journal:
        assert numbers(journal) == [1]
        journal.append([entry(2)])


@asynccontextmanager
async def committing(journal: Journal) -> AsyncIterator[GroupCommitter]:
    """A committer whose thread has ended before its journal is closed, whatever a test finds."""
    committer = GroupCommitter(journal)
    try:
        yield committer
    finally:
        await committer.close()


async def test_entries_submitted_together_keep_their_order_and_share_commits(folder: Path) -> None:
    with Journal.open(folder, GENESIS) as journal:
        async with committing(journal) as committer:
            first = [committer.submit(entry(number)) for number in range(1, 101)]
            assert len(set(map(id, first))) == 1
            assert not first[0].done()
            # The first commit runs now, so what comes next waits for the one after it.
            await asyncio.sleep(0)
            second = [committer.submit(entry(number)) for number in range(101, 201)]
            assert first[0] is not second[0]
            await committer.synced()
            assert [(receipt.done(), receipt.exception()) for receipt in first + second] == [(True, None)] * 200
        assert numbers(journal) == list(range(1, 201))


async def test_who_gives_up_waiting_stops_nobody_else(folder: Path) -> None:
    with Journal.open(folder, GENESIS) as journal:
        committer = GroupCommitter(journal)
        committer.submit(entry(1))
        impatient, patient = (asyncio.ensure_future(committer.synced()) for _ in range(2))
        await asyncio.sleep(0)
        impatient.cancel()
        await patient
        assert impatient.cancelled()
        assert numbers(journal) == [1]
        await committer.close()


async def test_failed_commit_fails_all_that_wait_and_all_that_come(folder: Path) -> None:
    with Journal.open(folder, GENESIS) as journal:
        committer = GroupCommitter(journal)
        committer.submit(entry(1))
        await committer.synced()
        with _files_at_most(100_000):
            failing = [committer.submit(entry(number)) for number in range(2, 10_000)]
            waiting = [asyncio.ensure_future(committer.synced()) for _ in range(2)]
            # The first commit runs now, so the next entry waits for the one after it.
            await asyncio.sleep(0)
            failing.append(committer.submit(entry(10_000)))
            outcomes = await asyncio.gather(*waiting, committer.synced(), return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {JournalStopped}
        assert {type(receipt.exception()) for receipt in failing} == {JournalStopped}
        with pytest.raises(JournalStopped):
            committer.submit(entry(2))
        with pytest.raises(JournalStopped):
            await committer.synced()
        await committer.close()
    with Journal.open(folder, GENESIS) as journal:
        assert numbers(journal) == [1]


async def test_memory_log_is_written_at_once() -> None:
    log = MemoryJournal()
    committer = GroupCommitter(log)
    assert committer.submit(entry(1)).done()
    await committer.synced()
    assert numbers(log) == [1]


def test_memory_log_replays_from_anywhere_and_forgets_the_oldest() -> None:
    log, entries = MemoryJournal(keep=2 * PACK), [entry(number, b"nonce", number) for number in range(1, 6 * PACK + 8)]
    for first in range(0, len(entries), 700):
        log.append(entries[first : first + 700])
    assert log.last_seq == len(entries)
    assert 0 < log.pruned <= len(entries) - 2 * PACK
    for after in (log.pruned, log.pruned + 1, log.pruned + PACK, len(entries) - PACK, len(entries) - 1, len(entries)):
        assert list(log.replay(after)) == entries[after:]
    with pytest.raises(JournalUnusable, match="are no longer kept"):
        list(log.replay())


@pytest.mark.parametrize("rows_max", [1, 7, 1_000])
def test_forgotten_entries_stay_forgotten_and_the_others_are_there(folder: Path, rows_max: int) -> None:
    with Journal.open(folder, GENESIS) as journal:
        journal.append([entry(number) for number in range(1, 31)])
        while not journal.prune(20, rows_max=rows_max):
            pass
        journal.append([entry(31)])
    with Journal.open(folder, GENESIS) as journal:
        assert (journal.pruned, journal.last_seq) == (20, 31)
        assert [kept.now_us - START_US for kept in journal.replay(20)] == list(range(21, 32))
        assert [kept.now_us - START_US for kept in journal.replay(25)] == list(range(26, 32))


def test_journal_that_forgot_everything_goes_on_counting(folder: Path) -> None:
    with Journal.open(folder, GENESIS) as journal:
        journal.append([entry(1), entry(2)])
        journal.prune(2, rows_max=10)
    with Journal.open(folder, GENESIS) as journal:
        journal.append([entry(3)])
        assert (journal.last_seq, [kept.now_us - START_US for kept in journal.replay(2)]) == (3, [3])


def test_each_journal_has_a_name_of_its_own(tmp_path: Path) -> None:
    names: list[bytes] = []
    for number in (1, 2):
        with Journal.open(tmp_path / str(number), GENESIS) as journal:
            names.append(journal.name)
        with Journal.open(tmp_path / str(number), GENESIS) as journal:
            assert journal.name == names[-1]
    assert len(set(names)) == len(names)


@contextmanager
def _database(folder: Path) -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(folder / FILE_NAME)
    yield db
    db.commit()
    db.close()


@contextmanager
def _files_at_most(size: int) -> Iterator[None]:
    """The operating system refuses to let any file grow beyond this, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
