"""What time does to perpetuals: new mark prices, funding, settlement, liquidation."""

from __future__ import annotations

from haversack.exchange.engine.command import SetPrices
from haversack.exchange.engine.event import Event
from haversack.exchange.engine.ledger import Ledger
from haversack.exchange.engine.market import Market
from haversack.exchange.engine.perpetual.margins import Margins


class Passing:
    """The clockwork of one engine. Time comes with commands alone."""

    __slots__ = ("_ledger", "_margins", "_markets")

    def __init__(self, ledger: Ledger, markets: dict[str, Market], margins: Margins) -> None:
        self._ledger = ledger
        self._markets = markets
        self._margins = margins

    def set_prices(self, prices: SetPrices, now_us: int) -> list[Event]:
        """Take in index prices, and do what the time asks for."""
        events: list[Event] = []
        self._margins.version += 1
        for symbol, index in prices.indexes:
            market = self._markets[symbol]
            assert market.rules.is_perpetual, f"{symbol} has no index"
            changed = market.prices.update(market.book, market.rules, index, now_us)
            market.tell_mark(changed.mark, now_us)
            events.append(changed)
        return events

    def elapse(self, now_us: int) -> list[Event]:
        """Do what the time asks for, with the prices that are known."""
        return []
