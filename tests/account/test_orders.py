"""Orders of this program and of others: what ties a ticket to an id, and what errors do not say."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from account.said import frame, order, past
from haversack.account.life import OrderState
from haversack.account.orders import Orders
from haversack.errors import (
    ApiError,
    ConnectFailed,
    LocalRateLimit,
    OutcomeUnknown,
    ProtocolError,
    RequestFailed,
    UsageError,
)
from haversack.rest.inquiry import Outcome, Resolution
from haversack.wire.base import CancelPending
from haversack.wire.enums import OrderStatus
from haversack.wire.history import PastOrder
from haversack.wire.orders import CancelAllOrders, CancelOrder, Order, PlaceOrder, RefusedInBatch

S = OrderState
PLACE = PlaceOrder(symbol="SOL_USDC", side="Bid", order_type="Limit", price="20", quantity="2", client_id=5)
CANCEL = CancelOrder(symbol="SOL_USDC", order_id="7")
LOST = OutcomeUnknown(PLACE, RequestFailed("reset"), sent_ms=1)


def state_of(orders: Orders, order_id: str = "7") -> OrderState | None:
    found = orders.get(order_id)
    return None if found is None else found.state


def open_order() -> Orders:
    orders = Orders()
    orders.framed(frame("orderAccepted", client_id=5))
    return orders


def test_order_is_pending_until_it_is_answered() -> None:
    orders = Orders()
    ticket = orders.sent(PLACE).ticket or 0
    assert [each.state for each in orders.live()] == [S.PENDING]
    orders.answered(ticket, order())
    assert (state_of(orders), len(orders)) == (S.OPEN, 1)
    assert orders.of_ticket(ticket) == orders.get("7")
    assert [each.is_own for each in orders.all()] == [True]


def test_frame_before_the_answer_and_the_answer_make_one_order() -> None:
    orders = Orders()
    ticket = orders.sent(PLACE).ticket or 0
    orders.framed(frame("orderCancelled", "0.5", client_id=5))
    assert len(orders) == 2
    orders.answered(ticket, order())
    own = orders.of_ticket(ticket)
    assert own is not None
    assert (len(orders), own.state, own.executed_quantity) == (1, S.CANCELLED, Decimal("0.5"))


def test_client_id_alone_ties_nothing() -> None:
    orders = Orders()
    one, other = orders.sent(PLACE), orders.sent(PLACE)
    orders.framed(frame("orderAccepted", client_id=5))
    assert [orders.of_ticket(each.ticket or 0) for each in (one, other)] == [one, other]


FAILURES: list[tuple[BaseException, OrderState]] = [
    (ApiError(400, "INVALID_ORDER", "Invalid order"), S.REJECTED),
    (ApiError(429, None, "slow down"), S.REJECTED),
    (UsageError("price is wrong"), S.NOT_SENT),
    (ConnectFailed("refused"), S.NOT_SENT),
    (LocalRateLimit(3.0, 1.0), S.NOT_SENT),
    (LOST, S.UNKNOWN),
    (RequestFailed("reset"), S.UNKNOWN),
    (ProtocolError("the answer", "$.id", b""), S.UNKNOWN),
    (TimeoutError(), S.UNKNOWN),
    (KeyboardInterrupt(), S.UNKNOWN),
]


@pytest.mark.parametrize(("error", "state"), FAILURES)
def test_error_ends_an_order_only_if_it_is_a_refusal_or_nothing_was_sent(error: BaseException, state: OrderState) -> None:
    orders = Orders()
    ticket = orders.sent(PLACE).ticket or 0
    (change,) = orders.failed(ticket, error)
    assert (change.order.state, change.order.is_live) == (state, state is S.UNKNOWN)
    assert change.order.reason


RESOLUTIONS = [(Outcome.NOT_DONE, S.REJECTED), (Outcome.UNKNOWN, S.UNKNOWN), (Outcome.DONE, S.FILLED)]


@pytest.mark.parametrize(("outcome", "state"), RESOLUTIONS)
def test_resolution_says_what_became_of_an_order(outcome: Outcome, state: OrderState) -> None:
    orders = Orders()
    ticket = orders.sent(PLACE).ticket or 0
    orders.failed(ticket, LOST)
    found = past(OrderStatus.FILLED, "2") if outcome is Outcome.DONE else None
    orders.resolved(ticket, Resolution(operation=PLACE, state=outcome, reason="seen", order=found))
    own = orders.of_ticket(ticket)
    assert own is not None
    assert own.state is state


def test_order_of_a_batch_may_be_refused_alone() -> None:
    orders = Orders()
    ticket = orders.sent(PLACE).ticket or 0
    (change,) = orders.answered(ticket, RefusedInBatch(code="INVALID_ORDER", message="no"))
    assert (change.order.state, change.order.reason) == (S.REJECTED, "INVALID_ORDER: no")


def test_refusal_of_an_order_that_the_exchange_has_named_changes_nothing() -> None:
    orders = Orders()
    ticket = orders.sent(PLACE).ticket or 0
    orders.answered(ticket, order())
    assert orders.failed(ticket, ApiError(400, "X", "no")) == []
    assert state_of(orders) is S.OPEN


def test_orders_of_other_programs_are_taken_in() -> None:
    orders = Orders()
    orders.framed(frame("orderAccepted", order_id="8"))
    orders.listed([past(OrderStatus.CANCELLED, order_id="9")])
    assert {each.order_id: (each.state, each.is_own) for each in orders.all()} == {
        "8": (S.OPEN, False),
        "9": (S.CANCELLED, False),
    }


def test_order_that_no_list_shows_is_still_live() -> None:
    orders = open_order()
    assert orders.listed_open([]) == []
    assert state_of(orders) is S.OPEN


def test_order_that_only_its_fills_tell_of_is_unknown() -> None:
    orders = Orders()
    orders.filled("7", "SOL_USDC", Decimal(1))
    found = orders.get("7")
    assert found is not None
    assert (found.state, found.executed_quantity) == (S.UNKNOWN, Decimal(1))


@pytest.mark.parametrize("operation", [CANCEL, CancelOrder(symbol="SOL_USDC", client_id=5), CancelAllOrders(symbol="SOL_USDC")])
def test_cancel_that_is_not_carried_out_yet_leaves_its_orders_live(operation: CancelOrder | CancelAllOrders) -> None:
    orders = open_order()
    orders.cancel_answered(operation, CancelPending())
    assert state_of(orders) is S.CANCEL_PENDING
    assert len(orders.live()) == 1


@pytest.mark.parametrize("operation", [CancelOrder(symbol="SOL_USDC", order_id="8"), CancelAllOrders(symbol="BTC_USDC")])
def test_cancel_of_something_else_changes_nothing(operation: CancelOrder | CancelAllOrders) -> None:
    orders = open_order()
    assert orders.cancel_answered(operation, CancelPending()) == []


def test_cancel_that_was_carried_out_is_the_exchanges_word() -> None:
    orders = open_order()
    orders.cancel_answered(CANCEL, order(OrderStatus.CANCELLED))
    assert state_of(orders) is S.CANCELLED


def test_orders_that_a_cancel_of_all_lists_are_cancelled_and_the_others_are_not() -> None:
    orders = open_order()
    orders.framed(frame("orderAccepted", order_id="8"))
    orders.cancel_answered(CancelAllOrders(symbol="SOL_USDC"), [order(OrderStatus.CANCELLED)])
    assert (state_of(orders), state_of(orders, "8")) == (S.CANCELLED, S.OPEN)


def test_cancel_that_is_refused_does_not_say_that_the_order_is_gone() -> None:
    orders = open_order()
    assert orders.cancel_failed(CANCEL, ApiError(400, "INVALID_CLIENT_REQUEST", "Order not found")) == []
    assert state_of(orders) is S.OPEN


def test_cancel_whose_answer_was_lost_is_pending_until_it_is_resolved() -> None:
    orders = open_order()
    orders.cancel_failed(CANCEL, OutcomeUnknown(CANCEL, RequestFailed("reset"), sent_ms=1))
    assert state_of(orders) is S.CANCEL_PENDING
    orders.cancel_resolved(CANCEL, Resolution(operation=CANCEL, state=Outcome.UNKNOWN, reason=""))
    assert state_of(orders) is S.CANCEL_PENDING
    orders.cancel_resolved(CANCEL, Resolution(operation=CANCEL, state=Outcome.NOT_DONE, reason="", order=order()))
    assert state_of(orders) is S.OPEN


def test_conditional_order_that_fired_under_another_id() -> None:
    orders = Orders()
    orders.framed(frame("triggerPlaced"))
    orders.listed([order(order_id="8", related_order_id="7")])
    assert (state_of(orders), state_of(orders, "8")) == (S.TRIGGER_PENDING, S.OPEN)
    orders.listed_open([order(order_id="8", related_order_id="7")])
    found = orders.get("7")
    assert found is not None
    assert (found.state, found.successor_id) == (S.TRIGGERED, "8")


@pytest.mark.parametrize("row", [past, order])
def test_conditional_order_that_fired_reads_as_filled_and_was_not(row: Callable[..., Order | PastOrder]) -> None:
    orders = Orders()
    orders.framed(frame("triggerPlaced", quantity=Decimal(0)))
    said = {"trigger_price": "21", "trigger_quantity": "2"}
    orders.listed([row(OrderStatus.FILLED, "0", quantity=None, **said), row(OrderStatus.FILLED, "2", order_id="8", **said)])
    assert (state_of(orders), state_of(orders, "8")) == (S.TRIGGERED, S.FILLED)


def test_conditional_order_that_hangs_on_another_one_does_not_end_it() -> None:
    orders = Orders()
    orders.framed(frame("triggerPlaced"))
    orders.listed([order(OrderStatus.TRIGGER_PENDING, order_id="8", related_order_id="7")])
    orders.listed_open([])
    assert state_of(orders) is S.TRIGGER_PENDING


def test_order_that_came_from_an_open_one_does_not_end_that() -> None:
    orders = open_order()
    orders.listed([order(order_id="8", related_order_id="7")])
    orders.listed_open([order(order_id="8", related_order_id="7")])
    assert state_of(orders) is S.OPEN


def test_same_word_twice_is_no_change() -> None:
    orders = Orders()
    assert len(orders.framed(frame("orderAccepted"))) == 1
    assert orders.framed(frame("orderAccepted")) == []


def test_only_orders_that_have_ended_are_forgotten() -> None:
    orders = Orders(ended_max=3)
    orders.framed(frame("orderAccepted", order_id="1"))
    for number in range(10, 20):
        orders.framed(frame("orderCancelled", order_id=str(number)))
    refused = orders.sent(PLACE).ticket or 0
    orders.failed(refused, ApiError(400, None, "no"))
    assert {each.order_id for each in orders.all()} == {"1", "18", "19", None}
    for number in range(20, 23):
        orders.framed(frame("orderCancelled", order_id=str(number)))
    assert orders.of_ticket(refused) is None
