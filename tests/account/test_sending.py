"""What a client tells its account views of what it sends; none of them can do harm to an order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from haversack.account.life import OrderState
from haversack.account.sending import Command, Sent, send_told, send_told_async
from haversack.account.view import AccountView
from haversack.clock import ManualClock
from haversack.errors import ConnectFailed, OutcomeUnknown
from haversack.rest.session import RestSession
from haversack.wire.base import Operation
from haversack.wire.enums import Side
from haversack.wire.orders import PlaceOrder, PlaceOrders
from haversack.wire.system import GetTime

PLACE = PlaceOrder(symbol="SOL_USDC", side=Side.BID, order_type="Limit", price="20", quantity="2")
SESSION = RestSession(None, ManualClock())


class Witness:
    """A view, and what it was told."""

    def __init__(self, *, fails_at: str = "") -> None:
        self.view = AccountView()
        self.told: list[str] = []
        self._fails_at = fails_at

    def sent(self, operation: Command) -> Sent | None:
        self._note("sent")
        return self.view.sent(operation, sent_ms=5)

    def answered(self, sent: Sent, answer: Any) -> None:
        self._note("answered")
        self.view.answered(sent, answer, 0)

    def failed(self, sent: Sent, error: BaseException) -> None:
        self._note("failed")
        self.view.failed(sent, error, 0)

    def _note(self, what: str) -> None:
        self.told.append(what)
        if what == self._fails_at:
            raise RuntimeError("a view with a bug")

    @property
    def states(self) -> list[OrderState]:
        return [order.state for order in self.view.orders.all()]


def refused(error: BaseException) -> Any:
    def send(_operation: Operation[Any]) -> Any:
        raise error

    return send


def test_reads_are_told_to_nobody() -> None:
    witness = Witness()
    assert send_told([witness], GetTime(), SESSION, lambda _: 7) == 7
    assert witness.told == []


def test_an_order_is_told_before_it_is_sent_with_the_client_id_that_it_bears() -> None:
    witness, seen = Witness(), []

    def send(operation: Operation[Any]) -> Any:
        assert isinstance(operation, PlaceOrder)
        [order] = witness.view.orders.all()
        seen.append((order.state, order.client_id == operation.client_id is not None))
        raise ConnectFailed("no route")

    with pytest.raises(ConnectFailed):
        send_told([witness], PLACE, SESSION, send)
    assert seen == [(OrderState.PENDING, True)]
    assert witness.states == [OrderState.NOT_SENT]


def test_a_call_that_is_given_up_on_its_way_is_unknown_and_one_that_never_left_is_not_sent() -> None:
    async def given_up(cause: BaseException | None) -> list[OrderState]:
        async def send(_operation: Operation[Any]) -> Any:
            raise asyncio.CancelledError from cause

        witness = Witness()
        with pytest.raises(asyncio.CancelledError):
            await send_told_async([witness], PLACE, SESSION, send)
        return witness.states

    unknown = OutcomeUnknown(PLACE, RuntimeError("given up"), sent_ms=5)
    assert asyncio.run(given_up(unknown)) == [OrderState.UNKNOWN]
    assert asyncio.run(given_up(None)) == [OrderState.NOT_SENT]


def test_an_unknown_outcome_of_another_order_is_not_taken_for_that_of_this_one() -> None:
    witness = Witness()
    refusal = ConnectFailed("no route")
    refusal.__cause__ = OutcomeUnknown(PLACE, RuntimeError("lost"), sent_ms=5)
    with pytest.raises(ConnectFailed):
        send_told([witness], PLACE, SESSION, refused(refusal))
    assert witness.states == [OrderState.NOT_SENT]


@pytest.mark.parametrize("place", ["sent", "answered", "failed"])
def test_a_view_with_a_bug_changes_no_answer_and_no_error(place: str) -> None:
    broken, sound = Witness(fails_at=place), Witness()
    with pytest.raises(ConnectFailed):
        send_told([broken, sound], PLACE, SESSION, refused(ConnectFailed("no route")))
    assert sound.told == ["sent", "failed"]
    assert send_told([broken], PlaceOrders(orders=[]), SESSION, lambda _: []) == []


def test_an_answer_that_a_view_does_not_understand_leaves_its_orders_unknown_and_to_be_resolved() -> None:
    witness = Witness()
    assert send_told([witness], PlaceOrders(orders=[PLACE, PLACE]), SESSION, lambda _: []) == []
    assert witness.states == [OrderState.UNKNOWN] * 2
    assert len(witness.view.unresolved()) == 1


def test_a_batch_of_which_one_order_makes_no_sense_leaves_nothing_pending() -> None:
    witness = Witness()
    odd = PlaceOrder(symbol="SOL_USDC", side=Side.BID, order_type="Limit", price="a lot", quantity="1")
    with pytest.raises(ConnectFailed):
        send_told([witness], PlaceOrders(orders=[PLACE, odd]), SESSION, refused(ConnectFailed("no route")))
    assert witness.states == []
