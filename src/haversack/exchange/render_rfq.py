"""Requests for quotes and quotes as the exchange writes them: answers strip trailing zeros, streams keep the tick's in prices."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol

from haversack.exchange.engine.clearing import CBPS_PER_ONE
from haversack.exchange.engine.rfq.event import (
    CandidateFound,
    Quote,
    QuoteEnded,
    Rfq,
    RfqEnded,
    RfqFilled,
    RfqOpened,
    Window,
)
from haversack.exchange.listing import RfqMarket, Scales
from haversack.exchange.render import naive_iso
from haversack.units import compact, decimals_of, padded
from haversack.wire import rfq as wire
from haversack.wire.enums import OrderStatus, Side
from haversack.wire.events_rfq import RfqEvent, RfqUpdate
from haversack.wire.rfq_history import PastQuote, PastRfq, QuoteFill, RfqFill

_FEE_DECIMALS = decimals_of(Decimal(1) / CBPS_PER_ONE)
BID, ASK = Side.BID, Side.ASK


class Moment(Protocol):
    """When the engine did something, and when it is told."""

    @property
    def engine_us(self) -> int: ...
    @property
    def emit_us(self) -> int: ...


def rfq_answer(rfq: Rfq, window: Window, status: OrderStatus, scales: Scales) -> wire.Rfq:
    """A request as REST answers it."""
    return wire.Rfq(
        client_id=rfq.client_id,
        created_ms=rfq.created_us // 1_000,
        execution_mode=_mode(rfq),
        expiry_ms=window.expiry_ms,
        price=_limit(rfq, scales),
        rfq_id=str(rfq.rfq_id),
        side=rfq.side,
        status=status,
        submission_ms=window.submission_ms,
        symbol=rfq.symbol,
        quantity=_quantity(rfq, scales),
        quote_quantity=_quote_quantity(rfq, scales),
    )


def quote_answer(quote: Quote, status: OrderStatus, scales: Scales, *, is_mine: bool = True) -> wire.Quote:
    """A quote as REST answers it; the maker's own number is for the maker alone (guess)."""
    return wire.Quote(
        ask_price=scales.short_price(quote.ask),
        bid_price=scales.short_price(quote.bid),
        client_id=quote.client_id if is_mine else None,
        created_ms=quote.created_us // 1_000,
        quote_id=str(quote.quote_id),
        rfq_id=str(quote.rfq_id),
        status=status,
    )


def past_rfq(rfq: Rfq, window: Window, status: OrderStatus, scales: Scales) -> PastRfq:
    """A row of the history of requests."""
    return PastRfq(
        client_id=rfq.client_id,
        created_iso=naive_iso(rfq.created_us),
        deferred_settlement_quote_id=None,
        execution_mode=_mode(rfq),
        expiry_iso=naive_iso(window.expiry_ms * 1_000),
        price=_limit(rfq, scales),
        rfq_id=str(rfq.rfq_id),
        side=rfq.side,
        status=status,
        submission_iso=naive_iso(window.submission_ms * 1_000),
        symbol=rfq.symbol,
        quantity=_quantity(rfq, scales),
        quote_quantity=_quote_quantity(rfq, scales),
    )


def past_quote(quote: Quote, status: OrderStatus, scales: Scales) -> PastQuote:
    """A row of the history of quotes."""
    return PastQuote(
        ask_price=scales.short_price(quote.ask),
        bid_price=scales.short_price(quote.bid),
        client_id=quote.client_id,
        created_iso=naive_iso(quote.created_us),
        deferred_settlement=False,
        quote_id=str(quote.quote_id),
        rfq_id=str(quote.rfq_id),
        status=status,
    )


def rfq_fill(filled: RfqFilled, filled_us: int, scales: Scales) -> RfqFill:
    """A row of the requester's fills. Its price is the one that was told before, with the fee in it (guess)."""
    rfq = filled.rfq
    return RfqFill(
        client_id=rfq.client_id,
        created_iso=naive_iso(rfq.created_us),
        fill_price=compact(filled.price_e6, scales.price_scale + _FEE_DECIMALS),
        filled_iso=naive_iso(filled_us),
        quote_id=str(filled.quote.quote_id),
        rfq_id=str(rfq.rfq_id),
        side=rfq.side,
        symbol=rfq.symbol,
        quantity=_quantity(rfq, scales),
        quote_quantity=_quote_quantity(rfq, scales),
    )


def quote_fill(filled: RfqFilled, filled_us: int, market: RfqMarket, asset_scales: Mapping[str, int]) -> QuoteFill:
    """A row of the maker's fills. Its side is the maker's (guess)."""
    quote, scales = filled.quote, market.scales
    return QuoteFill(
        client_id=quote.client_id,
        created_iso=naive_iso(quote.created_us),
        fee=compact(filled.maker_fee, asset_scales[filled.maker_fee_asset]),
        fee_symbol=filled.maker_fee_asset,
        fill_price=scales.short_price(filled.price),
        filled_iso=naive_iso(filled_us),
        quantity=scales.short_quantity(filled.quantity),
        quote_id=str(quote.quote_id),
        rfq_id=str(quote.rfq_id),
        side=maker_side(filled),
        symbol=quote.symbol,
    )


