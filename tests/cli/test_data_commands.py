"""What each command asks of the exchange, and the columns it shows: on a market that has traded, and an account that has."""

from __future__ import annotations

import csv
import errno
import io
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from cli.inside import SETTINGS, Inside, exchange
from haversack.cli.profile.config import Settings
from haversack.cli.profile.opening import Address
from haversack.errors import ConnectFailed
from haversack.exchange.faults import Condition, ConditionKind
from haversack.local import BlockingLocalExchange
from haversack.rest.http import HttpRequest, HttpResponse


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    """An account that bought 3 SOL, and has an order that rests."""
    with exchange(crowd=False) as made:
        inside = Inside(tmp_path_factory.mktemp("home"), made)
        other = made.client()
        other.orders.place(symbol="SOL_USDC", side="Ask", order_type="Limit", price="101", quantity="9")
        for client_id in ("1", "2", "3"):
            made.advance(s=1)
            inside.run("order", "place", "SOL_USDC", "bid", "1", "--price", "101", "--client-id", client_id)
        inside.run("order", "place", "SOL_USDC", "bid", "2", "--price", "90", "--client-id", "4")
        made.advance(s=65)
        yield inside


def rows(inside: Inside, *arguments: str) -> list[dict[str, str]]:
    done = inside.run(*arguments, "-o", "csv")
    assert done.code == 0, done.err
    return list(csv.DictReader(io.StringIO(done.out, newline="")))


CALLS = [
    ("markets", {"symbol": "SOL_USDC", "tick size": "0.01"}),
    ("market SOL_USDC", {"symbol": "SOL_USDC", "price tick_size": "0.01"}),
    ("ticker SOL_USDC", {"last": "101", "volume": "3", "trades": "3"}),
    ("depth SOL_USDC", {"side": "ask", "price": "101", "quantity": "6", "sum": "6"}),
    ("trades SOL_USDC", {"price": "101", "quantity": "1", "maker bought": "no"}),
    ("klines SOL_USDC --interval 1m --limit 2", {"close": "101", "volume": "3"}),
    ("open-interest SOL_USDC_PERP", {"symbol": "SOL_USDC_PERP", "open interest": "0"}),
    ("balances", {"asset": "SOL", "locked": "0"}),
    ("orders", {"symbol": "SOL_USDC", "price": "90", "status": "New", "client id": "4"}),
    ("fills --limit 1", {"price": "101", "quantity": "1", "maker": "no", "client id": "3"}),
    ("deposits", {"asset": "USDC", "quantity": "100000", "status": "confirmed"}),
    ("order status SOL_USDC --client-id 1", {"status": "Filled", "executed": "1"}),
    ("export fills", {"symbol": "SOL_USDC", "client id": "3"}),
    ("export orders SOL_USDC", {"symbol": "SOL_USDC", "client id": "4"}),
    ("api get_depth symbol=SOL_USDC", {"asks": '[["101","6"]]'}),
    ("api capital.balances", {"": "BTC", "available": "2"}),
    ("api get_time", {"value": "1790000068000"}),
]


@pytest.mark.parametrize(("call", "wanted"), CALLS, ids=[call for call, _ in CALLS])
def test_a_command_shows_what_the_exchange_answers(call: str, wanted: dict[str, str], traded: Inside) -> None:
    found = rows(traded, *call.split())
    assert any(wanted.items() <= row.items() for row in found), found
    assert all(row["profile"] == "sim" for row in found)


@pytest.mark.parametrize("call", [call for call, _ in CALLS])
def test_a_command_speaks_every_form_and_each_says_of_which_profile(call: str, traded: Inside) -> None:
    table, whole, lines = (traded.run(*call.split(), "-o", form) for form in ("table", "json", "ndjson"))
    assert table.out.splitlines()[0].endswith("  [sim]")
    assert whole.json["profile"] == "sim"
    assert "data" in whole.json
    listed = [msgspec.json.decode(line) for line in lines.out.splitlines()]
    assert listed
    assert all(line["profile"] == "sim" for line in listed)
    assert all("sim" in done.err for done in (table, whole, lines))


