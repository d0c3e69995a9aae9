"""One SQLite file in a folder of its own. A row is written once and never changed, only removed when it is old.

Commands are stored as JSON, because amounts may exceed the 64 bits of a msgpack integer.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from haversack.clock import secret_bytes
from haversack.exchange.durable import sync_folder
from haversack.exchange.engine.command import Command
from haversack.exchange.journal.entry import Entry, JournalStopped, JournalUnusable, check_kept

FILE_NAME, LOCK_NAME = "journal.db", "lock"
APPLICATION_ID = 0x4876736B
FORMAT = 2

SCHEMA = (
    f"PRAGMA application_id={APPLICATION_ID}",
    f"PRAGMA user_version={FORMAT}",
    "CREATE TABLE genesis (description BLOB NOT NULL, name BLOB NOT NULL, pruned INTEGER NOT NULL)",
    """CREATE TABLE entry (
        seq INTEGER PRIMARY KEY, now_us INTEGER NOT NULL, command BLOB NOT NULL, nonce BLOB, expires_ms INTEGER,
        checksum INTEGER NOT NULL
    )""",
)

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder[Command](Command).decode

Row = tuple[int, int, bytes, bytes | None, int | None, int]
Connect = Callable[[Path], sqlite3.Connection]
"""Opens a database: `sqlite3.connect`, or what stands in for it."""
CHECKED_BYTES_MAX = 1 << 24
"""A start checks every page of a file that is no larger; of a larger one, `haversack exchange verify` does."""


class Journal:
    """A log in a folder, for one process at a time. Calls may come from any thread, but one at a time."""

    blocks = True

    def __init__(
        self, folder: Path, db: sqlite3.Connection, lock: int, *, name: bytes = b"", genesis: bytes = b"", pruned: int = 0
    ) -> None:
        self.folder = folder
        self.name = name
        """Tells this journal from all others, so that nothing made from another one is taken for its own."""
        self.genesis = genesis
        self._db = db
        self._lock = lock
        self._pruned = pruned
        self._stopped_by: Exception | None = None
        self._last_seq: int = db.execute("SELECT coalesce(max(seq), ?) FROM entry", (pruned,)).fetchone()[0]

    @classmethod
    def open(cls, folder: Path, genesis: bytes | None, *, connect: Connect | None = None) -> Journal:
        """The journal in this folder, made if there is none. `genesis` describes what the exchange started from.

        Without `genesis` any journal will do, and none is made: for who only wants to read.
        """
        lock = db = None
        try:
            if genesis is not None:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            elif not (folder / FILE_NAME).exists():
                raise JournalUnusable(f"there is no journal in {folder}")
            lock = _take_lock(folder)
            db = (connect or _connect)(folder / FILE_NAME)
            _prepare(db)
            _check(folder, db, genesis)
            description, name, pruned = db.execute("SELECT description, name, pruned FROM genesis").fetchone()
            return cls(folder, db, lock, name=name, genesis=description, pruned=pruned)
        except BaseException as error:
            _let_go(db, lock)
            if isinstance(error, OSError | sqlite3.Error):
                raise JournalUnusable(_reason(folder, error)) from error
            raise

    @property
    def last_seq(self) -> int:
        """Number of the newest entry; the first is 1."""
        return self._last_seq

    @property
    def pruned(self) -> int:
        """Number of the newest entry that is no longer kept; 0 if all are."""
        return self._pruned

    def append(self, batch: Sequence[Entry]) -> None:
        """Write all entries in one synced transaction. If it fails, the journal takes nothing more."""
        if self._stopped_by is not None:
            raise _stopped(self.folder, self._stopped_by)
        rows = [_row(seq, entry) for seq, entry in enumerate(batch, self._last_seq + 1)]
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?)", rows)
            self._db.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            self._stopped_by = error
            raise _stopped(self.folder, error) from error
        self._last_seq += len(rows)

    def replay(self, after: int = 0) -> Iterator[Entry]:
        """The entries after one, oldest first; each is checked, so that damage is found before it becomes state."""
        check_kept(after, self._pruned)
        try:
            rows: Iterator[Row] = self._db.execute("SELECT * FROM entry WHERE seq > ? ORDER BY seq", (after,))
            for expected, row in enumerate(rows, after + 1):
                if row[0] != expected or row[-1] != _checksum(row[:-1]):
                    raise JournalUnusable(_damaged(self.folder, f"entry {expected} is missing or altered"))
                yield _entry(row)
        except (sqlite3.Error, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise JournalUnusable(_damaged(self.folder, str(error))) from error

    def nonces(self, now_ms: int, after: int = 0) -> list[tuple[bytes, int]]:
        """Nonces of the entries after one that have not expired, each with its end."""
        found = self._db.execute(
            "SELECT nonce, expires_ms FROM entry WHERE seq > ? AND nonce IS NOT NULL AND expires_ms >= ? ORDER BY seq",
            (after, now_ms),
        )
        return found.fetchall()

    def mark(self, seq: int) -> int | None:
        """The checksum of an entry, which says whether it is the one that somebody remembers; None if it is not kept."""
        found = self._db.execute("SELECT checksum FROM entry WHERE seq = ?", (seq,)).fetchone()
        return None if found is None else found[0]

    def prune(self, until: int, *, rows_max: int) -> bool:
        """Remove entries up to this one, the oldest first; False if there are more than were to be removed at once."""
        if self._stopped_by is not None:
            raise _stopped(self.folder, self._stopped_by)
        pruned = min(until, self._pruned + rows_max)
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("DELETE FROM entry WHERE seq <= ?", (pruned,))
            self._db.execute("UPDATE genesis SET pruned = ?", (pruned,))
            self._db.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            self._stopped_by = error
            raise _stopped(self.folder, error) from error
        self._pruned = pruned
        return pruned == until

    def damage(self) -> str | None:
        """What is wrong with the structure of the file; None if nothing is. Every page is read."""
        try:
            state: str = self._db.execute("PRAGMA integrity_check(1)").fetchone()[0]
        except sqlite3.Error as error:
            return str(error)
        return None if state == "ok" else state

    def close(self) -> None:
        """Let go of the folder. What was appended is on disk already."""
        _let_go(self._db, self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _connect(path: Path) -> sqlite3.Connection:
    # SQLite would make the file readable by others; its further files take over the mode of this one.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    return sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)


def _prepare(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA locking_mode=EXCLUSIVE")
    # One sync a commit instead of three (measured 0.18 ms against 0.73 ms). Only FULL syncs the log at every commit:
    # NORMAL would lose acknowledged entries in a power cut.
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")


def _check(folder: Path, db: sqlite3.Connection, genesis: bytes | None) -> None:
    """Fill a new file; of an old one, make sure that it is a sound journal of the same exchange."""
    if genesis is not None and not db.execute("SELECT 1 FROM sqlite_master").fetchone():
        _create(folder, db, genesis)
        return
    if db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise JournalUnusable(f"{folder / FILE_NAME} is a database, but not a journal; choose another folder")
    found = db.execute("PRAGMA user_version").fetchone()[0]
    if found != FORMAT:
        raise JournalUnusable(
            f"the journal in {folder} has format {found}, and this version of haversack reads format {FORMAT}; "
            "use the version that wrote it, or choose another folder"
        )
    if (folder / FILE_NAME).stat().st_size <= CHECKED_BYTES_MAX:
        state = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if state != "ok":
            raise JournalUnusable(_damaged(folder, state))
    described = db.execute("SELECT description FROM genesis").fetchall()
    if len(described) != 1:
        raise JournalUnusable(_damaged(folder, "it does not say what it belongs to"))
    if genesis is not None and described != [(genesis,)]:
        raise JournalUnusable(
            f"the journal in {folder} belongs to an exchange with other markets, assets or another seed, or was written by a "
            "version of haversack with other rules; start with the settings and the version that it was made with, or choose "
            "another folder"
        )


def _create(folder: Path, db: sqlite3.Connection, genesis: bytes) -> None:
    db.execute("BEGIN IMMEDIATE")
    for statement in SCHEMA:
        db.execute(statement)
    db.execute("INSERT INTO genesis VALUES (?, ?, 0)", (genesis, secret_bytes(16)))
    db.execute("COMMIT")
    sync_folder(folder)


def _take_lock(folder: Path) -> int:
    """Keep other processes out. Without flock, SQLite's own exclusive lock does it."""
    lock = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
    if sys.platform != "win32":
        import fcntl

        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise JournalUnusable(_in_use(folder)) from None
    return lock


