"""Everything that can go wrong on purpose: what it does, when it begins and ends, and what is refused because it never could."""

from __future__ import annotations

import json
from typing import Any

import pytest

from exchange.stranger import Desk, Stranger, frames, loads, open_desk, said
from haversack.errors import UsageError
from haversack.exchange.faults import (
    AnswerAction,
    AnswerFault,
    Condition,
    ConditionKind,
    ConnectionAction,
    ConnectionCut,
    ConnectionFault,
    Fault,
    FrameAction,
    FrameFault,
)
from haversack.exchange.loopback import LoopbackSocket

DEPTH = "depth.SOL_USDC"


def listener(desk: Desk, *streams: str) -> LoopbackSocket:
    socket = desk.connect()
    socket.send(json.dumps({"method": "SUBSCRIBE", "params": streams or [DEPTH]}))
    return socket


async def orders(desk: Desk, count: int) -> None:
    """So many bids, each a level of its own: each makes one depth frame."""
    for number in range(count):
        await Stranger(desk).place(price=str(80 + number))


async def prices(socket: LoopbackSocket, count: int) -> list[str]:
    return [frame["data"]["b"][0][0] for frame in await frames(socket, count)]


async def is_silent(socket: LoopbackSocket) -> bool:
    """Nothing waits to be read; the end of the connection would be told otherwise."""
    socket.close()
    return await socket.receive() is None


async def test_a_swapped_frame_comes_after_its_successor() -> None:
    async with open_desk() as desk:
        socket = listener(desk)
        desk.venue.faults.add(FrameFault(action=FrameAction.SWAP, stream=DEPTH))
        await orders(desk, 3)
        assert await prices(socket, 3) == ["81.00", "80.00", "82.00"]


async def test_two_swaps_lose_no_frame() -> None:
    async with open_desk() as desk:
        socket = listener(desk)
        desk.venue.faults.add(FrameFault(action=FrameAction.SWAP, times=2))
        await orders(desk, 3)
        assert await prices(socket, 3) == ["81.00", "80.00", "82.00"]


async def test_a_swapped_frame_without_a_successor_comes_when_all_is_well_again() -> None:
    async with open_desk() as desk:
        socket = listener(desk)
        desk.venue.faults.add(FrameFault(action=FrameAction.SWAP))
        await orders(desk, 1)
        desk.venue.faults.clear()
        assert await prices(socket, 1) == ["80.00"]


async def test_a_delayed_frame_comes_when_the_exchanges_time_has_come() -> None:
    async with open_desk() as desk:
        socket = listener(desk)
        desk.venue.faults.add(FrameFault(action=FrameAction.DELAY, delay_s=2))
        await orders(desk, 2)
        assert await prices(socket, 1) == ["81.00"]
        desk.clock.advance(ms=1_999)
        desk.venue.tick(desk.clock.now_us())
        assert desk.venue.tick(desk.clock.now_us()) <= desk.clock.now_us() + 1_000
        desk.clock.advance(ms=1)
        desk.venue.tick(desk.clock.now_us())
        assert await prices(socket, 1) == ["80.00"]


async def test_a_stream_stops_while_another_goes_on() -> None:
    async with open_desk() as desk:
        socket = listener(desk, DEPTH, "bookTicker.SOL_USDC")
        desk.venue.faults.add(FrameFault(action=FrameAction.DROP, stream=DEPTH, times=None))
        await orders(desk, 3)
        assert {frame["stream"] for frame in await frames(socket, 3)} == {"bookTicker.SOL_USDC"}
        assert await is_silent(socket)


@pytest.mark.parametrize("action", [FrameAction.TRUNCATE, FrameAction.GARBAGE])
async def test_a_broken_frame_is_no_json_and_the_next_one_is(action: FrameAction) -> None:
    async with open_desk() as desk:
        socket = listener(desk)
        desk.venue.faults.add(FrameFault(action=action))
        await orders(desk, 2)
        with pytest.raises(json.JSONDecodeError):
            json.loads(await socket.receive() or b"")
        assert await prices(socket, 1) == ["81.00"]


async def test_a_frame_says_more_than_is_documented() -> None:
    async with open_desk() as desk:
        socket = listener(desk)
        desk.venue.faults.add(FrameFault(action=FrameAction.UNKNOWN_FIELD))
        await orders(desk, 1)
        (frame,) = await frames(socket, 1)
        assert set(frame["data"]) == {"E", "T", "U", "a", "b", "e", "s", "u", "notYetDocumented"}


async def test_a_frame_says_a_word_that_nobody_knows() -> None:
    async with open_desk() as desk:
        somebody, socket = Stranger(desk), desk.connect()
        somebody.subscribe(socket, "account.orderUpdate")
        desk.venue.faults.add(FrameFault(action=FrameAction.UNKNOWN_MEMBER))
        await somebody.place()
        await somebody.place()
        assert [frame["data"]["X"] for frame in await frames(socket, 2)] == ["NotYetDocumented", "New"]


