"""The rows of the position history in the database: each position as it was when it last changed."""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec
from msgspec.structs import astuple

from haversack.exchange.engine.perpetual.position import Position
from haversack.exchange.views.rows import PositionRow

SCHEMA = (
    """CREATE TABLE held (
        position_id INTEGER PRIMARY KEY, account INTEGER NOT NULL, symbol TEXT NOT NULL, time_us INTEGER NOT NULL,
        since_us INTEGER NOT NULL, is_open INTEGER NOT NULL, state BLOB NOT NULL
    )""",
    "CREATE INDEX held_by_account ON held (account, is_open)",
    """CREATE TABLE held_earlier (
        position_id INTEGER NOT NULL, until_us INTEGER NOT NULL, state BLOB NOT NULL, PRIMARY KEY (position_id, until_us)
    ) WITHOUT ROWID""",
)
KINDS = (Position, PositionRow)


class _Position(Position, frozen=True, kw_only=True, gc=False, array_like=True):
    """As it is written."""


class _Held(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What of a row is not in its columns, as it is written."""

    since_us: int
    mark: int
    exposed: int
    leverage_e8: int
    position: _Position


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Held).decode


class HeldRows:
    """Rows that wait to be written, the newest state of each position alone, and how many closed ones are kept."""

    def __init__(self, rows_max: int) -> None:
        self._rows_max = rows_max
        self._waiting: dict[int, PositionRow] = {}
        self._closed: dict[int, int] = {}
        """Closed positions of an account; an account is missing until it was counted."""

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, row: PositionRow) -> None:
        """A position has become this."""
        self._waiting[row.position.position_id] = row

    def keep_earlier(self, db: sqlite3.Connection, row: PositionRow, seen_until_us: int) -> None:
        """Keep what a position was before this row, for readers who see all that happened up to a moment."""
        position_id = row.position.position_id
        db.execute("DELETE FROM held_earlier WHERE position_id = ? AND until_us <= ?", (position_id, seen_until_us))
        db.execute(
            "INSERT OR IGNORE INTO held_earlier SELECT position_id, ?, state FROM held WHERE position_id = ? AND since_us < ?",
            (row.since_us, position_id, row.since_us),
        )

    def write(self, db: sqlite3.Connection) -> None:
        """Let the database have what waits, and forget the oldest closed positions of who has too many."""
        db.executemany("INSERT OR REPLACE INTO held VALUES (?, ?, ?, ?, ?, ?, ?)", map(_columns, self._waiting.values()))
        for row in self._waiting.values():
            if not row.position.quantity:
                self._count(db, row.account)

    def written(self) -> None:
        """What waited is in the database for good."""
        self._waiting.clear()

    def _count(self, db: sqlite3.Connection, account: int) -> None:
        count = self._closed.get(account)
        if count is None:
            (count,) = db.execute("SELECT count(*) FROM held WHERE account = ? AND NOT is_open", (account,)).fetchone()
        else:
            count += 1
        if count > self._rows_max:
            gone = count - self._rows_max + self._rows_max // 10
            old = "SELECT position_id FROM held WHERE account = ? AND NOT is_open ORDER BY position_id LIMIT ?"
            db.execute(f"DELETE FROM held_earlier WHERE position_id IN ({old})", (account, gone))
            db.execute(f"DELETE FROM held WHERE position_id IN ({old})", (account, gone))
            count -= gone
        self._closed[account] = count


def read_held(account: int, symbol: str, state: bytes) -> PositionRow:
    """A position as it stands in the database."""
    held = _decode(state)
    return PositionRow(
        account=account,
        symbol=symbol,
        position=held.position,
        since_us=held.since_us,
        mark=held.mark,
        exposed=held.exposed,
        leverage_e8=held.leverage_e8,
    )


def _columns(row: PositionRow) -> tuple[Any, ...]:
    position = row.position
    state = _encode((row.since_us, row.mark, row.exposed, row.leverage_e8, astuple(position)))
    time_us, is_open = position.opened_us, bool(position.quantity)
    return position.position_id, row.account, row.symbol, time_us, row.since_us, is_open, state
