"""Scheduled orders through the doors: what is answered to the byte, every refusal, and where their ids stand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from exchange.stranger import Desk, Stranger, frames, loads, open_desk, said
from haversack.exchange.engine.command import SetBookState
from haversack.exchange.engine.strategies.strategies import RUNNING_MAX
from haversack.exchange.messages import Reply
from haversack.exchange.pulse import Pulse
from haversack.wire.enums import OrderBookState

PATH, ALL, PAST = "/api/v1/strategy", "/api/v1/strategies", "/wapi/v1/history/strategies"
UNKNOWN = (400, "INVALID_CLIENT_REQUEST", "Invalid market symbol")


async def start(somebody: Stranger, **fields: Any) -> Reply:
    asked = {"strategyType": "Scheduled", "symbol": "SOL_USDC", "side": "Bid", "quantity": "3", "duration": 30_000}
    asked |= {"interval": 10_000, "price": "100"} | fields
    return await somebody.write(
        "POST", "strategyCreate", PATH, **{name: value for name, value in asked.items() if value is not None}
    )


async def wait(desk: Desk, s: int) -> None:
    await Pulse(desk.venue).advance(s * 1_000_000)


async def past(somebody: Stranger, **fields: Any) -> list[dict[str, Any]]:
    return loads(await somebody.read("strategyHistoryQueryAll", PAST, **fields))  # type: ignore[no-any-return]


async def test_strategy_is_answered_to_the_byte() -> None:
    async with open_desk() as desk:
        somebody = Stranger(desk)
        created_ms = desk.clock.now_us() // 1000
        plain = await start(somebody)
        full = await start(
            somebody, clientStrategyId=7, randomizedIntervalQuantity=True, reduceOnly=False, slippageTolerance="0.50",
            slippageToleranceType="Percent", timeInForce="IOC", selfTradePrevention="RejectMaker", quantity="3.30", price=None,
            postOnly=False, autoBorrow=False, autoBorrowRepay=False, autoLend=False, autoLendRedeem=False, brokerId=5,
        )  # fmt: skip
    assert (
        plain.body
        == (
            f'{{"clientStrategyId":null,"createdAt":{created_ms},"duration":30000,"executedQuantity":"0",'
            '"executedQuoteQuantity":"0","id":"60000000000","interval":10000,"quantity":"3","randomizedIntervalQuantity":null,'
            '"reduceOnly":null,"selfTradePrevention":"RejectTaker","side":"Bid","slippageTolerance":null,'
            '"slippageToleranceType":null,"status":"Running","strategyType":"Scheduled","symbol":"SOL_USDC","timeInForce":"GTC"}'
        ).encode()
    )
    assert (
        full.body
        == (
            f'{{"clientStrategyId":7,"createdAt":{created_ms},"duration":30000,"executedQuantity":"0",'
            '"executedQuoteQuantity":"0","id":"60000000001","interval":10000,"quantity":"3.3","randomizedIntervalQuantity":true,'
            '"reduceOnly":false,"selfTradePrevention":"RejectMaker","side":"Bid","slippageTolerance":"0.5",'
            '"slippageToleranceType":"Percent","status":"Running","strategyType":"Scheduled","symbol":"SOL_USDC","timeInForce":"IOC"}'
        ).encode()
    )


async def test_past_strategy_is_told_to_the_byte() -> None:
    async with open_desk() as desk:
        await Stranger(desk, 2).place(side="Ask", price="100", quantity="1.5")
        somebody = Stranger(desk)
        await start(somebody, slippageTolerance=3, slippageToleranceType="TickSize")
        await wait(desk, 30)
        reply = await somebody.read("strategyHistoryQueryAll", PAST)
    assert reply.body == (
        b'[{"cancelReason":"Expired","clientStrategyId":null,"createdAt":"2026-09-01T17:52:31","duration":30000,'
        b'"executedQuantity":"1.5","executedQuoteQuantity":"150","id":"60000000001","interval":10000,"quantity":"3",'
        b'"randomizedIntervalQuantity":false,"selfTradePrevention":"RejectTaker","side":"Bid","slippageTolerance":"3",'
        b'"slippageToleranceType":"TickSize","status":"Terminated","strategyType":"Scheduled","symbol":"SOL_USDC",'
        b'"timeInForce":"GTC"}]'
    )
    pages = ("x-current-page", "x-page-count", "x-page-size", "x-total", "cache-control")
    assert [reply.headers[name] for name in pages] == ["1", "1", "100", "1", "no-store"]


async def test_strategy_is_found_by_both_ids_while_it_runs() -> None:
    async with open_desk() as desk:
        somebody, other = Stranger(desk), Stranger(desk, 2)
        made = loads(await start(somebody, clientStrategyId=7))
        by_id = loads(await somebody.read("strategyQuery", PATH, symbol="SOL_USDC", strategyId=made["id"]))
        by_client_id = loads(await somebody.read("strategyQuery", PATH, symbol="SOL_USDC", clientStrategyId=7))
        for wrong in (
            {"strategyId": "5"}, {"strategyId": "nonsense"}, {"strategyId": "9" * 5_000}, {"clientStrategyId": 8},
            {"strategyId": made["id"], "symbol": "BTC_USDC"},
        ):  # fmt: skip
            assert said(await somebody.read("strategyQuery", PATH, **{"symbol": "SOL_USDC"} | wrong))[:2] == (
                404,
                "RESOURCE_NOT_FOUND",
            )
        stolen = await other.read("strategyQuery", PATH, symbol="SOL_USDC", strategyId=made["id"])
        await somebody.write("DELETE", "strategyCancel", PATH, symbol="SOL_USDC", strategyId=made["id"])
        gone = await somebody.read("strategyQuery", PATH, symbol="SOL_USDC", strategyId=made["id"])
    assert by_id == by_client_id == made
    assert said(stolen) == said(gone) == (404, "RESOURCE_NOT_FOUND", "Not Found")


async def test_filled_strategy_is_not_found_before_it_is_completed() -> None:
    async with open_desk() as desk:
        somebody, other = Stranger(desk), Stranger(desk, 2)
        await start(somebody, clientStrategyId=7, interval=30_000)
        await wait(desk, 1)
        await other.place(side="Ask", price="100", quantity="3")
        asked = {"symbol": "SOL_USDC", "clientStrategyId": 7}
        found = await somebody.read("strategyQuery", PATH, **asked)
        cancelled = await somebody.write("DELETE", "strategyCancel", PATH, **asked)
        listed = loads(await somebody.read("strategyQueryAll", ALL))
        before = await past(somebody)
        await wait(desk, 1)
        rows = await past(somebody)
    assert said(found)[0] == 404
    assert said(cancelled) == (400, "INVALID_CLIENT_REQUEST", "Strategy not found")
    assert (listed, before) == ([], [])
    assert [(row["status"], row["cancelReason"], row["executedQuantity"]) for row in rows] == [("Completed", None, "3")]


async def test_running_strategies_are_listed_by_market_oldest_first() -> None:
    async with open_desk() as desk:
        somebody = Stranger(desk)
        for symbol, side in (("SOL_USDC", "Bid"), ("SOL_USDC_PERP", "Bid"), ("SOL_USDC", "Ask")):
            loads(await start(somebody, symbol=symbol, side=side))
        await start(Stranger(desk, 2))

        async def ids(**fields: Any) -> list[int]:
            rows = loads(await somebody.read("strategyQueryAll", ALL, **fields))
            return [int(row["id"]) - 60_000_000_000 for row in rows]

        assert await ids() == [0, 1, 2]
        assert await ids(symbol="SOL_USDC") == [0, 2]
        assert await ids(marketType="PERP", strategyType="Scheduled") == [1]
        unlisted = await somebody.read("strategyQueryAll", ALL, symbol="NOTREAL")
        unknown = await somebody.read("strategyQueryAll", ALL, strategyType="Pegged")
        gone = loads(await somebody.write("DELETE", "strategyCancelAll", ALL, symbol="SOL_USDC", strategyType="Scheduled"))
        again = loads(await somebody.write("DELETE", "strategyCancelAll", ALL, symbol="SOL_USDC"))
        assert await ids() == [1]
    assert said(unlisted) == UNKNOWN
    assert (
        unknown.body
        == b'failed to parse parameter `strategyType`: failed to parse "StrategyTypeEnum": Expect a valid enumeration value.'
    )
    assert [(row["id"], row["status"]) for row in gone] == [("60000000000", "Cancelled"), ("60000000002", "Cancelled")]
    assert again == []


async def test_cancelled_strategy_takes_its_orders_along() -> None:
    async with open_desk() as desk:
        somebody = Stranger(desk)
        await start(somebody, clientStrategyId=7)
        await wait(desk, 10)
        resting = loads(await somebody.read("orderQueryAll", "/api/v1/orders"))
        reply = loads(await somebody.write("DELETE", "strategyCancel", PATH, symbol="SOL_USDC", clientStrategyId=7))
        left = loads(await somebody.read("orderQueryAll", "/api/v1/orders"))
        money = await somebody.balances()
    assert [(row["quantity"], row["strategyId"], row["relatedOrderId"]) for row in resting] == [("1", "60000000000", None)] * 2
    assert (reply["status"], reply["executedQuantity"], left) == ("Cancelled", "0", [])
    assert money["USDC"]["locked"] == "0"


async def test_orders_and_fills_of_a_strategy_are_found_by_its_id() -> None:
    async with open_desk() as desk:
        await Stranger(desk, 2).place(side="Ask", price="100", quantity="1.5")
        somebody = Stranger(desk)
        await somebody.place(price="99")
        first, second = [loads(await start(somebody)) for _ in range(2)]
        await wait(desk, 10)

        async def found(instruction: str, path: str, **fields: Any) -> list[tuple[Any, ...]]:
            rows = loads(await somebody.read(instruction, path, **fields))
            return [(row.get("orderId", row.get("id")), row.get("strategyId"), row["quantity"]) for row in rows]

        orders = ("orderHistoryQueryAll", "/wapi/v1/history/orders")
        fills = ("fillHistoryQueryAll", "/wapi/v1/history/fills")
        of_first, of_second = await found(*orders, strategyId=first["id"]), await found(*orders, strategyId=second["id"])
        assert [row[1:] for row in of_first] == [(first["id"], "1")] * 2
        assert [row[1:] for row in of_second] == [(second["id"], "1")] * 2
        assert [row[2] for row in await found(*fills, strategyId=first["id"])] == ["1"]
        assert [row[2] for row in await found(*fills, strategyId=second["id"], orderId=of_second[1][0])] == ["0.5"]
        for wrong in ("5", "nonsense", "9" * 40):
            assert await found(*orders, strategyId=wrong) == await found(*fills, strategyId=wrong) == []
        everything = await found(*orders)
    assert [row[1] for row in everything if row[1] is None] == [None]
    assert len(everything) == 5


async def test_frames_of_its_orders_name_the_strategy_by_a_number() -> None:
    async with open_desk() as desk:
        await Stranger(desk, 2).place(side="Ask", price="100", quantity="1")
        somebody, socket = Stranger(desk), desk.connect()
        await start(somebody)
        somebody.subscribe(socket, "account.orderUpdate")
        now_us = desk.clock.now_us()
        await wait(desk, 0)
        accepted, filled = await frames(socket, 2)
    assert json.dumps(accepted["data"]) == json.dumps(
        {
            "E": now_us, "H": 60_000_000_001, "O": "USER", "Q": "100.0000", "S": "Bid", "T": now_us, "V": "RejectTaker",
            "X": "New", "Z": "0", "e": "orderAccepted", "f": "GTC", "i": "60000000002", "o": "LIMIT", "p": "100.00",
            "q": "1.00", "r": False, "s": "SOL_USDC", "t": None, "y": False, "z": "0",
        }
    )  # fmt: skip
    assert (filled["data"]["e"], filled["data"]["H"]) == ("orderFill", 60_000_000_001)


REFUSED = [
    ({"quantity": None}, "Scheduled strategies must specify a positive `quantity`"),
    ({"duration": None}, "Scheduled strategies must specify `duration` and `interval`"),
    ({"interval": None}, "Scheduled strategies must specify `duration` and `interval`"),
    ({"interval": 999}, "Interval is below the minimum allowed value"),
    ({"interval": 0}, "Interval is below the minimum allowed value"),
    ({"duration": 9_999}, "Duration is below the minimum allowed value"),
    ({"duration": 2_592_000_001}, "Duration is above the maximum allowed value"),
    ({"duration": 2**64 - 1}, "Duration is above the maximum allowed value"),
    ({"quantity": "0.02"}, "Quantity is below the minimum allowed value"),
    ({"quantity": "0"}, "Quantity is below the minimum allowed value"),
    ({"quantity": "-3"}, "Quantity is below the minimum allowed value"),
    ({"quantity": "3.005"}, "Quantity decimal too long"),
    ({"price": "100.005"}, "Price decimal too long"),
    ({"price": "0"}, "Price is below the minimum allowed value"),
    ({"slippageTolerance": "1"}, "Must specify both `slippageTolerance` and `slippageToleranceType` or neither"),
    ({"slippageToleranceType": "Percent"}, "Must specify both `slippageTolerance` and `slippageToleranceType` or neither"),
    ({"slippageTolerance": "-1", "slippageToleranceType": "Percent"}, "Slippage tolerance is below the minimum allowed value"),
]
MALFORMED = [
    ({"symbol": "NOTREAL"}, 'failed to parse "MarketSymbol": Invalid market symbol'),
    ({"strategyType": "Pegged"}, 'Expected input type "StrategyTypeEnum", found "Pegged".'),
    ({"strategyType": None}, 'Type "StrategyTypeEnum" expects an input value.'),
    ({"side": None}, 'Type "Side" expects an input value.'),
    (
        {"duration": "30000"},
        'Expected input type "integer_uint64", found "30000". (occurred while parsing "optional_integer_uint64")',
    ),
    ({"interval": -1}, 'failed to parse "integer_uint64": invalid integer (occurred while parsing "optional_integer_uint64")'),
]


@pytest.mark.parametrize(("fields", "text"), REFUSED, ids=[f"{fields}" for fields, _ in REFUSED])
async def test_strategy_that_keeps_not_to_the_rules_is_refused(fields: dict[str, Any], text: str) -> None:
    async with open_desk() as desk:
        reply = await start(Stranger(desk), **fields)
        assert loads(await Stranger(desk).read("strategyQueryAll", ALL)) == []
    assert said(reply) == (400, "INVALID_CLIENT_REQUEST", text)


@pytest.mark.parametrize(("fields", "text"), MALFORMED, ids=[f"{fields}" for fields, _ in MALFORMED])
async def test_malformed_strategy_is_refused_by_the_framework(fields: dict[str, Any], text: str) -> None:
    async with open_desk() as desk:
        reply = await start(Stranger(desk), **fields)
    assert (reply.status, reply.body.decode()) == (
        400, f'parse request payload error: {text} (occurred while parsing "StrategyCreatePayload")'
    )  # fmt: skip


async def test_slices_of_random_size_must_not_fall_below_the_smallest_order() -> None:
    async with open_desk() as desk:
        somebody = Stranger(desk)
        # At the least a slice is half of what it is on the average: in USDT_USDC, whose step is 1, three of six.
        even = await start(somebody, symbol="USDT_USDC", quantity="3", price="1")
        random = await start(somebody, symbol="USDT_USDC", quantity="18", price="1", randomizedIntervalQuantity=True)
    assert (even.status, random.status) == (200, 200)


async def test_account_runs_so_many_strategies_and_no_more() -> None:
    async with open_desk() as desk:
        somebody = Stranger(desk)
        for number in range(RUNNING_MAX):
            loads(await start(somebody, clientStrategyId=number))
        more = await start(somebody)
        others = await start(Stranger(desk, 2))
        await somebody.write("DELETE", "strategyCancel", PATH, symbol="SOL_USDC", clientStrategyId=3)
        again = await start(somebody)
    assert said(more) == (400, "ORDER_LIMIT", "Strategy limit reached")
    assert (others.status, again.status) == (200, 200)


@pytest.mark.parametrize(
    ("state", "text"),
    [(OrderBookState.CLOSED, "Order book is closed"), (OrderBookState.CANCEL_ONLY, "Order book is in cancel only mode")],
)
async def test_market_that_takes_no_orders_takes_no_strategies(state: OrderBookState, text: str) -> None:
    async with open_desk() as desk:
        desk.venue.execute(SetBookState("SOL_USDC", state), now_us=desk.clock.now_us())
        reply = await start(Stranger(desk))
    assert said(reply) == (400, "TRADING_PAUSED", text)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_request_without_an_id_is_refused(method: str) -> None:
    async with open_desk() as desk:
        somebody = Stranger(desk)
        if method == "GET":
            reply = await somebody.read("strategyQuery", PATH, symbol="SOL_USDC")
        else:
            reply = await somebody.write("DELETE", "strategyCancel", PATH, symbol="SOL_USDC")
    assert said(reply) == (400, "INVALID_CLIENT_REQUEST", "Must specify either `strategyId` or `clientStrategyId`")


async def test_history_of_strategies_is_filtered_sorted_and_cut_into_pages() -> None:
    async with open_desk() as desk:
        somebody = Stranger(desk)
        for symbol in ("SOL_USDC", "SOL_USDC_PERP", "SOL_USDC"):
            await start(somebody, symbol=symbol)
        await start(Stranger(desk, 2))
        for symbol in ("SOL_USDC", "SOL_USDC_PERP"):
            await somebody.write("DELETE", "strategyCancelAll", ALL, symbol=symbol)
        await start(somebody)

        async def ids(**fields: Any) -> list[int]:
            return [int(row["id"]) - 60_000_000_000 for row in await past(somebody, **fields)]

        assert await ids() == [2, 1, 0]
        assert await ids(sortDirection="Asc") == [0, 1, 2]
        assert await ids(symbol="SOL_USDC") == await ids(marketType="SPOT") == [2, 0]
        assert await ids(marketType="PERP", symbol="SOL_USDC") == await ids(symbol="NOTREAL") == []
        assert await ids(strategyId="60000000001") == [1]
        assert await ids(strategyId="nonsense") == await ids(strategyId="9" * 30) == []
        assert await ids(limit=1, offset=1) == [1]
        page = await somebody.read("strategyHistoryQueryAll", PAST, limit=2, offset=2, symbol="SOL_USDC")
    assert [page.headers[name] for name in ("x-current-page", "x-page-count", "x-page-size", "x-total")] == ["2", "1", "2", "2"]


async def test_history_of_strategies_is_as_late_as_the_others() -> None:
    async with open_desk(history_lag_ms=2_000) as desk:
        somebody = Stranger(desk)
        await start(somebody)
        await somebody.write("DELETE", "strategyCancelAll", ALL, symbol="SOL_USDC")
        seen: list[int] = []
        for _ in range(3):
            seen.append(len(await past(somebody)))
            await wait(desk, 1)
    assert seen == [0, 0, 1]
