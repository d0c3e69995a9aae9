"""The state of one market, and what its book has to tell after a command."""

from __future__ import annotations

from haversack.exchange.engine.book import Book, Top
from haversack.exchange.engine.clearing import Clearing, PerpetualClearing, SpotClearing
from haversack.exchange.engine.event import Event, LevelChanged, TopChanged
from haversack.exchange.engine.ledger import Ledger
from haversack.exchange.engine.prices import Prices
from haversack.exchange.engine.rules import MarketRules


class Market:
    """One market: its rules, its book, its clearing, and the numbers that it hands out."""

    __slots__ = ("book", "clearing", "last_price", "next_trade_id", "prices", "rules", "top", "update_id")

    def __init__(self, rules: MarketRules, ledger: Ledger, *, first_trade_id: int) -> None:
        self.rules = rules
        self.book = Book()
        clearing = PerpetualClearing if rules.is_perpetual else SpotClearing
        self.clearing: Clearing = clearing(rules, ledger)
        self.prices = Prices()
        self.last_price: int | None = None
        self.next_trade_id = first_trade_id
        self.update_id = 0
        """Of the last change; levels and top share one gapless sequence."""
        self.top: Top = (None, None)
        """As last told."""

    def tell_changes(self, events: list[Event]) -> None:
        """Report each touched level once, in the order of the touching, and then the top if it is another."""
        book, symbol = self.book, self.rules.symbol
        if not book.touched:
            return
        for level in book.touched:
            self.update_id += 1
            events.append(LevelChanged(symbol, level.side, level.price, level.quantity, self.update_id))
        book.touched.clear()
        top = book.top()
        if top != self.top:
            self.top = top
            events.append(TopChanged(symbol, *top, self.update_id))
