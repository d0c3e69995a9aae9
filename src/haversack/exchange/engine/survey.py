"""What an order would take from the book as it stands, with nothing changed by the asking."""

from __future__ import annotations

from typing import NamedTuple

from haversack.exchange.engine.book import Book
from haversack.exchange.engine.bounds import bounds_of
from haversack.exchange.engine.command import Place
from haversack.exchange.engine.order import quantity_at, reaches
from haversack.exchange.engine.rules import MarketRules
from haversack.wire.enums import SelfTradePrevention


class Survey(NamedTuple):
    """Quantity and quote amount that would trade, and whether the order would be filled by it."""

    quantity: int
    quote: int
    is_complete: bool


def survey(place: Place, book: Book, rules: MarketRules, mean_bounds: tuple[int, int]) -> Survey:
    """Walk the book as matching would. Own orders are no liquidity, and end the walk if meeting one ends the order."""
    ladder = book.opposite(place.side)
    best = ladder.best()
    if best is None:
        return Survey(0, 0, is_complete=False)
    bounds = bounds_of(place, best.price, rules, mean_bounds)
    by_quote = place.quantity is None
    left = place.quote_quantity if place.quantity is None else place.quantity
    assert left is not None
    quantity = quote = 0
    for level in ladder.from_best():
        if not reaches(place, level.price) or bounds.beyond(level.price):
            break
        for maker in level.orders.values():
            wanted = quantity_at(left, level.price, by_quote=by_quote, rules=rules)
            if not wanted:
                return Survey(quantity, quote, is_complete=False)
            if maker.facts.account == place.account:
                if place.self_trade_prevention is SelfTradePrevention.REJECT_MAKER:
                    continue
                return Survey(quantity, quote, is_complete=False)
            take = min(wanted, maker.left)
            amount = take * level.price * rules.quote_unit
            quantity += take
            quote += amount
            left -= amount if by_quote else take
            if not quantity_at(left, level.price, by_quote=by_quote, rules=rules):
                return Survey(quantity, quote, is_complete=True)
    return Survey(quantity, quote, is_complete=False)
