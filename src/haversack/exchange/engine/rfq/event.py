"""What happened to requests for quotes and to quotes. Money that moved is told beside, by BalanceChanged."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from haversack.exchange.engine.backing import Backing
from haversack.wire.enums import OrderStatus, Side


class Rfq(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """What never changes about a request for quotes."""

    rfq_id: int
    account: int
    symbol: str
    side: Side
    """The requester's."""
    quantity: int | None
    """In quantity units; either this or `quote_quantity`."""
    quote_quantity: int | None
    """In the quote asset's smallest units."""
    price: int | None
    """The worst price, fee included, at which a quote is taken without asking; None: the requester is asked."""
    client_id: int | None
    created_us: int
    backing: Backing | None = None
    """What the requester lets it call on beside the balance, and whether it repays."""


class Window(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How long a request waits."""

    submission_ms: int
    """Quotes are taken before this."""
    expiry_ms: int
    """A quote may be accepted before this."""


class Quote(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A maker's answer, which never changes: a newer one takes its place."""

    quote_id: int
    rfq_id: int
    symbol: str
    account: int
    """The maker's."""
    bid: int
    ask: int
    client_id: int | None
    created_us: int
    is_house: bool = False
    """Whether the maker is one of the exchange's own, of which no history is kept."""
    backing: Backing | None = None
    """What the maker lets it call on beside the balance, and whether it repays."""


class RfqOpened(msgspec.Struct, frozen=True, gc=False):
    """A request can be answered from now on: it is new, or was started anew."""

    rfq: Rfq
    window: Window
    accounts: int
    """How many accounts there are, numbered from 1: all but the requester's hear of it."""
    is_refresh: bool = False


class RfqEnded(msgspec.Struct, frozen=True, gc=False):
    """A request was cancelled, or expired. What became of its quotes follows."""

    rfq: Rfq
    window: Window
    status: OrderStatus


class QuotePlaced(msgspec.Struct, frozen=True, gc=False):
    """A quote can be accepted from now on, if it is the best."""

    quote: Quote


class QuoteEnded(msgspec.Struct, frozen=True, gc=False):
    """A quote can no longer be accepted: a newer one replaced it, or its request was filled, started anew, or ended."""

    quote: Quote


class CandidateFound(msgspec.Struct, frozen=True, gc=False):
    """Another quote is the best now."""

    rfq: Rfq
    quote: Quote
    price_e6: int
    """What the requester pays or gets for one, fee included, in millionths of the market's price units."""


class RfqFilled(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A quote was taken, and both sides have what they traded."""

    rfq: Rfq
    window: Window
    quote: Quote
    price: int
    """The quote's, for the side that was taken."""
    price_e6: int
    """The requester's, fee included, in millionths of the market's price units."""
    quantity: int
    worth: int
    """Price times quantity, in the quote asset's smallest units."""
    fee: int
    """The requester's, in the quote asset's smallest units."""
    maker_fee: int
    """In the smallest units of `maker_fee_asset`."""
    maker_fee_asset: str


RfqEvent: TypeAlias = RfqOpened | RfqEnded | QuotePlaced | QuoteEnded | CandidateFound | RfqFilled
