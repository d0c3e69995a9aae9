"""What fills make of a position."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.engine.perpetual.sample import EXAMPLES, SOL, after, cents, fill, opened, units
from haversack.exchange.engine.perpetual.position import (
    Change,
    Fill,
    Position,
    break_even_price,
    change,
    entry_price,
    part,
    pnl_unrealized,
    with_funding,
)
from haversack.exchange.engine.perpetual.settlement import Settlement, trading_fee
from haversack.wire.settlements import SettlementSource

D = Decimal
FEES, PROFIT = SettlementSource.TRADING_FEES, SettlementSource.REALIZE_PNL


def test_bid_opens_a_long_position_under_the_new_id() -> None:
    position = opened(fill("0.06", "156.66", fee="0.00423"))
    assert (position.position_id, position.quantity, position.net_cost) == (1, units("0.06"), cents("9.3996"))
    assert (entry_price(position, SOL), position.pnl_realized, position.fees) == (D("156.66"), 0, cents("0.00423"))
    assert break_even_price(position, SOL) == D("156.7305")


def test_position_of_january_2026_is_what_a_tier_one_taker_gets() -> None:
    fee = trading_fee(cents("1.2861"), 500, SOL.amount_unit)
    bought = opened(Fill(quantity=units("0.01"), quote=cents("1.2861"), fee=fee))
    assert (entry_price(bought, SOL), break_even_price(bought, SOL)) == (D("128.61"), D("128.6744"))
    assert pnl_unrealized(bought, D("128.59"), SOL) == D("-0.0002")


def test_ask_opens_a_short_position_with_a_negative_cost() -> None:
    position = opened(fill("-0.06", "156.66", fee="0.00423"))
    assert (position.quantity, position.net_cost, entry_price(position, SOL)) == (units("-0.06"), cents("-9.3996"), D("156.66"))
    assert break_even_price(position, SOL) == D("156.5895")


def test_enlarging_averages_the_entry_price() -> None:
    position = opened(fill("1", "100"), fill("2", "103"))
    assert (entry_price(position, SOL), position.net_cost, position.pnl_realized) == (D("102"), cents("306"), 0)
    assert position.position_id == 1


def test_mean_entry_without_an_end_is_rounded_as_the_exchange_does() -> None:
    assert entry_price(opened(fill("1", "100"), fill("2", "100.01")), SOL) == D("100.00666666666666666666666667")
    assert entry_price(opened(fill("1", "1"), fill("2", "1.01")), SOL) == D("1.0066666666666666666666666667")


@pytest.mark.parametrize(("sign", "profit"), [("", "-0.0001"), ("-", "0.0001")])
def test_reducing_leaves_the_entry_and_realizes_the_difference(sign: str, profit: str) -> None:
    other = "" if sign else "-"
    first, second = after(fill(f"{sign}0.05", "156.56"), fill(f"{other}0.01", "156.55"))
    position = second.position
    assert position is not None
    assert entry_price(position, SOL) == D("156.56")
    assert position.net_cost == cents(f"{sign}6.2625")
    assert position.pnl_realized == cents(profit)
    assert (first.settlements, second.settlements) == ((), (Settlement(PROFIT, cents(profit), 1),))


def test_break_even_after_a_reduction_counts_all_that_was_paid_and_received() -> None:
    # Recorded 2025-06.
    position = opened(fill("0.05", "156.56", fee="0.003523"), fill("-0.01", "156.55", fee="0.000705"))
    assert break_even_price(position, SOL) == D("156.6682")


def test_closing_tells_the_closed_position_and_settles_profit_and_fee() -> None:
    last = after(fill("2", "100", fee="0.1"), fill("-2", "101.5", fee="0.2"))[-1]
    assert last.position is None
    assert last.closed is not None
    assert (last.closed.quantity, last.closed.pnl_realized, last.closed.fees) == (0, cents("3"), cents("0.3"))
    assert (last.closed.closed_quantity, last.closed.closed_quote) == (units("2"), cents("203"))
    assert last.settlements == (Settlement(PROFIT, cents("3"), 1), Settlement(FEES, cents("-0.2"), 1))


def test_profit_of_reductions_does_not_round_away() -> None:
    # The entry has no end: three reductions of a third each must still realize exactly what the fills brought.
    fills = [fill("1", "100"), fill("2", "100.01"), *[fill("-1", "100.02")] * 3]
    *_, last = after(*fills)
    assert last.closed is not None
    assert last.closed.pnl_realized == cents("0.04")


def test_flip_closes_and_opens_under_a_new_id() -> None:
    last = after(fill("2", "100"), fill("-5", "101", fee="0.25"))[-1]
    assert last.closed is not None
    assert last.position is not None
    assert (last.closed.position_id, last.closed.pnl_realized, last.closed.fees) == (1, cents("2"), cents("0.1"))
    assert (last.position.position_id, last.position.quantity) == (2, units("-3"))
    assert (entry_price(last.position, SOL), last.position.net_cost) == (D("101"), cents("-303"))
    assert (last.position.fees, last.position.pnl_realized) == (cents("0.15"), 0)
    assert [each.position_id for each in last.settlements] == [1, 1, 2]


def test_liquidation_fee_is_counted_and_settled_apart() -> None:
    position = opened(fill("2", "100"))
    reduced = change(position, fill("-1", "100", fee="0.05", liquidation_fee="1"), new_id=9)
    assert reduced.position is not None
    assert (reduced.position.fees, reduced.position.liquidation_fees) == (cents("0.05"), cents("1"))
    assert Settlement(SettlementSource.TRADING_FEES_SYSTEM, cents("-1"), 1) in reduced.settlements
    assert break_even_price(reduced.position, SOL) == D("101.05")


def test_funding_moves_the_break_even_price_and_is_settled() -> None:
    paid = with_funding(opened(fill("2", "100")), cents("-0.5"))
    assert paid.position is not None
    assert (paid.position.funding, paid.position.pnl_realized) == (cents("-0.5"), 0)
    assert paid.settlements == (Settlement(SettlementSource.FUNDING_PAYMENT, cents("-0.5"), 1),)
    assert break_even_price(paid.position, SOL) == D("100.25")
    assert with_funding(paid.position, 0).settlements == ()


@pytest.mark.parametrize(
    ("quantity", "mark", "profit"),
    [
        ("0.06", "156.64461397", "-0.000923"),
        ("-0.06", "156.64461397", "0.000923"),
        ("0.04", "156.67091911", "0.000436"),
    ],
)
def test_unrealized_profit_is_cut_after_six_decimals(quantity: str, mark: str, profit: str) -> None:
    assert pnl_unrealized(opened(fill(quantity, "156.66")), D(mark), SOL) == D(profit)


def test_part_of_a_fill_has_its_price() -> None:
    assert part(fill("-5", "101.01", fee="0.00000007"), units("-2")) == fill("-2", "101.01", fee="0.00000002")


# Random fills: quantity and price in their smallest units, and a fee.
fills = st.lists(
    st.builds(
        lambda quantity, price, fee: Fill(quantity=quantity, quote=abs(quantity) * price * 10**4, fee=fee),
        st.integers(-500, 500).filter(bool),
        st.integers(1, 30_000),
        st.integers(0, 10**6),
    ),
    min_size=1,
    max_size=30,
)


class Told(NamedTuple):
    """Everything that fills did to one account."""

    changes: list[Change]
    position: Position | None

    @property
    def settled(self) -> int:
        return sum(each.amount for one in self.changes for each in one.settlements)


def told(account_fills: list[Fill]) -> Told:
    changes = after(*account_fills)
    return Told(changes, changes[-1].position if changes else None)


def cash(account_fills: list[Fill]) -> int:
    """What fills brought, less what they cost, fees too."""
    return -sum(each.quote if each.quantity > 0 else -each.quote for each in account_fills) - sum(
        each.fee for each in account_fills
    )


@settings(max_examples=EXAMPLES)
@given(fills)
def test_settlements_and_what_is_open_are_the_cash_of_all_fills(account_fills: list[Fill]) -> None:
    account = told(account_fills)
    basis = account.position.basis if account.position else 0
    assert account.settled - basis == cash(account_fills)


@settings(max_examples=EXAMPLES)
@given(fills)
def test_what_is_open_costs_entry_times_quantity(account_fills: list[Fill]) -> None:
    position = told(account_fills).position
    if position:
        exact = entry_price(position, SOL) * SOL.quantity(position.quantity)
        assert abs(exact - SOL.amount(position.basis)) <= SOL.amount(1)
        assert position.quantity == sum(each.quantity for each in account_fills)


@settings(max_examples=EXAMPLES)
@given(fills)
def test_closed_position_realized_exactly_what_its_fills_brought(account_fills: list[Fill]) -> None:
    quantity = sum(each.quantity for each in account_fills)
    last = [Fill(quantity=-quantity, quote=abs(quantity) * 10**8)] if quantity else []
    account = told(account_fills + last)
    assert account.position is None
    assert account.settled == cash(account_fills + last)
    for each in account.changes:
        if each.closed:
            assert (each.closed.quantity, each.closed.net_cost) == (0, -each.closed.pnl_realized)


@settings(max_examples=EXAMPLES)
@given(fills, st.integers(1, 30_000))
def test_both_sides_of_all_trades_sum_to_zero(one_side: list[Fill], mark: int) -> None:
    other_side = [Fill(quantity=-each.quantity, quote=each.quote) for each in one_side]
    # The other side of each trade is one of two accounts.
    groups = [one_side, other_side[::2], other_side[1::2]]
    total = 0
    for group in (group for group in groups if group):
        account = told(group)
        realized = sum(each.amount for one in account.changes for each in one.settlements if each.source == PROFIT)
        value = account.position.quantity * mark * 10**4 - account.position.basis if account.position else 0
        total += realized + value
    assert total == 0


@settings(max_examples=EXAMPLES)
@given(fills, st.integers(1, 400), st.integers(1, 30_000))
def test_flip_is_a_close_and_an_opening(account_fills: list[Fill], beyond: int, price: int) -> None:
    position = told(account_fills).position
    if position is None:
        return
    sign = -1 if position.quantity > 0 else 1
    quantity = -position.quantity + sign * beyond
    flip = Fill(quantity=quantity, quote=abs(quantity) * price * 10**4, fee=12_345)
    closing = part(flip, -position.quantity)
    opening = Fill(quantity=sign * beyond, quote=beyond * price * 10**4, fee=flip.fee - closing.fee)
    at_once = change(position, flip, new_id=77)
    first, second = change(position, closing, new_id=76), change(None, opening, new_id=77)
    assert (at_once.closed, at_once.position) == (first.closed, second.position)
    assert at_once.settlements == first.settlements + second.settlements
    assert first.position is None
