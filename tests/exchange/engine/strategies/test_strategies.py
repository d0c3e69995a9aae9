"""Strategies one by one: what a snapshot holds, when time is wanted, and what their orders have to do with other orders."""

from __future__ import annotations

from typing import Any

import pytest

from exchange.engine.desk import ALICE, ASK, BID, BOB, NOW_US, SYMBOL, Desk, limit
from haversack.exchange.engine.command import Cancel, CancelAll, Elapse, SetBookState, Trigger
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import Declined, OrderAccepted, TriggerFired
from haversack.exchange.engine.strategies.command import CancelStrategies, CancelStrategy, StartStrategy
from haversack.exchange.engine.strategies.event import StrategyEnded, StrategyStarted
from haversack.exchange.engine.strategies.refusal import StrategyRefusal
from haversack.exchange.engine.strategies.strategies import RUNNING_MAX, Strategies
from haversack.wire.enums import OrderBookState, TriggerBy

SECOND_US = 1_000_000


@pytest.fixture
def desk() -> Desk:
    return Desk(open_orders_max=100, facilities=[Strategies])


def start(**fields: Any) -> StartStrategy:
    asked: dict[str, Any] = {"account": ALICE, "symbol": SYMBOL, "side": BID, "quantity": 30, "price": 2_000}
    return StartStrategy(**asked | {"duration_ms": 30_000, "interval_ms": 10_000} | fields)


def running(engine: Engine) -> list[tuple[int, int, int]]:
    return [
        (each.strategy.strategy_id, each.executed, each.executed_quote) for each in engine.facility(Strategies).running(ALICE)
    ]


def test_time_is_wanted_for_each_slice_and_for_the_end(desk: Desk) -> None:
    engine = desk.engine
    assert engine.facilities_due_us() is None
    desk.do(start())
    wanted_us: list[int | None] = []
    for _ in range(4):
        due_us = engine.facilities_due_us()
        wanted_us.append(due_us)
        assert due_us is not None
        desk.do(Elapse(), due_us)
    assert wanted_us == [NOW_US + seconds * SECOND_US for seconds in (0, 10, 20, 30)]
    assert engine.facilities_due_us() is None


def test_time_is_wanted_at_once_where_nothing_is_left_to_do(desk: Desk) -> None:
    desk.do(start(duration_ms=10_000))
    desk.do(start(side=ASK, price=3_000))
    desk.do(Elapse())
    assert desk.engine.facilities_due_us() == NOW_US + 10 * SECOND_US
    desk.do(limit(ASK, "20", "3", BOB), NOW_US + 2 * SECOND_US)
    assert desk.engine.facilities_due_us() == NOW_US
    desk.do(Elapse(), NOW_US + 2 * SECOND_US)
    assert desk.engine.facilities_due_us() == NOW_US + 10 * SECOND_US
    desk.do(SetBookState(SYMBOL, OrderBookState.CLOSED))
    assert desk.engine.facilities_due_us() == NOW_US


def test_engine_that_takes_over_knows_what_rests_and_what_was_filled(desk: Desk) -> None:
    desk.do(start())
    desk.do(Elapse())
    desk.do(Elapse(), NOW_US + 10 * SECOND_US)
    desk.do(limit(ASK, "20", "1.5", BOB))
    other = Desk(open_orders_max=100, facilities=[Strategies], accounts=False)
    other.engine.load(desk.engine.dump())
    assert running(other.engine) == running(desk.engine) == [(1, 15, 30_000 * 1_000)]
    assert other.engine.state_hash() == desk.engine.state_hash()
    for command in (limit(ASK, "20", "0.3", BOB), Elapse(), CancelStrategies(ALICE, SYMBOL)):
        assert other.do(command, NOW_US + 20 * SECOND_US) == desk.do(command, NOW_US + 20 * SECOND_US)
    assert other.engine.state_hash() == desk.engine.state_hash()


def test_state_tells_apart_what_was_sent(desk: Desk) -> None:
    desk.do(start(price=None))
    before = desk.engine.state_hash()
    other = Desk(open_orders_max=100, facilities=[Strategies])
    other.do(start(price=None, is_randomized=True))
    assert other.engine.state_hash() != before
    # Nobody asks for anything: the order ends the strategy, and that is told.
    ended = desk.do(Elapse())[-1]
    assert isinstance(ended, StrategyEnded)
    assert desk.engine.state_hash() != before


def test_account_runs_so_many_strategies_and_no_more(desk: Desk) -> None:
    for number in range(RUNNING_MAX):
        assert isinstance(desk.do(start(client_id=number))[0], StrategyStarted)
    before = desk.engine.state_hash()
    assert desk.do(start()) == [Declined(StrategyRefusal.TOO_MANY)]
    assert desk.engine.state_hash() == before
    assert isinstance(desk.do(start(account=BOB))[0], StrategyStarted)


@pytest.mark.parametrize(
    "command",
    [
        CancelStrategy(account=ALICE, symbol=SYMBOL, strategy_id=5),
        CancelStrategy(account=BOB, symbol=SYMBOL, strategy_id=1),
        CancelStrategy(account=ALICE, symbol="SOL_USDC_PERP", strategy_id=1),
        CancelStrategy(account=ALICE, symbol=SYMBOL, client_id=8),
        CancelStrategy(account=ALICE, symbol=SYMBOL),
    ],
)
def test_strategy_of_another_id_account_or_market_is_not_found(desk: Desk, command: CancelStrategy) -> None:
    desk.do(start())
    assert desk.do(command) == [Declined(StrategyRefusal.NOT_FOUND)]


def test_its_order_can_be_cancelled_alone(desk: Desk) -> None:
    desk.do(start())
    (order,) = [event.order for event in desk.do(Elapse()) if isinstance(event, OrderAccepted)]
    assert (order.quantity, order.conditions and order.conditions.strategy_id) == (10, 1)
    desk.do(Cancel(account=ALICE, symbol=SYMBOL, order_id=order.order_id))
    assert running(desk.engine) == [(1, 0, 0)]
    desk.do(Elapse(), NOW_US + 10 * SECOND_US)
    assert desk.book() == "20x1 |"
    desk.do(CancelAll(ALICE, SYMBOL))
    assert running(desk.engine) == [(1, 0, 0)]


def test_trades_of_its_orders_fire_triggers_at_once(desk: Desk) -> None:
    desk.rest(limit(ASK, "20", "3", BOB))
    desk.do(limit(BID, "20", "0.1"))
    desk.do(limit(BID, "19", "1", BOB))
    desk.rest(limit(ASK, "21", "5", BOB))
    trigger = Trigger(TriggerBy.LAST_PRICE, 2_100, 10)
    desk.do(limit(ASK, "22", "1", account=BOB, trigger=trigger))
    desk.do(start(price=2_100, quantity=150))
    told = desk.do(Elapse())
    assert [type(event).__name__ for event in told if isinstance(event, TriggerFired)] == ["TriggerFired"]
    assert desk.book() == "19x1 | 21x2.9 22x1"
