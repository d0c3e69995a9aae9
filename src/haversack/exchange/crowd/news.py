"""What moves the market: at odd times the fair prices walk on, and the makers whose touch is another now are woken."""

from __future__ import annotations

from haversack.exchange.crowd.belief import Worths
from haversack.exchange.crowd.dice import Dice
from haversack.exchange.crowd.maker import Maker
from haversack.exchange.crowd.market import CrowdMarket
from haversack.exchange.crowd.quote import Quote
from haversack.exchange.crowd.view import MarketView
from haversack.exchange.engine.command import Command

WALKS_S = 3.0
"""Mean time between two moves of the fair prices (observed 2026-09: the touch stood still for seconds)."""


class News:
    """Comes at odd times."""

    def __init__(self, fair: Worths, dice: Dice, now_us: int) -> None:
        self._fair = fair
        self._dice = dice
        self._walked_us = now_us
        self._readers: list[tuple[str, Quote, list[Maker]]] = []
        self.due_us = now_us

    def tell(self, market: CrowdMarket, quote: Quote, makers: list[Maker]) -> None:
        """These want to know of moves in this market."""
        self._readers.append((market.symbol, quote, makers))

    def surprise(self, symbol: str, price: float, now_us: int) -> None:
        """Something happened: this is what the asset is worth now, and everybody hears of it at once."""
        self._fair.believe(symbol, price)
        self.due_us = now_us

    def act(self, now_us: int, view: MarketView) -> list[Command]:
        """Move on. Nothing leaves the crowd."""
        self.due_us = now_us + self._dice.delay_us(WALKS_S)
        self._fair.walk(now_us - self._walked_us)
        self._walked_us = now_us
        for symbol, quote, makers in self._readers:
            if quote.follow(self._fair.price(symbol)):
                for maker in makers:
                    maker.notice(now_us)
        return []