def test_sums_of_a_book_are_as_short_as_its_quantities(traded: Inside) -> None:
    other = traded.exchange.client()
    for price, quantity in (("2000", "0.75"), ("1999", "0.25"), ("1998", "9")):
        other.orders.place(symbol="ETH_USDC", side="Bid", order_type="Limit", price=price, quantity=quantity)
    assert [row["sum"] for row in rows(traded, "depth", "ETH_USDC")] == ["0.75", "1", "10"]


def test_positions_are_none_and_the_table_says_so(traded: Inside) -> None:
    assert traded.run("positions").out == "Positions  [sim]\n  none\n"
    assert traded.run("positions", "-o", "csv").out.startswith("profile,symbol,quantity,entry,")


def test_the_best_prices_stand_next_to_each_other(traded: Inside) -> None:
    assert [(row["side"], row["price"]) for row in rows(traded, "depth", "SOL_USDC")] == [("ask", "101"), ("bid", "90")]


@pytest.mark.parametrize("limit", ["0", "1001", "-1"])
def test_candles_are_counted_from_1_to_1000(limit: str, traded: Inside) -> None:
    done = traded.run("klines", "SOL_USDC", f"--limit={limit}")
    assert (done.code, done.err.splitlines()[-1]) == (2, f"haversack: --limit must be 1 to 1000, found {limit}")


def test_every_fill_is_exported_newest_first_and_only_since_then(traded: Inside) -> None:
    assert [row["client id"] for row in rows(traded, "export", "fills")] == ["3", "2", "1"]
    assert [row["client id"] for row in rows(traded, "export", "fills", "--since", "2026-09-21T14:13:22")] == ["3", "2"]
    assert [row["client id"] for row in rows(traded, "export", "orders", "--since", "2026-09-21T14:13:23")] == ["4", "3"]


def test_an_export_writes_a_file_as_a_whole_and_never_over_another(traded: Inside, tmp_path: Path) -> None:
    path = tmp_path / "fills.csv"
    done = traded.run("export", "fills", "--csv", "--file", str(path))
    assert (done.code, done.out) == (0, "")
    assert path.read_text() == traded.run("export", "fills", "--csv").out
    assert [file.name for file in tmp_path.iterdir()] == ["fills.csv"]
    again = traded.run("export", "fills", "--csv", "--file", str(path))
    assert (again.code, "is there already" in again.err) == (2, True)


@pytest.mark.parametrize("call", ["export fills --file", "plot depth SOL_USDC --to"])
def test_a_file_for_a_folder_that_is_not_there_is_refused_before_anything_is_asked(
    call: str, traded: Inside, tmp_path: Path
) -> None:
    traded.http.sent.clear()
    done = traded.run(*call.split(), str(tmp_path / "no" / "x.png"))
    assert (done.code, done.err) == (2, f"haversack: there is no folder {tmp_path / 'no'} for the file x.png\n")
    assert traded.http.sent == []


