"""What the account borrowed and lent, and the interest on it, page by page."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import field

from haversack.wire.base import Answer, Operation, Page, moment_of_iso
from haversack.wire.borrow_lend import BorrowLendSide, BorrowLendSideLike
from haversack.wire.enums import OpenEnum
from haversack.wire.inputs import SortDirectionLike


class BorrowLendEventType(OpenEnum):
    """What was done."""

    BORROW = "Borrow"
    BORROW_REPAY = "BorrowRepay"
    LEND = "Lend"
    LEND_REDEEM = "LendRedeem"


class BorrowLendSource(OpenEnum):
    """Who or what made the account borrow or lend."""

    ADL_PROVIDER = "AdlProvider"
    AUTO_BORROW_REPAY = "AutoBorrowRepay"
    AUTO_LEND = "AutoLend"
    BACKSTOP_PROVIDER = "BackstopProvider"
    DUST_CONVERSION = "DustConversion"
    INTEREST = "Interest"
    LIQUIDATION = "Liquidation"
    LIQUIDATION_ADL = "LiquidationAdl"
    LIQUIDATION_BACKSTOP = "LiquidationBackstop"
    MANUAL = "Manual"
    RECONCILIATION = "Reconciliation"
    RFQ = "Rfq"
    SPOT_MARGIN = "SpotMargin"
    WITHDRAWAL = "Withdrawal"


class InterestPaymentSource(OpenEnum):
    """What interest is paid on."""

    UNREALIZED_PNL = "UnrealizedPnl"
    BORROW_LEND = "BorrowLend"


class InterestPaymentType(OpenEnum):
    """Which interest it is."""

    ENTRY_FEE = "EntryFee"
    BORROW = "Borrow"
    LEND = "Lend"
    UNREALIZED_POSITIVE_PNL = "UnrealizedPositivePnl"
    UNREALIZED_NEGATIVE_PNL = "UnrealizedNegativePnl"


class BorrowLendPositionState(OpenEnum):
    """Whether a position is still there."""

    OPEN = "Open"
    CLOSED = "Closed"


if TYPE_CHECKING:
    BorrowLendEventTypeLike: TypeAlias = BorrowLendEventType | Literal["Borrow", "BorrowRepay", "Lend", "LendRedeem"]
    InterestPaymentSourceLike: TypeAlias = InterestPaymentSource | Literal["UnrealizedPnl", "BorrowLend"]
    BorrowLendPositionStateLike: TypeAlias = BorrowLendPositionState | Literal["Open", "Closed"]
else:
    BorrowLendEventTypeLike = BorrowLendEventType
    InterestPaymentSourceLike = InterestPaymentSource
    BorrowLendPositionStateLike = BorrowLendPositionState


class BorrowLendMovement(Answer, frozen=True, kw_only=True):
    """One time that the account borrowed, lent, paid back or called back (docs: BorrowLendMovement)."""

    event_type: BorrowLendEventType
    position_id: str
    position_quantity: Decimal | None = None
    """What the position came to, in the asset itself."""
    quantity: Decimal
    """In the asset itself."""
    source: BorrowLendSource
    spot_margin_order_id: str | None = None
    """The order that caused it, if one did."""
    symbol: str
    """The asset."""
    timestamp_iso: str = field(name="timestamp")
    """Without a zone; it is UTC."""

    @property
    def time(self) -> datetime:
        """When it happened, UTC."""
        return moment_of_iso(self.timestamp_iso)


class GetBorrowLendHistory(Operation[Page[BorrowLendMovement]], frozen=True, kw_only=True):
    """Each time that the account borrowed, lent, paid back or called back.

    Source: GET /wapi/v1/history/borrowLend (get_borrow_lend_history). Signed as borrowHistoryQueryAll. `total` of the page is
    X-Total.
    """

    method, path, instruction = "GET", "/wapi/v1/history/borrowLend", "borrowHistoryQueryAll"

    limit: int | None = None
    """1 to 1000; 100 if not sent."""
    offset: int | None = None
    """Rows to skip; 0 if not sent."""
    position_id: str | None = None
    sort_direction: SortDirectionLike | None = None
    sources: str | None = None
    """One `BorrowLendSource`, or several with commas between them: `AutoLend,Interest`."""
    symbol: str | None = None
    """The asset."""
    event_type: BorrowLendEventTypeLike | None = field(name="type", default=None)


class InterestPayment(Answer, frozen=True, kw_only=True):
    """Interest that was paid or received (docs: InterestPayment)."""

    interest_rate: Decimal
    duration: int = field(name="interval")
    """How long it was for; its unit is not documented, and seconds at the local exchange."""
    market_symbol: str
    """The spot market of what was borrowed or lent, or the futures market of the unrealized profit."""
    payment_type: InterestPaymentType
    position_id: str
    quantity: Decimal
    symbol: str
    """The asset."""
    timestamp_iso: str = field(name="timestamp")
    """Without a zone; it is UTC."""

    @property
    def time(self) -> datetime:
        """When it was paid, UTC."""
        return moment_of_iso(self.timestamp_iso)


class GetInterestHistory(Operation[Page[InterestPayment]], frozen=True, kw_only=True):
    """Interest on what was borrowed and lent, and on unrealized profit.

    Source: GET /wapi/v1/history/interest (get_interest_history). Signed as interestHistoryQueryAll. `total` of the page is
    X-Total.
    """

    method, path, instruction = "GET", "/wapi/v1/history/interest", "interestHistoryQueryAll"

    asset: str | None = None
    limit: int | None = None
    """1 to 1000; 100 if not sent."""
    offset: int | None = None
    """Rows to skip; 0 if not sent."""
    position_id: str | None = None
    sort_direction: SortDirectionLike | None = None
    source: InterestPaymentSourceLike | None = None
    symbol: str | None = None
    """A spot market for what was borrowed and lent, a futures market for unrealized profit; all if not sent."""


class PastBorrowLendPosition(Answer, frozen=True, kw_only=True):
    """A borrow or a lend, open or over (docs: BorrowLendPositionRow)."""

    avg_interest_rate: Decimal
    """Mean rate over the time that it was open."""
    created_iso: str = field(name="createdAt")
    """Without a zone; it is UTC."""
    cumulative_interest: Decimal
    """In the asset itself."""
    position_id: str
    quantity: Decimal
    """In the asset itself."""
    side: BorrowLendSide
    source: BorrowLendSource
    """What opened it."""
    symbol: str
    """The asset."""

    @property
    def created_at(self) -> datetime:
        """When it was opened, UTC."""
        return moment_of_iso(self.created_iso)


class GetBorrowLendPositionHistory(Operation[Page[PastBorrowLendPosition]], frozen=True, kw_only=True):
    """What was borrowed and lent, position by position, open or over.

    Source: GET /wapi/v1/history/borrowLend/positions (get_borrow_lend_position_history). Signed as
    borrowPositionHistoryQueryAll. `total` of the page is X-Total.
    """

    method, path, instruction = "GET", "/wapi/v1/history/borrowLend/positions", "borrowPositionHistoryQueryAll"

    limit: int | None = None
    """1 to 1000; 100 if not sent."""
    offset: int | None = None
    """Rows to skip; 0 if not sent."""
    side: BorrowLendSideLike | None = None
    sort_direction: SortDirectionLike | None = None
    state: BorrowLendPositionStateLike | None = None
    symbol: str | None = None
    """The asset."""
