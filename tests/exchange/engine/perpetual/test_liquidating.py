"""Liquidation from the first cancelled order to the last debt. Every line was stated before it was seen.

A long of 100 SOL at 100 with 1,000 USDC behind it is liquidated from 91.13 downwards, and handed over below 90.56: it maintains
0.0125 of its notional, and half of that closes it.
"""

from __future__ import annotations

import pytest

from exchange.engine.perpetual.pit import ASK, BID, BTC, SECOND_US, SOL, SPOT, Pit, amount, changes, prints, shown
from haversack.exchange.engine.command import CancelAll, Trigger
from haversack.exchange.engine.event import (
    LevelChanged,
    OrderAccepted,
    OrderEnded,
    OrderFilled,
    OrderModified,
    PositionChanged,
    Refusal,
    Rejected,
    TriggerFired,
)
from haversack.exchange.engine.rules import FeeTier
from haversack.wire.enums import OrderBookState, SystemOrderType, TriggerBy


def long(mark: str) -> Pit:
    """Alice is long 100 SOL at 100 with 1,000 USDC, against the house; then comes another mark price."""
    pit = Pit(alice="1000")
    pit.trade("alice", "house", "100")
    pit.mark(SOL, mark)
    return pit


@pytest.mark.parametrize(("mark", "begins"), [("91.14", False), ("91.13", True)])
def test_begins_where_equity_falls_to_what_must_be_maintained(mark: str, begins: bool) -> None:
    pit = long(mark)
    assert pit.said(pit.look()) == (["alice is liquidating"] if begins else [])
    assert pit.account("alice").liquidating is begins


def test_large_position_must_maintain_more() -> None:
    # The root of 376,000 makes 0.0469 of the 0.0125, so that an equity of 16,000 is too little.
    pit = crash(house="4000")
    pit.mark(SOL, "94")
    assert pit.equity("alice") == "16000"
    assert pit.said(pit.look()) == ["alice is liquidating"]


def test_long_loses_its_orders_then_a_tenth_a_second_until_it_is_well() -> None:
    pit = long("91.1")
    pit.place("alice", ASK, "5", "120")
    pit.place("house", BID, "50", "91")
    # Equity 110, then less 0.1 and 0.91 for each SOL sold, against 1.13875 for each that is left.
    assert pit.seconds(9) == [
        "1: alice is liquidating",
        "1: alice's ask of 5 ends, Liquidation",
        "2: alice ask 10 @ 91 on book, fee 9.1",
        "3: alice ask 9 @ 91 on book, fee 8.19",
        "4: alice ask 8.1 @ 91 on book, fee 7.371",
        "5: alice ask 7.29 @ 91 on book, fee 6.6339",
        "5: alice is free",
    ]
    assert (pit.position("alice"), pit.equity("alice")) == ("65.61", "75.2661")
    assert shown(pit.ledger.fees["USDC"]) == "31.2949"


def test_short_is_the_mirror_image() -> None:
    pit = Pit(alice="1000")
    pit.trade("house", "alice", "100")
    pit.mark(SOL, "108.7")
    pit.place("alice", BID, "5", "80")
    pit.place("house", ASK, "50", "108.8")
    assert pit.seconds(9) == [
        "1: alice is liquidating",
        "1: alice's bid of 5 ends, Liquidation",
        "2: alice bid 10 @ 108.8 on book, fee 10.88",
        "3: alice bid 9 @ 108.8 on book, fee 9.792",
        "4: alice bid 8.1 @ 108.8 on book, fee 8.8128",
        "5: alice bid 7.29 @ 108.8 on book, fee 7.93152",
        "6: alice bid 6.57 @ 108.8 on book, fee 7.14816",
        "6: alice is free",
    ]
    assert (pit.position("alice"), pit.equity("alice")) == ("-59.04", "81.33952")


def test_mark_that_recovers_ends_it() -> None:
    pit = long("91.1")
    pit.place("house", BID, "50", "91")
    assert pit.seconds(1) == ["1: alice is liquidating", "1: alice ask 10 @ 91 on book, fee 9.1"]
    pit.mark(SOL, "95")
    assert pit.seconds(2) == ["1: alice is free"]
    assert pit.position("alice") == "90"


