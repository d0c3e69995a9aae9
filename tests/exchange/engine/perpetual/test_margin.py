"""Account figures from positions and open orders. The figures of the first accounts are those of a recorded one of June 2025."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.engine.perpetual.sample import EXAMPLES, SOL, exposure, fill, holdings, opened, units
from haversack.exchange.engine.perpetual.contract import Contract
from haversack.exchange.engine.perpetual.decimal96 import minus, plus
from haversack.exchange.engine.perpetual.margin import (
    Exposure,
    account_margin,
    est_liquidation_price,
    flat_mmf,
    fraction,
)
from haversack.exchange.engine.perpetual.position import pnl_unrealized
from haversack.wire.markets import MarginFunction

D = Decimal


@pytest.mark.parametrize(
    ("notional", "imf"),
    # Where the root takes over: (0.02 / 0.0001275) squared is 24605.92...
    [("0", "0.02"), ("9.3986768382", "0.02"), ("24605", "0.02"), ("40000", "0.0255"), ("1000000", "0.1275")],
)
def test_margin_fraction_grows_with_the_root_of_the_notional(notional: str, imf: str) -> None:
    assert fraction(SOL.imf_function, D(notional)) == D(imf)


def test_account_without_exposure_shows_its_limits_and_owes_what_is_unsettled() -> None:
    figures = account_margin(holdings("0.5040235797", unsettled_equity="-0.00906", flat_mmf="0.0125"), [])
    assert (figures.net_equity, figures.net_equity_available) == (D("0.4949635797"), D("0.4949635797"))
    assert (figures.liabilities_value, figures.borrow_liability) == (D("0.00906"), D(0))
    assert (figures.imf, figures.mmf, figures.margin_fraction) == (D("0.05"), D("0.0125"), None)
    assert (figures.net_exposure_futures, figures.net_equity_locked, figures.pnl_unrealized) == (D(0), D(0), D(0))


def test_profit_that_is_unsettled_is_no_negative_liability() -> None:
    figures = account_margin(holdings("100", unsettled_equity="3", borrow_liability="20"), [])
    assert (figures.liabilities_value, figures.net_equity) == (D(20), D(83))


def test_position_locks_what_the_leverage_limit_demands() -> None:
    figures = account_margin(holdings("100"), [exposure("10", pnl_unrealized=D("-5"))])
    assert (figures.net_exposure_futures, figures.net_equity, figures.pnl_unrealized) == (D(1000), D(95), D(-5))
    assert (figures.imf, figures.net_equity_locked, figures.net_equity_available) == (D("0.05"), D(50), D(45))
    assert (figures.margin_fraction, figures.mmf) == (D("0.095"), D("0.0125"))


def test_position_locks_its_own_fraction_where_that_is_more() -> None:
    figures = account_margin(holdings("1000", "100"), [exposure("100"), exposure("-400")])
    # 2 percent of 10,000, and 2.55 percent of 40,000.
    assert figures.net_equity_locked == 200 + 1020
    assert figures.imf == D("0.0244")
    assert figures.mmf == (125 + D("0.0153") * 40000) / 50000


@pytest.mark.parametrize(
    ("quantity", "bids", "asks", "exposed"),
    [
        ("5", "0", "0", "5"),
        ("-5", "0", "0", "5"),
        ("5", "2", "0", "7"),
        ("5", "0", "3", "5"),
        ("5", "0", "12", "7"),
        ("5", "1", "12", "7"),
        ("5", "3", "12", "8"),
        ("-5", "3", "2", "7"),
        ("0", "3", "2", "3"),
    ],
)
def test_exposure_is_the_worse_side_of_position_and_orders(quantity: str, bids: str, asks: str, exposed: str) -> None:
    found = exposure(quantity, mark="10", bids=bids, asks=asks)
    assert found.exposed == units(exposed)
    assert found.notional == 10 * D(exposed)


def test_open_orders_lock_margin_but_do_not_bring_liquidation_nearer() -> None:
    alone, with_orders = (account_margin(holdings("100"), [exposure("10", bids=bids)]) for bids in ("0", "5"))
    assert (alone.net_equity_locked, with_orders.net_equity_locked) == (D(50), D(75))
    for figures in (alone, with_orders):
        assert figures.margin_fraction is not None
        assert round(figures.margin_fraction / figures.mmf, 20) == 8


def test_long_position_is_liquidated_below_and_a_short_one_above_the_mark() -> None:
    assert est_liquidation_price(D("100"), exposure("10")) == D("91.25")
    assert est_liquidation_price(D("100"), exposure("-10")) == D("108.75")


def test_no_price_is_low_enough_for_a_position_that_is_paid_for() -> None:
    assert est_liquidation_price(D("2000"), exposure("10")) == 0


@pytest.mark.parametrize(
    ("quantity", "entry", "mark", "equity", "expected"),
    [
        # Net equity without unrealized profit is what the recorded orders of the account leave after their fees.
        ("0.06", "156.66", "156.64461397", "0.4907335797", "150.43916198295833333333333333"),
        ("0.04", "156.66", "156.65481684", "0.4830835797", "146.541087558"),
        ("0.04", "156.66", "156.65470588", "0.4830835797", "146.54107521099999999999999999"),
        ("0.04", "156.56", "156.59091911", "0.4622785797", "146.960441106375"),
    ],
)
def test_estimated_liquidation_price_to_the_last_digit(
    quantity: str, entry: str, mark: str, *, equity: str, expected: str
) -> None:
    profit = pnl_unrealized(opened(fill(quantity, entry)), D(mark), SOL)
    assert est_liquidation_price(plus(D(equity), profit), exposure(quantity, mark=mark)) == D(expected)


@pytest.mark.parametrize(
    ("bases", "mmf"),
    [(("0.0125", "0.025"), "0.0125"), (("0.0135", "0.00666667"), "0.007"), ((), "0")],
)
def test_flat_account_shows_the_smallest_maintenance_base(bases: tuple[str, ...], mmf: str) -> None:
    assert flat_mmf(MarginFunction(base=D(base), factor=D(0), type="sqrt") for base in bases) == D(mmf)


small = st.integers(0, 10**6)
exposures = st.builds(
    lambda quantity, bids, asks, mark: Exposure(contract=SOL, mark=D(mark).scaleb(-2), quantity=quantity, bids=bids, asks=asks),
    st.integers(-(10**6), 10**6),
    small,
    small,
    st.integers(1, 10**6),
)


@settings(max_examples=EXAMPLES)
@given(st.lists(exposures, min_size=1, max_size=4), st.integers(1, 50), small)
def test_more_orders_never_lock_less(each: list[Exposure], leverage_limit: int, more: int) -> None:
    account = holdings("1000", str(leverage_limit))
    before = account_margin(account, each)
    for larger in (
        msgspec.structs.replace(each[0], bids=each[0].bids + more),
        msgspec.structs.replace(each[0], asks=each[0].asks + more),
    ):
        after = account_margin(account, [larger, *each[1:]])
        assert after.net_equity_locked >= before.net_equity_locked
        assert after.net_equity_available == minus(after.net_equity, after.net_equity_locked)
        assert after.net_exposure_futures >= before.net_exposure_futures


@settings(max_examples=EXAMPLES)
@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_margin_of_a_position_grows_with_it(one: int, other: int) -> None:
    less, more = sorted((D(one), D(other)))
    for function in (SOL.imf_function, SOL.mmf_function):
        assert fraction(function, less) <= fraction(function, more)
        assert fraction(function, less) * less <= fraction(function, more) * more
    assert fraction(SOL.mmf_function, more) < fraction(SOL.imf_function, more)


def test_contract_shows_its_integers_without_trailing_zeros() -> None:
    contract: Contract = SOL
    assert (str(contract.quantity(units("1.50"))), str(contract.amount(150_000_000))) == ("1.5", "1.5")
    assert contract.amount_unit == 100
