"""Between decimals and integers, and between times and integers: what would lose a digit is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haversack.errors import InexactNumber, UsageError
from haversack.units import (
    compact,
    decimals_of,
    from_time_us,
    padded,
    plain,
    stripped,
    to_decimal,
    to_time_us,
    to_units,
)

numbers = st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("-1e25"), max_value=Decimal("1e25"), places=8)
scales = st.integers(0, 18)


@pytest.mark.parametrize(("value", "number"), [("1.50", "1.50"), (3, "3"), (Decimal("0E-8"), "0E-8"), ("-7", "-7")])
def test_decimal_comes_from_a_numeral_an_int_or_a_decimal(value: Any, number: str) -> None:
    assert str(to_decimal(value)) == number


@pytest.mark.parametrize("value", [1.5, True, None, b"1", [1]])
def test_other_kinds_are_refused_with_the_right_way_to_write_it(value: Any) -> None:
    with pytest.raises(UsageError, match="price must be a Decimal, str or int"):
        to_decimal(value, "price")


@pytest.mark.parametrize("text", ["", "x", "1,5", "NaN", "Infinity", "1E+999999999", "9" * 65, "0." + "0" * 70 + "1"])
def test_text_that_is_no_number_of_a_sane_length_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        to_decimal(text)


@given(units=st.integers(-(10**30), 10**30), scale=scales)
def test_units_come_back_from_both_decimal_styles(units: int, scale: int) -> None:
    for number in (padded(units, scale), compact(units, scale)):
        assert to_units(number, scale) == units
        assert "E" not in plain(number)


@given(number=numbers)
def test_stripping_keeps_the_value_and_ends_without_zero(number: Decimal) -> None:
    text = plain(stripped(number))
    assert Decimal(text) == number
    assert "." not in text or text[-1] not in "0."


@pytest.mark.parametrize(
    ("units", "scale", "long", "short"), [(9900, 2, "99.00", "99"), (0, 8, "0.00000000", "0"), (5, 0, "5", "5")]
)
def test_padded_and_compact(units: int, scale: int, long: str, short: str) -> None:
    assert (plain(padded(units, scale)), plain(compact(units, scale))) == (long, short)


def test_number_with_too_many_decimals_is_refused() -> None:
    with pytest.raises(InexactNumber, match=r"price 20\.005 has more than 2 decimals"):
        to_units(Decimal("20.005"), 2, "price")


@pytest.mark.parametrize(("increment", "decimals"), [("0.01", 2), ("0.0100", 2), ("1", 0), ("100", 0), ("1E-8", 8)])
def test_decimals_of_an_increment(increment: str, decimals: int) -> None:
    assert decimals_of(Decimal(increment)) == decimals


@given(time_us=st.integers(-(10**16), 10**17))
def test_time_comes_back_to_the_microsecond(time_us: int) -> None:
    assert to_time_us(from_time_us(time_us)) == time_us


def test_time_of_another_zone_is_the_same_moment() -> None:
    there = datetime(2026, 9, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert to_time_us(there) == to_time_us(datetime(2026, 9, 1, tzinfo=UTC))


def test_time_without_a_zone_is_refused() -> None:
    with pytest.raises(UsageError, match="tzinfo=UTC"):
        to_time_us(datetime(2026, 9, 1))  # noqa: DTZ001  The mistake that is refused.
