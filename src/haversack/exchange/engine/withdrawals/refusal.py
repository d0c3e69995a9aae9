"""Why a withdrawal is not taken on, or a delay not changed."""

from __future__ import annotations

from haversack.exchange.engine.event import FacilityRefusal


class WithdrawalRefusal(FacilityRefusal):
    """Each of them; nothing was changed."""

    UNKNOWN_NETWORK = "the asset is not on that network"
    DISABLED = "nothing leaves by that network"
    TOO_SMALL = "the quantity is too small"
    TOO_LARGE = "the quantity is too large"
    LIQUIDATING = "the account is being liquidated"
    FUNDS = "the account has too little available"
    TOO_MANY = "too many of the account's withdrawals wait"
    DELAY_EXISTS = "the account has a delay already"
    NO_DELAY = "the account has no delay"
