"""What happened to pools and to loans."""

from __future__ import annotations

import msgspec

from haversack.exchange.engine.lending.loan import Loan
from haversack.wire.borrow_lend_history import BorrowLendEventType, BorrowLendSource, InterestPaymentType


class LoanChanged(msgspec.Struct, frozen=True, gc=False):
    """An account borrowed, lent, repaid or called back; its balance is told next."""

    account: int
    asset: str
    loan: Loan
    """As it is now."""
    kind: BorrowLendEventType
    amount: int
    """How much was moved, in the asset's smallest units."""
    source: BorrowLendSource
    number: int
    """Counted over all loans and interest payments."""
    order_id: int | None = None
    """The order that caused it, if one did."""


class InterestPaid(msgspec.Struct, frozen=True, gc=False):
    """Interest was added to what an account lends or owes."""

    account: int
    asset: str
    loan: Loan
    """As it is now."""
    kind: InterestPaymentType
    amount: int
    """In the asset's smallest units."""
    rate_e28: int
    """A year, in units of 1e-28."""
    duration_us: int
    """How long it is for."""
    number: int
    """Counted over all loans and interest payments."""


class PoolTold(msgspec.Struct, frozen=True, gc=False):
    """How a pool is after an hour, the exchange's other users included."""

    asset: str
    hour_us: int
    """When the hour ended."""
    lent: int
    borrowed: int
    borrow_rate_e28: int
    lend_rate_e28: int
