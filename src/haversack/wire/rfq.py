"""Requests for quotes (RFQs): ask for a price, quote one, accept one.

The life of an RFQ (docs: RFQ, 2026-10). The requester submits it; makers hear of it by `account.rfqUpdate` and may quote until
its submission time. The requester hears of each quote that is the best so far, and may accept the best one only, until the expiry
time, when the RFQ ends as Expired. A refresh cancels all quotes and sets both times anew. With execution mode Immediate the
exchange accepts the first quote that keeps to the requester's price.

Most quotes settle as soon as they are accepted. Those of the exchange's own broker for stocks are settled later (deferred
settlement): accepting one is binding and locks the money, and the fill comes afterwards, at the quoted price or a better one. If
it does not come in time, the exchange cancels the RFQ and frees the money.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import UNSET, UnsetType, field

from haversack.wire.base import Answer, MaybeBySymbol, Operation, moment_of_ms
from haversack.wire.enums import OpenEnum, OrderStatus, Side, SystemOrderType
from haversack.wire.inputs import Number, SideLike


class RfqExecutionMode(OpenEnum):
    """Who accepts a quote: the requester, or the exchange as soon as one keeps to the price."""

    AWAIT_ACCEPT = "AwaitAccept"
    IMMEDIATE = "Immediate"


if TYPE_CHECKING:
    RfqExecutionModeLike: TypeAlias = RfqExecutionMode | Literal["AwaitAccept", "Immediate"]
else:
    RfqExecutionModeLike = RfqExecutionMode


class Rfq(Answer, frozen=True, kw_only=True):
    """A request for quotes that is, or just was, open (docs: RequestForQuote).

    The four fields that may be UNSET come only with RFQs that rest until they are filled in parts. The exchange's own client
    knows such RFQs, its documentation does not (observed 2026-10).
    """

    cancel_requested_ms: int | UnsetType | None = field(name="cancelRequestedAt", default=UNSET)
    client_id: int | None = None
    """The requester's own number, if one was given."""
    created_ms: int = field(name="createdAt")
    executed_quantity: Decimal | UnsetType | None = UNSET
    executed_quote_quantity: Decimal | UnsetType | None = UNSET
    execution_mode: RfqExecutionMode
    expiry_ms: int = field(name="expiryTime")
    """Without an accepted quote the RFQ ends here."""
    order_expiry_ms: int | UnsetType | None = field(name="orderExpiryTime", default=UNSET)
    price: Decimal | None = None
    """The worst price that is accepted; with execution mode Immediate alone."""
    quantity: Decimal | None = None
    """In the base asset; either this or `quote_quantity`."""
    quote_quantity: Decimal | None = None
    rfq_id: str
    """A number in the stream: `account.rfqUpdate` says 113 where this is "113"."""
    side: Side
    """The requester's."""
    status: OrderStatus
    submission_ms: int = field(name="submissionTime")
    """Quotes are taken until here."""
    symbol: str
    system_order_type: SystemOrderType | None = None
    """The reason, for an RFQ that the exchange made itself."""

    @property
    def order_expires_at(self) -> datetime | None:
        """When an RFQ that rests ends, UTC."""
        return moment_of_ms(self.order_expiry_ms) if isinstance(self.order_expiry_ms, int) else None

    @property
    def cancel_requested_at(self) -> datetime | None:
        """When its end was asked for, UTC."""
        return moment_of_ms(self.cancel_requested_ms) if isinstance(self.cancel_requested_ms, int) else None

    @property
    def created_at(self) -> datetime:
        """When the exchange took it, UTC."""
        return moment_of_ms(self.created_ms)

    @property
    def quotes_until(self) -> datetime:
        """Until when makers may quote, UTC."""
        return moment_of_ms(self.submission_ms)

    @property
    def expires_at(self) -> datetime:
        """Until when a quote may be accepted, UTC."""
        return moment_of_ms(self.expiry_ms)


class Quote(Answer, frozen=True, kw_only=True):
    """A maker's answer to an RFQ: a price for either side, because the RFQ is announced without one (docs: Quote)."""

    ask_price: Decimal
    bid_price: Decimal
    client_id: int | None = None
    """The maker's own number, if one was given."""
    created_ms: int = field(name="createdAt")
    quote_id: str
    rfq_id: str
    status: OrderStatus

    @property
    def created_at(self) -> datetime:
        """When the exchange took it, UTC."""
        return moment_of_ms(self.created_ms)


class RfqWithQuotes(Answer, frozen=True, kw_only=True):
    """An open RFQ of yours and the quotes for it (docs: RfqWithQuotes)."""

    quotes: list[Quote]
    rfq: Rfq


