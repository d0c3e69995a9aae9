"""The account's settings and limits."""

from __future__ import annotations

from decimal import Decimal

from haversack.wire.base import Answer, BySymbol, Operation
from haversack.wire.enums import Side
from haversack.wire.inputs import Number, SideLike


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


class UpdateAccount(Operation[None], frozen=True, kw_only=True):
    """Change settings of the account; what is not given stays as it is. Answers nothing: read the account to see it.

    Source: PATCH /api/v1/account (update_account_settings). Signed as accountUpdate. Errors: FORBIDDEN (documented 2026-10).
    """

    method, path, instruction, payload = "PATCH", "/api/v1/account", "accountUpdate", "UpdateAccountSettingsRequest"

    auto_borrow_settlements: bool | None = None
    """Borrow, if it must be, when losses and gains are settled in cash."""
    auto_lend: bool | None = None
    """Lend what is idle."""
    auto_repay_borrows: bool | None = None
    """Repay borrows with what is available."""
    leverage_limit: Number | None = None
    """Highest leverage of this account or subaccount: 10 means ten times its equity."""


class MaxBorrow(Answer, frozen=True, kw_only=True):
    """How much could be borrowed (docs: MaxBorrowQuantity)."""

    max_borrow_quantity: Decimal
    """In the asset itself."""
    symbol: str
    """The asset."""


class GetMaxBorrowQuantity(BySymbol[MaxBorrow], frozen=True):
    """How much of an asset the account could borrow now; `symbol` is the asset, such as SOL.

    Source: GET /api/v1/account/limits/borrow (get_max_borrow_quantity). Signed as maxBorrowQuantity.
    """

    method, path, instruction = "GET", "/api/v1/account/limits/borrow", "maxBorrowQuantity"


class MaxOrder(Answer, frozen=True, kw_only=True):
    """How large an order could be, and for which order that holds (docs: MaxOrderQuantity)."""

    auto_borrow: bool | None = None
    """As asked, like all fields but the quantity; None where it was not sent."""
    auto_borrow_repay: bool | None = None
    auto_lend_redeem: bool | None = None
    max_order_quantity: Decimal
    """In the base asset, a multiple of the step size; 0 if it is less than one step."""
    price: Decimal | None = None
    reduce_only: bool | None = None
    side: Side
    symbol: str


class GetMaxOrderQuantity(BySymbol[MaxOrder], frozen=True, kw_only=True):
    """The largest order that the account could place now: balances, open positions and orders, and margin are counted.

    Source: GET /api/v1/account/limits/order (get_max_order_quantity). Signed as maxOrderQuantity.
    """

    method, path, instruction = "GET", "/api/v1/account/limits/order", "maxOrderQuantity"

    side: SideLike
    price: Number | None = None
    """The limit; not for market orders."""
    reduce_only: bool | None = None
    auto_borrow: bool | None = None
    """Spot margin only, like the next two."""
    auto_borrow_repay: bool | None = None
    auto_lend_redeem: bool | None = None


class MaxWithdrawal(Answer, frozen=True, kw_only=True):
    """How much could be withdrawn, and how (docs: MaxWithdrawalQuantity)."""

    auto_borrow: bool | None = None
    """As asked, like the next; None where it was not sent."""
    auto_lend_redeem: bool | None = None
    max_withdrawal_quantity: Decimal
    """In the asset itself."""
    symbol: str
    """The asset."""


class GetMaxWithdrawalQuantity(BySymbol[MaxWithdrawal], frozen=True, kw_only=True):
    """How much of an asset the account could withdraw now; `symbol` is the asset, such as SOL.

    Source: GET /api/v1/account/limits/withdrawal (get_max_withdrawal_quantity). Signed as maxWithdrawalQuantity.
    """

    method, path, instruction = "GET", "/api/v1/account/limits/withdrawal", "maxWithdrawalQuantity"

    auto_borrow: bool | None = None
    """Count what could be borrowed for it."""
    auto_lend_redeem: bool | None = None
    """Count what is lent and would be called back."""
