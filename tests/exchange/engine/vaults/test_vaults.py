"""Vaults beside what a trader's table shows: time, money, margin, and what is remembered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from exchange.engine.desk import NOW_US
from exchange.engine.desk import RULES as MARKET
from exchange.engine.vaults.kit import ONE, RULES, SECOND_US, vaults
from haversack.exchange.engine.command import Elapse, Grant, OpenAccount
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import BalanceChanged, Declined, Event
from haversack.exchange.engine.rules import AssetRules, FeeTier, Ratio
from haversack.exchange.engine.vaults.command import CancelVaultRedeem, MintVault, RedeemVault, SetVaultNav
from haversack.exchange.engine.vaults.event import VaultMinted, VaultRedeemed, VaultRedeemRequested, VaultValued
from haversack.exchange.engine.vaults.refusal import VaultRefusal
from haversack.exchange.engine.vaults.rules import YEAR_US
from haversack.exchange.engine.vaults.vault import SAMPLES_MAX, Vault
from haversack.exchange.engine.vaults.vaults import Vaults

ALICE, BOB = 1, 2
DAY_US = 86_400 * SECOND_US


class Bank:
    """An engine with vaults and two accounts of 1,000 USDC."""

    def __init__(self, **changes: Any) -> None:
        assets = [AssetRules(asset, 6) for asset in ("SOL", "USDC", "VLT")]
        self.engine = Engine(assets, [MARKET], facilities=[vaults(msgspec.structs.replace(RULES, **changes))])
        self.now_us = NOW_US
        for name in ("alice", "bob"):
            self.do(OpenAccount(name, FeeTier(0, 0), (("USDC", 1_000 * ONE),)))

    def do(self, command: Any, *, after_s: int = 0) -> Sequence[Event]:
        self.now_us += after_s * SECOND_US
        return self.engine.apply(command, self.now_us)

    @property
    def vault(self) -> Vault:
        return self.engine.facility(Vaults).vault(1)


def test_events_of_a_deposit_and_its_redemption_tell_everything() -> None:
    bank = Bank()
    valued = VaultValued(number=1, vault_id=1, nav_e12=10**12, supply=100 * ONE, equity=100 * ONE, is_first_of_day=True)
    assert bank.do(MintVault(ALICE, 1, 100 * ONE)) == [
        valued,
        VaultMinted(account=ALICE, vault_id=1, amount=100 * ONE, tokens=100 * ONE, nav_e12=10**12),
        BalanceChanged(ALICE, "USDC", 900 * ONE, 0),
        BalanceChanged(ALICE, "VLT", 100 * ONE, 0),
    ]
    due_us = bank.now_us + 25 * SECOND_US
    assert bank.do(RedeemVault(ALICE, 1, 30 * ONE), after_s=5) == [
        VaultRedeemRequested(account=ALICE, vault_id=1, redeem_id=1, tokens=30 * ONE, due_us=due_us),
        BalanceChanged(ALICE, "VLT", 70 * ONE, 30 * ONE),
    ]
    told = bank.do(Elapse(), after_s=20)
    assert told[1:] == [
        VaultRedeemed(account=ALICE, vault_id=1, redeem_id=1, tokens=30 * ONE, amount=30 * ONE, nav_e12=10**12),
        BalanceChanged(ALICE, "VLT", 70 * ONE, 0),
        BalanceChanged(ALICE, "USDC", 930 * ONE, 0),
    ]


def test_time_is_waited_for_only_while_there_are_tokens() -> None:
    bank = Bank()
    assert bank.engine.facilities_due_us() is None
    bank.do(MintVault(ALICE, 1, 100 * ONE), after_s=3)
    assert bank.engine.facilities_due_us() == NOW_US + 10 * SECOND_US
    bank.do(RedeemVault(ALICE, 1, None), after_s=2)
    bank.do(Elapse(), after_s=14)
    assert bank.engine.facilities_due_us() == NOW_US + 20 * SECOND_US
    bank.do(Elapse(), after_s=7)
    assert (bank.engine.facilities_due_us(), bank.vault.made) == (None, 0)


def test_money_of_a_vault_is_what_was_paid_in_less_what_was_paid_out_and_may_be_below_nothing() -> None:
    bank = Bank()
    bank.do(MintVault(ALICE, 1, 100 * ONE))
    assert bank.engine.held_beside == {"USDC": 100 * ONE, "VLT": -100 * ONE}
    bank.do(SetVaultNav(1, 3 * 10**12))
    bank.do(RedeemVault(ALICE, 1, None), after_s=60)
    bank.do(Elapse(), after_s=20)
    assert bank.engine.held_beside == {"USDC": -200 * ONE, "VLT": 0}
    assert bank.engine.balances(ALICE)["USDC"] == (1_200 * ONE, 0)


def test_tokens_that_were_given_as_paper_money_circulate_too() -> None:
    bank = Bank()
    bank.do(Grant(BOB, (("VLT", 5 * ONE),)))
    # They have to be valued, and nobody has done so.
    assert bank.engine.facilities_due_us() == 0
    (valued,) = bank.do(Elapse())
    assert isinstance(valued, VaultValued)
    assert (valued.supply, bank.engine.facility(Vaults).supply(bank.vault)) == (5 * ONE, 5 * ONE)
    bank.do(RedeemVault(BOB, 1, None))
    bank.do(Elapse(), after_s=20)
    assert (bank.vault.made, bank.engine.balances(BOB)["USDC"]) == (-5 * ONE, (1_005 * ONE, 0))


def test_value_does_not_depend_on_how_often_it_is_looked_at() -> None:
    often, seldom = Bank(growth=Ratio(1, 7)), Bank(growth=Ratio(1, 7))
    for bank in (often, seldom):
        bank.do(MintVault(ALICE, 1, 100 * ONE))
    for _ in range(100):
        often.do(Elapse(), after_s=13)
    seldom.do(Elapse(), after_s=1_300)
    assert often.vault.nav_e12 == seldom.vault.nav_e12 == 10**12 + 10**12 * 1_300 * SECOND_US // (7 * YEAR_US)


def test_a_vault_that_loses_is_never_worth_nothing() -> None:
    bank = Bank(growth=Ratio(-1, 1))
    bank.do(MintVault(ALICE, 1, 100 * ONE))
    bank.do(Elapse(), after_s=3 * 365 * 86_400)
    assert bank.vault.nav_e12 == 1


def test_mean_weighs_a_value_by_the_time_that_it_held() -> None:
    bank = Bank()
    bank.do(MintVault(ALICE, 1, 100 * ONE))
    bank.do(SetVaultNav(1, 2 * 10**12), after_s=5)
    bank.do(SetVaultNav(1, 5 * 10**12), after_s=10)
    now_us = bank.now_us + 5 * SECOND_US
    # Five seconds at 1, ten at 2, five at 5; then the window of 40 s leaves the first ones behind.
    assert bank.vault.twap_e12(now_us) == 10**12 * (5 * 1 + 10 * 2 + 5 * 5) // 20
    assert bank.vault.twap_e12(now_us + 25 * SECOND_US) == 10**12 * (10 * 2 + 30 * 5) // 40
    assert bank.vault.twap_e12(now_us + 60 * SECOND_US) == 5 * 10**12


def test_only_values_that_the_mean_needs_are_remembered() -> None:
    bank = Bank()
    bank.do(MintVault(ALICE, 1, 100 * ONE))
    for _ in range(30):
        bank.do(Elapse(), after_s=10)
    assert len(bank.vault.dump().samples) == 5
    for number in range(SAMPLES_MAX + 5):
        bank.now_us += 1
        bank.do(SetVaultNav(1, 10**12 + number))
    assert len(bank.vault.dump().samples) == SAMPLES_MAX


def test_first_value_of_each_day_is_marked() -> None:
    bank = Bank(crank_us=6 * 3_600 * SECOND_US)
    bank.now_us -= bank.now_us % DAY_US
    told = [*bank.do(MintVault(ALICE, 1, 100 * ONE), after_s=3_600)]
    for _ in range(9):
        told += bank.do(Elapse(), after_s=6 * 3_600)
    told += bank.do(SetVaultNav(1, 10**12), after_s=1)
    marks = [event.is_first_of_day for event in told if isinstance(event, VaultValued)]
    assert marks == [True, False, False, False, True, False, False, False, True, False, False]


def test_order_that_lacks_the_money_that_was_paid_in_is_refused() -> None:
    bank = Bank()
    bank.do(MintVault(ALICE, 1, 995 * ONE))
    assert bank.do(MintVault(ALICE, 1, 10 * ONE)) == [Declined(VaultRefusal.FUNDS)]


def test_account_that_is_liquidated_pays_nothing_in() -> None:
    bank = Bank()
    state = bank.engine.dump()
    accounts = [msgspec.structs.replace(each, liquidating=True) for each in state.accounts]
    other = Bank.__new__(Bank)
    other.engine = Engine([AssetRules(asset, 6) for asset in ("SOL", "USDC", "VLT")], [MARKET], facilities=[vaults(RULES)])
    other.engine.load(msgspec.structs.replace(state, accounts=accounts))
    other.now_us = bank.now_us
    assert other.do(MintVault(ALICE, 1, 100 * ONE)) == [Declined(VaultRefusal.LIQUIDATING)]


def test_listing_without_vaults_has_none() -> None:
    engine = Engine([AssetRules("USDC", 6)], [], facilities=[vaults()])
    assert (engine.facilities_due_us(), engine.held_beside) == (None, {})


@pytest.mark.parametrize("command", [MintVault(ALICE, 7, ONE), RedeemVault(ALICE, 7, None), CancelVaultRedeem(ALICE, 7)])
def test_vault_that_is_not_listed_is_the_callers_mistake(command: Any) -> None:
    with pytest.raises(KeyError):
        Bank().do(command)
