"""Rates from premiums, and who pays whom."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.engine.perpetual.sample import EXAMPLES, SOL, cents, fill, opened
from haversack.exchange.engine.perpetual.funding import INTEREST_OF_STOCKS, Bounds, Premiums, funding_rate, payment
from haversack.exchange.engine.perpetual.position import Position

D = Decimal
BOUNDS = Bounds.of_bps(D(-100), D(100))


@pytest.mark.parametrize(
    ("premium", "rate"),
    [
        # Within five basis points of the interest the rate is the interest's eighth part.
        ("0.0001", "0.0000125"),
        ("0", "0.0000125"),
        ("0.0006", "0.0000125"),
        ("-0.0004", "0.0000125"),
        # Beyond, the premium less the pull.
        ("0.0014", "0.0001125"),
        ("-0.0012", "-0.0000875"),
        ("0.00060008", "0.00001251"),
        ("-0.00040008", "0.00001249"),
        # And never more than the bounds.
        ("0.08", "0.0099375"),
        ("0.0805", "0.01"),
        ("0.5", "0.01"),
        ("-0.5", "-0.01"),
    ],
)
def test_rate_of_an_hour(premium: str, rate: str) -> None:
    assert funding_rate(D(premium), BOUNDS) == D(rate)


def test_stocks_have_half_the_interest() -> None:
    assert funding_rate(D("0.0003"), BOUNDS, interest=INTEREST_OF_STOCKS) == D("0.00000625")


@pytest.mark.parametrize(("premium", "rate"), [("0.0002", "0.0001"), ("0.0007", "0.0002"), ("-0.000415513", "0.000084487")])
def test_rate_of_eight_hours(premium: str, rate: str) -> None:
    assert funding_rate(D(premium), BOUNDS, hours=8) == D(rate)


def test_bounds_of_a_market_count_basis_points() -> None:
    assert Bounds.of_bps(D(-150), D(150)) == Bounds(D("-0.015"), D("0.015"))
    assert funding_rate(D("0.5"), Bounds.of_bps(D(-150), D(150))) == D("0.015")


def test_running_rate_is_that_of_the_mean_so_far() -> None:
    premiums = Premiums()
    assert funding_rate(premiums.mean, BOUNDS) == D("0.0000125")
    for mark in ("100.3", "100.1"):
        premiums = premiums.with_sample(D(mark), D(100))
    assert premiums.mean == D("0.002")
    assert funding_rate(premiums.mean, BOUNDS) == D("0.0001875")
    third = premiums.with_sample(D("100"), D("99.9"))
    assert third.mean == D("0.0016670003336670003336670003")


@pytest.mark.parametrize(
    ("quantity", "rate", "received"),
    [
        ("2", "0.0000125", "-0.0025"),
        ("-2", "0.0000125", "0.0025"),
        ("2", "-0.0000125", "0.0025"),
        ("-2", "-0.0000125", "-0.0025"),
        # Six decimals: who pays pays up, who receives gets less.
        ("0.01", "0.00001111", "-0.000012"),
        ("-0.01", "0.00001111", "0.000011"),
    ],
)
def test_long_pays_short_at_a_positive_rate(quantity: str, rate: str, received: str) -> None:
    assert payment(opened(fill(quantity, "90")), D(rate), D(100), SOL) == cents(received)


def test_payment_just_below_a_unit_is_not_rounded_up_on_the_way() -> None:
    # 0.000012 less a part in the 33rd decimal.
    rate = D("0.0000119999994000000299999985")
    assert payment(opened(fill("-0.01", "90")), rate, D("100.000005"), SOL) == cents("0.000011")


@settings(max_examples=EXAMPLES)
@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=10), st.integers(-(10**28), 10**28), st.integers(1, 10**8))
def test_payments_of_both_sides_cancel_but_for_what_rounding_leaves(held: list[int], rate: int, mark: int) -> None:
    sides = [quantity for quantity in (*held, -sum(held)) if quantity]
    positions = [Position(position_id=1, quantity=quantity, net_cost=0, entry_quote=1, entry_quantity=1) for quantity in sides]
    kept = -sum(payment(each, D(rate).scaleb(-30), D(mark).scaleb(-4), SOL) for each in positions)
    assert 0 <= kept < SOL.amount_unit * max(1, len(positions))


@settings(max_examples=EXAMPLES)
@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9))
def test_higher_premium_never_lowers_the_rate(one: int, other: int) -> None:
    less, more = sorted((D(one).scaleb(-10), D(other).scaleb(-10)))
    assert BOUNDS.lowest <= funding_rate(less, BOUNDS) <= funding_rate(more, BOUNDS) <= BOUNDS.highest
