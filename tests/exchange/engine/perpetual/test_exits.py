"""Take-profits and stop-losses: when they come into being with an order, and how they end."""

from __future__ import annotations

import pytest

from exchange.engine.perpetual.floor import Floor, told
from haversack.exchange.engine.event import OrderAccepted, TriggerPlaced
from haversack.exchange.engine.perpetual.exits import STOPS_MAX
from haversack.wire.enums import TimeInForce

BOTH = {"profit": "110", "loss": "mark 90 limit 89"}


def quoted() -> Floor:
    """The house bids at 99 and asks at 101, and something was traded at 100."""
    floor = Floor()
    floor.trade("carol", "bob", "1", "100")
    floor.bid("house", "50", "99")
    floor.ask("house", "50", "101")
    return floor


def test_order_that_is_filled_at_once_gets_its_exits_with_the_first_fill() -> None:
    floor = quoted()
    assert floor.bid("alice", "3", "101", **BOTH) == [
        "alice: bid 3 @ 101 accepted",
        "alice buys 3 @ 101",
        "alice: ask 3 market if last is 110 waits",
        "alice: ask 3 @ 89 if mark is 90 waits",
        "house sells 3 @ 101",
    ]
    accepted = floor.events[0]
    assert isinstance(accepted, OrderAccepted)
    for event in floor.events:
        if isinstance(event, TriggerPlaced):
            assert event.order.reduce_only is True
            assert event.order.conditions is not None
            assert event.order.conditions.related_order_id == accepted.order.order_id


def test_order_that_rests_gets_them_once_when_it_is_first_filled() -> None:
    floor = quoted()
    assert floor.bid("alice", "3", "100", **BOTH) == ["alice: bid 3 @ 100 accepted"]
    assert floor.waiting("alice") == []
    floor.ask("bob", "1", "100")
    assert floor.waiting("alice") == ["ask 3 market if last is 110", "ask 3 @ 89 if mark is 90"]
    floor.ask("bob", "1", "100")
    assert len(floor.waiting("alice")) == 2


def test_resting_order_knows_after_a_restart_whether_it_has_its_exits() -> None:
    floor = quoted()
    floor.bid("alice", "3", "100", **BOTH)
    before = floor.restarted()
    before.ask("bob", "1", "100")
    assert len(before.waiting("alice")) == 2
    after = before.restarted()
    after.ask("bob", "1", "100")
    assert len(after.waiting("alice")) == 2


def test_order_that_is_never_filled_gets_none() -> None:
    floor = quoted()
    floor.bid("alice", "3", "100", client_id=1, **BOTH)
    floor.cancel("alice", client_id=1)
    floor.bid("alice", "3", "100", time_in_force=TimeInForce.IOC, **BOTH)
    assert floor.waiting("alice") == []


def test_exits_of_a_short_position_wait_on_the_other_sides() -> None:
    floor = quoted()
    floor.ask("alice", "3", "99", profit="95", loss="104")
    assert floor.waiting("alice") == ["bid 3 market if last is 95", "bid 3 market if last is 104"]
    floor.trade("carol", "bob", "1", "100")
    assert len(floor.waiting("alice")) == 2
    floor.cancel_all("house")
    floor.ask("house", "9", "105")
    floor.trade("carol", "bob", "1", "104")
    assert told(floor.events)[-5:] == [
        "alice: bid 3 market if last is 104 fires",
        "alice: bid 3 market accepted",
        "alice buys 3 @ 105",
        "alice: bid 3 market if last is 95 Expired, StopWithoutPosition",
        "house sells 3 @ 105",
    ]


def test_profit_closes_the_position_and_the_stop_goes_with_it() -> None:
    floor = quoted()
    floor.bid("alice", "3", "101", **BOTH)
    floor.cancel_all("house")
    floor.bid("house", "9", "109")
    floor.trade("carol", "bob", "1", "110")
    assert told(floor.events)[-5:] == [
        "alice: ask 3 market if last is 110 fires",
        "alice: ask 3 market accepted",
        "alice sells 3 @ 109",
        "alice: ask 3 @ 89 if mark is 90 Expired, StopWithoutPosition",
        "house buys 3 @ 109",
    ]
    assert (floor.position("alice"), floor.waiting("alice"), floor.resting("alice")) == ("0", [], [])


