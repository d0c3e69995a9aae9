"""The five-minute mean against adding up every second."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from haversack.exchange.engine.mean import WINDOW_S, MeanPrice

TOLD = st.lists(st.tuples(st.integers(0, 400), st.integers(1, 10**9)), min_size=1, max_size=40)


def added_up(told: list[tuple[int, int]]) -> Fraction:
    """The price of each second of the window that ends with the newest."""
    newest_s = told[-1][0]
    seconds = range(max(told[0][0], newest_s - WINDOW_S + 1), newest_s + 1)
    prices = [[price for since_s, price in told if since_s <= second][-1] for second in seconds]
    return Fraction(sum(prices), len(prices))


@given(TOLD)
def test_mean_is_that_of_every_second(steps: list[tuple[int, int]]) -> None:
    mean, told, second = MeanPrice(), list[tuple[int, int]](), 1_790_000_000
    for pause_s, price in steps:
        second += pause_s
        mean.tell(price, second)
        if not told or second > told[-1][0]:
            told.append((second, price))
        assert mean.mean is not None
        assert Fraction(*mean.mean) == added_up(told)
    assert len(mean.told) <= WINDOW_S + 1


def test_second_keeps_its_first_price_and_time_never_goes_back() -> None:
    mean = MeanPrice()
    for second, price in ((10, 100), (10, 500), (9, 500)):
        mean.tell(price, second)
    assert mean.mean == (100, 1)
    assert mean.told == [(10, 100)]


def test_there_is_no_mean_before_the_first_price() -> None:
    assert MeanPrice().mean is None
