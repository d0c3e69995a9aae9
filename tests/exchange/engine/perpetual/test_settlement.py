"""Fees, and when the money moves."""

from __future__ import annotations

import pytest

from exchange.engine.perpetual.sample import cents
from haversack.exchange.engine.perpetual.settlement import Settled, next_settling_us, settle, trading_fee

FEE_UNIT = 100


@pytest.mark.parametrize(
    ("quote", "fee"),
    # Recorded fees of a taker at 4.5 basis points: all are rounded up, a half and less than a half too.
    [("9.3996", "0.00423"), ("6.2664", "0.00282"), ("7.828", "0.003523"), ("1.5655", "0.000705"), ("1.5664", "0.000705")],
)
def test_fee_of_a_fill_is_rounded_up_to_six_decimals(quote: str, fee: str) -> None:
    assert trading_fee(cents(quote), 450, FEE_UNIT) == cents(fee)


def test_fee_of_five_basis_points_is_rounded_up_too() -> None:
    assert trading_fee(cents("1.2861"), 500, FEE_UNIT) == cents("0.000644")
    assert trading_fee(cents("1.2861"), 0, FEE_UNIT) == 0
    assert trading_fee(cents("0.0000001"), 450, FEE_UNIT) == cents("0.000001")


@pytest.mark.parametrize(
    ("unsettled", "available", "settled"),
    [(5, 0, (5, 0)), (0, 7, (0, 0)), (-5, 7, (-5, 0)), (-5, 5, (-5, 0)), (-5, 3, (-3, -2)), (-5, 0, (0, -5))],
)
def test_all_is_settled_that_can_be_paid(unsettled: int, available: int, settled: tuple[int, int]) -> None:
    assert settle(unsettled, available) == Settled(*settled)


@pytest.mark.parametrize(("now_us", "next_us"), [(0, 10_000_000), (9_999_999, 10_000_000), (10_000_000, 20_000_000)])
def test_settling_happens_every_ten_seconds(now_us: int, next_us: int) -> None:
    assert next_settling_us(now_us) == next_us
