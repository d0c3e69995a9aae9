"""Requests for quotes: asking, answering, accepting, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from haversack.exchange.api.caller import Caller, unknown_symbol
from haversack.exchange.engine.backing import Backing, backing_of
from haversack.exchange.engine.event import FacilityRefusal
from haversack.exchange.engine.rfq import command as commands
from haversack.exchange.engine.rfq.event import QuotePlaced, RfqEnded, RfqFilled, RfqOpened
from haversack.exchange.engine.rfq.refusal import RfqRefusal
from haversack.exchange.engine.rfq.rfqs import Rfqs
from haversack.exchange.filters import check_price, check_quantity, units
from haversack.exchange.listing import RfqMarket, Scales
from haversack.exchange.messages import Refused
from haversack.exchange.render_rfq import quote_answer, rfq_answer
from haversack.exchange.views.rfq import RfqHistories, number_of
from haversack.wire.base import Page
from haversack.wire.enums import OrderBookState, OrderStatus, Side
from haversack.wire.rfq import (
    AcceptQuote,
    CancelRfq,
    GetOpenRfqs,
    Quote,
    RefreshRfq,
    Rfq,
    RfqExecutionMode,
    RfqWithQuotes,
    SubmitQuote,
    SubmitRfq,
)
from haversack.wire.rfq_history import (
    GetQuoteFillHistory,
    GetQuoteHistory,
    GetRfqFillHistory,
    GetRfqHistory,
    PastQuote,
    PastRfq,
    QuoteFill,
    RfqFill,
)

# No code and no text of these is documented: all are guesses, after those of orders.
TEXTS: Mapping[FacilityRefusal, Refused] = {
    RfqRefusal.ACCOUNT_LIQUIDATING: Refused.by_rule("ACCOUNT_LIQUIDATING", "Account is being liquidated"),
    RfqRefusal.RFQ_NOT_FOUND: Refused.as_invalid("RFQ not found"),
    RfqRefusal.QUOTE_NOT_FOUND: Refused.as_invalid("Quote not found"),
    RfqRefusal.NOT_THE_BEST: Refused.as_invalid("Quote is not the best quote"),
    RfqRefusal.TOO_LATE: Refused.as_invalid("RFQ submission time has passed"),
    RfqRefusal.OWN_RFQ: Refused.as_invalid("Cannot quote own RFQ"),
    RfqRefusal.CROSSED: Refused.as_invalid("Bid price must not be above the ask price"),
    RfqRefusal.TOO_SMALL: Refused.as_invalid("Quantity is below the minimum allowed value"),
    RfqRefusal.INSUFFICIENT_FUNDS: Refused.by_rule("INSUFFICIENT_FUNDS", "Insufficient funds"),
    RfqRefusal.INSUFFICIENT_MARGIN: Refused.by_rule("INSUFFICIENT_MARGIN", "Insufficient margin to open a new order"),
    RfqRefusal.RFQ_LIMIT: Refused.by_rule("ORDER_LIMIT", "Order limit reached"),
    RfqRefusal.QUOTE_LIMIT: Refused.by_rule("ORDER_LIMIT", "Order limit reached"),
}


def submit(caller: Caller, operation: SubmitRfq) -> Rfq:
    """Ask for quotes."""
    market = caller.venue.listing.rfq_markets[operation.symbol]
    if market.market.order_book_state != OrderBookState.OPEN:
        raise Refused.by_rule("TRADING_PAUSED", "Order book is closed")
    quantity, quote_quantity = _amounts(caller, operation, market)
    command = commands.SubmitRfq(
        account=caller.account,
        symbol=operation.symbol,
        side=Side(operation.side),
        quantity=quantity,
        quote_quantity=quote_quantity,
        price=_limit(operation, market),
        client_id=operation.client_id,
        backing=_backing(operation),
    )
    return _state_of(caller, command)


def quote(caller: Caller, operation: SubmitQuote) -> Quote:
    """Answer somebody's request."""
    rfq_id = number_of(operation.rfq_id)
    opened = None if rfq_id is None else _facility(caller).find(rfq_id)
    if rfq_id is None or opened is None:
        raise TEXTS[RfqRefusal.RFQ_NOT_FOUND]
    market = caller.venue.listing.rfq_markets[opened.rfq.symbol]
    bid, ask = (_price(Decimal(price), market) for price in (operation.bid_price, operation.ask_price))
    client_id, backing = operation.client_id, _backing(operation)
    command = commands.SubmitQuote(account=caller.account, rfq_id=rfq_id, bid=bid, ask=ask, client_id=client_id, backing=backing)
    events = caller.carry_out(command, TEXTS)
    placed = next(event.quote for event in events if isinstance(event, QuotePlaced))
    is_filled = any(isinstance(event, RfqFilled) for event in events)
    return quote_answer(placed, OrderStatus.FILLED if is_filled else OrderStatus.NEW, market.scales)


def accept(caller: Caller, operation: AcceptQuote) -> Rfq:
    """Trade at the best quote."""
    rfq_id, quote_id = _id(operation.rfq_id, RfqRefusal.RFQ_NOT_FOUND), number_of(operation.quote_id)
    if quote_id is None:
        raise TEXTS[RfqRefusal.QUOTE_NOT_FOUND]
    client_id = None if rfq_id is not None else operation.client_id
    command = commands.AcceptQuote(account=caller.account, quote_id=quote_id, rfq_id=rfq_id, client_id=client_id)
    return _state_of(caller, command)


def refresh(caller: Caller, operation: RefreshRfq) -> Rfq:
    """Start a request anew."""
    rfq_id = number_of(operation.rfq_id)
    if rfq_id is None:
        raise TEXTS[RfqRefusal.RFQ_NOT_FOUND]
    return _state_of(caller, commands.RefreshRfq(caller.account, rfq_id))


