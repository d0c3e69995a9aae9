"""Orders, fills and balances in the exchange's own bytes."""

from __future__ import annotations

from decimal import Decimal

import pytest

from exchange import recordings
from exchange.facts import ASK, BID, LISTING, NOW_US, accepted, ended, filled, order, quantity_units, quote_units
from haversack.exchange.engine.event import BalanceChanged, OrderFacts
from haversack.exchange.render import (
    OrderChange,
    balance_update,
    fill_row,
    naive_iso,
    order_answer,
    order_update,
    past_order,
)
from haversack.units import plain, to_time_us
from haversack.wire.codec import decode, encode
from haversack.wire.enums import ExpiryReason, OrderStatus, TimeInForce
from haversack.wire.events import BalanceUpdate, OrderUpdate
from haversack.wire.frames import write_frame
from haversack.wire.history import PastOrder
from haversack.wire.orders import Order


def answer(facts: OrderFacts, executed: str = "0", executed_quote: str = "0", status: OrderStatus = OrderStatus.NEW) -> bytes:
    symbol = facts.symbol
    return encode(
        order_answer(
            facts,
            executed=quantity_units(symbol, executed),
            executed_quote=quote_units(symbol, executed_quote),
            status=status,
            scales=LISTING.scales[symbol],
        )
    )


def past(facts: OrderFacts, executed: str, executed_quote: str, status: OrderStatus, reason: ExpiryReason | None = None) -> bytes:
    symbol = facts.symbol
    row = past_order(
        facts,
        executed=quantity_units(symbol, executed),
        executed_quote=quote_units(symbol, executed_quote),
        status=status,
        reason=reason,
        scales=LISTING.scales[symbol],
    )
    return encode(row)


def update(event: OrderChange, *, outcome: tuple[str, str] = ("0", "0"), at: tuple[int, int] = (NOW_US, NOW_US + 174)) -> bytes:
    """The data of the frame, without its envelope."""
    symbol = event.order.symbol
    return encode(
        order_update(
            event,
            engine_us=at[0],
            emit_us=at[1],
            scales=LISTING.scales[symbol],
            asset_scales=LISTING.asset_scales,
            outcome=(quantity_units(symbol, outcome[0]), quote_units(symbol, outcome[1])),
        )
    )


NULLS = b'"stopLossLimitPrice":null,"stopLossTriggerBy":null,"stopLossTriggerPrice":null,"strategyId":null,"symbol":"SOL_USDC",'
NULLS_END = b'"triggerBy":null,"triggerPrice":null,"triggerQuantity":null'


def test_limit_order_has_price_and_post_only_and_no_quote_quantity() -> None:
    facts = order(BID, "100.70", "20.00", post_only=True, client_id=5)
    assert answer(facts) == (
        b'{"clientId":5,"createdAt":1788368290062,"executedQuantity":"0","executedQuoteQuantity":"0","id":"59887375336",'
        b'"orderType":"Limit","postOnly":true,"price":"100.7","quantity":"20","reduceOnly":null,"relatedOrderId":null,'
        b'"selfTradePrevention":"RejectTaker","side":"Bid","status":"New",' + NULLS + b'"takeProfitLimitPrice":null,'
        b'"takeProfitTriggerBy":null,"takeProfitTriggerPrice":null,"timeInForce":"GTC",' + NULLS_END + b',"triggeredAt":null}'
    )


def test_market_order_has_quote_quantity_and_neither_price_nor_post_only() -> None:
    facts = order(ASK, None, "0.06")
    assert answer(facts, "0.06", "9.3996", OrderStatus.FILLED) == (
        b'{"clientId":null,"createdAt":1788368290062,"executedQuantity":"0.06","executedQuoteQuantity":"9.3996","id":"59887375336",'
        b'"orderType":"Market","quantity":"0.06","quoteQuantity":"9.4","reduceOnly":null,"relatedOrderId":null,'
        b'"selfTradePrevention":"RejectTaker","side":"Ask","status":"Filled",' + NULLS + b'"takeProfitLimitPrice":null,'
        b'"takeProfitTriggerBy":null,"takeProfitTriggerPrice":null,"timeInForce":"GTC",' + NULLS_END + b',"triggeredAt":null}'
    )


@pytest.mark.parametrize(
    ("executed_quote", "quote_quantity"),
    [("9.3996", "9.4"), ("6.2620", "6.27"), ("1.5600", "1.56"), ("0", "0"), ("0.0001", "0.01"), ("200.0000", "200")],
)
def test_quote_quantity_of_a_market_order_is_rounded_up_to_the_ticks_decimals(executed_quote: str, quote_quantity: str) -> None:
    assert f'"quoteQuantity":"{quote_quantity}"'.encode() in answer(order(price=None), "1", executed_quote)


