"""What vaults did."""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class VaultValued(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A vault's token was valued anew, as is done at regular times."""

    number: int
    """Counted for all vaults together, from 1."""
    vault_id: int
    nav_e12: int
    """In units of 1e-12 of the asset."""
    supply: int
    """Tokens that exist, in the token's smallest units."""
    equity: int
    """What they are worth, in the asset's smallest units."""
    is_first_of_day: bool
    """In UTC."""


class VaultMinted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An account paid into a vault and has tokens for it."""

    account: int
    vault_id: int
    amount: int
    tokens: int
    nav_e12: int
    """At which they were made."""


class VaultRedeemRequested(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An account wants the money of these tokens, which are locked until it gets it."""

    account: int
    vault_id: int
    redeem_id: int
    tokens: int
    due_us: int


class VaultRedeemed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The tokens are gone, and the account has their money."""

    account: int
    vault_id: int
    redeem_id: int
    tokens: int
    amount: int
    nav_e12: int
    """At which they were paid for."""


class VaultRedeemCancelled(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The account called a redemption off and has its tokens."""

    account: int
    vault_id: int
    redeem_id: int
    tokens: int


VaultEvent: TypeAlias = VaultValued | VaultMinted | VaultRedeemRequested | VaultRedeemed | VaultRedeemCancelled
