"""What is done with an account whose margin is used up, and who pays for it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.engine.perpetual.sample import EXAMPLES
from haversack.exchange.engine.perpetual.deleveraging import Deleverage, Opponent, deleveraged
from haversack.exchange.engine.perpetual.liquidation import (
    FEE_CBPS,
    CancelOrders,
    Danger,
    HandOver,
    Open,
    ReduceOnBook,
    TakeDebt,
    auto_close_fraction,
    is_liquidatable,
    reduction,
    steps,
)
from haversack.exchange.engine.perpetual.settlement import trading_fee
from haversack.wire.enums import Side

D = Decimal
BID, ASK = Side.BID, Side.ASK
SOL, BTC = "SOL_USDC_PERP", "BTC_USDC_PERP"


def position(quantity: int = 100, symbol: str = SOL, **more: Any) -> Open:
    return Open(**{"symbol": symbol, "quantity": quantity, "step": 1, "maintenance": D(10), **more})


def danger(*positions: Open, fraction: str | None = "0.012", orders: bool = False, net_equity: str = "12") -> Danger:
    """An account with a maintenance fraction of 0.0125."""
    return Danger(
        margin_fraction=None if fraction is None else D(fraction),
        mmf=D("0.0125"),
        net_equity=D(net_equity),
        has_orders=orders,
        positions=positions,
    )


def opponent(account: int, quantity: int = -100, **more: Any) -> Opponent:
    figures = {"cost": "1000", "pnl_unrealized": "100", "exposure": "1000", "net_equity": "500", **more}
    return Opponent(account=account, quantity=quantity, **{name: D(value) for name, value in figures.items()})


@pytest.mark.parametrize(("fraction", "begins"), [("0.0126", False), ("0.0125", True), ("0.0124", True), ("-1", True)])
def test_liquidation_begins_where_the_margin_fraction_falls_to_the_maintenance_fraction(fraction: str, begins: bool) -> None:
    account = danger(position(), fraction=fraction, orders=True)
    assert is_liquidatable(account) is begins
    assert steps(account) == ([CancelOrders()] if begins else [])


def test_every_position_is_reduced_by_a_tenth_the_heaviest_first() -> None:
    account = danger(position(100), position(-55, BTC, maintenance=D(20)))
    assert steps(account) == [ReduceOnBook(BTC, BID, 6), ReduceOnBook(SOL, ASK, 10)]


@pytest.mark.parametrize(
    ("quantity", "step", "reduced"), [(100, 1, 10), (101, 1, 11), (9, 1, 1), (1000, 50, 100), (30, 50, 30), (60, 50, 50)]
)
def test_a_tenth_is_rounded_up_to_a_step(quantity: int, step: int, reduced: int) -> None:
    assert reduction(quantity, step) == reduced


def test_liquidation_fee_is_one_percent_of_a_fill() -> None:
    assert trading_fee(100_000_000, FEE_CBPS, 1) == 1_000_000


@pytest.mark.parametrize(("mmf", "fraction"), [("0.0125", "0.00625"), ("0.02", "0.01"), ("0.05", "0.04")])
def test_auto_close_fraction_is_the_half_or_one_percent_less(mmf: str, fraction: str) -> None:
    assert auto_close_fraction(D(mmf)) == D(fraction)


def test_book_is_tried_down_to_the_auto_close_fraction_and_not_below() -> None:
    assert steps(danger(position(), fraction="0.00625")) == [ReduceOnBook(SOL, ASK, 10)]
    assert steps(danger(position(provider_room={7: 500}), fraction="0.00624")) == [HandOver(SOL, ASK, 100, 7)]


def test_providers_take_in_their_order_and_opponents_the_rest() -> None:
    account = danger(position(provider_room={7: 30, 8: 0, 9: 50}, opponents=[opponent(3)]), fraction="0")
    assert steps(account) == [HandOver(SOL, ASK, 30, 7), HandOver(SOL, ASK, 50, 9), Deleverage(SOL, ASK, 20, 3)]


def test_debt_that_nothing_is_left_to_pay_for_goes_to_the_exchange() -> None:
    assert steps(danger(fraction=None, net_equity="-0.01")) == [TakeDebt()]
    assert steps(danger(fraction=None, net_equity="0")) == []
    assert steps(danger(fraction=None, net_equity="-0.01", orders=True)) == [CancelOrders()]


@pytest.mark.parametrize(
    ("sooner", "later"),
    [
        # More profit, more exposure for the same equity, and no equity at all.
        ({"pnl_unrealized": "101"}, {}),
        ({"cost": "999"}, {}),
        ({"exposure": "1001"}, {}),
        ({"net_equity": "499"}, {}),
        ({"net_equity": "0"}, {}),
        # Any profit before any loss; of two losses the more levered one first.
        ({"pnl_unrealized": "1"}, {"pnl_unrealized": "-1", "exposure": "9000"}),
        ({"pnl_unrealized": "-100", "exposure": "9000"}, {"pnl_unrealized": "-100"}),
        ({"pnl_unrealized": "-99"}, {"pnl_unrealized": "-100"}),
    ],
)
def test_most_profitable_and_most_levered_opponent_comes_first(sooner: dict[str, Any], later: dict[str, Any]) -> None:
    for pair in ([opponent(2, **sooner), opponent(1, **later)], [opponent(1, **later), opponent(2, **sooner)]):
        assert [each.opponent for each in deleveraged(SOL, ASK, 150, pair)] == [2, 1]


def test_equal_opponents_go_by_account_and_only_the_other_side_is_taken() -> None:
    everybody = [opponent(4), opponent(2), opponent(1, 100), opponent(3)]
    taken = list(deleveraged(SOL, ASK, 250, everybody))
    assert taken == [Deleverage(SOL, ASK, 100, 2), Deleverage(SOL, ASK, 100, 3), Deleverage(SOL, ASK, 50, 4)]
    assert list(deleveraged(SOL, BID, 30, everybody)) == [Deleverage(SOL, BID, 30, 1)]


holders = st.lists(st.tuples(st.integers(-200, 200).filter(bool), st.integers(-500, 500), st.integers(-10, 500)), max_size=8)


@settings(max_examples=EXAMPLES)
@given(st.integers(-300, 300).filter(bool), holders, st.dictionaries(st.integers(50, 55), st.integers(0, 100), max_size=3))
def test_positions_below_auto_close_end_as_far_as_others_can_take_them(
    quantity: int, held: list[tuple[int, int, int]], room: dict[int, int]
) -> None:
    opponents = [
        opponent(account, other, pnl_unrealized=str(profit), net_equity=str(equity))
        for account, (other, profit, equity) in enumerate(held, start=1)
    ]
    account = danger(position(quantity, provider_room=room, opponents=opponents), fraction="-0.1", net_equity="-5")
    todo = steps(account)
    assert all(isinstance(each, HandOver | Deleverage) and each.quantity > 0 for each in todo)
    opposite = sum(abs(each.quantity) for each in opponents if (each.quantity > 0) != (quantity > 0))
    taken = sum(each.quantity for each in todo if isinstance(each, HandOver | Deleverage))
    assert taken == min(abs(quantity), sum(room.values()) + opposite)
    for each in opponents:
        assert sum(one.quantity for one in todo if isinstance(one, Deleverage) and one.opponent == each.account) <= abs(
            each.quantity
        )


@settings(max_examples=EXAMPLES)
@given(st.integers(1, 10**6), st.integers(1, 100))
def test_reducing_again_and_again_ends(quantity: int, step: int) -> None:
    for _ in range(200):
        reduced = reduction(quantity, step)
        assert 0 < reduced <= quantity
        quantity -= reduced
        if not quantity:
            return
    pytest.fail(f"{quantity} left after 200 steps")