async def test_an_answer_says_more_and_says_it_in_new_words() -> None:
    async with open_desk() as desk:
        somebody = Stranger(desk)
        desk.venue.faults.add(AnswerFault(action=AnswerAction.UNKNOWN_FIELD))
        desk.venue.faults.add(AnswerFault(action=AnswerAction.UNKNOWN_MEMBER))
        assert "notYetDocumented" in loads(await somebody.place())
        assert loads(await somebody.place())["status"] == "NotYetDocumented"
        rows = loads(await somebody.read("orderQueryAll", "/api/v1/orders"))
        assert [row["status"] for row in rows] == ["New", "New"]


@pytest.mark.parametrize("action", [AnswerAction.TRUNCATE, AnswerAction.GARBAGE])
async def test_a_broken_answer_belongs_to_an_order_that_was_booked(action: AnswerAction) -> None:
    async with open_desk() as desk:
        desk.venue.faults.add(AnswerFault(action=action, operation="PlaceOrder"))
        reply = await Stranger(desk).place()
        assert reply.status == 200
        with pytest.raises(json.JSONDecodeError):
            json.loads(reply.body)
        assert len(desk.venue.engine.depth("SOL_USDC")[0]) == 1


async def test_a_refusal_may_say_how_long_to_wait() -> None:
    async with open_desk() as desk:
        for retry_after_s in (None, 7):
            fault = AnswerFault(action=AnswerAction.TOO_MANY_REQUESTS, retry_after_s=retry_after_s)
            desk.venue.faults.add(fault)
        replies = [await desk.get("/api/v1/ping") for _ in range(3)]
        assert [(reply.status, reply.headers.get("retry-after")) for reply in replies] == [(429, None), (429, "7"), (200, None)]


async def test_requests_pass_before_the_one_that_is_meant() -> None:
    async with open_desk() as desk:
        desk.venue.faults.add(AnswerFault(action=AnswerAction.UNAVAILABLE, after=2))
        assert [(await desk.get("/api/v1/ping")).status for _ in range(4)] == [200, 200, 503, 200]


async def test_maintenance_refuses_all_but_the_questions_whether_it_is_over() -> None:
    async with open_desk() as desk:
        desk.venue.faults.add(Condition(kind=ConditionKind.MAINTENANCE, lasts_s=10))
        assert said(await Stranger(desk).place())[:2] == (503, "MAINTENANCE")
        assert said(await desk.get("/api/v1/markets"))[0] == 503
        assert loads(await desk.get("/api/v1/status"))["status"] == "Maintenance"
        assert (await desk.get("/api/v1/ping")).body == b"pong"
        assert (await desk.get("/api/v1/time")).status == 200
        desk.clock.advance(s=10)
        assert loads(await desk.get("/api/v1/status"))["status"] == "Ok"
        assert (await Stranger(desk).place()).status == 200


async def test_a_history_is_late_for_as_long_as_it_lasts() -> None:
    async with open_desk() as desk:
        somebody, path = Stranger(desk), ("orderHistoryQueryAll", "/wapi/v1/history/orders")
        desk.clock.advance(s=60)
        desk.venue.faults.add(Condition(kind=ConditionKind.LATE_HISTORY, by_s=30))
        order = loads(await somebody.place())
        assert loads(await somebody.read(*path)) == []
        desk.clock.advance(s=30)
        assert [row["status"] for row in loads(await somebody.read(*path))] == ["New"]
        await somebody.cancel(orderId=order["id"])
        assert [row["status"] for row in loads(await somebody.read(*path))] == ["New"]
        desk.venue.faults.clear()
        assert [row["status"] for row in loads(await somebody.read(*path))] == ["Cancelled"]


async def test_a_history_that_becomes_late_knows_no_older_state_than_it_kept() -> None:
    async with open_desk() as desk:
        somebody, path = Stranger(desk), ("orderHistoryQueryAll", "/wapi/v1/history/orders")
        order = loads(await somebody.place())
        desk.clock.advance(s=100)
        await somebody.cancel(orderId=order["id"])
        desk.venue.faults.add(Condition(kind=ConditionKind.LATE_HISTORY, by_s=50))
        assert [row["status"] for row in loads(await somebody.read(*path))] == ["Cancelled"]


@pytest.mark.parametrize("by_s", [-120, 120])
async def test_a_clock_that_is_off_tells_its_time_and_goes_by_it(by_s: int) -> None:
    async with open_desk() as desk:
        somebody, now_ms = Stranger(desk), desk.clock.now_us() // 1_000
        desk.venue.faults.add(Condition(kind=ConditionKind.SKEWED_CLOCK, by_s=by_s))
        assert int((await desk.get("/api/v1/time")).body) == now_ms + by_s * 1_000
        reply = await somebody.place()
        if by_s > 0:
            assert said(reply)[2] == "Request has expired"
        else:
            # A signature from the near future is good: the exchange only minds what is old or far away.
            assert reply.status == 200
        desk.venue.faults.clear()
        assert (await somebody.place()).status == 200