def test_market_order_by_quote_quantity_echoes_it_and_says_what_was_filled() -> None:
    facts = order(BID, None, None, quote_quantity="3.82", symbol="ETH_USDC")
    body = answer(facts, "0.0010", "3.8191", OrderStatus.FILLED)
    assert b'"quantity":"0.001","quoteQuantity":"3.82"' in body


def test_row_of_an_expired_limit_order_has_its_worth_and_its_reason() -> None:
    facts = order(BID, "148.83", "0.5", time_in_force=TimeInForce.IOC)
    assert past(facts, "0", "0", OrderStatus.EXPIRED, ExpiryReason.IMMEDIATE_OR_CANCEL) == (
        b'{"clientId":null,"createdAt":"2026-09-02T16:58:10.062","executedQuantity":"0","executedQuoteQuantity":"0",'
        b'"expiryReason":"ImmediateOrCancel","id":"59887375336","orderType":"Limit","postOnly":false,"price":"148.83",'
        b'"quantity":"0.5","quoteQuantity":"74.415","selfTradePrevention":"RejectTaker","side":"Bid","slippageTolerance":null,'
        b'"slippageToleranceType":null,"status":"Expired",' + NULLS + b'"systemOrderType":null,"takeProfitLimitPrice":null,'
        b'"takeProfitTriggerBy":null,"takeProfitTriggerPrice":null,"timeInForce":"IOC",' + NULLS_END + b"}"
    )


def test_row_of_a_market_order_has_no_price() -> None:
    row = decode(PastOrder, past(order(price=None, quantity="0.01"), "0.01", "1.5664", OrderStatus.FILLED), what="the row")
    assert (row.price, row.post_only, row.quote_quantity) == (None, False, Decimal("1.57"))


@pytest.mark.parametrize(
    ("time_us", "text"),
    [
        (1_788_285_244_094_999, "2026-09-01T17:54:04.094"),
        (1_788_285_244_900_000, "2026-09-01T17:54:04.900"),
        (1_788_285_244_000_999, "2026-09-01T17:54:04"),
        (0, "1970-01-01T00:00:00"),
    ],
)
def test_history_times_have_three_decimals_or_none(time_us: int, text: str) -> None:
    assert naive_iso(time_us) == text


def test_fill_row_has_the_client_id_as_text_and_the_fee_in_the_received_asset() -> None:
    event = filled(
        order(BID, "4299.16", "0.0010", symbol="ETH_USDC", client_id=5), "4299.16", "0.0010", fee="0.000001", fee_asset="ETH"
    )
    row = fill_row(event, time_us=NOW_US, scales=LISTING.scales["ETH_USDC"], asset_scales=LISTING.asset_scales)
    assert encode(row) == (
        b'{"clientId":"5","fee":"0.000001","feeSymbol":"ETH","isMaker":false,"orderId":"59887375336","price":"4299.16",'
        b'"quantity":"0.001","side":"Bid","symbol":"ETH_USDC","systemOrderType":null,"timestamp":"2026-09-02T16:58:10.062","tradeId":7}'
    )


def test_acceptance_of_a_limit_order() -> None:
    facts = order(ASK, "1.0076", "20", symbol="USDT_USDC", post_only=True)
    assert update(accepted(facts)) == (
        b'{"E":1788368290063153,"O":"USER","Q":"20.1520","S":"Ask","T":1788368290062979,"V":"RejectTaker","X":"New","Z":"0",'
        b'"e":"orderAccepted","f":"GTC","i":"59887375336","o":"LIMIT","p":"1.0076","q":"20","r":false,"s":"USDT_USDC","t":null,"y":true,"z":"0"}'
    )


def test_fill_of_a_market_order_has_the_decimals_of_tick_and_step() -> None:
    facts = order(BID, None, "0.0010", symbol="ETH_USDC", order_id=5_406_825_793)
    event = filled(facts, "4299.16", "0.0010", fee="0.000001", fee_asset="ETH", trade_id=2_888_471)
    assert update(event, outcome=("0.0010", "4.29916")) == (
        b'{"E":1788368290063153,"L":"4299.16","N":"ETH","O":"USER","Q":"4.30","S":"Bid","T":1788368290062979,"V":"RejectTaker",'
        b'"X":"Filled","Z":"4.299160","e":"orderFill","f":"GTC","i":"5406825793","l":"0.0010","m":false,"n":"0.000001",'
        b'"o":"MARKET","q":"0.0010","r":false,"s":"ETH_USDC","t":2888471,"y":false,"z":"0.0010"}'
    )