def maker_side(filled: RfqFilled) -> Side:
    """The side that the maker traded on."""
    return ASK if filled.rfq.side is BID else BID


def opened_update(event: RfqOpened, moment: Moment, scales: Scales) -> RfqUpdate:
    """What the requester is told when its request can be answered."""
    kind = RfqEvent.REFRESHED if event.is_refresh else RfqEvent.ACCEPTED
    return _of_requester(kind, event.rfq, moment, scales, status=OrderStatus.NEW, **_times(event.window))


def active_update(event: RfqOpened, moment: Moment, scales: Scales) -> RfqUpdate:
    """What everybody else is told then: not who asks, and not which side it wants."""
    rfq = event.rfq
    return RfqUpdate(
        event=RfqEvent.ACTIVE,
        event_us=moment.emit_us,
        engine_us=moment.engine_us,
        rfq_id=rfq.rfq_id,
        status=OrderStatus.NEW,
        symbol=rfq.symbol,
        **_times(event.window),
        quantity=_quantity(rfq, scales),
        quote_quantity=_quote_quantity(rfq, scales),
    )


def ended_update(event: RfqEnded, moment: Moment, scales: Scales) -> RfqUpdate:
    """What the requester is told when its request is over without a fill."""
    return _of_requester(RfqEvent.CANCELLED, event.rfq, moment, scales, status=event.status, **_times(event.window))


def candidate_update(event: CandidateFound, moment: Moment, scales: Scales) -> RfqUpdate:
    """What the requester is told of the best quote."""
    price, quote_id = _taker_price(event.price_e6, scales), event.quote.quote_id
    status = OrderStatus.NEW
    return _of_requester(RfqEvent.CANDIDATE, event.rfq, moment, scales, status=status, price=price, quote_id=quote_id)


def filled_update(event: RfqFilled, moment: Moment, scales: Scales) -> RfqUpdate:
    """What the requester is told of its fill."""
    price, quote_id = _taker_price(event.price_e6, scales), event.quote.quote_id
    status = OrderStatus.FILLED
    return _of_requester(RfqEvent.FILLED, event.rfq, moment, scales, status=status, price=price, quote_id=quote_id)


def quote_update(event: RfqFilled | QuoteEnded, moment: Moment, scales: Scales) -> list[RfqUpdate]:
    """What the maker is told of a quote that was filled or ended."""
    quote = event.quote
    if isinstance(event, QuoteEnded):
        return [_of_maker(RfqEvent.QUOTE_CANCELLED, quote, moment, status=OrderStatus.CANCELLED)]
    price = scales.price(event.price)
    return [
        # That it is still New then stands in the documented example.
        _of_maker(RfqEvent.QUOTE_ACCEPTED, quote, moment, status=OrderStatus.NEW),
        _of_maker(RfqEvent.FILLED, quote, moment, status=OrderStatus.FILLED, price=price),
    ]


def _of_requester(kind: RfqEvent, rfq: Rfq, moment: Moment, scales: Scales, **more: Any) -> RfqUpdate:
    return RfqUpdate(
        event=kind,
        client_id=_text(rfq.client_id),
        event_us=moment.emit_us,
        engine_us=moment.engine_us,
        rfq_id=rfq.rfq_id,
        side=rfq.side,
        symbol=rfq.symbol,
        quantity=_quantity(rfq, scales),
        quote_quantity=_quote_quantity(rfq, scales),
        **more,
    )


def _of_maker(kind: RfqEvent, quote: Quote, moment: Moment, *, status: OrderStatus, price: Decimal | None = None) -> RfqUpdate:
    return RfqUpdate(
        event=kind,
        client_id=_text(quote.client_id),
        event_us=moment.emit_us,
        engine_us=moment.engine_us,
        price=price,
        quote_id=quote.quote_id,
        rfq_id=quote.rfq_id,
        status=status,
        symbol=quote.symbol,
    )


def _text(client_id: int | None) -> str | None:
    """Streams write it as a string (documented); the exchange's own client takes both."""
    return None if client_id is None else str(client_id)


def _mode(rfq: Rfq) -> wire.RfqExecutionMode:
    return wire.RfqExecutionMode.AWAIT_ACCEPT if rfq.price is None else wire.RfqExecutionMode.IMMEDIATE


def _limit(rfq: Rfq, scales: Scales) -> Decimal | None:
    return None if rfq.price is None else scales.short_price(rfq.price)


def _quantity(rfq: Rfq, scales: Scales) -> Decimal | None:
    return None if rfq.quantity is None else scales.short_quantity(rfq.quantity)


def _quote_quantity(rfq: Rfq, scales: Scales) -> Decimal | None:
    return None if rfq.quote_quantity is None else scales.short_notional(rfq.quote_quantity)


def _times(window: Window) -> dict[str, Any]:
    return {"submission_ms": window.submission_ms, "expiry_ms": window.expiry_ms}


def _taker_price(price_e6: int, scales: Scales) -> Decimal:
    """With the decimals of the tick, and more only where the fee makes more (guess: no example needs them)."""
    whole, rest = divmod(price_e6, CBPS_PER_ONE)
    return compact(price_e6, scales.price_scale + _FEE_DECIMALS) if rest else padded(whole, scales.price_scale)
