"""A file that is written as a whole is there as a whole, or what was before it is, whenever the power fails."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from exchange.durability.sites import Site
from haversack.clock import ManualClock
from haversack.exchange import durable
from haversack.exchange.snapshot import keeper
from haversack.exchange.snapshot.content import header_in
from haversack.exchange.views.histories import FILE_NAME as HISTORIES

OLD, NEW = b"what was there before", b"what is there now" * 100


class Recorder:
    """Does what `os` does, and keeps what would be left after each step if the power failed: the least and the most of it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_synced: dict[int, bool] = {}
        self._content_synced = False
        self._name_synced = True
        self.left: list[set[bytes]] = []

    def calls(self) -> Any:
        names = {name: getattr(os, name) for name in ("O_WRONLY", "O_CREAT", "O_EXCL", "O_RDONLY", "close", "open")}
        return SimpleNamespace(**names, write=self._write, fsync=self._fsync, replace=self._replace)

    def _write(self, handle: int, piece: bytes) -> int:
        written = os.write(handle, piece[:7])
        self._content_synced = False
        self._look()
        return written

    def _fsync(self, handle: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{handle}"):
            self._name_synced = True
        else:
            self._content_synced = True
        self._look()

    def _replace(self, source: Path, target: Path) -> None:
        os.replace(source, target)
        self._name_synced = False
        self._look()

    def _look(self) -> None:
        now = self._path.read_bytes()
        left = {now if now == OLD or self._content_synced else b""}
        if not self._name_synced:
            left.add(OLD)
        self.left.append(left)


def test_file_is_there_as_a_whole_or_as_it_was_whenever_the_power_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(OLD)
    recorder = Recorder(path)
    monkeypatch.setattr(durable, "os", recorder.calls())
    durable.write_whole(path, [NEW[:100], NEW[100:]])
    assert len(recorder.left) > 100
    assert set.union(*recorder.left) == {OLD, NEW}
    assert recorder.left[-1] == {NEW}, "it was said to be on disk, and is not"


def test_file_is_for_its_owner_alone_and_goes_through_no_link(tmp_path: Path) -> None:
    (tmp_path / "file.part").symlink_to(tmp_path / "elsewhere")
    durable.write_whole(tmp_path / "file", [NEW])
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "elsewhere").exists()


def test_file_that_finds_no_room_leaves_nothing_and_what_was_there_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(OLD)

    def no_room(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(OSError, match="No space"):
        durable.write_whole(path, [NEW])
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {"file": OLD}


async def test_snapshot_counts_only_once_journal_and_histories_have_its_commands_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, seen = Site(tmp_path / "site", ManualClock()), []

    def write_whole(path: Path, pieces: list[bytes]) -> None:
        # Without its log the database holds only what was synced.
        shutil.copy(tmp_path / "site" / HISTORIES, tmp_path / "copy.db")
        (synced,) = sqlite3.connect(tmp_path / "copy.db").execute("SELECT seq FROM origin").fetchone()
        seen.append((header_in(b"".join(pieces)).seq, synced, site.operator.log.last_seq))
        durable.write_whole(path, pieces)

    monkeypatch.setattr(keeper, "write_whole", write_whole)
    await site.trade(10)
    await site.snapshot()
    assert seen == [(52, 52, 52)]
    await site.stop()


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), sqlite3.OperationalError("disk is full")])
async def test_snapshot_that_cannot_be_written_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def write_whole(*_: object) -> None:
        raise error

    site = Site(tmp_path, ManualClock())
    await site.trade(10)
    with monkeypatch.context() as patch:
        patch.setattr(keeper, "write_whole", write_whole)
        assert not await site.keeper.look(1)
    assert str(error) in caplog.text
    await site.trade(10)
    assert await site.keeper.look(1)
    await site.stop()
