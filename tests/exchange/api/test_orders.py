# ruff: noqa: E501  # the exchange's texts stand in one piece, so that they can be searched for
"""Orders over the API: what one that works is answered, and in which words and which order one that does not is refused."""

from __future__ import annotations

from typing import Any

import pytest

from exchange.stranger import Stranger, frames, loads, open_desk, said

MARKET = {"orderType": "Market", "price": None}


async def test_a_resting_order_is_answered_to_the_byte() -> None:
    async with open_desk() as desk:
        reply = await Stranger(desk).place(price="100.70", quantity="20", side="Ask", postOnly=True)
    assert (reply.status, reply.content_type) == (200, "application/json; charset=utf-8")
    assert reply.body.decode() == (
        '{"clientId":null,"createdAt":1788285151000,"executedQuantity":"0","executedQuoteQuantity":"0","id":"60000000000",'
        '"orderType":"Limit","postOnly":true,"price":"100.7","quantity":"20","reduceOnly":null,"relatedOrderId":null,'
        '"selfTradePrevention":"RejectTaker","side":"Ask","status":"New","stopLossLimitPrice":null,"stopLossTriggerBy":null,'
        '"stopLossTriggerPrice":null,"strategyId":null,"symbol":"SOL_USDC","takeProfitLimitPrice":null,'
        '"takeProfitTriggerBy":null,"takeProfitTriggerPrice":null,"timeInForce":"GTC","triggerBy":null,"triggerPrice":null,'
        '"triggerQuantity":null,"triggeredAt":null}'
    )


async def test_a_market_order_is_answered_without_price_and_with_its_quote_quantity() -> None:
    async with open_desk() as desk:
        await Stranger(desk, 1).place(side="Ask", price="156.66", quantity="5")
        order = loads(await Stranger(desk, 2).place(**MARKET, quantity="0.06"))
    assert "price" not in order
    assert "postOnly" not in order
    assert order["quoteQuantity"] == "9.4"
    assert order["executedQuoteQuantity"] == "9.3996"
    assert (order["status"], order["timeInForce"]) == ("Filled", "GTC")


@pytest.mark.parametrize(
    ("order", "refusal"),
    [
        ({"quantity": "0.000001"}, (400, "INVALID_CLIENT_REQUEST", "Quantity is below the minimum allowed value")),
        ({"quantity": "0"}, (400, "INVALID_CLIENT_REQUEST", "Quantity is below the minimum allowed value")),
        ({"quantity": "-1"}, (400, "INVALID_CLIENT_REQUEST", "Quantity is below the minimum allowed value")),
        ({"quantity": "0.123456789123456789"}, (400, "INVALID_CLIENT_REQUEST", "Quantity decimal too long")),
        ({"price": "100.123456789123456789"}, (400, "INVALID_CLIENT_REQUEST", "Price decimal too long")),
        ({"quantity": "0.123", "price": "0.001"}, (400, "INVALID_CLIENT_REQUEST", "Quantity decimal too long")),
        ({"price": "0"}, (400, "INVALID_CLIENT_REQUEST", "Price is below the minimum allowed value")),
        ({"price": "10"}, (400, "INVALID_CLIENT_REQUEST", "Price is too far from the last active price")),
        ({"price": "100000"}, (400, "INVALID_CLIENT_REQUEST", "Price is too far from the last active price")),
        ({"price": "105", "postOnly": True}, (400, "INVALID_ORDER", "Order would immediately match and take")),
        ({"price": "105", "quantity": "9", "timeInForce": "FOK"}, (400, "INVALID_ORDER", "Fill or kill order would not complete fill immediately")),
        ({"quantity": "1000000"}, (400, "INSUFFICIENT_FUNDS", "Insufficient funds")),
        ({"timeInForce": "IOC", "price": "105"}, (400, "INSUFFICIENT_FUNDS", "Insufficient funds")),
        (MARKET, (400, "INSUFFICIENT_FUNDS", "Insufficient funds")),
        (MARKET | {"quantity": None}, (400, "INVALID_CLIENT_REQUEST", "Market orders must specify a positive `quantity`")),
        ({"triggerPrice": "90"}, (400, "INVALID_CLIENT_REQUEST", "Must specify both `triggerPrice` and `triggerQuantity` or neither")),
        (
            {"symbol": "SOL_USDC_PERP"},
            (400, "INSUFFICIENT_MARGIN", "Insufficient margin to open a new order"),
        ),
    ],
)  # fmt: skip
async def test_a_poor_account_is_refused_in_the_order_of_the_checks(order: dict[str, Any], refusal: tuple[int, str, str]) -> None:
    async with open_desk(grants={"SOL": "5"}) as desk:
        await Stranger(desk, 1).place(side="Ask", price="105", quantity="5")
        # A second account with the same grants has no USDC: whatever is told before the funds is checked before them.
        reply = await Stranger(desk, 2).place(**order)
    assert said(reply) == refusal


