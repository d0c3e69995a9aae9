"""Books as HTML: what a notebook shows of one that is right, and of one that is not."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from haversack import Book, BookLevel, BookReader, BookSnapshot, Depth
from haversack.book.doubt import Doubt
from haversack.tables.ladder import ladder_as_html

D = Decimal
LEVELS = [(D(100 - n), D(n + 1)) for n in range(12)]


def book(symbol: str = "SOL_USDC", *, engine_us: int = 1_788_285_151_000_000) -> Book:
    """A book of twelve bids from 100 down, and one ask."""
    made = Book(symbol)
    made.subscribed()
    made.update(depth_update(symbol))
    ask = made.outgoing()
    assert ask is not None
    depth = Depth(bids=LEVELS[::-1], asks=[(D(101), D("0.5"))], last_update_id="7", timestamp_us=engine_us)
    made.snapshot_came(depth, ask.ticket)
    return made


def depth_update(symbol: str) -> Any:
    from haversack.wire.events import DepthUpdate

    return DepthUpdate(event_us=1, engine_us=1, symbol=symbol, first_update_id=7, last_update_id=7, bids=[], asks=[])


def text(html: str) -> str:
    """What is read of it."""
    return " ".join(re.sub("<[^>]*>", " ", html).split())


def test_book_shows_its_best_levels_with_bars_and_says_as_of_when() -> None:
    html = book()._repr_html_()
    said = text(html)
    assert said.startswith("Book SOL_USDC, 2026-09-01 17:52:31.000000 UTC, update 7 best bid 100, best ask 101, spread 1 ")
    assert "1.0 100 101 0.5 2.0 99 3.0 98" in said
    assert said.endswith("and 2 more bids, 0 more asks")
    assert html.count("<tr>") == 2 + 10
    # The tenth bid is the longest: 1 to 10 added up is 55; the third has 6 of them, the only ask a half.
    assert re.findall(r"(\d+)%,transparent", html)[:2] == ["1", "0"]
    assert "10%,transparent" in html
    assert "100%,transparent" in html


def test_snapshot_is_shown_as_one() -> None:
    snapshot = book().snapshot(2)
    assert isinstance(snapshot, BookSnapshot)
    assert text(snapshot._repr_html_()).startswith("BookSnapshot SOL_USDC, 2026-09-01 17:52:31.000000 UTC, update 7")
    assert "more" not in snapshot._repr_html_()


def test_book_that_never_was_in_sync_says_why() -> None:
    assert text(Book("SOL_USDC")._repr_html_()) == "Book SOL_USDC is not in sync: it waits for its first snapshot"


def test_book_that_lost_its_connection_says_so_and_shows_how_it_last_was() -> None:
    lost = book()
    lost.disconnected()
    said = text(BookReader(lost.state)._repr_html_())
    assert said.startswith("BookReader SOL_USDC is not in sync: the connection ended")
    assert "How it was when it last was in sync: SOL_USDC" in said


def test_book_that_was_found_wrong_shows_no_levels() -> None:
    wrong = book()
    wrong.begin_anew(Doubt.CONTRADICTED)
    said = text(wrong._repr_html_())
    assert "is not in sync: the best prices are not those of the book ticker" in said
    assert "best bid" not in said


def test_name_of_a_market_is_no_markup() -> None:
    for html in (book("<script>x")._repr_html_(), Book("<script>x")._repr_html_(), book("<script>x").snapshot()._repr_html_()):
        assert "<script>" not in html
        assert "&lt;script&gt;x" in html


def test_time_that_no_calendar_has_is_left_out() -> None:
    assert text(book(engine_us=10**30)._repr_html_()).startswith("Book SOL_USDC, update 7 best bid")


def test_whatever_goes_wrong_is_shown_and_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("<b>broken")

    made = book()
    monkeypatch.setattr(BookReader, "snapshot", fail)
    assert text(made._repr_html_()) == "Book cannot be shown: &lt;b&gt;broken"


@pytest.mark.parametrize(
    ("bids", "asks", "said"),
    [
        ([], [BookLevel(D(1), D(2))], "nobody bids, best ask 1"),
        ([BookLevel(D(1), D(2))], [], "best bid 1, nobody asks"),
        ([], [], "nobody bids, nobody asks"),
        ([BookLevel(D(1), D(0))], [], "best bid 1"),
    ],
)
def test_side_without_levels_is_empty(bids: list[BookLevel], asks: list[BookLevel], said: str) -> None:
    html = ladder_as_html("x", bids, asks)
    assert said in text(html)
    assert html.count("<td></td>") == 2 * abs(len(bids) - len(asks))
