"""Which orders are turned away before they have an id, checked in the order that the exchange checks them.

Liquidation and state of the market (that they come first is a guess), price band, reduce-only, open interest, post-only,
fill-or-kill, number of orders; funds come last and belong to clearing (observed 2025-06: without any money, a bid far below
the market is refused for its price, and a fill-or-kill order for not filling).
"""

from __future__ import annotations

from haversack.exchange.engine.active import is_within
from haversack.exchange.engine.book import Book
from haversack.exchange.engine.command import Place
from haversack.exchange.engine.event import Refusal
from haversack.exchange.engine.ledger import Account
from haversack.exchange.engine.market import Market
from haversack.exchange.engine.order import reaches
from haversack.exchange.engine.survey import Survey
from haversack.wire.enums import OrderBookState, TimeInForce

GTC, FOK = TimeInForce.GTC, TimeInForce.FOK
OPEN, LIMIT_ONLY, POST_ONLY = OrderBookState.OPEN, OrderBookState.LIMIT_ONLY, OrderBookState.POST_ONLY


def refusal(place: Place, account: Account, market: Market, ahead: Survey | None) -> Refusal | None:
    """Why the order cannot be accepted, or None. `ahead` is what a fill-or-kill order would take.

    Where reduce-only and post-only stand among the reasons is a guess.
    """
    if account.liquidating:
        return Refusal.ACCOUNT_LIQUIDATING
    book = market.book
    if market.state is not OPEN and (refused := refusal_in(market.state, place)):
        return refused
    if place.price is not None and not _is_in_band(place.price, market):
        return Refusal.PRICE_BAND
    if place.quantity == 0:
        return Refusal.REDUCE_ONLY
    if limited := market.clearing.refusal(place, account):
        return limited
    if place.post_only and _would_take(place, book):
        return Refusal.POST_ONLY_TAKES
    if place.time_in_force is FOK and ahead and not ahead.is_complete:
        return Refusal.FILL_OR_KILL
    if _may_rest(place) and not account.is_house and is_full(account, market):
        return Refusal.ORDER_LIMIT
    return None


def refusal_in(state: OrderBookState, place: Place) -> Refusal | None:
    """Why a market in this state takes no such order; None if it does. Cancels are taken in every state (guess)."""
    if state is OPEN:
        return None
    if state is LIMIT_ONLY:
        return Refusal.LIMIT_ONLY if place.price is None else None
    if state is POST_ONLY:
        return None if place.post_only else Refusal.POST_ONLY_MODE
    return Refusal.BOOK_CLOSED if state is OrderBookState.CLOSED else Refusal.CANCEL_ONLY


def _may_rest(place: Place) -> bool:
    return place.price is not None and place.time_in_force is GTC


def is_full(account: Account, market: Market) -> bool:
    """Whether the account has as many orders there as it may: those that wait for their triggers count (guess)."""
    rules = market.rules
    count = len(account.open_orders[rules.symbol].by_id)
    if market.triggers.by_id:
        count += len(market.triggers.of(account.number))
    return count >= rules.open_orders_max


def _would_take(place: Place, book: Book) -> bool:
    """Meeting an own order counts as taking (guess)."""
    best = book.opposite(place.side).best()
    return best is not None and reaches(place, best.price)


def _is_in_band(price: int, market: Market) -> bool:
    """Whether a limit is near enough to the active price, in both directions and for both sides (observed 2025-06)."""
    active = market.twice_active_price
    return active is None or is_within(price, active, market.rules.band_max, market.rules.band_min)
