"""What was recorded at the real exchange, done again here: the same requests in the same situation, and the same bytes.

The clock stands where the recording's stood; of an answer only its order ids belong to the moment.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from exchange.api.margin import marked
from exchange.stranger import Desk, Stranger, loads, open_desk
from haversack.exchange.engine.command import OpenAccount
from haversack.exchange.messages import Reply
from recordings import folder, recorded_frames

ASK = {"symbol": "USDT_USDC", "side": "Ask", "price": "1.0077", "quantity": "20", "postOnly": True}
_ID = re.compile(rb'"(?:id|i)":"(\d+)"')
TEXT, JSON = "text/plain; charset=utf-8", "application/json; charset=utf-8"


class Row(NamedTuple):
    """A recorded request and its answer."""

    where: str
    note: str
    method: str
    url: str
    status: int
    content_type: str
    headers: dict[str, str]
    body: bytes


def rows(name: str) -> list[Row]:
    found = [row for path in sorted(folder().rglob(name)) for row in json.loads(path.read_bytes())]
    assert found, f"no {name} below {folder()}"
    return [
        Row(
            row.get("cassette", "").rpartition("/")[2].partition("@")[0],
            row.get("note") or "",
            *(row["method"], row["url"], row["status"], row["content_type"], row["headers"], row["body"].encode()),
        )
        for row in found
    ]


def recorded(method: str, path: str) -> Row:
    """The one recorded request of the session to this address."""
    found = [row for row in rows("rest.cassettes.json") if row.method == method and row.url.partition("?")[0] == path]
    assert len(found) == 1, f"{len(found)} recordings of {method} {path}"
    return found[0]


def check(reply: Reply, row: Row) -> None:
    """The answer is the recorded one: status, type, paging and bytes; ids are compared by their order of first mention."""
    assert (reply.status, reply.content_type) == (row.status, row.content_type)
    assert numbered(reply.body) == numbered(row.body)
    assert {name: reply.headers[name] for name in row.headers} == row.headers


def numbered(body: bytes) -> bytes:
    """The bytes with each id replaced by its rank among those that occur."""
    ids = sorted(set(_ID.findall(body)), key=int)
    return _ID.sub(lambda found: b'"id":%d' % ids.index(found[1]), body)


def at(desk: Desk, moment: str) -> None:
    """Let it be this moment."""
    desk.clock.set_now_us(int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp() * 1000) * 1000)


async def test_a_session_of_2026_is_answered_in_the_recorded_bytes() -> None:
    async with open_desk(grants={"USDT": "30"}) as desk:
        somebody = Stranger(desk)
        at(desk, "2026-09-01T17:52:37.776")
        first = loads(await somebody.place(**ASK))
        loads(await somebody.cancel(symbol="USDT_USDC", orderId=first["id"]))
        at(desk, "2026-09-01T17:54:04.094")
        placed = await somebody.place(**ASK)
        check(placed, recorded("POST", "/api/v1/order"))
        order_id = loads(placed)["id"]
        asked = await somebody.read("orderQuery", "/api/v1/order", orderId=order_id, symbol="USDT_USDC")
        check(asked, recorded("GET", "/api/v1/order"))
        check(await somebody.read("orderQueryAll", "/api/v1/orders", symbol="USDT_USDC"), recorded("GET", "/api/v1/orders"))
        check(await somebody.cancel(symbol="USDT_USDC", orderId=order_id), recorded("DELETE", "/api/v1/order"))
        none = await somebody.write("DELETE", "orderCancelAll", "/api/v1/orders", symbol="USDT_USDC")
        assert (none.status, none.body) == (200, b"[]")
        check(await somebody.read("balanceQuery", "/api/v1/capital"), recorded("GET", "/api/v1/capital"))
        check(await somebody.read("positionQuery", "/api/v1/position"), recorded("GET", "/api/v1/position"))
        for row in rows("rest.cassettes.json"):
            path, _, query = row.url.partition("?")
            if path.startswith("/wapi/v1/history/"):
                instruction = "orderHistoryQueryAll" if path.endswith("orders") else "fillHistoryQueryAll"
                fields = dict(pair.split("=") for pair in query.split("&"))
                check(await somebody.read(instruction, path, **fields), row)


async def test_the_private_frames_of_that_session_are_the_recorded_ones() -> None:
    wanted = [json.loads(line) for line in recorded_frames() if b'"stream":"account.' in line]
    # The real exchange stamps each frame, and each balance some microseconds after its order; here time stands still.
    async with open_desk(grants={"USDT": "30"}) as desk:
        somebody, socket = Stranger(desk), desk.connect()
        somebody.subscribe(socket, "account.orderUpdate", "account.balanceUpdate")
        order = loads(await somebody.place(**ASK | {"price": "1.0076"}))
        await somebody.cancel(symbol="USDT_USDC", orderId=order["id"])
        heard = [json.loads(await socket.receive() or b"") for _ in wanted]
    for frame in (*heard, *wanted):
        frame["data"] |= {name: 0 for name in ("E", "T", "i") if name in frame["data"]}
    assert [json.dumps(frame) for frame in heard] == [json.dumps(frame) for frame in wanted]


PERP = "SOL_USDC_PERP"
# What was sent, by the recording's name and what its note says of it. The market stood at 156.6.
ORDERS: dict[tuple[str, str], dict[str, Any]] = {
    ("test_place_order_precision_edge_cases", "SOL_USDC Limit qty"): {"quantity": "0.123456789123456789"},
    ("test_place_order_precision_edge_cases", "SOL_USDC price"): {"price": "150.123456789123456789"},
    ("test_place_order_precision_edge_cases", "qty 0.00000123"): {"quantity": "0.00000123"},
    ("test_place_order_extreme_edge_cases", "qty 0.000001"): {"quantity": "0.000001"},
    ("test_place_order_extreme_edge_cases", "qty 1000000"): {"quantity": "1000000"},
    ("test_place_order_extreme_edge_cases", "buy 0.1 at 0.01"): {"price": "0.01", "quantity": "0.1"},
    ("test_place_order_extreme_edge_cases", "buy 0.1 at 1000x"): {"price": "156600", "quantity": "0.1"},
    ("test_place_order_malformed_data", "symbols"): {"symbol": "SOL/USDC"},
    ("test_perp_order_time_in_force_validation", "Limit GTC"): {"symbol": PERP},
    ("test_perp_order_time_in_force_validation", "Limit IOC"): {"symbol": PERP, "timeInForce": "IOC"},
    ("test_perp_order_time_in_force_validation", "Limit FOK"): {"symbol": PERP, "timeInForce": "FOK"},
    ("test_perp_market_order_zero_margin_error", "Market"): {"symbol": PERP, "orderType": "Market", "price": None},
    ("test_perp_order_authentication_validation", "huge quantity"): {"symbol": PERP, "quantity": "10000000"},
}
# What differs on purpose.
NOT_HERE = {"test_bp_get_market_nonexistent_symbol_error": "2026 says it with other words"}


async def repeated(desk: Desk, row: Row) -> Reply | None:
    """The answer to the same request by an account without money; None if the recording is not for here."""
    nobody = Stranger(desk, 2)
    if "perp" in row.where:
        command = OpenAccount(nobody.public_key, desk.venue.listing.fee_tier(), ())
        desk.venue.execute(command, now_us=desk.clock.now_us())
    if row.where in NOT_HERE:
        return None
    if row.method == "GET":
        return await desk.get(row.url)
    if row.method == "POST":
        orders = [order for (where, note), order in ORDERS.items() if where == row.where and row.note.startswith(note)]
        assert len(orders) == 1, f"{len(orders)} orders for {row.where}: {row.note}"
        return await nobody.place(**{"price": "156.6", "quantity": "0.1"} | orders[0])
    if row.status == 415:
        return await desk.request("DELETE", row.url, nobody.headers("orderCancel", {}), b"{}")
    return await nobody.cancel(orderId="not-a-number" if "number" in row.note else "1")


async def test_every_recorded_refusal_is_repeated_in_its_bytes() -> None:
    compared = 0
    for row in rows("errors.json"):
        async with open_desk(grants={"SOL": "5"}) as desk:
            # Books around the price of the recording; the one who is refused has nothing but SOL, and in the perpetual nothing.
            marked(desk, "156.6")
            for symbol in ("SOL_USDC", PERP):
                loads(await Stranger(desk, 1).place(symbol=symbol, side="Ask", price="156.61", quantity="1"))
            reply = await repeated(desk, row)
        if reply is not None:
            assert (reply.status, reply.content_type, reply.body) == (row.status, row.content_type, row.body), row
            compared += 1
    assert compared >= 22


@pytest.mark.parametrize("target", ["/api/v1/status", "/api/v1/ping", "/api/v1/time", "/api/v1/market?symbol=USDT_USDC"])
async def test_a_simple_read_is_the_recorded_one(target: str) -> None:
    row = recorded("GET", target.partition("?")[0])
    async with open_desk() as desk:
        if target.endswith("time"):
            desk.clock.set_now_us(int(row.body) * 1000)
        check(await desk.get(target), row)
