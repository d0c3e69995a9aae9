"""The rows of all histories in one SQLite file, or in memory: orders, fills and positions of every account, and public trades.

Everything here follows from the journal. The file says up to which command, always with the rows of whole commands, so it
is not synced at every one: what a power cut takes from it is replayed. Rows wait in memory and are written many at a time,
at the latest when somebody asks.
"""

from __future__ import annotations

import sqlite3
import weakref
import zlib
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import astuple

from haversack.exchange.engine.event import Event, OrderFacts, OrderFilled, TradePrinted
from haversack.exchange.journal.entry import JournalStopped
from haversack.exchange.views import held, money, notes
from haversack.exchange.views.notes import Note, NoteRows
from haversack.exchange.views.rows import FillRow, OrderRow, OrderState, PositionRow
from haversack.wire.enums import OrderStatus

FILE_NAME = "histories.db"
ROWS_MAX_IN_MEMORY, ROWS_MAX = 100_000, 1_000_000
"""Orders, and fills, that are kept of one account; the oldest are forgotten, a tenth at a time."""
TRADES_MAX = 20_000
"""Public trades that are kept of one market."""
WAITING_MAX = 400
"""Changes that wait to be written together."""

ENDED = (OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.TRIGGER_FAILED)
# Numbers may exceed 64 bits, so what nobody searches for is text.
_SCHEMA = (
    "CREATE TABLE origin (journal BLOB NOT NULL, seq INTEGER NOT NULL, lost INTEGER NOT NULL)",
    """CREATE TABLE placed (
        order_id INTEGER PRIMARY KEY, account INTEGER NOT NULL, symbol TEXT NOT NULL, time_us INTEGER NOT NULL,
        since_us INTEGER NOT NULL, is_open INTEGER NOT NULL, strategy_id INTEGER, facts BLOB NOT NULL, state BLOB NOT NULL
    )""",
    "CREATE INDEX placed_by_account ON placed (account)",
    "CREATE INDEX placed_by_market ON placed (account, symbol)",
    """CREATE TABLE earlier (
        order_id INTEGER NOT NULL, until_us INTEGER NOT NULL, state BLOB NOT NULL, PRIMARY KEY (order_id, until_us)
    ) WITHOUT ROWID""",
    """CREATE TABLE fill (
        number INTEGER PRIMARY KEY, account INTEGER NOT NULL, symbol TEXT NOT NULL, order_id INTEGER NOT NULL,
        time_us INTEGER NOT NULL, system TEXT, strategy_id INTEGER, facts BLOB NOT NULL, match BLOB NOT NULL
    )""",
    "CREATE INDEX placed_by_strategy ON placed (strategy_id) WHERE strategy_id IS NOT NULL",
    "CREATE INDEX fill_by_account ON fill (account, time_us)",
    "CREATE INDEX fill_by_market ON fill (account, symbol, time_us)",
    "CREATE INDEX fill_by_order ON fill (order_id)",
    "CREATE INDEX fill_by_strategy ON fill (strategy_id) WHERE strategy_id IS NOT NULL",
    """CREATE TABLE trade (
        symbol TEXT NOT NULL, trade_id INTEGER NOT NULL, time_us INTEGER NOT NULL, print BLOB NOT NULL,
        PRIMARY KEY (symbol, trade_id)
    ) WITHOUT ROWID""",
    """CREATE TABLE kept (
        account INTEGER PRIMARY KEY, orders INTEGER NOT NULL, fills INTEGER NOT NULL, has_forgotten INTEGER NOT NULL
    )""",
    *held.SCHEMA,
    *money.SCHEMA,
    *notes.SCHEMA,
)


class _Facts(OrderFacts, frozen=True, kw_only=True, gc=False, array_like=True):
    """As they are written."""


class _State(OrderState, frozen=True, gc=False, array_like=True):
    """As it is written."""


class _Print(TradePrinted, frozen=True, gc=False, array_like=True):
    """As it is written."""


