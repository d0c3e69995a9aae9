"""Settlements: what profit, fees and funding did to the account's cash."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import UNSET, UnsetType, field

from haversack.wire.base import Answer, Operation, Page, moment_of_iso
from haversack.wire.enums import OpenEnum
from haversack.wire.inputs import SortDirectionLike


class SettlementSource(OpenEnum):
    """What was settled. Since 2026-07 the culled kinds come as RealizePnl or TradingFees (documented 2026-10)."""

    TRADING_FEES = "TradingFees"
    TRADING_FEES_SYSTEM = "TradingFeesSystem"
    FUNDING_PAYMENT = "FundingPayment"
    CULLED_BORROW_INTEREST = "CulledBorrowInterest"
    CULLED_REALIZE_PNL_AUTO = "CulledRealizePnlAuto"
    CULLED_REALIZE_PNL_BOOK_UTILISATION = "CulledRealizePnlBookUtilisation"
    CULLED_REALIZE_PNL_ACCOUNT_THRESHOLD = "CulledRealizePnlAccountThreshold"
    CULLED_REALIZE_PNL_SYSTEM_THRESHOLD = "CulledRealizePnlSystemThreshold"
    REALIZE_PNL = "RealizePnl"
    BACKSTOP_PROVIDER_LIQUIDATION = "BackstopProviderLiquidation"
    BACKSTOP_ADL_LIQUIDATION = "BackstopAdlLiquidation"
    BACKSTOP_LIQUIDITY_FUND_PROCEEDS = "BackstopLiquidityFundProceeds"
    SYSTEM_LIABILITY_TRANSFER = "SystemLiabilityTransfer"


class SettlementSourceFilter(OpenEnum):
    """What to list. The three culled kinds were taken out in 2026-07 (documented 2026-10)."""

    BACKSTOP_LIQUIDATION = "BackstopLiquidation"
    FUNDING_PAYMENT = "FundingPayment"
    REALIZE_PNL = "RealizePnl"
    TRADING_FEES = "TradingFees"
    TRADING_FEES_SYSTEM = "TradingFeesSystem"


if TYPE_CHECKING:
    SettlementSourceFilterLike: TypeAlias = (
        SettlementSourceFilter
        | Literal["BackstopLiquidation", "FundingPayment", "RealizePnl", "TradingFees", "TradingFeesSystem"]
    )
else:
    SettlementSourceFilterLike = SettlementSourceFilter


class Settlement(Answer, frozen=True, kw_only=True):
    """Money that a settlement gave or took (docs: Settlement)."""

    engine_sequence: int | UnsetType | None = UNSET
    """Number of the event in the matching engine. UNSET in answers from before 2026, like the next (documented 2025-10)."""
    position_id: str | UnsetType | None = UNSET
    """The position, for funding and realized profit."""
    quantity: Decimal
    """In USDC."""
    source: SettlementSource
    subaccount_id: int | None = None
    timestamp_iso: str = field(name="timestamp")
    """Without a zone; it is UTC."""
    user_id: int

    @property
    def time(self) -> datetime:
        """When it was settled, UTC."""
        return moment_of_iso(self.timestamp_iso)


class GetSettlementHistory(Operation[Page[Settlement]], frozen=True, kw_only=True):
    """What realized profit, fees and funding gave and took.

    Source: GET /wapi/v1/history/settlement (get_settlement_history). Signed as settlementHistoryQueryAll. `total` of the page
    is X-Total.
    """

    method, path, instruction = "GET", "/wapi/v1/history/settlement", "settlementHistoryQueryAll"

    limit: int | None = None
    """1 to 1000; 100 if not sent."""
    offset: int | None = None
    """Rows to skip; 0 if not sent."""
    sort_direction: SortDirectionLike | None = None
    source: SettlementSourceFilterLike | None = None
