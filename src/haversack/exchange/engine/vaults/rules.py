"""What a vault's rules are, in integers."""

from __future__ import annotations

import msgspec

from haversack.exchange.engine.rules import Ratio

NAV_SCALE = 12
"""Decimals of what a token is worth."""
NAV_UNIT: int = 10**NAV_SCALE
YEAR_US = 365 * 24 * 3_600 * 1_000_000


class VaultRules(msgspec.Struct, frozen=True, kw_only=True):
    """One vault. Tokens and amounts are in the smallest units of the token and of the asset."""

    vault_id: int
    token: str
    asset: str
    """Which is paid in and out."""
    token_unit: int
    """Smallest units in one token."""
    asset_unit: int
    """Smallest units in one of the asset."""
    token_step: int
    mint_min: int
    """The least deposit."""
    redeem_min: int
    """The fewest tokens that are redeemed at once."""
    mintable: int
    """How many tokens may be made in all."""
    mints_enabled: bool
    redeems_enabled: bool
    redeem_delay_us: int
    opening_nav_e12: int
    growth: Ratio
    """What a token gains in a year, as a part of what it is worth; without compounding."""
    crank_us: int
    """How often it is valued, counted from 1970."""
    twap_us: int
    """How far back the mean of its values reaches."""

    def tokens_for(self, amount: int, nav_e12: int) -> int:
        """What a deposit makes, in whole steps, rounded down (documented)."""
        tokens = amount * NAV_UNIT * self.token_unit // (nav_e12 * self.asset_unit)
        return tokens // self.token_step * self.token_step

    def worth(self, tokens: int, nav_e12: int) -> int:
        """What tokens bring, rounded down (guess)."""
        return tokens * nav_e12 * self.asset_unit // (self.token_unit * NAV_UNIT)
