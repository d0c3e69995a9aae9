"""Orders that may only make a position smaller."""

from __future__ import annotations

from typing import Any

import pytest

from exchange.engine.perpetual.floor import SPOT, Floor, told
from haversack.exchange.engine.event import LevelChanged, OrderAccepted, OrderModified
from haversack.exchange.engine.rules import Ratio
from haversack.wire.enums import SelfTradePrevention, TimeInForce

REDUCE: dict[str, Any] = {"reduce_only": True}
FOK: dict[str, Any] = {"time_in_force": TimeInForce.FOK}


def long(quantity: str = "5", **rules: Any) -> Floor:
    """Alice is long, bought at 100 from Bob."""
    floor = Floor(**rules)
    floor.trade("alice", "bob", quantity, "100")
    return floor


@pytest.mark.parametrize(
    ("side", "quantity", "price", "accepted"),
    [
        ("ask", "3", "105", "ask 3 @ 105"),
        ("ask", "5", "105", "ask 5 @ 105"),
        ("ask", "8", "105", "ask 5 @ 105"),
        ("ask", "8", None, "ask 5 market"),
        ("bid", "1", "95", None),
        ("bid", "1", None, None),
        ("bid", "$50", None, None),
    ],
)  # fmt: skip
def test_quantity_is_cut_to_what_can_be_taken_off_a_long_position(
    side: str, quantity: str, price: str | None, accepted: str | None
) -> None:
    floor = long()
    send = floor.ask if side == "ask" else floor.bid
    lines = send("alice", quantity, price, **REDUCE)
    assert lines[0] == (f"alice: {accepted} accepted" if accepted else "refused: REDUCE_ONLY")


@pytest.mark.parametrize(
    ("quantity", "accepted", "left"),
    [
        ("3", "bid 3 market", "-2"),
        ("8", "bid 5 market", "0"),
        ("$200", "bid by quote market", "-3"),
        ("$700", "bid 5 market", "0"),
    ],
)  # fmt: skip
def test_quantity_is_cut_to_what_can_be_taken_off_a_short_position(quantity: str, accepted: str, left: str) -> None:
    floor = Floor()
    floor.trade("bob", "alice", "5", "100")
    floor.ask("house", "20", "100")
    assert floor.bid("alice", quantity, **REDUCE)[0] == f"alice: {accepted} accepted"
    assert floor.position("alice") == left


def test_market_order_by_quote_quantity_never_turns_a_position_around() -> None:
    floor = long()
    floor.bid("house", "20", "99")
    assert floor.ask("alice", "$1000", **REDUCE) == [
        "alice: ask 5 market accepted",
        "alice sells 5 @ 99",
        "house buys 5 @ 99",
    ]
    accepted = floor.events[0]
    assert isinstance(accepted, OrderAccepted)
    assert accepted.order.quote_quantity == 1000 * 10**8
    assert floor.position("alice") == "0"


def test_without_a_position_nothing_is_reduced() -> None:
    assert Floor().ask("alice", "1", "105", **REDUCE) == ["refused: REDUCE_ONLY"]


def test_refusal_comes_after_the_price_band_and_before_all_else() -> None:
    floor = Floor(band_max=Ratio(2, 1))
    floor.trade("carol", "bob", "1", "100")
    assert floor.ask("alice", "1", "201", **REDUCE) == ["refused: PRICE_BAND"]
    assert floor.ask("alice", "1", "100", **REDUCE, **FOK) == ["refused: REDUCE_ONLY"]
    floor.bid("bob", "1", "90")
    assert floor.ask("alice", "1", "90", **REDUCE, post_only=True) == ["refused: REDUCE_ONLY"]


def test_on_a_spot_market_it_means_nothing() -> None:
    assert Floor().ask("alice", "1", "105", symbol=SPOT, **REDUCE) == ["alice: ask 1 @ 105 accepted"]


def test_an_order_that_reduces_needs_no_margin() -> None:
    floor = Floor(grants=(("USDC", 26 * 10**8),))
    floor.trade("alice", "house", "5", "100")
    assert floor.ask("alice", "1", "105") == ["alice: ask 1 @ 105 accepted"]
    assert floor.bid("alice", "1", "95") == ["refused: INSUFFICIENT_MARGIN"]
    assert floor.ask("alice", "9", "106", **REDUCE) == ["alice: ask 5 @ 106 accepted"]


def test_resting_orders_shrink_with_the_position_and_the_book_says_so() -> None:
    floor = long()
    floor.ask("alice", "5", "110", **REDUCE)
    floor.ask("alice", "2", "120", **REDUCE)
    floor.bid("house", "9", "99")
    assert floor.ask("alice", "1") == [
        "alice: ask 1 market accepted",
        "alice sells 1 @ 99",
        "alice: ask 4 @ 110 is smaller",
        "house buys 1 @ 99",
    ]
    assert floor.ask("alice", "3") == [
        "alice: ask 3 market accepted",
        "alice sells 3 @ 99",
        "alice: ask 1 @ 110 is smaller",
        "alice: ask 1 @ 120 is smaller",
        "house buys 3 @ 99",
    ]
    assert [(event.price, event.quantity) for event in floor.events if isinstance(event, LevelChanged)] == [
        (9900, 500),
        (11000, 100),
        (12000, 100),
    ]
    assert floor.book() == "99x5 | 110x1 120x1"


