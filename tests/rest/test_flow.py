"""What is sent, when, and what the caller gets: tables, without a loop, a socket or a clock."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from typing import Any, ClassVar, Literal

import msgspec
import pytest
from msgspec.structs import replace

from haversack.clock import ManualClock
from haversack.credentials import Credentials
from haversack.errors import (
    ApiError,
    ConnectFailed,
    InvalidRequest,
    LocalRateLimit,
    Maintenance,
    MalformedRequest,
    MissingCredentials,
    NotServed,
    OutcomeUnknown,
    ProtocolError,
    RedirectRefused,
    RequestFailed,
    RequestTooLarge,
    ServerError,
    TooManyRequests,
    UnknownPath,
    UntrustedServer,
    UsageError,
)
from haversack.rest.broker import Broker
from haversack.rest.drivers import drive, drive_async
from haversack.rest.flow import flow
from haversack.rest.http import HttpRequest, HttpResponse
from haversack.rest.pacing import Limits, Pacer
from haversack.rest.request import Attempt
from haversack.rest.retry import Retry
from haversack.rest.session import RestSession
from haversack.wire.base import CancelPending, Operation, Page
from haversack.wire.enums import Side
from haversack.wire.history import GetFillHistory
from haversack.wire.markets import GetKlines, GetTicker
from haversack.wire.orders import CancelAllOrders, CancelOrder, GetOpenOrders, PlaceOrder, PlaceOrders
from haversack.wire.system import GetStatus, GetTime, Ping

KEYS = Credentials.generate()
PLACE = PlaceOrder(symbol="SOL_USDC", side=Side.BID, order_type="Limit", price="20", quantity="1", client_id=7)
CANCEL = CancelOrder(symbol="SOL_USDC", order_id="5")
CANCEL_ALL = CancelAllOrders(symbol="SOL_USDC")
CHANGES: list[Operation[Any]] = [PLACE, CANCEL, CANCEL_ALL]

ORDER = (
    b'{"clientId":7,"createdAt":1788285244094,"executedQuantity":"0","executedQuoteQuantity":"0","id":"5","orderType":"Limit",'
    b'"price":"20","quantity":"1","selfTradePrevention":"RejectTaker","side":"Bid","status":"New","symbol":"SOL_USDC",'
    b'"timeInForce":"GTC"}'
)
STATUS = b'{"message":null,"status":"Ok"}'


def session(*, clock: ManualClock | None = None, retry: Retry | None = None, chance: float = 1.0) -> RestSession:
    return RestSession(KEYS, clock or ManualClock(), retry=retry, dice=lambda: chance)


def answer(status: int = 200, body: bytes = b"", **headers: str) -> HttpResponse:
    return HttpResponse(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def said(code: str, status: int = 400) -> HttpResponse:
    return answer(status, b'{"code":"%s","message":"no"}' % code.encode())


class Line:
    """The other end of a flow: gives what it was told to, one after the other, and remembers what was sent and slept."""

    def __init__(self, *replies: HttpResponse | Exception) -> None:
        self.replies = list(replies)
        self.sent: list[HttpRequest] = []
        self.slept_s: list[float] = []

    def __call__(self, request: HttpRequest, /) -> HttpResponse:
        self.sent.append(request)
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def run(self, operation: Operation[Any], rest: RestSession) -> Any:
        """The answer; every wait moves the session's clock, which stands still otherwise."""

        def sleep(delay_s: float) -> None:
            self.slept_s.append(delay_s)
            if isinstance(rest.clock, ManualClock):
                rest.clock.advance(us=round(delay_s * 1_000_000))

        return drive(flow(operation, rest), self, sleep)


def outcome(operation: Operation[Any], *replies: HttpResponse | Exception) -> Any:
    return Line(*replies).run(operation, session(retry=Retry(attempts_max=1)))


def test_order_is_answered_by_the_order() -> None:
    order = outcome(PLACE, answer(body=ORDER))
    assert (order.order_id, order.price, order.client_id) == ("5", Decimal(20), 7)


