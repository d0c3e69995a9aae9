"""Why a vault turns a command away."""

from __future__ import annotations

from haversack.exchange.engine.event import FacilityRefusal


class VaultRefusal(FacilityRefusal):
    """Each of them; nothing was changed."""

    MINTS_DISABLED = "the vault takes no deposits"
    REDEEMS_DISABLED = "the vault pays nothing out"
    MINT_TOO_SMALL = "the deposit is too small"
    REDEEM_TOO_SMALL = "the tokens are too few"
    NOT_ON_STEP = "the tokens are no whole number of steps"
    SOLD_OUT = "more tokens than the vault may still make"
    LIQUIDATING = "the account is being liquidated"
    FUNDS = "the account has too little available"
    PENDING = "the account waits for a redemption already"
    NOT_PENDING = "the account waits for no redemption"
