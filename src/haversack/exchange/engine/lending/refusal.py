"""Why a pool turns somebody away."""

from __future__ import annotations

from haversack.exchange.engine.event import FacilityRefusal


class LendingRefusal(FacilityRefusal):
    """Nothing changed."""

    ACCOUNT_LIQUIDATING = "the account is being liquidated"
    CLOSED = "the pool is closed"
    REPAY_ONLY = "the pool takes nothing but repayments and redemptions"
    AUTO_LEND = "the account lends all that is available"
    REDEEM_FIRST = "the account lends less than it wants back"
    REPAY_FIRST = "the account owes less than it wants to repay"
    BORROW_LIMIT = "the pool would have too much borrowed"
    LEND_LIMIT = "the pool would have too much lent"
    INSUFFICIENT_SUPPLY = "the pool would be used too much"
    INSUFFICIENT_FUNDS = "the account has too little available"
    INSUFFICIENT_MARGIN = "the account has too little margin"