@pytest.mark.parametrize(
    ("operation", "reply", "value"),
    [
        (GetStatus(), answer(body=STATUS), ("Ok", None)),
        (Ping(), answer(body=b"pong"), "pong"),
        (GetTime(), answer(body=b"1788285151083"), 1_788_285_151_083),
        (GetTicker("X_USDC"), answer(204), None),
        (GetTicker("X_USDC"), answer(), None),
        (GetTicker("X_USDC"), answer(body=b"null"), None),
        (CANCEL, answer(202), CancelPending()),
        (CANCEL_ALL, answer(202, b"{}"), CancelPending()),
        (CANCEL_ALL, answer(body=b"[]"), []),
        (GetOpenOrders(), answer(body=b"[]"), []),
    ],
)
def test_answer_of_each_kind(operation: Operation[Any], reply: HttpResponse, value: Any) -> None:
    found = outcome(operation, reply)
    assert ((found.status, found.message) if isinstance(value, tuple) else found) == value


@pytest.mark.parametrize(("total", "number"), [("2", 2), ("", None), ("many", None), ("9" * 30, None)])
def test_page_says_how_many_rows_there_are_in_all(total: str, number: int | None) -> None:
    page = outcome(GetFillHistory(), answer(body=b"[]", x_total=total))
    assert isinstance(page, Page)
    assert (page, page.total) == ([], number)


CONNECTION_LOST = RequestFailed("reset after the request")
UNKNOWN: list[HttpResponse | Exception] = [
    CONNECTION_LOST,
    OSError("a transport of the user's own"),
    answer(500),
    answer(502, b"<html>bad gateway</html>"),
    said("MAINTENANCE", 503),
    answer(504, b"x"),
    answer(408, b"request timeout"),
    said("TIMEOUT", 400),
    said("TIMEOUT", 504),
    answer(201, b"{}"),
    answer(200, b""),
    answer(200, b"not json"),
    answer(200, b'{"id":5}'),
    answer(204),
    answer(100),
    answer(999),
    *(answer(status, location="https://elsewhere.example") for status in (301, 302, 303, 307, 308)),
]


@pytest.mark.parametrize("operation", CHANGES, ids=lambda operation: type(operation).__name__)
@pytest.mark.parametrize("reply", UNKNOWN, ids=str)
def test_change_without_a_clear_answer_may_have_happened(operation: Operation[Any], reply: HttpResponse | Exception) -> None:
    line = Line(reply)
    clock = ManualClock()
    with pytest.raises(OutcomeUnknown) as caught:
        line.run(operation, session(clock=clock))
    assert len(line.sent) == 1
    assert caught.value.operation is operation
    assert caught.value.sent_ms == clock.now_us() // 1_000
    assert caught.value.client_id == getattr(operation, "client_id", None)
    assert caught.value.__cause__ is caught.value.cause
    if isinstance(reply, Exception):
        assert caught.value.cause is reply


def test_order_that_is_taken_but_not_carried_out_yet_may_happen() -> None:
    with pytest.raises(OutcomeUnknown, match="HTTP 202"):
        outcome(PLACE, answer(202))


@pytest.mark.parametrize("operation", CHANGES, ids=lambda operation: type(operation).__name__)
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (said("INVALID_CLIENT_REQUEST"), InvalidRequest),
        (said("NEVER_HEARD_OF"), InvalidRequest),
        (said("RESOURCE_NOT_FOUND", 404), ApiError),
        (said("TOO_MANY_REQUESTS", 429), TooManyRequests),
        (answer(429), TooManyRequests),
        (answer(429, retry_after="7"), TooManyRequests),
        (answer(400, b"parse request payload error: ..."), InvalidRequest),
        (answer(415, b"the client request does not include the `Content-Type` header"), InvalidRequest),
        (ConnectFailed("refused"), ConnectFailed),
        (UntrustedServer("expired"), UntrustedServer),
        (UsageError("this client is closed"), UsageError),
    ],
    ids=str,
)
def test_no_is_a_no_and_is_not_asked_again(
    operation: Operation[Any], reply: HttpResponse | Exception, kind: type[Exception]
) -> None:
    line = Line(reply)
    with pytest.raises(kind):
        line.run(operation, session())
    assert len(line.sent) == 1
    assert line.slept_s == []


