"""Mark prices, and what they bound."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.engine.perpetual.sample import EXAMPLES
from haversack.exchange.engine.mean import MeanPrice
from haversack.exchange.engine.perpetual.mark import MarkRules, MarkState, Quotes, next_mark
from haversack.exchange.engine.perpetual.open_interest import opens_too_much
from haversack.exchange.engine.perpetual.premium_band import PREMIUM_ONE, premium_bounds, premium_of
from haversack.exchange.engine.rules import Ratio
from haversack.units import to_units
from haversack.wire.enums import Side

TICK_E18 = 10**16
RULES = MarkRules(tick_e18=TICK_E18)
BOUND = MarkRules(tick_e18=TICK_E18, update_max=Ratio(10_025, 10_000), update_min=Ratio(9_975, 10_000))
MINUTE_US = 60_000_000


def e18(price: str) -> int:
    return to_units(Decimal(price), 18)


def quotes(index: str = "", bid: str = "", ask: str = "", last: str = "", **more: bool) -> Quotes:
    """Empty is missing."""
    index_e18, bid_e18, ask_e18, last_e18 = (e18(each) if each else None for each in (index, bid, ask, last))
    return Quotes(index_e18=index_e18, bid_e18=bid_e18, ask_e18=ask_e18, last_e18=last_e18, **more)


@pytest.mark.parametrize(
    ("seen", "mark"),
    [
        (quotes("100", "100.10", "100.30", "99"), "100.20"),
        (quotes("100", "", "100.30", "99"), "100"),
        (quotes("100", "100.10", "100.30", is_post_only=True), "100"),
        (quotes("", "100.10", "100.30", "100.25"), "100.25"),
        (quotes("", "100.10", "100.30", "99"), "100.10"),
        (quotes("", "100.10", "100.30"), "100.20"),
        (quotes("", "100.10", "", "99"), "99"),
        # On the tick: a half goes up.
        (quotes("100.004"), "100"),
        (quotes("100.005"), "100.01"),
        # Never further than the bound from the index.
        (quotes("100", "120", "130"), "105"),
        (quotes("100", "70", "80"), "95"),
        (quotes("0.001"), "0.01"),
    ],
)
def test_first_mark_price_is_made_of_what_there_is(seen: Quotes, mark: str) -> None:
    assert next_mark(MarkState(), seen, RULES, 0).mark_e18 == e18(mark)


def test_nothing_known_leaves_the_mark_price_as_it_was() -> None:
    assert next_mark(MarkState(), quotes(), RULES, 0) == MarkState()
    known = MarkState(mark_e18=e18("100"))
    assert next_mark(known, quotes(bid="90"), RULES, 0) == known


def test_basis_follows_the_book_by_half_in_a_minute() -> None:
    state = next_mark(MarkState(), quotes("100", "100", "100"), RULES, 0)
    state = next_mark(state, quotes("100", "101", "101"), RULES, MINUTE_US)
    assert (state.basis_e18, state.mark_e18) == (e18("0.5"), e18("100.5"))
    state = next_mark(state, quotes("100", "101", "101"), RULES, MINUTE_US)
    assert state.mark_e18 == e18("100.5")
    # Without a middle the basis is kept for later, and not used.
    state = next_mark(state, quotes("102", "101", ""), RULES, 2 * MINUTE_US)
    assert (state.basis_e18, state.sampled_us, state.mark_e18) == (e18("0.5"), MINUTE_US, e18("102"))


@pytest.mark.parametrize(
    ("index", "mark"), [("101", "100.25"), ("99", "99.75"), ("100.1", "100.1"), ("120", "100.25"), ("80", "99.75")]
)
def test_one_update_moves_the_mark_price_at_most_by_its_bound(index: str, mark: str) -> None:
    assert next_mark(MarkState(mark_e18=e18("100")), quotes(index), BOUND, 0).mark_e18 == e18(mark)


def test_bound_of_an_update_leaves_a_tick_to_prices_of_few_ticks() -> None:
    assert next_mark(MarkState(mark_e18=e18("0.02")), quotes("5"), BOUND, 0).mark_e18 == e18("0.03")
    assert next_mark(MarkState(mark_e18=e18("0.02")), quotes("0.001"), BOUND, 0).mark_e18 == e18("0.01")


prices = st.integers(1, 10**6).map(lambda price: price * TICK_E18)


@settings(max_examples=EXAMPLES)
@given(prices, prices, prices, prices)
def test_update_stays_on_the_tick_and_within_its_bound(before: int, index: int, bid: int, ask: int) -> None:
    seen = Quotes(index_e18=index, bid_e18=bid, ask_e18=ask)
    mark_e18 = next_mark(MarkState(mark_e18=before), seen, BOUND, 0).mark_e18
    assert mark_e18 is not None
    assert mark_e18 % TICK_E18 == 0
    assert abs(mark_e18 - before) * 10_000 <= max(before * 25, TICK_E18 * 10_000)


def test_fills_stay_within_the_tolerance_of_the_mean_premium() -> None:
    tolerance = Ratio(5, 100)
    assert premium_bounds(e18("100"), (0, 1), tolerance) == (e18("95"), e18("105"))
    mean = MeanPrice()
    for second in range(301):
        mean.tell(premium_of(e18("101"), e18("100")), second)
    assert mean.mean is not None
    assert premium_bounds(e18("200"), mean.mean, tolerance) == (e18("192"), e18("212"))


def test_bounds_of_fills_are_rounded_inwards() -> None:
    lowest, highest = premium_bounds(10, (PREMIUM_ONE // 3, 1), Ratio(1, 10))
    # 10 * (1 + 1/3 -+ 1/10) is 12.33... and 14.33...
    assert (lowest, highest) == (13, 14)
    assert premium_bounds(10, (-PREMIUM_ONE, 1), Ratio(1, 10)) == (0, 1)


@pytest.mark.parametrize(
    ("position", "side", "quantity", "refused"),
    [
        (0, Side.BID, 10, False),
        (0, Side.BID, 11, True),
        (0, Side.ASK, 11, True),
        (-5, Side.BID, 15, False),
        (-5, Side.BID, 16, True),
        (5, Side.BID, 11, True),
        (5, Side.ASK, 15, False),
        (5, Side.ASK, 16, True),
    ],
)
def test_order_may_open_what_the_limit_leaves(position: int, side: Side, quantity: int, refused: bool) -> None:
    assert opens_too_much(90, 100, position=position, side=side, quantity=quantity) is refused


def test_position_can_be_reduced_above_the_limit_and_without_one_all_is_allowed() -> None:
    assert not opens_too_much(200, 100, position=5, side=Side.ASK, quantity=5)
    assert opens_too_much(200, 100, position=5, side=Side.ASK, quantity=6)
    assert not opens_too_much(200, None, position=0, side=Side.BID, quantity=10**9)