async def test_a_refused_order_leaves_nothing_behind() -> None:
    async with open_desk() as desk:
        somebody = Stranger(desk)
        before = desk.venue.engine.state_hash()
        await somebody.read("balanceQuery", "/api/v1/capital")
        opened = desk.venue.engine.state_hash()
        await somebody.place(price="100", quantity="0.001")
        await somebody.place(price="100", quantity="1000000")
        history = loads(await somebody.read("orderHistoryQueryAll", "/wapi/v1/history/orders"))
        assert desk.venue.engine.state_hash() == opened != before
    assert history == []


async def test_an_order_that_cannot_wait_and_does_not_match_is_expired_and_no_error() -> None:
    async with open_desk() as desk:
        somebody = Stranger(desk)
        order = loads(await somebody.place(timeInForce="IOC"))
        history = loads(await somebody.read("orderHistoryQueryAll", "/wapi/v1/history/orders"))
    assert (order["status"], order["executedQuantity"]) == ("Expired", "0")
    assert history[0]["expiryReason"] == "ImmediateOrCancel"


async def test_a_bid_locks_its_price_and_a_cancel_gives_it_back() -> None:
    async with open_desk() as desk:
        somebody = Stranger(desk)
        order = loads(await somebody.place(price="100.5", quantity="2", clientId=9))
        assert (await somebody.balances())["USDC"] == {"available": "99799", "locked": "201", "staked": "0"}
        cancelled = loads(await somebody.cancel(clientId=9))
        assert (await somebody.balances())["USDC"] == {"available": "100000", "locked": "0", "staked": "0"}
    assert cancelled == order | {"status": "Cancelled"}


async def test_fees_are_taken_from_what_is_received() -> None:
    async with open_desk() as desk:
        maker, taker = Stranger(desk, 1), Stranger(desk, 2)
        await maker.place(side="Ask", price="100.03", quantity="0.07")
        await taker.place(price="101", quantity="0.07")
        # 7.0021 USDC for 0.07 SOL: the taker pays 10 bps of the SOL, the maker 8 bps of the USDC, up to six decimals.
        assert (await taker.balances())["SOL"]["available"] == "500.06993"
        assert (await taker.balances())["USDC"]["available"] == "99992.9979"
        assert (await maker.balances())["USDC"]["available"] == "100006.996498"
        fills = loads(await taker.read("fillHistoryQueryAll", "/wapi/v1/history/fills"))
        made = loads(await maker.read("fillHistoryQueryAll", "/wapi/v1/history/fills"))
    assert (fills[0]["fee"], fills[0]["feeSymbol"], fills[0]["isMaker"]) == ("0.00007", "SOL", False)
    assert (made[0]["fee"], made[0]["feeSymbol"], made[0]["isMaker"]) == ("0.005602", "USDC", True)
    assert made[0]["tradeId"] == fills[0]["tradeId"]


async def test_an_order_that_rests_no_longer_is_not_found() -> None:
    async with open_desk() as desk:
        somebody = Stranger(desk)
        order = loads(await somebody.place())
        assert loads(await somebody.read("orderQuery", "/api/v1/order", symbol="SOL_USDC", orderId=order["id"])) == order
        await somebody.cancel(orderId=order["id"])
        asked = await somebody.read("orderQuery", "/api/v1/order", symbol="SOL_USDC", orderId=order["id"])
        again = await somebody.cancel(orderId=order["id"])
    assert said(asked) == (404, "RESOURCE_NOT_FOUND", "Not Found")
    assert said(again) == (400, "INVALID_CLIENT_REQUEST", "Order not found")


async def test_another_account_sees_and_cancels_nothing_of_mine() -> None:
    async with open_desk() as desk:
        mine, other = Stranger(desk, 1), Stranger(desk, 2)
        order = loads(await mine.place())
        assert said(await other.cancel(orderId=order["id"]))[0] == 400
        assert loads(await other.read("orderQueryAll", "/api/v1/orders")) == []
        assert loads(await mine.read("orderQueryAll", "/api/v1/orders")) == [order]


async def test_cancel_all_takes_one_market_oldest_first() -> None:
    async with open_desk() as desk:
        somebody = Stranger(desk)
        first = loads(await somebody.place(price="99"))
        second = loads(await somebody.place(price="98"))
        await somebody.place(symbol="BTC_USDC", price="70000", quantity="0.1")
        cancelled = loads(await somebody.write("DELETE", "orderCancelAll", "/api/v1/orders", symbol="SOL_USDC"))
        left = loads(await somebody.read("orderQueryAll", "/api/v1/orders"))
    assert [order["id"] for order in cancelled] == [first["id"], second["id"]]
    assert [order["symbol"] for order in left] == ["BTC_USDC"]


async def test_an_order_that_may_take_waits_for_the_speed_bump_and_others_do_not() -> None:
    async with open_desk(speed_bump_ms=100) as desk:
        somebody = Stranger(desk)
        await somebody.place(postOnly=True)
        await somebody.cancel(orderId="60000000000")
        assert desk.slept_s == []
        await somebody.place()
        assert desk.slept_s == [0.1]


