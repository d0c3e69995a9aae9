"""Reads of what no account here ever did: loans, strategies and requests for quotes. Empty is what they truly are.

What would be an exchange's own, such as its pools, vaults and sessions, is not here: the real one has them, so empty would be
wrong.
"""

from __future__ import annotations

from typing import Any

from haversack.exchange.api.caller import Caller, not_found, unknown_symbol
from haversack.exchange.messages import Refused
from haversack.wire.base import Page
from haversack.wire.borrow_lend import BorrowLendPosition, GetBorrowLendPositions
from haversack.wire.borrow_lend_history import GetBorrowLendHistory, GetBorrowLendPositionHistory, GetInterestHistory
from haversack.wire.capital import GetDustHistory
from haversack.wire.rfq import GetOpenRfqs, RfqWithQuotes
from haversack.wire.rfq_history import GetQuoteFillHistory, GetQuoteHistory, GetRfqFillHistory, GetRfqHistory
from haversack.wire.strategies import CancelAllStrategies, GetOpenStrategies, GetStrategy, GetStrategyHistory, Strategy


def borrow_lend_positions(_caller: Caller, _operation: GetBorrowLendPositions) -> list[BorrowLendPosition]:
    """None: nothing can be borrowed, and lending is off."""
    return []


def rfqs(_caller: Caller, _operation: GetOpenRfqs) -> list[RfqWithQuotes]:
    """None."""
    return []


def strategy(caller: Caller, operation: GetStrategy) -> Strategy:
    """Not found, whatever its id."""
    caller.check_symbol(operation.symbol, unknown_symbol())
    if operation.strategy_id is None and operation.client_strategy_id is None:
        # The real text is unknown.
        raise Refused.as_invalid("Must specify either `strategyId` or `clientStrategyId`")
    raise not_found()


def strategies(caller: Caller, operation: GetOpenStrategies) -> list[Strategy]:
    """None."""
    if operation.symbol is not None:
        caller.check_symbol(operation.symbol, unknown_symbol())
    return []


def cancel_strategies(_caller: Caller, _operation: CancelAllStrategies) -> list[Strategy]:
    """None were there to cancel: an empty list, as for orders (recorded 2026-09)."""
    return []


def no_rows(_caller: Caller, _operation: Any) -> Page[Any]:
    """A page without rows: the first of one."""
    page: Page[Any] = Page()
    page.total = 0
    return page


ROUTES = (
    GetBorrowLendPositions.served_by(borrow_lend_positions),
    GetOpenRfqs.served_by(rfqs),
    GetStrategy.served_by(strategy),
    GetOpenStrategies.served_by(strategies),
    CancelAllStrategies.served_by(cancel_strategies),
    GetBorrowLendHistory.served_by(no_rows),
    GetBorrowLendPositionHistory.served_by(no_rows),
    GetInterestHistory.served_by(no_rows),
    GetDustHistory.served_by(no_rows),
    GetStrategyHistory.served_by(no_rows),
    GetRfqHistory.served_by(no_rows),
    GetQuoteHistory.served_by(no_rows),
    GetRfqFillHistory.served_by(no_rows),
    GetQuoteFillHistory.served_by(no_rows),
)
