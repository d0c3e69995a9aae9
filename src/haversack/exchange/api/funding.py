"""Funding rates of perpetuals, and what funding, fees and profit gave and took."""

from __future__ import annotations

from haversack.exchange.api.caller import Caller, invalid_symbol
from haversack.exchange.views.earnings import funding_rate
from haversack.wire.base import Page
from haversack.wire.funding import FundingPayment, FundingRate, GetFundingHistory, GetFundingRates
from haversack.wire.settlements import GetSettlementHistory, Settlement


def rates(caller: Caller, operation: GetFundingRates) -> Page[FundingRate]:
    """Newest first, beginning with the interval that is running; a spot market has none (recorded 2025-06)."""
    caller.check_symbol(operation.symbol, invalid_symbol())
    mark = caller.venue.engine.mark(operation.symbol)
    running = None if mark is None else funding_rate(mark.symbol, mark.funding_rate_e28, mark.next_funding_ms * 1_000)
    return caller.venue.archive.earnings.rates(operation, running)


def payments(caller: Caller, operation: GetFundingHistory) -> Page[FundingPayment]:
    """The account's own, newest first."""
    return caller.venue.archive.earnings.payments(caller.account, operation, now_us=caller.now_us)


def settlements(caller: Caller, operation: GetSettlementHistory) -> Page[Settlement]:
    """The account's own, newest first."""
    return caller.venue.archive.earnings.settlements(caller.account, operation, now_us=caller.now_us)


ROUTES = (
    GetFundingRates.served_by(rates),
    GetFundingHistory.served_by(payments),
    GetSettlementHistory.served_by(settlements),
)