@pytest.mark.parametrize(
    "failure",
    [RequestFailed("timed out"), ConnectFailed("refused"), answer(500), answer(503), said("TIMEOUT")],
    ids=str,
)
def test_read_is_asked_again_and_each_time_later(failure: HttpResponse | Exception) -> None:
    line = Line(failure, failure, answer(body=STATUS))
    assert line.run(GetStatus(), session()).status == "Ok"
    assert line.slept_s == [0.25, 0.5]


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (RequestFailed("timed out"), RequestFailed),
        (answer(500, b"oops"), ServerError),
        (said("MAINTENANCE", 503), Maintenance),
        (answer(429), TooManyRequests),
    ],
    ids=str,
)
def test_read_gives_up_after_its_attempts(failure: HttpResponse | Exception, kind: type[Exception]) -> None:
    line = Line(*[failure] * 9)
    with pytest.raises(kind):
        line.run(GetStatus(), session(retry=Retry(attempts_max=4)))
    assert len(line.sent) == 4


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (said("INVALID_SYMBOL"), ApiError),
        (answer(404, b"not found"), ApiError),
        (answer(body=b"{"), ProtocolError),
        (answer(302, location="https://elsewhere.example"), RedirectRefused),
        (UntrustedServer("expired"), UntrustedServer),
        (KeyError("a bug in a transport of the user's own"), KeyError),
    ],
    ids=str,
)
def test_read_that_would_fail_again_is_not_asked_again(failure: HttpResponse | Exception, kind: type[Exception]) -> None:
    line = Line(failure)
    with pytest.raises(kind):
        line.run(GetStatus(), session())
    assert len(line.sent) == 1


def test_wait_that_the_exchange_asks_for_is_kept() -> None:
    steps = flow(GetStatus(), session())
    next(steps)
    assert steps.send(answer(429, retry_after="1")) == Attempt(None, 1.0)


def test_wait_that_is_too_long_is_left_to_the_caller() -> None:
    line = Line(answer(429, retry_after="3600"))
    with pytest.raises(TooManyRequests) as caught:
        line.run(GetStatus(), session())
    assert caught.value.retry_after_s == 3600


@pytest.mark.parametrize("retry_after", ["", "-1", "soon", "1e9", "Wed, 21 Oct 2026 07:28:00 GMT", "9" * 40])
def test_wait_that_makes_no_sense_is_ignored(retry_after: str) -> None:
    steps = flow(GetStatus(), session())
    next(steps)
    assert steps.send(answer(429, retry_after=retry_after)).delay_s == 1.0


def test_waits_are_bounded_and_half_of_each_is_chance() -> None:
    line = Line(*[answer(500)] * 9)
    with pytest.raises(ServerError):
        line.run(GetStatus(), session(retry=Retry(attempts_max=8), chance=0.0))
    assert line.slept_s == [0.125, 0.25, 0.5, 1.0, 2.0, 2.0, 2.0]


def test_read_is_signed_anew_after_the_wait() -> None:
    clock = ManualClock()
    steps = flow(GetOpenOrders(), session(clock=clock))
    first = next(steps)
    wait = steps.send(answer(429, retry_after="5"))
    assert wait.request is None
    clock.advance(s=5)
    second = next(steps)
    assert first.request is not None
    assert second.request is not None
    times = [int(attempt.request.headers["X-Timestamp"]) for attempt in (first, second) if attempt.request]
    assert times[1] - times[0] == 5_000
    assert first.request.headers["X-Signature"] != second.request.headers["X-Signature"]


def test_same_order_twice_in_a_millisecond_waits_for_the_next() -> None:
    rest = session()
    first, second = next(flow(PLACE, rest)), next(flow(PLACE, rest))
    assert (first.delay_s, second.delay_s) == (0.0, 0.001)
    assert (second.sent_ms or 0) - (first.sent_ms or 0) == 1


