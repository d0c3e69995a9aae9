"""The rows that facilities write into the histories: each of a kind, about an account, and in JSON what it says.

A row may be written again under its number: readers see its newest version that is not younger than what they may see.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import msgspec

from haversack.wire.enums import SortDirection
from haversack.wire.inputs import SortDirectionLike

LIMIT_DEFAULT = 100
INTEGER_MAX = 2**63 - 1
"""The largest that the database can compare with."""
SCHEMA = (
    """CREATE TABLE note (
        place INTEGER PRIMARY KEY, kind TEXT NOT NULL, account INTEGER NOT NULL, number INTEGER NOT NULL,
        name TEXT NOT NULL, tag TEXT NOT NULL, time_us INTEGER NOT NULL, since_us INTEGER NOT NULL, body BLOB NOT NULL
    )""",
    "CREATE INDEX note_by_account ON note (kind, account, number)",
)


class Note(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row, or the newest version of it."""

    kind: str
    """Which history, such as `rfq`."""
    account: int
    """Whose; 0: everybody's."""
    number: int
    """Its order in the history, and its name there; once for each kind and account, unless it is written again."""
    body: bytes
    """JSON."""
    name: str = ""
    """What it is about and may be searched by: a symbol, an asset."""
    tag: str = ""
    """Another word that it may be searched by: a state, a source."""


Noter: TypeAlias = Callable[[Any, int, int], Iterable[Note]]
"""From an event, its time in microseconds and its command's number to the rows that it makes."""


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows are wanted."""

    kind: str
    account: int
    number: int | None = None
    names: Sequence[str] | None = None
    """None: all."""
    tags: Sequence[str] | None = None
    """None: all."""
    from_us: int = 0
    """When the first version was written, at the earliest."""
    to_us: int = INTEGER_MAX
    """The same, at the latest."""
    sort: SortDirectionLike | None = None
    """By number; the newest first if not said."""
    limit: int | None = None
    offset: int | None = None


class NoteRows:
    """Rows that wait to be written, and how many are kept of each kind and account."""

    def __init__(self, rows_max: int) -> None:
        self._rows_max = rows_max
        self._waiting: list[tuple[Note, int]] = []
        self._kept: dict[tuple[str, int], int] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, note: Note, time_us: int) -> None:
        """Take in a row."""
        self._waiting.append((note, time_us))

    def write(self, db: sqlite3.Connection) -> None:
        """Let the database have what waits, and forget the oldest rows of who has too many."""
        first = "SELECT time_us FROM note WHERE kind = ? AND account = ? AND number = ? ORDER BY place LIMIT 1"
        for note, since_us in self._waiting:
            key = (note.kind, note.account, note.number)
            found = db.execute(first, key).fetchone()
            row = (*key, note.name, note.tag, since_us if found is None else found[0], since_us, note.body)
            db.execute("INSERT INTO note VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        for (kind, account), added in Counter((note.kind, note.account) for note, _ in self._waiting).items():
            self._forget(db, kind, account, added)

    def written(self) -> None:
        """What waited is in the database for good."""
        self._waiting.clear()

    def _forget(self, db: sqlite3.Connection, kind: str, account: int, added: int) -> None:
        count = self._kept.get((kind, account))
        if count is None:
            (count,) = db.execute("SELECT count(*) FROM note WHERE kind = ? AND account = ?", (kind, account)).fetchone()
        else:
            count += added
        if count > self._rows_max:
            gone = count - self._rows_max + self._rows_max // 10
            old = "SELECT place FROM note WHERE kind = ? AND account = ? ORDER BY place LIMIT ?"
            db.execute(f"DELETE FROM note WHERE place IN ({old})", (kind, account, gone))
            count -= gone
        self._kept[kind, account] = count


def query(search: Search, seen_us: int) -> tuple[str, list[Any]]:
    """The SQL of all rows that are wanted and may be seen, as `number, time_us, body`, and its values."""
    newer = "SELECT 1 FROM note l WHERE l.kind = n.kind AND l.account = n.account AND l.number = n.number AND l.place > n.place"
    where = f"kind = ? AND account = ? AND since_us <= ? AND time_us BETWEEN ? AND ? AND NOT EXISTS ({newer} AND l.since_us <= ?)"
    values: list[Any] = [search.kind, search.account, seen_us, search.from_us, search.to_us, seen_us]
    if search.number is not None:
        where, values = f"{where} AND number = ?", [*values, min(search.number, INTEGER_MAX)]
    for column, words in (("name", search.names), ("tag", search.tags)):
        if words is not None:
            where, values = f"{where} AND {column} IN ({', '.join('?' * len(words))})", [*values, *words]
    return f"SELECT number, time_us, body FROM note n WHERE {where}", values


def cut(search: Search) -> tuple[str, list[int]]:
    """The SQL of one page's order and bounds, and its values."""
    way = "ASC" if search.sort == SortDirection.ASC else "DESC"
    return f" ORDER BY number {way} LIMIT ? OFFSET ?", [search.limit or LIMIT_DEFAULT, min(search.offset or 0, INTEGER_MAX)]
