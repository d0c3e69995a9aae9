"""Answers as frames and as HTML."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from haversack import BookLevel, Fill, Page, Side, Table, Trade, UsageError, to_arrow, to_pandas, to_polars
from haversack.tables.columns import columns_of

D = Decimal


def fill(number: int, **more: Any) -> Fill:
    given: dict[str, Any] = {
        "client_id": None, "fee": D("0.000015"), "fee_symbol": "USDC", "is_maker": True, "order_id": "60000000001",
        "price": D("100.5"), "quantity": D("1.25"), "side": Side.BID, "symbol": "SOL_USDC",
        "timestamp_iso": f"2026-09-01T16:52:0{number}.250", "trade_id": number,
    }  # fmt: skip
    return Fill(**(given | more))


FILLS = [fill(1), fill(2, price=D("100.55"), quantity=D(3), side=Side.ASK)]


def test_columns_are_the_fields_with_times_as_moments_at_the_end() -> None:
    columns = {column.name: (column.kind, column.values) for column in columns_of(FILLS)}
    assert columns["price"] == ("decimal", [D("100.5"), D("100.55")])
    assert columns["side"] == ("text", ["Bid", "Ask"])
    assert columns["is_maker"] == ("flag", [True, True])
    assert columns["trade_id"] == ("integer", [1, 2])
    assert columns["client_id"] == ("nothing", [None, None])
    assert "timestamp_iso" not in columns
    assert list(columns)[-1] == "time"
    assert columns["time"][0] == "time"
    assert columns["time"][1][0] == datetime(2026, 9, 1, 16, 52, 1, 250_000, tzinfo=UTC)


def test_decimals_of_an_arrow_table_are_exact_and_as_wide_as_they_have_to_be() -> None:
    table = to_arrow([*FILLS, fill(3, price=D("1e12"), quantity=D("0"))])
    assert table.schema.field("price").type == pa.decimal128(15, 2)
    assert table.column("price").to_pylist() == [D("100.50"), D("100.55"), D("1000000000000.00")]
    assert table.schema.field("time").type == pa.timestamp("us", tz="UTC")


@pytest.mark.parametrize("text", ["0.0000000000000000000000000001", "79228162514264337593543950335", "-0.00", "5"])
def test_no_digit_of_an_exchange_number_is_lost(text: str) -> None:
    rows = [fill(1, price=D(text)), fill(2, price=D("79228162514264337593543950334.1234567890123456"))]
    assert to_arrow(rows).column("price").to_pylist()[0] == D(text)


def test_floats_are_given_only_on_request() -> None:
    table = to_arrow(FILLS, decimals="float")
    assert table.schema.field("price").type == pa.float64()
    with pytest.raises(UsageError, match="decimals must be 'exact' or 'float', found 'double'"):
        to_arrow(FILLS, decimals="double")  # type: ignore[arg-type]


def test_polars_and_pandas_get_the_same() -> None:
    polars, pandas = to_polars(FILLS), to_pandas(FILLS)
    assert polars["price"].to_list() == [D("100.50"), D("100.55")]
    assert polars.schema["time"] == pl.Datetime("us", time_zone="UTC")
    assert list(pandas["quantity"]) == [D("1.25"), D("3.00")]
    assert pandas["time"].iloc[0] == pd.Timestamp("2026-09-01T16:52:01.250Z")
    assert list(polars.columns) == list(pandas.columns)


def test_levels_of_a_book_are_rows_too() -> None:
    assert to_polars([BookLevel(D("100.5"), D(2))]).to_dicts() == [{"price": D("100.5"), "quantity": D(2)}]


def test_no_rows_are_an_empty_table() -> None:
    assert to_arrow([]).num_rows == 0
    assert to_polars([]).is_empty()
    assert repr(Table([])) == "no rows"
    assert "no rows" in Page()._repr_html_()


def test_rows_of_several_types_are_refused() -> None:
    trade = Trade(trade_id=1, price=D(1), quantity=D(1), quote_quantity=D(1), timestamp_ms=1, is_buyer_maker=True)
    with pytest.raises(UsageError, match="rows of one type, found Fill and Trade"):
        to_arrow([*FILLS, trade])
    with pytest.raises(UsageError, match="answers, events or levels, found int"):
        to_arrow([1])


def test_a_missing_library_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"Arrow tables need pyarrow: pip install 'haversack\[data\]'"):
        to_arrow(FILLS)


def test_html_escapes_what_came_from_elsewhere_and_counts_what_it_leaves_out() -> None:
    html = Page([fill(1, symbol="<script>alert(1)</script>") for _ in range(70)])._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "and 10 more" in html
    assert "client_id" not in html
    row = FILLS[0]._repr_html_()
    assert "<caption>Fill</caption>" in row
    assert "100.5" in row


def test_a_table_is_text_outside_a_notebook() -> None:
    assert repr(Table([BookLevel(D("100.5"), D(2)), BookLevel(D(99), D("10.25"))], title="bids")).splitlines() == [
        "bids",
        "price  quantity",
        "100.5         2",
        "   99     10.25",
    ]
