"""Orders that may call on more than the balance: what is called on, what is given back, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.engine.lending.bank import ALICE, BOB, CAROL, NOW_US, ONE, POOLS, SPOT, Bank, balanced, new_engine
from haversack.exchange.engine.backing import Backing, backing_of
from haversack.exchange.engine.command import Cancel, CancelAll, ChangeSettings, Grant, Place, Trigger
from haversack.exchange.engine.event import Event, OrderAccepted, Refusal, Rejected, TriggerFailed, TriggerFired
from haversack.exchange.engine.lending.event import LoanChanged
from haversack.exchange.engine.rules import AccountSettings, FeeTier
from haversack.exchange.engine.state import EngineState
from haversack.wire.borrow_lend import BorrowLendState
from haversack.wire.enums import ExpiryReason, Side, TimeInForce, TriggerBy

D = Decimal
BID, ASK = Side.BID, Side.ASK
BORROWING, REPAYING = Backing(borrows=True), Backing(repays=True)
EVERYTHING = Backing(redeems=True, borrows=True, repays=True)


def order(account: int, side: Side, price: int | None, quantity: int, backing: Backing | None = None, **more: Any) -> Place:
    """Prices in cents, quantities in tenths."""
    return Place(account=account, symbol=SPOT, side=side, price=price, quantity=quantity, backing=backing, **more)


def moves(events: list[Event]) -> list[tuple[str, str, int, bool]]:
    """What was moved why, and whether an order is named."""
    return [
        (event.kind.value, event.source.value, event.amount, event.order_id is not None)
        for event in events
        if isinstance(event, LoanChanged)
    ]


def test_what_an_order_lacks_is_borrowed_for_it_and_named_after_it() -> None:
    bank = Bank()
    events = bank.engine.apply(order(ALICE, BID, 9_000, 1_500, BORROWING), NOW_US)
    assert moves(events) == [("Borrow", "SpotMargin", 3_500 * ONE, True)]
    accepted, borrowed = events[0], events[1]
    assert isinstance(accepted, OrderAccepted)
    assert isinstance(borrowed, LoanChanged)
    assert borrowed.order_id == accepted.order.order_id
    assert bank.engine.balances(ALICE)["USDC"] == (0, 13_500 * ONE)


def test_an_order_that_has_enough_borrows_nothing() -> None:
    bank = Bank()
    assert moves(bank.engine.apply(order(ALICE, BID, 10_000, 1_000, EVERYTHING), NOW_US)) == []


def test_nothing_that_was_not_said_is_allowed() -> None:
    assert backing_of(redeems=None, borrows=False) is None
    assert backing_of(redeems=None, borrows=None, repays=True) == REPAYING
    bank = Bank()
    before = bank.engine.state_hash()
    for backing in (None, REPAYING, Backing(redeems=True)):
        refused = bank.engine.apply(order(ALICE, BID, 10_000, 1_001, backing), NOW_US)
        assert refused == [Rejected(Refusal.INSUFFICIENT_FUNDS)]
    assert bank.engine.state_hash() == before


def test_an_asset_without_a_pool_cannot_be_borrowed() -> None:
    bank = Bank(POOLS[0])
    assert bank.engine.apply(order(ALICE, ASK, 10_000, 1_001, EVERYTHING), NOW_US) == [Rejected(Refusal.INSUFFICIENT_FUNDS)]


@pytest.mark.parametrize("state", [BorrowLendState.CLOSED, BorrowLendState.REPAY_ONLY])
def test_a_pool_that_lends_nothing_refuses_the_order(state: BorrowLendState) -> None:
    bank = Bank(*(msgspec.structs.replace(pool, state=state) for pool in POOLS))
    assert bank.engine.apply(order(ALICE, ASK, 10_000, 1_001, EVERYTHING), NOW_US) == [Rejected(Refusal.INSUFFICIENT_FUNDS)]


def test_a_refusal_for_margin_leaves_what_is_lent_where_it_is() -> None:
    """The pool would lend so much, and calling back the rest would go well: neither is done."""
    bank = Bank(leverage=1)
    bank.ask(ALICE, "Lend", "60")
    before, engine = bank.engine.state_hash(), bank.engine
    assert engine.apply(order(ALICE, ASK, 10_000, 4_000, EVERYTHING), NOW_US) == [Rejected(Refusal.INSUFFICIENT_MARGIN)]
    assert engine.apply(order(ALICE, ASK, 10_000, 90_000, EVERYTHING), NOW_US) == [Rejected(Refusal.INSUFFICIENT_FUNDS)]
    assert (engine.state_hash(), bank.quantity(ALICE)) == (before, D(60))


def test_what_is_lent_and_cannot_all_be_called_back_keeps_the_rest_from_being_borrowed() -> None:
    bank = Bank()
    whale = bank.open("whale", ("SOL", 1_000 * ONE), ("USDC", 10**6 * ONE))
    assert isinstance(bank.ask(whale, "Lend", "600")[0], LoanChanged)
    bank.engine.apply(Grant(CAROL, (("USDC", 10**7 * ONE),)), NOW_US)
    most = bank.pool().borrowable // 10 * 10
    assert isinstance(bank.ask(CAROL, "Borrow", str(D(most).scaleb(-6)))[0], LoanChanged)
    assert 0 <= bank.pool().redeemable < 600 * ONE
    refused = bank.engine.apply(order(whale, ASK, 10_000, 4_001, EVERYTHING), NOW_US)
    assert refused == [Rejected(Refusal.INSUFFICIENT_FUNDS)]


def test_a_fill_repays_with_what_is_left_of_it_after_its_fee() -> None:
    bank = Bank()
    dora = bank.open("dora", ("USDC", 10_000 * ONE), fees=FeeTier(10_000, 10_000))
    bank.ask(dora, "Borrow", "20")
    bank.engine.apply(order(dora, ASK, 10_000, 200), NOW_US)
    bank.engine.apply(order(BOB, BID, 10_000, 200), NOW_US)
    bank.engine.apply(order(BOB, ASK, 10_000, 100), NOW_US)
    events = bank.engine.apply(order(dora, BID, 10_000, 100, REPAYING), NOW_US)
    # Ten bought, less a hundredth.
    assert moves(events) == [("BorrowRepay", "AutoBorrowRepay", 9_900_000, True)]
    assert bank.available(dora) == 0


def test_a_maker_repays_too_and_no_more_than_it_owes() -> None:
    bank = Bank()
    bank.ask(ALICE, "Borrow", "5")
    bank.engine.apply(order(ALICE, BID, 10_000, 100, REPAYING), NOW_US)
    events = bank.engine.apply(order(BOB, ASK, 10_000, 100), NOW_US)
    assert moves(events) == [("BorrowRepay", "AutoBorrowRepay", 5_000_080, True)]
    assert bank.loan(ALICE) is None
    assert bank.available(ALICE) == D("109.99992")


def test_a_part_that_traded_stays_owed_and_the_rest_is_given_back_in_another_engine_too() -> None:
    bank = Bank()
    engine = bank.engine
    accepted = engine.apply(order(ALICE, BID, 10_000, 1_500, BORROWING), NOW_US)[0]
    assert isinstance(accepted, OrderAccepted)
    engine.apply(order(BOB, ASK, 10_000, 900), NOW_US)
    engine.apply(order(CAROL, ASK, 10_000, 200), NOW_US)
    other = new_engine()
    state = msgspec.json.decode(msgspec.json.encode(engine.dump()), type=EngineState)
    other.load(state)
    cancel = Cancel(account=ALICE, symbol=SPOT, order_id=accepted.order.order_id)
    told = engine.apply(cancel, NOW_US)
    assert moves(told) == [("BorrowRepay", "SpotMargin", 4_000 * ONE, True)]
    assert other.apply(cancel, NOW_US) == told
    assert other.state_hash() == engine.state_hash()
    # It had 10,000 of its own, and 110 SOL cost 11,000.
    assert -D("1000.2") < bank.quantity(ALICE, "USDC") < -D(1000)


def test_what_is_owed_no_more_is_not_repaid_again() -> None:
    bank = Bank()
    bank.engine.apply(order(ALICE, BID, 9_000, 1_500, BORROWING), NOW_US)
    bank.engine.apply(Grant(ALICE, (("USDC", 4_000 * ONE),)), NOW_US)
    owed = -bank.quantity(ALICE, "USDC")
    bank.ask(ALICE, "Lend", str(owed), "USDC")
    bank.ask(ALICE, "Lend", "1", "USDC")
    assert moves(bank.engine.apply(CancelAll(ALICE, SPOT), NOW_US)) == []
    assert bank.available(ALICE, "USDC") == 13_500 + 4_000 - owed - 1


def test_a_trigger_remembers_what_its_order_may_call_on() -> None:
    bank = Bank()
    engine = bank.engine
    engine.apply(order(BOB, ASK, 10_000, 1), NOW_US)
    engine.apply(order(CAROL, BID, 10_000, 1), NOW_US)
    bank.ask(ALICE, "Lend", "9000", "USDC")
    waits = {"trigger": Trigger(TriggerBy.LAST_PRICE, 10_100, 1_200)}
    for backing in (EVERYTHING, Backing(redeems=True)):
        engine.apply(msgspec.structs.replace(order(ALICE, BID, 9_000, 0, backing), quantity=None, **waits), NOW_US)
    other = new_engine()
    other.load(engine.dump())
    engine.apply(order(BOB, ASK, 10_100, 1), NOW_US)
    other.apply(order(BOB, ASK, 10_100, 1), NOW_US)
    events = engine.apply(order(CAROL, BID, 10_100, 1), NOW_US)
    assert [type(event) for event in events if isinstance(event, TriggerFired | TriggerFailed)] == [TriggerFired, TriggerFailed]
    failed = next(event for event in events if isinstance(event, TriggerFailed))
    assert failed.reason is ExpiryReason.INSUFFICIENT_FUNDS
    assert moves(events)[:2] == [
        ("LendRedeem", "SpotMargin", 9_000 * ONE, True),
        ("Borrow", "SpotMargin", 800 * ONE, True),
    ]
    assert other.apply(order(CAROL, BID, 10_100, 1), NOW_US) == events


def test_an_account_that_lends_everything_calls_it_back_first_and_lends_again_what_is_left() -> None:
    bank = Bank()
    bank.engine.apply(ChangeSettings(ALICE, AccountSettings(leverage_e8=10 * 10**8, auto_lend=True)), NOW_US)
    events = bank.engine.apply(order(ALICE, BID, 9_000, 1_500, BORROWING), NOW_US)
    assert moves(events) == [("LendRedeem", "AutoLend", 10_000 * ONE, True), ("Borrow", "SpotMargin", 3_500 * ONE, True)]
    fee = -bank.quantity(ALICE, "USDC") - 3_500
    told = moves(bank.engine.apply(CancelAll(ALICE, SPOT), NOW_US))
    assert told == [
        ("BorrowRepay", "SpotMargin", 3_500 * ONE, True),
        ("BorrowRepay", "AutoBorrowRepay", int(fee.scaleb(6)), False),
    ]
    assert bank.engine.apply(Grant(ALICE, (("USDC", 10),)), NOW_US)
    assert bank.quantity(ALICE, "USDC") == 10_000 - fee + D("0.00001")


def test_orders_in_perpetuals_borrow_nothing() -> None:
    bank = Bank()
    dora = bank.open("dora", ("SOL", ONE))
    place = msgspec.structs.replace(order(dora, BID, 10_000, 10, EVERYTHING), symbol="SOL_USDC_PERP")
    assert not moves(bank.engine.apply(place, NOW_US))


orders = st.tuples(
    st.sampled_from((BID, ASK)),
    st.integers(9_000, 11_000),
    st.integers(1, 3_000),
    st.builds(Backing, st.booleans(), st.booleans(), st.booleans()),
)


@settings(max_examples=60, deadline=None)
@given(asked=st.lists(orders, max_size=12), lent=st.integers(0, 100), step=st.sampled_from((1, 10, 1_000, 70_000)))
def test_who_cancels_all_owes_nothing_but_interest(asked: list[tuple[Side, int, int, Backing]], lent: int, step: int) -> None:
    """Of orders that never trade: nobody else is there."""
    bank = Bank(*(msgspec.structs.replace(pool, step=step) for pool in POOLS))
    if lent * ONE // step:
        bank.ask(ALICE, "Lend", str(D(lent * ONE // step * step).scaleb(-6)))
    for side, price, quantity, backing in asked:
        away = price - 5_000 if side is BID else price + 5_000
        bank.engine.apply(order(ALICE, side, away, quantity, backing), NOW_US)
    bank.engine.apply(CancelAll(ALICE, SPOT), NOW_US)
    for asset in ("SOL", "USDC"):
        loan = bank.loan(ALICE, asset)
        assert loan is None or not loan.is_borrow or -loan.quantity == loan.interest
    assert all(found == granted for found, granted in balanced(bank.engine).values())


amounts = st.integers(0, 3_000 * ONE)


@settings(max_examples=150, deadline=None)
@given(
    money=st.tuples(amounts, amounts),
    loans=st.tuples(st.integers(-40, 40), st.integers(-4_000, 4_000)),
    asked=orders,
    waited_us=st.integers(0, 4_000 * 10**6),
)
def test_largest_order_is_accepted_and_one_step_more_is_not(
    money: tuple[int, int], loans: tuple[int, int], asked: tuple[Side, int, int, Backing], waited_us: int
) -> None:
    bank = Bank()
    dora = bank.open("dora", ("SOL", money[0]), ("USDC", money[1]), fees=FeeTier(800, 1_000))
    for asset, quantity in zip(("SOL", "USDC"), loans, strict=True):
        if quantity:
            bank.ask(dora, "Lend" if quantity > 0 else "Borrow", str(abs(quantity)), asset)
    bank.wait(NOW_US + waited_us)
    side, price, quantity, backing = asked
    price = price - 5_000 if side is BID else price + 5_000
    bank.engine.apply(order(dora, side, price, min(quantity, 20), backing), bank.now_us)
    before = bank.engine.state_hash()
    most = bank.engine.max_spot_quantity(dora, SPOT, side, D(price).scaleb(-2), backing=backing, now_us=bank.now_us)
    assert bank.engine.state_hash() == before
    refused = bank.engine.apply(order(dora, side, price, most + 1, backing), bank.now_us)
    assert refused in ([Rejected(Refusal.INSUFFICIENT_FUNDS)], [Rejected(Refusal.INSUFFICIENT_MARGIN)])
    assert bank.engine.state_hash() == before
    if most:
        assert isinstance(bank.engine.apply(order(dora, side, price, most, backing), bank.now_us)[0], OrderAccepted)


def test_an_ioc_order_gives_back_at_once_what_it_did_not_trade() -> None:
    bank = Bank()
    bank.engine.apply(order(BOB, ASK, 10_000, 1_000), NOW_US)
    place = order(ALICE, BID, 10_000, 1_500, BORROWING, time_in_force=TimeInForce.IOC)
    events = bank.engine.apply(place, NOW_US)
    assert moves(events) == [("Borrow", "SpotMargin", 5_000 * ONE, True), ("BorrowRepay", "SpotMargin", 5_000 * ONE, True)]
