"""Numbers as text: what fits is never something else."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haversack.tui.figures import change, compact, duration, fixed, lag, percent, rounded


@pytest.mark.parametrize(
    ("number", "width", "text"),
    [
        ("1234567", 7, "1234567"),
        ("1234567", 5, "1.23M"),
        ("8112345", 5, "8.11M"),
        ("919467.12", 5, "919k"),
        ("15601518", 5, "15.6M"),
        ("0.5000", 5, "0.5"),
        ("3.14159265", 5, "3.142"),
        ("0.00000012", 6, "1.2e-7"),
        ("-1234567", 6, "-1.23M"),
        ("123456789012345678901234567890", 6, "1e+29"),
        ("0", 3, "0"),
        ("999999", 4, "1.0M"),
        ("123456", 1, "#"),
        ("0.00050000000000025", 6, "5.0e-4"),
    ],
)
def test_number_is_shortened_to_what_fits(number: str, width: int, text: str) -> None:
    assert compact(D(number), width) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=D("1e-20"), max_value=D("1e30")), st.integers(6, 14))
def test_shortened_number_fits_and_is_close(number: D, width: int) -> None:
    text = compact(number, width)
    assert len(text) <= width
    scale = {"k": 3, "M": 6, "B": 9, "T": 12}.get(text[-1], 0)
    shown = D(text[:-1] if scale else text).scaleb(scale)
    assert abs(shown - number) <= number / 2


def test_price_keeps_the_decimals_that_it_has_beyond_those_of_the_tick() -> None:
    assert fixed(D("100.5"), 2) == "100.50"
    assert fixed(D("100.123"), 2) == "100.123"
    assert fixed(D("100.810000000"), 2) == "100.81"
    assert fixed(D("0.000003138"), 9) == "0.000003138"
    assert fixed(D("1e30"), 1) == "1" + "0" * 30 + ".0"


def test_rounded_takes_any_length() -> None:
    assert rounded(D("123456789012345678901234567890.126"), 2) == "123456789012345678901234567890.13"


def test_change_is_in_percent_with_its_sign() -> None:
    assert [percent(change(D(100), D(last))) for last in ("101.73", "98.5", "100")] == ["+1.73%", "-1.50%", "+0.00%"]
    assert percent(change(D(0), D(1))) == "-"


def test_time_is_said_in_its_largest_unit() -> None:
    assert [duration(s * 1_000_000) for s in (0, 119, 120, 7_200, 172_800)] == ["0 s", "119 s", "2 min", "2 h", "2 d"]
    assert duration(-5) == "0 s"
    assert [lag(us) for us in (0, 340_000, -3_000, 12_000_000)] == ["0 ms", "340 ms", "-3 ms", "12 s"]
    assert [lag(us) for us in (-4_610_000_000, 7_200_000_000)] == ["-76 min", "2 h"]
