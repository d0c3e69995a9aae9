"""The account's settings and limits."""

from __future__ import annotations

from decimal import Decimal

from haversack.wire.base import Answer, Operation


class Account(Answer, frozen=True, kw_only=True):
    """Settings, fees and counts of the account (docs: AccountSummary)."""

    auto_borrow_settlements: bool
    auto_lend: bool
    """Whether idle balances are lent. They then count as lent and no longer as available."""
    auto_realize_pnl: bool
    auto_repay_borrows: bool
    borrow_limit: Decimal
    futures_maker_fee: Decimal
    """In basis points, as are all four fees; negative where the exchange pays it."""
    futures_taker_fee: Decimal
    leverage_limit: Decimal
    limit_orders: int
    """Open limit orders."""
    liquidating: bool
    position_limit: Decimal
    spot_maker_fee: Decimal
    spot_taker_fee: Decimal
    trigger_orders: int
    """Open trigger orders, counted apart."""


class GetAccount(Operation[Account], frozen=True):
    """Settings, fees and limits of the account.

    Source: GET /api/v1/account (get_account). Signed as accountQuery.
    """

    method, path, instruction = "GET", "/api/v1/account", "accountQuery"
