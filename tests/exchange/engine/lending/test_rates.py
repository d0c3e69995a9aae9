"""Rates by utilization, compared with six recorded pools of 2025-06, and the throttle's bound with five of them."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from exchange.engine.lending.bank import POOLS
from haversack.exchange.engine.lending.rates import borrow_rate, lend_rate, throttle_bound, utilization

D = Decimal
POOL = POOLS[0]


@pytest.mark.parametrize(
    ("lent", "borrowed", "used"),
    [
        ("315850.1025512999", "47140.7072568598", "0.1492502515467864286055598506"),
        ("60760761.1202404116", "21213521.8229711014", "0.3491319304080364362953772576"),
        ("222.848930075876", "26.722704014584", "0.1199139883933272922453246617"),
    ],
)
def test_utilization_is_that_of_recorded_pools(lent: str, borrowed: str, used: str) -> None:
    assert utilization(int(D(lent).scaleb(12)), int(D(borrowed).scaleb(12))) == D(used)


def test_empty_pool_is_not_used_and_one_that_owes_without_lenders_is_used_up() -> None:
    assert [utilization(0, 0), utilization(0, 1), utilization(10, 0)] == [D(0), D(1), D(0)]


@pytest.mark.parametrize(
    ("optimal", "fee", "used", "borrow", "lend"),
    [
        ("0.7", "0.15", "0.1492502515467864286055598506", "0.0085285858026735102060319915", "0.001081959539929266915191077"),
        ("0.7", "0.15", "0.1199139883933272922453246617", "0.0068522279081901309854471235", "0.0006984262811734730100310633"),
    ],
    ids=["SOL", "BTC"],
)
def test_rates_are_those_of_recorded_pools(optimal: str, fee: str, used: str, borrow: str, lend: str) -> None:
    pool = msgspec.structs.replace(POOL, optimal_utilization=D(optimal), optimal_rate=D("0.04"), fee=D(fee))
    assert borrow_rate(pool, D(used)) == D(borrow)
    assert lend_rate(pool, D(used)) == D(lend)


@pytest.mark.parametrize(
    ("used", "rate"),
    [("0", "0"), ("0.25", "0.219"), ("0.5", "0.438"), ("0.75", "1.314"), ("1", "2.19"), ("1.5", "2.19")],
)
def test_rate_is_five_times_as_high_where_all_is_borrowed(used: str, rate: str) -> None:
    assert borrow_rate(POOL, D(used)) == D(rate)


@pytest.mark.parametrize(
    ("threshold", "fraction", "bound"),
    [
        ("0.85", "0.06", "0.859"),
        ("0.85", "0.125", "0.86875"),
        ("0.95", "0.1", "0.955"),
        ("0.92", "0.1", "0.928"),
        ("0.85", "0.08", "0.862"),
    ],
)
def test_bound_of_the_throttle_is_that_of_recorded_pools(threshold: str, fraction: str, bound: str) -> None:
    pool = msgspec.structs.replace(POOL, throttle_threshold=D(threshold), throttle_fraction=D(fraction))
    assert throttle_bound(pool, D("0.3")) == D(bound)


def test_step_that_begins_above_the_threshold_gives_a_part_of_what_is_left() -> None:
    assert [throttle_bound(POOL, D(used)) for used in ("0.8", "0.9", "0.95", "1", "1.2")] == list(
        map(D, ("0.9", "0.95", "0.975", "1", "1.2"))
    )
