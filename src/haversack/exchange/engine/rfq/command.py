"""What accounts do with requests for quotes. Prices and quantities keep to the market's filters already."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from haversack.exchange.engine.backing import Backing
from haversack.wire.enums import Side


class SubmitRfq(msgspec.Struct, frozen=True, kw_only=True, tag="rfqSubmit", array_like=True):
    """Ask for quotes; either by `quantity` or by `quote_quantity`."""

    account: int
    symbol: str
    side: Side
    quantity: int | None = None
    quote_quantity: int | None = None
    """In the quote asset's smallest units."""
    price: int | None = None
    """The first quote that is as good as this, fee included, is taken at once; None: the account will say which."""
    client_id: int | None = None
    backing: Backing | None = None
    """What it may call on beside the balance, and whether it repays."""


class SubmitQuote(msgspec.Struct, frozen=True, kw_only=True, tag="rfqQuote", array_like=True):
    """Answer somebody's request with prices for both sides; it replaces an answer that the account gave before."""

    account: int
    rfq_id: int
    bid: int
    ask: int
    client_id: int | None = None
    backing: Backing | None = None
    """What it may call on beside the balance, and whether it repays."""


class AcceptQuote(msgspec.Struct, frozen=True, kw_only=True, tag="rfqAccept", array_like=True):
    """Take a quote, which must be the best one. Which request it is for need not be said."""

    account: int
    quote_id: int
    rfq_id: int | None = None
    client_id: int | None = None
    """Of the request."""


class RefreshRfq(msgspec.Struct, frozen=True, tag="rfqRefresh", array_like=True):
    """Start a request anew, without its quotes."""

    account: int
    rfq_id: int


class CancelRfq(msgspec.Struct, frozen=True, kw_only=True, tag="rfqCancel", array_like=True):
    """End a request; with a client id, the newest that carries it."""

    account: int
    rfq_id: int | None = None
    client_id: int | None = None


RfqCommand: TypeAlias = SubmitRfq | SubmitQuote | AcceptQuote | RefreshRfq | CancelRfq
