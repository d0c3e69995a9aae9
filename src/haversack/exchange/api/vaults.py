"""Vaults: what they are and were worth, deposits into them and redemptions.

No answer of the real one was ever seen: the codes are documented, what each is for and all texts are guesses.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from haversack.exchange.api.caller import Caller
from haversack.exchange.engine.backing import backing_of
from haversack.exchange.engine.event import FacilityRefusal
from haversack.exchange.engine.vaults.command import CancelVaultRedeem as Cancel
from haversack.exchange.engine.vaults.command import MintVault, RedeemVault
from haversack.exchange.engine.vaults.refusal import VaultRefusal
from haversack.exchange.engine.vaults.rules import NAV_SCALE
from haversack.exchange.engine.vaults.vault import PendingRedeem
from haversack.exchange.engine.vaults.vaults import Vaults
from haversack.exchange.filters import units
from haversack.exchange.listing_vaults import ListedVault
from haversack.exchange.messages import Refused
from haversack.exchange.views.vaults import snapshots
from haversack.units import compact, decimals_of
from haversack.wire.vaults import (
    CancelVaultRedeem,
    GetPendingVaultRedeems,
    GetVaultHistory,
    GetVaultNav,
    GetVaults,
    MintVaultTokens,
    RedeemVaultTokens,
    Vault,
    VaultNav,
    VaultRedeem,
    VaultRedeemStatus,
    VaultSnapshot,
)

_TOO_SMALL, _TOO_LONG = "Quantity is below the minimum allowed value", "Quantity decimal too long"
_TEXTS: Mapping[FacilityRefusal, Refused] = {
    VaultRefusal.MINTS_DISABLED: Refused.by_rule("PRECONDITION_FAILED", "Vault mints are disabled"),
    VaultRefusal.REDEEMS_DISABLED: Refused.by_rule("PRECONDITION_FAILED", "Vault redeems are disabled"),
    VaultRefusal.MINT_TOO_SMALL: Refused.as_invalid(_TOO_SMALL),
    VaultRefusal.REDEEM_TOO_SMALL: Refused.as_invalid(_TOO_SMALL),
    VaultRefusal.NOT_ON_STEP: Refused.as_invalid(_TOO_LONG),
    VaultRefusal.SOLD_OUT: Refused.as_invalid("Quantity is above the maximum allowed value"),
    VaultRefusal.LIQUIDATING: Refused.by_rule("ACCOUNT_LIQUIDATING", "Account is being liquidated"),
    VaultRefusal.FUNDS: Refused.by_rule("INSUFFICIENT_FUNDS", "Insufficient funds"),
    VaultRefusal.PENDING: Refused.by_rule("PRECONDITION_FAILED", "Redeem request is already pending"),
    VaultRefusal.NOT_PENDING: Refused.as_invalid("Redeem request not found"),
}


def vaults(caller: Caller, _operation: GetVaults) -> list[Vault]:
    """All that are listed, and how much each may still make."""
    return [_told(caller, listed) for listed in caller.venue.listing.vaults.values()]


def _told(caller: Caller, listed: ListedVault) -> Vault:
    vault = _facility(caller).vault(listed.vault_id)
    left = max(0, vault.rules.mintable - vault.made)
    return Vault(
        vault_id=listed.vault_id,
        min_mint_quantity=listed.min_mint_quantity,
        min_redeem_tokens=listed.min_redeem_tokens,
        mints_enabled=listed.mints_enabled,
        redeem_delay_ms=listed.redeem_delay_ms,
        redeems_enabled=listed.redeems_enabled,
        remaining_mint_quantity=caller.venue.listing.quantity_of(listed.vault_token, left),
        symbol=listed.symbol,
        token_step_size=listed.token_step_size,
        vault_token=listed.vault_token,
    )


def mint(caller: Caller, operation: MintVaultTokens) -> None:
    """Deposit what is available, or may be called back or borrowed for it."""
    listed = _listed(caller, operation.vault_id)
    if operation.symbol != listed.symbol:
        raise Refused.by_rule("INVALID_ASSET", "Invalid asset")
    amount = _units(caller, listed.symbol, operation.quantity)
    backing = backing_of(redeems=operation.auto_lend_redeem, borrows=operation.auto_borrow)
    caller.carry_out(MintVault(caller.account, listed.vault_id, amount, backing), _TEXTS)


def redeem(caller: Caller, operation: RedeemVaultTokens) -> None:
    """Ask for a redemption."""
    listed = _listed(caller, operation.vault_id)
    wanted = operation.vault_token_quantity
    tokens = None if wanted is None else _units(caller, listed.vault_token, wanted)
    caller.carry_out(RedeemVault(caller.account, listed.vault_id, tokens), _TEXTS)


def cancel(caller: Caller, operation: CancelVaultRedeem) -> None:
    """Call it off."""
    caller.carry_out(Cancel(caller.account, _listed(caller, operation.vault_id).vault_id), _TEXTS)


def pending(caller: Caller, operation: GetPendingVaultRedeems) -> list[VaultRedeem]:
    """Of everybody, the oldest first; told to the vault's own account alone."""
    listed = caller.venue.listing.vaults.get(operation.vault_id)
    if listed is None or listed.account != caller.venue.engine.key_of(caller.account):
        raise Refused.by_rule("FORBIDDEN", "Forbidden", status=403)
    waiting = _facility(caller).vault(listed.vault_id).pending.values()
    return [_waiting(caller, listed, each) for each in waiting]


