"""Safeguards that no test of their own room notices when they are gone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from account.said import T0_MS
from account.test_view import Rest, drained, read, started
from haversack.account.fills import OVERLAP_MS
from haversack.account.reconcile import HISTORY_LAG_MS
from haversack.exchange.journal import Journal

FULL = 2


def test_history_counts_as_read_only_as_far_as_it_can_be_late() -> None:
    view = started(Rest(time_ms=T0_MS))
    read(view, Rest(time_ms=T0_MS + 1_000_000))
    assert view.since_ms == T0_MS + 1_000_000 - HISTORY_LAG_MS - OVERLAP_MS


def test_new_connection_asks_for_a_reading_at_once() -> None:
    view = started()
    view.disconnected()
    view.connected(7)
    assert view.due_us() == 7
    assert drained(view, 7) == []


def test_journal_syncs_every_commit_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def remembered(*arguments: object, **options: object) -> sqlite3.Connection:
        opened.append(connect(*arguments, **options))  # type: ignore[call-overload]
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", remembered)
    with Journal.open(tmp_path / "exchange", b"genesis"):
        assert opened[0].execute("PRAGMA synchronous").fetchone() == (FULL,)
