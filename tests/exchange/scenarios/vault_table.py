"""Plays scenarios of a vault: USDC for VLT, worth 1 at first, valued every 10 s, with a mean over 40 s and a delay of 20 s.

A deposit is 10 USDC at least, a redemption one VLT, in steps of 0.01. `rules: growth 31536` is a hundredth every 10 s; `left 50`
is what may still be made. Accounts say `mint 100`, `redeem 40`, `redeem all` and `cancel redeem`; the exchange says `nav 1.5`, or
lets time pass with `wait`: the answer is what the vault was valued at and paid then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from exchange.engine.vaults.kit import RULES, vaults
from exchange.scenarios.table import OPERATOR, SCALE, Stage, number_text, units
from haversack.exchange.engine.command import Command, Elapse
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.event import Declined, Event
from haversack.exchange.engine.rules import AssetRules, MarketRules, Ratio
from haversack.exchange.engine.vaults.command import CancelVaultRedeem, MintVault, RedeemVault, SetVaultNav
from haversack.exchange.engine.vaults.event import (
    VaultMinted,
    VaultRedeemCancelled,
    VaultRedeemed,
    VaultRedeemRequested,
    VaultValued,
)

_ASSETS = ("USDC", "VLT")


class VaultStage(Stage):
    """An engine with one vault, and the accounts of a scenario."""

    def _rules(self, text: str) -> MarketRules:
        changes: dict[str, Any] = {}
        for word, *numbers in (part.split() for part in text.split(",") if part):
            if word == "growth":
                changes["growth"] = Ratio(units(numbers[0], 0), 1)
            elif word == "left":
                changes["mintable"] = units(numbers[0], SCALE)
            else:
                changes[f"{word}_enabled"] = False
        self._vault = msgspec.structs.replace(RULES, **changes)
        return super()._rules("")

    def _new_engine(self, rules: MarketRules) -> Engine:
        assets = [AssetRules(asset, SCALE) for asset in ("SOL", *_ASSETS)]
        return Engine(assets, [rules], facilities=[vaults(self._vault)])

    def _command(self, who: str, words: list[str]) -> Command:
        if who == OPERATOR:
            return Elapse() if words == ["wait"] else SetVaultNav(1, units(words[1], 12))
        account = next(number for number, name in self.names.items() if name == who)
        if words[0] == "mint":
            return MintVault(account, 1, units(words[1], SCALE))
        if words[0] == "redeem":
            return RedeemVault(account, 1, None if words[1] == "all" else units(words[1], SCALE))
        return CancelVaultRedeem(account, 1)

    def _answer(self, events: list[Event]) -> str:
        if events and isinstance(events[0], Declined):
            return f"refused {events[0].refusal.name}"
        return "; ".join(filter(None, map(self._word, events))) or "nothing"

    def _word(self, event: Event) -> str | None:
        match event:
            case VaultValued():
                return f"nav {number_text(event.nav_e12, 12)}"
            case VaultMinted():
                return f"{number_text(event.tokens, SCALE)} made at {number_text(event.nav_e12, 12)}"
            case VaultRedeemRequested():
                return f"{number_text(event.tokens, SCALE)} requested"
            case VaultRedeemed(account=account):
                paid = f"{number_text(event.amount, SCALE)} paid to {self.names[account]}"
                return f"{paid} for {number_text(event.tokens, SCALE)} at {number_text(event.nav_e12, 12)}"
            case VaultRedeemCancelled():
                return f"{number_text(event.tokens, SCALE)} kept"
            case _:
                return None

    def seen(self, head: str) -> Iterator[list[str]]:
        """The rows of a block as they are in the end."""
        assert head == "balances", head
        for number, name in self.names.items():
            held = self.engine.balances(number)
            yield [name, *(self._balance(*held.get(asset, (0, 0))) for asset in _ASSETS)]