async def test_a_signed_request_is_carried_out_once() -> None:
    async with open_desk() as desk:
        somebody = Stranger(desk)
        body = b'{"symbol":"SOL_USDC","side":"Bid","orderType":"Limit","price":"90","quantity":"1"}'
        fields = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "90", "quantity": "1"}
        headers = somebody.headers("orderExecute", fields) | {"Content-Type": "application/json"}
        first = await desk.request("POST", "/api/v1/order", headers, body)
        again = await desk.request("POST", "/api/v1/order", headers, body)
        resting = loads(await somebody.read("orderQueryAll", "/api/v1/orders"))
    assert first.status == 200
    assert said(again)[1] == "INVALID_CLIENT_REQUEST"
    assert len(resting) == 1


async def test_equal_reads_in_one_millisecond_are_both_answered() -> None:
    async with open_desk() as desk:
        headers = Stranger(desk).headers("balanceQuery", {})
        replies = [await desk.request("GET", "/api/v1/capital", headers) for _ in range(2)]
    assert [reply.status for reply in replies] == [200, 200]


async def test_only_registered_keys_trade_where_that_is_wanted() -> None:
    async with open_desk() as free:
        member = Stranger(free, 1).public_key
    async with open_desk(keys=frozenset({member})) as desk:
        assert (await Stranger(desk, 1).place()).status == 200
        assert said(await Stranger(desk, 2).place()) == (400, "INVALID_CLIENT_REQUEST", "Invalid signature")


async def test_what_is_left_of_an_order_beyond_the_impact_bound_expires_in_answer_history_and_stream() -> None:
    async with open_desk() as desk:
        maker, taker = Stranger(desk, 1), Stranger(desk, 2)
        for price in ("100", "100.5", "101.01"):
            await maker.place(side="Ask", price=price)
        socket = desk.connect()
        taker.subscribe(socket, "account.orderUpdate")
        order = loads(await taker.place(price="110", quantity="3"))
        history = loads(await taker.read("orderHistoryQueryAll", "/wapi/v1/history/orders"))
        told = await frames(socket, 4)
    assert (order["status"], order["executedQuantity"]) == ("Expired", "2")
    assert (history[0]["status"], history[0]["expiryReason"]) == ("Expired", "PriceImpact")
    assert [frame["data"]["e"] for frame in told] == ["orderAccepted", "orderFill", "orderFill", "orderExpired"]
    assert told[-1]["data"]["R"] == "PriceImpact"


@pytest.mark.parametrize(
    ("kind", "tolerance", "bought", "written"),
    [
        ("TickSize", "50", "2", "50"),
        ("TickSize", "49.9", "1", "49.9"),
        ("Percent", "0.5", "2", "0.5"),
        ("Percent", "0.49", "1", "0.49"),
    ],
)
async def test_a_market_order_ends_where_its_slippage_tolerance_ends(
    kind: str, tolerance: str, bought: str, written: str
) -> None:
    async with open_desk() as desk:
        maker, taker = Stranger(desk, 1), Stranger(desk, 2)
        for price in ("100", "100.5", "100.51"):
            await maker.place(side="Ask", price=price)
        slippage = {"slippageTolerance": tolerance, "slippageToleranceType": kind}
        order = loads(await taker.place(**MARKET, quantity="3", **slippage))
        (past,) = loads(await taker.read("orderHistoryQueryAll", "/wapi/v1/history/orders"))
    assert (order["status"], order["executedQuantity"]) == ("Expired", bought)
    assert past["expiryReason"] == "SlippageToleranceExceeded"
    assert (past["slippageTolerance"], past["slippageToleranceType"]) == (written, kind)
    assert (order["slippageTolerance"], order["slippageToleranceType"]) == (written, kind)


@pytest.mark.parametrize(
    ("slippage", "text"),
    [
        ({"slippageTolerance": "1"}, "Must specify both `slippageTolerance` and `slippageToleranceType` or neither"),
        ({"slippageToleranceType": "Percent"}, "Must specify both `slippageTolerance` and `slippageToleranceType` or neither"),
        (
            {"slippageTolerance": "-1", "slippageToleranceType": "Percent"},
            "Slippage tolerance is below the minimum allowed value",
        ),
    ],
)
async def test_a_slippage_tolerance_needs_its_type_and_is_not_negative(slippage: dict[str, str], text: str) -> None:
    async with open_desk() as desk:
        reply = await Stranger(desk).place(**MARKET, **slippage)
    assert said(reply) == (400, "INVALID_CLIENT_REQUEST", text)


async def test_all_orders_are_cancelled_by_type_and_there_are_no_conditional_ones() -> None:
    async with open_desk() as desk:
        me = Stranger(desk)
        for price in ("98", "99"):
            await me.place(price=price)
        conditional = await me.write(
            "DELETE", "orderCancelAll", "/api/v1/orders", symbol="SOL_USDC", orderType="ConditionalOrder"
        )
        resting = await me.write("DELETE", "orderCancelAll", "/api/v1/orders", symbol="SOL_USDC", orderType="RestingLimitOrder")
        again = await me.write("DELETE", "orderCancelAll", "/api/v1/orders", symbol="SOL_USDC")
    assert loads(conditional) == loads(again) == []
    assert [(order["price"], order["status"]) for order in loads(resting)] == [("98", "Cancelled"), ("99", "Cancelled")]
