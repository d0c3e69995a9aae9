"""What happens to money: locks, fees, refunds, and the positions of perpetuals."""

from __future__ import annotations

import pytest

from exchange.engine.desk import (
    ALICE,
    ASK,
    BID,
    BOB,
    DORA,
    MAKER,
    PERPETUAL,
    TAKER,
    Desk,
    cancel,
    fills,
    kinds,
    limit,
    market,
    market_by_quote,
    refusal,
)
from haversack.exchange.engine.clearing import fee_on
from haversack.exchange.engine.command import Place
from haversack.exchange.engine.event import BalanceChanged, Refusal
from haversack.wire.enums import TimeInForce


@pytest.mark.parametrize(
    ("order", "sol", "usdc"),
    [
        (limit(BID, "20.01", "1.5"), ("100", "0"), ("9969.985", "30.015")),
        (limit(ASK, "20.01", "1.5"), ("98.5", "1.5"), ("10000", "0")),
    ],
    ids=["bid", "ask"],
)
def test_resting_order_locks_what_it_may_give(order: Place, sol: tuple[str, str], usdc: tuple[str, str]) -> None:
    desk = Desk()
    desk.rest(order)
    assert (desk.balance(ALICE, "SOL"), desk.balance(ALICE, "USDC")) == (sol, usdc)
    desk.do(cancel(1))
    assert (desk.balance(ALICE, "SOL"), desk.balance(ALICE, "USDC")) == (("100", "0"), ("10000", "0"))


def test_bid_that_fills_at_a_better_price_gets_the_difference_back() -> None:
    desk = Desk()
    desk.rest(limit(ASK, "20", "1", BOB), limit(BID, "25", "3"))
    assert desk.balance(ALICE, "USDC") == ("9930", "50")


def test_fee_is_taken_in_the_received_asset() -> None:
    desk = Desk()
    desk.rest(limit(ASK, "20", "1", BOB), limit(BID, "20", "1"))
    assert (desk.balance(ALICE, "SOL"), desk.balance(BOB, "USDC")) == (("100.999", "0"), ("10019.984", "0"))
    assert desk.engine.fees == {"SOL": 1_000, "USDC": 16_000}


@pytest.mark.parametrize(
    ("received", "rate_cbps", "unit", "fee"),
    [
        (704_475, 1_000, 1, 705),  # as 0.704475 USDC at 0.1 %: 0.000704475 becomes 0.000705 (observed 2025-06)
        (643_050, 1_000, 1, 644),  # half up would give 0.000643
        (1_000_000, 1_000, 1, 1_000),
        (1_000_001, 1_000, 1, 1_001),
        (1_000_001, 1_000, 50, 1_050),
        (7, 800, 50, 7),
        (1_000_000, 0, 50, 0),
    ],
)
def test_fee_is_rounded_up_to_the_unit_and_never_above_what_is_received(
    received: int, rate_cbps: int, unit: int, fee: int
) -> None:
    assert fee_on(received, rate_cbps, unit) == fee


@pytest.mark.parametrize(
    ("order", "refused"),
    [
        (limit(BID, "100", "100"), None),
        (limit(BID, "100.01", "100"), Refusal.INSUFFICIENT_FUNDS),
        (limit(ASK, "150", "100"), None),
        (limit(ASK, "150", "100.1"), Refusal.INSUFFICIENT_FUNDS),
        (limit(BID, "1", "0.1", DORA, time_in_force=TimeInForce.IOC), Refusal.INSUFFICIENT_FUNDS),
        (market(BID, "90"), None),
        (market(BID, "91"), Refusal.INSUFFICIENT_FUNDS),
        (market(ASK, "100.1"), Refusal.INSUFFICIENT_FUNDS),
        (market_by_quote(BID, "10000"), None),
        (market_by_quote(BID, "10011.12"), Refusal.INSUFFICIENT_FUNDS),
        (market_by_quote(ASK, "9", DORA), Refusal.INSUFFICIENT_FUNDS),
    ],
)
def test_order_needs_the_funds_for_what_it_may_give(order: Place, refused: Refusal | None) -> None:
    desk = Desk(band_max=None, band_min=None)
    desk.rest(limit(ASK, "111.11", "100", BOB), limit(BID, "90", "1", BOB))
    assert refusal(desk.do(order)) is refused


