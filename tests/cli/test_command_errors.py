"""What goes wrong is one line with a hint, the same as JSON or CSV if asked for, and an exit code of its own."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

import msgspec
import pytest

from cli.command import TOO_LONG_S
from cli.inside import SETTINGS, Inside
from haversack.cli.app import app
from haversack.cli.catalogue import operation_named
from haversack.cli.exits import Exit, exit_of, is_retryable
from haversack.cli.reports import report
from haversack.cli.space import NoSpace
from haversack.cli.unknown import AT_THE_LOCAL_EXCHANGE, WHERE, what_to_type
from haversack.errors import (
    ApiError,
    BookNotSynced,
    ConnectFailed,
    HaversackError,
    LocalRateLimit,
    MissingCredentials,
    OutcomeUnknown,
    ProtocolError,
    RequestExpired,
    RequestFailed,
    StreamClosed,
    SubscriptionRefused,
    UntrustedServer,
    UsageError,
)
from haversack.exchange.control.call import NoExchange
from haversack.exchange.control.words import Advance, AnyAsk
from haversack.exchange.faults import AnswerAction, AnswerFault, Condition, ConditionKind
from haversack.rest.http import HttpRequest, HttpResponse
from haversack.rest.request import changes_state
from haversack.wire.borrow_lend import ExecuteBorrowLend
from haversack.wire.catalogue import OPERATIONS
from haversack.wire.orders import CancelAllOrders, CancelOrder, PlaceOrder, PlaceOrders

ORDER = PlaceOrder(symbol="SOL_USDC", side="Bid", order_type="Market", quantity="1", client_id=7)
CODES = [
    (UsageError("x"), Exit.USAGE),
    (MissingCredentials("x"), Exit.AUTHENTICATION),
    (ApiError.of(400, "INVALID_CLIENT_REQUEST", "Invalid signature"), Exit.AUTHENTICATION),
    (ApiError.of(400, "INVALID_CLIENT_REQUEST", "Request has expired"), Exit.AUTHENTICATION),
    (ApiError.of(403, "FORBIDDEN", "no"), Exit.AUTHENTICATION),
    (ApiError.of(429, None, "slow down"), Exit.RATE_LIMIT),
    (LocalRateLimit(9, 1), Exit.RATE_LIMIT),
    (ConnectFailed("x"), Exit.NETWORK),
    (UntrustedServer("x"), Exit.ERROR),
    (RequestFailed("x"), Exit.NETWORK),
    (StreamClosed(1006, ""), Exit.NETWORK),
    (ApiError.of(400, "INSUFFICIENT_FUNDS", "no"), Exit.REJECTED),
    (ApiError.of(404, "RESOURCE_NOT_FOUND", "no"), Exit.REJECTED),
    (SubscriptionRefused(4005, "no", ("a",)), Exit.REJECTED),
    (ApiError.of(500, None, "oops"), Exit.NETWORK),
    (ApiError.of(503, "MAINTENANCE", "paused"), Exit.NETWORK),
    (ApiError.of(503, "TRADING_PAUSED", "paused"), Exit.NETWORK),
    (ApiError.of(503, None, "Service Unavailable"), Exit.NETWORK),
    (ApiError.of(504, "TIMEOUT", "late"), Exit.NETWORK),
    (ApiError.of(425, "TOO_EARLY", "not yet"), Exit.RATE_LIMIT),
    (ApiError.of(501, "NOT_IMPLEMENTED", "no"), Exit.REJECTED),
    (BookNotSynced("SOL_USDC", "x"), Exit.NETWORK),
    (NoExchange("x"), Exit.NETWORK),
    (NoSpace("x"), Exit.ERROR),
    (ProtocolError("an answer", "$.a", b"x"), Exit.ERROR),
    (HaversackError("x"), Exit.ERROR),
    (OutcomeUnknown(ORDER, RequestFailed("x"), sent_ms=1), Exit.UNKNOWN_OUTCOME),
]


@pytest.mark.parametrize(("error", "code"), CODES, ids=lambda value: type(value).__name__)
def test_each_kind_of_error_has_its_exit_code(error: HaversackError, code: Exit) -> None:
    assert exit_of(error) is code


@pytest.mark.parametrize(("error", "code"), CODES, ids=lambda value: type(value).__name__)
def test_an_error_may_be_tried_again_where_the_exit_code_says_so_and_nowhere_else(error: HaversackError, code: Exit) -> None:
    for form in ("json", "ndjson"):
        said = msgspec.json.decode(next(report(error, form, "sim")[0]))["error"]
        assert said["retryable"] is (code in (4, 5))


def every_kind(of: type[HaversackError]) -> set[type[HaversackError]]:
    return {of}.union(*(every_kind(kind) for kind in of.__subclasses__()))


def test_what_the_library_may_try_again_the_command_may_but_for_a_clock_that_is_off() -> None:
    retried = {kind for kind in every_kind(HaversackError) if kind.retryable}
    again = {kind for kind in every_kind(HaversackError) if is_retryable(kind.__new__(kind))}
    assert retried - again == {RequestExpired}
    assert again - retried == set()


def test_an_error_says_in_json_what_it_is_and_what_to_do() -> None:
    lines, code = report(CODES[-1][0], "json", "live")
    said = msgspec.json.decode(next(lines))["error"]
    assert said.pop("message") == "PlaceOrder may or may not have happened (x); look before you repeat it"
    assert said == {
        "profile": "live",
        "category": "unknown-outcome",
        "code": None,
        "retryable": False,
        "hint": "haversack order status SOL_USDC --client-id 7 -p live; not found is no answer before 5 s have passed",
        "exit_code": 7,
    }
    assert code == 7


ID = "haversack order status SOL_USDC 9 -p second"
LOST = [
    (CancelOrder(symbol="SOL_USDC", order_id="9"), ID),
    (CancelOrder(symbol="SOL_USDC", client_id=7), "haversack order status SOL_USDC --client-id 7 -p second"),
    (CancelAllOrders(symbol="SOL_USDC"), "haversack orders SOL_USDC -p second"),
    (Advance(step_us=1), "haversack exchange clock --data FOLDER"),
    (ExecuteBorrowLend(symbol="SOL", side="Borrow", quantity="1"), "haversack api get_borrow_lend_history -p second"),
]


@pytest.mark.parametrize(("operation", "hint"), LOST, ids=lambda value: type(value).__name__)
def test_an_unknown_outcome_names_the_command_that_finds_out(operation: object, hint: str) -> None:
    lines, code = report(OutcomeUnknown(operation, RequestFailed("no answer"), sent_ms=1), "table", "second")
    assert (next(lines).endswith(f"(no answer); look before you repeat it - {hint}"), code) == (True, 7)


def test_a_lost_batch_names_the_first_orders_and_says_where_the_others_are() -> None:
    batch = PlaceOrders(orders=[msgspec.structs.replace(ORDER, client_id=number) for number in range(1, 6)])
    hint = what_to_type(OutcomeUnknown(batch, RequestFailed("x"), sent_ms=1), "sim")
    assert [hint.count(f"SOL_USDC --client-id {number} -p sim; ") for number in range(1, 6)] == [1, 1, 1, 0, 0]
    assert "haversack export orders -p sim for the other 2; not found is no answer" in hint


def test_every_change_is_one_of_which_it_is_known_where_to_look() -> None:
    names = {kind.__name__ for kind in OPERATIONS if changes_state(kind)}
    assert names - {"PlaceOrder", "PlaceOrders", "CancelOrder", "CancelAllOrders"} == set(WHERE)
    asked = {kind.__name__ for kind in get_args(AnyAsk)}
    assert asked - {"ListFaults", "ReadClock", "ReadState", "SaveScenario"} == set(AT_THE_LOCAL_EXCHANGE)
    for command in [*WHERE.values(), *AT_THE_LOCAL_EXCHANGE.values()]:
        first, *rest = command.split()
        assert first == "balances" or (first == "exchange" and "".join(rest[:1]) in app["exchange"]) or operation_named(rest[0])


def test_an_error_is_one_row_of_csv_too() -> None:
    lines, _ = report(ApiError.of(400, "BORROW_LIMIT", "=no,\nreally"), "csv", "sim")
    assert list(lines) == [
        "profile,category,code,message,retryable,hint,exit_code",
        'sim,rejected,BORROW_LIMIT,"BORROW_LIMIT (HTTP 400): =no,�really",false,,6',
    ]


def test_what_the_exchange_says_cannot_drive_the_terminal() -> None:
    lines, _ = report(ApiError.of(400, "X", "\x1b[31mred\nsecond line"), "table", "sim")
    text = "\n".join(lines)
    assert text.isprintable()
    assert "red" in text


def test_no_network_is_one_line_and_says_what_to_do(inside: Inside) -> None:
    def nobody(request: HttpRequest, /) -> HttpResponse:
        raise ConnectFailed("no connection to https://api.backpack.exchange: Name or service not known")

    inside.transport["http"] = nobody
    done = inside.run("-p", "live", "ticker", "SOL_USDC")
    assert (done.code, done.out) == (5, "")
    assert done.err.splitlines()[1] == (
        "haversack: no connection to https://api.backpack.exchange: Name or service not known - is this machine online? "
        "haversack doctor -p live"
    )
    assert done.err.count("\n") == 2


def test_a_local_exchange_that_is_gone_is_no_matter_of_the_network() -> None:
    lines, code = report(ConnectFailed("no connection to http://127.0.0.1:9: refused"), "table", "sim")
    assert next(lines).endswith(" - no local exchange answers there (any more): haversack doctor -p sim")
    assert code == 5


def test_an_exchange_that_is_down_is_one_line(inside: Inside) -> None:
    inside.exchange.faults.add(AnswerFault(action=AnswerAction.TOO_MANY_REQUESTS, times=None))
    try:
        done = inside.run("balances", "-o", "json")
    finally:
        inside.exchange.faults.clear()
    assert done.code == 4
    assert msgspec.json.decode(done.err.splitlines()[-1])["error"]["category"] == "rate-limit"


def test_an_exchange_that_is_paused_is_asked_again_later(inside: Inside) -> None:
    inside.exchange.faults.add(Condition(kind=ConditionKind.MAINTENANCE))
    try:
        read, order = inside.run("ticker", "-o", "json"), inside.run("order", "place", "SOL_USDC", "bid", "1", "--price", "90")
    finally:
        inside.exchange.faults.clear()
    said = msgspec.json.decode(read.err.splitlines()[-1])["error"]
    assert (read.code, said["category"], said["code"], said["retryable"]) == (5, "network", "MAINTENANCE", True)
    assert said["hint"] == "wait until it is up again: haversack api get_status -p sim"
    assert (order.code, "MAINTENANCE" in order.err) == (7, True)


def test_what_the_system_says_comes_in_the_form_that_was_asked_for(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("haversack.cli.here.write", full)
    done = inside.run("markets", "-o", "json")
    said = msgspec.json.decode(done.err.splitlines()[-1])["error"]
    assert (done.code, said["category"], said["message"], said["retryable"]) == (1, "error", "No space left on device", False)


def test_an_unknown_symbol_says_where_symbols_are_listed(inside: Inside) -> None:
    done = inside.run("ticker", "NO_SUCH")
    assert done.code == 6
    assert done.err.endswith("haversack markets -p sim lists the symbols\n")


@pytest.mark.parametrize(
    ("call", "hint"),
    [
        ("order place SOL_USDC bid 1.234 --price 90", "haversack market SYMBOL -p sim shows the rules of a market"),
        ("order place SOL_USDC bid 1 --price 90.001", "haversack market SYMBOL -p sim shows the rules of a market"),
        ("order place SOL_USDC bid 99999999 --price 90", "haversack balances -p sim shows what there is"),
        ("order cancel SOL_USDC 1", "haversack orders -p sim lists those that rest"),
        ("order status SOL_USDC 1", "haversack export orders -p sim lists all that there were"),
        ("depth HNT_USDC", "it has no book; haversack market SYMBOL -p sim says whether it is open"),
    ],
)
def test_a_refusal_says_where_to_look(call: str, hint: str, inside: Inside) -> None:
    done = inside.run(*call.split())
    assert (done.code, done.err.endswith(f" - {hint}\n")) == (6, True), done.err


def test_a_read_that_was_not_answered_may_be_tried_again() -> None:
    lines, code = report(RequestFailed("no answer"), "table", "sim")
    assert (list(lines), code) == (["haversack: no answer - try again; haversack doctor -p sim"], 5)


def test_an_exchange_that_opens_no_streams_is_there_all_the_same() -> None:
    lines, _ = report(ConnectFailed("no stream connection to ws://127.0.0.1:9: it answered with status 503"), "table", "sim")
    assert next(lines).endswith(" - it opens no stream connections for now: try again later")


def test_an_answer_that_is_garbage_is_one_line(inside: Inside) -> None:
    inside.exchange.faults.add(AnswerFault(action=AnswerAction.GARBAGE, operation="GetMarkets"))
    done = inside.run("markets")
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 2)


def test_ctrl_c_ends_without_a_word_and_an_order_on_its_way_is_not_forgotten(live: Inside) -> None:
    through = live.http

    def interrupted(request: HttpRequest, /) -> HttpResponse:
        if request.method == "GET":
            return through(request)
        raise KeyboardInterrupt

    live.transport["http"] = interrupted
    done = live.run("-p", "live", "order", "place", "SOL_USDC", "bid", "1", "--price", "90", "--yes", "--client-id", "9")
    assert done.code == 7
    assert "haversack order status SOL_USDC --client-id 9" in done.err

    def at_once(request: HttpRequest, /) -> HttpResponse:
        raise KeyboardInterrupt

    live.transport["http"] = at_once
    done = live.run("ticker")
    assert (done.code, done.out, done.err.count("\n")) == (130, "", 1)


def test_ctrl_c_while_a_class_is_made_is_no_other_error(inside: Inside) -> None:
    class Pressed:
        def __set_name__(self, owner: type, name: str) -> None:
            raise KeyboardInterrupt

    def loading(request: HttpRequest, /) -> HttpResponse:
        class Group:
            endpoint = Pressed()

        raise AssertionError(Group)

    inside.transport["http"] = loading
    done = inside.run("ticker")
    assert (done.code, done.out, done.err.count("\n")) == (130, "", 1)


def test_another_error_of_the_interpreter_is_not_taken_for_ctrl_c(inside: Inside) -> None:
    def broken(request: HttpRequest, /) -> HttpResponse:
        raise RuntimeError("a mistake of ours")

    inside.transport["http"] = broken
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        inside.run("ticker")


@pytest.mark.parametrize("call", ["-o json tickr", "tickr -o json", "-o json ticker --nope", "order plce -o json"])
def test_a_call_that_is_not_understood_is_told_in_the_form_that_it_asks_for(call: str, inside: Inside) -> None:
    done = inside.run(*call.split())
    assert (done.code, msgspec.json.decode(done.err)["error"]["category"]) == (2, "usage")


@pytest.mark.parametrize("call", ["ticker NO_SUCH_MARKET", "tickr"])
def test_an_error_comes_in_the_form_that_the_settings_ask_for(call: str, inside: Inside) -> None:
    inside.config.write_text('output = "json"\n' + SETTINGS, encoding="utf-8")
    done = inside.run(*call.split())
    error = msgspec.json.decode(done.err.splitlines()[-1])["error"]
    assert error["exit_code"] == done.code != 0


@pytest.mark.parametrize("module", ["haversack.cli.main", "haversack.errors", "haversack.cli.here", "haversack.cli.asked"])
def test_ctrl_c_while_the_command_is_loaded_is_no_traceback(module: str) -> None:
    pressed = f"""
import os, runpy, signal, sys
class Pressed:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Pressed())
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv[1:] = ["--version"]
runpy.run_module("haversack", run_name="__main__", alter_sys=True)
"""
    done = subprocess.run([sys.executable, "-c", pressed], check=False, capture_output=True, text=True, timeout=TOO_LONG_S)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize(("words", "wrong"), [(("exchange", "clock"), ()), (("demo",), ("--seed", "x"))])
def test_a_command_apart_tells_its_errors_as_the_environment_asks(
    words: tuple[str, ...], wrong: tuple[str, ...], inside: Inside
) -> None:
    told = inside.run(*words, *wrong, environ={"HAVERSACK_OUTPUT": "json"})
    assert msgspec.json.decode(told.err)["error"]["category"] in ("usage", "network")
    refused = inside.run(*words, "-o", "json")
    assert (refused.code, refused.out) == (2, "")
    assert "-o is of no use here: this command has no profile and one form of output" in refused.err