def test_an_export_that_fails_leaves_no_file(traded: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("haversack.cli.export.write", full)
    done = traded.run("export", "fills", "--file", str(tmp_path / "fills.csv"))
    assert (done.code, list(tmp_path.iterdir())) == (1, [])
    assert f"haversack: no space left on device: {tmp_path / 'fills.csv'}" in done.err


def test_of_two_exports_into_one_file_the_second_says_so(traded: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "fills.csv"

    def overtaken(*_: object) -> None:
        path.write_text("another's")

    monkeypatch.setattr("haversack.cli.export.write", overtaken)
    done = traded.run("export", "fills", "--file", str(path))
    assert (done.code, done.err.splitlines()[-1].endswith("is there already: choose another name, or remove it")) == (2, True)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("fills.csv", "another's")]


def test_an_export_needs_no_links(traded: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("haversack.cli.export.os.link", none)
    assert traded.run("export", "fills", "--csv", "--file", str(tmp_path / "fills.csv")).code == 0
    assert (tmp_path / "fills.csv").read_text().startswith("profile,time,symbol")


def test_the_operations_are_listed_with_their_parameters(traded: Inside) -> None:
    from haversack.wire.catalogue import OPERATIONS

    listed = {row["name"]: row for row in rows(traded, "api", "--list")}
    assert len(listed) == len(OPERATIONS)
    assert listed["get_depth"]["in the client"] == "markets.depth"
    assert listed["get_depth"]["parameters"] == "symbol [limit]"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("get_dpeth", "there is no operation 'get_dpeth': is it get_depth"),
        ("get_depth", "get_depth needs symbol: write symbol=value"),
        ("get_depth SOL_USDC", "'SOL_USDC' is no parameter of get_depth with its value"),
        ("get_depth symbol=A symbol=B", "symbol is given twice"),
        ("get_depth symbol=A limit=3", "limit must be one of 5, 10"),
        ("get_recent_trades symbol=A limit=x", "limit must be a whole number, found 'x'"),
        ("get_klines symbol=A interval=1m startTime=soon", "startTime must be a number, or a time such as"),
        ("update_account auto_lend=yes", "auto_lend must be true or false"),
        ("place_orders orders=x", "orders must be JSON"),
    ],
)
def test_a_wrong_call_of_an_operation_is_told_in_one_line(arguments: str, says: str, traded: Inside) -> None:
    traded.http.sent.clear()
    done = traded.run("api", *arguments.split())
    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert traded.http.sent == []


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ("trades SOL_USDC --limit 5000", "--limit must be 1 to 1000, found 5000"),
        ("klines SOL_USDC --limit 0", "--limit must be 1 to 1000, found 0"),
        ("fills --limit 1001", "--limit must be 1 to 1000, found 1001"),
        ("deposits --limit 0", "--limit must be 1 to 1000, found 0"),
        ("funding SOL_USDC_PERP --limit 10001", "--limit must be 1 to 10000, found 10001"),
    ],
)
def test_too_many_rows_are_refused_before_an_exchange_is_started(call: str, says: str, traded: Inside) -> None:
    traded.http.sent.clear()
    done = traded.run(*call.split())
    assert (done.code, done.out, done.err) == (2, "", f"haversack: {says}\n")
    assert traded.http.sent == []


@pytest.mark.parametrize("form", ["table", "csv", "json", "ndjson"])
def test_an_export_that_cannot_begin_prints_no_title_and_no_names(form: str, traded: Inside) -> None:
    done = traded.run("-p", "live", "export", "fills", "-o", form)
    assert (done.code, done.out) == (3, "")


