"""`haversack exchange verify` finds what is wrong in a folder, and says what it could not check."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from exchange.durability.sites import Site
from haversack.cli import exchange as command
from haversack.cli.verify import verify as verify_command
from haversack.clock import ManualClock
from haversack.exchange.journal import FILE_NAME, JournalUnusable
from haversack.exchange.journal.entry import KEEP
from haversack.exchange.launch import listing_bytes
from haversack.exchange.listing import Listing
from haversack.exchange.verify import Report, verify
from haversack.exchange.views.histories import FILE_NAME as HISTORIES


def report_on(folder: Path) -> Report:
    return verify(folder, Listing.load(), listing_bytes(None))


async def fill(folder: Path, *, keep: int = 10**9, crowd: bool = False) -> None:
    """Two snapshots, and something after each of them."""
    site = Site(folder, ManualClock(), keep=keep, crowd=crowd)
    for _ in range(2):
        await site.trade(20)
        if crowd:
            await site.operator.pulse.advance(2_000_000)
        await site.snapshot()
    await site.trade(5)
    await site.stop()


def alter(path: Path, statement: str) -> None:
    db = sqlite3.connect(path)
    assert db.execute(statement).rowcount >= 1, "nothing was altered"
    db.commit()
    db.close()


@pytest.mark.parametrize("crowd", [False, True])
async def test_sound_folder_is_sound_in_all_its_parts(tmp_path: Path, *, crowd: bool) -> None:
    await fill(tmp_path, crowd=crowd)
    report = report_on(tmp_path)
    assert (report.wrong, report.unchecked) == ([], [])
    said = "\n".join(report.sound)
    for what in ("the structure", "commands 1 to", "the state after command", "the histories of commands 1 to"):
        assert what in said
    assert said.count("the snapshot at command") == 2


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE fill SET match = replace(match, '7', '8') WHERE number = 3", "a wrong fill"),
        ("UPDATE fill SET account = 7 WHERE number = 3", "a wrong fill"),
        ("UPDATE fill SET strategy_id = 7 WHERE number = 3", "a wrong fill"),
        ("UPDATE placed SET strategy_id = 7 WHERE is_open = 0", "a wrong placed"),
        ("DELETE FROM fill WHERE number = 3", "a wrong fill"),
        (
            "INSERT INTO fill SELECT number + 100, 1, symbol, order_id, time_us, NULL, NULL, facts, '[]' FROM fill LIMIT 1",
            "a wrong fill",
        ),
        ("UPDATE placed SET state = replace(state, 'Filled', 'New') WHERE is_open = 0", "a wrong placed"),
        ("DELETE FROM trade WHERE trade_id % 2", "a wrong trade"),
    ],
)
async def test_altered_history_is_found(tmp_path: Path, statement: str, found: str) -> None:
    await fill(tmp_path)
    alter(tmp_path / HISTORIES, statement)
    assert any(found in text for text in report_on(tmp_path).wrong)


async def test_altered_command_is_found(tmp_path: Path) -> None:
    await fill(tmp_path)
    alter(tmp_path / FILE_NAME, "UPDATE entry SET now_us = now_us + 1 WHERE seq = 30")
    (wrong,) = report_on(tmp_path).wrong
    assert "entry 30 is missing or altered" in wrong


async def test_command_that_the_exchange_would_refuse_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await fill(tmp_path)
    monkeypatch.setattr("haversack.exchange.journal.file._checksum", lambda _: 0)
    alter(tmp_path / FILE_NAME, "UPDATE entry SET checksum = 0")
    alter(tmp_path / FILE_NAME, "UPDATE entry SET command = (SELECT command FROM entry WHERE seq = 7) WHERE seq = 8")
    assert any("command 8 is refused" in text for text in report_on(tmp_path).wrong)


async def test_snapshot_of_another_state_and_one_that_is_damaged_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("haversack.exchange.snapshot.keeper._hash", lambda *_: "0" * 64)
    await fill(tmp_path)
    cut_short(tmp_path)
    wrong = sorted(report_on(tmp_path).wrong)
    assert [text[:27] for text in wrong] == ["the snapshot at command 102", "the snapshot at command 202"]
    assert "holds another state" in wrong[0]
    assert "is of no use: its checksum is another one" in wrong[1]


def cut_short(folder: Path) -> None:
    newest = max(folder.glob("snapshot-*"))
    newest.write_bytes(newest.read_bytes()[:-100])


async def test_damaged_page_of_the_journal_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await fill(tmp_path)
    # A start reads no more of a large file than it needs.
    monkeypatch.setattr("haversack.exchange.journal.file.CHECKED_BYTES_MAX", 0)
    damage(tmp_path / FILE_NAME)
    assert any("the journal's file is damaged" in text for text in report_on(tmp_path).wrong)


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    # The first bytes of a page with rows that are neither the oldest nor the newest.
    start = len(content) // 4096 // 2 * 4096
    content[start : start + 8] = b"\xff" * 8
    path.write_bytes(content)


async def test_what_is_no_longer_kept_is_said_to_be_unchecked_and_the_rest_is_checked(tmp_path: Path) -> None:
    await fill(tmp_path, keep=0)
    report = report_on(tmp_path)
    assert (report.wrong, report.unchecked) == ([], ["what was before command 102: the commands are no longer kept"])
    assert any("the histories of commands 103 to" in text for text in report.sound)


async def test_commands_of_another_listing_are_read_and_not_carried_out(tmp_path: Path) -> None:
    await fill(tmp_path)
    report = verify(tmp_path, Listing.load(), b"another listing")
    assert report.wrong == []
    assert "belong to other markets" in report.unchecked[0]
    assert any("commands, each with its number and checksum" in text for text in report.sound)


async def test_histories_that_are_not_there_are_said_to_be_unchecked(tmp_path: Path) -> None:
    await fill(tmp_path)
    remove(tmp_path / HISTORIES)
    report = report_on(tmp_path)
    assert report.wrong == []
    assert report.unchecked == ["the histories: they are not there, and the next start makes them anew"]


def remove(path: Path) -> None:
    path.unlink()


async def test_running_exchange_is_not_checked(tmp_path: Path) -> None:
    site = Site(tmp_path, ManualClock())
    with pytest.raises(JournalUnusable, match="in use by another exchange"):
        report_on(tmp_path)
    await site.stop()


def test_folder_without_a_journal_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(JournalUnusable, match="there is no journal in"):
        report_on(tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_command_tells_all_of_it_and_ends_with_1_if_anything_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await fill(tmp_path)
    verify_command(tmp_path)
    assert capsys.readouterr().out.splitlines()[-1] == "everything that was checked is sound"
    alter(tmp_path / HISTORIES, "DELETE FROM fill")
    with pytest.raises(SystemExit, match="1"):
        verify_command(tmp_path)
    assert "WRONG: the histories have a wrong fill" in capsys.readouterr().out


def test_command_keeps_as_much_as_the_exchange_itself_would() -> None:
    assert command.KEEP == KEEP
