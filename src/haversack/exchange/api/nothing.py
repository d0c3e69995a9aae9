"""Reads of what no account here ever did: loans and requests for quotes. Empty is what they truly are.

What would be an exchange's own, such as its pools, vaults and sessions, is not here: the real one has them, so empty would be
wrong.
"""

from __future__ import annotations

from typing import Any

from haversack.exchange.api.caller import Caller
from haversack.wire.base import Page
from haversack.wire.borrow_lend import BorrowLendPosition, GetBorrowLendPositions
from haversack.wire.borrow_lend_history import GetBorrowLendHistory, GetBorrowLendPositionHistory, GetInterestHistory
from haversack.wire.capital import GetDustHistory


def borrow_lend_positions(_caller: Caller, _operation: GetBorrowLendPositions) -> list[BorrowLendPosition]:
    """None: nothing can be borrowed, and lending is off."""
    return []


def no_rows(_caller: Caller, _operation: Any) -> Page[Any]:
    """A page without rows: the first of one."""
    page: Page[Any] = Page()
    page.total = 0
    return page


ROUTES = (
    GetBorrowLendPositions.served_by(borrow_lend_positions),
    GetBorrowLendHistory.served_by(no_rows),
    GetBorrowLendPositionHistory.served_by(no_rows),
    GetInterestHistory.served_by(no_rows),
    GetDustHistory.served_by(no_rows),
)
