"""The account as a program sees it: what is told, when, and what must be on disk before."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from account.said import T0_MS, balance_frame, fill_frame, fill_row, frame, order, past
from haversack.account.changes import AccountEvent, BalanceChanged, Filled, OrderChanged, Reconciled
from haversack.account.life import OrderState
from haversack.account.memory import Begun, Complete, Delivering, Taken, entries_of, recalled, written
from haversack.account.reconcile import HISTORY_LAG_MS, Rhythm
from haversack.account.view import HELD_MAX, HOLD_US, AccountView
from haversack.errors import ApiError, HaversackError, NotFound, NotServed, OutcomeUnknown, RequestFailed
from haversack.rest.inquiry import Outcome, Resolution
from haversack.rest.procedure import Procedure
from haversack.wire.base import CancelPending, Operation, Page
from haversack.wire.capital import Balance, GetBalances
from haversack.wire.enums import OrderStatus, SystemOrderType, UpdateOrigin
from haversack.wire.history import GetFillHistory, GetOrderHistory
from haversack.wire.orders import CancelOrder, GetOpenOrders, PlaceOrder, PlaceOrders, RefusedInBatch
from haversack.wire.positions import GetPositions
from haversack.wire.system import GetTime

PLACE = PlaceOrder(symbol="SOL_USDC", side="Bid", order_type="Limit", price="20", quantity="2", client_id=5)
CANCEL = CancelOrder(symbol="SOL_USDC", order_id="7")
S = 1_000_000


class Rest:
    """What REST shows at the moment."""

    def __init__(self, **shown: Any) -> None:
        self.shown: dict[type, Any] = {GetTime: T0_MS, GetOpenOrders: [], GetBalances: {}, GetPositions: []}
        self.shown |= {GetFillHistory: shown.get("fills", []), GetOrderHistory: shown.get("past", [])}
        self.shown |= {GetOpenOrders: shown.get("resting", []), GetBalances: shown.get("balances", {})}
        self.shown[GetTime] = shown.get("time_ms", T0_MS)
        self.fails = shown.get("fails", ())
        self.error = shown.get("error", RequestFailed("reset"))
        self.asked: list[Operation[Any]] = []

    def __call__(self, asked: Operation[Any]) -> Any:
        self.asked.append(asked)
        if isinstance(asked, self.fails):
            raise self.error
        shown = self.shown[type(asked)]
        if isinstance(asked, GetOrderHistory) and asked.order_id:
            shown = [row for row in shown if row.order_id == asked.order_id]
        if not isinstance(asked, GetFillHistory | GetOrderHistory):
            return shown
        page: Page[Any] = Page(shown)
        page.total = len(shown)
        return page


def read(
    view: AccountView, rest: Callable[[Operation[Any]], Any], now_us: int = 0, during: Callable[[], None] | None = None
) -> Reconciled:
    steps: Procedure[Reconciled] = view.reading(now_us)
    answer: Any = None
    try:
        step = next(steps)
        while True:
            try:
                answer = rest(step)  # type: ignore[arg-type]
            except HaversackError as error:
                step = steps.throw(error)
                continue
            if during is not None and isinstance(step, GetFillHistory):
                during()
            step = steps.send(answer)
    except StopIteration as end:
        reading: Reconciled = end.value
        view.read(reading, now_us)
        return reading


def drained(view: AccountView, now_us: int = 0) -> list[AccountEvent]:
    events: list[AccountEvent] = []
    while (batch := view.outgoing(now_us)) is not None:
        events += batch.events
        view.delivered(batch)
    return events


def fills(events: list[AccountEvent]) -> list[tuple[int | None, bool]]:
    return [(event.fill.trade_id, event.fill.recovered) for event in events if isinstance(event, Filled)]


def started(rest: Rest | None = None) -> AccountView:
    """Connected, read and quiet."""
    view = AccountView()
    view.connected(0)
    read(view, rest or Rest())
    drained(view)
    return view


def test_live_fill_is_told_at_once_and_before_its_order() -> None:
    view = started()
    view.framed(fill_frame(1, "1", "1"), 0)
    filled, changed = drained(view)
    assert isinstance(filled, Filled)
    assert isinstance(changed, OrderChanged)
    assert (filled.fill.trade_id, filled.fill.recovered, filled.order.executed_quantity) == (1, False, Decimal(1))
    assert (changed.order.state, changed.recovered) == (OrderState.PARTLY_FILLED, False)


@pytest.mark.parametrize("origin", list(UpdateOrigin))
def test_fill_that_nobody_of_the_account_sent_is_told_once(origin: UpdateOrigin) -> None:
    view = started()
    view.framed(fill_frame(1, "1", "1", order_id="9", origin=origin), 0)
    assert fills(drained(view)) == [(1, False)]
    read(view, Rest(fills=[fill_row(1, order_id="9"), fill_row(2, order_id="9")]))
    assert fills(drained(view)) == [(2, True)]


@pytest.mark.parametrize("system", list(SystemOrderType))
def test_fill_of_the_exchanges_own_order_is_told_from_the_history_alone(system: SystemOrderType) -> None:
    view = started()
    read(view, Rest(fills=[fill_row(1, order_id="9", system_order_type=system)]))
    assert fills(drained(view)) == [(1, True)]


def test_order_that_goes_on_for_a_conditional_one_makes_it_be_read_soon() -> None:
    view = started()
    view.framed(frame("triggerPlaced", quantity=Decimal(0), order_id="7"), 0)
    quiet_us = view.due_us()
    view.framed(frame("orderAccepted", order_id="8", related_order="7"), 0)
    assert quiet_us is not None
    assert (view.due_us(), quiet_us > Rhythm().recheck_us) == (Rhythm().recheck_us, True)
    read(view, Rest(resting=[order(order_id="8")]))
    found = view.orders.get("7")
    assert found is not None
    assert found.state is OrderState.TRIGGERED


@pytest.mark.parametrize(
    ("said", "is_soon"),
    [
        ({}, True),
        ({"symbol": "BTC_USDC"}, False),
        ({"client_id": PLACE.client_id}, False),
        ({"order_id": "7", "status": OrderStatus.TRIGGER_PENDING}, False),
    ],
    ids=["of its market", "of another market", "of an order that is on its way", "its own"],
)
def test_order_that_nobody_knew_makes_a_conditional_one_be_read_soon(said: dict[str, Any], *, is_soon: bool) -> None:
    """Whether the exchange says which order it goes on for is not known."""
    view = started()
    view.framed(frame("triggerPlaced", quantity=Decimal(0), order_id="7"), 0)
    view.sent(PLACE)
    view.framed(frame("orderAccepted", **({"order_id": "8"} | said)), 0)
    assert (view.due_us() == Rhythm().recheck_us) is is_soon


def test_fill_is_told_once_whoever_repeats_it() -> None:
    view = started()
    for _ in range(2):
        view.framed(fill_frame(1, "1", "1"), 0)
    read(view, Rest(fills=[fill_row(1)]))
    assert fills(drained(view)) == [(1, False)]


def test_fills_that_were_missed_come_before_those_that_were_not() -> None:
    view = started()
    view.disconnected()
    view.connected(0)
    view.framed(fill_frame(3, "1", "3", engine_us=(T0_MS + 9) * 1_000), 0)
    assert drained(view) == []
    read(view, Rest(fills=[fill_row(1), fill_row(2, time_ms=T0_MS + 5)]))
    assert fills(drained(view)) == [(1, True), (2, True), (3, False)]


def test_frames_during_a_reading_are_held_until_it_is_in() -> None:
    view = started()
    view.connected(0)

    def during() -> None:
        view.framed(fill_frame(3, "1", "3", engine_us=(T0_MS + 9) * 1_000), 0)
        assert drained(view) == []

    read(view, Rest(fills=[fill_row(1)]), during=during)
    assert fills(drained(view)) == [(1, True), (3, False)]


def test_live_fills_do_not_wait_for_ever_for_rest() -> None:
    view = started()
    view.connected(0)
    view.framed(fill_frame(3, "1", "3"), 0)
    assert drained(view, HOLD_US - 1) == []
    assert fills(drained(view, HOLD_US)) == [(3, False)]


def test_no_more_than_so_much_is_held() -> None:
    view = started()
    view.connected(0)
    for number in range(HELD_MAX):
        view.framed(fill_frame(number + 1, "0", "0"), 0)
    assert len(fills(drained(view))) == HELD_MAX


def test_lost_frame_on_a_healthy_stream_is_found_by_the_audit() -> None:
    view = started()
    view.framed(frame("orderAccepted"), 0)
    drained(view)
    due_us = view.due_us()
    assert due_us is not None
    read(view, Rest(fills=[fill_row(1, "2")], past=[past(OrderStatus.FILLED, "2")]), due_us)
    events = drained(view)
    assert fills(events) == [(1, True)]
    changed = [event for event in events if isinstance(event, OrderChanged)]
    assert [(event.order.state, event.recovered) for event in changed] == [(OrderState.FILLED, True)]


def test_order_that_vanished_is_asked_for_by_its_id_and_is_live_until_the_history_says_more() -> None:
    view = started()
    view.framed(frame("orderAccepted"), 0)
    rest = Rest(past=[past(OrderStatus.NEW)])
    reading = read(view, rest)
    assert GetOrderHistory(order_id="7", symbol="SOL_USDC") in rest.asked
    assert reading.open_questions == ("order 7",)
    found = view.orders.get("7")
    assert found is not None
    assert found.state is OrderState.OPEN
    assert read(view, Rest(past=[past(OrderStatus.CANCELLED)])).is_settled


def test_order_of_which_only_a_fill_is_known_is_asked_for() -> None:
    view = started()
    rest = Rest(fills=[fill_row(1, order_id="9")], past=[])
    assert read(view, rest).open_questions[0] == "order 9"
    assert GetOrderHistory(order_id="9", symbol="SOL_USDC") in rest.asked


def test_row_of_a_late_fill_is_followed_until_the_history_must_have_caught_up() -> None:
    view = started()
    view.framed(frame("orderCancelled"), 0)
    behind = {"fills": [fill_row(1)], "past": [past(OrderStatus.CANCELLED)]}
    assert read(view, Rest(**behind)).open_questions == ("late fill of order 7",)
    assert not read(view, Rest(**behind, time_ms=T0_MS + HISTORY_LAG_MS)).is_settled
    assert read(view, Rest(**behind, time_ms=T0_MS + HISTORY_LAG_MS + 1)).is_settled


@pytest.mark.parametrize("failing", [GetTime, GetOpenOrders, GetFillHistory])
def test_reading_that_fails_tells_nothing_and_moves_nothing(failing: type[Operation[Any]]) -> None:
    view = started()
    since_ms = view.since_ms
    with pytest.raises(RequestFailed):
        read(view, Rest(fills=[fill_row(1)], fails=(failing,), time_ms=T0_MS + 999_999))
    view.read_failed(0)
    assert (view.since_ms, fills(drained(view))) == (since_ms, [])
    assert view.due_us() == 1 * S


def test_balances_that_cannot_be_read_do_not_keep_fills_back() -> None:
    view = started()
    reading = read(view, Rest(fills=[fill_row(1)], fails=(GetBalances,)))
    assert [failure.question for failure in reading.failures] == ["balances"]
    assert not reading.is_settled
    assert fills(drained(view)) == [(1, True)]


REFUSALS = [
    # What the positions are answered with, whether a failure is noted, and when the next reading is due.
    (NotFound(404, "RESOURCE_NOT_FOUND", "Not Found"), False, 60 * S),
    (NotServed(501, None, "not served"), True, 60 * S),
    (RequestFailed("reset"), True, 2 * S),
]


@pytest.mark.parametrize(("error", "is_noted", "due_us"), REFUSALS)
def test_question_that_is_refused_is_not_asked_again_at_once(error: HaversackError, is_noted: bool, due_us: int) -> None:
    view = AccountView(rhythm=Rhythm(confirm_us=0))
    view.connected(0)
    reading = read(view, Rest(fails=(GetPositions,), error=error))
    assert [failure.question for failure in reading.failures] == ["positions"] * is_noted
    assert (reading.is_settled, view.due_us()) == (not is_noted, due_us)


def test_fill_without_a_trade_id_comes_from_the_history_soon() -> None:
    view = started()
    view.framed(fill_frame(0, "1", "1"), 0)
    assert fills(drained(view)) == []
    due_us = view.due_us()
    assert due_us is not None
    assert due_us <= 2 * S
    read(view, Rest(fills=[fill_row(0)]))
    assert fills(drained(view)) == [(None, True)]


def test_view_is_synced_only_between_a_reading_and_a_disconnection() -> None:
    view = AccountView()
    states = [view.is_synced]
    view.connected(0)
    states.append(view.is_synced)
    read(view, Rest())
    states.append(view.is_synced)
    view.missed(1)
    states.append(view.is_synced)
    read(view, Rest())
    view.disconnected()
    assert [*states, view.is_synced] == [False, False, True, False, False]


def test_one_reading_at_a_time() -> None:
    view = AccountView()
    view.connected(0)
    view.reading(0)
    assert view.due_us() is None


def test_balances_are_told_and_those_that_were_asked_for_are_marked() -> None:
    view = started()
    view.framed(balance_frame("10"), 0)
    read(
        view, Rest(balances={"USDC": Balance(available=Decimal(7), locked=Decimal(0), staked=Decimal(0))}, time_ms=T0_MS + 10_000)
    )
    told = [event for event in drained(view) if isinstance(event, BalanceChanged)]
    assert [(event.balance.available, event.recovered) for event in told] == [(Decimal(10), False), (Decimal(7), True)]


def test_lost_answer_is_resolved_and_asked_about_again_until_it_is_known() -> None:
    view = started()
    sent = view.sent(PLACE, sent_ms=T0_MS)
    view.failed(sent, OutcomeUnknown(PLACE, RequestFailed("reset"), sent_ms=T0_MS), 0)
    (unresolved,) = view.unresolved()
    assert view.unresolved() == []
    view.resolved(unresolved, Resolution(operation=PLACE, state=Outcome.UNKNOWN, reason="nothing was read"), 0)
    assert view.unresolved() == []
    read(view, Rest())
    assert view.unresolved() == [unresolved]
    view.resolved(unresolved, Resolution(operation=PLACE, state=Outcome.DONE, reason="", order=order()), 0)
    own = view.orders.of_ticket(sent.tickets[0])
    assert own is not None
    assert (own.state, own.order_id) == (OrderState.OPEN, "7")


def test_call_that_was_cancelled_after_it_was_sent_is_resolved_too() -> None:
    view = started()
    view.failed(view.sent(PLACE, sent_ms=T0_MS), TimeoutError(), 0)
    (unresolved,) = view.unresolved()
    assert (unresolved.outcome.operation, unresolved.outcome.sent_ms) == (PLACE, T0_MS)


def test_refusal_needs_no_resolution() -> None:
    view = started()
    view.failed(view.sent(PLACE, sent_ms=T0_MS), ApiError(400, "INVALID_ORDER", "no"), 0)
    assert view.unresolved() == []


def test_every_order_of_a_batch_is_answered_by_itself() -> None:
    view = started()
    sent = view.sent(PlaceOrders((PLACE, PLACE)))
    view.answered(sent, [order(), RefusedInBatch(code="X", message="no")], 0)
    states = [found.state for ticket in sent.tickets if (found := view.orders.of_ticket(ticket)) is not None]
    assert states == [OrderState.OPEN, OrderState.REJECTED]


def test_every_order_of_a_batch_is_resolved_by_itself() -> None:
    view = started()
    batch = PlaceOrders((PLACE, PLACE))
    sent = view.sent(batch)
    view.failed(sent, OutcomeUnknown(batch, RequestFailed("reset"), sent_ms=T0_MS), 0)
    done = Resolution(operation=PLACE, state=Outcome.DONE, reason="", order=order())
    not_done = Resolution(operation=PLACE, state=Outcome.NOT_DONE, reason="none")
    whole = Resolution(operation=batch, state=Outcome.PARTLY_DONE, reason="", parts=(done, not_done))
    view.resolved(view.unresolved()[0], whole, 0)
    states = [found.state for ticket in sent.tickets if (found := view.orders.of_ticket(ticket)) is not None]
    assert states == [OrderState.OPEN, OrderState.REJECTED]


def test_cancel_that_is_pending_is_looked_at_soon_and_until_it_is_done() -> None:
    view = started()
    view.framed(frame("orderAccepted"), 0)
    view.answered(view.sent(CANCEL), CancelPending(), 0)
    due_us = view.due_us()
    assert due_us is not None
    assert due_us <= 2 * S
    assert read(view, Rest(resting=[order()])).open_questions == ("cancel of order 7",)
    assert read(view, Rest(past=[past(OrderStatus.CANCELLED)])).is_settled


def test_fill_that_an_earlier_run_told_counts_in_its_order_and_is_not_told_again() -> None:
    earlier = AccountView(recall=recalled(b""), since_ms=T0_MS)
    earlier.framed(fill_frame(1, "0.5", "0.5"), 0)
    first = earlier.outgoing(0)
    assert first is not None
    view = AccountView(recall=recalled(first.record + written([Taken(1)])))
    view.connected(0)
    for _ in range(2):
        read(view, Rest(fills=[fill_row(1, "0.5")], past=[past(OrderStatus.CANCELLED, "0.1")]))
    found = view.orders.get("7")
    assert found is not None
    assert (found.executed_quantity, found.filled_quantity) == (Decimal("0.5"), Decimal("0.5"))
    assert fills(drained(view)) == []


def test_batch_is_the_same_until_it_was_delivered() -> None:
    view = started()
    view.framed(fill_frame(1, "1", "1"), 0)
    batch = view.outgoing(0)
    view.framed(fill_frame(2, "1", "2"), 0)
    assert batch is not None
    assert view.outgoing(0) is batch
    view.delivered(batch)
    assert fills(drained(view)) == [(2, False)]


def test_record_stands_before_what_it_says_is_complete() -> None:
    view = AccountView(recall=recalled(b""), since_ms=T0_MS)
    view.connected(0)
    view.framed(fill_frame(2, "1", "2"), 0)
    read(view, Rest(fills=[fill_row(1)]))
    batch = view.outgoing(0)
    assert batch is not None
    kinds = [type(entry) for entry in entries_of(batch.record)]
    assert kinds == [Begun, Delivering, Complete]
    view.delivered(batch)
    view.framed(fill_frame(3, "1", "3"), 0)
    batch = view.outgoing(0)
    assert batch is not None
    entries = entries_of(batch.record)
    assert entries[1] == Taken(2)
    assert isinstance(entries[0], Delivering)
    assert (entries[0].first, [fill.trade_id for fill in entries[0].fills]) == (2, [3])


def test_view_without_a_memory_writes_nothing() -> None:
    view = started()
    view.framed(fill_frame(1, "1", "1"), 0)
    batch = view.outgoing(0)
    assert batch is not None
    assert batch.record == b""


def test_fills_after_damage_are_marked() -> None:
    content = AccountView(recall=recalled(b""), since_ms=T0_MS)
    content.framed(fill_frame(1, "1", "1"), 0)
    first = content.outgoing(0)
    assert first is not None
    content.delivered(first)
    content.framed(fill_frame(2, "1", "2"), 0)
    second = content.outgoing(0)
    assert second is not None
    lines = first.record.splitlines(keepends=True)
    view = AccountView(recall=recalled(lines[0] + b"x" + lines[1] + second.record))
    view.connected(0)
    read(view, Rest(fills=[fill_row(1), fill_row(3)]))
    told = [event.fill for event in drained(view) if isinstance(event, Filled)]
    assert [(fill.trade_id, fill.maybe_repeated) for fill in told] == [(2, True), (1, True), (3, True)]


def test_a_view_is_synced_only_by_a_reading_that_began_on_the_connection_that_it_has() -> None:
    view = AccountView()
    view.connected(0)
    read(view, Rest(), during=view.disconnected)
    assert not view.is_synced
    view.connected(0)
    read(view, Rest(), during=lambda: view.connected(1))
    assert not view.is_synced
    read(view, Rest())
    assert view.is_synced


def test_what_was_taken_is_said_at_the_end_and_once() -> None:
    view = AccountView(recall=recalled(b""))
    view.connected(0)
    read(view, Rest())
    drained(view)
    view.framed(fill_frame(1, "1", "1"), 0)
    batch = view.outgoing(0)
    assert batch is not None
    view.handed_over(batch)
    assert view.farewell() == b""
    view.taken(1)
    assert entries_of(view.farewell()) == [Taken(1)]
    assert view.farewell() == b""