def test_market_bid_needs_money_only_for_what_the_book_has() -> None:
    desk = Desk()
    desk.rest(limit(ASK, "20", "1", BOB))
    assert refusal(desk.do(market(BID, "1000000"))) is None
    assert desk.balance(ALICE, "USDC") == ("9980", "0")


def test_locked_money_cannot_be_spent_twice() -> None:
    desk = Desk()
    desk.rest(limit(BID, "100", "60"))
    assert refusal(desk.do(limit(BID, "100", "60"))) is Refusal.INSUFFICIENT_FUNDS


def test_balance_events_carry_what_the_account_has_at_that_moment() -> None:
    desk = Desk()
    desk.rest(limit(ASK, "20", "1", MAKER))
    changes = [event for event in desk.do(limit(BID, "25", "2", TAKER)) if isinstance(event, BalanceChanged)]
    assert changes == [
        BalanceChanged(TAKER, "USDC", 9_950_000_000, 50_000_000),
        BalanceChanged(TAKER, "SOL", 101_000_000, 0),
        BalanceChanged(TAKER, "USDC", 9_955_000_000, 25_000_000),
        BalanceChanged(MAKER, "SOL", 99_000_000, 0),
        BalanceChanged(MAKER, "USDC", 10_020_000_000, 0),
    ]


def test_perpetuals_are_for_the_house() -> None:
    desk = Desk()
    assert refusal(desk.do(limit(BID, "20", "1", ALICE, symbol=PERPETUAL))) is Refusal.INSUFFICIENT_MARGIN
    assert refusal(desk.do(market(BID, "1", ALICE, symbol=PERPETUAL))) is Refusal.INSUFFICIENT_MARGIN
    assert refusal(desk.do(limit(BID, "20", "1", MAKER, symbol=PERPETUAL))) is None


def test_perpetual_order_that_cannot_fill_or_kill_hears_that_before_margin() -> None:
    order = limit(BID, "20", "1", ALICE, symbol=PERPETUAL, time_in_force=TimeInForce.FOK)
    assert refusal(Desk().do(order)) is Refusal.FILL_OR_KILL


def test_perpetual_trade_moves_positions_and_no_money() -> None:
    desk = Desk()
    before = [desk.engine.balances(account) for account in (MAKER, TAKER)]
    desk.rest(limit(ASK, "20", "3", MAKER, symbol=PERPETUAL))
    events = desk.do(limit(BID, "20", "2", TAKER, symbol=PERPETUAL))
    assert fills(events)[0] == "taker bid 2 @ 20 Filled, fee 0 USDC"
    assert "BalanceChanged" not in kinds(events)
    assert [desk.engine.balances(account) for account in (MAKER, TAKER)] == before
    assert [desk.engine.position(account, PERPETUAL) for account in (MAKER, TAKER)] == [-20, 20]
    assert desk.engine.open_interest(PERPETUAL) == 20


def test_open_interest_falls_when_positions_close_and_not_when_they_change_hands() -> None:
    desk = Desk()
    desk.rest(limit(ASK, "20", "2", MAKER, symbol=PERPETUAL), limit(BID, "20", "2", TAKER, symbol=PERPETUAL))
    desk.rest(limit(BID, "20", "3", MAKER, symbol=PERPETUAL), limit(ASK, "20", "3", TAKER, symbol=PERPETUAL))
    assert [desk.engine.position(account, PERPETUAL) for account in (MAKER, TAKER)] == [10, -10]
    assert desk.engine.open_interest(PERPETUAL) == 10
