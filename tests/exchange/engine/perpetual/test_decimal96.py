"""96 bits, at most 28 decimals, half to even, rounded once."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haversack.exchange.engine.perpetual.decimal96 import MANTISSA_MAX, cut, fit, minus, over, plus, root, times

D = Decimal

# Whole numbers of up to 96 bits, and where their point stands.
held = st.builds(
    lambda mantissa, scale: D(mantissa).scaleb(-scale),
    st.integers(-(10**27), 10**27),
    st.integers(0, 28),
)


@pytest.mark.parametrize(
    ("number", "kept"),
    [
        # 29 digits fit below 2**96 ...
        ("7.92281625142643375935439503354", "7.9228162514264337593543950335"),
        ("146.541075210999999999999999994", "146.54107521099999999999999999"),
        # ... and above it only 28.
        ("7.92281625142643375935439503360", "7.922816251426433759354395034"),
        ("9.1234567890123456789012345678", "9.123456789012345678901234568"),
        # A half goes to the even neighbour, 28 decimals behind the point.
        ("0.00000000000000000000000000015", "0.0000000000000000000000000002"),
        ("0.00000000000000000000000000025", "0.0000000000000000000000000002"),
        ("-0.00000000000000000000000000025", "-0.0000000000000000000000000002"),
        ("0.000000000000000000000000000251", "0.0000000000000000000000000003"),
        ("0.00000000000000000000000000004", "0"),
        (str(MANTISSA_MAX), str(MANTISSA_MAX)),
        ("1E+20", "100000000000000000000"),
    ],
)
def test_number_keeps_what_fits(number: str, kept: str) -> None:
    assert fit(D(number)) == D(kept)


@pytest.mark.parametrize("number", [str(MANTISSA_MAX + 1), "-1E+29", "1E+40"])
def test_number_that_is_too_large_is_refused(number: str) -> None:
    with pytest.raises(OverflowError, match="96 bits"):
        fit(D(number))


@given(held, held)
def test_every_result_is_the_nearest_that_can_be_held(one: Decimal, other: Decimal) -> None:
    exact_one, exact_other = Fraction(one), Fraction(other)
    pairs = [(plus, exact_one + exact_other), (minus, exact_one - exact_other), (times, exact_one * exact_other)]
    if other:
        pairs.append((over, exact_one / exact_other))
    for function, exact in pairs:
        if abs(exact) <= MANTISSA_MAX:
            assert_nearest(function(one, other), exact)


def assert_nearest(result: Decimal, exact: Fraction) -> None:
    # The most decimals with which the mantissa stays within 96 bits; a slow and obvious way to the same number.
    for decimals in range(28, -1, -1):
        mantissa = round(exact * 10**decimals)
        if abs(mantissa) <= MANTISSA_MAX:
            assert Fraction(result) == Fraction(mantissa, 10**decimals)
            return


@given(st.integers(0, 10**27), st.integers(0, 28))
def test_root_is_within_half_of_its_last_digit(mantissa: int, scale: int) -> None:
    number = D(mantissa).scaleb(-scale)
    found = Fraction(root(number))
    half = Fraction(1, 2 * 10**28) if number < 49 else Fraction(1, 2) * Fraction(found) / 10**28 * 10
    low, high = max(Fraction(0), found - half), found + half
    assert low**2 <= Fraction(number) <= high**2


def test_root_of_a_square_is_exact() -> None:
    assert root(D("1522756")) == 1234
    assert root(D("0")) == 0


def test_quotient_just_below_a_half_is_not_taken_for_one() -> None:
    # 8.000000000000000000000000999 and 0.49975 of its last digit: with one digit more, that would look like a half.
    quotient = over(D("15992.000000000000000000001998"), D(1999))
    assert quotient == D("8.000000000000000000000000999")


@pytest.mark.parametrize("number", ["0", "1", "-1"])
def test_division_by_zero_is_refused(number: str) -> None:
    with pytest.raises(ZeroDivisionError):
        over(D(number), D(0))


@pytest.mark.parametrize(("number", "kept"), [("0.0012367644", "0.001236"), ("-0.0009231618", "-0.000923"), ("2.5", "2.5")])
def test_cut_goes_towards_zero(number: str, kept: str) -> None:
    assert cut(D(number), 6) == D(kept)
