"""The tree of errors: by what the caller should do next, with fields instead of sentences."""

from __future__ import annotations

import pickle

import pytest

from haversack import errors
from haversack.errors import (
    ApiError,
    ConnectFailed,
    Forbidden,
    Gap,
    HaversackError,
    InsufficientFunds,
    InsufficientMargin,
    InvalidOrder,
    InvalidPrice,
    InvalidQuantity,
    InvalidRequest,
    InvalidSymbol,
    LocalRateLimit,
    Maintenance,
    MalformedRequest,
    NotFound,
    NotServed,
    OrderNotFound,
    OutcomeUnknown,
    ProtocolError,
    RedirectRefused,
    RequestExpired,
    RequestFailed,
    ServerError,
    SignatureRefused,
    SubscriptionRefused,
    TooManyRequests,
    TransportError,
    Unauthorized,
    UnknownPath,
    UsageError,
    outcome_of,
)
from haversack.wire.orders import CancelOrder, PlaceOrder, PlaceOrders
from haversack.wire.transfers import RequestWithdrawal


def expired_by_a_minute() -> RequestExpired:
    error = RequestExpired(400, "INVALID_CLIENT_REQUEST", "Request has expired", method="GET", path="/api/v1/orders")
    error.offset_us, error.uncertainty_us = 60_000_000, 1_000
    return error


ORDER = PlaceOrder(symbol="SOL_USDC", side="Bid", order_type="Limit", client_id=7)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "INSUFFICIENT_FUNDS", InsufficientFunds),
        (400, "INVALID_CLIENT_REQUEST", InvalidRequest),
        (400, "SOMETHING_NEW", InvalidRequest),
        (400, None, InvalidRequest),
        (404, None, UnknownPath),
        (404, "SOMETHING_NEW", NotFound),
        (415, None, MalformedRequest),
        (405, None, UnknownPath),
        (413, None, errors.RequestTooLarge),
        (418, None, ApiError),
        (429, None, TooManyRequests),
        (500, None, ServerError),
        (501, None, NotServed),
        (502, None, ServerError),
        (503, None, Maintenance),
        (504, None, errors.ExchangeTimeout),
        (520, None, ServerError),
        (503, "INSUFFICIENT_FUNDS", InsufficientFunds),
    ],
)
def test_refusal_has_the_most_telling_class(status: int, code: str | None, kind: type[ApiError]) -> None:
    error = ApiError.of(status, code, "no")
    assert type(error) is kind
    assert (error.status, error.code, error.message) == (status, code, "no")


# Every documented code (docs: ApiErrorCode, 35 of them), its class, and the family that it was caught by before it had one.
CODES: list[tuple[str, type[ApiError], type[ApiError]]] = [
    ("ACCOUNT_DEACTIVATED", errors.AccountDeactivated, Forbidden),
    ("ACCOUNT_LIQUIDATING", errors.AccountLiquidating, Forbidden),
    ("BORROW_LIMIT", errors.BorrowLimit, ApiError),
    ("BORROW_REQUIRES_LEND_REDEEM", errors.BorrowRequiresLendRedeem, ApiError),
    ("FORBIDDEN", Forbidden, Forbidden),
    ("INSUFFICIENT_FUNDS", InsufficientFunds, InsufficientFunds),
    ("INSUFFICIENT_MARGIN", InsufficientMargin, InsufficientMargin),
    ("INSUFFICIENT_SUPPLY", errors.InsufficientSupply, InsufficientFunds),
    ("INVALID_ASSET", errors.InvalidAsset, InvalidSymbol),
    ("INVALID_CLIENT_REQUEST", InvalidRequest, InvalidRequest),
    ("INVALID_MARKET", errors.InvalidMarket, InvalidSymbol),
    ("INVALID_ORDER", InvalidOrder, InvalidOrder),
    ("INVALID_PRICE", InvalidPrice, InvalidRequest),
    ("INVALID_POSITION_ID", errors.InvalidPositionId, InvalidRequest),
    ("INVALID_QUANTITY", InvalidQuantity, InvalidRequest),
    ("INVALID_RANGE", errors.InvalidRange, InvalidRequest),
    ("INVALID_SIGNATURE", SignatureRefused, InvalidRequest),
    ("INVALID_SOURCE", errors.InvalidSource, InvalidRequest),
    ("INVALID_SYMBOL", InvalidSymbol, InvalidSymbol),
    ("INVALID_TWO_FACTOR_CODE", errors.InvalidTwoFactorCode, Unauthorized),
    ("LEND_LIMIT", errors.LendLimit, ApiError),
    ("LEND_REQUIRES_BORROW_REPAY", errors.LendRequiresBorrowRepay, ApiError),
    ("MAINTENANCE", Maintenance, Maintenance),
    ("MAX_LEVERAGE_REACHED", errors.MaxLeverageReached, InsufficientMargin),
    ("NOT_IMPLEMENTED", NotServed, NotServed),
    ("ORDER_LIMIT", errors.OrderLimit, errors.OrderLimit),
    ("POSITION_LIMIT", errors.PositionLimit, InsufficientMargin),
    ("PRECONDITION_FAILED", errors.PreconditionFailed, ApiError),
    ("RESOURCE_NOT_FOUND", NotFound, NotFound),
    ("SERVER_ERROR", ServerError, ServerError),
    ("TIMEOUT", errors.ExchangeTimeout, ServerError),
    ("TOO_EARLY", errors.TooEarly, ApiError),
    ("TOO_MANY_REQUESTS", TooManyRequests, TooManyRequests),
    ("TRADING_PAUSED", errors.TradingPaused, Maintenance),
    ("UNAUTHORIZED", Unauthorized, Unauthorized),
]


