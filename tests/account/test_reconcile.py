"""When the exchange is asked, what, and in which order."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from account.said import T0_MS, fill_row, iso, past
from haversack.account.exact import is_number
from haversack.account.reconcile import HISTORY_LAG_MS, Lists, Rhythm, Schedule, read_lists
from haversack.errors import ProtocolError, RequestFailed
from haversack.rest.procedure import Procedure
from haversack.wire.base import Operation, Page
from haversack.wire.history import GetFillHistory, GetOrderHistory
from haversack.wire.orders import GetOpenOrders
from haversack.wire.system import GetTime

S = 1_000_000
RHYTHM = Rhythm()


def page(*rows: Any, total: int | None = None) -> Page[Any]:
    made: Page[Any] = Page(rows)
    made.total = len(rows) if total is None else total
    return made


def performed(steps: Procedure[Lists], *answers: Any) -> tuple[list[Operation[Any]], Lists]:
    asked: list[Any] = [next(steps), *map(steps.send, answers[:-1])]
    with pytest.raises(StopIteration) as end:
        steps.send(answers[-1])
    return asked, end.value.value


def test_time_is_asked_for_first_and_fills_from_the_floor_on() -> None:
    asked, lists = performed(read_lists(T0_MS - 5), T0_MS, [], page(fill_row(1)), page(past()))
    assert [type(each) for each in asked] == [GetTime, GetOpenOrders, GetFillHistory, GetOrderHistory]
    assert asked[2] == GetFillHistory(from_ms=T0_MS - 5, sort_direction="Asc", limit=1000, offset=0)
    assert (lists.asked_ms, len(lists.fills), len(lists.past_orders)) == (T0_MS, 1, 1)


def test_first_reading_begins_with_the_exchanges_present() -> None:
    asked, _ = performed(read_lists(None), T0_MS, [], page(), page())
    assert asked[2] == GetFillHistory(from_ms=T0_MS, sort_direction="Asc", limit=1000, offset=0)


def test_fills_are_read_to_the_last_page() -> None:
    many = [fill_row(number) for number in range(1, 151)]
    asked, lists = performed(read_lists(T0_MS), T0_MS, [], page(*many[:100], total=150), page(*many[50:], total=150), page())
    assert asked[3] == GetFillHistory(from_ms=T0_MS, sort_direction="Asc", limit=1000, offset=50)
    assert [fill.trade_id for fill in lists.fills] == list(range(1, 151))


def test_orders_are_read_until_a_whole_page_is_older() -> None:
    old = [past(order_id=str(number)) for number in range(300)]
    asked, lists = performed(read_lists(T0_MS + HISTORY_LAG_MS + 1), T0_MS, [], page(), page(*old[:100], total=300))
    assert len(asked) == 4
    assert len(lists.past_orders) == 100
    asked, lists = performed(
        read_lists(T0_MS + HISTORY_LAG_MS),
        T0_MS,
        [],
        page(),
        *[page(*old[at : at + 100], total=300) for at in (0, 50, 100, 150, 200)],
    )
    assert len(lists.past_orders) == 300


def test_old_order_among_new_ones_does_not_end_the_reading() -> None:
    rows = [past(order_id=str(number), created_iso=iso(T0_MS - (number == 50))) for number in range(120)]
    pages = (page(*rows[:100], total=120), page(*rows[50:], total=120))
    _, lists = performed(read_lists(T0_MS + HISTORY_LAG_MS), T0_MS, [], page(), *pages)
    assert len(lists.past_orders) == 120


@pytest.mark.parametrize("failing", range(4))
def test_reading_that_fails_anywhere_concludes_nothing(failing: int) -> None:
    steps = read_lists(T0_MS)
    next(steps)
    answers: list[Any] = [T0_MS, [], page()]
    for answer in answers[:failing]:
        steps.send(answer)
    with pytest.raises(RequestFailed):
        steps.throw(RequestFailed("reset"))


def test_nothing_is_due_before_a_connection() -> None:
    assert Schedule().due_us is None


def test_connection_is_followed_by_a_reading_and_by_another_when_the_histories_caught_up() -> None:
    schedule = Schedule()
    schedule.interrupted(5)
    assert schedule.due_us == 5
    schedule.began(5)
    schedule.ended(6, is_settled=True)
    assert schedule.due_us == 5 + RHYTHM.confirm_us
    assert RHYTHM.confirm_us > HISTORY_LAG_MS * 1_000
    schedule.began(5 + RHYTHM.confirm_us)
    schedule.ended(20 * S, is_settled=True)
    assert schedule.due_us == 20 * S + RHYTHM.period_us


def test_audits_go_on_for_ever_while_all_is_well() -> None:
    schedule = Schedule()
    schedule.interrupted(0)
    for _ in range(50):
        now_us = schedule.due_us
        assert now_us is not None
        schedule.began(now_us)
        schedule.ended(now_us, is_settled=True)
    assert schedule.due_us == RHYTHM.confirm_us + 49 * RHYTHM.period_us


def test_failed_readings_are_repeated_more_and_more_rarely() -> None:
    schedule = Schedule()
    waits: list[int] = []
    for _ in range(7):
        schedule.began(0)
        schedule.failed(0)
        waits.append(schedule.due_us or 0)
    assert waits == [1 * S, 2 * S, 4 * S, 8 * S, 16 * S, 30 * S, 30 * S]
    schedule.began(0)
    schedule.ended(0, is_settled=True)
    schedule.began(0)
    schedule.failed(0)
    assert schedule.due_us == 1 * S


def test_what_is_open_is_asked_again_soon_and_then_more_rarely() -> None:
    schedule = Schedule()
    waits: list[int] = []
    for _ in range(7):
        schedule.began(0)
        schedule.ended(0, is_settled=False)
        waits.append(schedule.due_us or 0)
    assert waits == [2 * S, 4 * S, 8 * S, 16 * S, 32 * S, 60 * S, 60 * S]


def test_hurry_brings_the_next_reading_forward_and_never_puts_it_off() -> None:
    schedule = Schedule()
    schedule.interrupted(0)
    schedule.hurry(0)
    assert schedule.due_us == 0
    schedule.began(0)
    schedule.hurry(1 * S)
    schedule.ended(2 * S, is_settled=True)
    assert schedule.due_us == 3 * S


def test_interruption_during_a_reading_is_followed_by_another_one() -> None:
    schedule = Schedule()
    schedule.interrupted(0)
    schedule.began(0)
    schedule.interrupted(1 * S)
    schedule.ended(2 * S, is_settled=True)
    assert schedule.due_us == 1 * S


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "-Infinity", "1e900000", "1e50", "1e-51"])
def test_nothing_is_concluded_from_numbers_that_are_none(number: str) -> None:
    steps = read_lists(T0_MS)
    next(steps)
    steps.send(T0_MS)
    steps.send([])
    steps.send(page(fill_row(1, number)))
    with pytest.raises(ProtocolError, match="a number that is none"):
        steps.send(page())


def test_every_digit_that_the_exchange_may_send_is_sound() -> None:
    numbers = ("0", "0E-28", "79228162514264337593543950335", "0.0000000000000000000000000001", "-7.9228162514264337593543950335")
    assert all(is_number(Decimal(number)) for number in numbers)
