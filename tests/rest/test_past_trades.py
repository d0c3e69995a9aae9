"""Trades from now back into the past, from a market that goes on trading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haversack.clock import ManualClock
from haversack.errors import UsageError
from haversack.rest.past_trades import LATE_MS, RecentTrades, each_trade
from haversack.rest.procedure import each
from haversack.rest.session import RestSession
from haversack.wire.trades import Trade

SESSION = RestSession(None, ManualClock())
START_MS = 1_788_281_551_000


def trade(trade_id: int | None, time_ms: int) -> Trade:
    return Trade(
        trade_id=trade_id,
        price=Decimal(20),
        quantity=Decimal(1),
        quote_quantity=Decimal(20),
        timestamp_ms=time_ms,
        is_buyer_maker=True,
    )


def tape(count: int, every_ms: int = 10) -> list[Trade]:
    """Trades, newest first."""
    return [trade(number, START_MS + number * every_ms) for number in range(count, 0, -1)]


class Market:
    """Answers GetHistoricalTrades; before each request but the first, something happens to it."""

    def __init__(self, trades: Sequence[Trade], changes: Sequence[Callable[[Market], object]] = ()) -> None:
        self.trades = list(trades)
        self._changes = iter(changes)
        self.offsets: list[int] = []

    def print(self, count: int, after_ms: int = 10) -> None:
        for _ in range(count):
            newest = self.trades[0]
            self.trades.insert(0, trade((newest.trade_id or 0) + 1, newest.timestamp_ms + after_ms))

    def send(self, operation: Any) -> list[Trade]:
        if self.offsets:
            next(self._changes, nothing)(self)
        self.offsets.append(operation.offset)
        return self.trades[operation.offset : operation.offset + operation.limit]

    def read(self, **parameters: Any) -> list[int | None]:
        parameters = {"limit": 100, **parameters}
        steps = each_trade(SESSION, "SOL_USDC", **parameters)
        return [row.trade_id for row in each(steps, self.send, lambda _: None)]


def times_ms(market: Market) -> dict[int, int]:
    return {row.trade_id or 0: row.timestamp_ms for row in market.trades}


def nothing(_: Market) -> None:
    pass


def prints(count: int, after_ms: int = 10) -> Callable[[Market], object]:
    return lambda market: market.print(count, after_ms)


def down_from(first: int, last: int = 1) -> list[int]:
    return list(range(first, last - 1, -1))


@settings(max_examples=200)
@given(
    st.integers(1, 600),
    st.sampled_from([0, 10, 5_000, 3 * LATE_MS]),
    st.lists(st.tuples(st.integers(0, 300), st.sampled_from([0, 10, 2 * LATE_MS])), max_size=10),
)
def test_trades_come_once_while_the_market_trades(count: int, every_ms: int, arrivals: list[tuple[int, int]]) -> None:
    market = Market(tape(count, every_ms), [prints(new, after_ms) for new, after_ms in arrivals])
    got = [trade_id or 0 for trade_id in market.read()]
    assert [trade_id for trade_id, times in Counter(got).items() if times > 1] == []
    assert [trade_id for trade_id in got if trade_id <= count] == down_from(count)
    newest_ms = START_MS + count * every_ms
    assert not [trade_id for trade_id in got if trade_id > count and times_ms(market)[trade_id] > newest_ms]


def test_an_hour_of_trading_between_two_requests_brings_nothing_twice() -> None:
    market = Market(tape(500), [prints(20_000, 200)])
    assert market.read() == down_from(500)


def test_trades_that_were_forgotten_are_still_known_to_have_come() -> None:
    market = Market(tape(500, every_ms=1_000), [prints(90)])
    assert market.read() == down_from(500)


def test_only_the_oldest_minute_is_remembered() -> None:
    recent, rows = RecentTrades(), tape(1_000, every_ms=1_000)
    for start in range(0, 1_000, 100):
        assert recent.take(rows[start : start + 100], overlap=0, total=None) == rows[start : start + 100]
        assert len(recent) == LATE_MS // 1_000 + 1


def test_answer_from_an_old_copy_leaves_no_hole() -> None:
    def grow_old(market: Market) -> None:
        del market.trades[:170]

    def recover(market: Market) -> None:
        market.trades[:0] = tape(1000)[:170]

    assert Market(tape(1000), [nothing, grow_old, recover]).read() == down_from(1000)


def test_reading_stops_at_a_time() -> None:
    market = Market(tape(1000))
    assert market.read(since_ms=START_MS + 9_000) == down_from(1000, 900)
    assert len(market.offsets) < 5
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=START_MS + 9_000)
    assert market.read(since_ms=moment) == down_from(1000, 900)
    assert market.read(since_ms=moment + timedelta(microseconds=1)) == down_from(1000, 901)


def test_reading_stops_at_a_trade() -> None:
    market = Market(tape(1000))
    assert market.read(after_id=900) == down_from(1000, 901)
    assert len(market.offsets) < 5
    assert market.read(after_id=1000) == []


def test_ids_are_not_in_order_inside_a_millisecond() -> None:
    rows = [trade(9, 200), trade(7, 100), trade(5, 100), trade(8, 100), trade(4, 100), trade(6, 50), trade(3, 20)]
    assert Market(rows).read(after_id=5) == [9, 7, 8]
    assert Market(rows).read() == [9, 7, 5, 8, 4, 6, 3]
    for place, row in enumerate(rows):
        behind = [later.trade_id for later in rows[place + 1 :]]
        assert Market(rows).read(before_id=row.trade_id) == behind


def test_reading_goes_on_behind_a_trade_without_reading_all_since() -> None:
    market = Market(tape(50_000))
    first = market.read(after_id=49_000)
    market.print(3_000)
    market.offsets.clear()
    rest = market.read(before_id=first[-1], after_id=48_000)
    assert first + rest == down_from(50_000, 48_001)
    assert len(market.offsets) < 50
    assert market.offsets[1] > 1_000


def test_place_is_found_where_ids_leave_out_numbers() -> None:
    rows = [trade(100 * number, START_MS + number) for number in range(3_000, 0, -1)]
    market = Market(rows)
    assert market.read(before_id=50_000) == [100 * number for number in down_from(499)]
    assert market.offsets[1] > len(rows)


def test_trade_that_is_not_there_is_passed_all_the_same() -> None:
    rows = [row for row in tape(300) if row.trade_id != 200]
    assert Market(rows).read(before_id=200) == down_from(199)
    assert Market(tape(50)).read(before_id=1) == []
    assert Market(tape(50)[:1]).read(before_id=60) == [50]


def test_trades_without_an_id_are_told_apart_by_what_they_say() -> None:
    rows = [trade(None, START_MS - number) for number in range(250)]
    assert len(Market(rows, [lambda market: market.trades.insert(0, trade(None, START_MS + 5))]).read()) == 250


def test_market_without_a_trade_ends() -> None:
    assert Market([]).read() == []
    assert Market([]).read(before_id=7) == []


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": 1001}, {"since_ms": -1}, {"since_ms": 1.5}])
def test_impossible_reading_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        each_trade(SESSION, "SOL_USDC", **wrong)