@pytest.mark.parametrize(
    "operation",
    [
        PlaceOrder(symbol="SOL_USDC", side="Bid", order_type="Limit", price=20.5),  # type: ignore[arg-type]
        PlaceOrder(symbol="SOL_USDC", side="Buy", order_type="Limit"),  # type: ignore[arg-type]
        PlaceOrder(symbol="SOL_USDC", side="Bid", order_type="Limit", client_id=2**32),
        PlaceOrder(symbol="SOL_USDC", side="Bid", order_type="Limit", client_id=True),
        PlaceOrder(symbol="SOL_USDC", side="Bid", order_type="Limit", post_only=1),  # type: ignore[arg-type]
        PlaceOrder(symbol="", side="Bid", order_type="Limit"),
        PlaceOrder(symbol=b"SOLUSDC__", side="Bid", order_type="Limit"),  # type: ignore[arg-type]
        PlaceOrder(symbol="SOL_USDC&side=Ask", side="Bid", order_type="Limit"),
        CancelOrder(symbol="SOL_USDC", order_id="5", client_id=5),
        CancelOrder(symbol="SOL_USDC", order_id=5),  # type: ignore[arg-type]
        GetFillHistory(market_type=5),  # type: ignore[arg-type]
        GetFillHistory(from_ms=1_790_000_000),
        GetKlines("SOL_USDC", interval="1m", start_time_s=1_790_000_000_000),
        GetFillHistory(market_type=()),
        GetFillHistory(from_ms=1.5),  # type: ignore[arg-type]
        GetFillHistory(from_ms=-1),
        GetTicker("SOL_USDC", source="Internal"),  # type: ignore[arg-type]
    ],
    ids=str,
)
def test_wrong_parameter_is_refused_and_nothing_is_sent(operation: Operation[Any]) -> None:
    line = Line()
    with pytest.raises(UsageError):
        line.run(operation, session())
    assert line.sent == []


def test_float_price_is_answered_with_the_right_way_to_write_it() -> None:
    bad = PlaceOrder(symbol="SOL_USDC", side="Bid", order_type="Limit", price=20.5)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"price='20\.5'"):
        next(flow(bad, session()))


def test_wrong_word_is_answered_with_the_right_ones() -> None:
    bad = PlaceOrder(symbol="SOL_USDC", side="Buy", order_type="Limit")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="side must be one of Bid, Ask, found 'Buy'"):
        next(flow(bad, session()))


def test_word_that_we_do_not_know_is_sent_when_it_is_made_a_member_on_purpose() -> None:
    attempt = next(flow(PlaceOrder(symbol="SOL_USDC", side=Side("Both"), order_type="Limit"), session()))
    assert attempt.request is not None
    assert b'"side":"Both"' in (attempt.request.body or b"")


def test_signed_operation_without_keys_is_refused() -> None:
    with pytest.raises(MissingCredentials, match="PlaceOrder"):
        next(flow(PLACE, RestSession(None, ManualClock())))


def test_public_operation_is_sent_without_a_signature() -> None:
    attempt = next(flow(GetTicker("SOL_USDC"), session()))
    assert attempt.request is not None
    assert attempt.request.target == "/api/v1/ticker?symbol=SOL_USDC"
    assert {name.lower() for name in attempt.request.headers} == {"user-agent", "accept-encoding"}
    assert attempt.request.headers["User-Agent"].startswith("haversack/")


def test_unusual_characters_of_a_query_are_escaped() -> None:
    attempt = next(flow(GetTicker("a b/ü#?%"), session()))
    assert attempt.request is not None
    assert attempt.request.target == "/api/v1/ticker?symbol=a%20b%2F%C3%BC%23%3F%25"


def test_operation_of_the_user_s_own_sends_its_defaults() -> None:
    class GetNews(Operation[list[int]], frozen=True, kw_only=True):
        method, path = "GET", "/api/v1/news"
        limit: int = 100
        symbol: str

    attempt = next(flow(GetNews(symbol="SOL"), session()))
    assert attempt.request is not None
    assert attempt.request.target == "/api/v1/news?limit=100&symbol=SOL"


def test_long_error_text_is_cut() -> None:
    with pytest.raises(ApiError) as caught:
        outcome(GetStatus(), answer(400, b"<html>" * 100_000))
    assert len(caught.value.message) <= 2_000


@pytest.mark.parametrize("body", [b"", b"12a", b"1.5", b"-", b"9" * 100, b"\xff", b" 5", "٣".encode()])
def test_time_that_is_no_number_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        outcome(GetTime(), answer(body=body))


def test_flow_runs_without_waiting_for_real() -> None:
    started_ns = time.monotonic_ns()
    line = Line(*[answer(429, retry_after="30")] * 2, answer(body=STATUS))
    line.run(GetStatus(), session())
    assert line.slept_s == [30.0, 30.0]
    assert time.monotonic_ns() - started_ns < 1_000_000_000