class _Match(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A fill without the facts of its order, as it is written."""

    trade_id: int
    price: int
    quantity: int
    is_maker: bool
    fee: int
    fee_asset: str
    executed: int
    executed_quote: int
    status: OrderStatus


_encode = msgspec.json.Encoder().encode
_facts = msgspec.json.Decoder(_Facts).decode
_state = msgspec.json.Decoder(_State).decode
_print = msgspec.json.Decoder(_Print).decode
_match = msgspec.json.Decoder(_Match).decode

# A file with other columns, or with other fields in its texts, is made anew from the journal.
_KINDS = (OrderFacts, OrderState, TradePrinted, OrderFilled, *held.KINDS)
_SHAPES = (_SCHEMA, [kind.__struct_fields__ for kind in _KINDS])
FORMAT = zlib.crc32(repr(_SHAPES).encode()) & 0x7FFFFFFF


class HistoriesStopped(JournalStopped):
    """The histories could not be written. Nothing is lost: they are completed from the journal after a restart."""


class _Kept(msgspec.Struct):
    """How many rows of an account there are."""

    orders: int = 0
    fills: int = 0
    has_forgotten: bool = False


class Histories:
    """Writes rows and finds them. Who writes tells the number of the command that they come from."""

    def __init__(self, db: sqlite3.Connection, path: Path | None = None, *, rows_max: int = ROWS_MAX_IN_MEMORY) -> None:
        self.path = path
        self._db = db
        self._rows_max = rows_max
        self.last_seq, self.lost = db.execute("SELECT seq, lost FROM origin").fetchone()
        """The newest command whose rows are here, and the newest of those whose rows are missing."""
        rows = db.execute("SELECT account, orders, fills, has_forgotten FROM kept")
        self._kept = {account: _Kept(orders, fills, bool(forgotten)) for account, orders, fills, forgotten in rows}
        self._placed: dict[int, OrderRow] = {}
        self._changed: dict[int, OrderState] = {}
        self._fills: list[FillRow] = []
        self._trades: list[tuple[TradePrinted, int]] = []
        self._held = held.HeldRows(rows_max)
        self._money = money.MoneyRows(rows_max)
        self._notes = NoteRows(rows_max)
        self.stopped_by: HistoriesStopped | None = None

    @classmethod
    def in_memory(cls, *, rows_max: int = ROWS_MAX_IN_MEMORY) -> Histories:
        """Histories that end with their process."""
        db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        _create(db, b"")
        made = cls(db, rows_max=rows_max)
        # Nobody has to close what ends with its process; from Python 3.13 on, a database that nobody closed is warned of.
        weakref.finalize(made, db.close)
        return made

    @classmethod
    def open(cls, folder: Path, journal: bytes, *, last_seq: int) -> Histories:
        """Those in the folder; new and empty ones if there are none that fit this journal, which ends with this command."""
        path = folder / FILE_NAME
        found = opened(path, journal, last_seq)
        if found is None:
            for part in ("", "-wal", "-shm"):
                path.with_name(path.name + part).unlink(missing_ok=True)
            path.touch(0o600)
            found = _connect(path)
            _create(found, journal)
        return cls(found, path, rows_max=ROWS_MAX)

    def begin_after(self, seq: int) -> None:
        """Go on after a command though the rows of those before it are missing: their journal is no longer kept."""
        self._db.execute("UPDATE origin SET seq = ?, lost = ?", (seq, seq))
        self.last_seq = self.lost = seq

    def place(self, row: OrderRow) -> None:
        """Add an order."""
        self._placed[row.facts.order_id] = row

    def change(self, order_id: int, state: OrderState, *, seen_until_us: int | None) -> None:
        """Give an order another state. The one before it is kept for late readers, unless nobody reads late (None)."""
        if seen_until_us is None:
            self._changed[order_id] = state
            return
        self.write()
        self._db.execute("DELETE FROM earlier WHERE order_id = ? AND until_us <= ?", (order_id, seen_until_us))
        self._db.execute(
            "INSERT OR IGNORE INTO earlier SELECT order_id, ?, state FROM placed WHERE order_id = ? AND since_us < ?",
            (state.since_us, order_id, state.since_us),
        )
        self._changed[order_id] = state

    def hold(self, row: PositionRow, *, seen_until_us: int | None) -> None:
        """A position has become this. What it was is kept for late readers, unless nobody reads late (None)."""
        if seen_until_us is not None:
            self.write()
            self._held.keep_earlier(self._db, row, seen_until_us)
        self._held.put(row)

    def fill(self, row: FillRow) -> None:
        """Add a fill."""
        self._fills.append(row)

    def trade(self, event: TradePrinted, time_us: int) -> None:
        """Add a public trade."""
        self._trades.append((event, time_us))

    def earn(self, event: Event, *, time_us: int, seq: int) -> None:
        """Add what an event says of funding and settlements."""
        self._money.add(event, time_us=time_us, seq=seq)

    def note(self, note: Note, time_us: int) -> None:
        """Add a facility's row, or a newer version of it."""
        self._notes.put(note, time_us)

    def done(self, seq: int) -> None:
        """All rows of this command are added."""
        self.last_seq = max(self.last_seq, seq)
        if self._waiting >= WAITING_MAX:
            try:
                self.write()
            except HistoriesStopped as stopped:
                # Whoever places the next order is told.
                self.stopped_by = stopped

    @property
    def _waiting(self) -> int:
        of_orders = len(self._placed) + len(self._changed) + len(self._fills) + len(self._trades)
        return of_orders + len(self._held) + len(self._money) + len(self._notes)

    def write(self) -> None:
        """Let the file have what waits."""
        if not self._waiting:
            return
        if self.stopped_by is not None:
            raise self.stopped_by
        try:
            self._db.execute("BEGIN")
            self._write()
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self.stopped_by = HistoriesStopped(
                f"the histories in {self.path} cannot be written: {error}; free its disk and restart"
            )
            raise self.stopped_by from error
        self._placed, self._changed = {}, {}
        self._fills.clear()
        self._trades.clear()
        self._held.written()
        self._money.written()
        self._notes.written()

    def sync(self) -> None:
        """Bring to disk what was written. It may be called in another thread."""
        if self.path is None:
            return
        # The first step of a checkpoint is to sync the log. A second connection does it, so that nobody has to wait.
        db = sqlite3.connect(self.path, isolation_level=None)
        try:
            db.execute("PRAGMA wal_checkpoint(PASSIVE)")
        finally:
            db.close()

    def find(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the database, those that were added a moment ago too."""
        self.write()
        return self._db.execute(query, values).fetchall()

    def kept(self, account: int) -> bool | None:
        """Whether all orders that the account ever placed are here; None if it never placed one."""
        found = self._kept.get(account)
        return None if found is None else not found.has_forgotten

    def close(self) -> None:
        """Write what waits, if that can be, and let go of the file."""
        try:
            self.write()
        except HistoriesStopped:
            # It is in the journal.
            pass
        finally:
            self._db.close()

    def _write(self) -> None:
        db = self._db
        changed, self._changed = self._changed, {}
        for order_id in [order_id for order_id in changed if order_id in self._placed]:
            self._placed[order_id] = msgspec.structs.replace(self._placed[order_id], state=changed.pop(order_id))
        self._changed = changed
        db.executemany("INSERT INTO placed VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", map(_placed_row, self._placed.values()))
        db.executemany(
            "UPDATE placed SET since_us = ?, is_open = ?, state = ? WHERE order_id = ?",
            [(state.since_us, _is_open(state), _encode(astuple(state)), order_id) for order_id, state in changed.items()],
        )
        db.executemany("INSERT INTO fill VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)", map(_fill_row, self._fills))
        db.executemany("INSERT OR REPLACE INTO trade VALUES (?, ?, ?, ?)", map(_trade_row, self._trades))
        newest = {event.symbol: event.trade_id for event, _ in self._trades}
        oldest = [(symbol, trade_id - TRADES_MAX) for symbol, trade_id in newest.items()]
        db.executemany("DELETE FROM trade WHERE symbol = ? AND trade_id <= ?", oldest)
        self._held.write(db)
        self._money.write(db)
        self._notes.write(db)
        self._count()
        db.execute("UPDATE origin SET seq = ?", (self.last_seq,))

    def _count(self) -> None:
        touched: dict[int, _Kept] = {}
        for account in (row.facts.account for row in self._placed.values()):
            touched.setdefault(account, self._kept.setdefault(account, _Kept())).orders += 1
        for account in (row.event.order.account for row in self._fills):
            touched.setdefault(account, self._kept.setdefault(account, _Kept())).fills += 1
        for account, kept in touched.items():
            self._forget(account, kept)
        rows = [(account, kept.orders, kept.fills, kept.has_forgotten) for account, kept in touched.items()]
        self._db.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?)", rows)

    def _forget(self, account: int, kept: _Kept) -> None:
        if kept.orders > self._rows_max:
            gone = kept.orders - self._rows_max + self._rows_max // 10
            old = "SELECT order_id FROM placed WHERE account = ? ORDER BY order_id LIMIT ?"
            self._db.execute(f"DELETE FROM earlier WHERE order_id IN ({old})", (account, gone))
            self._db.execute(f"DELETE FROM placed WHERE order_id IN ({old})", (account, gone))
            kept.orders -= gone
            kept.has_forgotten = True
        if kept.fills > self._rows_max:
            gone = kept.fills - self._rows_max + self._rows_max // 10
            old = "SELECT number FROM fill WHERE account = ? ORDER BY time_us, number LIMIT ?"
            self._db.execute(f"DELETE FROM fill WHERE number IN ({old})", (account, gone))
            kept.fills -= gone


def read_order(time_us: int, facts: bytes, state: bytes) -> OrderRow:
    """An order as it stands in the database."""
    return OrderRow(time_us, _facts(facts), _state(state))


def read_fill(time_us: int, facts: bytes, match: bytes) -> FillRow:
    """A fill as it stands in the database."""
    return FillRow(time_us, OrderFilled(_facts(facts), *astuple(_match(match))))


def read_trade(time_us: int, text: bytes) -> tuple[TradePrinted, int]:
    """A public trade as it stands in the database, and when it happened."""
    return _print(text), time_us


def _placed_row(row: OrderRow) -> tuple[Any, ...]:
    facts, state = row.facts, row.state
    texts = _encode(astuple(facts)), _encode(astuple(state))
    strategy_id = facts.conditions.strategy_id if facts.conditions else None
    return (facts.order_id, facts.account, facts.symbol, row.time_us, state.since_us, _is_open(state), strategy_id, *texts)


def _fill_row(row: FillRow) -> tuple[Any, ...]:
    order, *match = astuple(row.event)
    system, strategy_id = (order.conditions.system, order.conditions.strategy_id) if order.conditions else (None, None)
    texts = _encode(astuple(order)), _encode(match)
    return order.account, order.symbol, order.order_id, row.time_us, system and system.value, strategy_id, *texts


def _trade_row(row: tuple[TradePrinted, int]) -> tuple[Any, ...]:
    event, time_us = row
    return event.symbol, event.trade_id, time_us, _encode(astuple(event))


def _is_open(state: OrderState) -> bool:
    return state.status not in ENDED


def opened(path: Path, journal: bytes, last_seq: int) -> sqlite3.Connection | None:
    """The file's database; None if it is not there, is damaged, or belongs to another journal or version."""
    if not path.exists():
        return None
    db = _connect(path)
    try:
        if db.execute("PRAGMA user_version").fetchone() == (FORMAT,):
            found = db.execute("SELECT journal, seq FROM origin").fetchall()
            # What is ahead of its journal tells of commands that never were.
            if len(found) == 1 and found[0][0] == journal and found[0][1] <= last_seq:
                return db
    except sqlite3.Error:
        pass
    db.close()
    return None


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        # A commit never waits for the disk: `sync` does, in its own thread.
        db.execute("PRAGMA wal_autocheckpoint=0")
    except sqlite3.Error:
        # What is no database is found out with the first question, and told there.
        pass
    return db


def _create(db: sqlite3.Connection, journal: bytes) -> None:
    db.execute("BEGIN")
    for statement in _SCHEMA:
        db.execute(statement)
    db.execute(f"PRAGMA user_version={FORMAT}")
    db.execute("INSERT INTO origin VALUES (?, 0, 0)", (journal,))
    db.execute("COMMIT")
