"""What is remembered on disk: nothing delivered is ever unrecorded, whatever byte the file ends at."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from account.said import T0_MS, fill_frame
from haversack.account.changes import Filled
from haversack.account.file import MemoryFile
from haversack.account.fills import AccountFill, FillMemory, fill_in_frame
from haversack.account.memory import Begun, Complete, Delivering, Entry, Known, Taken, entries_of, recalled, rewritten, written
from haversack.account.view import AccountView
from haversack.errors import UsageError


def fill(trade_id: int, *, time_ms: int = T0_MS) -> AccountFill:
    told = fill_in_frame(fill_frame(trade_id, "0.1", "1", engine_us=time_ms * 1_000))
    assert told is not None
    return told


BEGUN: list[Entry] = [Begun(1, T0_MS)]


def numbers(fills: list[AccountFill]) -> list[int | None]:
    return [each.trade_id for each in fills]


def test_everything_comes_back() -> None:
    recall = recalled(written([*BEGUN, Delivering(0, [fill(1), fill(2)]), Taken(1), Complete(T0_MS + 5)]))
    assert numbers(recall.doubtful) == [2]
    assert (recall.memory.start_ms, recall.memory.complete_until_ms, len(recall.memory)) == (T0_MS, T0_MS + 5, 2)
    assert not recall.is_damaged
    assert recall.memory.sift([fill(1), fill(2)]).new == []


def test_file_that_is_written_anew_tells_the_same() -> None:
    one = recalled(written([*BEGUN, Delivering(0, [fill(1), fill(2), fill(3)]), Taken(2), Complete(T0_MS + 5)]))
    two = recalled(rewritten(one))
    assert numbers(two.doubtful) == [3]
    assert two.memory.known() == one.memory.known()
    assert two.memory.floor_ms == one.memory.floor_ms


def test_file_that_is_written_anew_forgets_what_is_below_the_floor() -> None:
    recall = recalled(written([*BEGUN, Delivering(0, [fill(n) for n in range(1, 1_000)]), Taken(999), Complete(T0_MS + 999_999)]))
    assert len(rewritten(recall)) < 300


def test_empty_file_is_a_beginning() -> None:
    recall = recalled(b"")
    assert (recall.memory.start_ms, recall.doubtful, rewritten(recall)) == (None, [], b"")


@pytest.mark.parametrize("length", range(len(written([Begun(1, T0_MS, "ab")]))))
@pytest.mark.parametrize("tail", [b"", b"\0\0"])
def test_first_line_that_is_torn_is_a_beginning(length: int, tail: bytes) -> None:
    recall = recalled(written([Begun(1, T0_MS, "ab")])[:length] + tail)
    assert recall.memory.start_ms is None


@pytest.mark.parametrize("content", [b"c2VjcmV0a2V5", b"12345678 hello", b'{"format": 1}', b'0000000 {"is":"begun","format":1'])
def test_one_line_of_somebody_else_is_not_taken_for_a_torn_one(content: bytes) -> None:
    with pytest.raises(UsageError, match="no memory of fills"):
        recalled(content)


@pytest.mark.parametrize("content", [b"hello\n", b"hello\nworld\n", b"\0\0\n", written([Begun(2, 0)]), written([Taken(1)])])
def test_file_that_is_something_else_is_refused(content: bytes) -> None:
    with pytest.raises(UsageError, match="no memory of fills"):
        recalled(content)


def test_torn_line_is_not_read_and_harms_nothing() -> None:
    sound = written([*BEGUN, Delivering(0, [fill(1)])])
    torn = written([Delivering(1, [fill(2)])])
    for length in range(len(torn)):
        recall = recalled(sound + torn[:length])
        assert numbers(recall.doubtful) == [1]
        assert not recall.is_damaged


@pytest.mark.parametrize("tail", [b"\0" * 512, b"\xff\xfe", b"00000000 {}\n", b"\n"])
def test_garbage_at_the_end_is_not_read(tail: bytes) -> None:
    assert numbers(recalled(written([*BEGUN, Delivering(0, [fill(1)])]) + tail).doubtful) == [1]


def test_damage_in_the_middle_is_noticed_and_nothing_behind_it_moves_the_floor() -> None:
    lines = [
        written([entry]) for entry in (*BEGUN, Delivering(0, [fill(1)]), Delivering(1, [fill(2)]), Complete(T0_MS + 999_999))
    ]
    lines[1] = lines[1].replace(b"0.1", b"0.2")
    recall = recalled(b"".join(lines))
    assert recall.is_damaged
    assert recall.memory.complete_until_ms is None
    assert numbers(recall.doubtful) == [2]


def run(content: bytes, trade_ids: list[int], told: dict[int, list[bool]], stop_at: int) -> bytes:
    """A run that hears of fills, each of which is recorded and then delivered, until its file would be longer than `stop_at`."""
    recall = recalled(content)
    content = rewritten(recall)
    view = AccountView(recall=recall, since_ms=T0_MS)
    for trade_id in (0, *trade_ids):
        if trade_id:
            view.framed(fill_frame(trade_id, "0.1", "1"), 0)
        batch = view.outgoing(0)
        if batch is None:
            continue
        content += batch.record
        if len(content) > stop_at:
            return content[:stop_at]
        for event in batch.events:
            if isinstance(event, Filled):
                told.setdefault(event.fill.trade_id or 0, []).append(event.fill.maybe_repeated)
        view.delivered(batch)
    return content


def test_killed_at_any_byte_a_program_that_starts_again_has_every_fill_once_or_marked() -> None:
    whole = len(run(b"", [1, 2, 3], {}, 10**9))
    assert whole > 700
    for stop_at in range(whole + 1):
        told: dict[int, list[bool]] = {}
        left = run(b"", [1, 2, 3], told, stop_at)
        delivered = set(told)
        # The stream of the second run brings them all again, as the history would.
        run(left, [1, 2, 3], told, 10**9)
        assert set(told) == {1, 2, 3}
        for trade_id, marks in told.items():
            assert marks.count(False) <= 1
            assert all(marks[1:]), f"fill {trade_id} was repeated without a mark at byte {stop_at}"
            if trade_id in delivered:
                assert marks[0] is False


def test_fills_that_were_taken_for_certain_are_not_told_again() -> None:
    told: dict[int, list[bool]] = {}
    content = run(b"", [1, 2], told, 10**9)
    content = run(content, [1, 2, 3], told, 10**9)
    # Of the second one the first run's file did not say that it was taken: there was no later record.
    assert told == {1: [False], 2: [False, True], 3: [False]}


def test_file_is_its_owners_alone_and_grows_by_synced_records(tmp_path: Path) -> None:
    path = tmp_path / "fills"
    before = os.umask(0)
    try:
        with MemoryFile(path) as memory:
            memory.append(written([*BEGUN, Delivering(0, [fill(1)])]))
            assert numbers(recalled(path.read_bytes()).doubtful) == [1]
    finally:
        os.umask(before)
    assert {stat.S_IMODE(found.stat().st_mode) for found in tmp_path.iterdir()} == {0o600}
    with MemoryFile(path) as memory:
        assert numbers(memory.recall.doubtful) == [1]


def test_record_is_synced_before_append_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "fills"
    synced: list[bytes] = []
    sync = os.fsync

    def note(handle: int) -> None:
        synced.append(path.read_bytes() if path.exists() else b"")
        sync(handle)

    with MemoryFile(path) as memory:
        monkeypatch.setattr(os, "fsync", note)
        memory.append(written(BEGUN))
        memory.append(written([Delivering(0, [fill(1)])]))
    assert synced == [written(BEGUN), written([*BEGUN, Delivering(0, [fill(1)])])]


def test_record_that_cannot_be_synced_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "fills"

    def fail(handle: int) -> None:
        raise OSError(5, "Input/output error")

    with MemoryFile(path) as memory:
        memory.append(written(BEGUN))
        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="Input/output"):
            memory.append(written([Delivering(0, [fill(1)])]))
        assert path.read_bytes() == written(BEGUN)


def test_nothing_is_written_behind_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "fills"
    path.write_bytes(written([*BEGUN, Delivering(0, [fill(1)])]) + b"12345")
    with MemoryFile(path) as memory:
        memory.append(written([Taken(1), Delivering(1, [fill(2)])]))
    with MemoryFile(path) as memory:
        assert numbers(memory.recall.doubtful) == [2]


def test_second_program_on_one_file_is_refused(tmp_path: Path) -> None:
    with MemoryFile(tmp_path / "fills"), pytest.raises(UsageError, match="another program"):
        MemoryFile(tmp_path / "fills")
    MemoryFile(tmp_path / "fills").close()


@pytest.mark.parametrize("content", [b"Dear Sir\n", b"c2VjcmV0a2V5"])
def test_file_that_is_something_else_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "letter"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="letter: this file is no memory"):
        MemoryFile(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("place", ["missing/fills", "letter/fills", "folder"])
def test_place_that_cannot_be_written_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "letter").write_bytes(b"Dear Sir\n")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match=f"fills cannot be remembered in .*{place}"):
        MemoryFile(tmp_path / place)


def test_file_knows_whose_fills_it_remembers(tmp_path: Path) -> None:
    path = tmp_path / "fills"
    path.write_bytes(written([*BEGUN, Delivering(0, [fill(1)])]))
    MemoryFile(path, account="one").close()
    assert path.read_bytes().splitlines()[0].endswith(b'"account":"one"}')
    with pytest.raises(UsageError, match=r"fills of another key \(one\) than this one \(two\)"):
        MemoryFile(path, account="two")
    with MemoryFile(path, account="one") as memory:
        assert numbers(memory.recall.doubtful) == [1]
    with MemoryFile(path, account="two", key_changed=True) as memory:
        assert numbers(memory.recall.doubtful) == [1]
    with pytest.raises(UsageError, match=r"another key \(two\)"):
        MemoryFile(path, account="one")


def test_new_file_notes_whose_it_is_with_its_first_record(tmp_path: Path) -> None:
    path = tmp_path / "fills"
    with MemoryFile(path, account="one") as memory:
        view = AccountView(recall=memory.recall, since_ms=T0_MS)
        view.framed(fill_frame(1, "0.1", "0.1"), 0)
        batch = view.outgoing(0)
        assert batch is not None
        memory.append(batch.record)
    assert recalled(path.read_bytes()).account == "one"


def test_a_link_to_a_file_stays_a_link_and_shares_its_lock(tmp_path: Path) -> None:
    path, link = tmp_path / "fills", tmp_path / "link"
    link.symlink_to(path)
    with MemoryFile(link) as memory:
        memory.append(written(BEGUN))
        with pytest.raises(UsageError, match="another program"):
            MemoryFile(path)
    assert link.is_symlink()
    assert path.read_bytes() == written(BEGUN)


def test_a_forked_process_does_not_keep_a_file_locked(tmp_path: Path) -> None:
    path = tmp_path / "fills"
    memory = MemoryFile(path)
    held = os.dup(memory._lock)  # pyright: ignore[reportPrivateUsage]  What a fork leaves in another process.
    memory.close()
    MemoryFile(path).close()
    os.close(held)


def test_record_that_does_not_fit_on_the_disk_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    import resource

    path = tmp_path / "fills"
    record = written([*BEGUN, Delivering(0, [fill(1)])])
    with MemoryFile(path) as memory:
        memory.append(record)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(record) + 50, hard))
        try:
            with pytest.raises(OSError, match="too large"):
                memory.append(written([Delivering(1, [fill(2)])]))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert path.read_bytes() == record
        memory.append(written([Delivering(1, [fill(3)])]))
    assert numbers(recalled(path.read_bytes()).doubtful) == [1, 3]


def test_known_fills_of_an_older_file_are_known() -> None:
    recall = recalled(written([*BEGUN, Known([(fill(1).key, T0_MS)])]))
    assert recall.memory.sift([fill(1)]).new == []
    assert entries_of(rewritten(recall)) == [Begun(1, T0_MS), Known([(fill(1).key, T0_MS)])]


def test_memory_that_was_never_read_asks_from_its_beginning() -> None:
    memory = FillMemory(since_ms=T0_MS)
    assert memory.floor_ms == T0_MS