# What an error says


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (404, b"not found", UnknownPath, "not found"),
        (405, b"method not allowed", UnknownPath, "method not allowed"),
        (413, b"payload too large", RequestTooLarge, "payload too large"),
        (501, b"GetTime is not served by this local exchange", NotServed, "GetTime is not served by this local exchange"),
        (400, b"failed to parse parameter `limit`: ...", MalformedRequest, "failed to parse parameter `limit`: ..."),
        (502, b"<html>\n<head><title>502  Bad\nGateway</title></head>" + b"x" * 50_000, ServerError,
         "an HTML page named '502 Bad Gateway'"),
        (503, b"<!DOCTYPE html><HTML><TITLE>" + b"x" * 300 + b"</TITLE>", Maintenance, f"an HTML page named '{'x' * 100}'"),
        (504, b"<html><title>never closed", ServerError, "an HTML page"),
        (504, b"<html></title><title>", ServerError, "an HTML page"),
    ],
    ids=str,
)  # fmt: skip
def test_plain_text_and_pages_become_errors_with_a_short_text(
    status: int, body: bytes, kind: type[ApiError], message: str
) -> None:
    with pytest.raises(kind) as caught:
        outcome(GetTime(), answer(status, body))
    assert (caught.value.code, caught.value.message) == (None, message)


