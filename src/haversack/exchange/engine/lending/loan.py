"""What one account has lent to a pool, or owes it."""

from __future__ import annotations

import msgspec

from haversack.wire.borrow_lend_history import BorrowLendSource


class Loan(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One position in a pool. An account has at most one in each: it lends, or it borrows, or it does neither."""

    position_id: int
    quantity: int
    """In the asset's smallest units: positive is lent, negative is owed; 0 once it is over."""
    opened_us: int
    source: BorrowLendSource
    """What opened it."""
    is_borrow: bool
    interest: int = 0
    """All interest so far, received or paid, never negative (that it has no sign is a guess)."""
    rates_e28: int = 0
    """Sum of the rates of all interest payments."""
    payments: int = 0
    """How many those were, the entry fee left out."""
