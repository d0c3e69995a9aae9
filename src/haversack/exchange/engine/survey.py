"""What an order would take from the book as it stands, with nothing changed by the asking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from haversack.exchange.engine.book import Book
from haversack.exchange.engine.bounds import bounds_of
from haversack.exchange.engine.command import Place
from haversack.exchange.engine.order import WorkingOrder, quantity_at, reaches
from haversack.exchange.engine.perpetual.holding import Holding
from haversack.exchange.engine.rules import MarketRules
from haversack.wire.enums import SelfTradePrevention


class Survey(NamedTuple):
    """Quantity and quote amount that would trade, and whether the order would be filled by it."""

    quantity: int
    quote: int
    is_complete: bool


def survey(
    place: Place, book: Book, rules: MarketRules, mean_bounds: tuple[int, int], *, holdings: Mapping[int, Holding] | None = None
) -> Survey:
    """Walk the book as matching would. Own orders are no liquidity, and end the walk if meeting one ends the order.

    With the holdings of a perpetual, orders that only reduce are as large as their positions would be by then.
    """
    ladder = book.opposite(place.side)
    best = ladder.best()
    if best is None:
        return Survey(0, 0, is_complete=False)
    bounds = bounds_of(place, best.price, rules, mean_bounds)
    by_quote = place.quantity is None
    left = place.quote_quantity if place.quantity is None else place.quantity
    assert left is not None
    quantity = quote = 0
    positions = None if holdings is None else _Positions(holdings)
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
            take = min(wanted, maker.left) if positions is None else positions.take(maker, wanted)
            amount = take * level.price * rules.quote_unit
            quantity += take
            quote += amount
            left -= amount if by_quote else take
            if not quantity_at(left, level.price, by_quote=by_quote, rules=rules):
                return Survey(quantity, quote, is_complete=True)
    return Survey(quantity, quote, is_complete=False)


class _Positions:
    """How far makers' positions would shrink on the way."""

    __slots__ = ("_given", "_holdings")

    def __init__(self, holdings: Mapping[int, Holding]) -> None:
        self._holdings = holdings
        self._given: Counter[int] = Counter()

    def take(self, maker: WorkingOrder, wanted: int) -> int:
        """What an order gives when its turn comes."""
        facts, left = maker.facts, maker.left
        if facts.reduce_only:
            holding = self._holdings.get(facts.account)
            left = min(left, max(0, abs(holding.quantity) - self._given[facts.account])) if holding else 0
        taken = min(wanted, left)
        self._given[facts.account] += taken
        return taken