@pytest.mark.parametrize(("code", "kind", "family"), CODES)
def test_each_documented_code_has_its_class(code: str, kind: type[ApiError], family: type[ApiError]) -> None:
    assert type(ApiError.of(400, code, "no")) is kind
    assert issubclass(kind, family)


def test_no_two_documented_codes_have_one_class() -> None:
    assert len(CODES) == 35
    assert len({kind for _, kind, _ in CODES}) == len({code for code, _, _ in CODES}) == 35


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("INVALID_CLIENT_REQUEST", "Invalid signature", SignatureRefused),
        ("INVALID_CLIENT_REQUEST", "Invalid X-Signature header", SignatureRefused),
        ("INVALID_CLIENT_REQUEST", "Request has expired", RequestExpired),
        ("INVALID_CLIENT_REQUEST", "Invalid timestamp: must be within 10 minutes of current time", RequestExpired),
        ("INVALID_CLIENT_REQUEST", "Order not found", OrderNotFound),
        ("INVALID_CLIENT_REQUEST", "  ORDER NOT FOUND (5)", OrderNotFound),
        ("INVALID_CLIENT_REQUEST", "Quantity is below the minimum allowed value", InvalidQuantity),
        ("INVALID_CLIENT_REQUEST", "Quantity decimal too long", InvalidQuantity),
        ("INVALID_CLIENT_REQUEST", "Price decimal too long", InvalidPrice),
        ("INVALID_CLIENT_REQUEST", "Price is too far from the last active price", InvalidPrice),
        ("INVALID_CLIENT_REQUEST", "Price is below the minimum allowed value", InvalidPrice),
        ("INVALID_CLIENT_REQUEST", "Invalid market symbol", errors.InvalidMarket),
        ("INVALID_CLIENT_REQUEST", "Invalid market", errors.InvalidMarket),
        ("INVALID_CLIENT_REQUEST", "Symbol not found", InvalidSymbol),
        ("INVALID_CLIENT_REQUEST", "Must specify both `triggerPrice` and `triggerQuantity` or neither", InvalidRequest),
        ("INVALID_CLIENT_REQUEST", "Something new", InvalidRequest),
        ("INVALID_ORDER", "Order would immediately match and take", errors.WouldTake),
        ("INVALID_ORDER", "Fill or kill order would not complete fill immediately", errors.WouldNotFill),
        ("INVALID_ORDER", "Reduce only order not reduced", errors.WouldNotReduce),
        ("INVALID_ORDER", "The max amount of open interest has been reached for this market", errors.OpenInterestLimit),
        ("INVALID_ORDER", "Invalid order", InvalidOrder),
        ("INVALID_ORDER", "Order not found", InvalidOrder),
        ("FORBIDDEN", "Request has expired", Forbidden),
        (None, "Request has expired", InvalidRequest),
        (None, 'failed to parse parameter `limit`: failed to parse "DepthLimit": ...', MalformedRequest),
        (None, 'parse request payload error: failed to parse "OrderId": invalid digit', MalformedRequest),
        (None, 'parse request payload error: failed to parse "MarketSymbol": Invalid market symbol', errors.InvalidMarket),
    ],
)
def test_message_says_more_than_its_code(code: str | None, message: str, kind: type[ApiError]) -> None:
    assert type(ApiError.of(400, code, message)) is kind


def test_order_that_is_not_there_is_caught_in_either_way() -> None:
    assert issubclass(OrderNotFound, InvalidRequest)
    assert issubclass(OrderNotFound, NotFound)


def test_page_that_is_not_there_says_nothing_of_an_order() -> None:
    assert not issubclass(UnknownPath, NotFound)


def test_refusal_says_what_was_asked_before_all_else() -> None:
    error = ApiError.of(400, "INVALID_ORDER", "No.", method="POST", path="/api/v1/order", operation="PlaceOrder")
    assert str(error) == "POST /api/v1/order: INVALID_ORDER (HTTP 400): No."
    assert (error.method, error.path, error.operation) == ("POST", "/api/v1/order", "PlaceOrder")


def test_text_of_a_refusal_cannot_drive_a_terminal() -> None:
    error = ApiError.of(400, None, "a\x1b[2Jb\nc")
    assert "\x1b" not in str(error)
    assert "\n" not in str(error)
    assert error.message == "a\x1b[2Jb\nc"


