"""Orders that wait for a price: when they fire, in which order, and what becomes of them."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from random import Random
from typing import Any

import msgspec
import pytest

from exchange.engine.perpetual.floor import ASK, BID, SPOT, START_US, Floor, new_engine, told
from exchange.engine.perpetual.pit import Pit
from haversack.exchange.engine.command import Command, SetBookState, Trigger
from haversack.exchange.engine.event import (
    Conditions,
    Event,
    OrderAccepted,
    OrderFacts,
    OrderFilled,
    PositionChanged,
    Refusal,
    Rejected,
    TriggerFailed,
    TriggerFired,
    TriggerPlaced,
)
from haversack.exchange.engine.rules import Ratio
from haversack.exchange.engine.triggers import PendingOrder, Triggers
from haversack.wire.enums import CancelOrderType, OrderBookState, SelfTradePrevention, TimeInForce, TriggerBy


def floor_at(price: str = "100", **rules: Any) -> Floor:
    """Something was traded at this price, and the house bids far below and asks far above."""
    floor = Floor(**rules)
    floor.trade("carol", "bob", "1", price)
    return floor


@pytest.mark.parametrize(
    ("stop", "traded", "fires"),
    [
        ("105", "104.99", False),
        ("105", "105", True),
        ("105", "106", True),
        ("105", "95", False),
        ("95", "95.01", False),
        ("95", "95", True),
        ("95", "94", True),
        ("95", "105", False),
    ],
)
def test_order_fires_when_the_last_price_has_come_from_its_side_to_its_trigger(stop: str, traded: str, fires: bool) -> None:
    floor = floor_at("100")
    assert floor.bid("alice", "2", "90", stop=stop) == [f"alice: bid 2 @ 90 if last is {stop} waits"]
    floor.trade("carol", "bob", "1", traded)
    assert floor.resting("alice") == (["bid 2 @ 90, 0 done"] if fires else [])
    assert floor.waiting("alice") == ([] if fires else [f"bid 2 @ 90 if last is {stop}"])


def test_order_that_fires_has_an_id_of_its_own_and_names_its_origin() -> None:
    floor = floor_at()
    floor.bid("alice", "2", "90", stop="105", client_id=7)
    (placed,) = floor.events
    assert isinstance(placed, TriggerPlaced)
    floor.now_us += 5
    floor.trade("carol", "bob", "1", "105")
    assert told(floor.events)[-2:] == ["alice: bid 2 @ 90 if last is 105 fires", "alice: bid 2 @ 90 accepted"]
    (accepted,) = [event for event in floor.events if isinstance(event, OrderAccepted) and event.order.account == 1]
    facts, conditions = accepted.order, accepted.order.conditions
    assert conditions is not None
    assert (facts.client_id, conditions.related_order_id, conditions.triggered_us) == (7, placed.order.order_id, START_US + 5)
    assert facts.order_id > placed.order.order_id
    assert placed.order.quantity is None


def test_market_order_that_fires_takes_what_the_book_has_after_the_trade_that_fired_it() -> None:
    floor = floor_at()
    floor.bid("house", "1", "95")
    floor.bid("house", "9", "94")
    floor.ask("alice", "2", stop="95")
    assert floor.ask("bob", "1") == [
        "bob: ask 1 market accepted",
        "bob sells 1 @ 95",
        "house buys 1 @ 95",
        "alice: ask 2 market if last is 95 fires",
        "alice: ask 2 market accepted",
        "alice sells 2 @ 94",
        "house buys 2 @ 94",
    ]


def test_trigger_between_the_first_and_the_last_price_of_one_taker_is_reached() -> None:
    floor = floor_at("105")
    floor.ask("house", "1", "99")
    floor.ask("house", "1", "106")
    floor.bid("alice", "1", "90", stop="100")
    floor.bid("bob", "2", "110")
    assert floor.resting("alice") == ["bid 1 @ 90, 0 done"]


def test_trigger_at_the_very_price_fires_at_once() -> None:
    floor = floor_at()
    assert floor.bid("alice", "1", "90", stop="100") == [
        "alice: bid 1 @ 90 if last is 100 waits",
        "alice: bid 1 @ 90 if last is 100 fires",
        "alice: bid 1 @ 90 accepted",
    ]


def test_several_fire_in_the_order_of_their_ids_whatever_their_prices() -> None:
    floor = floor_at()
    for stop in ("103", "101", "102"):
        floor.bid("alice", "1", "90", stop=stop)
    floor.trade("carol", "bob", "1", "104")
    assert [line for line in told(floor.events) if "fires" in line] == [
        f"alice: bid 1 @ 90 if last is {stop} fires" for stop in ("103", "101", "102")
    ]


def test_what_fires_may_reach_others_in_the_same_command_each_of_them_once() -> None:
    floor = floor_at()
    for price in ("99", "98", "97", "96"):
        floor.bid("house", "1", price)
    floor.ask("alice", "1", stop="98")
    floor.ask("bob", "1", stop="99")
    floor.ask("carol", "1", stop="97")
    lines = floor.ask("bob", "1")
    assert [line for line in lines if "fires" in line or "sells" in line] == [
        "bob sells 1 @ 99",
        "bob: ask 1 market if last is 99 fires",
        "bob sells 1 @ 98",
        "alice: ask 1 market if last is 98 fires",
        "alice sells 1 @ 97",
        "carol: ask 1 market if last is 97 fires",
        "carol sells 1 @ 96",
    ]
    assert not [name for name in ("alice", "bob", "carol") if floor.waiting(name)]


def test_mark_and_index_fire_what_waits_for_them_and_nothing_else_does() -> None:
    floor = floor_at()
    floor.bid("alice", "1", "90", stop="mark 100.20")
    floor.bid("alice", "2", "90", stop="index 101")
    floor.trade("carol", "bob", "1", "110")
    assert len(floor.waiting("alice")) == 2
    floor.prices("100.99999999")
    assert floor.waiting("alice") == ["bid 2 @ 90 if index is 101"]
    assert floor.prices("101") == ["alice: bid 2 @ 90 if index is 101 fires", "alice: bid 2 @ 90 accepted"]


@pytest.mark.parametrize(("index", "fires"), [("98.99999999", True), ("99", True), ("99.00000001", False)])
def test_an_index_between_two_ticks_reaches_no_trigger_below_it(index: str, fires: bool) -> None:
    floor = floor_at()
    floor.bid("alice", "1", "90", stop="index 99")
    assert bool(floor.prices(index)) is fires


def test_part_of_the_position_is_counted_when_it_fires_in_whole_steps() -> None:
    floor = floor_at()
    floor.trade("alice", "bob", "1", "100")
    floor.bid("house", "9", "90")
    floor.ask("alice", "33.3%", stop="95", reduce_only=True)
    floor.trade("alice", "bob", "0.11", "100")
    floor.bid("house", "1", "95")
    assert floor.ask("bob", "1")[3:5] == ["alice: ask 33.3% market if last is 95 fires", "alice: ask 0.36 market accepted"]


def test_part_of_a_position_is_rounded_down_to_a_step_that_is_larger_than_a_unit() -> None:
    floor = floor_at(step=10)
    floor.trade("alice", "bob", "1", "100")
    floor.ask("alice", "39.9%", "120", stop="105")
    floor.trade("carol", "bob", "1", "105")
    assert floor.resting("alice") == ["ask 0.3 @ 120, 0 done"]


@pytest.mark.parametrize(
    ("quantity", "position", "reason"),
    [("50%", "0", "StopWithoutPosition"), ("10%", "0.05", "InvalidQuantity"), ("100%", "0.05", None)],
)
def test_part_of_nothing_fails(quantity: str, position: str, reason: str | None) -> None:
    floor = floor_at()
    if position != "0":
        floor.trade("alice", "bob", position, "100")
    floor.bid("alice", quantity, "90", stop="105")
    floor.trade("carol", "bob", "1", "105")
    failed = [event.reason for event in floor.events if isinstance(event, TriggerFailed)]
    assert failed == ([reason] if reason else [])
    assert floor.waiting("alice") == []


FOK: dict[str, Any] = {"time_in_force": TimeInForce.FOK}


PLAIN: dict[str, Any] = {}
REDUCE: dict[str, Any] = {"reduce_only": True}
POST: dict[str, Any] = {"post_only": True}


@pytest.mark.parametrize(
    ("side", "quantity", "price", "more", "reason"),
    [
        ("bid", "1", "300", PLAIN, "InvalidPrice"),
        ("ask", "1", "120", REDUCE, "ReduceOnlyNotReduced"),
        ("bid", "1", "106", POST, "PostOnlyTaker"),
        ("bid", "9", "106", FOK, "FillOrKill"),
        ("bid", "999999", "100", PLAIN, "InsufficientMargin"),
    ],
)
def test_order_that_would_be_refused_when_it_fires_fails_with_the_reason(
    side: str, quantity: str, price: str, more: dict[str, Any], reason: str
) -> None:
    floor = floor_at(band_max=Ratio(2, 1))
    send = floor.bid if side == "bid" else floor.ask
    before = floor.engine.balances(1)
    assert send("alice", quantity, price, stop="105", **more)[0].endswith("waits")
    floor.ask("house", "1", "106")
    floor.trade("carol", "bob", "1", "105")
    assert [event.reason for event in floor.events if isinstance(event, TriggerFailed)] == [reason]
    assert (floor.waiting("alice"), floor.resting("alice")) == ([], [])
    assert floor.engine.balances(1) == before


def test_on_a_spot_market_nothing_is_held_before_it_fires_and_money_may_be_missing_then() -> None:
    floor = Floor(grants=(("USDC", 100 * 10**8), ("SOL", 9 * 10**8)))
    floor.ask("carol", "1", "100", symbol=SPOT)
    floor.bid("bob", "1", "100", symbol=SPOT)
    floor.bid("alice", "1", "90", symbol=SPOT, stop="105")
    floor.bid("alice", "1", "95", symbol=SPOT, stop="104")
    assert floor.engine.balances(1)["USDC"] == (100 * 10**8, 0)
    floor.ask("carol", "0.1", "105", symbol=SPOT)
    floor.bid("house", "0.1", "105", symbol=SPOT)
    assert told(floor.events)[3:] == [
        "alice: bid 1 @ 90 if last is 105 fires",
        "alice: bid 1 @ 90 accepted",
        "alice: bid 1 @ 95 if last is 104 fails, InsufficientFunds",
    ]
    assert floor.engine.balances(1)["USDC"] == (10 * 10**8, 90 * 10**8)


def test_a_market_without_any_price_takes_no_triggers() -> None:
    assert Floor().bid("alice", "1", "90", symbol=SPOT, stop="105") == ["refused: NO_REFERENCE"]


@pytest.mark.parametrize("state", [OrderBookState.CLOSED, OrderBookState.CANCEL_ONLY])
def test_closed_market_takes_no_triggers_and_gives_back_those_it_has(state: OrderBookState) -> None:
    floor = floor_at()
    floor.bid("alice", "1", "90", stop="105", client_id=1)
    floor.do(SetBookState("SOL_USDC_PERP", state))
    refused = floor.bid("alice", "1", "90", stop="105")
    assert refused == [f"refused: {'BOOK_CLOSED' if state is OrderBookState.CLOSED else 'CANCEL_ONLY'}"]
    assert floor.cancel("alice", client_id=1) == ["alice: bid 1 @ 90 if last is 105 Cancelled, by owner"]


def test_account_that_is_liquidated_places_no_triggers() -> None:
    pit = Pit()
    pit.account("alice").liquidating = True
    events = pit.place("alice", ASK, "1", "90", trigger=Trigger(TriggerBy.MARK_PRICE, 9_500, 100))
    assert events == [Rejected(Refusal.ACCOUNT_LIQUIDATING)]


def test_two_states_differ_by_one_order_that_waits_for_another_price() -> None:
    floors = [floor_at(), floor_at(), floor_at()]
    for floor, stop in zip(floors, ("105", "105", "106"), strict=True):
        floor.bid("alice", "1", "90", stop=stop)
    one, same, other = (floor.engine.state_hash() for floor in floors)
    assert one == same != other


def test_cancelled_by_id_by_client_id_and_all_at_once_or_by_kind() -> None:
    def filled_floor() -> Floor:
        floor = floor_at()
        floor.bid("alice", "1", "91", client_id=1)
        floor.bid("alice", "2", "92", stop="105", client_id=1)
        floor.bid("alice", "3", "93", stop="mark 105")
        floor.bid("alice", "4", "94")
        return floor

    floor = filled_floor()
    assert floor.cancel("alice", client_id=1) == ["alice: bid 2 @ 92 if last is 105 Cancelled, by owner"]
    assert floor.cancel("alice", client_id=1) == ["alice: bid 1 @ 91 Cancelled, by owner"]
    assert floor.cancel("alice", client_id=1) == ["refused: ORDER_NOT_FOUND"]
    (pending,) = floor.engine.pending_orders(1)
    assert floor.cancel("bob", pending.order.order_id) == ["refused: ORDER_NOT_FOUND"]
    assert floor.cancel("alice", pending.order.order_id) == ["alice: bid 3 @ 93 if mark is 105 Cancelled, by owner"]

    def numbers(kind: CancelOrderType | None) -> list[str]:
        return [line.split()[2] for line in filled_floor().cancel_all("alice", kind)]

    assert numbers(None) == ["1", "2", "3", "4"]
    assert numbers(CancelOrderType.RESTING_LIMIT_ORDER) == ["1", "4"]
    assert numbers(CancelOrderType.CONDITIONAL_ORDER) == ["2", "3"]


def test_cancelled_order_does_not_fire() -> None:
    floor = floor_at()
    floor.bid("alice", "1", "90", stop="105", client_id=1)
    floor.bid("alice", "2", "90", stop="105", client_id=2)
    floor.cancel("alice", client_id=1)
    floor.trade("carol", "bob", "1", "106")
    assert floor.resting("alice") == ["bid 2 @ 90, 0 done"]


def test_orders_that_wait_count_among_the_open_ones() -> None:
    floor = floor_at(open_orders_max=3)
    floor.bid("alice", "1", "90", stop="105")
    floor.bid("alice", "1", "90", stop="106")
    floor.bid("alice", "1", "90")
    assert floor.engine.trigger_orders(1) == 2
    assert floor.bid("alice", "1", "90") == ["refused: ORDER_LIMIT"]
    assert floor.bid("alice", "1", "90", stop="107") == ["refused: ORDER_LIMIT"]
    floor.trade("carol", "bob", "1", "110")
    assert floor.engine.trigger_orders(1) == 0
    assert len(floor.resting("alice")) == 3


def test_found_by_its_ids_while_it_waits() -> None:
    floor = floor_at()
    floor.bid("alice", "1", "90", stop="105", client_id=5)
    found = floor.engine.order(1, "SOL_USDC_PERP", client_id=5)
    assert found is not None
    assert found.status == "TriggerPending"
    assert floor.engine.order(1, "SOL_USDC_PERP", order_id=found.order.order_id) == found
    assert floor.engine.order(2, "SOL_USDC_PERP", order_id=found.order.order_id) is None


def test_trade_looks_at_none_of_the_thousands_that_it_does_not_reach() -> None:
    triggers, looked = Triggers(), Counter[str]()
    for number in range(2_000):
        triggers.add(pending(2 * number + 1, stop=101 + number, rises=True))
        triggers.add(pending(2 * number + 2, stop=99 - number, rises=False))

    class Counted(dict[int, PendingOrder]):
        def get(self, *args: Any) -> Any:
            looked["one"] += 1
            return super().get(*args)

        def values(self) -> Any:
            looked["all"] += 1
            return super().values()

    triggers.by_id = Counted(triggers.by_id)
    triggers.reach(TriggerBy.LAST_PRICE, 100)
    assert triggers.take_due() is None
    triggers.reach(TriggerBy.LAST_PRICE, 102)
    assert [order.trigger_price for order in iter(triggers.take_due, None)] == [101, 102]
    assert looked == {"one": 2}


def pending(order_id: int, *, stop: int, rises: bool) -> PendingOrder:
    facts = OrderFacts(
        order_id=order_id,
        account=1,
        symbol="SOL_USDC_PERP",
        side=BID,
        price=90,
        quantity=None,
        quote_quantity=None,
        time_in_force=TimeInForce.GTC,
        post_only=False,
        self_trade_prevention=SelfTradePrevention.REJECT_TAKER,
        client_id=None,
        created_us=START_US,
        conditions=Conditions(trigger=Trigger(TriggerBy.LAST_PRICE, stop, 1)),
    )
    return PendingOrder(facts, rises)


class Storm:
    """Random orders of all kinds, whose triggers stand close together."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.floor = floor_at()
        for away in range(1, 30):
            self.floor.bid("house", "3", str(100 - away))
            self.floor.ask("house", "3", str(100 + away))

    def command(self) -> Command:
        random, floor = self.random, self.floor
        kind = random.random()
        name = random.choice(("alice", "bob", "carol"))
        side = random.choice((BID, ASK))
        price = str(100 + random.randrange(-15, 16))
        quantity = str(random.randrange(1, 9))
        more: dict[str, Any] = {"reduce_only": random.choice((True, False, None))}
        if kind < 0.45:
            by = random.choice(("last", "mark", "index"))
            more["stop"] = f"{by} {100 + random.randrange(-12, 13)}"
            quantity = random.choice((quantity, "50%", "100%"))
        if kind < 0.75 and random.random() < 0.5:
            more |= {"profit": str(100 + random.randrange(-12, 13)), "loss": f"mark {100 + random.randrange(-12, 13)}"}
        is_market = random.random() < 0.4
        if is_market and "stop" not in more and random.random() < 0.5:
            quantity = f"${random.randrange(50, 900)}"
        return floor.order(name, side, quantity, None if is_market else price, **more)

    def step(self) -> None:
        if self.random.random() < 0.1:
            self.floor.prices(str(100 + self.random.randrange(-5, 6)))
        elif self.random.random() < 0.1:
            side = self.random.choice((self.floor.bid, self.floor.ask))
            side("house", "40", str(100 + self.random.randrange(-9, 10)))
        else:
            self.floor.do(self.command())