def test_below_the_auto_close_fraction_the_backstop_takes_all_at_the_mark_price() -> None:
    pit = long("90.5")
    pit.place("house", BID, "50", "91")
    events = pit.look()
    assert pit.said(events) == [
        "alice is liquidating",
        "alice ask 100 @ 90.5 on backstop",
        "backstop bid 100 @ 90.5 on backstop",
        "alice is free",
    ]
    assert prints(events) == ["backstop ask 100 @ 90.5"]
    assert (pit.position("alice"), pit.position("backstop"), pit.equity("alice")) == ("0", "100", "50")
    assert pit.ledger.fees["USDC"] == 0
    assert changes(events) == [(1, "0")], "nothing is told of the provider's position"


@pytest.mark.parametrize(("mark", "where"), [("90.57", "book"), ("90.56", "backstop")])
def test_auto_close_fraction_parts_the_book_from_the_backstop(mark: str, where: str) -> None:
    pit = long(mark)
    pit.place("house", BID, "50", "90")
    assert f"on {where}" in pit.said(pit.look())[1]


def test_debt_that_is_left_goes_to_the_covers() -> None:
    pit = long("85")
    assert pit.seconds(3) == [
        "1: alice is liquidating",
        "1: alice ask 100 @ 85 on backstop",
        "1: backstop bid 100 @ 85 on backstop",
        "2: alice's debt of 500 is covered",
        "2: alice is free",
    ]
    alice = pit.account("alice")
    assert pit.equity("alice") == "0"
    assert (shown(alice.available("USDC")), shown(alice.unsettled)) == ("1000", "-1000")
    assert shown(pit.ledger.covers["USDC"]) == "-500"


def test_debt_is_covered_only_as_far_as_other_assets_are_worth_less() -> None:
    pit = long("85")
    pit.ledger.grant(pit.account("alice"), "SOL", 2 * 10**8, 0)
    # Two SOL at the spot market's opening price of 100, of which 0.95 count.
    assert pit.seconds(2)[-2:] == ["2: alice's debt of 310 is covered", "2: alice is free"]
    assert pit.equity("alice") == "0"


def crash(**shorts: str) -> Pit:
    """Alice is long 4,000 SOL at 100 with 40,000 USDC; at 91 the backstop has room for 2,747.25 of them."""
    pit = Pit(alice="40000", bob="30000", carol="6000", dora="100000")
    for name, quantity in shorts.items():
        pit.trade("alice", name, quantity)
    pit.mark(SOL, "91")
    return pit


def test_what_the_backstop_does_not_take_is_taken_from_the_most_levered_first() -> None:
    # Both have 9 % of profit. Exposure is 6 times Carol's equity, 4 times Bob's, and a tenth of the house's.
    pit = crash(bob="2000", carol="1000", house="1000")
    events = pit.look()
    assert pit.said(events) == [
        "alice is liquidating",
        "alice ask 2747.25 @ 91 on backstop",
        "backstop bid 2747.25 @ 91 on backstop",
        "alice ask 1000 @ 91 on adl",
        "carol bid 1000 @ 91 on adl",
        "alice ask 252.75 @ 91 on adl",
        "bob bid 252.75 @ 91 on adl",
        "alice is free",
    ]
    assert prints(events) == ["backstop ask 2747.25 @ 91", "adl ask 1000 @ 91", "adl ask 252.75 @ 91"]
    assert [pit.equity(name) for name in ("alice", "bob", "carol")] == ["4000", "48000", "15000"]
    assert changes(events) == [(1, "1252.75"), (1, "252.75"), (3, "0"), (1, "0"), (2, "-1747.25")]


def test_more_profit_goes_before_less() -> None:
    # Dora sold at 110: 17 % of profit and 3.3 times her equity. Bob has 9 % and 5.3 times his.
    pit = Pit(alice="43000", bob="30000", carol="6000", dora="2500")
    pit.trade("alice", "dora", "300", "110")
    pit.trade("alice", "bob", "3700", "100")
    pit.mark(SOL, "91")
    assert [line for line in pit.said(pit.look()) if line.endswith("adl") and "alice" not in line] == [
        "dora bid 300 @ 91 on adl",
        "bob bid 952.75 @ 91 on adl",
    ]


def test_cascade_takes_from_three_and_the_house_comes_last() -> None:
    pit = crash(bob="600", carol="400", house="3000")
    events = pit.look()
    assert [line for line in pit.said(events) if "alice" not in line] == [
        "backstop bid 2747.25 @ 91 on backstop",
        "carol bid 400 @ 91 on adl",
        "bob bid 600 @ 91 on adl",
        "house bid 252.75 @ 91 on adl",
    ]
    assert [pit.position(name) for name in ("alice", "bob", "carol", "house")] == ["0", "0", "0", "-2747.25"]
    trade_ids = [event.trade_id for event in events if isinstance(event, OrderFilled)]
    assert trade_ids == [trade_id for trade_id in range(4, 8) for _ in range(2)], "one for each match, after the three trades"