async def test_connections_are_cut_when_the_time_has_come() -> None:
    async with open_desk() as desk:
        sockets = [listener(desk), desk.connect()]
        desk.venue.faults.add(ConnectionFault(action=ConnectionAction.DISCONNECT, after_s=5))
        await orders(desk, 1)
        assert await prices(sockets[0], 1) == ["80.00"]
        assert desk.venue.faults.next_us() == desk.clock.now_us() + 5_000_000
        desk.clock.advance(s=5)
        desk.venue.tick(desk.clock.now_us())
        assert [await socket.receive() for socket in sockets] == [None, None]
        assert desk.venue.faults.waiting() == []


async def test_a_half_open_connection_says_nothing_until_it_is_cleared_away() -> None:
    async with open_desk() as desk:
        frozen = listener(desk)
        desk.venue.faults.add(ConnectionFault(action=ConnectionAction.HALF_OPEN))
        fresh = listener(desk)
        frozen.send('{"method":"NOTHING"}')
        await orders(desk, 1)
        assert await prices(fresh, 1) == ["80.00"]
        desk.venue.faults.clear()
        assert await frozen.receive() is None
        await orders(desk, 1)
        assert await prices(fresh, 1) == ["80.00"]


async def test_no_stream_can_be_opened_while_none_may() -> None:
    async with open_desk() as desk:
        before = listener(desk)
        desk.venue.faults.add(Condition(kind=ConditionKind.NO_STREAMS, after_s=1, lasts_s=1))
        desk.connect()
        desk.clock.advance(s=1)
        with pytest.raises(ConnectionCut):
            desk.connect()
        await orders(desk, 1)
        assert await prices(before, 1) == ["80.00"]
        desk.clock.advance(s=1)
        desk.connect()


def at_work() -> list[Fault]:
    return [
        AnswerFault(action=AnswerAction.DELAY, delay_s=1, operation="PlaceOrder", times=3),
        Condition(kind=ConditionKind.LATE_HISTORY, by_s=3, after_s=5),
    ]


async def test_faults_are_listed_with_what_is_left_of_them_and_cleared_one_by_one() -> None:
    async with open_desk() as desk:
        faults = desk.venue.faults
        assert [faults.add(fault) for fault in at_work()] == [1, 2]
        await Stranger(desk).place()
        assert [(each.number, each.left, each.begins_in_s) for each in faults.waiting()] == [(1, 2, 0), (2, None, 4)]
        assert faults.clear(1) == 1
        assert [each.number for each in faults.waiting()] == [2]
        with pytest.raises(UsageError, match="no fault has the number 1"):
            faults.clear(1)
        assert faults.clear() == 1


REFUSED: list[tuple[type[Fault], dict[str, Any], str]] = [
    (
        AnswerFault,
        {"action": AnswerAction.PENDING, "operation": "PlaceOder"},
        "'PlaceOder' is not one of .*PlaceOrder, PlaceOrders",
    ),
    (AnswerFault, {"action": AnswerAction.PENDING, "times": 0}, "times must be at least 1"),
    (AnswerFault, {"action": AnswerAction.PENDING, "after": -1}, "after must be at least 0"),
    (AnswerFault, {"action": AnswerAction.DELAY}, "a delay needs it"),
    (AnswerFault, {"action": AnswerAction.PENDING, "delay_s": 1}, "delay_s goes with a delay"),
    (AnswerFault, {"action": AnswerAction.PENDING, "retry_after_s": 1}, "retry_after_s goes with"),
    (AnswerFault, {"action": AnswerAction.PENDING, "after_s": -1}, "after_s must be 0 to"),
    (FrameFault, {"action": FrameAction.DROP, "stream": "dept.SOL_USDC"}, "'dept.SOL_USDC' never speaks here"),
    (FrameFault, {"action": FrameAction.DROP, "stream": "depth.SOL_USD"}, "'depth.SOL_USD' never speaks here"),
    (FrameFault, {"action": FrameAction.DELAY, "delay_s": float("nan")}, "delay_s must be"),
    (Condition, {"kind": ConditionKind.MAINTENANCE, "by_s": 1}, "by_s goes with"),
    (Condition, {"kind": ConditionKind.LATE_HISTORY, "by_s": -1}, "by_s goes with"),
    (Condition, {"kind": ConditionKind.SKEWED_CLOCK}, "by_s goes with"),
    (Condition, {"kind": ConditionKind.MAINTENANCE, "lasts_s": -1}, "lasts_s must be"),
]


@pytest.mark.parametrize(("kind", "fields", "says"), REFUSED, ids=lambda value: str(value) if isinstance(value, dict) else "")
async def test_a_fault_that_could_never_happen_is_refused(kind: type[Fault], fields: dict[str, Any], says: str) -> None:
    async with open_desk() as desk:
        with pytest.raises(UsageError, match=says):
            desk.venue.faults.add(kind(**fields))
        assert desk.venue.faults.waiting() == []


async def test_faults_are_bounded() -> None:
    async with open_desk() as desk:
        for _ in range(1_000):
            desk.venue.faults.add(AnswerFault(action=AnswerAction.PENDING))
        with pytest.raises(UsageError, match="clear them first"):
            desk.venue.faults.add(AnswerFault(action=AnswerAction.PENDING))
