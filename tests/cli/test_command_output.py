"""What commands print, in each form; and what they print of strings that others chose."""

from __future__ import annotations

import csv
import io

import msgspec
import pytest

from cli.inside import Inside
from haversack.cli.here import Surroundings
from haversack.cli.output.escape import cell, json_safe, visible
from haversack.cli.output.printing import Style, lines_of, width_of
from haversack.cli.output.table import Table, column, number

ORDER = ("order", "place", "SOL_USDC", "bid", "1.50", "--price", "95.2", "--client-id", "7")
HOSTILE = "\x1b]0;owned\x07\u202ered"

SNAPSHOTS = {
    "table": """\
Order  [sim]
  created                  symbol    side  type   price  quantity  executed  status  order id     client id
  2026-09-21 14:13:20.000  SOL_USDC  Bid   Limit   95.2       1.5         0  New     60000000000  7
""",
    "csv": """\
profile,created,symbol,side,type,price,quantity,executed,status,order id,client id
sim,2026-09-21 14:13:20.000,SOL_USDC,Bid,Limit,95.2,1.5,0,New,60000000000,7
""",
    "json": """\
{
  "profile": "sim",
  "data": {
    "USDC": {
      "available": "99857.2",
      "locked": "142.8",
      "staked": "0"
    }
  }
}
""",
    "ndjson": """\
{"profile":"sim","asset":"USDC","available":"99857.2","locked":"142.8","staked":"0"}
""",
}


class Row(msgspec.Struct):
    """A row of a table."""

    name: str
    price: str = "1"


def printed(rows: list[Row], form: str, *, width: int | None = None) -> str:
    table = Table("Rows", (column("name"), number("price", minor=True)), rows)
    return "\n".join(lines_of(table, form, "sim", Style(width=width)))  # type: ignore[arg-type]


@pytest.mark.parametrize("form", ["table", "csv"])
def test_rows_are_printed_as_a_table_and_as_csv(form: str, inside: Inside) -> None:
    inside.exchange.reset()
    done = inside.run(*ORDER, "-o", form)
    assert (done.code, done.out) == (0, SNAPSHOTS[form])
    assert done.err == "[sim] a local exchange, invented prices: http://127.0.0.1:9\n"


@pytest.mark.parametrize("form", ["json", "ndjson"])
def test_answers_are_printed_as_json_with_decimals_as_texts(form: str, inside: Inside) -> None:
    inside.exchange.reset()
    inside.exchange.seed(inside.run("init", "-o", "json").json["data"]["public_key"], {"USDC": "100000"})
    inside.run(*ORDER)
    done = inside.run("balances", "-o", form)
    assert (done.code, done.out) == (0, SNAPSHOTS[form])


def test_the_form_may_be_asked_for_before_the_command_and_by_the_environment(inside: Inside) -> None:
    assert inside.run("--output=csv", "markets").out.startswith("profile,symbol,")
    assert inside.run("markets", environ={"HAVERSACK_OUTPUT": "csv"}).out.startswith("profile,symbol,")


def test_an_unknown_form_is_refused_in_one_line(inside: Inside) -> None:
    done = inside.run("markets", "-o", "xml")
    assert (done.code, done.out) == (2, "")
    assert done.err == "haversack: -o must be one of table, json, ndjson, csv, found 'xml'\n"


def test_control_characters_of_others_never_reach_the_terminal() -> None:
    for form in ("table", "csv", "json", "ndjson"):
        text = printed([Row(HOSTILE)], form)
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "owned" in text
    assert msgspec.json.decode(printed([Row(HOSTILE)], "ndjson"))["name"] == HOSTILE


def test_json_stays_the_same_value_when_what_could_drive_a_terminal_is_written_out() -> None:
    text = msgspec.json.encode({"a": "x\x9b31m\x7f\ufeff"}).decode()
    assert "\x9b" in text
    assert json_safe(text).isprintable()
    assert msgspec.json.decode(json_safe(text)) == msgspec.json.decode(text)


def test_what_does_not_show_itself_is_written_out() -> None:
    assert visible("a\x1b[31m\u200b\ud800") == "a\\x1b[31m\\u200b\\ud800"
    assert visible("naïve 数") == "naïve 数"


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=HYPERLINK()", "\uff1d1", "\uff201"]
)
def test_a_text_that_a_spreadsheet_would_compute_gets_a_quotation_mark(text: str) -> None:
    assert cell(text) == "'" + text
    rows = list(csv.reader(io.StringIO(printed([Row(text)], "csv"), newline="")))
    assert rows[1][1] == (("'" + text) if text.isprintable() else visible(text))


@pytest.mark.parametrize("number_text", ["-1.5", "+2", "0.000001", "-0"])
def test_a_number_stays_a_number_in_csv(number_text: str) -> None:
    assert cell(number_text) == number_text


def test_columns_that_do_not_fit_are_left_out_and_named() -> None:
    assert printed([Row("SOL_USDC", "95.2"), Row("BTC_USDC")], "table", width=10).splitlines() == [
        "Rows  [sim]",
        "  name",
        "  SOL_USDC",
        "  BTC_USDC",
        "  (too",
        "  narrow",
        "  for",
        "  price)",
    ]


def test_one_row_that_does_not_fit_is_shown_with_all_its_fields() -> None:
    assert printed([Row("SOL_USDC", "95.2")], "table", width=15).splitlines() == [
        "Rows  [sim]",
        "  name   SOL_USDC",
        "  price  95.2",
    ]


def test_rows_that_do_not_fit_at_all_become_blocks_of_fields_that_leave_nothing_out() -> None:
    table = Table(
        "Orders", (column("symbol", "name"), number("price"), column("note", "price", minor=True)), [Row("A_LONG_NAME")] * 2
    )
    lines = list(lines_of(table, "table", "sim", Style(width=16)))
    block = ["  symbol  A_LONG_NAME", "  price   1", "  note    1"]
    assert lines == ["Orders  [sim]", *block, "", *block]


def test_a_word_that_is_too_long_is_never_cut_in_two() -> None:
    key = "pkEqi5Xd/BjUnsuLNiPbCGB/FazjMxN+Bp8kEZPu3Sk="
    table = Table("T", (column("name"), column("price")), [Row("key", f"the public key is {key}, from a file")])
    assert sum(key in line for line in lines_of(table, "table", "sim", Style(width=40))) == 1


@pytest.mark.parametrize("width", [40, 80])
def test_every_table_can_be_read_on_a_narrow_terminal(width: int, inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    inside.exchange.reset()
    inside.run(*ORDER)
    monkeypatch.setattr(Surroundings, "style_of", lambda *_: Style(width=width))
    for call in ("markets", "ticker", "orders", "balances", "deposits", "klines SOL_USDC", "order status SOL_USDC --client-id 7"):
        done = inside.run(*call.split())
        assert done.code == 0
        # The longest value that there is takes no more than that; what is longer stands alone in its line.
        assert max(map(len, done.out.splitlines())) <= width, done.out


def test_wide_characters_take_two_columns() -> None:
    assert [width_of(text) for text in ("SOL", "数量", "e\u0301")] == [3, 4, 1]


def test_a_last_text_that_does_not_fit_goes_on_below_itself() -> None:
    table = Table("T", (column("price"), column("name")), [Row("a long text that must be broken somewhere in the middle of it")])
    lines = list(lines_of(table, "table", "sim", Style(width=40)))
    assert all(len(line) <= 40 for line in lines)
    assert lines[2].startswith("  1      a long text")
    assert lines[3].startswith("         ")
    assert " ".join(" ".join(lines[2:]).split()) == "1 a long text that must be broken somewhere in the middle of it"
