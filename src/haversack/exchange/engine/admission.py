"""Which orders are turned away before they have an id, checked in the order that the exchange checks them.

Price band, post-only, fill-or-kill, number of orders; funds come last and belong to clearing (observed 2025-06: without
any money, a bid far below the market is refused for its price, and a fill-or-kill order for not filling).
"""

from __future__ import annotations

from haversack.exchange.engine.book import Book
from haversack.exchange.engine.command import Place
from haversack.exchange.engine.event import Refusal
from haversack.exchange.engine.ledger import Account
from haversack.exchange.engine.market import Market
from haversack.exchange.engine.order import reaches
from haversack.exchange.engine.rules import MarketRules
from haversack.exchange.engine.survey import survey
from haversack.wire.enums import TimeInForce

GTC, FOK = TimeInForce.GTC, TimeInForce.FOK


def refusal(place: Place, account: Account, market: Market) -> Refusal | None:
    """Why the order cannot be accepted, or None. Where post-only stands in this order is a guess."""
    book, rules = market.book, market.rules
    if place.price is not None and not _is_in_band(place.price, market):
        return Refusal.PRICE_BAND
    if place.post_only and _would_take(place, book):
        return Refusal.POST_ONLY_TAKES
    if place.time_in_force is FOK and not survey(place, book, rules).is_complete:
        return Refusal.FILL_OR_KILL
    if _may_rest(place) and not account.is_house and _is_full(account, rules):
        return Refusal.ORDER_LIMIT
    return None


def _may_rest(place: Place) -> bool:
    return place.price is not None and place.time_in_force is GTC


def _is_full(account: Account, rules: MarketRules) -> bool:
    return len(account.open_orders[rules.symbol].by_id) >= rules.open_orders_max


def _would_take(place: Place, book: Book) -> bool:
    """Meeting an own order counts as taking (guess)."""
    best = book.opposite(place.side).best()
    return best is not None and reaches(place, best.price)


def _is_in_band(price: int, market: Market) -> bool:
    """Whether a limit is near enough to the active price, in both directions and for both sides (observed 2025-06)."""
    rules = market.rules
    active = _twice_active_price(market)
    if active is None:
        return True
    highest, lowest = rules.band_max, rules.band_min
    if highest and 2 * price * highest.denominator > active * highest.numerator:
        return False
    return not (lowest and 2 * price * lowest.denominator < active * lowest.numerator)


def _twice_active_price(market: Market) -> int | None:
    """Twice the median of best bid, best ask and last trade, so that it stays whole when only two of them are known."""
    bid, ask = market.book.bids.best(), market.book.asks.best()
    last = market.last_price
    if bid and ask and last is not None:
        # The best bid is below the best ask, so the median is the last price, moved inside them.
        return 2 * max(bid.price, min(ask.price, last))
    known = [level.price for level in (bid, ask) if level] + ([] if last is None else [last])
    return sum(known) * 2 // len(known) if known else None