@pytest.mark.parametrize("operation", [GetFillHistory(symbol="SOL_USDC"), CANCEL], ids=lambda operation: type(operation).__name__)
def test_refusal_names_method_and_path_and_operation(operation: Operation[Any]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        outcome(operation, said("INVALID_CLIENT_REQUEST"))
    error, kind = caught.value, type(operation)
    assert (error.method, error.path, error.operation) == (kind.method, kind.path, kind.__name__)
    assert str(error).startswith(f"{kind.method} {kind.path}: INVALID_CLIENT_REQUEST (HTTP 400)")
    assert "SOL_USDC" not in str(error)


class Withdraw(Operation[None], frozen=True, kw_only=True):
    """Something that carries a second factor."""

    method, path, instruction = "POST", "/wapi/v1/capital/withdrawals", "withdraw"
    two_factor_token: str


@pytest.mark.parametrize("as_json", [True, False])
def test_what_signs_a_request_is_hidden_where_an_error_quotes_it(as_json: bool) -> None:
    attempt = next(steps := flow(Withdraw(two_factor_token="123456"), session()))
    assert attempt.request is not None
    headers = attempt.request.headers
    text = f"found {{token 123456}} {headers['X-Signature']} {headers['X-API-Key']}"
    body = b'{"code":"INVALID_CLIENT_REQUEST","message":"%s"}' % text.encode() if as_json else text.encode()
    with pytest.raises(InvalidRequest) as caught:
        steps.send(answer(400, body))
    assert caught.value.message == "found {token [hidden]} [hidden] [hidden]"


def test_refusal_is_a_final_no_where_nobody_serves_the_operation() -> None:
    with pytest.raises(NotServed):
        outcome(PLACE, answer(501, b"not served"))


@pytest.mark.parametrize("results", [0, 1, 3])
def test_batch_with_more_or_fewer_results_than_orders_may_have_happened(results: int) -> None:
    batch = PlaceOrders((PLACE, replace(PLACE, client_id=8)))
    body = b"[" + b",".join([b'{"operation":"Err","code":"INVALID_ORDER","message":"no"}'] * results) + b"]"
    with pytest.raises(OutcomeUnknown, match=f"{results} results for 2 orders") as caught:
        outcome(batch, answer(body=body))
    assert isinstance(caught.value.cause, ProtocolError)
    assert caught.value.client_ids == (7, 8)


def test_batch_with_a_result_for_each_order_is_answered_by_them() -> None:
    body = b'[{"operation":"Err","code":"INVALID_ORDER","message":"no"},{"operation":"Ok",' + ORDER[1:] + b"]"
    refused, placed = outcome(PlaceOrders((PLACE, PLACE)), answer(body=body))
    assert (refused.code, placed.order_id) == ("INVALID_ORDER", "5")


# Its turn within the rate limits

ONE_A_MINUTE = Limits(requests_per_minute=1, kept_for_cancels=0, margin_ms=0)


def paced(limits: Limits, clock: ManualClock | None = None, **options: Any) -> RestSession:
    return RestSession(KEYS, clock or ManualClock(), pacer=Pacer(limits), dice=lambda: 1.0, **options)


@pytest.mark.parametrize("operation", [GetOpenOrders(), PLACE], ids=lambda operation: type(operation).__name__)
def test_request_is_signed_after_the_wait_for_its_turn(operation: Operation[Any]) -> None:
    clock = ManualClock()
    rest = paced(ONE_A_MINUTE, clock)
    next(flow(GetStatus(), rest))
    steps = flow(operation, rest)
    waited_s: list[float] = []
    while (attempt := next(steps)).request is None:
        waited_s.append(attempt.delay_s)
        clock.advance(us=round(attempt.delay_s * 1_000_000))
    assert sum(waited_s) == 60
    assert attempt.request.headers["X-Timestamp"] == str(clock.now_us() // 1_000)


def test_call_that_would_wait_too_long_sends_nothing() -> None:
    rest, line = paced(Limits(requests_per_minute=1, kept_for_cancels=0, wait_s_max=1)), Line(answer(body=STATUS))
    line.run(GetStatus(), rest)
    for operation in (GetStatus(), PLACE):
        with pytest.raises(LocalRateLimit):
            line.run(operation, rest)
    assert len(line.sent) == 1


def test_429_holds_everybody_who_shares_the_budget() -> None:
    clock, pacer = ManualClock(), Pacer()
    one, other = (RestSession(KEYS, clock, pacer=pacer, dice=lambda: 1.0) for _ in range(2))
    with pytest.raises(TooManyRequests):
        Line(answer(429, retry_after="20")).run(PLACE, one)
    everybody: list[Operation[Any]] = [GetStatus(), PLACE, CANCEL]
    assert [next(flow(operation, other)) for operation in everybody] == [Attempt(None, 20.0)] * 3
    clock.advance(s=20)
    assert next(flow(CANCEL, other)).request is not None


def test_429s_in_a_row_hold_for_longer_and_longer() -> None:
    line = Line(*[answer(429)] * 3, answer(body=STATUS))
    line.run(GetStatus(), session(retry=Retry(attempts_max=4)))
    assert line.slept_s == [1, 2, 4]


def test_answer_ends_a_row_of_429s() -> None:
    rest = session()
    line = Line(answer(429), answer(body=STATUS), answer(429), said("INVALID_SYMBOL"), answer(429), answer(body=STATUS))
    line.run(GetStatus(), rest)
    with pytest.raises(InvalidRequest):
        line.run(GetStatus(), rest)
    line.run(GetStatus(), rest)
    assert line.slept_s == [1, 1, 1]


def test_order_s_answer_ends_a_row_of_429s() -> None:
    rest = session(retry=Retry(attempts_max=1))
    line = Line(answer(429), answer(body=ORDER), answer(429), answer(body=STATUS))
    with pytest.raises(TooManyRequests):
        line.run(GetStatus(), rest)
    line.run(PLACE, rest)
    with pytest.raises(TooManyRequests):
        line.run(GetStatus(), rest)
    line.run(GetStatus(), rest)
    assert line.slept_s == [1, 1]


def test_in_an_outage_little_is_repeated() -> None:
    rest, line = session(), Line(*[answer(502)] * 1_000)
    for _ in range(100):
        with pytest.raises(ServerError):
            line.run(GetStatus(), rest)
    assert len(line.sent) == 110


def test_reads_are_repeated_again_when_answers_come_again() -> None:
    rest = session()
    line = Line(*[answer(502)] * 110, *[answer(body=STATUS)] * 10, answer(502), answer(body=STATUS))
    for _ in range(100):
        with pytest.raises(ServerError):
            line.run(GetStatus(), rest)
    for _ in range(11):
        line.run(GetStatus(), rest)
    assert line.replies == []


def test_call_that_is_given_up_while_it_waits_leaves_its_line() -> None:
    rest = paced(ONE_A_MINUTE)
    assert isinstance(rest.clock, ManualClock)
    rest.pacer.refused(0, 0, asked_s=60, share=1)

    def interrupt(_delay_s: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as kept:
        drive(flow(GetStatus(), rest), Line(), interrupt)
    rest.clock.advance(s=60)
    assert next(flow(GetStatus(), rest)).request is not None
    assert kept.value.__traceback__ is not None, "what holds on to the call's frames is still there"


async def test_task_that_is_cancelled_while_it_waits_leaves_its_line() -> None:
    rest = paced(ONE_A_MINUTE)
    assert isinstance(rest.clock, ManualClock)
    rest.pacer.refused(0, 0, asked_s=60, share=1)

    async def nothing(_request: HttpRequest, /) -> HttpResponse:
        return answer(body=STATUS)

    async def for_ever(_delay_s: float) -> None:
        await asyncio.Event().wait()

    steps = flow(GetStatus(), rest)
    waiting = asyncio.create_task(drive_async(steps, nothing, for_ever))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    rest.clock.advance(s=60)
    assert next(flow(GetStatus(), rest)).request is not None
    assert waiting.cancelled()


class Picky(msgspec.Struct):
    """An answer of the user's own, which does not take what comes."""

    number: int

    def __post_init__(self) -> None:
        raise (UsageError, ConnectFailed, KeyError)[self.number]("not taken")


class OwnChange(Operation[Picky], frozen=True):
    """A change of the user's own."""

    method: ClassVar[Literal["POST"]] = "POST"
    path: ClassVar[str] = "/api/v1/own"


@pytest.mark.parametrize("number", [b"0", b"1", b"2"])
def test_whatever_goes_wrong_in_reading_an_answer_the_change_may_have_happened(number: bytes) -> None:
    with pytest.raises(OutcomeUnknown):
        outcome(OwnChange(), answer(body=b'{"number":%s}' % number))


def test_broker_s_key_is_hidden_where_an_error_quotes_it() -> None:
    rest = RestSession(KEYS, ManualClock(), broker=Broker(7, "canary-key"), dice=lambda: 1.0)
    with pytest.raises(ApiError) as caught:
        Line(answer(400, b"unknown broker key canary-key")).run(PLACE, rest)
    assert caught.value.message == "unknown broker key [hidden]"


@pytest.mark.parametrize("user_agent", ["x\r\nX-Other: 1", " ", "ü", "x" * 501])
def test_introduction_that_is_no_header_is_refused(user_agent: str) -> None:
    with pytest.raises(UsageError, match="user_agent"):
        RestSession(KEYS, ManualClock(), user_agent=user_agent)


@pytest.mark.parametrize(
    "fields",
    [{"attempts_max": 0}, {"first_delay_s": -1}, {"delay_s_max": 0.1}, {"delay_s_max": float("inf")}, {"retry_after_s_max": -1}],
)
def test_repetition_that_makes_no_sense_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Retry(**fields)


def test_sessions_on_different_clocks_share_no_budget() -> None:
    pacer = Pacer()
    RestSession(KEYS, ManualClock(), pacer=pacer)
    with pytest.raises(UsageError, match="different clocks"):
        RestSession(KEYS, ManualClock(), pacer=pacer)


@pytest.mark.parametrize("length", [1_999, 2_000, 2_001, 50_000])
def test_text_of_a_plain_error_is_cut_to_a_bound(length: int) -> None:
    with pytest.raises(ApiError) as caught:
        outcome(GetStatus(), answer(400, b"x" * length))
    assert len(caught.value.message) == min(length, 2_000)


def test_read_that_is_answered_with_202_is_read_as_any_other() -> None:
    assert outcome(GetTime(), answer(202, b"1788285151083")) == 1788285151083


def test_what_is_too_short_to_be_a_secret_leaves_an_error_readable() -> None:
    rest = RestSession(KEYS, ManualClock(), broker=Broker(7, "no"), dice=lambda: 1.0)
    with pytest.raises(ApiError) as caught:
        Line(answer(400, b"not known")).run(PLACE, rest)
    assert caught.value.message == "not known"


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"code":' + b"[" * 100_000])
def test_refusal_that_is_nested_without_end_is_a_refusal(body: bytes) -> None:
    with pytest.raises(ApiError):
        outcome(GetStatus(), answer(400, body))