def test_backstop_that_is_nearly_full_takes_what_it_has_room_for() -> None:
    pit = crash(house="4000")
    pit.trade("carol", "house", "500", "91")
    pit.look()
    pit.mark(SOL, "79")
    # At 79 it may have 3,164.55 SOL.
    assert pit.said(pit.look()) == [
        "carol is liquidating",
        "carol ask 417.3 @ 79 on backstop",
        "backstop bid 417.3 @ 79 on backstop",
        "carol ask 82.7 @ 79 on adl",
        "house bid 82.7 @ 79 on adl",
        "carol is free",
    ]


def test_short_is_handed_to_a_backstop_that_is_long() -> None:
    pit = long("90.5")
    pit.look()
    pit.trade("house", "bob", "150", "90.5")
    pit.account("bob").balances["USDC"].available = 10**11
    pit.mark(SOL, "99")
    assert pit.said(pit.look())[1:3] == ["bob bid 150 @ 99 on backstop", "backstop ask 150 @ 99 on backstop"]
    assert pit.position("backstop") == "-50"


def test_house_is_never_liquidated() -> None:
    pit = Pit(house="10")
    pit.trade("house", "alice", "100")
    pit.mark(SOL, "50")
    assert pit.equity("house").startswith("-")
    assert pit.look() == []


def test_two_at_once_go_by_their_number() -> None:
    pit = Pit(alice="1000", bob="1000")
    pit.trade("bob", "house", "100")
    pit.trade("alice", "house", "100")
    pit.mark(SOL, "91.1")
    pit.place("house", BID, "10", "91")
    pit.place("house", BID, "90", "90.9")
    assert pit.said(pit.look()) == [
        "alice is liquidating",
        "alice ask 10 @ 91 on book, fee 9.1",
        "bob is liquidating",
        "bob ask 10 @ 90.9 on book, fee 9.09",
    ]


def test_positions_in_two_markets_are_reduced_together_the_heavier_first() -> None:
    pit = Pit(alice="1000")
    pit.trade("alice", "house", "40")
    pit.trade("house", "alice", "50", "100", BTC)
    for symbol, price in ((SOL, "88"), (BTC, "108.4")):
        pit.mark(symbol, price)
        pit.place("house", BID, "50", price, symbol)
        pit.place("house", ASK, "50", str(float(price) + 1), symbol)
    assert pit.said(pit.look()) == [
        "alice is liquidating",
        "alice bid 5 @ 109.4 on book, fee 5.47",
        "alice ask 4 @ 88 on book, fee 3.52",
    ]


def test_orders_end_in_all_markets_oldest_first_and_give_back_what_they_hold() -> None:
    pit = long("100")
    for price, symbol in (("50", SPOT), ("80", SOL), ("49", SPOT), ("70", BTC)):
        pit.place("alice", BID, "1", price, symbol)
    assert shown(pit.account("alice").balances["USDC"].locked) == "99"
    pit.mark(SOL, "91.1")
    ends = [event for event in pit.look() if isinstance(event, OrderEnded)]
    assert [event.order.symbol for event in ends] == [SPOT, SOL, SPOT, BTC]
    alice = pit.account("alice")
    assert shown(alice.balances["USDC"].locked) == "0"
    assert all(not holding.bids and not holding.asks for holding in alice.holdings.values())
    assert not any(pit.markets[symbol].book.top()[0] for symbol in (SOL, SPOT, BTC))


def test_who_is_liquidated_may_cancel_but_not_place() -> None:
    pit = long("91.1")
    pit.look()
    assert pit.place("alice", ASK, "1", "100", reduce_only=True) == [Rejected(Refusal.ACCOUNT_LIQUIDATING)]
    assert pit.place("alice", BID, "1", "50", SPOT) == [Rejected(Refusal.ACCOUNT_LIQUIDATING)]
    assert pit.placing.cancel_all(CancelAll(1, SOL)) == []
    assert isinstance(pit.place("bob", ASK, "1", "100")[0], OrderAccepted)
    pit.mark(SOL, "100")
    pit.look()
    assert isinstance(pit.place("alice", ASK, "1", "101")[0], OrderAccepted)


