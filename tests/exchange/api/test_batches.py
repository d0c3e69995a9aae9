# ruff: noqa: E501  # the exchange's texts stand in one piece, so that they can be searched for
"""Several orders in one request: signed in one string, answered one by one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from exchange.stranger import JSON, Desk, Stranger, loads, open_desk, said
from haversack.exchange.messages import Reply

ORDER: dict[str, Any] = {"symbol": "SOL_USDC", "side": "Bid", "orderType": "Limit", "price": "100", "quantity": "1"}


async def place_batch(desk: Desk, somebody: Stranger, *orders: dict[str, Any], signed: Any = None) -> Reply:
    """Signed by the documentation's words: the instruction stands in front of each order."""
    rows = [[("instruction", "orderExecute"), *sorted(order.items())] for order in (signed or orders)]
    pairs = "&".join(f"{name}={str(value).lower() if isinstance(value, bool) else value}" for row in rows for name, value in row)
    timestamp_ms, window_ms = desk.clock.now_us() // 1000, desk.next_window_ms()
    headers = {
        "X-API-Key": somebody.public_key,
        "X-Signature": somebody.signature(f"{pairs}&timestamp={timestamp_ms}&window={window_ms}"),
        "X-Timestamp": str(timestamp_ms),
        "X-Window": str(window_ms),
        "Content-Type": JSON,
    }
    return await desk.request("POST", "/api/v1/orders", headers, json.dumps(orders).encode())


async def test_each_order_has_its_own_result_in_the_order_of_the_request() -> None:
    async with open_desk() as desk:
        me = Stranger(desk)
        orders = [
            ORDER | {"clientId": 1},
            ORDER | {"price": "100.001"},
            ORDER | {"clientId": 3, "side": "Ask", "price": "200", "postOnly": True},
        ]
        first, second, third = loads(await place_batch(desk, me, *orders))
        resting = loads(await me.read("orderQueryAll", "/api/v1/orders"))
    assert second == {"code": "INVALID_CLIENT_REQUEST", "message": "Price decimal too long", "operation": "Err"}
    assert [(one["operation"], one["clientId"], one["status"]) for one in (first, third)] == [("Ok", 1, "New"), ("Ok", 3, "New")]
    assert list(first) == sorted(first)
    assert [order["clientId"] for order in resting] == [1, 3]


async def test_an_order_that_the_engine_refuses_does_not_stop_those_after_it() -> None:
    async with open_desk(grants={"USDC": "150"}) as desk:
        results = loads(await place_batch(desk, Stranger(desk), ORDER, ORDER, ORDER | {"price": "50"}))
    assert [one.get("code", one["operation"]) for one in results] == ["Ok", "INSUFFICIENT_FUNDS", "Ok"]


async def test_a_result_is_the_order_as_a_single_one_would_be_answered() -> None:
    async with open_desk() as desk:
        (batched,) = loads(await place_batch(desk, Stranger(desk), ORDER))
    async with open_desk() as desk:
        single = loads(await Stranger(desk).place())
    assert batched == {**single, "operation": "Ok"}


@pytest.mark.parametrize(
    "signed",
    [
        [ORDER],
        [ORDER, ORDER | {"quantity": "2"}],
        [ORDER | {"quantity": "2"}, ORDER],
    ],
    ids=["without the second", "with another quantity", "in another order"],
)
async def test_the_signature_covers_every_order_in_its_place(signed: list[dict[str, Any]]) -> None:
    async with open_desk() as desk:
        reply = await place_batch(desk, Stranger(desk), ORDER, ORDER | {"quantity": "3"}, signed=signed)
        good = await place_batch(desk, Stranger(desk), ORDER, ORDER | {"quantity": "3"})
    assert said(reply) == (400, "INVALID_CLIENT_REQUEST", "Invalid signature")
    assert good.status == 200


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (ORDER, 'Expected input type "[OrderExecutePayload]", found {"orderType":"Limit","price":"100","quantity":"1","side":"Bid","symbol":"SOL_USDC"}.'),
        ([1], 'Expected input type "OrderExecutePayload", found 1. (occurred while parsing "[OrderExecutePayload]")'),
        ([ORDER, {"symbol": "SOL_USDC"}], 'Type "OrderTypeEnum" expects an input value. (occurred while parsing "OrderExecutePayload") (occurred while parsing "[OrderExecutePayload]")'),
        ([ORDER | {"symbol": "NOTREAL"}], 'failed to parse "MarketSymbol": Invalid market symbol (occurred while parsing "OrderExecutePayload") (occurred while parsing "[OrderExecutePayload]")'),
    ],
)  # fmt: skip
async def test_what_is_no_list_of_orders_is_refused_as_a_whole(body: Any, text: str) -> None:
    async with open_desk() as desk:
        reply = await desk.request("POST", "/api/v1/orders", {"Content-Type": JSON}, json.dumps(body).encode())
    assert (reply.status, reply.body.decode()) == (400, f"parse request payload error: {text}")


async def test_a_batch_has_a_largest_size_and_none_of_a_larger_one_is_placed() -> None:
    async with open_desk() as desk:
        me = Stranger(desk)
        assert said(await place_batch(desk, me, *[ORDER] * 51)) == (400, "INVALID_CLIENT_REQUEST", "Too many orders")
        assert loads(await me.read("orderQueryAll", "/api/v1/orders")) == []
        assert len(loads(await place_batch(desk, me, *[ORDER] * 50))) == 50
        assert loads(await place_batch(desk, me)) == []


async def test_a_batch_waits_once_if_one_of_its_orders_may_take() -> None:
    async with open_desk(speed_bump_ms=100) as desk:
        me, maker = Stranger(desk), ORDER | {"postOnly": True}
        await place_batch(desk, me, maker, maker)
        assert desk.slept_s == []
        await place_batch(desk, me, maker, ORDER, ORDER)
        assert desk.slept_s == [0.1]


async def test_the_same_batch_is_taken_once() -> None:
    async with open_desk() as desk:
        me = Stranger(desk)
        window_ms = desk.next_window_ms
        fixed = window_ms()
        desk.next_window_ms = lambda: fixed  # type: ignore[method-assign]  # signed alike, as somebody who repeats it would
        first, again = await place_batch(desk, me, ORDER), await place_batch(desk, me, ORDER)
    assert first.status == 200
    assert said(again)[2].startswith("Duplicate request")