def _waiting(caller: Caller, listed: ListedVault, each: PendingRedeem) -> VaultRedeem:
    return VaultRedeem(
        redeem_id=str(each.redeem_id),
        status=VaultRedeemStatus.REQUESTED,
        timestamp_ms=each.asked_us // 1_000,
        vault_id=listed.vault_id,
        vault_token_quantity=caller.venue.listing.quantity_of(listed.vault_token, each.tokens),
    )


def nav(caller: Caller, _operation: GetVaultNav) -> VaultNav:
    """What a token is worth now; told to a vault's own account alone. It holds cash, so no haircut takes anything off."""
    key, listing = caller.venue.engine.key_of(caller.account), caller.venue.listing
    listed = next((each for each in listing.vaults.values() if each.account == key), None)
    if listed is None:
        raise Refused.by_rule("UNAUTHORIZED", "Unauthorized", status=401)
    facility, now_us = _facility(caller), caller.now_us
    vault = facility.vault(listed.vault_id)
    supply = facility.supply(vault)
    equity = listing.quantity_of(listed.symbol, vault.rules.worth(supply, vault.nav_e12))
    return VaultNav(
        last_crank_ms=vault.valued_us // 1_000 or None,
        mint_nav=compact(vault.mint_nav_e12(now_us), NAV_SCALE),
        nav=compact(vault.nav_e12, NAV_SCALE),
        net_equity=equity,
        redeem_nav=compact(vault.redeem_nav_e12(now_us), NAV_SCALE),
        token_circulating_supply=listing.quantity_of(listed.vault_token, supply),
        twap_nav=compact(vault.twap_e12(now_us), NAV_SCALE),
        vault_equity=equity,
    )


def history(caller: Caller, operation: GetVaultHistory) -> list[VaultSnapshot]:
    """What the vaults were worth, oldest first."""
    return snapshots(caller.venue.archive, caller.venue.listing, operation, now_us=caller.now_us)


def _facility(caller: Caller) -> Vaults:
    return caller.venue.engine.facility(Vaults)


def _listed(caller: Caller, vault_id: int) -> ListedVault:
    listed = caller.venue.listing.vaults.get(vault_id)
    if listed is None:
        raise Refused.as_invalid("Vault not found")
    return listed


def _units(caller: Caller, asset: str, quantity: Decimal | str | int) -> int:
    number, scale = Decimal(quantity), caller.venue.listing.asset_scales[asset]
    if number <= 0:
        raise Refused.as_invalid(_TOO_SMALL)
    if decimals_of(number) > scale:
        raise Refused.as_invalid(_TOO_LONG)
    return units(number, scale)


ROUTES = (
    GetVaults.served_by(vaults),
    MintVaultTokens.served_by(mint),
    RedeemVaultTokens.served_by(redeem),
    CancelVaultRedeem.served_by(cancel),
    GetPendingVaultRedeems.served_by(pending),
    GetVaultNav.served_by(nav),
    GetVaultHistory.served_by(history),
)
