"""What the stream of RFQs carries. It is one struct for requester and maker: what is not told to one of them is None.

The life of an RFQ stands in `wire.rfq`.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import field

from haversack.wire.base import StreamEvent, moment_of_ms, moment_of_us
from haversack.wire.enums import OpenEnum, OrderStatus, Side, SystemOrderType


class RfqEvent(OpenEnum):
    """What happened to an RFQ or a quote, and who is told."""

    ACTIVE = "rfqActive"
    """Everybody: somebody asks for quotes, or asks again after a refresh."""
    ACCEPTED = "rfqAccepted"
    """The requester: the exchange took the RFQ."""
    REFRESHED = "rfqRefreshed"
    """The requester: its quotes are gone and its times are new."""
    CANCELLED = "rfqCancelled"
    """The requester: it was cancelled, or it expired; the status says which."""
    CANDIDATE = "rfqCandidate"
    """The requester: there is a new best quote, the one that can be accepted."""
    FILLED = "rfqFilled"
    """The requester and the maker: the trade is done."""
    ACCEPTED_BINDING = "rfqAcceptedBinding"
    """The requester and the maker: a quote that settles later was accepted, and the money is locked (documented 2026-10)."""
    CANCEL_REQUESTED = "rfqCancelRequested"
    """The requester and the maker; known from the exchange's own client alone (observed 2026-10)."""
    QUOTE_ACCEPTED = "quoteAccepted"
    """The maker: the requester took this quote."""
    QUOTE_CANCELLED = "quoteCancelled"
    """The maker: a newer quote took its place, or the RFQ was filled, refreshed or cancelled, or it expired."""


class RfqUpdate(StreamEvent, frozen=True, kw_only=True):
    """Something happened to an RFQ or to a quote (docs: RFQ update). Streams: `account.rfqUpdate`, `account.rfqUpdate.<symbol>`.

    Of `O`, `z`, `Z`, `l` and `L`, which come with RFQs that rest until they are filled in parts, the documentation knows nothing;
    the exchange's own client does (observed 2026-10).
    """

    event: RfqEvent = field(name="e")
    client_id: int | str | None = field(name="C", default=None)
    """Your own number: of the RFQ if you are the requester, of the quote if you are the maker.

    A string in the documentation, a number to the exchange's own client: `int(update.client_id)` does for both.
    """
    event_us: int = field(name="E")
    fill_quote_quantity: Decimal | None = field(name="L", default=None)
    """Of this fill alone."""
    order_expiry_ms: int | None = field(name="O", default=None)
    """When an RFQ that rests ends."""
    quote_quantity: Decimal | None = field(name="Q", default=None)
    """What the RFQ asks for, in the quote asset, if it does not say `quantity`."""
    rfq_id: int = field(name="R")
    """A string in REST: `str(update.rfq_id)`."""
    side: Side | None = field(name="S", default=None)
    """The requester's."""
    engine_us: int = field(name="T")
    expiry_ms: int | None = field(name="W", default=None)
    """Without an accepted quote the RFQ ends here."""
    status: OrderStatus = field(name="X")
    """Of the RFQ if you are the requester, of the quote if you are the maker."""
    executed_quote_quantity: Decimal | None = field(name="Z", default=None)
    fill_quantity: Decimal | None = field(name="l", default=None)
    """Of this fill alone."""
    system_order_type: SystemOrderType | None = field(name="o", default=None)
    """The reason, for an RFQ that the exchange made itself."""
    price: Decimal | None = field(name="p", default=None)
    """The quote's; to the requester with the fee in it."""
    quantity: Decimal | None = field(name="q", default=None)
    """What the RFQ asks for, in the base asset."""
    symbol: str = field(name="s")
    quote_id: int | None = field(name="u", default=None)
    """A string in REST: `str(update.quote_id)`."""
    submission_ms: int | None = field(name="w", default=None)
    """Quotes are taken until here."""
    executed_quantity: Decimal | None = field(name="z", default=None)

    @property
    def time(self) -> datetime:
        """When the matching engine did it, UTC."""
        return moment_of_us(self.engine_us)

    @property
    def order_expires_at(self) -> datetime | None:
        """When an RFQ that rests ends, UTC."""
        return None if self.order_expiry_ms is None else moment_of_ms(self.order_expiry_ms)

    @property
    def quotes_until(self) -> datetime | None:
        """Until when makers may quote, UTC."""
        return None if self.submission_ms is None else moment_of_ms(self.submission_ms)

    @property
    def expires_at(self) -> datetime | None:
        """Until when a quote may be accepted, UTC."""
        return None if self.expiry_ms is None else moment_of_ms(self.expiry_ms)