def kinds_of_errors() -> list[type[HaversackError]]:
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, HaversackError)]


def test_every_error_is_in_the_tree_that_the_module_draws() -> None:
    """Each class stands below its base, deeper by one step."""
    lines = [line for line in (errors.__doc__ or "").splitlines() if line]
    base_of: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for line in lines[lines.index("HaversackError") :]:
        depth = len(line) - len(line.lstrip())
        names = [name.strip() for name in line.strip().split("   ")[0].split(",")]
        above = [(deep, name) for deep, name in above if deep < depth] if line.startswith(" ") else []
        base_of |= dict.fromkeys(names, above[-1][1] if above else "Exception")
        above.append((depth, names[0]))
    for kind in kinds_of_errors():
        assert kind.__name__ in base_of
        assert base_of[kind.__name__] in {base.__name__ for base in kind.__bases__}


RETRYABLE = {
    *("TransportError", "ConnectFailed", "RequestFailed", "LocalRateLimit", "StreamClosed", "RequestExpired", "TooManyRequests"),
    *("TooEarly", "Maintenance", "TradingPaused", "ServerError", "ExchangeTimeout", "BookNotSynced", "Gap"),
}


def test_errors_say_whether_the_same_call_may_succeed_later() -> None:
    assert {kind.__name__ for kind in kinds_of_errors() if kind.retryable} == RETRYABLE


def test_what_may_be_repeated_is_apart_from_what_may_not() -> None:
    assert issubclass(ConnectFailed, TransportError)
    assert issubclass(RequestFailed, TransportError)
    assert not issubclass(OutcomeUnknown, TransportError | ApiError | UsageError)


def test_unknown_outcome_names_the_order_to_look_for() -> None:
    cause = RequestFailed("reset")
    error = OutcomeUnknown(ORDER, cause, sent_ms=5)
    assert (error.client_id, error.cause, error.sent_ms, error.operation) == (7, cause, 5, ORDER)
    assert "client_id 7" in str(error)
    assert error.client_ids == (7,)
    assert "orders.resolve finds out by client_id 7" in str(error)
    assert "orders.open" in str(OutcomeUnknown(CancelOrder(symbol="SOL_USDC", order_id="1"), cause, sent_ms=5))
    withdrawal = RequestWithdrawal(address="x", blockchain="Solana", quantity="1", symbol="SOL", client_id="rent")
    unknown = OutcomeUnknown(withdrawal, cause, sent_ms=5)
    assert (unknown.client_id, unknown.client_ids) == (None, ())
    assert "look at what it would have changed" in str(unknown)


def test_unknown_outcome_of_a_batch_names_all_orders_to_look_for() -> None:
    orders = tuple(PlaceOrder(symbol="SOL_USDC", side="Bid", order_type="Limit", client_id=number) for number in range(1, 9))
    error = OutcomeUnknown(PlaceOrders(orders), RequestFailed("reset"), sent_ms=5)
    assert error.client_id is None
    assert error.client_ids == tuple(range(1, 9))
    assert "client_ids 1, 2, 3, 4, 5 and 3 more" in str(error)
    assert OutcomeUnknown(CancelOrder(symbol="SOL_USDC", order_id="1"), RequestFailed("reset"), sent_ms=5).client_ids == ()


@pytest.mark.parametrize(
    "error",
    [
        expired_by_a_minute(),
        LocalRateLimit(5.0, 1.0),
        ApiError.of(400, "INSUFFICIENT_FUNDS", "no"),
        OutcomeUnknown(ORDER, RequestFailed("reset"), sent_ms=5),
        ProtocolError("the answer", "bad", b"x"),
        RedirectRefused("GetTime", 302, "https://example.org"),
        SubscriptionRefused(4006, "Invalid stream", ("depth.X",)),
        Gap("SOL_USDC", 8, 10),
        UsageError("no"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_error_survives_the_way_to_another_process(error: HaversackError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again).keys() == vars(error).keys()


def test_protocol_error_shows_the_beginning_of_the_body_and_keeps_it_all() -> None:
    error = ProtocolError("the answer", "Expected `int` at `$.x`", b"y" * 10_000)
    assert len(error.body) == 10_000
    assert len(str(error)) < 400


def test_unknown_outcome_is_found_behind_the_error_that_ended_the_call() -> None:
    unknown = OutcomeUnknown(ORDER, RequestFailed("cut"), sent_ms=5)
    by_cause, by_context, ring = TimeoutError(), TimeoutError(), ValueError()
    by_cause.__cause__ = unknown
    by_context.__context__ = KeyboardInterrupt()
    by_context.__context__.__cause__ = unknown
    ring.__context__ = RuntimeError()
    ring.__context__.__context__ = ring
    assert outcome_of(unknown) is outcome_of(by_cause) is outcome_of(by_context) is unknown
    assert outcome_of(None) is outcome_of(ring) is outcome_of(TimeoutError()) is None