class SubmitQuote(Operation[Quote], frozen=True, kw_only=True):
    """Quote prices for somebody's RFQ, before its submission time. A new quote of yours cancels the one before.

    The requester is told of it if it is the best so far. Once accepted it is settled at once: only the exchange's broker can
    quote for deferred settlement.
    Source: POST /api/v1/rfq/quote (submit_quote). Signed as quoteSubmit. The codes of refusals are not documented.
    """

    method, path, instruction, payload = "POST", "/api/v1/rfq/quote", "quoteSubmit", "QuotePayload"

    ask_price: Number
    """You sell at this, in quote asset for one of the base asset."""
    auto_borrow: bool | None = None
    """Borrow what is missing to fill the quote; the next: use what comes in to repay borrows."""
    auto_borrow_repay: bool | None = None
    auto_lend: bool | None = None
    """Lend what comes in; the next: take back what is lent, if the quote needs it."""
    auto_lend_redeem: bool | None = None
    bid_price: Number
    """You buy at this."""
    client_id: int | None = None
    """A number of your own for the quote, 0 to 4294967295."""
    rfq_id: str


class GetOpenRfqs(MaybeBySymbol[list[RfqWithQuotes]], frozen=True, kw_only=True):
    """Your RFQs that are open, each with its quotes; of one market, or of all.

    Source: GET /api/v1/rfqs (get_open_rfqs). Signed as rfqQuery.
    """

    method, path, instruction = "GET", "/api/v1/rfqs", "rfqQuery"

    deferred_settlement: bool | None = None
    """Only those that settle later (True), only those that settle at once (False); both if not sent."""
    rfq_id: str | None = None
    """A number in the documentation of this one operation: the same digits, longer than a double holds."""
    subaccount_id: int | None = None
    """Documented for requests that are not signed, 0 to 65535; a key belongs to one subaccount, so that it is not needed here."""


class SubmitRfq(Operation[Rfq], frozen=True, kw_only=True):
    """Ask for quotes; makers have until the answer's `quotes_until`, you may accept the best until its `expires_at`.

    Give `quantity` or `quote_quantity`. An RFQ for a stock that gives `quote_quantity` is taken, gets no quotes and expires
    (docs: 2026-10).
    Source: POST /api/v1/rfq (submit_rfq). Signed as rfqSubmit. The codes of refusals are not documented.
    """

    method, path, instruction, payload = "POST", "/api/v1/rfq", "rfqSubmit", "RequestForQuotePayload"

    auto_borrow: bool | None = None
    """Borrow what is missing to fill the RFQ; the next: use what comes in to repay borrows."""
    auto_borrow_repay: bool | None = None
    auto_lend: bool | None = None
    """Lend what comes in; the next: take back what is lent, if the RFQ needs it."""
    auto_lend_redeem: bool | None = None
    client_id: int | None = None
    """A number of your own for the RFQ, 0 to 4294967295, by which to accept a quote or to cancel."""
    execution_mode: RfqExecutionModeLike | None = None
    """AwaitAccept if not sent. Immediate needs `price`."""
    price: Number | None = None
    """The worst price that you take; for execution mode Immediate alone."""
    quantity: Number | None = None
    """In the base asset."""
    quote_quantity: Number | None = None
    side: SideLike
    """What you do: Bid buys the base asset. Makers are not told (docs: rfqActive)."""
    symbol: str
    """Ends in `_RFQ`, such as `SOL_USDC_RFQ`."""


class AcceptQuote(Operation[Rfq], frozen=True, kw_only=True):
    """Take the best quote of an RFQ of yours, and with it the trade; no other quote can be accepted.

    It is filled at once, unless the quote is one of deferred settlement: then the money is locked, the RFQ can no longer be
    cancelled, and the fill follows. Say which RFQ by one of its two ids.
    Source: POST /api/v1/rfq/accept (accept_quote). Signed as quoteAccept. The code for a quote that is not, or no longer, the
    best is not documented.
    """

    method, path, instruction, payload = "POST", "/api/v1/rfq/accept", "quoteAccept", "QuoteAcceptPayload"

    client_id: int | None = None
    """Of the RFQ, not of the quote."""
    quote_id: str
    """Of the stream's last rfqCandidate: `str(update.quote_id)`."""
    rfq_id: str | None = None


class RefreshRfq(Operation[Rfq], frozen=True, kw_only=True):
    """Start an RFQ of yours anew under the same id: its quotes are cancelled, its submission and expiry time are set anew.

    Source: POST /api/v1/rfq/refresh (refresh_rfq). Signed as rfqRefresh. The codes of refusals are not documented.
    """

    method, path, instruction, payload = "POST", "/api/v1/rfq/refresh", "rfqRefresh", "RequestForQuoteRefreshPayload"

    rfq_id: str
    """The exchange's; a client id is not taken here."""


class CancelRfq(Operation[Rfq], frozen=True, kw_only=True):
    """End an RFQ of yours that is open, and with it its quotes. Give one of the two ids.

    Once a quote of deferred settlement is accepted, the exchange refuses it (docs: 2026-10).
    Source: POST /api/v1/rfq/cancel (cancel_rfq). Signed as rfqCancel. The codes of refusals are not documented.
    """

    method, path, instruction, payload = "POST", "/api/v1/rfq/cancel", "rfqCancel", "RequestForQuoteCancelPayload"
    is_cancel = True

    client_id: int | None = None
    rfq_id: str | None = None
