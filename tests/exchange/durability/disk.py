"""A disk in memory that SQLite writes to, and everything that may be left of it when the power fails.

What was synced is there. Of what was written later, any sectors may be: none, all, the first ones, or some of them in no order.
A file that was never synced may be missing altogether.
"""

from __future__ import annotations

import itertools
import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import apsw

SECTOR = 512
_names = itertools.count()


class Disk:
    """Files by name, and what happened to them. From call number `fails_at` on, what changes the disk fails; for ever or once."""

    def __init__(self, files: dict[str, bytes] | None = None, *, fails_at: int | None = None, once: bool = False) -> None:
        self.files = {name: bytearray(content) for name, content in (files or {}).items()}
        self.log: list[tuple[str, str, int, bytes]] = []
        """Kind of call, file, place or size, and bytes."""
        self.calls = 0
        self._fails_at = fails_at
        self._once = once

    @property
    def has_failed(self) -> bool:
        return self._fails_at is not None and self.calls > self._fails_at

    def heal(self) -> None:
        self._fails_at = None

    def change(self, kind: str, name: str, place: int = 0, content: bytes = b"") -> None:
        number, self.calls = self.calls, self.calls + 1
        if self._fails_at is not None and (number == self._fails_at if self._once else number >= self._fails_at):
            raise apsw.FullError("database or disk is full") if kind == "write" else apsw.IOError("disk I/O error")
        self.log.append((kind, name, place, content))
        apply(self.files, kind, name, place, content)

    def connect(self, path: Path) -> sqlite3.Connection:
        """Opens a database on this disk, in place of sqlite3.connect."""
        return cast(sqlite3.Connection, Database(self, path.name))


def apply(files: dict[str, bytearray], kind: str, name: str, place: int, content: bytes) -> None:
    if kind == "delete":
        files.pop(name, None)
        return
    file = files.setdefault(name, bytearray())
    if kind == "truncate":
        del file[place:]
    elif kind == "write":
        file.extend(bytes(max(0, place - len(file))))
        file[place : place + len(content)] = content


def images(log: Sequence[tuple[str, str, int, bytes]], dice: random.Random, *, until: int) -> dict[str, bytes]:
    """What may be left when the power fails after so many calls: one of the many possible ways."""
    durable: dict[str, bytearray] = {}
    waiting: dict[str, list[tuple[str, str, int, bytes]]] = {}
    for call in log[:until]:
        kind, name = call[:2]
        if kind == "sync":
            for each in waiting.pop(name, ()):
                apply(durable, *each)
            durable.setdefault(name, bytearray())
        elif kind == "delete":
            # The exchange deletes only what it no longer needs; SQLite syncs the folder when it does.
            waiting.pop(name, None)
            durable.pop(name, None)
        else:
            waiting.setdefault(name, []).append(call)
    for name in sorted(waiting):
        if name not in durable and dice.random() < 0.2:
            continue
        for each in _left(waiting[name], dice):
            apply(durable, *each)
    return {name: bytes(content) for name, content in durable.items()}


def _left(calls: list[tuple[str, str, int, bytes]], dice: random.Random) -> Iterator[tuple[str, str, int, bytes]]:
    sectors = [sector for call in calls for sector in _sectors(call)]
    way = dice.randrange(4)
    if way == 0:
        return
    if way == 1:
        yield from sectors
    elif way == 2:
        yield from sectors[: dice.randrange(len(sectors) + 1)]
    else:
        share = dice.random()
        yield from (sector for sector in sectors if dice.random() < share)


def _sectors(call: tuple[str, str, int, bytes]) -> Iterator[tuple[str, str, int, bytes]]:
    kind, name, place, content = call
    if kind != "write":
        yield call
        return
    start = place
    while start < place + len(content):
        end = min(start - start % SECTOR + SECTOR, place + len(content))
        yield kind, name, start, content[start - place : end - place]
        start = end


class _File:
    """One open file, as SQLite wants it."""

    def __init__(self, disk: Disk, name: str) -> None:
        self._disk = disk
        self._name = name

    def xRead(self, amount: int, offset: int) -> bytes:
        return bytes(self._disk.files.get(self._name, b"")[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.change("write", self._name, offset, bytes(data))

    def xTruncate(self, size: int) -> None:
        self._disk.change("truncate", self._name, size)

    def xSync(self, _flags: int) -> None:
        self._disk.change("sync", self._name)

    def xFileSize(self) -> int:
        return len(self._disk.files.get(self._name, b""))

    def xSectorSize(self) -> int:
        return SECTOR

    def xDeviceCharacteristics(self) -> int:
        return 0

    def xCheckReservedLock(self) -> bool:
        return False

    def xLock(self, _level: int) -> None: ...

    def xUnlock(self, _level: int) -> None: ...

    def xClose(self) -> None: ...

    def xFileControl(self, _op: int, _pointer: int) -> bool:
        return False


class _Vfs(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        self.name = f"disk-{next(_names)}"
        self._disk = disk
        super().__init__(self.name, base="")

    def xOpen(self, name: Any, flags: list[int]) -> Any:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        flags[1] = flags[0]
        self._disk.files.setdefault(path, bytearray())
        return _File(self._disk, path)

    def xFullPathname(self, name: str) -> str:
        return name

    def xAccess(self, pathname: str, _flags: int) -> bool:
        return pathname in self._disk.files

    def xDelete(self, filename: str, _sync_folder: bool) -> None:
        self._disk.change("delete", filename)


class _Rows(list[Any]):
    """What a query found, as a cursor of sqlite3 would give it."""

    def fetchone(self) -> Any:
        return self[0] if self else None

    def fetchall(self) -> list[Any]:
        return list(self)


class Database:
    """The part of sqlite3.Connection that the journal uses, on SQLite with another disk below it."""

    def __init__(self, disk: Disk, name: str) -> None:
        self._vfs = _Vfs(disk)
        self._db = apsw.Connection(name, vfs=self._vfs.name)

    def execute(self, statement: str, values: Sequence[Any] = ()) -> _Rows:
        try:
            return _Rows(self._db.execute(self.statement(statement), values))
        except apsw.Error as error:
            raise _as_sqlite3(error) from error

    def executemany(self, statement: str, rows: Any) -> None:
        try:
            self._db.executemany(statement, rows)
        except apsw.Error as error:
            raise _as_sqlite3(error) from error

    def close(self) -> None:
        # As when a process ends: what it could not tidy up, the next one does.
        with suppress(apsw.Error):
            self._db.close(True)
        self._vfs.unregister()

    @staticmethod
    def statement(text: str) -> str:
        """What is run; tests change it."""
        return text


def _as_sqlite3(error: apsw.Error) -> sqlite3.Error:
    if isinstance(error, apsw.CorruptError | apsw.NotADBError):
        return sqlite3.DatabaseError(str(error))
    return sqlite3.OperationalError(str(error))
