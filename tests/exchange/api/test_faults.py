"""Answers that go wrong on purpose: what the client sees changes, what the engine does doesn't."""

from __future__ import annotations

import pytest

from exchange.stranger import Desk, Stranger, loads, open_desk, said
from haversack.exchange.faults import AnswerAction, AnswerFault, ConnectionCut


async def resting(desk: Desk) -> int:
    return len(loads(await Stranger(desk).read("orderQueryAll", "/api/v1/orders")))


async def test_an_order_whose_answer_is_lost_was_booked() -> None:
    async with open_desk() as desk:
        desk.venue.faults.add(AnswerFault(action=AnswerAction.LOSE_ANSWER, operation="PlaceOrder"))
        with pytest.raises(ConnectionCut):
            await Stranger(desk).place()
        assert await resting(desk) == 1


async def test_an_order_whose_request_is_lost_was_not_booked() -> None:
    async with open_desk() as desk:
        desk.venue.faults.add(AnswerFault(action=AnswerAction.LOSE_REQUEST))
        with pytest.raises(ConnectionCut):
            await Stranger(desk).place()
        assert await resting(desk) == 0


@pytest.mark.parametrize(
    ("action", "refusal"),
    [
        (AnswerAction.TOO_MANY_REQUESTS, (429, "TOO_MANY_REQUESTS", "Too many requests")),
        (AnswerAction.UNAVAILABLE, (503, "MAINTENANCE", "System under maintenance")),
    ],
)
async def test_a_refusal_on_purpose_is_used_up_and_changes_nothing(action: AnswerAction, refusal: tuple[int, str, str]) -> None:
    async with open_desk() as desk:
        desk.venue.faults.add(AnswerFault(action=action, operation="PlaceOrder", times=2))
        assert [said(await Stranger(desk).place()) for _ in range(2)] == [refusal, refusal]
        assert await resting(desk) == 0
        assert (await Stranger(desk).place()).status == 200


async def test_a_pending_cancel_was_carried_out() -> None:
    async with open_desk() as desk:
        order = loads(await Stranger(desk).place())
        desk.venue.faults.add(AnswerFault(action=AnswerAction.PENDING, operation="CancelOrder"))
        reply = await Stranger(desk).cancel(orderId=order["id"])
        assert (reply.status, reply.body, reply.content_type) == (202, b"", None)
        assert await resting(desk) == 0


async def test_an_answer_can_be_late() -> None:
    async with open_desk() as desk:
        desk.venue.faults.add(AnswerFault(action=AnswerAction.DELAY, delay_s=2.5))
        assert (await desk.get("/api/v1/ping")).body == b"pong"
        assert desk.slept_s == [2.5]


async def test_histories_can_be_late() -> None:
    async with open_desk(history_lag_ms=3000) as desk:
        somebody = Stranger(desk)
        await somebody.place()
        path = ("orderHistoryQueryAll", "/wapi/v1/history/orders")
        assert loads(await somebody.read(*path)) == []
        assert await resting(desk) == 1
        desk.clock.advance(s=3)
        assert len(loads(await somebody.read(*path))) == 1