@pytest.mark.parametrize("interval", ["1m", "1h"])
def test_the_last_candle_has_the_newest_trade_in_it(interval: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    with exchange(crowd=False, markets=["SOL_USDC"]) as made:
        inside = Inside(tmp_path_factory.mktemp("home"), made)
        other = made.client()
        for price in ("101", "101.5"):
            other.orders.place(symbol="SOL_USDC", side="Ask", order_type="Limit", price=price, quantity="1")
            inside.run("order", "place", "SOL_USDC", "bid", "1", "--price", price)
            made.advance(s=70)
        other.orders.place(symbol="SOL_USDC", side="Ask", order_type="Limit", price="102", quantity="1")
        inside.run("order", "place", "SOL_USDC", "bid", "1", "--price", "102")
        found = rows(inside, "klines", "SOL_USDC", "--interval", interval)
    assert found[-1]["close"] == "102"


def test_an_operation_takes_its_parameters_by_either_name(traded: Inside) -> None:
    by_documentation = traded.run("api", "get_klines", "symbol=SOL_USDC", "interval=1m", "startTime=1789999980", "-o", "json")
    by_library = traded.run(
        "api", "markets.klines", "symbol=SOL_USDC", "interval=1m", "start_time_s=2026-09-21T14:13", "-o", "json"
    )
    assert by_documentation.json["data"] == by_library.json["data"] != []


def test_doctor_says_that_all_is_well(traded: Inside) -> None:
    found = {row["what"]: row for row in rows(traded, "doctor")}
    assert list(found) == ["settings", "keys", "exchange", "clock", "signed read", "versions"]
    assert {row["state"] for row in found.values()} == {"ok"}


def test_doctor_says_what_is_wrong_and_ends_with_its_code(traded: Inside, tmp_path_factory: pytest.TempPathFactory) -> None:
    sick = Inside(tmp_path_factory.mktemp("home"), traded.exchange)
    key = sick.config.parent / "keys" / "sim.key"
    sick.run("init")
    key.chmod(0o644)
    done = sick.run("doctor", "-o", "json")
    assert done.code == 3
    states = {row["what"]: row["state"] for row in done.json["data"]}
    assert states["keys"] == "WRONG"
    assert states["exchange"] == "ok"
    assert "chmod 600" in done.out


def test_doctor_without_a_network_is_not_sent_to_the_doctor(traded: Inside, tmp_path_factory: pytest.TempPathFactory) -> None:
    def nobody(request: HttpRequest, /) -> HttpResponse:
        raise ConnectFailed("no connection")

    sick = Inside(tmp_path_factory.mktemp("home"), traded.exchange)
    sick.transport["http"] = nobody
    done = sick.run("doctor", "-p", "live", "-o", "csv")
    assert (done.code, "WRONG,exchange,no connection -> is this machine online?" in done.out) == (5, True)
    assert done.err.splitlines()[-1].endswith("1 of these is wrong,true,,5")


def test_doctor_of_live_tells_the_limits_and_where_keys_come_from(traded: Inside) -> None:
    found = {row["what"]: row for row in rows(traded, "doctor", "-p", "live")}
    assert found["keys"]["found"] == "none: public data can be read -> haversack init -p live"
    assert found["limits"]["found"] == "1000 an order; 0 of 5000 are spent today"


def test_an_hour_is_found_missing(traded: Inside, tmp_path_factory: pytest.TempPathFactory) -> None:
    from cli.inside import NOW_US
    from haversack import ManualClock

    late = Inside(tmp_path_factory.mktemp("home"), traded.exchange)
    late.transport["clock"] = ManualClock(NOW_US - 3_600_000_000)
    found = {row["what"]: row for row in rows(late, "doctor")}
    assert found["clock"]["state"] == "note"
    assert re.match(r"36\d\d\.\d+ s behind the exchange's", found["clock"]["found"])
    assert "if you moved it (haversack exchange clock)" in found["clock"]["found"]
    assert found["signed read"]["state"] == "ok"
    of_live = {row["what"]: row for row in rows(late, "doctor", "-p", "live")}
    assert "-> set this machine's clock" in of_live["clock"]["found"]


def test_doctor_says_that_the_exchange_is_paused_and_no_more_than_it_says_itself(traded: Inside) -> None:
    traded.exchange.faults.add(Condition(kind=ConditionKind.MAINTENANCE))
    done = traded.run("doctor", "-o", "json")
    traded.exchange.faults.clear()
    found = {row["what"]: row for row in done.json["data"]}
    assert found["exchange"]["found"] == "http://127.0.0.1:9 says Maintenance"


@pytest.mark.parametrize(
    ("settings", "todo"),
    [
        (SETTINGS, "start it, or correct url in the settings"),
        ("", "haversack sim stop -p sim; the next command starts it again"),
    ],
)
def test_doctor_of_a_local_exchange_that_does_not_answer_says_how_it_comes_back(
    settings: str, todo: str, traded: Inside, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(request: HttpRequest, /) -> HttpResponse:
        raise ConnectFailed("no connection to http://127.0.0.1:9: Connection refused")

    def running(settings: Settings) -> Address:
        return Address("http://127.0.0.1:9", "ws://127.0.0.1:9")

    monkeypatch.setattr("haversack.cli.profile.sim.ensure", running)
    sick = Inside(tmp_path_factory.mktemp("home"), traded.exchange, settings=settings)
    sick.transport["http"] = nobody
    done = sick.run("doctor", "-o", "json")
    assert done.code == 5
    assert {row["what"]: row["todo"] for row in done.json["data"]}["exchange"] == todo


def test_the_shared_exchange_adds_up(traded: Inside) -> None:
    made: BlockingLocalExchange = traded.exchange
    assert made.problems() == []
