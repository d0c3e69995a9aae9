"""All vaults of an exchange. What a vault gains and loses is the exchange's: it pays redemptions whatever it has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from haversack.exchange.engine.backing import Cause, Need
from haversack.exchange.engine.event import BalanceChanged, Declined, Event
from haversack.exchange.engine.facility import Handler, Parts
from haversack.exchange.engine.ledger import Account
from haversack.exchange.engine.spot_limit import can_give_away
from haversack.exchange.engine.vaults.command import CancelVaultRedeem, MintVault, RedeemVault, SetVaultNav
from haversack.exchange.engine.vaults.event import (
    VaultMinted,
    VaultRedeemCancelled,
    VaultRedeemed,
    VaultRedeemRequested,
    VaultValued,
)
from haversack.exchange.engine.vaults.refusal import VaultRefusal
from haversack.exchange.engine.vaults.rules import VaultRules
from haversack.exchange.engine.vaults.vault import PendingRedeem, Vault, VaultState
from haversack.wire.borrow_lend_history import BorrowLendSource

DAY_US = 86_400 * 1_000_000


class _State(msgspec.Struct, frozen=True):
    rows: int
    vaults: list[VaultState]


class Vaults:
    """The facility. A vault that is not listed is the caller's mistake: a KeyError."""

    name = "vaults"

    def __init__(self, parts: Parts, *, rules: Iterable[VaultRules]) -> None:
        self._ledger = parts.ledger
        self._margins = parts.margins
        self._vaults = {each.vault_id: Vault(each) for each in rules}
        self._rows = 0

    def handlers(self) -> Mapping[type, Handler]:
        """Deposits, redemptions, and the owner's word."""
        return {
            MintVault: self._mint,
            RedeemVault: self._request,
            CancelVaultRedeem: self._cancel,
            SetVaultNav: self._set_nav,
        }

    def vault(self, vault_id: int) -> Vault:
        """One of them, to be read."""
        return self._vaults[vault_id]

    def supply(self, vault: Vault) -> int:
        """Tokens that exist: those that were made, and those that were given as paper money."""
        return self._ledger.granted[vault.rules.token] + vault.made

    def _mint(self, command: MintVault, now_us: int) -> list[Event]:
        vault, account = self._vaults[command.vault_id], self._ledger.account(command.account)
        tokens = vault.rules.tokens_for(command.amount, vault.mint_nav_e12(now_us))
        need = Need(vault.rules.asset, command.amount, command.backing, now_us)
        refusal = self._mint_refusal(vault, account, need, tokens)
        if refusal:
            return [Declined(refusal)]
        events: list[Event] = []
        if not self.supply(vault):
            self._value(vault, now_us, events, starts_with=tokens)
        nav_e12 = vault.mint_nav_e12(now_us)
        if self._margins.lending is not None:
            self._margins.lending.fetch(account, need, Cause(BorrowLendSource.MANUAL), events)
        account.balances[vault.rules.asset].available -= command.amount
        vault.money += command.amount
        account.balances[vault.rules.token].available += tokens
        vault.made += tokens
        events.append(
            VaultMinted(
                account=account.number,
                vault_id=vault.rules.vault_id,
                amount=command.amount,
                tokens=tokens,
                nav_e12=nav_e12,
            )
        )
        return [*events, _told(account, vault.rules.asset), _told(account, vault.rules.token)]

    def _mint_refusal(self, vault: Vault, account: Account, need: Need, tokens: int) -> VaultRefusal | None:
        rules = vault.rules
        if not rules.mints_enabled:
            return VaultRefusal.MINTS_DISABLED
        if need.amount < rules.mint_min or tokens <= 0:
            return VaultRefusal.MINT_TOO_SMALL
        if vault.made + tokens > rules.mintable:
            return VaultRefusal.SOLD_OUT
        if account.liquidating:
            return VaultRefusal.LIQUIDATING
        # What is paid in counts as collateral no more.
        if not can_give_away(self._margins, account, need):
            return VaultRefusal.FUNDS
        return None

    def _request(self, command: RedeemVault, now_us: int) -> list[Event]:
        vault, account = self._vaults[command.vault_id], self._ledger.account(command.account)
        rules, available = vault.rules, account.available(vault.rules.token)
        tokens = available // rules.token_step * rules.token_step if command.tokens is None else command.tokens
        refusal = _redeem_refusal(vault, account, tokens)
        if refusal:
            return [Declined(refusal)]
        pending = PendingRedeem(self._ledger.take_id(), account.number, tokens, now_us, now_us + rules.redeem_delay_us)
        vault.pending[account.number] = pending
        balance = account.balances[rules.token]
        balance.available -= tokens
        balance.locked += tokens
        requested = VaultRedeemRequested(
            account=account.number,
            vault_id=rules.vault_id,
            redeem_id=pending.redeem_id,
            tokens=tokens,
            due_us=pending.due_us,
        )
        return [requested, _told(account, rules.token)]

    def _cancel(self, command: CancelVaultRedeem, _now_us: int) -> list[Event]:
        vault, account = self._vaults[command.vault_id], self._ledger.account(command.account)
        pending = vault.pending.pop(account.number, None)
        if pending is None:
            return [Declined(VaultRefusal.NOT_PENDING)]
        balance = account.balances[vault.rules.token]
        balance.locked -= pending.tokens
        balance.available += pending.tokens
        cancelled = VaultRedeemCancelled(
            account=account.number,
            vault_id=vault.rules.vault_id,
            redeem_id=pending.redeem_id,
            tokens=pending.tokens,
        )
        return [cancelled, _told(account, vault.rules.token)]

    def _set_nav(self, command: SetVaultNav, now_us: int) -> list[Event]:
        assert command.nav_e12 > 0, f"a token is worth {command.nav_e12}"
        vault, day = self._vaults[command.vault_id], self._vaults[command.vault_id].valued_us // DAY_US
        vault.set_nav(command.nav_e12, now_us)
        return [self._row(vault, self.supply(vault), is_first_of_day=day != now_us // DAY_US)]

    def elapse(self, now_us: int, events: list[Event]) -> None:
        """Value the vaults that it is time to value, then pay whose delay is over."""
        for vault in self._vaults.values():
            if self.supply(vault) and now_us >= vault.crank_due_us:
                self._value(vault, now_us, events)
            while vault.due_us is not None and vault.due_us <= now_us:
                self._redeem(vault, next(iter(vault.pending.values())), now_us, events)

    def _value(self, vault: Vault, now_us: int, events: list[Event], *, starts_with: int = 0) -> None:
        day = vault.valued_us // DAY_US
        vault.value(now_us)
        events.append(self._row(vault, self.supply(vault) + starts_with, is_first_of_day=day != now_us // DAY_US))

    def _row(self, vault: Vault, supply: int, *, is_first_of_day: bool) -> VaultValued:
        self._rows += 1
        return VaultValued(
            number=self._rows,
            vault_id=vault.rules.vault_id,
            nav_e12=vault.nav_e12,
            supply=supply,
            equity=vault.rules.worth(supply, vault.nav_e12),
            is_first_of_day=is_first_of_day,
        )

    def _redeem(self, vault: Vault, pending: PendingRedeem, now_us: int, events: list[Event]) -> None:
        rules, account = vault.rules, self._ledger.account(pending.account)
        nav_e12 = vault.redeem_nav_e12(now_us)
        amount = rules.worth(pending.tokens, nav_e12)
        del vault.pending[account.number]
        account.balances[rules.token].locked -= pending.tokens
        vault.made -= pending.tokens
        account.balances[rules.asset].available += amount
        vault.money -= amount
        if not self.supply(vault):
            vault.stop()
        redeemed = VaultRedeemed(
            account=account.number,
            vault_id=rules.vault_id,
            redeem_id=pending.redeem_id,
            tokens=pending.tokens,
            amount=amount,
            nav_e12=nav_e12,
        )
        events += [redeemed, _told(account, rules.token), _told(account, rules.asset)]

    def next_due_us(self) -> int | None:
        """When a vault is to be valued or a redemption paid."""
        dues = [vault.due_us for vault in self._vaults.values() if vault.due_us is not None]
        dues += [vault.crank_due_us for vault in self._vaults.values() if self.supply(vault)]
        return min(dues, default=None)

    def dump(self) -> bytes:
        """Every vault."""
        return msgspec.json.encode(_State(self._rows, [vault.dump() for vault in self._vaults.values()]))

    def load(self, state: bytes) -> None:
        """Take up every vault that is listed here."""
        found = msgspec.json.decode(state, type=_State)
        self._rows = found.rows
        for each in found.vaults:
            if each.vault_id in self._vaults:
                self._vaults[each.vault_id].load(each)

    def holds(self) -> Mapping[str, int]:
        """The money in the vaults, and as much less than nothing of each token as was made."""
        held: dict[str, int] = {}
        for vault in self._vaults.values():
            held[vault.rules.asset] = held.get(vault.rules.asset, 0) + vault.money
            held[vault.rules.token] = held.get(vault.rules.token, 0) - vault.made
        return held


def _redeem_refusal(vault: Vault, account: Account, tokens: int) -> VaultRefusal | None:
    rules = vault.rules
    if not rules.redeems_enabled:
        return VaultRefusal.REDEEMS_DISABLED
    if account.number in vault.pending:
        return VaultRefusal.PENDING
    if tokens < rules.redeem_min or tokens <= 0:
        return VaultRefusal.REDEEM_TOO_SMALL
    if tokens % rules.token_step:
        return VaultRefusal.NOT_ON_STEP
    if tokens > account.available(rules.token):
        return VaultRefusal.FUNDS
    return None


def _told(account: Account, asset: str) -> BalanceChanged:
    """What the account has of an asset now; what it is worth has changed with it."""
    account.budget = None
    balance = account.balances[asset]
    return BalanceChanged(account.number, asset, balance.available, balance.locked)
