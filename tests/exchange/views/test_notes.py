"""Rows of facilities in the histories: versions, filters, pages, lag, and how many are kept."""

from __future__ import annotations

from pathlib import Path

import msgspec

from exchange.facts import LISTING, NOW_US
from haversack.exchange.engine.event import BookStateChanged
from haversack.exchange.views.archive import Archive
from haversack.exchange.views.histories import Histories
from haversack.exchange.views.notes import Note, Search
from haversack.wire.enums import OrderBookState, SortDirection


def noted(event: BookStateChanged, time_us: int, seq: int) -> list[Note]:
    """A stand-in for a facility: its symbol says what to note, as `number/name/tag/body`."""
    number, name, tag, body = event.symbol.split("/")
    return [Note(kind="test", account=1, number=int(number), name=name, tag=tag, body=msgspec.json.encode([body, seq]))]


def archive(*, lag_us: int = 0, rows_max: int = 100, histories: Histories | None = None) -> Archive:
    return Archive(LISTING, lag_us=lag_us, rows_max=rows_max, histories=histories, noters={BookStateChanged: noted})


def happen(told: Archive, *rows: str, at_us: int = NOW_US, seq: int = 1) -> None:
    events = [BookStateChanged(row, OrderBookState.OPEN) for row in rows]
    told.record(events, now_us=at_us, is_house=lambda _: False, seq=seq)


def said(told: Archive, search: Search | None = None, *, at_us: int = NOW_US) -> tuple[list[str], int]:
    rows, total = told.notes(search or Search(kind="test", account=1), now_us=at_us)
    return [msgspec.json.decode(body)[0] for _, _, body in rows], total


def test_rows_are_told_newest_first_and_a_row_that_is_written_again_stays_where_it_was() -> None:
    told = archive()
    happen(told, "1/SOL/New/first", "2/BTC/New/second")
    happen(told, "1/SOL/Filled/first again", seq=2)
    assert said(told) == (["second", "first again"], 2)
    assert said(told, Search(kind="test", account=1, sort=SortDirection.ASC, limit=1)) == (["first again"], 2)
    assert said(told, Search(kind="test", account=1, offset=1)) == (["first again"], 2)


def test_rows_are_found_by_number_name_tag_and_time_and_only_by_their_owner() -> None:
    told = archive()
    happen(told, "1/SOL/New/first", "2/BTC/New/second")
    happen(told, "1/SOL/Filled/first again", "3/SOL/New/third", at_us=NOW_US + 10, seq=2)
    late_us = NOW_US + 10
    assert said(told, Search(kind="test", account=1, number=1), at_us=late_us) == (["first again"], 1)
    assert said(told, Search(kind="test", account=1, names=["SOL"]), at_us=late_us) == (["third", "first again"], 2)
    assert said(told, Search(kind="test", account=1, tags=["New"]), at_us=late_us) == (["third", "second"], 2)
    assert said(told, Search(kind="test", account=1, from_us=late_us), at_us=late_us) == (["third"], 1)
    assert said(told, Search(kind="test", account=1, to_us=NOW_US), at_us=late_us) == (["second", "first again"], 2)
    assert said(told, Search(kind="test", account=2), at_us=late_us) == ([], 0)
    assert said(told, Search(kind="other", account=1), at_us=late_us) == ([], 0)


def test_late_reader_sees_the_version_of_then() -> None:
    told = archive(lag_us=1000)
    happen(told, "1/SOL/New/first")
    happen(told, "1/SOL/Filled/first again", at_us=NOW_US + 500, seq=2)
    assert [said(told, at_us=NOW_US + after_us) for after_us in (999, 1000, 1499, 1500)] == [
        ([], 0),
        (["first"], 1),
        (["first"], 1),
        (["first again"], 1),
    ]


def test_oldest_rows_are_forgotten() -> None:
    told = archive(rows_max=10)
    for number in range(1, 25):
        happen(told, f"{number}/SOL/New/row {number}", seq=number)
        said(told)
    rows, total = said(told)
    assert rows == [f"row {number}" for number in range(24, 24 - total, -1)]
    assert 9 <= total <= 10


def test_rows_outlast_their_process(tmp_path: Path) -> None:
    told = archive(histories=Histories.open(tmp_path, b"journal", last_seq=0))
    happen(told, "1/SOL/New/first", seq=1)
    told.histories.close()
    again = archive(histories=Histories.open(tmp_path, b"journal", last_seq=1))
    # What is known already is not taken in again.
    happen(again, "2/SOL/New/first once more", seq=1)
    assert said(again) == (["first"], 1)
    again.histories.close()
