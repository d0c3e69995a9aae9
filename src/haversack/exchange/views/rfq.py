"""Requests for quotes and quotes that are over, as rows of the histories. Those that are open are not told there (documented)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import msgspec

from haversack.exchange.engine.rfq.event import Quote, QuoteEnded, Rfq, RfqEnded, RfqFilled, Window
from haversack.exchange.render_rfq import maker_side, past_quote, past_rfq, quote_fill, rfq_fill
from haversack.exchange.views.notes import Note, Noter, Search
from haversack.wire.base import Page
from haversack.wire.enums import OrderStatus, Side
from haversack.wire.rfq_history import (
    GetQuoteFillHistory,
    GetQuoteHistory,
    GetRfqFillHistory,
    GetRfqHistory,
    PastQuote,
    PastRfq,
    QuoteFill,
    RfqFill,
    RfqFillType,
)

if TYPE_CHECKING:
    from haversack.exchange.listing import Listing
    from haversack.exchange.views.archive import Archive

RFQS, QUOTES, RFQ_FILLS, QUOTE_FILLS = "rfq", "quote", "rfqFill", "quoteFill"
R = TypeVar("R")
_Query: TypeAlias = GetRfqHistory | GetQuoteHistory | GetRfqFillHistory | GetQuoteFillHistory


class _PastRfq(msgspec.Struct, frozen=True, array_like=True):
    rfq: Rfq
    window: Window
    status: OrderStatus


class _PastQuote(msgspec.Struct, frozen=True, array_like=True):
    quote: Quote
    status: OrderStatus


class _Fill(msgspec.Struct, frozen=True, array_like=True):
    filled: RfqFilled
    time_us: int


def _rfq_note(rfq: Rfq, window: Window, status: OrderStatus) -> Note:
    return Note(
        kind=RFQS,
        account=rfq.account,
        number=rfq.rfq_id,
        name=rfq.symbol,
        tag=_tag(rfq.side, status),
        body=msgspec.json.encode(_PastRfq(rfq, window, status)),
    )


def _quote_notes(quote: Quote, status: OrderStatus) -> Iterable[Note]:
    """None of the house's."""
    if not quote.is_house:
        body = msgspec.json.encode(_PastQuote(quote, status))
        yield Note(kind=QUOTES, account=quote.account, number=quote.quote_id, name=quote.symbol, tag=status.value, body=body)


def _ended(event: RfqEnded, _time_us: int, _seq: int) -> Iterable[Note]:
    yield _rfq_note(event.rfq, event.window, event.status)


def _quote_ended(event: QuoteEnded, _time_us: int, _seq: int) -> Iterable[Note]:
    yield from _quote_notes(event.quote, OrderStatus.CANCELLED)


def _filled(event: RfqFilled, time_us: int, _seq: int) -> Iterable[Note]:
    rfq, quote, body = event.rfq, event.quote, msgspec.json.encode(_Fill(event, time_us))
    yield _rfq_note(rfq, event.window, OrderStatus.FILLED)
    number, name = quote.quote_id, rfq.symbol
    yield Note(kind=RFQ_FILLS, account=rfq.account, number=number, name=name, tag=rfq.side.value, body=body)
    yield from _quote_notes(quote, OrderStatus.FILLED)
    if not quote.is_house:
        side = maker_side(event)
        yield Note(kind=QUOTE_FILLS, account=quote.account, number=number, name=name, tag=side.value, body=body)


NOTERS: Mapping[type, Noter] = {RfqEnded: _ended, QuoteEnded: _quote_ended, RfqFilled: _filled}


class RfqHistories:
    """What one account may read of them."""

    def __init__(self, archive: Archive, listing: Listing, account: int, now_us: int) -> None:
        self._archive = archive
        self._listing = listing
        self._account = account
        self._now_us = now_us

    def rfqs(self, operation: GetRfqHistory) -> Page[PastRfq]:
        """Requests that were filled, cancelled, or expired."""
        if operation.deferred_settlement:
            return _nothing()
        sides = list(Side) if operation.side is None else [operation.side]
        statuses = list(OrderStatus) if operation.status is None else [operation.status]
        is_filtered = operation.side is not None or operation.status is not None
        tags = [_tag(Side(side), OrderStatus(status)) for side, status in product(sides, statuses)] if is_filtered else None
        return self._page(operation, RFQS, (operation.rfq_id, tags), self._past_rfq)

    def quotes(self, operation: GetQuoteHistory) -> Page[PastQuote]:
        """Quotes that were filled, or that ended without."""
        if operation.deferred_settlement:
            return _nothing()
        tags = None if operation.status is None else [OrderStatus(operation.status).value]
        return self._page(operation, QUOTES, (operation.quote_id, tags), self._past_quote)

    def rfq_fills(self, operation: GetRfqFillHistory) -> Page[RfqFill]:
        """What the account's requests were filled with. No request here is the exchange's own."""
        if operation.deferred_settlement or operation.fill_type not in (None, RfqFillType.USER):
            return _nothing()
        tags = None if operation.side is None else [Side(operation.side).value]
        return self._page(operation, RFQ_FILLS, (operation.quote_id, tags), self._rfq_fill)

    def quote_fills(self, operation: GetQuoteFillHistory) -> Page[QuoteFill]:
        """Quotes of the account's that were taken."""
        tags = None if operation.side is None else [Side(operation.side).value]
        return self._page(operation, QUOTE_FILLS, (operation.quote_id, tags), self._quote_fill)

    def _page(
        self, operation: _Query, kind: str, wanted: tuple[str | None, list[str] | None], read: Callable[[bytes], R]
    ) -> Page[R]:
        number, tags = wanted
        search = Search(
            kind=kind,
            account=self._account,
            number=None if number is None else number_of(number) or 0,
            names=None if operation.symbol is None else [operation.symbol],
            tags=tags,
            sort=operation.sort_direction,
            limit=operation.limit,
            offset=operation.offset,
        )
        rows, total = self._archive.notes(search, now_us=self._now_us)
        page = Page(read(body) for _, _, body in rows)
        page.total = total
        return page

    def _past_rfq(self, body: bytes) -> PastRfq:
        row = msgspec.json.decode(body, type=_PastRfq)
        return past_rfq(row.rfq, row.window, row.status, self._listing.rfq_markets[row.rfq.symbol].scales)

    def _past_quote(self, body: bytes) -> PastQuote:
        row = msgspec.json.decode(body, type=_PastQuote)
        return past_quote(row.quote, row.status, self._listing.rfq_markets[row.quote.symbol].scales)

    def _rfq_fill(self, body: bytes) -> RfqFill:
        row = msgspec.json.decode(body, type=_Fill)
        return rfq_fill(row.filled, row.time_us, self._listing.rfq_markets[row.filled.rfq.symbol].scales)

    def _quote_fill(self, body: bytes) -> QuoteFill:
        row = msgspec.json.decode(body, type=_Fill)
        market = self._listing.rfq_markets[row.filled.rfq.symbol]
        return quote_fill(row.filled, row.time_us, market, self._listing.asset_scales)


def number_of(text: str) -> int | None:
    """The id that somebody wrote; None if it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 20 else None


def _tag(side: Side, status: OrderStatus) -> str:
    return f"{side.value} {status.value}"


def _nothing() -> Page[R]:
    page: Page[R] = Page()
    page.total = 0
    return page
