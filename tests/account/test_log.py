"""Events on their way to those who read them: who is given what, and when a fill counts as taken."""

from __future__ import annotations

import gc

import pytest

from account.said import fill_frame
from haversack.account.changes import Filled, OrderChanged, Reconciled
from haversack.account.fills import fill_in_frame
from haversack.account.life import OrderState, TrackedOrder
from haversack.account.log import EventLog, Reader
from haversack.errors import SlowConsumer

ORDER = TrackedOrder(symbol="SOL_USDC", order_id="7", reached=OrderState.OPEN)
CHANGED = OrderChanged(ORDER, None, recovered=False)
READ = Reconciled(asked_ms=1, recovered_fills=0, open_questions=(), failures=())


def filled(trade_id: int) -> Filled:
    fill = fill_in_frame(fill_frame(trade_id, "1", "1"))
    assert fill is not None
    return Filled(fill, ORDER)


def trades(reader: Reader) -> list[int | None]:
    found: list[int | None] = []
    while (event := reader.next()) is not None:
        found.append(event.fill.trade_id if isinstance(event, Filled) else None)
    return found


def test_fill_is_taken_when_its_reader_comes_back() -> None:
    log = EventLog()
    reader = log.reader(wants_all=False)
    log.append([filled(1), filled(2)])
    reader.next()
    assert log.taken_out() == 0
    reader.next()
    assert log.taken_out() == 1
    assert reader.next() is None
    assert (log.taken_out(), log.taken_out(), len(log)) == (1, 0, 0)


def test_fill_is_taken_when_the_slowest_reader_comes_back() -> None:
    log = EventLog()
    quick, slow = log.reader(wants_all=True), log.reader(wants_all=False)
    log.append([CHANGED, filled(1), CHANGED])
    assert trades(quick) == [None, 1, None]
    assert log.taken_out() == 0
    assert trades(slow) == [1]
    assert (log.taken_out(), len(log)) == (1, 0)


def test_only_fills_wait_while_nobody_reads_all() -> None:
    log = EventLog()
    log.append([CHANGED, filled(1), READ])
    reader = log.reader(wants_all=True)
    log.append([CHANGED])
    assert trades(reader) == [1, None]


def test_a_new_reader_begins_at_what_nobody_was_given() -> None:
    log = EventLog()
    log.append([filled(1), filled(2)])
    first, second = log.reader(wants_all=False), log.reader(wants_all=True)
    first.next()
    late = log.reader(wants_all=True)
    assert (trades(first), trades(second), trades(late)) == ([2], [1, 2], [2])


def test_a_reader_that_is_forgotten_holds_up_nobody_and_takes_nothing() -> None:
    log = EventLog()
    log.append([filled(1), filled(2)])
    reader = log.reader(wants_all=False)
    reader.next()
    del reader
    gc.collect()
    assert log.taken_out() == 0
    assert trades(log.reader(wants_all=False)) == [2]
    assert len(log) == 0


def test_the_slowest_reader_fails_loudly_and_what_it_missed_is_never_taken() -> None:
    log = EventLog(events_max=3)
    quick, slow = log.reader(wants_all=False), log.reader(wants_all=False)
    for number in range(1, 6):
        log.append([filled(number)])
        assert trades(quick) == [number]
        assert len(log) <= 3
    with pytest.raises(SlowConsumer):
        slow.next()
    log.append([filled(6)])
    assert trades(quick) == [6]
    assert log.taken_out() == 0
    assert trades(log.reader(wants_all=False)) == []


def test_other_events_that_a_slow_reader_missed_leave_fills_as_they_were() -> None:
    log = EventLog(events_max=3)
    quick, slow = log.reader(wants_all=False), log.reader(wants_all=True)
    for _ in range(5):
        log.append([CHANGED])
        assert trades(quick) == []
    assert slow.ending is not None
    log.append([filled(1)])
    assert trades(quick) == [1]
    assert log.taken_out() == 1


def test_fills_that_nobody_ever_reads_are_bounded_and_said_to_be_lost() -> None:
    log = EventLog(events_max=3)
    for number in range(1, 6):
        log.append([filled(number)])
        assert len(log) <= 3
    reader = log.reader(wants_all=False)
    with pytest.raises(SlowConsumer, match="3 events were dropped"):
        reader.next()
    assert trades(log.reader(wants_all=False)) == [4, 5]
    assert log.taken_out() == 0


def test_what_is_told_together_is_kept_together() -> None:
    log = EventLog(events_max=3)
    reader = log.reader(wants_all=False)
    log.append([filled(number) for number in range(1, 11)])
    assert trades(reader) == list(range(1, 11))
    assert log.taken_out() == 10
