"""The bytes of answers and events are the exchange's own: order of keys, nulls, decimals. Written by hand from the facts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from haversack.errors import ProtocolError
from haversack.wire.base import CancelPending, Page, answer_type, body_type
from haversack.wire.capital import Balance
from haversack.wire.codec import decode, encode
from haversack.wire.enums import OrderStatus, OrderType, SelfTradePrevention, Side, TimeInForce, UpdateOrigin
from haversack.wire.events import BookTicker, DepthUpdate, KlineEvent, MarkPriceEvent, OrderUpdate, RawEvent, TradeEvent
from haversack.wire.faults import ErrorBody, ErrorDetail, ErrorFrame
from haversack.wire.frames import Message, StreamRequest, read_frame, write_frame
from haversack.wire.history import Fill, GetFillHistory
from haversack.wire.markets import Depth, GetTicker, Kline, MarkPrice, Ticker
from haversack.wire.orders import CancelOrder, Order, PlaceOrder
from haversack.wire.system import Status
from haversack.wire.trades import Trade


def order(**changed: Any) -> Order:
    made: dict[str, Any] = {
        "order_id": "5406825793", "created_ms": 1_788_285_244_094, "executed_quantity": Decimal(0),
        "executed_quote_quantity": Decimal(0), "order_type": OrderType.LIMIT, "post_only": False, "price": Decimal("20.1"),
        "quantity": Decimal("1.5"), "self_trade_prevention": SelfTradePrevention.REJECT_TAKER, "side": Side.BID,
        "status": OrderStatus.NEW, "symbol": "SOL_USDC", "time_in_force": TimeInForce.GTC,
    }  # fmt: skip
    return Order(**(made | changed))


def update(**changed: Any) -> OrderUpdate:
    made: dict[str, Any] = {
        "event": "orderAccepted", "event_us": 5, "engine_us": 4, "symbol": "SOL_USDC", "order_id": "7", "side": Side.ASK,
        "order_type": "LIMIT", "time_in_force": TimeInForce.GTC, "status": OrderStatus.NEW, "price": Decimal("20.00"),
        "quantity": Decimal("1.50"), "quote_quantity": Decimal("30.0000"), "executed_quantity": Decimal(0),
        "executed_quote_quantity": Decimal(0), "self_trade_prevention": SelfTradePrevention.REJECT_TAKER,
        "origin": UpdateOrigin.USER, "post_only": True, "reduce_only": False,
    }  # fmt: skip
    return OrderUpdate(**(made | changed))


def test_limit_order_has_sorted_keys_and_nulls_and_no_quote_quantity() -> None:
    assert encode(order()) == (
        b'{"clientId":null,"createdAt":1788285244094,"executedQuantity":"0","executedQuoteQuantity":"0","id":"5406825793",'
        b'"orderType":"Limit","postOnly":false,"price":"20.1","quantity":"1.5","reduceOnly":null,"relatedOrderId":null,'
        b'"selfTradePrevention":"RejectTaker","side":"Bid","status":"New","stopLossLimitPrice":null,'
        b'"stopLossTriggerBy":null,"stopLossTriggerPrice":null,"strategyId":null,"symbol":"SOL_USDC",'
        b'"takeProfitLimitPrice":null,"takeProfitTriggerBy":null,"takeProfitTriggerPrice":null,"timeInForce":"GTC",'
        b'"triggerBy":null,"triggerPrice":null,"triggerQuantity":null,"triggeredAt":null}'
    )


def test_market_order_comes_without_price_and_post_only() -> None:
    body = encode(order(order_type=OrderType.MARKET, price=None, post_only=None, quote_quantity=Decimal("4.3")))
    assert b'"quoteQuantity":"4.3"' in body
    assert b'"price"' not in body
    assert b'"postOnly"' not in body


def test_field_that_is_unset_is_left_out_and_one_that_is_none_is_null() -> None:
    assert b"slippageTolerance" not in encode(order())
    assert b'"slippageTolerance":null' in encode(order(slippage_tolerance=None))


def test_order_without_what_2025_did_not_send_comes_back_without_it() -> None:
    assert decode(Order, encode(order()), what="an order") == order()


def test_open_order_of_2025_names_the_system_that_sent_it_or_null() -> None:
    body = encode(order(system_order_type=None))
    assert b'"symbol":"SOL_USDC","systemOrderType":null,"takeProfitLimitPrice":null' in body
    assert encode(decode(Order, body, what="an order")) == body
    assert b"systemOrderType" not in encode(order())


@pytest.mark.parametrize(
    ("text", "number"),
    [("0.00000000", "0E-8"), ("0.000000001", "1E-9"), ("1000000000000", "1E+12"), ("99.00", "99.00"), ("99", "99")],
)
def test_decimal_is_written_with_all_its_digits_and_never_an_exponent(text: str, number: str) -> None:
    balance = Balance(available=Decimal(number), locked=Decimal(0), staked=Decimal(0))
    assert encode(balance) == f'{{"available":"{text}","locked":"0","staked":"0"}}'.encode()


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "sNaN", "1E+999", "1E-999"])
def test_decimal_that_cannot_be_written_out_is_refused(number: str) -> None:
    with pytest.raises(ProtocolError):
        encode(Balance(available=Decimal(number), locked=Decimal(0), staked=Decimal(0)))


def test_rest_decimals_are_stripped_and_stream_decimals_keep_their_scale() -> None:
    rest = b'{"asks":[["100.7","20"]],"bids":[],"lastUpdateId":"4330360995","timestamp":1788285151083000}'
    stream = (
        b'{"data":{"E":5,"T":4,"U":9,"a":[["99.00","0.00"]],"b":[],"e":"depth","s":"SOL_USDC","u":9},"stream":"depth.SOL_USDC"}'
    )
    assert encode(decode(Depth, rest, what="a depth")) == rest
    message = read_frame(stream)
    assert isinstance(message, Message)
    assert isinstance(message.event, DepthUpdate)
    assert message.event.asks == [(Decimal("99.00"), Decimal("0.00"))]
    assert write_frame(message.stream, message.event) == stream


def test_ids_beyond_what_a_double_holds_keep_every_digit() -> None:
    trade = b'{"id":9007199254740993,"isBuyerMaker":true,"price":"1","quantity":"2","quoteQuantity":"2","timestamp":5}'
    assert encode(decode(Trade, trade, what="a trade")) == trade
    big = encode(order(order_id="114575813313101824", client_id=4_294_967_295))
    assert decode(Order, big, what="an order").order_id == "114575813313101824"


def test_order_update_leaves_optionals_out_except_the_trade_id() -> None:
    assert encode(update()) == (
        b'{"E":5,"O":"USER","Q":"30.0000","S":"Ask","T":4,"V":"RejectTaker","X":"New","Z":"0","e":"orderAccepted","f":"GTC",'
        b'"i":"7","o":"LIMIT","p":"20.00","q":"1.50","r":false,"s":"SOL_USDC","t":null,"y":true,"z":"0"}'
    )


@pytest.mark.parametrize("related", [114_575_842_681_290_999, "114575842681290999"])
def test_related_order_of_an_update_may_be_a_string_or_a_number(related: str | int) -> None:
    frame = write_frame("account.orderUpdate", update(related_order=related))
    message = read_frame(frame)
    assert isinstance(message, Message)
    assert isinstance(message.event, OrderUpdate)
    assert message.event.related_order_id == "114575842681290999"
    assert write_frame(message.stream, message.event) == frame
    assert update().related_order_id is None


def test_fill_update_has_its_trade_id_and_its_own_fields() -> None:
    body = encode(update(event="orderFill", trade_id=2_888_471, fill_price=Decimal("20.00"), is_maker=False, fee_symbol="USDC"))
    assert b'"L":"20.00"' in body
    assert b'"N":"USDC"' in body
    assert b'"m":false' in body
    assert b'"t":2888471' in body


def test_candle_event_keeps_the_exchange_s_own_order_of_keys() -> None:
    frame = (
        b'{"data":{"E":1788367440511558,"e":"kline","s":"SOL_USDC","T":"2026-09-02T16:44:00","X":true,"c":null,"h":null,'
        b'"l":null,"n":0,"o":null,"t":"2026-09-02T16:43:00","v":null},"stream":"kline.1m.SOL_USDC"}'
    )
    message = read_frame(frame)
    assert isinstance(message, Message)
    assert isinstance(message.event, KlineEvent)
    assert message.event.close is None
    assert write_frame(message.stream, message.event) == frame


def test_empty_side_of_a_book_ticker_is_null_and_its_update_id_a_number() -> None:
    data = b'{"A":null,"B":"2.00","E":5,"T":4,"a":null,"b":"98.96","e":"bookTicker","s":"SOL_USDC","u":4330360995}'
    assert encode(decode(BookTicker, data, what="a ticker")) == data


def test_mark_price_of_a_prediction_market_leaves_funding_out() -> None:
    assert encode(MarkPriceEvent(event_us=5, engine_us=4, mark_price=Decimal("0.4"), symbol="X_USDC_PREDICTION")) == (
        b'{"E":5,"T":4,"e":"markPrice","p":"0.4","s":"X_USDC_PREDICTION"}'
    )


def test_empty_candle_has_null_prices_a_zero_volume_and_its_count_as_text() -> None:
    row = (
        b'{"close":null,"end":"2026-09-01 16:53:00","high":null,"low":null,"open":null,"quoteVolume":"0",'
        b'"start":"2026-09-01 16:52:00","trades":"0","volume":"0"}'
    )
    kline = decode(Kline, row, what="a candle")
    assert (kline.trades, kline.start.isoformat()) == (0, "2026-09-01T16:52:00+00:00")
    assert encode(kline) == row


def test_optional_field_may_be_null_or_absent() -> None:
    for body in (b'{"message":null,"status":"Ok"}', b'{"status":"Ok"}'):
        assert decode(Status, body, what="a status").message is None


def test_unknown_field_is_no_error() -> None:
    assert decode(Status, b'{"status":"Ok","message":null,"since":"2031"}', what="a status").status == "Ok"


def test_unknown_word_decodes_to_itself_and_is_written_back() -> None:
    body = encode(order()).replace(b'"New"', b'"Reconsidered"')
    decoded = decode(Order, body, what="an order")
    assert decoded.status == "Reconsidered"
    assert not decoded.status.is_known
    assert decoded.status is not OrderStatus.FILLED
    assert encode(decoded) == body


def test_error_bodies_and_frames() -> None:
    assert encode(ErrorBody(code="INVALID_ORDER", message="no")) == b'{"code":"INVALID_ORDER","message":"no"}'
    frame = b'{"id":null,"error":{"code":4006,"message":"Invalid stream"}}'
    assert encode(ErrorFrame(error=ErrorDetail(code=4006, message="Invalid stream"))) == frame
    assert read_frame(frame) == ErrorDetail(code=4006, message="Invalid stream")


def test_subscription_without_signature_has_none() -> None:
    request = StreamRequest(method="SUBSCRIBE", params=["depth.SOL_USDC"])
    assert msgspec.json.encode(request) == b'{"method":"SUBSCRIBE","params":["depth.SOL_USDC"]}'


def test_operation_is_written_without_what_is_not_sent() -> None:
    placed = PlaceOrder(symbol="SOL_USDC", side=Side.BID, order_type=OrderType.LIMIT, price=Decimal("0E-8"), post_only=False)
    assert encode(placed) == b'{"orderType":"Limit","postOnly":false,"price":"0.00000000","side":"Bid","symbol":"SOL_USDC"}'


def test_event_of_a_kind_that_is_not_typed_keeps_its_bytes() -> None:
    message = read_frame(b'{"stream":"stockPrice.X","data":{"b":1,"a":[ 2 ]}}')
    assert isinstance(message, Message)
    assert isinstance(message.event, RawEvent)
    assert write_frame(message.stream, message.event) == b'{"data":{"b":1,"a":[ 2 ]},"stream":"stockPrice.X"}'
    assert bytes(message.event.payload) == b'{"b":1,"a":[ 2 ]}'


def test_answer_types_say_what_can_come() -> None:
    assert answer_type(CancelOrder) == Order | CancelPending
    assert body_type(CancelOrder) is Order
    assert body_type(GetTicker) is Ticker
    assert answer_type(GetFillHistory) == Page[Fill]
    assert body_type(GetFillHistory) == list[Fill]


def test_time_without_a_zone_is_read_as_utc() -> None:
    row = (
        b'{"clientId":null,"fee":"0.01","feeSymbol":"USDC","isMaker":false,"orderId":"7","price":"20","quantity":"1",'
        b'"side":"Ask","symbol":"SOL_USDC","systemOrderType":null,"timestamp":"2026-09-01T17:54:04.094","tradeId":5}'
    )
    fill = decode(Fill, row, what="a fill")
    assert fill.time.isoformat() == "2026-09-01T17:54:04.094000+00:00"
    assert encode(fill) == row


def test_mark_price_row_has_nulls_where_there_is_no_perpetual() -> None:
    row = b'{"fundingRate":null,"indexPrice":null,"markPrice":"0.5","nextFundingTimestamp":null,"symbol":"X_USDC_PREDICTION"}'
    assert encode(decode(MarkPrice, row, what="a mark price")) == row


def test_trade_event_has_its_order_ids_as_text_and_its_trade_id_as_a_number() -> None:
    data = (
        b'{"E":5,"T":4,"a":"66605319496","b":"66605329178","e":"trade","m":false,"p":"86642.9","q":"0.07206",'
        b'"s":"BTC_USDC_PERP","t":99419870}'
    )
    assert encode(decode(TradeEvent, data, what="a trade")) == data


def test_answer_that_does_not_fit_says_where() -> None:
    with pytest.raises(ProtocolError, match=r"\$\.asks\[0\]"):
        decode(Depth, b'{"asks":[["1"]],"bids":[],"lastUpdateId":"1","timestamp":1}', what="a depth")