def test_both_reached_by_one_trade_the_older_closes_and_the_other_ends_without_firing() -> None:
    floor = quoted()
    floor.bid("alice", "3", "101", profit="101", loss="101")
    assert [line for line in told(floor.events) if "if" in line and "waits" not in line] == [
        "alice: ask 3 market if last is 101 fires",
        "alice: ask 3 market if last is 101 Expired, StopWithoutPosition",
    ]
    assert floor.position("alice") == "0"


def test_a_stop_on_the_wrong_side_of_the_price_fires_at_once() -> None:
    floor = quoted()
    lines = floor.bid("alice", "3", "101", loss="102")
    assert lines[-5:] == [
        "house sells 3 @ 101",
        "alice: ask 3 market if last is 102 fires",
        "alice: ask 3 market accepted",
        "alice sells 3 @ 99",
        "house buys 3 @ 99",
    ]


def test_exits_are_cut_to_the_position_that_is_left() -> None:
    floor = quoted()
    floor.bid("alice", "3", "101", profit="110 limit 109")
    floor.ask("alice", "1")
    floor.cancel_all("house")
    floor.trade("carol", "bob", "1", "110")
    assert floor.resting("alice") == ["ask 2 @ 109, 0 done"]


def test_an_order_by_quote_quantity_has_exits_for_the_whole_position() -> None:
    floor = quoted()
    floor.bid("alice", "$310", profit="110")
    assert floor.waiting("alice") == ["ask 100% market if last is 110"]


def test_order_that_only_closes_a_position_gets_no_exits_and_one_that_turns_it_around_does() -> None:
    floor = quoted()
    floor.ask("alice", "5", "99")
    floor.bid("alice", "5", "101", **BOTH)
    assert (floor.position("alice"), floor.waiting("alice")) == ("0", [])
    floor.ask("alice", "5", "99")
    floor.bid("alice", "8", "101", **BOTH)
    assert floor.position("alice") == "3"
    assert floor.waiting("alice") == ["ask 8 market if last is 110", "ask 8 @ 89 if mark is 90"]


def test_turning_a_position_around_ends_the_exits_of_the_old_one_and_keeps_the_new_ones() -> None:
    floor = quoted()
    floor.bid("alice", "3", "101", **BOTH)
    floor.bid("alice", "1", "70", stop="80")
    # One that reduced nothing so far, and reduces the new position.
    floor.bid("alice", "2", "70", stop="81", reduce_only=True)
    lines = floor.ask("alice", "5", "99", profit="95", loss="106")
    assert [line for line in lines if "if" in line] == [
        "alice: ask 3 market if last is 110 Expired, StopWithoutPosition",
        "alice: ask 3 @ 89 if mark is 90 Expired, StopWithoutPosition",
        "alice: bid 5 market if last is 95 waits",
        "alice: bid 5 market if last is 106 waits",
    ]
    assert floor.waiting("alice") == [
        "bid 1 @ 70 if last is 80",
        "bid 2 @ 70 if last is 81",
        "bid 5 market if last is 95",
        "bid 5 market if last is 106",
    ]


def test_exits_of_a_trigger_order_come_with_the_order_that_it_sends() -> None:
    floor = quoted()
    assert floor.bid("alice", "2", "103", stop="102", profit="110") == ["alice: bid 2 @ 103 if last is 102 waits"]
    floor.cancel_all("house")
    floor.ask("house", "3", "102")
    floor.bid("carol", "1", "102")
    assert told(floor.events)[3:] == [
        "alice: bid 2 @ 103 if last is 102 fires",
        "alice: bid 2 @ 103 accepted",
        "alice buys 2 @ 102",
        "alice: ask 2 market if last is 110 waits",
        "house sells 2 @ 102",
    ]


def test_a_position_has_so_many_stops_and_no_more() -> None:
    floor = quoted()
    for number in range(STOPS_MAX):
        floor.bid("alice", "1", "101", profit=str(110 + number))
    lines = floor.bid("alice", "1", "101", profit="200")
    assert lines[2:4] == [
        "alice: ask 1 market if last is 200 waits",
        "alice: ask 1 market if last is 200 fails, MaxStopOrdersPerPosition",
    ]
    assert len(floor.waiting("alice")) == STOPS_MAX


@pytest.mark.parametrize("reduces", [True, False])
def test_only_orders_that_only_reduce_end_with_the_position(reduces: bool) -> None:
    floor = quoted()
    floor.bid("alice", "3", "101")
    floor.ask("alice", "1", "120", stop="mark 115", reduce_only=reduces)
    floor.ask("alice", "3")
    assert bool(floor.waiting("alice")) is not reduces
