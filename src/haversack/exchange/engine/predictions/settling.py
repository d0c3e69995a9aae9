"""The end of a prediction market: what rests there is cancelled, positions are settled at 0 or 1, and the book is closed.

Documented: positions are settled at the resolution price. Guesses: orders are cancelled, without a reason, because none of the
documented ones fits; a position ends by an order of the exchange's own, whose `systemOrderType` is
FutureExpiry and whose frames have the origin SETTLEMENT_AUTOCLOSE; it costs no fee, and no trade is printed.
"""

from __future__ import annotations

from haversack.exchange.engine.event import BookStateChanged, Event
from haversack.exchange.engine.facility import Parts
from haversack.exchange.engine.market import Market
from haversack.exchange.engine.order import WorkingOrder
from haversack.exchange.engine.perpetual.closing import Closing, Part
from haversack.exchange.engine.triggers import PendingOrder
from haversack.wire.enums import OrderBookState, Side


def settle_market(market: Market, price: int, parts: Parts, *, now_us: int, events: list[Event]) -> None:
    """Let a market end at this price, for everybody in the order of the accounts."""
    symbol = market.rules.symbol
    assert market.perpetual is not None, f"{symbol} has no positions"
    for order in _orders(market, parts):
        parts.placing.take_out(order, events)
    market.tell_changes(events)
    # Nothing is in the book, so that this is the mark price of all that follows.
    market.last_price = price
    closing = Closing(parts.ledger, dict(parts.markets), parts.placing)
    for number, quantity in sorted(market.perpetual.positions.items()):
        part = Part(parts.ledger.account(number), market, Side.ASK if quantity > 0 else Side.BID, abs(quantity))
        closing.at_the_end(part, price, now_us=now_us, events=events)
    if market.state is not OrderBookState.CLOSED:
        market.state = OrderBookState.CLOSED
        events.append(BookStateChanged(symbol, market.state))


def _orders(market: Market, parts: Parts) -> list[WorkingOrder | PendingOrder]:
    """All that rest or wait, oldest first."""
    found: list[WorkingOrder | PendingOrder] = []
    for account in parts.ledger.accounts:
        if market.rules.symbol in account.open_orders:
            found += account.open_orders[market.rules.symbol].by_id.values()
        found += market.triggers.of(account.number).values()
    return sorted(found, key=lambda order: order.facts.order_id)