def test_book_that_cannot_be_taken_from_is_left_alone() -> None:
    pit = long("91.1")
    assert [pit.said(pit.look()), pit.said(pit.look())] == [["alice is liquidating"], []]
    pit.place("house", BID, "50", "91")
    for state in (OrderBookState.POST_ONLY, OrderBookState.CANCEL_ONLY, OrderBookState.CLOSED):
        pit.markets[SOL].state = state
        assert pit.look() == []
    pit.markets[SOL].state = OrderBookState.LIMIT_ONLY
    assert pit.said(pit.look()) == ["alice ask 10 @ 91 on book, fee 9.1"]


def test_remainder_that_the_book_does_not_take_ends_at_once() -> None:
    pit = long("91.1")
    pit.place("house", BID, "4", "91")
    assert pit.said(pit.look()) == [
        "alice is liquidating",
        "alice ask 4 @ 91 on book, fee 3.64",
        "alice's ask of 10 ends, InsufficientLiquidity",
    ]
    assert pit.position("alice") == "96"


def test_fill_on_the_book_pays_the_taker_fee_beside_the_liquidation_fee() -> None:
    pit = Pit(fees=FeeTier(0, 0, futures_maker_cbps=0, futures_taker_cbps=500), alice="1005")
    pit.trade("alice", "house", "100")
    pit.mark(SOL, "91.1")
    pit.place("house", BID, "50", "91")
    events = pit.look()
    assert pit.said(events) == ["alice is liquidating", "alice ask 10 @ 91 on book, fee 9.555"]
    (changed,) = [event for event in events if isinstance(event, PositionChanged)]
    assert (shown(changed.position.fees), shown(changed.position.liquidation_fees)) == ("5.455", "9.1")


def test_public_sees_each_fill_on_the_book_as_a_trade_and_as_a_liquidation() -> None:
    pit = long("91.1")
    pit.place("house", BID, "4", "91")
    pit.place("bob", BID, "6", "90.8")
    events = pit.look()
    assert prints(events) == ["trade 4 @ 91", "trade 6 @ 90.8", "book ask 4 @ 91", "book ask 6 @ 90.8"]


@pytest.mark.parametrize(("mark", "system"), [("90.5", "LiquidatePositionOnBackstop"), ("91.1", "LiquidatePositionOnBook")])
def test_order_of_the_exchange_is_accepted_under_the_next_id_and_says_who_sent_it(mark: str, system: str) -> None:
    pit = long(mark)
    pit.place("house", BID, "50", "91")
    next_id, next_trade = pit.ledger.next_id, pit.markets[SOL].next_trade_id
    events = pit.look()
    (order,) = [event.order for event in events if isinstance(event, OrderAccepted) and event.order.account == 1]
    assert (order.order_id, order.reduce_only, order.price) == (next_id, True, None)
    assert order.conditions is not None
    assert order.conditions.system == SystemOrderType(system)
    fills = [event for event in events if isinstance(event, OrderFilled)]
    assert [fill.trade_id for fill in fills] == [next_trade] * 2
    assert [fill.is_maker for fill in fills] == [False, True]


def test_last_price_is_that_of_the_book_alone() -> None:
    pit = long("90.5")
    pit.look()
    assert pit.markets[SOL].last_price == 100_00


def test_margin_is_free_again_once_the_position_is_gone() -> None:
    pit = long("90.5")
    assert pit.look()
    assert isinstance(pit.place("alice", BID, "10", "90.5")[0], OrderAccepted)
    assert pit.place("alice", BID, "3", "90.5") == [Rejected(Refusal.INSUFFICIENT_MARGIN)]


@pytest.mark.parametrize("pause", range(7))
def test_same_again_and_from_a_dump_at_any_second(pause: int) -> None:
    def story() -> Pit:
        pit = crash(bob="2000", carol="1000", house="1000")
        pit.trade("dora", "house", "9000", "91")
        pit.place("dora", ASK, "7", "120")
        pit.place("house", BID, "300", "90.9")
        pit.mark(SOL, "83")
        return pit

    whole, first = story(), story()
    expected = [whole.said(whole.look()) for _ in range(7)]
    assert any("dora" in line for second in expected for line in second)
    told = [first.said(first.look()) for _ in range(pause)]
    second = Pit.load(first.dump(), first.now_us)
    assert second.hash() == first.hash()
    told += [second.said(second.look()) for _ in range(7 - pause)]
    assert told == expected
    assert second.hash() == whole.hash()


