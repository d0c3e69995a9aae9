"""RFQs and quotes of the past, and what was filled of them, page by page. Those that are open: `wire.rfq`."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import UNSET, UnsetType, field

from haversack.wire.base import Answer, Operation, Page, moment_of_iso
from haversack.wire.enums import OpenEnum, OrderStatus, Side, SystemOrderType
from haversack.wire.inputs import SideLike, SortDirectionLike
from haversack.wire.rfq import RfqExecutionMode


class RfqFillType(OpenEnum):
    """Who wanted a fill: a user, or the exchange to settle a debt with collateral."""

    USER = "User"
    COLLATERAL_CONVERSION = "CollateralConversion"


if TYPE_CHECKING:
    RfqFillTypeLike: TypeAlias = RfqFillType | Literal["User", "CollateralConversion"]
    RfqStatusLike: TypeAlias = (
        OrderStatus | Literal["Cancelled", "Expired", "Filled", "New", "PartiallyFilled", "TriggerPending", "TriggerFailed"]
    )
else:
    RfqFillTypeLike = RfqFillType
    RfqStatusLike = OrderStatus


class PastRfq(Answer, frozen=True, kw_only=True):
    """An RFQ in the history (docs: RequestForQuoteHistorical). Its three times are without a zone; they are UTC."""

    client_id: int | None = None
    created_iso: str = field(name="createdAt")
    deferred_settlement_quote_id: str | UnsetType | None = UNSET
    """The quote that was accepted, if it is one that settles later. UNSET in answers from before 2026 (documented 2025-10)."""
    execution_mode: RfqExecutionMode
    expiry_iso: str = field(name="expiryTime")
    price: Decimal | None = None
    """The worst price that is accepted; with execution mode Immediate alone."""
    quantity: Decimal | None = None
    """In the base asset; either this or `quote_quantity`."""
    quote_quantity: Decimal | None = None
    rfq_id: str
    side: Side
    """The requester's."""
    status: OrderStatus
    submission_iso: str = field(name="submissionTime")
    """Quotes were taken until here."""
    symbol: str

    @property
    def created_at(self) -> datetime:
        """When the exchange took it, UTC."""
        return moment_of_iso(self.created_iso)

    @property
    def quotes_until(self) -> datetime:
        """Until when makers could quote, UTC."""
        return moment_of_iso(self.submission_iso)

    @property
    def expires_at(self) -> datetime:
        """Until when a quote could be accepted, UTC."""
        return moment_of_iso(self.expiry_iso)


class GetRfqHistory(Operation[Page[PastRfq]], frozen=True, kw_only=True):
    """RFQs of yours that were filled, or that ended without.

    Source: GET /wapi/v1/history/rfq (get_rfq_history). Signed as rfqHistoryQueryAll. `total` of the page is X-Total.
    """

    method, path, instruction = "GET", "/wapi/v1/history/rfq", "rfqHistoryQueryAll"

    deferred_settlement: bool | None = None
    """Only those that settle later (True), only those that settle at once (False); both if not sent."""
    limit: int | None = None
    """1 to 1000; 100 if not sent."""
    offset: int | None = None
    """Rows to skip; 0 if not sent."""
    rfq_id: str | None = None
    side: SideLike | None = None
    sort_direction: SortDirectionLike | None = None
    status: RfqStatusLike | None = None
    symbol: str | None = None


class PastQuote(Answer, frozen=True, kw_only=True):
    """A quote in the history (docs: QuoteHistorical)."""

    ask_price: Decimal
    bid_price: Decimal
    client_id: int | None = None
    created_iso: str = field(name="createdAt")
    """Without a zone; it is UTC."""
    deferred_settlement: bool | UnsetType = UNSET
    """Whether it settles some time after it is accepted. UNSET in answers from before 2026 (documented 2025-10)."""
    quote_id: str
    rfq_id: str
    status: OrderStatus

    @property
    def created_at(self) -> datetime:
        """When the exchange took it, UTC."""
        return moment_of_iso(self.created_iso)