@pytest.mark.parametrize("seed", range(6))
def test_in_a_storm_each_fires_once_and_none_turns_a_position_around(seed: int) -> None:
    storm, placed, gone, fired = Storm(seed), set[int](), Counter[int](), 0
    for _ in range(400):
        storm.step()
        for event in storm.floor.events:
            if isinstance(event, TriggerPlaced):
                placed.add(event.order.order_id)
            elif isinstance(event, TriggerFired | TriggerFailed):
                gone[event.order.order_id] += 1
                fired += isinstance(event, TriggerFired)
        _check_reducing(storm.floor)
        _check_fills(storm.floor.events)
    assert fired > 20
    assert set(gone) <= placed
    assert set(gone.values()) == {1}
    assert storm.floor.restarted().engine.state_hash() == storm.floor.engine.state_hash()


def _check_fills(events: list[Event]) -> None:
    """Each fill of an order that only reduces makes a position smaller, and none turns it around."""
    fills = [event for event in events if isinstance(event, OrderFilled | PositionChanged)]
    for filled, changed in pairwise(fills):
        if isinstance(filled, OrderFilled) and filled.order.reduce_only:
            assert isinstance(changed, PositionChanged)
            assert changed.before, "it opened a position"
            assert abs(changed.position.quantity) == abs(changed.before) - filled.quantity


