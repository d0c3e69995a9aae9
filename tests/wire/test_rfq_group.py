"""RFQs: what is asked, what is signed, and what comes back. Bodies are written by hand from the documentation's facts."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, get_args, get_origin

import pytest
from msgspec import UNSET

from haversack.clock import ManualClock
from haversack.credentials import Credentials
from haversack.errors import UsageError
from haversack.rest.parameters import parameters
from haversack.rest.request import prepare
from haversack.signing import Signer, Verifier
from haversack.wire.base import Operation, Page, answer_type, body_type
from haversack.wire.codec import decode, encode
from haversack.wire.enums import OrderStatus, Side, SystemOrderType
from haversack.wire.rfq import (
    AcceptQuote,
    CancelRfq,
    GetOpenRfqs,
    Quote,
    RefreshRfq,
    Rfq,
    RfqExecutionMode,
    RfqWithQuotes,
    SubmitQuote,
    SubmitRfq,
)
from haversack.wire.rfq_history import (
    GetQuoteFillHistory,
    GetQuoteHistory,
    GetRfqFillHistory,
    GetRfqHistory,
    PastQuote,
    PastRfq,
    QuoteFill,
    RfqFill,
    RfqFillType,
)

RFQ_ID, QUOTE_ID = "213392053149171712", "213392054083780608"

RFQ = (
    b'{"clientId":17,"createdAt":1791000000100,"executionMode":"AwaitAccept","expiryTime":1791000120100,"price":null,'
    b'"quantity":"12.5","quoteQuantity":null,"rfqId":"213392053149171712","side":"Bid","status":"New",'
    b'"submissionTime":1791000060100,"symbol":"SOL_USDC_RFQ","systemOrderType":null}'
)
RESTING_RFQ = (
    b'{"cancelRequestedAt":1791000070000,"clientId":null,"createdAt":1791000000100,"executedQuantity":"2.5",'
    b'"executedQuoteQuantity":null,"executionMode":"Immediate","expiryTime":1791000120100,"orderExpiryTime":1791003600000,'
    b'"price":"151.2","quantity":"12.5","quoteQuantity":null,"rfqId":"213392053149171712","side":"Ask",'
    b'"status":"PartiallyFilled","submissionTime":1791000060100,"symbol":"SOL_USDC_RFQ",'
    b'"systemOrderType":"CollateralConversion"}'
)
QUOTE = (
    b'{"askPrice":"151.4","bidPrice":"150.9","clientId":null,"createdAt":1791000003000,"quoteId":"213392054083780608",'
    b'"rfqId":"213392053149171712","status":"New"}'
)
PAST_RFQ = (
    b'{"clientId":17,"createdAt":"2026-10-03T04:00:00.100","deferredSettlementQuoteId":"213392054083780608",'
    b'"executionMode":"AwaitAccept","expiryTime":"2026-10-03T04:02:00.100","price":null,"quantity":null,"quoteQuantity":"1890",'
    b'"rfqId":"213392053149171712","side":"Bid","status":"Expired","submissionTime":"2026-10-03T04:01:00.100",'
    b'"symbol":"SOL_USDC_RFQ"}'
)
PAST_QUOTE = (
    b'{"askPrice":"151.4","bidPrice":"150.9","clientId":9,"createdAt":"2026-10-03T04:00:03","deferredSettlement":false,'
    b'"quoteId":"213392054083780608","rfqId":"213392053149171712","status":"Cancelled"}'
)
RFQ_FILL = (
    b'{"clientId":null,"createdAt":"2026-10-03T04:00:00.100","fillPrice":"151.43","filledAt":"2026-10-03T04:00:10.250",'
    b'"quantity":"12.5","quoteId":"213392054083780608","quoteQuantity":null,"rfqId":"213392053149171712","side":"Bid",'
    b'"symbol":"SOL_USDC_RFQ","systemOrderType":null}'
)
QUOTE_FILL = (
    b'{"clientId":9,"createdAt":"2026-10-03T04:00:03","fee":"0.02","feeSymbol":"USDC","fillPrice":"151.4",'
    b'"filledAt":"2026-10-03T04:00:10.250","quantity":"12.5","quoteId":"213392054083780608","rfqId":"213392053149171712",'
    b'"side":"Ask","symbol":"SOL_USDC_RFQ"}'
)
BODIES: list[tuple[type[Operation[Any]], bytes]] = [
    (SubmitRfq, RFQ),
    (SubmitRfq, RESTING_RFQ),
    (AcceptQuote, RFQ),
    (RefreshRfq, RFQ),
    (CancelRfq, RESTING_RFQ),
    (SubmitQuote, QUOTE),
    (GetOpenRfqs, b"[]"),
    (GetOpenRfqs, b'[{"quotes":[' + QUOTE + b'],"rfq":' + RFQ + b"}]"),
    (GetRfqHistory, b"[" + PAST_RFQ + b"]"),
    (GetQuoteHistory, b"[" + PAST_QUOTE + b"]"),
    (GetRfqFillHistory, b"[" + RFQ_FILL + b"]"),
    (GetQuoteFillHistory, b"[" + QUOTE_FILL + b"]"),
]

# An operation, the string that is signed for it, and what is sent: a target, and a body if it is no read.
REQUESTS: list[tuple[Operation[Any], str, str, bytes | None]] = [
    (
        SubmitQuote(
            rfq_id=RFQ_ID, bid_price="150.90", ask_price=Decimal("151.4"), client_id=9, auto_lend=False, auto_borrow=True
        ),
        (
            "instruction=quoteSubmit&askPrice=151.4&autoBorrow=true&autoLend=false&bidPrice=150.90&clientId=9"
            "&rfqId=213392053149171712"
        ),
        "/api/v1/rfq/quote",
        b'{"askPrice":"151.4","autoBorrow":true,"autoLend":false,"bidPrice":"150.90","clientId":9,"rfqId":"213392053149171712"}',
    ),
    (
        SubmitRfq(symbol="SOL_USDC_RFQ", side="Bid", quantity="12.5", price=151, execution_mode="Immediate", client_id=17),
        "instruction=rfqSubmit&clientId=17&executionMode=Immediate&price=151&quantity=12.5&side=Bid&symbol=SOL_USDC_RFQ",
        "/api/v1/rfq",
        b'{"clientId":17,"executionMode":"Immediate","price":"151","quantity":"12.5","side":"Bid","symbol":"SOL_USDC_RFQ"}',
    ),
    (
        AcceptQuote(quote_id=QUOTE_ID, client_id=17),
        "instruction=quoteAccept&clientId=17&quoteId=213392054083780608",
        "/api/v1/rfq/accept",
        b'{"clientId":17,"quoteId":"213392054083780608"}',
    ),
    (
        RefreshRfq(rfq_id=RFQ_ID),
        "instruction=rfqRefresh&rfqId=213392053149171712",
        "/api/v1/rfq/refresh",
        b'{"rfqId":"213392053149171712"}',
    ),
    (
        CancelRfq(rfq_id=RFQ_ID),
        "instruction=rfqCancel&rfqId=213392053149171712",
        "/api/v1/rfq/cancel",
        b'{"rfqId":"213392053149171712"}',
    ),
    (GetOpenRfqs(), "instruction=rfqQuery", "/api/v1/rfqs", None),
    (
        GetOpenRfqs("SOL_USDC_RFQ", rfq_id=RFQ_ID, deferred_settlement=False, subaccount_id=3),
        "instruction=rfqQuery&deferredSettlement=false&rfqId=213392053149171712&subaccountId=3&symbol=SOL_USDC_RFQ",
        "/api/v1/rfqs?deferredSettlement=false&rfqId=213392053149171712&subaccountId=3&symbol=SOL_USDC_RFQ",
        None,
    ),
    (
        GetRfqHistory(rfq_id=RFQ_ID, status="Expired", side="Ask", limit=1000, offset=5, sort_direction="Asc"),
        "instruction=rfqHistoryQueryAll&limit=1000&offset=5&rfqId=213392053149171712&side=Ask&sortDirection=Asc&status=Expired",
        "/wapi/v1/history/rfq?limit=1000&offset=5&rfqId=213392053149171712&side=Ask&sortDirection=Asc&status=Expired",
        None,
    ),
    (
        GetQuoteHistory(quote_id=QUOTE_ID, status=OrderStatus.FILLED, deferred_settlement=True, symbol="SOL_USDC_RFQ"),
        "instruction=quoteHistoryQueryAll&deferredSettlement=true&quoteId=213392054083780608&status=Filled&symbol=SOL_USDC_RFQ",
        "/wapi/v1/history/quote?deferredSettlement=true&quoteId=213392054083780608&status=Filled&symbol=SOL_USDC_RFQ",
        None,
    ),
    (
        GetRfqFillHistory(quote_id=QUOTE_ID, fill_type="CollateralConversion", side="Bid"),
        "instruction=rfqFillHistoryQueryAll&fillType=CollateralConversion&quoteId=213392054083780608&side=Bid",
        "/wapi/v1/history/rfq/fill?fillType=CollateralConversion&quoteId=213392054083780608&side=Bid",
        None,
    ),
    (
        GetQuoteFillHistory(limit=1, sort_direction="Desc", symbol="SOL_USDC_RFQ"),
        "instruction=quoteFillHistoryQueryAll&limit=1&sortDirection=Desc&symbol=SOL_USDC_RFQ",
        "/wapi/v1/history/quote/fill?limit=1&sortDirection=Desc&symbol=SOL_USDC_RFQ",
        None,
    ),
]


@pytest.mark.parametrize(("operation", "body"), BODIES, ids=lambda value: getattr(value, "__name__", ""))
def test_answer_comes_back_byte_for_byte(operation: type[Operation[Any]], body: bytes) -> None:
    assert encode(decode(body_type(operation), body, what="an answer")) == body


@pytest.mark.parametrize(("operation", "signed", "target", "body"), REQUESTS, ids=[type(row[0]).__name__ for row in REQUESTS])
def test_parameters_are_signed_and_sent_as_given(operation: Operation[Any], signed: str, target: str, body: bytes | None) -> None:
    keys = Credentials.generate()
    request = prepare(operation, Signer(keys, ManualClock())).request
    assert request is not None
    message = f"{signed}&timestamp={request.headers['X-Timestamp']}&window={request.headers['X-Window']}"
    assert Verifier.verify(keys.public_key, message.encode(), request.headers["X-Signature"])
    assert (request.target, request.body) == (target, body)
    assert request.method == ("GET" if body is None else "POST")


def test_every_operation_of_the_group_is_asked_and_answered_here() -> None:
    assert {type(row[0]) for row in REQUESTS} == {row[0] for row in BODIES}
    assert len({row[0] for row in BODIES}) == 10


def test_only_the_cancel_may_use_the_budget_that_is_kept_for_cancels() -> None:
    assert [row[0].__name__ for row in BODIES if row[0].is_cancel] == ["CancelRfq"]


def test_ordinary_rfq_comes_without_what_only_resting_ones_have() -> None:
    rfq: Rfq = decode(Rfq, RFQ, what="an RFQ")
    assert rfq.executed_quantity is rfq.executed_quote_quantity is rfq.order_expiry_ms is rfq.cancel_requested_ms is UNSET
    assert rfq.execution_mode is RfqExecutionMode.AWAIT_ACCEPT


def test_history_of_2025_knows_no_deferred_settlement() -> None:
    old_rfq = PAST_RFQ.replace(b'"deferredSettlementQuoteId":"213392054083780608",', b"")
    old_quote = PAST_QUOTE.replace(b'"deferredSettlement":false,', b"")
    rfq: PastRfq = decode(PastRfq, old_rfq, what="an RFQ")
    quote: PastQuote = decode(PastQuote, old_quote, what="a quote")
    assert rfq.deferred_settlement_quote_id is quote.deferred_settlement is UNSET
    assert (encode(rfq), encode(quote)) == (old_rfq, old_quote)


def test_resting_rfq_says_what_is_filled_of_it() -> None:
    rfq: Rfq = decode(Rfq, RESTING_RFQ, what="an RFQ")
    assert rfq.status is OrderStatus.PARTIALLY_FILLED
    assert rfq.executed_quantity == Decimal("2.5")
    assert rfq.executed_quote_quantity is None
    assert (rfq.order_expiry_ms, rfq.cancel_requested_ms) == (1_791_003_600_000, 1_791_000_070_000)
    assert rfq.system_order_type is SystemOrderType.COLLATERAL_CONVERSION


def test_rfq_says_until_when_to_quote_and_until_when_to_accept() -> None:
    open_one: Rfq = decode(Rfq, RFQ, what="an RFQ")
    past_one: PastRfq = decode(PastRfq, PAST_RFQ, what="an RFQ")
    assert open_one.created_at == past_one.created_at == datetime(2026, 10, 3, 4, 0, 0, 100_000, UTC)
    assert open_one.quotes_until == past_one.quotes_until == datetime(2026, 10, 3, 4, 1, 0, 100_000, UTC)
    assert open_one.expires_at == past_one.expires_at == datetime(2026, 10, 3, 4, 2, 0, 100_000, UTC)


def test_times_of_quotes_and_fills_are_utc() -> None:
    quote: Quote = decode(Quote, QUOTE, what="a quote")
    past: PastQuote = decode(PastQuote, PAST_QUOTE, what="a quote")
    asked: RfqFill = decode(RfqFill, RFQ_FILL, what="a fill")
    quoted: QuoteFill = decode(QuoteFill, QUOTE_FILL, what="a fill")
    assert quote.created_at == past.created_at == quoted.created_at == datetime(2026, 10, 3, 4, 0, 3, tzinfo=UTC)
    assert asked.created_at == datetime(2026, 10, 3, 4, 0, 0, 100_000, UTC)
    assert asked.filled_at == quoted.filled_at == datetime(2026, 10, 3, 4, 0, 10, 250_000, UTC)


def test_open_rfq_has_its_quotes_beside_it() -> None:
    (row,) = decode(body_type(GetOpenRfqs), BODIES[7][1], what="RFQs")
    assert isinstance(row, RfqWithQuotes)
    assert row.rfq.side is Side.BID
    assert [quote.quote_id for quote in row.quotes] == [QUOTE_ID]


@pytest.mark.parametrize(
    ("operation", "row"),
    [
        (GetRfqHistory, PastRfq),
        (GetQuoteHistory, PastQuote),
        (GetRfqFillHistory, RfqFill),
        (GetQuoteFillHistory, QuoteFill),
    ],
)
def test_histories_answer_pages(operation: type[Operation[Any]], row: type[Any]) -> None:
    answer = answer_type(operation)
    assert (get_origin(answer), get_args(answer)) == (Page, (row,))


@pytest.mark.parametrize(
    "operation",
    [
        SubmitRfq(symbol="SOL_USDC_RFQ", side="Buy", quantity="1"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        SubmitRfq(symbol="SOL_USDC_RFQ", side="Bid", quantity=1.5),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        GetRfqFillHistory(fill_type="Liquidation"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        AcceptQuote(quote_id=213392054083780608),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        CancelRfq(client_id=2**32),
    ],
    ids=["side", "float", "fill type", "id of the stream", "client id"],
)
def test_what_the_exchange_could_not_take_is_refused_before_it_is_sent(operation: Operation[Any]) -> None:
    with pytest.raises(UsageError):
        parameters(operation)


def test_unknown_words_decode_to_themselves() -> None:
    body = RFQ.replace(b"AwaitAccept", b"Haggle").replace(b'"New"', b'"Haggling"')
    rfq: Rfq = decode(Rfq, body, what="an RFQ")
    assert (rfq.execution_mode, rfq.status) == ("Haggle", "Haggling")
    assert not rfq.execution_mode.is_known
    assert encode(rfq) == body
    assert RfqFillType("Later").is_known is False
