"""The life of an order: what moves it, what cannot, and that the order of what is learnt does not matter."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from account.said import T0_MS, fill_frame, frame, order, past
from haversack.account.life import (
    ENDS,
    OF_STATUS,
    RANK,
    OrderState,
    Sighting,
    TrackedOrder,
    fired,
    joined,
    seen_in_frame,
    seen_in_row,
    with_cancel,
    with_fill,
    with_successor,
)
from haversack.wire.enums import OrderEvent, OrderStatus
from haversack.wire.events import OrderUpdate

S = OrderState
T0_US = T0_MS * 1_000
RELATED = next(name for name in OrderUpdate.__struct_fields__ if name.startswith("related_order"))
BLANK = TrackedOrder(symbol="SOL_USDC", order_id="7", reached=S.UNKNOWN)

ACCEPTED = seen_in_frame(frame("orderAccepted"))
PARTLY = seen_in_frame(fill_frame(1, "0.5", "0.5", engine_us=T0_US + 10))
FULL = seen_in_frame(fill_frame(2, "1.5", "2", status=OrderStatus.FILLED, engine_us=T0_US + 20))
CANCELLED = seen_in_frame(frame("orderCancelled", "0.5", engine_us=T0_US + 15))
EXPIRED = seen_in_frame(frame("orderExpired", engine_us=T0_US + 15))
WAITING = seen_in_frame(frame("triggerPlaced", quantity=Decimal(0)))
FAILED = seen_in_frame(frame("triggerFailed"))


def told(*seen: Sighting) -> TrackedOrder:
    result = BLANK
    for each in seen:
        result = joined(result, each)
    return result


# What is seen, one after the other, and the state after it.
LIVES: list[tuple[tuple[Sighting, ...], OrderState]] = [
    ((), S.UNKNOWN),
    ((ACCEPTED,), S.OPEN),
    ((ACCEPTED, PARTLY), S.PARTLY_FILLED),
    ((PARTLY, ACCEPTED), S.PARTLY_FILLED),
    ((ACCEPTED, PARTLY, FULL), S.FILLED),
    ((ACCEPTED, CANCELLED), S.CANCELLED),
    ((ACCEPTED, EXPIRED), S.EXPIRED),
    ((CANCELLED, ACCEPTED), S.CANCELLED),
    ((CANCELLED, FULL), S.FILLED),
    ((FULL, CANCELLED), S.FILLED),
    ((EXPIRED, FULL), S.FILLED),
    ((WAITING,), S.TRIGGER_PENDING),
    ((WAITING, ACCEPTED), S.OPEN),
    ((ACCEPTED, WAITING), S.OPEN),
    ((WAITING, FAILED), S.TRIGGER_FAILED),
    ((WAITING, CANCELLED), S.CANCELLED),
    ((CANCELLED, seen_in_row(past(OrderStatus.NEW))), S.CANCELLED),
    ((FULL, seen_in_row(order(OrderStatus.PARTIALLY_FILLED, "0.5"))), S.FILLED),
    ((PARTLY, seen_in_row(past(OrderStatus.NEW, "0"))), S.PARTLY_FILLED),
    ((ACCEPTED, seen_in_row(past(OrderStatus.EXPIRED))), S.EXPIRED),
    ((seen_in_frame(frame("orderAccepted", status=OrderStatus("Frozen"))),), S.OPEN),
    ((seen_in_frame(frame("orderFrozen", status=OrderStatus("Frozen"))),), S.UNKNOWN),
    ((ACCEPTED, seen_in_frame(frame("orderFrozen", status=OrderStatus("Frozen")))), S.OPEN),
    ((seen_in_frame(frame("orderCancelled", status=OrderStatus.PARTIALLY_FILLED)),), S.CANCELLED),
]


@pytest.mark.parametrize(("seen", "state"), LIVES)
def test_life_of_an_order(seen: tuple[Sighting, ...], state: OrderState) -> None:
    assert told(*seen).state is state


@pytest.mark.parametrize("status", [status for status in OrderStatus if OF_STATUS[status] in ENDS])
@pytest.mark.parametrize("stale", list(OrderStatus))
def test_no_row_moves_an_ended_order_back(status: OrderStatus, stale: OrderStatus) -> None:
    ended = told(seen_in_row(past(status, "1")))
    again = joined(ended, seen_in_row(past(stale, "0")))
    assert again.is_ended
    assert RANK[again.reached] >= RANK[ended.reached]
    assert again.executed_quantity == 1


def test_every_end_of_a_status_is_an_end_and_nothing_else_is() -> None:
    assert {status for status in OrderStatus if OF_STATUS[status] in ENDS} == {
        *(OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.TRIGGER_FAILED)
    }


@pytest.mark.parametrize("seen", list(permutations([ACCEPTED, PARTLY, CANCELLED, FULL])))
def test_cancel_and_fills_come_to_the_same_end_in_any_order(seen: tuple[Sighting, ...]) -> None:
    assert told(*seen) == told(ACCEPTED, PARTLY, CANCELLED, FULL)


SIGHTINGS = st.sampled_from(
    [
        *(ACCEPTED, PARTLY, FULL, CANCELLED, EXPIRED, WAITING, FAILED),
        *[seen_in_row(past(status, executed)) for status in OrderStatus for executed in ("0", "0.5", "2")],
        *[seen_in_row(order(status, "0.5", reduce_only=True, quantity=Decimal("1.5"))) for status in OrderStatus],
        *[seen_in_frame(frame("orderModified", quantity=Decimal(1), reduce_only=True, engine_us=T0_US + us)) for us in (3, 40)],
    ]
)


@given(st.lists(SIGHTINGS, max_size=7), st.randoms(use_true_random=False))
def test_sightings_may_come_in_any_order_and_twice(seen: list[Sighting], dice: Random) -> None:
    shuffled = [*seen, *seen[:2]]
    dice.shuffle(shuffled)
    one, other = told(*seen), told(*shuffled)
    for name in ("reached", "executed_quantity", "executed_quote_quantity", "ended_quantity"):
        assert getattr(one, name) == getattr(other, name)
    assert one.was_filled_late == other.was_filled_late


@given(st.lists(SIGHTINGS, max_size=7))
def test_ends_come_from_the_exchange_alone(seen: list[Sighting]) -> None:
    is_said = any(each.reached in ENDS for each in seen)
    assert told(*seen).is_ended == is_said


def test_fill_after_a_cancel_counts_and_is_flagged() -> None:
    late = seen_in_frame(fill_frame(3, "0.7", "1.2", status=OrderStatus.CANCELLED))
    order = told(ACCEPTED, CANCELLED, late)
    assert (order.state, order.executed_quantity, order.was_filled_late) == (S.CANCELLED, Decimal("1.2"), True)


def test_fill_that_the_cancel_knew_of_is_not_late() -> None:
    assert not told(ACCEPTED, CANCELLED, PARTLY).was_filled_late


def test_filled_after_a_cancel_is_flagged_too() -> None:
    order = told(CANCELLED, FULL)
    assert (order.state, order.was_filled_late) == (S.FILLED, True)


def test_row_of_a_fill_after_a_cancel_is_flagged() -> None:
    order = with_fill(told(CANCELLED), Decimal("0.5"))
    assert not order.was_filled_late
    assert with_fill(order, Decimal("0.1")).was_filled_late


def test_fills_alone_do_not_end_an_order() -> None:
    order = with_fill(told(ACCEPTED), Decimal(2))
    assert (order.state, order.executed_quantity, order.quantity) == (S.PARTLY_FILLED, Decimal(2), Decimal(2))


def test_sum_of_fills_loses_no_digit() -> None:
    tiny = Decimal("1E-27")
    order = with_fill(with_fill(BLANK, Decimal(1234567890)), tiny)
    assert str(order.filled_quantity) == "1234567890." + "0" * 26 + "1"


def test_cancel_that_is_pending_leaves_the_order_live() -> None:
    order = with_cancel(told(ACCEPTED, PARTLY), is_pending=True)
    assert (order.state, order.is_live, order.is_ended) == (S.CANCEL_PENDING, True, False)
    assert joined(order, CANCELLED).state is S.CANCELLED
    assert with_cancel(order, is_pending=False).state is S.PARTLY_FILLED


def test_order_that_only_reduces_shrinks_and_never_grows() -> None:
    small = seen_in_frame(frame("orderModified", quantity=Decimal(1), reduce_only=True, engine_us=T0_US + 9))
    before = seen_in_frame(frame("orderAccepted", reduce_only=True))
    assert told(before, small).quantity == told(small, before).quantity == 1
    row = seen_in_row(order(quantity=Decimal(1), reduce_only=True))
    assert told(before, row).quantity == told(row, before).quantity == 1


def test_quantity_of_a_conditional_order_is_not_taken_for_nothing() -> None:
    assert told(WAITING).quantity is None
    assert told(WAITING, ACCEPTED).quantity == 2


def test_conditional_order_with_a_successor_is_live_until_a_list_no_longer_shows_it() -> None:
    order = with_successor(told(WAITING), "9")
    assert (order.state, order.is_live) == (S.TRIGGER_PENDING, True)
    gone = fired(order)
    assert (gone.state, gone.successor_id, gone.is_ended) == (S.TRIGGERED, "9", True)
    assert joined(gone, CANCELLED).state is S.CANCELLED


def test_history_of_2025_that_calls_every_order_not_post_only_is_not_believed() -> None:
    assert seen_in_row(past(post_only=False)).post_only is None
    assert seen_in_row(past(post_only=True)).post_only is True
    assert seen_in_row(order(post_only=False)).post_only is False


def test_frame_tells_all_that_it_says() -> None:
    seen = seen_in_frame(frame("orderExpired", client_id=5, trigger_price=Decimal("1.50"), strategy_id=9, **{RELATED: "3"}))
    assert (seen.client_id, seen.trigger_price, seen.strategy_id, seen.related_order_id) == (5, "1.50", "9", "3")
    assert seen.order_type == "Limit"


def test_orders_are_values() -> None:
    order = told(ACCEPTED)
    with pytest.raises(AttributeError):
        order.reached = S.FILLED  # type: ignore[misc]
    assert msgspec.structs.replace(order) == order


@pytest.mark.parametrize("event", list(OrderEvent))
def test_every_event_moves_an_order(event: OrderEvent) -> None:
    assert told(seen_in_frame(frame(event, status=OrderStatus("Frozen")))).reached is not S.UNKNOWN
