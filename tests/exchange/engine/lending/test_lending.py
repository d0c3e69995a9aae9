"""What lending does to balances, collateral and margin, and what it leaves alone."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from exchange.engine.lending.bank import (
    ALICE,
    BOB,
    CAROL,
    FULL_US,
    HOUR_US,
    NOW_US,
    ONE,
    PERP,
    POOLS,
    SPOT,
    Bank,
    balanced,
    new_engine,
)
from haversack.exchange.engine.command import ChangeSettings, Elapse, Grant, Place, SetPrices
from haversack.exchange.engine.event import (
    BalanceChanged,
    Declined,
    LiquidatingChanged,
    OrderAccepted,
    Refusal,
    Rejected,
)
from haversack.exchange.engine.lending.event import InterestPaid, LoanChanged, PoolTold
from haversack.exchange.engine.lending.lending import HOURS_MAX, Lending
from haversack.exchange.engine.lending.refusal import LendingRefusal
from haversack.exchange.engine.rules import FeeTier
from haversack.wire.borrow_lend import BorrowLendState
from haversack.wire.borrow_lend_history import BorrowLendEventType, BorrowLendSource, InterestPaymentType
from haversack.wire.enums import Side

D = Decimal


def order(account: int, side: Side, price: int, quantity: int, symbol: str = PERP) -> Place:
    return Place(account=account, symbol=symbol, side=side, price=price, quantity=quantity)


def test_borrowing_is_told_with_its_balance_and_its_entry_fee() -> None:
    bank = Bank()
    first, second, third = bank.ask(ALICE, "Borrow", "50")
    assert isinstance(first, LoanChanged)
    assert (first.kind, first.amount, first.source, first.number) == (
        *(BorrowLendEventType.BORROW, 50 * ONE),
        *(BorrowLendSource.MANUAL, 1),
    )
    assert (first.loan.quantity, first.loan.opened_us, first.loan.is_borrow) == (-50 * ONE, NOW_US, True)
    assert second == BalanceChanged(ALICE, "SOL", 150 * ONE, 0)
    assert isinstance(third, InterestPaid)
    assert (third.kind, third.amount, third.duration_us, third.number) == (InterestPaymentType.ENTRY_FEE, 980, 2_800_000_000, 2)
    assert third.rate_e28 == int(D("0.219").scaleb(28))


def test_a_refusal_changes_nothing() -> None:
    bank = Bank()
    bank.ask(ALICE, "Lend", "10")
    before = bank.engine.state_hash()
    for side, quantity, why in (
        ("Lend", "91", LendingRefusal.INSUFFICIENT_FUNDS),
        ("Borrow", "11", LendingRefusal.REDEEM_FIRST),
        ("Lend", "100000", LendingRefusal.LEND_LIMIT),
    ):
        assert bank.ask(ALICE, side, quantity) == [Declined(why)]
    assert bank.ask(BOB, "Borrow", "750") == [Declined(LendingRefusal.INSUFFICIENT_SUPPLY)]
    assert bank.engine.state_hash() == before


def test_asking_for_the_most_changes_nothing_and_one_step_more_is_refused() -> None:
    bank = Bank()
    bank.ask(ALICE, "Borrow", "5")
    before = bank.engine.state_hash()
    lending = bank.engine.facility(Lending)
    most = {account: lending.max_borrow(account, "SOL", bank.now_us) for account in (ALICE, CAROL)}
    assert bank.engine.state_hash() == before
    for account, amount in most.items():
        assert amount > 0
        refused = bank.ask(account, "Borrow", str(D(amount + 10).scaleb(-6)))
        assert refused in ([Declined(LendingRefusal.INSUFFICIENT_MARGIN)], [Declined(LendingRefusal.INSUFFICIENT_SUPPLY)])
    assert isinstance(bank.ask(ALICE, "Borrow", str(D(most[ALICE]).scaleb(-6)))[0], LoanChanged)


def test_who_lends_an_asset_cannot_borrow_more_of_it() -> None:
    bank = Bank()
    bank.ask(ALICE, "Lend", "10")
    assert bank.engine.facility(Lending).max_borrow(ALICE, "SOL", NOW_US) == 0


def test_what_is_lent_counts_as_collateral_and_not_as_available() -> None:
    bank = Bank()
    before = bank.engine.margin(ALICE)
    bank.ask(ALICE, "Lend", "60")
    assert bank.engine.margin(ALICE) == before
    row = next(each for each in bank.engine.collateral(ALICE) if each.asset == "SOL")
    assert (row.available, row.locked, row.lent) == (40 * ONE, 0, 60 * ONE)
    assert row.total == 100
    assert bank.engine.balances(ALICE)["SOL"] == (40 * ONE, 0)
    assert bank.engine.max_withdrawal(ALICE, "SOL") == 40 * ONE


def test_what_is_owed_is_a_liability_and_exposure() -> None:
    bank = Bank()
    bank.ask(ALICE, "Borrow", "50")
    figures = bank.engine.margin(ALICE)
    owed = D("50.00098") * 100
    assert figures.borrow_liability == figures.liabilities_value == owed
    assert figures.assets_value == 10_000 + 150 * 90
    assert figures.net_equity == figures.assets_value - owed
    assert figures.net_equity_locked == owed / 10
    assert figures.net_exposure_futures == 0
    assert (figures.imf, figures.mmf) == (D("0.1"), D("0.05"))
    assert figures.margin_fraction is not None
    assert round(figures.margin_fraction, 6) == round(figures.net_equity / owed, 6)


def test_an_order_in_a_perpetual_sees_the_debt() -> None:
    bank = Bank()
    bank.engine.apply(SetPrices(((PERP, 100 * 10**8),)), bank.now_us)
    free = bank.engine.max_order_quantity(ALICE, PERP, Side.BID, D(100), reduce_only=False)
    bank.ask(ALICE, "Borrow", "500")
    bound = bank.engine.max_order_quantity(ALICE, PERP, Side.BID, D(100), reduce_only=False)
    assert 0 < bound < free - 4_000
    assert bank.engine.apply(order(ALICE, Side.BID, 10_000, bound + 1), bank.now_us) == [Rejected(Refusal.INSUFFICIENT_MARGIN)]
    assert isinstance(bank.engine.apply(order(ALICE, Side.BID, 10_000, bound), bank.now_us)[0], OrderAccepted)
    assert bank.ask(ALICE, "Borrow", "1") == [Declined(LendingRefusal.INSUFFICIENT_MARGIN)]


def test_a_borrow_ends_what_was_reckoned_for_orders_before() -> None:
    """Orders that follow each other at one price are checked against what the exact figures left the first time."""
    bank = Bank()
    dora = bank.open("dora", ("USDC", 10_000 * ONE))
    bank.engine.apply(SetPrices(((PERP, 100 * 10**8),)), bank.now_us)
    assert isinstance(bank.engine.apply(order(dora, Side.BID, 10_000, 10), bank.now_us)[0], OrderAccepted)
    bank.ask(dora, "Borrow", "60000", "USDC")
    assert bank.engine.apply(order(dora, Side.BID, 10_000, 5_000), bank.now_us) == [Rejected(Refusal.INSUFFICIENT_MARGIN)]


def test_margin_of_who_owes_is_reckoned_anew_for_each_order() -> None:
    """What is owed moves with the market of its asset, and no mark price of a perpetual tells of that."""
    bank = Bank()
    dora = bank.open("dora", ("USDC", 10_000 * ONE))
    bank.engine.apply(SetPrices(((PERP, 100 * 10**8),)), bank.now_us)
    bank.ask(dora, "Borrow", "60", "SOL")
    bank.engine.apply(order(BOB, Side.BID, 10_000, 600, SPOT), bank.now_us)
    bank.engine.apply(order(dora, Side.ASK, 10_000, 600, SPOT), bank.now_us)
    assert isinstance(bank.engine.apply(order(dora, Side.BID, 10_000, 10), bank.now_us)[0], OrderAccepted)
    for side, number in ((Side.ASK, BOB), (Side.BID, CAROL)):
        bank.engine.apply(order(number, side, 24_000, 1, SPOT), bank.now_us)
    assert bank.engine.margin(dora).net_equity < 2_000
    assert bank.engine.apply(order(dora, Side.BID, 10_000, 3_000), bank.now_us) == [Rejected(Refusal.INSUFFICIENT_MARGIN)]


def test_a_withdrawal_leaves_a_debt_its_margin() -> None:
    bank = Bank()
    bank.ask(ALICE, "Borrow", "500")
    left = bank.engine.margin(ALICE).net_equity_available
    assert bank.engine.max_withdrawal(ALICE, "USDC") == int(left.scaleb(6)) < 10_000 * ONE


def test_lower_leverage_is_refused_while_debts_need_it() -> None:
    bank = Bank(leverage=10)
    bank.ask(ALICE, "Borrow", "500")
    settings = msgspec.structs.replace(bank.engine.settings(ALICE), leverage_e8=10**8)
    assert bank.engine.apply(ChangeSettings(ALICE, settings), bank.now_us) == [Rejected(Refusal.LEVERAGE)]


def test_interest_is_paid_at_the_hour_and_time_is_waited_for_only_then() -> None:
    bank = Bank()
    assert bank.engine.facilities_due_us() is None
    bank.ask(ALICE, "Lend", "60")
    assert bank.engine.facilities_due_us() == FULL_US
    assert bank.wait(FULL_US - 1) == []
    paid, told = bank.wait(FULL_US)
    assert isinstance(paid, InterestPaid)
    assert (paid.kind, paid.loan.payments, paid.duration_us) == (InterestPaymentType.LEND, 1, HOUR_US)
    assert isinstance(told, PoolTold)
    assert (told.hour_us, told.lent, told.borrowed) == (FULL_US, 1_060 * ONE + paid.amount, 200 * ONE)
    bank.ask(ALICE, "Borrow", str(bank.quantity(ALICE)))
    assert bank.loan(ALICE) is None
    assert [type(event) for event in bank.wait(FULL_US + HOUR_US)] == [PoolTold]
    assert bank.engine.facilities_due_us() is None


def test_after_a_pause_every_hour_is_paid() -> None:
    bank, patient = Bank(), Bank()
    for each in (bank, patient):
        each.ask(ALICE, "Borrow", "50")
        each.ask(BOB, "Lend", "50")
    bank.wait(FULL_US + 2 * HOUR_US + 5)
    for hours in range(3):
        patient.wait(FULL_US + hours * HOUR_US)
    assert [bank.loan(number) for number in (ALICE, BOB)] == [patient.loan(number) for number in (ALICE, BOB)]
    assert bank.engine.facilities_due_us() == FULL_US + 3 * HOUR_US


def test_a_very_long_pause_is_bounded() -> None:
    bank = Bank()
    bank.ask(ALICE, "Lend", "10")
    events = bank.wait(FULL_US + 10 * HOURS_MAX * HOUR_US)
    assert sum(isinstance(event, PoolTold) for event in events) == HOURS_MAX
    assert bank.engine.facilities_due_us() == FULL_US + (10 * HOURS_MAX + 1) * HOUR_US


def test_the_exchange_keeps_its_part_of_the_interest() -> None:
    bank = Bank()
    bank.ask(ALICE, "Borrow", "50")
    assert bank.engine.fees["SOL"] == 980 // 5
    assert bank.pool().earned == 980 - 980 // 5
    assert all(found == granted for found, granted in balanced(bank.engine).values())


def test_time_is_waited_for_each_second_while_somebody_owes() -> None:
    bank = Bank()
    bank.ask(ALICE, "Lend", "1")
    bank.wait(NOW_US + 1)
    assert bank.engine.next_due_us() == FULL_US
    bank.ask(BOB, "Borrow", "1")
    assert bank.engine.next_due_us() == NOW_US + 1_000_000


def test_an_account_with_position_and_debt_loses_both() -> None:
    bank = Bank()
    engine = bank.engine
    engine.apply(SetPrices(((PERP, 100 * 10**8),)), bank.now_us)
    bank.ask(ALICE, "Borrow", "500")
    # All of it for cash: Bob and Carol have too little for more.
    for number in (BOB, CAROL):
        engine.apply(order(number, Side.BID, 9_900, 900, SPOT), bank.now_us)
    engine.apply(order(ALICE, Side.ASK, 9_900, 1_800, SPOT), bank.now_us)
    engine.apply(order(BOB, Side.ASK, 10_000, 3_000), bank.now_us)
    engine.apply(order(ALICE, Side.BID, 10_000, 3_000), bank.now_us)
    assert (engine.position(ALICE, PERP), bank.quantity(ALICE) < -500) == (3_000, True)
    engine.apply(order(BOB, Side.BID, 8_000, 500), bank.now_us)
    for seconds in range(1, 400):
        bank.now_us = NOW_US + seconds * 1_000_000
        engine.apply(SetPrices(((PERP, max(20, 100 - seconds) * 10**8),)), bank.now_us)
        assert all(found == granted for found, granted in balanced(engine).values())
        if not engine.is_liquidating(ALICE) and seconds > 150:
            break
    assert engine.position(ALICE, PERP) == 0
    assert engine.margin(ALICE).net_equity >= 0


def test_a_liquidated_account_may_only_repay() -> None:
    bank = Bank()
    dora = bank.open("dora", ("USDC", 5_000 * ONE))
    bank.ask(dora, "Lend", "5", "USDC")
    bank.ask(dora, "Borrow", "90")
    bank.engine.apply(order(BOB, Side.BID, 9_900, 900, SPOT), bank.now_us)
    bank.engine.apply(order(dora, Side.ASK, 9_900, 900, SPOT), bank.now_us)
    bank.engine.apply(order(dora, Side.BID, 1_000, 1, SPOT), bank.now_us)
    bank.engine.apply(order(BOB, Side.ASK, 25_000, 1, SPOT), bank.now_us)
    bank.engine.apply(order(CAROL, Side.BID, 25_000, 1, SPOT), bank.now_us)
    bank.engine.apply(order(CAROL, Side.BID, 24_000, 1, SPOT), bank.now_us)
    # A round that cancels does nothing else.
    assert LiquidatingChanged(dora, is_liquidating=True) in bank.wait(NOW_US + 1_000_000)
    refused = [Declined(LendingRefusal.ACCOUNT_LIQUIDATING)]
    for side, asset in (("Borrow", "SOL"), ("Borrow", "USDC"), ("Lend", "USDC")):
        assert bank.ask(dora, side, "1", asset) == refused
    bank.engine.apply(Grant(dora, (("SOL", ONE),)), bank.now_us)
    assert isinstance(bank.ask(dora, "Lend", "1")[0], LoanChanged)


def test_a_loan_that_lasts_can_be_repaid_to_a_pool_that_takes_nothing_new() -> None:
    bank = Bank()
    bank.ask(ALICE, "Borrow", "10")
    bank.ask(BOB, "Lend", "10")
    pool = bank.pool()
    pool.rules = msgspec.structs.replace(pool.rules, state=BorrowLendState.REPAY_ONLY)
    assert isinstance(bank.ask(ALICE, "Lend", "1")[0], LoanChanged)
    assert isinstance(bank.ask(BOB, "Borrow", "1")[0], LoanChanged)
    assert bank.ask(BOB, "Lend", "100") == [Declined(LendingRefusal.REPAY_ONLY)] != bank.ask(ALICE, "Borrow", "1")[:0]
    pool.rules = msgspec.structs.replace(pool.rules, state=BorrowLendState.CLOSED)
    for account, side in ((ALICE, "Lend"), (BOB, "Borrow")):
        assert bank.ask(account, side, "1") == [Declined(LendingRefusal.CLOSED)]


def test_no_pools_are_no_trouble() -> None:
    engine = new_engine(*POOLS[:1])
    assert engine.apply(Elapse(), NOW_US) == []
    assert engine.held_beside == {"USDC": 0}


@pytest.mark.parametrize("side", ["Borrow", "Lend"])
def test_a_quantity_off_the_step_is_our_own_mistake(side: str) -> None:
    bank = Bank()
    with pytest.raises(AssertionError, match="is no multiple of 10"):
        bank.ask(ALICE, side, "0.000001")


def owing(bank: Bank, *amounts: tuple[str, int], **chosen: bool) -> int:
    """An account that owes a fee of 0.5 USDC for a trade in a perpetual."""
    dora = bank.open("dora", *amounts, fees=FeeTier(0, 0, 500, 500))
    settings = msgspec.structs.replace(bank.engine.settings(dora), **chosen)
    bank.engine.apply(ChangeSettings(dora, settings), bank.now_us)
    bank.engine.apply(SetPrices(((PERP, 100 * 10**8),)), bank.now_us)
    bank.engine.apply(order(BOB, Side.ASK, 10_000, 100), bank.now_us)
    bank.engine.apply(order(dora, Side.BID, 10_000, 100), bank.now_us)
    assert bank.engine.unsettled(dora) == -ONE // 2
    return dora


def test_a_settlement_takes_what_is_lent_when_nothing_is_available() -> None:
    bank = Bank()
    dora = owing(bank, ("SOL", 100 * ONE), ("USDC", 10 * ONE))
    bank.ask(dora, "Lend", "9.9", "USDC")
    events = bank.wait(NOW_US + 10_000_000)
    moved = next(event for event in events if isinstance(event, LoanChanged))
    assert (moved.kind, moved.amount, moved.source) == (
        *(BorrowLendEventType.LEND_REDEEM, 4 * ONE // 10),
        BorrowLendSource.RECONCILIATION,
    )
    assert bank.engine.unsettled(dora) == 0
    assert (bank.quantity(dora, "USDC"), bank.available(dora, "USDC")) == (D("9.5"), D(0))


def test_a_settlement_borrows_if_the_account_wants_it() -> None:
    bank, other = Bank(), Bank()
    dora, erin = owing(bank, ("SOL", 100 * ONE), auto_borrow_settlements=True), owing(other, ("SOL", 100 * ONE))
    for each in (bank, other):
        each.wait(NOW_US + 10_000_000)
    assert (bank.engine.unsettled(dora), bank.available(dora, "USDC")) == (0, D(0))
    assert -D("0.5001") < bank.quantity(dora, "USDC") <= -D("0.5")
    assert (other.engine.unsettled(erin), other.loan(erin, "USDC")) == (-ONE // 2, None)


def test_what_becomes_available_is_lent_and_what_a_pool_does_not_take_stays() -> None:
    bank = Bank()
    settings = msgspec.structs.replace(bank.engine.settings(ALICE), auto_lend=True)
    bank.engine.apply(ChangeSettings(ALICE, settings), bank.now_us)
    bank.engine.apply(Grant(ALICE, (("SOL", 50 * ONE),)), bank.now_us)
    assert (bank.available(ALICE), bank.quantity(ALICE)) == (D(0), D(150))
    bank.engine.apply(Grant(ALICE, (("SOL", 900 * ONE), ("USDC", 7))), bank.now_us)
    assert (bank.available(ALICE), bank.available(ALICE, "USDC")) == (D(900), D("0.000007"))


def test_auto_lend_outlasts_a_move_into_another_engine() -> None:
    bank, other = Bank(), new_engine()
    settings = msgspec.structs.replace(bank.engine.settings(ALICE), auto_lend=True)
    bank.engine.apply(ChangeSettings(ALICE, settings), bank.now_us)
    other.load(bank.engine.dump())
    grant = Grant(ALICE, (("SOL", 50 * ONE),))
    assert other.apply(grant, bank.now_us) == bank.engine.apply(grant, bank.now_us)
