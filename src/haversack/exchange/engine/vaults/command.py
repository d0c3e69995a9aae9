"""What can be asked of vaults."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from haversack.exchange.engine.backing import Backing


class MintVault(msgspec.Struct, frozen=True, tag="vaultMint", array_like=True):
    """Pay into a vault, and get tokens for it at once."""

    account: int
    vault_id: int
    amount: int
    """In the smallest units of the asset that the vault takes."""
    backing: Backing | None = None
    """What it may call on beside the balance."""


class RedeemVault(msgspec.Struct, frozen=True, tag="vaultRedeem", array_like=True):
    """Ask for the money of tokens; it comes after the vault's delay."""

    account: int
    vault_id: int
    tokens: int | None
    """In the smallest units of the token; None: all that are available."""


class CancelVaultRedeem(msgspec.Struct, frozen=True, tag="vaultRedeemCancel", array_like=True):
    """Call off the redemption that waits, and keep the tokens."""

    account: int
    vault_id: int


class SetVaultNav(msgspec.Struct, frozen=True, tag="vaultNav", array_like=True):
    """Let a vault gain or lose: a token is worth this from now on, and grows from there."""

    vault_id: int
    nav_e12: int
    """In units of 1e-12 of the asset."""


VaultCommand: TypeAlias = MintVault | RedeemVault | CancelVaultRedeem | SetVaultNav
