"""What goes wrong is one line with a hint, the same as JSON or CSV if asked for, and an exit code of its own."""

from __future__ import annotations

import msgspec
import pytest

from cli.inside import Inside
from haversack.cli.exits import Exit, exit_of
from haversack.cli.reports import report
from haversack.errors import (
    ApiError,
    ConnectFailed,
    HaversackError,
    LocalRateLimit,
    MissingCredentials,
    OutcomeUnknown,
    ProtocolError,
    RequestFailed,
    StreamClosed,
    SubscriptionRefused,
    UntrustedServer,
    UsageError,
)
from haversack.exchange.faults import AnswerAction, AnswerFault
from haversack.rest.http import HttpRequest, HttpResponse
from haversack.wire.orders import PlaceOrder

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
    (UntrustedServer("x"), Exit.NETWORK),
    (RequestFailed("x"), Exit.NETWORK),
    (StreamClosed(1006, ""), Exit.NETWORK),
    (ApiError.of(400, "INSUFFICIENT_FUNDS", "no"), Exit.REJECTED),
    (ApiError.of(404, "RESOURCE_NOT_FOUND", "no"), Exit.REJECTED),
    (SubscriptionRefused(4005, "no", ("a",)), Exit.REJECTED),
    (ApiError.of(500, None, "oops"), Exit.ERROR),
    (ProtocolError("an answer", "$.a", b"x"), Exit.ERROR),
    (HaversackError("x"), Exit.ERROR),
    (OutcomeUnknown(ORDER, RequestFailed("x"), sent_ms=1), Exit.UNKNOWN_OUTCOME),
]


@pytest.mark.parametrize(("error", "code"), CODES, ids=lambda value: type(value).__name__)
def test_each_kind_of_error_has_its_exit_code(error: HaversackError, code: Exit) -> None:
    assert exit_of(error) is code


def test_an_error_says_in_json_what_it_is_and_what_to_do() -> None:
    lines, code = report(CODES[-1][0], "json", "live")
    said = msgspec.json.decode(next(lines))["error"]
    assert said.pop("message").startswith("PlaceOrder may or may not have happened")
    assert said == {
        "profile": "live",
        "category": "unknown-outcome",
        "code": None,
        "retryable": False,
        "hint": "haversack order status SOL_USDC --client-id 7",
        "exit_code": 7,
    }
    assert code == 7


def test_an_error_is_one_row_of_csv_too() -> None:
    lines, _ = report(ApiError.of(400, "INSUFFICIENT_FUNDS", "=no,\nreally"), "csv", "sim")
    assert list(lines) == [
        "profile,category,code,message,retryable,hint,exit_code",
        'sim,rejected,INSUFFICIENT_FUNDS,"INSUFFICIENT_FUNDS (HTTP 400): =no,�really",false,,6',
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
    assert next(lines).endswith(" - the local exchange is not there (any more): haversack sim -p sim says which it is")
    assert code == 5


def test_an_exchange_that_is_down_is_one_line(inside: Inside) -> None:
    inside.exchange.faults.add(AnswerFault(action=AnswerAction.TOO_MANY_REQUESTS, times=None))
    try:
        done = inside.run("balances", "-o", "json")
    finally:
        inside.exchange.faults.clear()
    assert done.code == 4
    assert msgspec.json.decode(done.err.splitlines()[-1])["error"]["category"] == "rate-limit"


def test_an_unknown_symbol_says_where_symbols_are_listed(inside: Inside) -> None:
    done = inside.run("ticker", "NO_SUCH")
    assert done.code == 6
    assert done.err.endswith("haversack markets -p sim lists the symbols\n")


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
