"""Lines and columns: the width is always that of the place, and what comes from elsewhere stays text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from haversack.tui.paper import Span, cells, cut, left, message, plain, right, safe, trimmed, width_of
from haversack.tui.table import Column, Row, table

COLUMNS = (Column("market", is_right=False), Column("price"), Column("volume", rank=1), Column("time", rank=2))


def rows(*texts: str) -> list[Row]:
    return [Row(text.split()[0], [Span(cell) for cell in text.split()]) for text in texts]


def test_columns_are_as_wide_as_their_longest_cell() -> None:
    drawn = table(COLUMNS, rows("SOL_USDC 100.50 15 17:52", "BTC_USDC 9.5 1600 17:53"), 60)
    assert plain([drawn.head, *drawn.rows]).splitlines() == [
        "market     price  volume   time",
        "SOL_USDC  100.50      15  17:52",
        "BTC_USDC     9.5    1600  17:53",
    ]
    assert drawn.keys == ("SOL_USDC", "BTC_USDC")


def test_columns_of_the_highest_rank_go_first_where_there_is_no_room() -> None:
    heads = [plain([table(COLUMNS, rows("SOL_USDC 100.50 15 17:52"), width).head]) for width in (31, 30, 20, 12)]
    assert heads == ["market     price  volume   time", "market     price  volume", "market     price", "mark…  price"]


def test_last_cell_of_a_short_row_has_the_rest_of_the_line() -> None:
    drawn = table(COLUMNS, [Row("note", (Span("health"), Span("a long sentence about it"))), *rows("SOL 1 2 3")], 30)
    assert plain(drawn.rows).splitlines() == ["health  a long sentence about…", "SOL         1       2     3"]


@given(st.lists(st.text(max_size=30), min_size=4, max_size=4), st.integers(1, 60))
def test_every_line_is_as_wide_as_the_place(texts: list[str], width: int) -> None:
    drawn = table(COLUMNS, [Row("x", [Span(safe(text)) for text in texts])], width)
    assert [width_of(line) for line in (drawn.head, *drawn.rows)] == [width, width]


@given(st.text(), st.integers(0, 20))
def test_text_is_cut_to_columns_and_not_to_characters(text: str, width: int) -> None:
    shown = safe(text)
    assert cells(cut(shown, width)) <= width
    assert cells(left(shown, width)) == cells(right(shown, width)) == width


def test_wide_characters_take_two_columns() -> None:
    assert cells("币安") == 4
    assert cut("币安人生", 5) == "币安…"
    assert width_of(trimmed([Span("币安人生")], 6)) == 6


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    assert safe(text).isprintable()


def test_escape_sequence_is_only_text() -> None:
    assert safe("\x1b[2Jgone\nnext") == "?[2Jgone next"


def test_sentence_goes_over_lines() -> None:
    assert plain(message("no connection to the exchange", 14)).splitlines() == ["no connection", "to the", "exchange"]
