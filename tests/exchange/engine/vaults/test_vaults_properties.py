"""Random deposits, redemptions, losses and orders: nothing is made or lost, and another engine that takes over acts alike."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.engine.again import assert_repeats, assert_takes_over
from exchange.engine.desk import RULES as MARKET
from exchange.engine.desk import limit
from exchange.engine.vaults.kit import ONE, RULES, SECOND_US, vaults
from haversack.exchange.engine.command import CancelAll, Command, Elapse, Grant, OpenAccount
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import BalanceChanged, Declined, Event
from haversack.exchange.engine.rules import AssetRules, FeeTier, Ratio
from haversack.exchange.engine.vaults.command import CancelVaultRedeem, MintVault, RedeemVault, SetVaultNav
from haversack.exchange.engine.vaults.event import VaultMinted, VaultRedeemCancelled, VaultRedeemed, VaultValued
from haversack.exchange.engine.vaults.vaults import Vaults
from haversack.wire.enums import Side

ASSETS = ("SOL", "USDC", "VLT", "BIG")
TWO = (
    msgspec.structs.replace(RULES, growth=Ratio(31_536, 7)),
    msgspec.structs.replace(RULES, vault_id=9, token="BIG", token_step=7, growth=Ratio(-40_000, 1), mintable=3_000 * ONE),
)
ACCOUNTS = (1, 2, 3)
START_US = 1_790_000_000_000_000


def engine() -> Engine:
    return Engine([AssetRules(asset, 6) for asset in ASSETS], [MARKET], facilities=[vaults(*TWO)])


class Play:
    """One engine, and everything that it was told and told."""

    def __init__(self) -> None:
        self.engine = engine()
        self.now_us = START_US
        self.done: list[tuple[Command, int]] = []
        self.told: list[list[Event]] = []
        for number in ACCOUNTS:
            self.do(OpenAccount(f"key {number}", FeeTier(800, 1_000), (("USDC", 5_000 * ONE), ("SOL", 100 * ONE))))

    def do(self, command: Command) -> list[Event]:
        before = self.engine.state_hash()
        events = self.engine.apply(command, self.now_us)
        self.done.append((command, self.now_us))
        self.told.append(events)
        has_changed = bool(events) and not isinstance(events[0], Declined)
        assert has_changed or self.engine.state_hash() == before, f"{command} changed what no event tells"
        self.check()
        return events

    def check(self) -> None:
        """Of each asset there is what was granted; what is locked waits for money or rests in the book."""
        held: Counter[str] = Counter(self.engine.fees)
        held.update(self.engine.held_beside)
        facility = self.engine.facility(Vaults)
        for account in ACCOUNTS[: len(self.engine.accounts)]:
            for asset, (available, locked) in self.engine.balances(account).items():
                assert min(available, locked) >= 0
                held[asset] += available + locked
            for rules in TWO:
                pending = facility.vault(rules.vault_id).pending.get(account)
                assert self.engine.balances(account).get(rules.token, (0, 0))[1] == (pending.tokens if pending else 0)
        assert {asset: held[asset] for asset in ASSETS} == self.engine.granted
        for rules in TWO:
            vault = facility.vault(rules.vault_id)
            assert facility.supply(vault) >= 0
            low, high = sorted((vault.redeem_nav_e12(self.now_us), vault.mint_nav_e12(self.now_us)))
            assert 0 < low <= vault.nav_e12 <= high


def command(dice: random.Random) -> Command:
    account, vault_id = dice.choice(ACCOUNTS), dice.choice((1, 9))
    amount = dice.choice((dice.randrange(1, 30 * ONE), dice.randrange(1, 6_000 * ONE)))
    price, quantity = str(dice.randrange(9_900, 10_100) / 100), str(dice.randrange(1, 50) / 10)
    choices: list[Any] = [
        *[lambda: MintVault(account, vault_id, amount)] * 5,
        *[lambda: RedeemVault(account, vault_id, dice.choice((None, amount // 10_000 * 10_000, amount // 7 * 7, amount)))] * 4,
        *[lambda: CancelVaultRedeem(account, vault_id)] * 2,
        lambda: SetVaultNav(vault_id, dice.choice((1, 10**10, 10**12, 3 * 10**12))),
        *[Elapse] * 5,
        lambda: Grant(account, ((dice.choice(ASSETS), amount // 100),)),
        *[lambda: limit(dice.choice((Side.BID, Side.ASK)), price, quantity, account)] * 4,
        lambda: CancelAll(account, MARKET.symbol),
    ]
    return dice.choice(choices)()  # type: ignore[no-any-return]


def played(seed: int, count: int) -> Play:
    dice, play = random.Random(seed), Play()
    for _ in range(count):
        play.now_us += dice.choice((0, 1, SECOND_US // 3, 3 * SECOND_US, 11 * SECOND_US, 70 * SECOND_US))
        play.do(command(dice))
    return play


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_nothing_is_made_or_lost_and_what_happened_can_be_done_again(seed: int) -> None:
    play = played(seed, 60)
    assert_repeats(engine, play.done, play.told, play.engine)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), cut=st.integers(3, 60))
def test_engine_that_takes_over_acts_alike(seed: int, cut: int) -> None:
    play = played(seed, 60)
    assert_takes_over(engine, play.done, play.told, cut=cut, last=play.engine)


def test_everything_happens_in_random_play() -> None:
    told = [event for seed in range(20) for events in played(seed, 80).told for event in events]
    happened = {type(event) for event in told}
    assert {VaultMinted, VaultRedeemCancelled, VaultRedeemed, VaultValued, BalanceChanged} <= happened
    refused = {event.refusal.name for event in told if isinstance(event, Declined)}
    assert {"MINT_TOO_SMALL", "REDEEM_TOO_SMALL", "NOT_ON_STEP", "FUNDS", "PENDING", "NOT_PENDING", "SOLD_OUT"} <= refused