def cancel(caller: Caller, operation: CancelRfq) -> Rfq:
    """End a request."""
    rfq_id = _id(operation.rfq_id, RfqRefusal.RFQ_NOT_FOUND)
    if rfq_id is None and operation.client_id is None:
        # The real text is unknown.
        raise Refused.as_invalid("Must specify either `rfqId` or `clientId`")
    client_id = None if rfq_id is not None else operation.client_id
    return _state_of(caller, commands.CancelRfq(account=caller.account, rfq_id=rfq_id, client_id=client_id))


def rfqs(caller: Caller, operation: GetOpenRfqs) -> list[RfqWithQuotes]:
    """The account's open requests, the oldest first, each with its open quotes. None settles later."""
    if operation.symbol is not None and operation.symbol not in caller.venue.listing.rfq_markets:
        raise unknown_symbol()
    if operation.deferred_settlement:
        return []
    wanted = None if operation.rfq_id is None else int(operation.rfq_id)
    return [
        RfqWithQuotes(
            quotes=[
                quote_answer(each, OrderStatus.NEW, _scales(caller, each.symbol), is_mine=False)
                for each in opened.quotes.values()
            ],
            rfq=rfq_answer(opened.rfq, opened.window, OrderStatus.NEW, _scales(caller, opened.rfq.symbol)),
        )
        for opened in _facility(caller).of(caller.account)
        if operation.symbol in (None, opened.rfq.symbol) and wanted in (None, opened.rfq.rfq_id)
    ]


def past_rfqs(caller: Caller, operation: GetRfqHistory) -> Page[PastRfq]:
    """Requests that are over."""
    return _histories(caller).rfqs(operation)


def past_quotes(caller: Caller, operation: GetQuoteHistory) -> Page[PastQuote]:
    """Quotes that are over."""
    return _histories(caller).quotes(operation)


def rfq_fills(caller: Caller, operation: GetRfqFillHistory) -> Page[RfqFill]:
    """Fills of the account's requests."""
    return _histories(caller).rfq_fills(operation)


def quote_fills(caller: Caller, operation: GetQuoteFillHistory) -> Page[QuoteFill]:
    """Fills of the account's quotes."""
    return _histories(caller).quote_fills(operation)


def _state_of(caller: Caller, command: commands.RfqCommand) -> Rfq:
    """Do it, and say how the request stands then."""
    for event in caller.carry_out(command, TEXTS):
        if isinstance(event, RfqOpened):
            return rfq_answer(event.rfq, event.window, OrderStatus.NEW, _scales(caller, event.rfq.symbol))
        if isinstance(event, RfqFilled | RfqEnded):
            status = event.status if isinstance(event, RfqEnded) else OrderStatus.FILLED
            return rfq_answer(event.rfq, event.window, status, _scales(caller, event.rfq.symbol))
    raise AssertionError(f"{command} said nothing of its request")


def _amounts(caller: Caller, operation: SubmitRfq, market: RfqMarket) -> tuple[int | None, int | None]:
    if (operation.quantity is None) == (operation.quote_quantity is None):
        raise Refused.as_invalid("Must specify either `quantity` or `quoteQuantity`")
    if operation.quantity is not None:
        quantity = Decimal(operation.quantity)
        check_quantity(quantity, market.market)
        return units(quantity, market.rules.quantity_scale), None
    assert operation.quote_quantity is not None
    amount = units(Decimal(operation.quote_quantity), caller.venue.listing.asset_scales[market.rules.quote])
    if amount <= 0:
        raise Refused.as_invalid("Quantity is below the minimum allowed value")
    return None, amount


def _backing(operation: SubmitRfq | SubmitQuote) -> Backing | None:
    redeems, borrows, repays = operation.auto_lend_redeem, operation.auto_borrow, operation.auto_borrow_repay
    return backing_of(redeems=redeems, borrows=borrows, repays=repays)


def _limit(operation: SubmitRfq, market: RfqMarket) -> int | None:
    """A price goes with Immediate alone (documented); that it is refused elsewhere is a guess."""
    is_immediate = operation.execution_mode == RfqExecutionMode.IMMEDIATE
    if operation.price is None:
        if is_immediate:
            raise Refused.as_invalid("Immediate RFQs must specify a `price`")
        return None
    if not is_immediate:
        raise Refused.as_invalid("Only immediate RFQs may specify a `price`")
    return _price(Decimal(operation.price), market)


def _price(price: Decimal, market: RfqMarket) -> int:
    check_price(price, market.market)
    if price <= 0:
        raise Refused.as_invalid("Price is below the minimum allowed value")
    return units(price, market.rules.price_scale)


def _id(text: str | None, refusal: RfqRefusal) -> int | None:
    if text is None:
        return None
    number = number_of(text)
    if number is None:
        raise TEXTS[refusal]
    return number


def _facility(caller: Caller) -> Rfqs:
    return caller.venue.engine.facility(Rfqs)


def _scales(caller: Caller, symbol: str) -> Scales:
    return caller.venue.listing.rfq_markets[symbol].scales


def _histories(caller: Caller) -> RfqHistories:
    return RfqHistories(caller.venue.archive, caller.venue.listing, caller.account, caller.now_us)


ROUTES = (
    SubmitRfq.served_by(submit),
    SubmitQuote.served_by(quote),
    AcceptQuote.served_by(accept),
    RefreshRfq.served_by(refresh),
    CancelRfq.served_by(cancel),
    GetOpenRfqs.served_by(rfqs),
    GetRfqHistory.served_by(past_rfqs),
    GetQuoteHistory.served_by(past_quotes),
    GetRfqFillHistory.served_by(rfq_fills),
    GetQuoteFillHistory.served_by(quote_fills),
)
