"""The largest order is accepted, and one more step is not."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exchange.engine.perpetual.sample import EXAMPLES, SOL, exposure, holdings, units
from haversack.exchange.engine.perpetual.margin import Exposure
from haversack.exchange.engine.perpetual.order_limit import Account, is_allowed, max_order_quantity
from haversack.wire.enums import Side

D = Decimal
BID, ASK = Side.BID, Side.ASK


@pytest.mark.parametrize(
    ("equity", "price", "largest"),
    # The first two are a recorded account's of June 2025.
    [("0.4949635797", "156.66", "0.06"), ("0.4666065797", "156.64", "0.05"), ("0.05", "156.64", "0"), ("50", "100", "10")],
)
@pytest.mark.parametrize("side", [BID, ASK])
def test_flat_account_may_order_its_equity_times_its_leverage(side: Side, equity: str, price: str, largest: str) -> None:
    account = Account(holdings(equity), exposure(mark=price))
    assert max_order_quantity(account, side, D(price)) == units(largest)


def test_exactly_all_that_is_available_may_be_used() -> None:
    account = Account(holdings("50"), exposure())
    assert is_allowed(account, BID, units("10"), D(100))
    assert not is_allowed(account, BID, units("10.01"), D(100))


def test_position_and_orders_leave_less_to_its_side_and_more_to_the_other() -> None:
    account = Account(holdings("50"), exposure("4", bids="2"))
    assert max_order_quantity(account, BID, D(100)) == units("4")
    # It closes 4, opens as much as the bids' side has already, and then what is left.
    assert max_order_quantity(account, ASK, D(100)) == units("14")


def test_other_markets_take_of_the_same_equity() -> None:
    account = Account(holdings("50"), exposure(), (exposure("-7", mark="100"),))
    assert max_order_quantity(account, BID, D(100)) == units("3")


def test_larger_orders_need_more_than_the_leverage_limit_says() -> None:
    account = Account(holdings("1000", "100"), exposure())
    # The factor's root: 0.0001275 * n ** 1.5 reaches 1000 at n = 39,475.2...
    assert max_order_quantity(account, BID, D(100)) == units("394.75")


def test_account_without_margin_may_still_reduce() -> None:
    account = Account(holdings("-10"), exposure("4"))
    assert max_order_quantity(account, BID, D(100)) == 0
    assert max_order_quantity(account, ASK, D(100)) == units("8")
    assert not is_allowed(account, ASK, units("8.01"), D(100))


@pytest.mark.parametrize(
    ("quantity", "side", "largest"), [("4", ASK, "4"), ("4", BID, "0"), ("-4", BID, "4"), ("-4", ASK, "0"), ("0", BID, "0")]
)
def test_order_that_only_reduces_is_at_most_the_position(quantity: str, side: Side, largest: str) -> None:
    account = Account(holdings("1000"), exposure(quantity))
    assert max_order_quantity(account, side, D(100), reduce_only=True) == units(largest)


def test_price_of_the_order_counts_for_what_it_adds() -> None:
    account = Account(holdings("50"), exposure("4"))
    # 4 at the mark of 100, and 600 left for more at 200.
    assert max_order_quantity(account, BID, D(200)) == units("3")


quantities = st.integers(0, 10**5)
perpetuals = st.builds(
    lambda quantity, bids, asks, mark: Exposure(contract=SOL, mark=D(mark).scaleb(-2), quantity=quantity, bids=bids, asks=asks),
    st.integers(-(10**5), 10**5),
    quantities,
    quantities,
    st.integers(1, 10**6),
)


@settings(max_examples=EXAMPLES)
@given(
    st.builds(Account, st.builds(holdings, st.integers(-100, 10**6).map(str), st.integers(1, 50).map(str)), perpetuals),
    st.lists(perpetuals, max_size=2),
    st.sampled_from([BID, ASK]),
    st.integers(1, 10**6),
)
@example(Account(holdings("50"), exposure()), [], BID, 10_000)
def test_largest_order_is_accepted_and_one_more_step_is_not(
    account: Account, others: list[Exposure], side: Side, price: int
) -> None:
    account = Account(account.holdings, account.exposure, others)
    largest = max_order_quantity(account, side, D(price).scaleb(-2))
    assert is_allowed(account, side, largest, D(price).scaleb(-2))
    assert not is_allowed(account, side, largest + SOL.step, D(price).scaleb(-2))
