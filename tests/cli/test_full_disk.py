"""A disk that is full is told as that, with the folder's name, wherever it is noticed: by the system, by SQLite, or in a log."""

from __future__ import annotations

import errno
import os
import sqlite3
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from cli.inside import Done, Inside
from haversack.cli.here import Surroundings
from haversack.cli.main import run
from haversack.cli.profile.opening import Address
from haversack.cli.profile.sim import LOG_NAME
from haversack.cli.space import is_nearly_full, no_space
from haversack.errors import ConnectFailed, HaversackError
from haversack.exchange.journal import JournalStopped, JournalUnusable

NEARLY_FULL = "haversack.cli.space.is_nearly_full"
HINT = "free some, or use another folder"


def full_database() -> sqlite3.Error:
    """What SQLite raises where a page more has no room: here because it may have only so many."""
    with sqlite3.connect(":memory:") as db:
        db.execute("PRAGMA max_page_count = 1")
        with pytest.raises(sqlite3.OperationalError) as raised:
            db.execute("CREATE TABLE t (a)")
        return raised.value


def behind(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


FULL: list[Callable[[], Exception]] = [
    full_database,
    lambda: OSError(errno.ENOSPC, "No space left on device"),
    lambda: OSError(errno.EDQUOT, "Disk quota exceeded"),
    lambda: behind(JournalUnusable("the folder cannot be used"), full_database()),
    lambda: behind(JournalStopped("a commit failed"), behind(JournalStopped("once more"), full_database())),
]


@pytest.mark.parametrize("made", FULL, ids=["sqlite", "system", "quota", "journal", "commit"])
def test_a_full_disk_is_known_however_it_is_wrapped(made: Callable[[], Exception], tmp_path: Path) -> None:
    assert str(no_space(tmp_path, made())) == f"no space left on device: {tmp_path}"


def test_another_trouble_is_no_full_disk(tmp_path: Path) -> None:
    for error in (PermissionError(errno.EACCES, "no"), HaversackError("x"), sqlite3.OperationalError("database is locked"), None):
        assert no_space(tmp_path, error) is None
    assert not is_nearly_full(tmp_path / "not" / "there")


def test_what_was_found_to_be_something_else_stays_that(tmp_path: Path) -> None:
    error = HaversackError("standard output")
    error.__context__ = OSError(errno.ENOSPC, "No space left on device")
    assert no_space(tmp_path, error) is not None
    error.__suppress_context__ = True
    assert no_space(tmp_path, error) is None


def test_an_error_of_input_and_output_is_a_full_disk_where_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Cut(sqlite3.OperationalError):
        """What SQLite raises where the system has no room for its shared memory."""

        sqlite_errorname = "SQLITE_IOERR_SHMSIZE"

    assert no_space(tmp_path, Cut("disk I/O error")) is None
    monkeypatch.setattr(NEARLY_FULL, lambda _: True)
    assert no_space(tmp_path, Cut("disk I/O error")) is not None


def command(home: Path, *arguments: str, **transport: Any) -> Done:
    out, err = StringIO(), StringIO()
    environ = {"HOME": str(home), "XDG_DATA_HOME": str(home / "data")}
    code = run(list(arguments), Surroundings(environ, StringIO(), out, err, transport=transport))
    return Done(code, out.getvalue(), err.getvalue())


def test_an_exchange_on_a_full_disk_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def serve(*_: Any, **__: Any) -> None:
        raise JournalUnusable("the folder cannot be used") from full_database()

    monkeypatch.setattr("haversack.exchange.launch.serve", serve)
    done = command(tmp_path, "exchange", "--data", str(tmp_path))
    assert done == (1, "", f"haversack: no space left on device: {tmp_path} - {HINT}\n")


@pytest.mark.parametrize(
    ("script", "left"),
    [("echo 'haversack: no space left on device: /somewhere - free some' >&2; exit 1", False), ("exit 1", True)],
    ids=["said in the log", "nothing could be said"],
)
def test_a_sim_that_does_not_start_for_want_of_space_names_its_folder(
    script: str, left: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "exchange"
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(fake))
    monkeypatch.setattr("haversack.cli.profile.sim.is_nearly_full", lambda _: left)
    done = command(tmp_path, "ticker", "SOL_USDC")
    folder = tmp_path / "data" / "haversack" / "sim"
    assert (done.code, done.out) == (1, "")
    assert done.err == f"haversack: no space left on device: {folder} - {HINT}\n"


def test_a_sim_that_ran_out_of_space_is_no_matter_of_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_: object, /) -> None:
        raise ConnectFailed("no connection to http://127.0.0.1:9: refused")

    monkeypatch.setattr("haversack.cli.profile.sim.ensure", lambda _: Address("http://127.0.0.1:9", "ws://127.0.0.1:9"))
    folder = tmp_path / "data" / "haversack" / "sim"
    folder.mkdir(parents=True)
    (folder / LOG_NAME).write_text("ready http://127.0.0.1:9 ws://127.0.0.1:9\n")
    assert command(tmp_path, "ticker", http=nobody).code == 5
    (folder / LOG_NAME).write_text("ready\nhaversack: no space left on device: /x\n")
    done = command(tmp_path, "ticker", http=nobody)
    assert (done.code, f"no space left on device: {folder}" in done.err) == (1, True)


def test_keys_that_find_no_room_are_stored_not_at_all(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("haversack.cli.profile.keys.os.fsync", full)
    done = inside.run("init", "-o", "json")
    path = inside.home / "config" / "haversack" / "keys" / "sim.key"
    assert (done.code, f"no space left on device: {path}" in done.err) == (1, True)
    assert list(path.parent.iterdir()) == []
