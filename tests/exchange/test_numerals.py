"""Which texts are numbers, and what is said of the others."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haversack.exchange.numerals import INT64, UINT32, UINT64, NotANumber, decimal, integer

LARGEST = 2**96 - 1


@pytest.mark.parametrize(
    ("text", "bounds", "words"),
    [
        ("", UINT64, "cannot parse integer from empty string"),
        ("-", INT64, "invalid digit found in string"),
        ("+", UINT64, "invalid digit found in string"),
        ("-1", UINT32, "invalid digit found in string"),
        ("1.5", INT64, "invalid digit found in string"),
        (" 1", INT64, "invalid digit found in string"),
        ("1_000", INT64, "invalid digit found in string"),
        ("\u0661", INT64, "invalid digit found in string"),
        ("4294967296", UINT32, "number too large to fit in target type"),
        ("9" * 5_000, UINT64, "number too large to fit in target type"),
        ("-9223372036854775809", INT64, "number too small to fit in target type"),
    ],
)
def test_text_that_is_no_integer_of_its_type_is_told_why(text: str, bounds: tuple[int, int], words: str) -> None:
    with pytest.raises(NotANumber) as fault:
        integer(text, bounds)
    assert str(fault.value) == words


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("-0", 0), ("+7", 7), ("007", 7), ("-9223372036854775808", -(2**63))])
def test_integers_may_have_signs_and_zeros_in_front(text: str, number: int) -> None:
    assert integer(text, INT64) == number


@given(st.integers(*INT64))
def test_every_integer_is_read(number: int) -> None:
    assert integer(str(number), INT64) == number


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("-", "no digits found"),
        (".", "no digits found"),
        ("1.2.3", "two decimal points"),
        ("_1", "must start lead with a number"),
        ("1e2", "unknown character"),
        ("1,5", "unknown character"),
        ("NaN", "unknown character"),
        (" 1", "unknown character"),
        ("--1", "unknown character"),
        ("79228162514264337593543950336", "overflow from too many digits"),
        ("9" * 5_000, "overflow from too many digits"),
    ],
)
def test_text_that_is_no_decimal_is_told_why(text: str, words: str) -> None:
    with pytest.raises(NotANumber) as fault:
        decimal(text)
    assert str(fault.value) == f"Invalid decimal: {words}"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("20.10", "20.10"),
        ("-.5", "-0.5"),
        ("+5.", "5"),
        ("007", "7"),
        ("1_000.5", "1000.5"),
        (str(LARGEST), str(LARGEST)),
        (f"{LARGEST}.4", str(LARGEST)),
        ("0." + "0" * 27 + "15", "0." + "0" * 27 + "2"),
        ("0." + "0" * 40 + "9", "0"),
        ("7.92281625142643375935439503364", "7.922816251426433759354395034"),
    ],
)
def test_decimals_are_exact_up_to_what_96_bits_and_28_decimals_hold(text: str, number: str) -> None:
    assert decimal(text) == Decimal(number)


@pytest.mark.parametrize(
    ("text", "digits", "exponent"), [("0.10", (1, 0), -2), ("100", (1, 0, 0), 0), ("007.5", (7, 5), -1), ("0.00", (0,), -2)]
)
def test_decimals_keep_their_zeros(text: str, digits: tuple[int, ...], exponent: int) -> None:
    assert decimal(text).as_tuple() == (0, digits, exponent)


@given(st.integers(-LARGEST, LARGEST), st.integers(0, 28))
def test_every_decimal_that_fits_is_read_as_it_is(units: int, decimals: int) -> None:
    number = Decimal((int(units < 0), tuple(map(int, str(abs(units)))), -decimals))
    assert decimal(f"{number:f}") == number
