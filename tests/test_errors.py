"""The tree of errors: by what the caller should do next, with fields instead of sentences."""

from __future__ import annotations

import pickle

import pytest

from haversack import errors
from haversack.errors import (
    ApiError,
    ConnectFailed,
    HaversackError,
    InsufficientFunds,
    InvalidRequest,
    MalformedRequest,
    NotFound,
    OutcomeUnknown,
    ProtocolError,
    RedirectRefused,
    RequestFailed,
    ServerError,
    SubscriptionRefused,
    TooManyRequests,
    TransportError,
    UnknownPath,
    UsageError,
)
from haversack.wire.orders import CancelOrder, PlaceOrder

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
        (418, None, ApiError),
        (429, None, TooManyRequests),
        (502, None, ServerError),
        (503, "INSUFFICIENT_FUNDS", InsufficientFunds),
    ],
)
def test_refusal_has_the_most_telling_class(status: int, code: str | None, kind: type[ApiError]) -> None:
    error = ApiError.of(status, code, "no")
    assert type(error) is kind
    assert (error.status, error.code, error.message) == (status, code, "no")


def test_every_error_is_in_the_tree_that_the_module_draws() -> None:
    drawn = errors.__doc__ or ""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, HaversackError)]
    special = [kind for kind in kinds if not (issubclass(kind, ApiError) and kind is not ApiError)]
    assert [kind.__name__ for kind in special if kind.__name__ not in drawn] == []


def test_what_may_be_repeated_is_apart_from_what_may_not() -> None:
    assert issubclass(ConnectFailed, TransportError)
    assert issubclass(RequestFailed, TransportError)
    assert not issubclass(OutcomeUnknown, TransportError | ApiError | UsageError)


def test_unknown_outcome_names_the_order_to_look_for() -> None:
    cause = RequestFailed("reset")
    error = OutcomeUnknown(ORDER, cause, sent_ms=5)
    assert (error.client_id, error.cause, error.sent_ms, error.operation) == (7, cause, 5, ORDER)
    assert "client_id 7" in str(error)
    assert "orders.open" in str(OutcomeUnknown(CancelOrder(symbol="SOL_USDC", order_id="1"), cause, sent_ms=5))


@pytest.mark.parametrize(
    "error",
    [
        ApiError.of(400, "INSUFFICIENT_FUNDS", "no"),
        OutcomeUnknown(ORDER, RequestFailed("reset"), sent_ms=5),
        ProtocolError("the answer", "bad", b"x"),
        RedirectRefused("GetTime", 302, "https://example.org"),
        SubscriptionRefused(4006, "Invalid stream", ("depth.X",)),
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
