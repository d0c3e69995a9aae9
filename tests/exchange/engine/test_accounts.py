"""What an account chose, and what it was given: both are state, so both survive a replay and a snapshot."""

from __future__ import annotations

from haversack.exchange.engine.command import ChangeSettings, Grant, OpenAccount
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import SettingsChanged
from haversack.exchange.engine.ledger import DEPOSITS_MAX, Deposit
from haversack.exchange.engine.rules import AccountSettings, AssetRules, FeeTier

FEES = FeeTier(800, 1000)
CHOSEN = AccountSettings(auto_borrow_settlements=True, auto_repay_borrows=False, leverage_e8=5 * 10**8)


def engine() -> Engine:
    opened = Engine((AssetRules("SOL", 6), AssetRules("USDC", 6)), ())
    opened.apply(OpenAccount("somebody", FEES, (("USDC", 100), ("SOL", 0))), 1_000)
    return opened


def test_settings_are_told_and_kept() -> None:
    live = engine()
    assert live.settings(1) == AccountSettings()
    assert live.apply(ChangeSettings(1, CHOSEN), 2_000) == [SettingsChanged(1, CHOSEN)]
    assert live.settings(1) == CHOSEN


def test_deposits_are_what_was_granted_and_nothing_is_no_deposit() -> None:
    live = engine()
    live.apply(Grant(1, (("SOL", 7),)), 3_000)
    assert live.deposits(1) == (Deposit(1, 1_000, "USDC", 100), Deposit(2, 3_000, "SOL", 7))


def test_opening_an_account_again_is_no_deposit() -> None:
    live = engine()
    live.apply(OpenAccount("somebody", FEES, (("USDC", 100),)), 3_000)
    assert len(live.deposits(1)) == 1


def test_only_the_newest_deposits_are_kept_and_none_of_the_house() -> None:
    live = engine()
    live.apply(OpenAccount("house", FEES, (("USDC", 100),), is_house=True), 1_000)
    for number in range(DEPOSITS_MAX + 5):
        live.apply(Grant(1, (("SOL", 1),)), 2_000 + number)
    assert [live.deposits(1)[place].number for place in (0, -1)] == [7, DEPOSITS_MAX + 6]
    assert live.deposits(2) == ()


def test_both_are_part_of_the_state() -> None:
    live, other, third = engine(), engine(), Engine((AssetRules("SOL", 6), AssetRules("USDC", 6)), ())
    live.apply(ChangeSettings(1, CHOSEN), 2_000)
    assert live.state_hash() != other.state_hash()
    other.apply(Grant(1, (("SOL", 0),)), 2_000)
    third.load(live.dump())
    assert (third.settings(1), third.deposits(1)) == (CHOSEN, live.deposits(1))
    assert third.state_hash() == live.state_hash()


def test_states_that_differ_by_when_money_came_are_not_the_same() -> None:
    early, late = engine(), engine()
    early.apply(Grant(1, (("SOL", 7),)), 3_000)
    late.apply(Grant(1, (("SOL", 7),)), 4_000)
    assert early.balances(1) == late.balances(1)
    assert early.state_hash() != late.state_hash()
