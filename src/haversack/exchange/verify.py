"""Checks what is in an exchange's folder: the journal against itself, snapshots and histories against the journal."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

import msgspec

from haversack.exchange.engine.event import Event, Rejected
from haversack.exchange.journal import Entry, Journal, JournalUnusable
from haversack.exchange.listing import Listing
from haversack.exchange.snapshot.content import Header, State, Unsound
from haversack.exchange.snapshot.files import paths, read, stands_at
from haversack.exchange.venue import fits, new_engine
from haversack.exchange.views.archive import Archive
from haversack.exchange.views.histories import FILE_NAME, Histories, opened


class Report(msgspec.Struct):
    """What was found. Nothing is repaired."""

    sound: list[str] = []
    """What was checked and is as it should be."""
    unchecked: list[str] = []
    """What could not be checked, and why."""
    wrong: list[str] = []
    """What is not as it should be."""


def verify(folder: Path, listing: Listing, listing_bytes: bytes) -> Report:
    """Check a folder whose exchange is stopped; JournalUnusable if there is no journal in it, or if it is in use."""
    report = Report()
    with Journal.open(folder, None) as journal:
        damage = journal.damage()
        if damage is not None:
            report.wrong.append(f"the journal's file is damaged: {damage}")
        else:
            report.sound.append("the structure of the journal's file")
        if fits(journal.genesis, listing_bytes):
            _Replay(journal, listing, report).run()
        else:
            report.unchecked.append("what the commands lead to: they belong to other markets, or to other rules of the exchange")
            _read_only(journal, report)
    return report


def _read_only(journal: Journal, report: Report) -> None:
    try:
        count = sum(1 for _ in journal.replay(journal.pruned))
    except JournalUnusable as why:
        report.wrong.append(str(why))
    else:
        report.sound.append(f"{count:,} commands, each with its number and checksum")


class _Replay:
    """One pass through the commands, with what stands beside the journal compared on the way."""

    def __init__(self, journal: Journal, listing: Listing, report: Report) -> None:
        self._journal = journal
        self._listing = listing
        self._report = report
        self._engine = new_engine(listing)
        self._seq = 0

    def run(self) -> None:
        journal, report = self._journal, self._report
        snapshots = {header.seq: (header, state) for header, state in self._snapshots()}
        if journal.pruned and not self._begin_at(snapshots):
            return
        first = self._seq
        with Remade(journal, self._listing, report) as remade:
            try:
                self._compare(snapshots)
                for entry in journal.replay(first):
                    remade.take(self._apply(entry), entry.now_us, seq=self._seq, is_house=self._engine.is_house)
                    self._compare(snapshots)
            except JournalUnusable as why:
                report.wrong.append(str(why))
                return
            except (LookupError, AssertionError) as why:
                report.wrong.append(f"command {self._seq:,} cannot be carried out: {why!r}")
                return
            if self._seq > first:
                report.sound.append(f"commands {first + 1:,} to {self._seq:,}: numbers, checksums, and that each is carried out")
            report.sound.append(f"the state after command {self._seq:,} is {self._engine.state_hash()}")
            remade.compare()

    def _begin_at(self, snapshots: dict[int, tuple[Header, State]]) -> bool:
        """Begin where the commands do."""
        if not snapshots:
            self._report.wrong.append(f"the first {self._journal.pruned:,} commands are no longer kept, and no snapshot is sound")
            return False
        self._seq = min(snapshots)
        self._report.unchecked.append(f"what was before command {self._seq:,}: the commands are no longer kept")
        self._engine.load(snapshots[self._seq][1].engine)
        return True

    def _snapshots(self) -> Iterator[tuple[Header, State]]:
        for path in paths(self._journal.folder, self._journal.name):
            try:
                yield read(path, self._journal)
            except (Unsound, OSError, sqlite3.Error) as why:
                self._report.wrong.append(f"the snapshot at command {stands_at(path):,} is of no use: {why}")

    def _apply(self, entry: Entry) -> list[Event]:
        self._seq += 1
        events = self._engine.apply(entry.command, entry.now_us)
        for event in events:
            if isinstance(event, Rejected):
                self._report.wrong.append(f"command {self._seq:,} is refused: {event.refusal.value}")
        return events

    def _compare(self, snapshots: dict[int, tuple[Header, State]]) -> None:
        if self._seq not in snapshots:
            return
        if self._engine.state_hash() == snapshots[self._seq][0].hash:
            self._report.sound.append(f"the snapshot at command {self._seq:,}")
        else:
            self._report.wrong.append(f"the snapshot at command {self._seq:,} holds another state than the commands lead to")


class Remade:
    """Histories made anew from the commands, to be compared with those of the folder."""

    def __init__(self, journal: Journal, listing: Listing, report: Report) -> None:
        self._report = report
        self._folder = TemporaryDirectory(prefix="haversack-verify-")
        self._remade = Histories.open(Path(self._folder.name), journal.name, last_seq=0)
        self._archive = Archive(listing, histories=self._remade)
        self._first: int | None = None
        path = journal.folder / FILE_NAME
        self._found = opened(path, journal.name, journal.last_seq)
        if self._found is None:
            what = "are damaged, or belong to another journal or version" if path.exists() else "are not there"
            report.unchecked.append(f"the histories: they {what}, and the next start makes them anew")
            return
        (self._until,) = self._found.execute("SELECT seq FROM origin").fetchone()

    def take(self, events: list[Event], now_us: int, *, seq: int, is_house: Callable[[int], bool]) -> None:
        """Take in what a command did, if the folder's histories know it."""
        if self._found is not None and seq <= self._until:
            self._first = seq if self._first is None else self._first
            self._archive.record(events, now_us=now_us, is_house=is_house, seq=seq)

    def compare(self) -> None:
        """Report rows that are missing, and rows that are not what the commands made them."""
        if self._found is None:
            return
        if self._first is None:
            self._report.unchecked.append("the histories: nothing is kept of the commands that they tell of")
            return
        self._remade.write()
        forgotten = self._found.execute("SELECT count(*) FROM kept WHERE has_forgotten").fetchone()[0]
        wrong = 0
        for table, (key, columns) in _TABLES.items():
            query = f"SELECT {key}, {columns} FROM {table}"
            width = key.count(",") + 1
            try:
                found = {row[:width]: row[width:] for row in self._found.execute(query)}
            except sqlite3.Error as why:
                self._report.wrong.append(f"the histories are damaged: {why}")
                return
            made = {row[:width]: row[width:] for row in self._remade.find(query)}
            bad = [at for at in made if (at in found or not forgotten) and found.get(at) != made[at]]
            bad += [at for at in found if at not in made] if self._first == 1 else []
            wrong += len(bad)
            self._report.wrong += [f"the histories have a wrong {table} {at}, or none" for at in bad[:_SHOWN_MAX]]
        if not wrong:
            self._report.sound.append(f"the histories of commands {self._first:,} to {self._until:,}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._found is not None:
            self._found.close()
        self._remade.close()
        self._folder.cleanup()


_SHOWN_MAX = 5
_TABLES = {
    "placed": ("order_id", "account, symbol, time_us, since_us, is_open, strategy_id, facts, state"),
    "fill": ("order_id, match", "account, symbol, time_us, system, strategy_id, facts"),
    "trade": ("symbol, trade_id", "time_us, print"),
}