class GetQuoteHistory(Operation[Page[PastQuote]], frozen=True, kw_only=True):
    """Quotes of yours that were filled, or that ended without.

    Source: GET /wapi/v1/history/quote (get_quote_history). Signed as quoteHistoryQueryAll. `total` of the page is X-Total.
    """

    method, path, instruction = "GET", "/wapi/v1/history/quote", "quoteHistoryQueryAll"

    deferred_settlement: bool | None = None
    """Only those that settle later (True), only those that settle at once (False); both if not sent."""
    limit: int | None = None
    """1 to 1000; 100 if not sent."""
    offset: int | None = None
    """Rows to skip; 0 if not sent."""
    quote_id: str | None = None
    sort_direction: SortDirectionLike | None = None
    status: RfqStatusLike | None = None
    symbol: str | None = None


class RfqFill(Answer, frozen=True, kw_only=True):
    """What an RFQ of yours was filled with (docs: RequestForQuoteFillHistorical). Times are without a zone; they are UTC."""

    client_id: int | None = None
    created_iso: str = field(name="createdAt")
    """Of the RFQ."""
    fill_price: Decimal
    filled_iso: str = field(name="filledAt")
    quantity: Decimal | None = None
    """In the base asset; either this or `quote_quantity`, whichever the RFQ named."""
    quote_id: str
    """The quote that was taken."""
    quote_quantity: Decimal | None = None
    rfq_id: str
    side: Side
    """Yours."""
    symbol: str
    system_order_type: SystemOrderType | None = None
    """The reason, for an RFQ that the exchange made itself."""

    @property
    def created_at(self) -> datetime:
        """When the exchange took the RFQ, UTC."""
        return moment_of_iso(self.created_iso)

    @property
    def filled_at(self) -> datetime:
        """When it was filled, UTC."""
        return moment_of_iso(self.filled_iso)


class GetRfqFillHistory(Operation[Page[RfqFill]], frozen=True, kw_only=True):
    """Fills of your RFQs; of a quote that settles later there is one when it has settled.

    Source: GET /wapi/v1/history/rfq/fill (get_rfq_fill_history). Signed as rfqFillHistoryQueryAll. `total` of the page is
    X-Total.
    """

    method, path, instruction = "GET", "/wapi/v1/history/rfq/fill", "rfqFillHistoryQueryAll"

    deferred_settlement: bool | None = None
    """Only those that settled later (True), only those that settled at once (False); both if not sent."""
    fill_type: RfqFillTypeLike | None = None
    limit: int | None = None
    """1 to 1000; 100 if not sent."""
    offset: int | None = None
    """Rows to skip; 0 if not sent."""
    quote_id: str | None = None
    """By its name the quote's; the documentation's sentence speaks of the RFQ. The local exchange takes it for the quote's."""
    side: SideLike | None = None
    sort_direction: SortDirectionLike | None = None
    symbol: str | None = None


class QuoteFill(Answer, frozen=True, kw_only=True):
    """A quote of yours that was taken (docs: QuoteFillHistorical). Times are without a zone; they are UTC."""

    client_id: int | None = None
    created_iso: str = field(name="createdAt")
    """Of the quote."""
    fee: Decimal
    fee_symbol: str
    """The asset that the fee was taken from."""
    fill_price: Decimal
    filled_iso: str = field(name="filledAt")
    quantity: Decimal
    """In the base asset."""
    quote_id: str
    rfq_id: str
    side: Side
    """Whose it is, is not documented; the local exchange tells the maker's."""
    symbol: str

    @property
    def created_at(self) -> datetime:
        """When the exchange took the quote, UTC."""
        return moment_of_iso(self.created_iso)

    @property
    def filled_at(self) -> datetime:
        """When it was filled, UTC."""
        return moment_of_iso(self.filled_iso)


class GetQuoteFillHistory(Operation[Page[QuoteFill]], frozen=True, kw_only=True):
    """Fills of your quotes.

    Source: GET /wapi/v1/history/quote/fill (get_quote_fill_history). Signed as quoteFillHistoryQueryAll. `total` of the page is
    X-Total.
    """

    method, path, instruction = "GET", "/wapi/v1/history/quote/fill", "quoteFillHistoryQueryAll"

    limit: int | None = None
    """1 to 1000; 100 if not sent."""
    offset: int | None = None
    """Rows to skip; 0 if not sent."""
    quote_id: str | None = None
    side: SideLike | None = None
    sort_direction: SortDirectionLike | None = None
    symbol: str | None = None