def test_resting_orders_end_when_the_position_is_closed_or_turned_around() -> None:
    for quantity in ("5", "7"):
        floor = long()
        floor.ask("alice", "5", "110", **REDUCE)
        floor.ask("alice", "1", "130")
        floor.bid("house", "9", "99")
        lines = floor.ask("alice", quantity)
        assert "alice: ask 5 @ 110 Expired, ReduceOnlyNotReduced" in lines
        assert floor.resting("alice") == ["ask 1 @ 130, 0 done"]


def test_a_larger_position_changes_nothing() -> None:
    floor = long()
    floor.ask("alice", "5", "110", **REDUCE)
    floor.trade("alice", "bob", "5", "100")
    assert floor.resting("alice") == ["ask 5 @ 110, 0 done"]


def test_partly_filled_order_keeps_what_it_has_done() -> None:
    floor = long()
    floor.ask("alice", "5", "110", **REDUCE)
    floor.bid("bob", "2", "110")
    floor.bid("house", "9", "99")
    assert "alice: ask 4 @ 110 is smaller" in floor.ask("alice", "1")
    modified = [event for event in floor.events if isinstance(event, OrderModified)]
    assert [(event.executed, event.executed_quote, event.status) for event in modified] == [
        (200, 2 * 110 * 10**8, "PartiallyFilled")
    ]
    assert floor.bid("carol", "9", "110")[:2] == ["carol: bid 9 @ 110 accepted", "carol buys 2 @ 110"]
    assert floor.position("alice") == "0"


def test_shrinking_happens_between_two_matches_of_the_same_taker() -> None:
    floor = long()
    floor.ask("alice", "4", "110")
    floor.ask("alice", "5", "111", **REDUCE)
    floor.ask("alice", "5", "112", **REDUCE)
    floor.ask("house", "1", "113")
    assert floor.bid("carol", "9", "120") == [
        "carol: bid 9 @ 120 accepted",
        "carol buys 4 @ 110",
        "alice sells 4 @ 110",
        "alice: ask 1 @ 111 is smaller",
        "alice: ask 1 @ 112 is smaller",
        "carol buys 1 @ 111",
        "alice sells 1 @ 111",
        "alice: ask 1 @ 112 Expired, ReduceOnlyNotReduced",
        "carol buys 1 @ 113",
        "house sells 1 @ 113",
    ]
    assert floor.position("alice") == "0"


@pytest.mark.parametrize(("quantity", "refused"), [("6", False), ("7", True)])
def test_fill_or_kill_counts_orders_that_will_have_shrunk_by_then_as_small(quantity: str, refused: bool) -> None:
    floor = long()
    floor.ask("alice", "4", "110")
    floor.ask("alice", "5", "111", **REDUCE)
    floor.ask("alice", "5", "112", **REDUCE)
    floor.ask("house", "1", "113")
    lines = floor.bid("carol", quantity, "120", **FOK)
    assert (lines == ["refused: FILL_OR_KILL"]) is refused


def test_own_resting_order_that_only_reduces_obeys_self_trade_prevention() -> None:
    floor = long()
    floor.ask("alice", "5", "110", **REDUCE)
    lines = floor.bid("alice", "1", "110", self_trade_prevention=SelfTradePrevention.REJECT_MAKER)
    assert lines == ["alice: bid 1 @ 110 accepted", "alice: ask 5 @ 110 Expired, SelfTradePrevention"]
    assert floor.ask("alice", "9", "120", **REDUCE) == ["alice: ask 5 @ 120 accepted"]


def test_cancelled_order_no_longer_shrinks() -> None:
    floor = long()
    floor.ask("alice", "5", "110", client_id=1, **REDUCE)
    floor.cancel("alice", client_id=1)
    floor.bid("house", "9", "99")
    assert floor.ask("alice", "5") == ["alice: ask 5 market accepted", "alice sells 5 @ 99", "house buys 5 @ 99"]


def test_orders_follow_the_position_after_a_restart_too() -> None:
    floor = long()
    for quantity, price in (("5", "120"), ("5", "110")):
        floor.ask("alice", quantity, price, **REDUCE)
    floor.bid("house", "9", "99")
    other = floor.restarted()
    assert other.engine.state_hash() == floor.engine.state_hash()
    assert other.ask("alice", "2") == floor.ask("alice", "2")
    assert told(floor.events)[2:4] == ["alice: ask 3 @ 120 is smaller", "alice: ask 3 @ 110 is smaller"]
    assert other.engine.state_hash() == floor.engine.state_hash()
