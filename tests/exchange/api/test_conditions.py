# ruff: noqa: E501  # the exchange's texts stand in one piece, so that they can be searched for
"""Trigger orders, take-profits, stop-losses and orders that only reduce, over the API and in the streams."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from exchange.stranger import Desk, Stranger, frames, loads, open_desk, said
from haversack.exchange.control.audit import problems
from haversack.exchange.engine.command import SetPrices

PERP = "SOL_USDC_PERP"
MARKET = {"orderType": "Market", "price": None}
STOP = {"triggerPrice": "95.50", "triggerQuantity": "2", "quantity": None}


def index(desk: Desk, price: str) -> None:
    """Tell the index, a second later."""
    desk.clock.advance(us=1_000_000)
    units = int(Decimal(price).scaleb(8))
    desk.venue.execute(SetPrices(((PERP, units),)), now_us=desk.clock.now_us())


async def perp(somebody: Stranger, **fields: Any) -> Any:
    """An order in the perpetual that is taken."""
    return loads(await somebody.place(**{"symbol": PERP} | fields))


async def traded(desk: Desk, price: str = "100", quantity: str = "5") -> tuple[Stranger, Stranger]:
    """The first is long, the second short."""
    one, other = Stranger(desk, 1), Stranger(desk, 2)
    for somebody in (one, other):
        await somebody.write("PATCH", "accountUpdate", "/api/v1/account", leverageLimit="20")
    index(desk, "100")
    await perp(other, side="Ask", price=price, quantity=quantity)
    await perp(one, side="Bid", price=price, quantity=quantity)
    return one, other


async def history(somebody: Stranger) -> list[dict[str, Any]]:
    return loads(await somebody.read("orderHistoryQueryAll", "/wapi/v1/history/orders"))  # type: ignore[no-any-return]


async def test_a_trigger_order_is_answered_to_the_byte_and_waits() -> None:
    async with open_desk() as desk:
        one, _ = await traded(desk)
        reply = await one.place(symbol=PERP, side="Ask", price="95.10", reduceOnly=True, clientId=9, **STOP)
        assert reply.body.decode() == (
            '{"clientId":9,"createdAt":1788285152000,"executedQuantity":"0","executedQuoteQuantity":"0","id":"60000000004",'
            '"orderType":"Limit","postOnly":false,"price":"95.1","quantity":"0","reduceOnly":true,"relatedOrderId":null,'
            '"selfTradePrevention":"RejectTaker","side":"Ask","status":"TriggerPending","stopLossLimitPrice":null,'
            '"stopLossTriggerBy":null,"stopLossTriggerPrice":null,"strategyId":null,"symbol":"SOL_USDC_PERP",'
            '"takeProfitLimitPrice":null,"takeProfitTriggerBy":null,"takeProfitTriggerPrice":null,"timeInForce":"GTC",'
            '"triggerBy":null,"triggerPrice":"95.5","triggerQuantity":"2","triggeredAt":null}'
        )
        assert loads(await one.read("orderQuery", "/api/v1/order", symbol=PERP, clientId=9)) == loads(reply)
        assert loads(await one.read("orderQueryAll", "/api/v1/orders")) == [loads(reply)]
        account = loads(await one.read("accountQuery", "/api/v1/account"))
        assert (account["triggerOrders"], account["limitOrders"]) == (1, 0)
        (row, _) = await history(one)
        assert {name: row[name] for name in ("status", "quantity", "quoteQuantity", "price", "triggerPrice", "triggerQuantity", "triggerBy")} == {
            "status": "TriggerPending", "quantity": None, "quoteQuantity": None, "price": "95.1", "triggerPrice": "95.5", "triggerQuantity": "2", "triggerBy": None,
        }  # fmt: skip
        assert problems(desk.venue) == []


async def test_a_market_order_that_waits_is_answered_without_price_and_without_quote_quantity() -> None:
    async with open_desk() as desk:
        one, _ = await traded(desk)
        order = await perp(one, side="Ask", **MARKET, **STOP | {"triggerQuantity": "80%", "triggerBy": "MarkPrice"})
    assert "price" not in order
    assert "postOnly" not in order
    assert (order["orderType"], order["quantity"], order["quoteQuantity"]) == ("Market", "0", None)
    assert (order["triggerQuantity"], order["triggerBy"]) == ("80%", "MarkPrice")


async def test_with_a_price_it_is_a_limit_order_whatever_its_type_says() -> None:
    async with open_desk() as desk:
        one, _ = await traded(desk)
        limit = await perp(one, side="Ask", **STOP | {"orderType": "Market", "price": "95"})
        market = await perp(one, side="Ask", **STOP | {"orderType": "Limit", "price": None})
    assert (limit["orderType"], market["orderType"]) == ("Limit", "Market")


async def test_a_fired_order_names_its_origin_in_answers_and_the_history_has_both() -> None:
    async with open_desk() as desk:
        one, other = await traded(desk)
        waiting = await perp(one, side="Ask", price="96", **STOP)
        await perp(one, side="Ask", price="95.40", quantity="0.5")
        desk.clock.advance(us=7_000)
        await perp(other, side="Bid", price="95.40", quantity="0.5")
        (fired,) = loads(await one.read("orderQueryAll", "/api/v1/orders"))
        rows = await history(one)
        gone = await one.read("orderQuery", "/api/v1/order", symbol=PERP, orderId=waiting["id"])
    assert fired["id"] != waiting["id"]
    assert (fired["relatedOrderId"], fired["status"], fired["quantity"], fired["price"]) == (waiting["id"], "New", "2", "96")
    assert (fired["triggeredAt"], fired["triggerPrice"]) == (1788285152007, "95.5")
    assert said(gone) == (404, "RESOURCE_NOT_FOUND", "Not Found")
    assert [(row["id"], row["status"], row["quantity"], row["executedQuantity"]) for row in rows[:3:2]] == [
        (fired["id"], "New", "2", "0"),
        (waiting["id"], "Filled", None, "0"),
    ]
    assert not {"relatedOrderId", "triggeredAt"} & rows[0].keys()


async def test_a_trigger_that_fails_says_why_in_the_history() -> None:
    async with open_desk() as desk:
        one, other = await traded(desk)
        await perp(one, side="Bid", price="96", reduceOnly=True, **STOP)
        await perp(one, side="Ask", price="95", quantity="0.5")
        await perp(other, side="Bid", price="95", quantity="0.5")
        failed = (await history(one))[1]
        assert problems(desk.venue) == []
    assert (failed["status"], failed["expiryReason"], failed["executedQuantity"]) == (
        "TriggerFailed",
        "ReduceOnlyNotReduced",
        "0",
    )


async def test_cancelled_by_client_id_and_by_kind() -> None:
    async with open_desk() as desk:
        one, _ = await traded(desk)
        first = await perp(one, side="Ask", price="96", clientId=4, **STOP)
        second = await perp(one, side="Ask", price="97", **STOP)
        third = await perp(one, side="Ask", price="104", quantity="1")
        cancelled = loads(await one.cancel(symbol=PERP, clientId=4))
        assert cancelled == first | {"status": "Cancelled"}

        async def cancel_all(**fields: Any) -> list[str]:
            reply = await one.write("DELETE", "orderCancelAll", "/api/v1/orders", symbol=PERP, **fields)
            return [order["id"] for order in loads(reply)]

        assert await cancel_all(orderType="ConditionalOrder") == [second["id"]]
        fourth = await perp(one, side="Ask", price="97", **STOP)
        assert await cancel_all(orderType="RestingLimitOrder") == [third["id"]]
        fifth = await perp(one, side="Ask", price="105", quantity="1")
        assert await cancel_all() == [fourth["id"], fifth["id"]]
        assert problems(desk.venue) == []


TOGETHER = "Must specify both `triggerPrice` and `triggerQuantity` or neither"
WRONG = "INVALID_CLIENT_REQUEST"


@pytest.mark.parametrize(
    ("order", "refusal"),
    [
        ({"triggerPrice": "90"}, (WRONG, TOGETHER)),
        ({"triggerQuantity": "1"}, (WRONG, TOGETHER)),
        ({"triggerBy": "LastPrice"}, (WRONG, TOGETHER)),
        ({"triggerPrice": "90.001", "triggerQuantity": "1"}, (WRONG, "Price decimal too long")),
        ({"triggerPrice": "0", "triggerQuantity": "1"}, (WRONG, "Price is below the minimum allowed value")),
        ({"triggerPrice": "90", "triggerQuantity": "0.001"}, (WRONG, "Quantity is below the minimum allowed value")),
        ({"triggerPrice": "90", "triggerQuantity": "0.011"}, (WRONG, "Quantity decimal too long")),
        ({"triggerPrice": "90", "triggerQuantity": "0%"}, (WRONG, "Invalid trigger quantity: must be above 0% and at most 100%")),
        ({"triggerPrice": "90", "triggerQuantity": "100.1%"}, (WRONG, "Invalid trigger quantity: must be above 0% and at most 100%")),
        ({"triggerPrice": "90", "triggerQuantity": "-1%"}, (WRONG, "Invalid trigger quantity: must be above 0% and at most 100%")),
        ({"triggerPrice": "90", "triggerQuantity": "1e1"}, (WRONG, "Invalid trigger quantity: Invalid decimal: unknown character")),
        ({"triggerPrice": "90", "triggerQuantity": "%"}, (WRONG, "Invalid trigger quantity: Invalid decimal: empty")),
        ({"triggerPrice": "90", "triggerQuantity": "NaN"}, (WRONG, "Invalid trigger quantity: Invalid decimal: unknown character")),
        ({"takeProfitLimitPrice": "110"}, (WRONG, "Must specify `takeProfitTriggerPrice`")),
        ({"stopLossTriggerBy": "MarkPrice"}, (WRONG, "Must specify `stopLossTriggerPrice`")),
        ({"takeProfitTriggerPrice": "110.001"}, (WRONG, "Price decimal too long")),
        ({"stopLossTriggerPrice": "90", "stopLossLimitPrice": "1001"}, (WRONG, "Price is above the maximum allowed value")),
        ({"symbol": "SOL_USDC", "takeProfitTriggerPrice": "110"}, ("INVALID_ORDER", "Take profit and stop loss are for perpetual markets only")),
        ({"symbol": "SOL_USDC", "triggerPrice": "90", "triggerQuantity": "50%"}, ("INVALID_ORDER", "Trigger quantity must not be a percentage: this market has no positions")),
        ({"symbol": "SOL_USDC", "triggerPrice": "90", "triggerQuantity": "1", "triggerBy": "MarkPrice"}, ("INVALID_ORDER", "This local exchange knows no MarkPrice of SOL_USDC")),
        ({"symbol": "SOL_USDC", "triggerPrice": "90", "triggerQuantity": "1"}, ("INVALID_ORDER", "Invalid order")),
        ({"side": "Bid", "reduceOnly": True}, ("INVALID_ORDER", "Reduce only order not reduced")),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_refused_and_leaves_nothing_behind(order: dict[str, Any], refusal: tuple[str, str]) -> None:
    async with open_desk() as desk:
        one, _ = await traded(desk)
        before = desk.venue.engine.state_hash()
        reply = await one.place(**{"symbol": PERP, "side": "Ask"} | order)
        assert desk.venue.engine.state_hash() == before
    assert said(reply) == (400, *refusal)


async def test_take_profit_and_stop_loss_stand_in_the_answer_and_come_with_the_fill() -> None:
    exits = {
        "takeProfitTriggerPrice": "110.50", "takeProfitTriggerBy": "MarkPrice",
        "stopLossTriggerPrice": "90", "stopLossLimitPrice": "89.9",
    }  # fmt: skip
    async with open_desk() as desk:
        one, other = await traded(desk)
        parent = await perp(one, side="Bid", price="99", quantity="2", **exits)
        assert {name: parent[name] for name in parent if name.startswith(("takeProfit", "stopLoss"))} == {
            "takeProfitTriggerPrice": "110.5", "takeProfitTriggerBy": "MarkPrice", "takeProfitLimitPrice": None,
            "stopLossTriggerPrice": "90", "stopLossTriggerBy": None, "stopLossLimitPrice": "89.9",
        }  # fmt: skip
        await perp(other, side="Ask", price="99", quantity="1")
        _, profit, loss = loads(await one.read("orderQueryAll", "/api/v1/orders"))
    assert (profit["orderType"], profit["triggerBy"], profit["triggerPrice"], profit["side"]) == (
        "Market",
        "MarkPrice",
        "110.5",
        "Ask",
    )
    assert (loss["orderType"], loss["price"], loss["triggerBy"], loss["triggerQuantity"]) == ("Limit", "89.9", None, "2")
    for attached in (profit, loss):
        assert (attached["relatedOrderId"], attached["reduceOnly"], attached["status"]) == (parent["id"], True, "TriggerPending")


async def test_reduce_only_is_echoed_and_its_quantity_is_cut_in_all_answers() -> None:
    async with open_desk() as desk:
        one, other = await traded(desk, quantity="5")
        order = await perp(one, side="Ask", price="104", quantity="9", reduceOnly=True)
        assert (order["quantity"], order["reduceOnly"]) == ("5", True)
        await perp(other, side="Bid", price="99", quantity="2")
        await perp(one, side="Ask", price="99", quantity="2", reduceOnly=False)
        (smaller,) = loads(await one.read("orderQueryAll", "/api/v1/orders"))
        row = (await history(one))[1]
        assert problems(desk.venue) == []
    assert (smaller["quantity"], smaller["executedQuantity"], smaller["status"]) == ("3", "0", "New")
    assert (row["id"], row["quantity"], row["quoteQuantity"]) == (order["id"], "3", "312")


async def test_frames_of_triggers_are_written_to_the_byte() -> None:
    async with open_desk() as desk:
        one, other = await traded(desk)
        socket = desk.connect()
        one.subscribe(socket, "account.orderUpdate")
        await perp(one, side="Ask", price="96", reduceOnly=True, clientId=4, **STOP)
        assert await socket.receive() == (
            b'{"data":{"E":1788285152000000,"O":"USER","P":"95.50","Q":"0","S":"Ask","T":1788285152000000,'
            b'"V":"RejectTaker","X":"TriggerPending","Y":"2","Z":"0","c":4,"e":"triggerPlaced","f":"GTC","i":"60000000004",'
            b'"o":"LIMIT","p":"96.00","q":"0","r":true,"s":"SOL_USDC_PERP","t":null,"y":false,"z":"0"},"stream":"account.orderUpdate"}'
        )
        await perp(one, side="Ask", price="95.50", quantity="1")
        await frames(socket, 1)
        await perp(other, side="Bid", price="95.50", quantity="1")
        await frames(socket, 1)
        assert await socket.receive() == (
            b'{"data":{"E":1788285152000000,"I":"60000000004","O":"USER","Q":"192.0000","S":"Ask",'
            b'"T":1788285152000000,"V":"RejectTaker","X":"New","Z":"0","c":4,"e":"orderAccepted","f":"GTC",'
            b'"i":"60000000007","o":"LIMIT","p":"96.00","q":"2.00","r":true,"s":"SOL_USDC_PERP","t":null,"y":false,"z":"0"},'
            b'"stream":"account.orderUpdate"}'
        )


async def test_frames_of_failed_and_cancelled_triggers_say_nothing_of_quantities() -> None:
    async with open_desk() as desk:
        one, other = await traded(desk)
        await perp(one, side="Bid", price="96", reduceOnly=True, **STOP)
        await perp(one, side="Ask", clientId=1, **MARKET, **STOP | {"triggerPrice": "80"})
        await perp(one, side="Ask", price="95", quantity="1")
        socket = desk.connect()
        one.subscribe(socket, "account.orderUpdate")
        await perp(other, side="Bid", price="95", quantity="1")
        await one.cancel(symbol=PERP, clientId=1)
        _, failed, cancelled = [frame["data"] for frame in await frames(socket, 3)]
    assert (failed["e"], failed["X"], failed["q"], failed["Q"]) == ("triggerFailed", "TriggerFailed", "0", "0")
    assert failed["R"] == "ReduceOnlyNotReduced"
    assert (cancelled["e"], cancelled["X"], cancelled["q"]) == ("orderCancelled", "Cancelled", "0")
    # Of a market order that waited; the price that it waited for was not said.
    assert not {"Q", "B"} & set(cancelled)


async def test_frames_of_exits_and_of_orders_that_shrink() -> None:
    async with open_desk() as desk:
        one, other = await traded(desk)
        await perp(one, side="Ask", price="104", quantity="5", reduceOnly=True)
        socket = desk.connect()
        one.subscribe(socket, "account.orderUpdate")
        await perp(other, side="Bid", price="99", quantity="1")
        await perp(
            one,
            side="Ask",
            price="99",
            quantity="1",
            takeProfitTriggerPrice="95",
            stopLossTriggerPrice="105",
            stopLossTriggerBy="IndexPrice",
            stopLossLimitPrice="106",
        )
        accepted, filled, modified = [frame["data"] for frame in await frames(socket, 3)]
    assert (filled["e"], modified["e"]) == ("orderFill", "orderModified")
    assert {name: accepted[name] for name in "adbgk" if name in accepted} == {
        "a": "95.00",
        "b": "105.00",
        "g": "IndexPrice",
        "k": "106.00",
    }
    assert "j" not in accepted
    assert (modified["X"], modified["q"], modified["Q"], modified["z"], modified["r"]) == ("New", "4.00", "416.0000", "0", True)
