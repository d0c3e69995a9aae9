"""The rows of what perpetuals brought and cost, in the database: funding payments, settlements, and everybody's funding rates."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator

from haversack.exchange.engine.event import Event, FundingPaid, FundingRateSet, PositionChanged

RATES_MAX = 20_000
"""Funding rates that are kept of one market: two years of hours, and twice as many as are answered at once."""
SCHEMA = (
    # Amounts and rates may exceed 64 bits, so they are text.
    """CREATE TABLE funding (
        number INTEGER PRIMARY KEY, account INTEGER NOT NULL, symbol TEXT NOT NULL, time_us INTEGER NOT NULL,
        interval_end_us INTEGER NOT NULL, rate_e28 TEXT NOT NULL, amount TEXT NOT NULL
    )""",
    "CREATE INDEX funding_by_account ON funding (account)",
    """CREATE TABLE settlement (
        number INTEGER PRIMARY KEY, account INTEGER NOT NULL, time_us INTEGER NOT NULL, seq INTEGER NOT NULL,
        source TEXT NOT NULL, amount TEXT NOT NULL, position_id INTEGER NOT NULL
    )""",
    "CREATE INDEX settlement_by_account ON settlement (account)",
    """CREATE TABLE rate (
        symbol TEXT NOT NULL, interval_end_us INTEGER NOT NULL, rate_e28 TEXT NOT NULL, PRIMARY KEY (symbol, interval_end_us)
    ) WITHOUT ROWID""",
)


class MoneyRows:
    """Rows that wait to be written, and how many are kept of an account."""

    def __init__(self, rows_max: int) -> None:
        self._rows_max = rows_max
        self._payments: list[tuple[FundingPaid, int]] = []
        self._settlements: list[tuple[PositionChanged, int, int]] = []
        self._rates: list[FundingRateSet] = []
        self._kept: dict[tuple[str, int], int] = {}
        """Rows by table and account; an account is missing until it was counted."""

    def __len__(self) -> int:
        return len(self._payments) + len(self._settlements) + len(self._rates)

    def add(self, event: Event, *, time_us: int, seq: int) -> None:
        """Take in an event, if it is one of money."""
        if isinstance(event, FundingPaid):
            self._payments.append((event, time_us))
        elif isinstance(event, FundingRateSet):
            self._rates.append(event)
        elif isinstance(event, PositionChanged) and event.settlements:
            self._settlements.append((event, time_us, seq))

    def write(self, db: sqlite3.Connection) -> None:
        """Let the database have what waits, and forget the oldest rows of who has too many."""
        payments = [
            (paid.account, paid.symbol, time_us, paid.interval_end_us, str(paid.rate_e28), str(paid.amount))
            for paid, time_us in self._payments
        ]
        db.executemany("INSERT INTO funding VALUES (NULL, ?, ?, ?, ?, ?, ?)", payments)
        settlements = list(self._lines())
        db.executemany("INSERT INTO settlement VALUES (NULL, ?, ?, ?, ?, ?, ?)", settlements)
        rates = [(each.symbol, each.interval_end_us, str(each.rate_e28)) for each in self._rates]
        db.executemany("INSERT OR REPLACE INTO rate VALUES (?, ?, ?)", rates)
        for table, accounts in (
            ("funding", Counter(row[0] for row in payments)),
            ("settlement", Counter(row[0] for row in settlements)),
        ):
            for account, count in accounts.items():
                self._forget(db, table, account, count)
        for symbol in {each.symbol for each in self._rates}:
            old = "SELECT interval_end_us FROM rate WHERE symbol = ? ORDER BY interval_end_us DESC LIMIT 1 OFFSET ?"
            db.execute(f"DELETE FROM rate WHERE symbol = ? AND interval_end_us <= ({old})", (symbol, symbol, RATES_MAX))

    def written(self) -> None:
        """What waited is in the database for good."""
        self._payments.clear()
        self._settlements.clear()
        self._rates.clear()

    def _lines(self) -> Iterator[tuple[int, int, int, str, str, int]]:
        for event, time_us, seq in self._settlements:
            for line in event.settlements:
                yield event.account, time_us, seq, line.source.value, str(line.amount), line.position_id

    def _forget(self, db: sqlite3.Connection, table: str, account: int, added: int) -> None:
        count = self._kept.get((table, account))
        if count is None:
            (count,) = db.execute(f"SELECT count(*) FROM {table} WHERE account = ?", (account,)).fetchone()
        else:
            count += added
        if count > self._rows_max:
            gone = count - self._rows_max + self._rows_max // 10
            old = f"SELECT number FROM {table} WHERE account = ? ORDER BY number LIMIT ?"
            db.execute(f"DELETE FROM {table} WHERE number IN ({old})", (account, gone))
            count -= gone
        self._kept[table, account] = count