def test_look_does_one_round_in_a_second() -> None:
    pit = long("91.1")
    pit.place("house", BID, "50", "91")
    assert pit.said(pit.look())
    pit.now_us -= SECOND_US // 2
    assert pit.look() == []
    pit.now_us -= SECOND_US // 2
    assert pit.said(pit.look()) == ["alice ask 9 @ 91 on book, fee 8.19"]


def test_orders_that_wait_for_a_price_end_too() -> None:
    pit = long("91.1")
    pit.place("alice", ASK, "1", None, trigger=Trigger(TriggerBy.LAST_PRICE, 50_00, 100))
    assert pit.seconds(2) == ["1: alice is liquidating", "1: alice's ask of 1 ends, Liquidation"]
    assert not pit.markets[SOL].triggers.by_id


def test_backstop_that_took_its_part_is_no_opponent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("haversack.exchange.engine.perpetual.liquidating.BACKSTOP_CAPACITY", 10_000)
    pit = long("90.5")
    assert pit.said(pit.look())[1] == "alice ask 100 @ 90.5 on backstop"
    pit.trade("carol", "bob", "400", "90.5")
    pit.account("bob").balances["USDC"].available = amount("3800")
    pit.mark(SOL, "100")
    # At 100 it may be short 100 SOL, and is long as many. Its profit would make it the first to be asked for more.
    assert pit.said(pit.look())[1:5] == [
        "bob bid 200 @ 100 on backstop",
        "backstop ask 200 @ 100 on backstop",
        "bob bid 200 @ 100 on adl",
        "carol ask 200 @ 100 on adl",
    ]


def test_debt_is_covered_to_the_last_fraction_of_a_unit() -> None:
    pit = long("85")
    pit.ledger.grant(pit.account("bob"), "SOL", amount("1"), 0)
    pit.trade("carol", "bob", "1", "33.33", SPOT)
    # One unit of SOL is worth 31.6635 units of USDC as collateral.
    pit.ledger.grant(pit.account("alice"), "SOL", 1, 0)
    assert pit.seconds(2)[-2:] == ["2: alice's debt of 499.99999969 is covered", "2: alice is free"]


def test_liquidation_on_the_book_fires_what_waits_for_the_last_price() -> None:
    pit = long("91.1")
    pit.place("bob", BID, "1", None, trigger=Trigger(TriggerBy.LAST_PRICE, 91_00, 100))
    pit.place("house", BID, "50", "91")
    pit.place("house", ASK, "50", "92")
    events = pit.look()
    assert [event.order.account for event in events if isinstance(event, TriggerFired)] == [2]
    assert pit.position("bob") == "1"


def test_orders_that_only_reduce_an_opponents_position_shrink_with_it() -> None:
    pit = crash(bob="2000", house="1000", carol="1000")
    pit.place("bob", BID, "2000", "80", reduce_only=True)
    events = pit.look()
    (modified,) = [event for event in events if isinstance(event, OrderModified)]
    assert (modified.order.account, modified.order.quantity) == (2, 1747_25)
    assert [event.quantity for event in events if isinstance(event, LevelChanged)] == [1747_25]


def test_screen_counts_on_nothing_that_the_exact_figures_round_away() -> None:
    pit = Pit()
    pit.trade("alice", "house", "1", "100")
    pit.trade("alice", "house", "2", "100.01")
    pit.mark(SOL, "101")
    # The mean entry price has no end, so that a profit of 2.98 counts as 2.979999; 3.7875 must be maintained.
    alice = pit.account("alice")
    alice.balances["USDC"].available = amount("0.807501")
    assert pit.equity("alice") == "3.7875"
    assert pit.said(pit.look()) == ["alice is liquidating"]
    alice.balances["USDC"].available += 1
    assert pit.said(pit.look()) == ["alice is free"]


def test_collateral_counts_at_the_price_of_the_moment() -> None:
    pit = Pit(alice="100")
    alice = pit.account("alice")
    pit.ledger.grant(alice, "SOL", amount("10"), 0)
    pit.ledger.grant(pit.account("bob"), "SOL", amount("10"), 0)
    pit.trade("alice", "house", "10")
    pit.mark(SOL, "71.8")
    assert pit.look() == []
    # At 100 the ten SOL were worth 950 as collateral; at 20 they leave 8 of equity, where 8.975 must be maintained.
    pit.trade("carol", "bob", "1", "20", SPOT)
    assert pit.equity("alice") == "8"
    assert pit.said(pit.look()) == ["alice is liquidating"]
