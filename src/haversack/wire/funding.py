"""Funding of perpetuals: its rate per interval, and what the account paid and received."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import field

from haversack.wire.base import Answer, BySymbol, Operation, Page, moment_of_iso
from haversack.wire.inputs import SortDirectionLike


class FundingRate(Answer, frozen=True, kw_only=True):
    """The funding rate of one interval (docs: FundingIntervalRate)."""

    funding_rate: Decimal
    """A fraction of the position's value, up to nine decimals; positive: long positions pay short ones."""
    interval_end_iso: str = field(name="intervalEndTimestamp")
    """When the interval ends, to the second. Without a zone; it is UTC."""
    symbol: str

    @property
    def interval_end(self) -> datetime:
        """When the interval ends, UTC."""
        return moment_of_iso(self.interval_end_iso)


class GetFundingRates(BySymbol[Page[FundingRate]], frozen=True, kw_only=True):
    """Funding rates of a perpetual, newest first; the first row is of the interval that is still running (observed 2025-06).

    Intervals were eight hours long until 2025-08-20 and have been one hour since, on most markets. A spot market has an empty
    list. `total` of the page is X-Total.
    Source: GET /api/v1/fundingRates (get_funding_interval_rates). Public. Errors: INVALID_SYMBOL for an unknown symbol.
    """

    method, path = "GET", "/api/v1/fundingRates"

    limit: int | None = None
    """1 to 10000; 100 if not sent."""
    offset: int | None = None
    """Rows to skip; 0 if not sent."""


class FundingPayment(Answer, frozen=True, kw_only=True):
    """What one position of the account paid or received for one interval (docs: FundingPayment)."""

    funding_rate: Decimal
    """A fraction of the position's value at the mark price; positive: long positions pay short ones."""
    interval_end_iso: str = field(name="intervalEndTimestamp")
    """When the interval ended. Without a zone; it is UTC."""
    quantity: Decimal
    """In USDC, in which all perpetuals settle: positive was received, negative was paid (docs)."""
    subaccount_id: int | None = None
    symbol: str
    user_id: int

    @property
    def interval_end(self) -> datetime:
        """When the interval ended, UTC."""
        return moment_of_iso(self.interval_end_iso)


class GetFundingHistory(Operation[Page[FundingPayment]], frozen=True, kw_only=True):
    """Funding that the account paid and received. The API key says which subaccount it is.

    Source: GET /wapi/v1/history/funding (get_funding_payments). Signed as fundingHistoryQueryAll. `total` of the page is
    X-Total.
    """

    method, path, instruction = "GET", "/wapi/v1/history/funding", "fundingHistoryQueryAll"

    limit: int | None = None
    """1 to 1000; 100 if not sent."""
    offset: int | None = None
    """Rows to skip; 0 if not sent."""
    sort_direction: SortDirectionLike | None = None
    symbol: str | None = None
    """All markets if not sent."""