def _let_go(db: sqlite3.Connection | None, lock: int | None) -> None:
    if db is not None:
        db.close()
    if lock is not None:
        os.close(lock)


def _row(seq: int, entry: Entry) -> Row:
    content = (seq, entry.now_us, _encode(entry.command), entry.nonce, entry.expires_ms)
    return (*content, _checksum(content))


def _entry(row: Row) -> Entry:
    return Entry(row[1], _decode(row[2]), row[3], row[4])


def _checksum(content: tuple[int, int, bytes, bytes | None, int | None]) -> int:
    """SQLite checks the structure of its file, not what is in a row."""
    return zlib.crc32(repr(content).encode())


def _stopped(folder: Path, cause: Exception) -> JournalStopped:
    return JournalStopped(f"the journal in {folder} stopped when a commit failed: {cause}; free its disk and restart")


def _reason(folder: Path, error: OSError | sqlite3.Error) -> str:
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        return _in_use(folder)
    if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
        return _damaged(folder, str(error))
    return f"the folder {folder} cannot be used: {getattr(error, 'strerror', None) or error}"


def _in_use(folder: Path) -> str:
    return f"the folder {folder} is in use by another exchange; stop that one, or choose another folder"


def _damaged(folder: Path, what: str) -> str:
    return f"{folder / FILE_NAME} is damaged or not a journal ({what}); restore a copy, or choose another folder"
