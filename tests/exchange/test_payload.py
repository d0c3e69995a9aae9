# ruff: noqa: E501  # the exchange's texts stand in one piece, so that they can be searched for
"""What a malformed request is told: the framework's own words, as observed on the wire or as its source has them."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haversack.exchange.messages import Refused, Reply, Request
from haversack.exchange.payload import Received, read_request
from haversack.wire.base import Operation
from haversack.wire.capital import GetDepositAddress
from haversack.wire.enums import DepthLimit, MarketType, OrderType, Side
from haversack.wire.history import GetFillHistory
from haversack.wire.markets import GetDepth, GetKlines, GetMarkets
from haversack.wire.orders import CancelOrder, PlaceOrder
from haversack.wire.strategies import GetOpenStrategies, GetStrategy
from haversack.wire.trades import GetRecentTrades

SYMBOLS = {"SOL_USDC"}
ORDER = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "20", "quantity": "1"}


def get(kind: type[Operation[Any]], query: str) -> Any:
    return read_request(kind, Request("GET", kind.path, query, {}, b""), SYMBOLS)


def send(kind: type[Operation[Any]], body: bytes, content_type: str | None = "application/json") -> Any:
    headers = {} if content_type is None else {"content-type": content_type}
    return read_request(kind, Request(kind.method, kind.path, "", headers, body), SYMBOLS)


def order(**changes: Any) -> bytes:
    return json.dumps({name: value for name, value in (ORDER | changes).items() if value is not ...}).encode()


def read_or_refused(body: bytes) -> Received | Reply:
    try:
        received: Received = send(PlaceOrder, body)
        return received
    except Refused as refused:
        return refused.reply


@pytest.mark.parametrize(
    ("kind", "query", "text"),
    [
        (GetDepth, "symbol=SOL_USDC&limit=7", 'failed to parse parameter `limit`: failed to parse "DepthLimit": Expect a valid enumeration value.'),
        (GetKlines, "symbol=SOL_USDC&interval=1m", 'failed to parse parameter `startTime`: Type "integer_int64" expects an input value.'),
        (GetKlines, "symbol=SOL_USDC&interval=1m&startTime=x", 'failed to parse parameter `startTime`: failed to parse "integer_int64": invalid digit found in string'),
        (GetDepth, "", 'failed to parse parameter `symbol`: Type "string" expects an input value.'),
        (GetDepositAddress, "blockchain=Nowhere", 'failed to parse parameter `blockchain`: failed to parse "Blockchain": Expect a valid enumeration value.'),
        (GetKlines, "symbol=SOL_USDC&interval=1m&startTime=", 'failed to parse parameter `startTime`: failed to parse "integer_int64": cannot parse integer from empty string'),
        (GetKlines, "symbol=SOL_USDC&interval=1m&startTime=9223372036854775808", 'failed to parse parameter `startTime`: failed to parse "integer_int64": number too large to fit in target type'),
        (GetFillHistory, "limit=-1", 'failed to parse parameter `limit`: failed to parse "integer_uint64": invalid digit found in string'),
        (GetFillHistory, "limit=0", 'failed to parse parameter `limit`: failed to parse "integer_uint64": Only integers from 1 to 1000 are accepted.'),
        (GetRecentTrades, "symbol=SOL_USDC&limit=70000", 'failed to parse parameter `limit`: failed to parse "integer_uint16": number too large to fit in target type'),
        (GetStrategy, "symbol=SOL_USDC&clientStrategyId=-1", 'failed to parse parameter `clientStrategyId`: failed to parse "integer_uint32": invalid digit found in string'),
        (GetOpenStrategies, "strategyType=Foo", 'failed to parse parameter `strategyType`: failed to parse "StrategyTypeEnum": Expect a valid enumeration value.'),
        (GetFillHistory, "limit=1001", 'failed to parse parameter `limit`: failed to parse "integer_uint64": Only integers from 1 to 1000 are accepted.'),
    ],
)  # fmt: skip
def test_a_malformed_query_is_told_in_plain_text(kind: type[Operation[Any]], query: str, text: str) -> None:
    with pytest.raises(Refused) as refused:
        get(kind, query)
    assert (refused.value.reply.status, refused.value.reply.body.decode()) == (400, text)
    assert refused.value.reply.content_type == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (order(symbol="SOL/USDC"), 'failed to parse "MarketSymbol": Invalid market symbol (occurred while parsing "OrderExecutePayload")'),
        (order(orderType="Foo"), 'Expected input type "OrderTypeEnum", found "Foo". (occurred while parsing "OrderExecutePayload")'),
        (order(side=...), 'Type "Side" expects an input value. (occurred while parsing "OrderExecutePayload")'),
        (order(side=None), 'Type "Side" expects an input value. (occurred while parsing "OrderExecutePayload")'),
        (b"{", "EOF while parsing an object at line 1 column 1"),
        (b'{\n "side": bid}', "expected value at line 2 column 10"),
        (b"", 'Expected input type "OrderExecutePayload", found null.'),
        (b'[{"side":"Bid","price":[{"b":1,"a":2}],"orderType":"Limit"}]', 'Expected input type "OrderExecutePayload", found [{"orderType":"Limit","price":[{"a":2,"b":1}],"side":"Bid"}].'),
        (order(symbol=...), 'Type "MarketSymbol" expects an input value. (occurred while parsing "OrderExecutePayload")'),
        (order(symbol=5), 'Expected input type "MarketSymbol", found 5. (occurred while parsing "OrderExecutePayload")'),
        (order(clientId=1.5), 'failed to parse "integer_uint32": invalid integer (occurred while parsing "optional_integer_uint32") (occurred while parsing "OrderExecutePayload")'),
        (order(clientId=-1), 'failed to parse "integer_uint32": invalid integer (occurred while parsing "optional_integer_uint32") (occurred while parsing "OrderExecutePayload")'),
        (order(clientId="1"), 'Expected input type "integer_uint32", found "1". (occurred while parsing "optional_integer_uint32") (occurred while parsing "OrderExecutePayload")'),
        (order(price=""), 'failed to parse "string_decimal": Invalid decimal: empty (occurred while parsing "optional_string_decimal") (occurred while parsing "OrderExecutePayload")'),
        (order(price="1e2"), 'failed to parse "string_decimal": Invalid decimal: unknown character (occurred while parsing "optional_string_decimal") (occurred while parsing "OrderExecutePayload")'),
        (order().replace(b'"20"', b"1e99"), 'failed to parse "string_decimal": Float out of range (occurred while parsing "optional_string_decimal") (occurred while parsing "OrderExecutePayload")'),
        (order(postOnly="true"), 'Expected input type "boolean", found "true". (occurred while parsing "optional_boolean") (occurred while parsing "OrderExecutePayload")'),
        (order(clientId=2**32), 'failed to parse "integer_uint32": Only integers from 0 to 4294967295 are accepted. (occurred while parsing "optional_integer_uint32") (occurred while parsing "OrderExecutePayload")'),
        (order(price="1e400"), 'failed to parse "string_decimal": Invalid decimal: unknown character (occurred while parsing "optional_string_decimal") (occurred while parsing "OrderExecutePayload")'),
        (order(price="NaN"), 'failed to parse "string_decimal": Invalid decimal: unknown character (occurred while parsing "optional_string_decimal") (occurred while parsing "OrderExecutePayload")'),
    ],
)  # fmt: skip
def test_a_malformed_order_is_told_in_plain_text(body: bytes, text: str) -> None:
    with pytest.raises(Refused) as refused:
        send(PlaceOrder, body)
    assert (refused.value.reply.status, refused.value.reply.body.decode()) == (400, f"parse request payload error: {text}")


@pytest.mark.parametrize("is_turned", [False, True])
def test_of_several_mistakes_the_first_of_the_operation_is_told_however_they_came(is_turned: bool) -> None:
    wrong = ORDER | {"symbol": "SOL/USDC", "side": "Foo", "quantity": "x"}
    body = json.dumps(dict(sorted(wrong.items(), reverse=is_turned))).encode()
    # Its quantity.
    with pytest.raises(Refused, match="unknown character"):
        send(PlaceOrder, body)


def test_a_wrong_value_before_a_missing_one_is_told_as_it_is() -> None:
    with pytest.raises(Refused, match="unknown character"):
        send(PlaceOrder, order(price="x", symbol=...))
    with pytest.raises(Refused, match="MarketSymbol"):
        send(PlaceOrder, order(triggerPrice="x", symbol=...))


def test_an_order_id_that_is_no_number_is_told_by_its_type() -> None:
    with pytest.raises(Refused) as refused:
        send(CancelOrder, b'{"symbol":"SOL_USDC","orderId":"not-a-number"}')
    assert refused.value.reply.body.decode() == (
        'parse request payload error: failed to parse "OrderId": invalid digit found in string '
        '(occurred while parsing "optional_OrderId") (occurred while parsing "OrderCancelPayload")'
    )


@pytest.mark.parametrize(
    ("content_type", "text"),
    [
        (None, "the client request does not include the `Content-Type` header"),
        ("text/plain", "the `Content-Type` requested by the client is not supported: text/plain"),
    ],
)
def test_a_body_that_is_not_json_is_refused_before_it_is_read(content_type: str | None, text: str) -> None:
    with pytest.raises(Refused) as refused:
        send(PlaceOrder, b"\xff", content_type)
    assert (refused.value.reply.status, refused.value.reply.body.decode()) == (415, text)


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.bot+json"])
def test_any_kind_of_json_is_taken(content_type: str) -> None:
    assert send(PlaceOrder, order(), content_type).operation.price == Decimal(20)


def test_a_number_with_an_exponent_is_taken_where_a_text_with_one_is_not() -> None:
    assert send(PlaceOrder, order().replace(b'"20"', b"2.5e-1")).operation.price == Decimal("0.25")


def test_decimals_may_be_strings_or_numbers_and_are_signed_as_they_were_written() -> None:
    body = b'{"symbol":"SOL_USDC","side":"Bid","orderType":"Limit","price":20.10,"quantity":3,"unknown":null}'
    received = send(PlaceOrder, body)
    assert (received.operation.price, received.operation.quantity) == (Decimal("20.10"), Decimal(3))
    assert ("price", "20.10") in received.texts
    assert ("quantity", "3") in received.texts
    assert "unknown" not in dict(received.texts)


def test_words_come_out_as_members() -> None:
    received = send(PlaceOrder, order(postOnly=True))
    assert received.operation.side is Side.BID
    assert received.operation.order_type is OrderType.LIMIT
    assert ("postOnly", "true") in received.texts
    assert get(GetDepth, "symbol=SOL_USDC&limit=5").operation.limit is DepthLimit.FIVE


def test_a_list_is_sent_by_repeating_its_name() -> None:
    received = get(GetMarkets, "marketType=SPOT&marketType=PERP")
    assert received.operation.market_type == (MarketType.SPOT, MarketType.PERP)


def test_unknown_names_are_ignored_and_still_signed() -> None:
    received = get(GetDepth, "symbol=SOL_USDC&colour=red")
    assert received.operation == GetDepth("SOL_USDC")
    assert ("colour", "red") in received.texts


@given(st.binary(max_size=300))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    outcome = read_or_refused(body)
    assert isinstance(outcome, Received) or outcome.status == 400


_scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=30) | st.floats()
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
)


@given(st.dictionaries(st.sampled_from([*ORDER, "clientId", "postOnly", "quoteQuantity", "x"]), _values))
def test_any_values_are_read_or_refused(changes: dict[str, Any]) -> None:
    outcome = read_or_refused(json.dumps(ORDER | changes).encode())
    if isinstance(outcome, Reply):
        assert outcome.status == 400
    else:
        assert isinstance(outcome.operation, PlaceOrder)
        assert outcome.operation.symbol == "SOL_USDC"
        assert all(isinstance(text, str) for _, text in outcome.texts)


@pytest.mark.parametrize("body", ['{"symbol":"SOL_USDC","side":"Bid","orderType":"Limit","more":%s}', "%s"])
def test_body_that_is_nested_as_deep_as_can_just_be_read_is_refused(body: str) -> None:
    # Near the limit of recursion every single level counts: what can still be decoded may be too deep to be shown.
    for depth in range(800, 1_000):
        nested = body % ("[" * depth + "0" + "]" * depth)
        request = Request("POST", "/api/v1/order", "", {"content-type": "application/json"}, nested.encode())
        with suppress(Refused):
            read_request(PlaceOrder, request, {"SOL_USDC"})