def _check_reducing(floor: Floor) -> None:
    """No order that only reduces is larger than the position that it reduces."""
    for account in (1, 2, 3):
        position = floor.engine.position(account, "SOL_USDC_PERP")
        for each in floor.engine.open_orders(account, "SOL_USDC_PERP"):
            if each.order.reduce_only:
                left = (each.order.quantity or 0) - each.executed
                assert 0 < left <= (position if each.order.side is ASK else -position)


@pytest.mark.parametrize("seed", range(4))
def test_state_in_the_middle_of_a_storm_goes_on_alike_elsewhere(seed: int) -> None:
    storm = Storm(seed)
    for _ in range(150):
        storm.step()
    assert storm.floor.engine.trigger_orders(1)
    other = storm.floor.restarted()
    assert other.engine.state_hash() == storm.floor.engine.state_hash()
    for _ in range(150):
        storm.step()
        other.now_us = storm.floor.now_us
        other.do(storm.floor.journal[-1])
        assert other.events == storm.floor.events
    assert other.engine.state_hash() == storm.floor.engine.state_hash()


@pytest.mark.parametrize("seed", range(3))
def test_commands_that_did_something_give_the_same_state_again(seed: int) -> None:
    storm, journal = Storm(seed), list[tuple[Command, int]]()
    journal += [(command, START_US) for command in storm.floor.journal]
    for _ in range(250):
        storm.step()
        if storm.floor.events and not isinstance(storm.floor.events[0], Rejected):
            # As it stands in a journal.
            text = msgspec.json.encode(storm.floor.journal[-1])
            journal.append((msgspec.json.decode(text, type=Command), storm.floor.now_us))
    again = new_engine()
    for command, now_us in journal:
        again.apply(command, now_us)
    assert again.state_hash() == storm.floor.engine.state_hash()