def test_acceptance_of_a_market_order_says_already_what_it_will_cost() -> None:
    text = update(accepted(order(BID, None, "0.0010", symbol="ETH_USDC")), outcome=("0.0010", "4.29916"))
    assert b'"Q":"4.30"' in text
    assert b'"Z":"0","e":"orderAccepted"' in text


def test_order_by_quote_quantity_says_what_was_asked_for_and_what_it_got() -> None:
    text = update(accepted(order(BID, None, None, quote_quantity="5", symbol="ETH_USDC")), outcome=("0.0010", "4.29916"))
    assert b'"Q":"5.00"' in text
    assert b'"q":"0.0010"' in text


def test_quote_quantity_with_more_decimals_than_two_keeps_them() -> None:
    assert b'"Q":"5.125"' in update(accepted(order(BID, None, None, quote_quantity="5.125")))


def test_expiry_has_a_reason_and_a_cancel_has_none() -> None:
    facts = order(client_id=9)
    expired = update(ended(facts, executed="0.5", executed_quote="10.005", reason=ExpiryReason.IMMEDIATE_OR_CANCEL))
    assert b'"R":"ImmediateOrCancel","S":"Bid"' in expired
    assert b'"X":"Expired","Z":"10.0050","c":9,"e":"orderExpired"' in expired
    assert b'"z":"0.50"' in expired
    cancelled = update(ended(facts))
    assert b'"R"' not in cancelled
    assert b'"X":"Cancelled","Z":"0","c":9,"e":"orderCancelled"' in cancelled


def test_balance_is_stripped() -> None:
    event = BalanceChanged(1, "USDT", available=10 * 10**10, locked=205 * 10**9)
    text = encode(balance_update(event, engine_us=NOW_US, emit_us=NOW_US + 174, asset_scales=LISTING.asset_scales))
    assert text == b'{"A":"10","E":1788368290063153,"L":"20.5","S":"0","T":1788368290062979,"a":"USDT","e":"balanceUpdate"}'


def facts_of(seen: Order | PastOrder) -> tuple[OrderFacts, str, str]:
    """The engine's facts behind an answer or a row of the exchange, and what was executed."""
    created_us = seen.created_ms * 1000 if isinstance(seen, Order) else to_time_us(seen.created_at)
    facts = order(
        seen.side,
        None if seen.price is None else plain(seen.price),
        None if seen.quantity is None else plain(seen.quantity),
        symbol=seen.symbol,
        order_id=int(seen.order_id),
        time_in_force=seen.time_in_force,
        post_only=bool(seen.post_only),
        client_id=seen.client_id,
        created_us=created_us,
    )
    return facts, plain(seen.executed_quantity or Decimal(0)), plain(seen.executed_quote_quantity or Decimal(0))


@pytest.mark.parametrize(("method", "path"), [("POST", "/api/v1/order"), ("DELETE", "/api/v1/order"), ("GET", "/api/v1/order")])
def test_every_recorded_order_is_written_as_it_came(method: str, path: str) -> None:
    for recorded in recordings.answers(method, path):
        seen = decode(Order, recorded.body, what="a recorded order")
        assert answer(*facts_of(seen), seen.status) == recorded.body


def test_every_recorded_row_of_2026_is_written_as_it_came() -> None:
    for recorded in recordings.answers("GET", "/wapi/v1/history/orders"):
        if b"slippageTolerance" in recorded.body:
            rows = decode(list[PastOrder], recorded.body, what="recorded rows")
            written = [past(*facts_of(row), row.status, row.expiry_reason) for row in rows]
            assert b"[" + b",".join(written) + b"]" == recorded.body


def test_every_recorded_order_frame_is_written_as_it_came() -> None:
    for frame, seen in recordings.frames(OrderUpdate):
        price, quantity = (None if number is None else plain(number) for number in (seen.price, seen.quantity))
        facts = order(seen.side, price, quantity, symbol=seen.symbol, order_id=int(seen.order_id), post_only=bool(seen.post_only))
        event = accepted(facts) if seen.status == OrderStatus.NEW else ended(facts)
        data = update(event, at=(seen.engine_us, seen.event_us))
        assert b'{"data":' + data + b',"stream":"account.orderUpdate"}' == frame


def test_every_recorded_balance_frame_is_written_as_it_came() -> None:
    for frame, seen in recordings.frames(BalanceUpdate):
        amounts = (LISTING.amount(seen.asset, seen.available), LISTING.amount(seen.asset, seen.locked))
        event = BalanceChanged(1, seen.asset, *amounts)
        written = balance_update(event, engine_us=seen.engine_us, emit_us=seen.event_us, asset_scales=LISTING.asset_scales)
        assert write_frame("account.balanceUpdate", written) == frame
