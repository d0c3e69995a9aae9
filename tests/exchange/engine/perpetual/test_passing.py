"""What time does: an hour's funding, once; settling every ten seconds; bounds of mark prices and of fills."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from exchange.engine.perpetual.day import ALICE, BOB, HOUR_US, HOUSE, MIDNIGHT_US, SECOND_US, SOL, SPOT, Day, paid, rates, shown
from haversack.exchange.engine.command import CancelAll, Place
from haversack.exchange.engine.event import (
    BalanceChanged,
    Event,
    FundingRateSet,
    MarkChanged,
    OrderEnded,
    PositionChanged,
)
from haversack.exchange.engine.rules import Ratio
from haversack.wire.enums import ExpiryReason, Side
from haversack.wire.settlements import SettlementSource

D = Decimal
QUIET = "0.0000125"


class Hour(NamedTuple):
    """What is seen when an hour ends."""

    told: str
    """The index of that moment."""
    mark: str
    rate: str
    alice: str
    bob: str
    house: str
    rounded_off: str


# Alice is long of 3, Bob short of 2 and the house of 1. At half past midnight the house quotes 1.4 % above the index, until just
# after one o'clock: so the sample of one o'clock has that premium too, and the second hour the same rate. At half past three it
# quotes once more: the mark price, still drawn by the first book, comes to be 98.02, and the mean of the hour's two samples is
# -0.99 %. Who pays pays up, who receives gets less, and what is left over goes to the fee account.
DAY = (
    Hour("100", "101.4", "0.0016875", "-0.513338", "0.342225", "0.171112", "0.000001"),
    Hour("100", "100", "0.0016875", "-0.50625", "0.3375", "0.16875", "0"),
    Hour("99", "99", QUIET, "-0.003713", "0.002475", "0.001237", "0.000001"),
    Hour("100", "100", "-0.001175", "0.3525", "-0.235", "-0.1175", "0"),
    Hour("100", "100", QUIET, "-0.00375", "0.0025", "0.00125", "0"),
    Hour("100.01", "100.01", QUIET, "-0.003751", "0.0025", "0.00125", "0.000001"),
    *[Hour("100", "100", QUIET, "-0.00375", "0.0025", "0.00125", "0")] * 18,
)


def until(day: Day, hour: int) -> None:
    """What happens in the hour before."""
    if hour == 1:
        day.at(0, 30).quote("101.39", "101.41")
        day.index("100")
    if hour == 2:
        day.unquote()
    if hour == 4:
        day.at(3, 30).quote("97.99", "98.01")
        day.index("100")
        day.unquote()
    day.at(hour)


def total(day: Day) -> int:
    """All money, positions at what they cost."""
    state = day.engine.dump()
    basis = sum(position.basis for market in state.markets for _, position in market.positions)
    held = sum(available + locked for account in state.accounts for _, available, locked in account.balances)
    return held + sum(account.unsettled for account in state.accounts) + sum(day.engine.fees.values()) - basis


def begun(**more: Any) -> Day:
    """At midnight, with the positions of the table."""
    day = Day(**more)
    day.trade(ALICE, HOUSE, "1")
    day.trade(ALICE, BOB, "2")
    return day


@pytest.mark.parametrize("restarts", [False, True])
def test_day_of_funding_is_the_one_that_was_written_down_before(restarts: bool) -> None:
    day = begun()
    granted = sum(day.engine.granted.values())
    before = {account: day.engine.unsettled(account) for account in (ALICE, BOB, HOUSE)}
    for hour, wanted in enumerate(DAY, 1):
        until(day, hour)
        if restarts:
            day.restart()
        kept, house = sum(day.engine.fees.values()), day.engine.unsettled(HOUSE)
        events = day.index(wanted.told)
        assert rates(events) == [(hour, wanted.rate)]
        assert [event.mark for event in events if isinstance(event, MarkChanged)] == [int(D(wanted.mark) * 100)]
        assert paid(events) == [f"alice {wanted.alice}", f"bob {wanted.bob}"]
        assert shown(day.engine.unsettled(HOUSE) - house) == wanted.house
        assert shown(sum(day.engine.fees.values()) - kept) == wanted.rounded_off
        assert total(day) == granted
    assert D(day.funding(ALICE)) == sum(D(hour.alice) for hour in DAY)
    assert D(day.funding(BOB)) == sum(D(hour.bob) for hour in DAY)
    assert D(day.cash(ALICE)) == 10**6 + sum(D(hour.alice) for hour in DAY)
    assert D(day.unsettled(HOUSE)) == sum(D(hour.house) for hour in DAY)
    assert before == dict.fromkeys(before, 0)


def test_what_a_position_was_paid_is_told_as_it_is_now() -> None:
    day = begun().at(1)
    events = day.index("100")
    told = [event for event in events if isinstance(event, PositionChanged)]
    assert [(each.account, each.before, each.position.quantity) for each in told] == [(ALICE, 300, 300), (BOB, -200, -200)]
    assert [shown(each.position.funding) for each in told] == ["-0.00375", "0.0025"]
    lines = [line for each in told for line in each.settlements]
    assert [(line.source, shown(line.amount)) for line in lines] == [
        (SettlementSource.FUNDING_PAYMENT, "-0.00375"),
        (SettlementSource.FUNDING_PAYMENT, "0.0025"),
    ]
    assert [line.position_id for line in lines] == [each.position.position_id for each in told]


def test_hour_is_paid_once_though_its_end_is_told_twice() -> None:
    day = begun().at(0, 59)
    day.index("100")
    day.at(1)
    assert paid(day.index("100")) == ["alice -0.00375", "bob 0.0025"]
    for _ in range(3):
        assert paid(day.index("100")) + paid(day.elapse()) == []
    day.restart()
    assert paid(day.at(1, 59, 59).index("100")) == []
    assert paid(day.at(2).index("100")) == ["alice -0.00375", "bob 0.0025"]


def test_hours_that_a_jump_passes_over_are_paid_once_each_at_the_mark_price_after_it() -> None:
    day = begun().at(0, 30)
    day.quote("101.39", "101.41")
    day.index("100")
    day.unquote()
    day.restart()
    events = day.at(4, 10).index("102")
    # Only the first of them had premiums.
    assert rates(events) == [(1, "0.0016875"), (2, QUIET), (3, QUIET), (4, QUIET)]
    assert paid(events)[::2] == ["alice -0.516375", "alice -0.003825", "alice -0.003825", "alice -0.003825"]
    assert rates(day.at(4, 59).index("102")) == []
    assert rates(day.at(5).index("102")) == [(5, QUIET)]


def test_pause_of_years_pays_for_one_of_them() -> None:
    day = begun()
    day.index("100")
    events = day.at(24 * 366 * 3).index("100")
    told = rates(events)
    assert (len(told), told[-1][0]) == (366 * 24, 24 * 366 * 3)
    assert rates(day.at(24 * 366 * 3 + 1).index("100")) == [(24 * 366 * 3 + 1, QUIET)]


def test_hours_end_without_an_index_too_from_the_first_position_on() -> None:
    day = begun()
    assert day.engine.next_due_us() is not None
    assert day.at(0, 59, 59).elapse() == []
    # At the last price, which is the mark price where nobody tells an index.
    day.restart()
    assert paid(day.at(1).elapse()) == ["alice -0.00375", "bob 0.0025"]
    assert rates(day.at(1, 30).elapse()) == []
    assert rates(day.at(3).elapse()) == [(2, QUIET), (3, QUIET)]


def test_nothing_ends_where_nobody_has_anything_and_no_price_was_told() -> None:
    day = Day()
    before = day.engine.state_hash()
    assert day.at(5).elapse() == []
    assert day.engine.state_hash() == before


def test_rates_are_set_while_nobody_has_a_position() -> None:
    day = Day()
    day.index("100")
    events = day.at(1).index("100")
    assert [type(event) for event in events] == [MarkChanged, FundingRateSet]


def test_rate_keeps_to_the_bounds_of_its_market_and_stocks_have_half_the_interest() -> None:
    day = Day(funding_max=D("0.0005"), funding_min=D("-0.0001"))
    day.quote("103", "103.02")
    day.index("100")
    assert rates(day.at(1).index("100")) == [(1, "0.0005")]
    day.quote("97", "97.02")
    day.at(1, 59).index("100")
    day.at(2).index("100")
    assert rates(day.at(3).index("100")) == [(3, "-0.0001")]
    stock = Day(is_stock=True)
    stock.index("100")
    assert rates(stock.at(1).index("100")) == [(1, "0.00000625")]


def test_position_too_small_to_receive_anything_is_told_nothing() -> None:
    day = Day()
    day.index("0.05")
    day.trade(ALICE, BOB, "0.01", "0.05")
    events = day.at(1).index("0.05")
    # 0.01 x 0.05 x 0.0000125 is less than a millionth: Alice pays one, and Bob gets nothing.
    assert paid(events) == ["alice -0.000001"]
    assert sum(day.engine.fees.values()) == 100


def test_fees_and_profit_are_settled_at_whole_tens_of_seconds() -> None:
    day = Day(futures_cbps=500).at(0, 0, 1)
    day.index("100")
    day.at(0, 0, 3).trade(ALICE, BOB, "2")
    assert (day.unsettled(ALICE), day.cash(ALICE)) == ("-0.1", "1000000")
    for second in (4, 5, 9):
        assert not [event for event in day.at(0, 0, second).elapse() if isinstance(event, BalanceChanged)]
    settled = [event for event in day.at(0, 0, 10).elapse() if isinstance(event, BalanceChanged)]
    assert [(event.account, shown(event.available), event.locked) for event in settled] == [
        (1, "999999.9", 0),
        (2, "999999.9", 0),
    ]
    assert (day.unsettled(ALICE), day.cash(ALICE)) == ("0", "999999.9")
    day.trade(BOB, ALICE, "2", "101")
    assert day.unsettled(ALICE) == "1.899"
    day.at(0, 0, 19).elapse()
    assert day.unsettled(ALICE) == "1.899"
    day.restart()
    day.at(0, 0, 20).elapse()
    assert (day.unsettled(ALICE), day.cash(ALICE)) == ("0", "1000001.799")


def test_debt_takes_what_is_available_and_the_rest_stays() -> None:
    poor = (("USDC", 10 * 10**8), ("SOL", 10**3 * 10**8))
    day = Day(futures_cbps=500, grants=poor)
    day.index("100")
    day.place(ALICE, Side.BID, "0.1", "99.95", symbol=SPOT)
    day.trade(ALICE, BOB, "2")
    assert (day.unsettled(ALICE), day.cash(ALICE)) == ("-0.1", "0.005")
    day.at(0, 0, 10).elapse()
    assert (day.unsettled(ALICE), day.cash(ALICE)) == ("-0.095", "0")
    day.at(0, 0, 20).elapse()
    assert (day.unsettled(ALICE), day.cash(ALICE)) == ("-0.095", "0")
    day.do(CancelAll(ALICE, SPOT))
    day.at(0, 0, 30).elapse()
    assert (day.unsettled(ALICE), day.cash(ALICE)) == ("0", "9.9")


def test_time_is_waited_for_while_something_is_open_or_unsettled() -> None:
    day = Day(futures_cbps=500)
    day.index("100")
    day.at(0, 0, 1).elapse()
    assert day.engine.next_due_us() is None
    day.trade(ALICE, BOB, "2")
    assert day.engine.next_due_us() == MIDNIGHT_US + 2 * SECOND_US
    day.at(0, 0, 2).elapse()
    day.trade(BOB, ALICE, "2")
    assert day.engine.next_due_us() == MIDNIGHT_US + 3 * SECOND_US
    day.at(0, 0, 10).elapse()
    assert day.engine.next_due_us() is None


def test_positions_of_the_house_alone_wait_for_nothing() -> None:
    day = Day()
    day.place(HOUSE, Side.ASK, "1", "100")
    day.do(Place(account=HOUSE, symbol=SOL, side=Side.BID, price=None, quantity=100))
    assert day.engine.next_due_us() is None


def test_mark_price_follows_an_index_by_its_bound_each_second() -> None:
    day = Day(update_max=Ratio(10_025, 10_000), update_min=Ratio(9_975, 10_000))
    assert _marks(day.index("100")) == [10_000]
    assert _marks(day.at(0, 0, 1).index("101")) == [10_025]
    assert [_marks(day.at(0, 0, second).elapse()) for second in (2, 3, 4, 5)] == [[10_050], [10_075], [10_100], [10_100]]
    assert day.engine.next_due_us() is None
    assert _marks(day.at(0, 0, 6).index("99")) == [10_075]
    day.restart()
    assert _marks(day.at(0, 0, 7).elapse()) == [10_050]


def test_orders_that_take_trade_within_the_tolerance_of_the_mean_premium() -> None:
    day = Day(premium_tolerance=Ratio(2, 100))
    day.index("100")
    for price in ("101", "102", "102.01"):
        day.place(HOUSE, Side.ASK, "1", price)
    sweep = Place(account=BOB, symbol=SOL, side=Side.BID, price=10_300, quantity=300)
    ended = [event for event in day.do(sweep) if isinstance(event, OrderEnded)]
    assert [(event.executed, event.reason) for event in ended] == [(200, ExpiryReason.PRICE_OUT_OF_BOUNDS)]
    # The bound counts from the index, and moves with it.
    day.at(0, 0, 1).index("100.01")
    day.restart()
    day.do(sweep)
    assert day.engine.depth(SOL)[1] == []


def test_hour_belongs_to_the_interval_that_it_ends() -> None:
    day = Day()
    told = [event for event in day.index("100") if isinstance(event, MarkChanged)]
    assert [event.next_funding_ms for event in told] == [(MIDNIGHT_US + HOUR_US) // 1000]
    told = [event for event in day.at(1).index("100") if isinstance(event, MarkChanged)]
    assert [event.next_funding_ms for event in told] == [(MIDNIGHT_US + 2 * HOUR_US) // 1000]


def _marks(events: list[Event]) -> list[int]:
    return [event.mark for event in events if isinstance(event, MarkChanged)]
