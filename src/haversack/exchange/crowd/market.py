"""One market in the crowd's eyes: where its imagined floats become prices on the tick and quantities on the step."""

from __future__ import annotations

import math

from haversack.exchange.crowd.temperament import MarketMood
from haversack.exchange.engine.rules import MarketRules
from haversack.exchange.listing import Listing
from haversack.units import to_units
from haversack.wire.enums import OrderBookState

BPS = 1e-4


class CrowdMarket:
    """Rules, temper and increments. Imagined prices count the market's price units, with a fraction."""

    __slots__ = ("gap", "highest", "minimum", "mood", "opening", "rules", "symbol", "touch")

    def __init__(self, listing: Listing, symbol: str, mood: MarketMood) -> None:
        rules = listing.rules[symbol]
        self.symbol = symbol
        self.rules: MarketRules = rules
        self.mood = mood
        self.opening = to_units(listing.opening_prices[symbol], rules.price_scale)
        """Price at which a new exchange starts trading."""
        self.minimum = to_units(listing.markets[symbol].filters.quantity.min_quantity, rules.quantity_scale)
        self.highest = None if rules.pays is None else rules.pays - rules.tick
        """In a prediction market, the highest price that there is; None elsewhere."""
        self.touch = self.opening * mood.touch_bps * BPS
        """Half the spread is somewhat less than this."""
        self.gap = max(1, round(self.opening * mood.gap_bps * BPS / rules.tick)) * rules.tick
        """Between the levels next to the touch."""

    def floor(self, price: float) -> int:
        """The highest price on the tick that is not above."""
        return self._within(math.floor(price / self.rules.tick) * self.rules.tick)

    def ceil(self, price: float) -> int:
        """The lowest price on the tick that is not below; the highest that there is, if it would be above that."""
        return self._within(math.ceil(price / self.rules.tick) * self.rules.tick)

    def _within(self, price: int) -> int:
        return price if self.highest is None else min(price, self.highest)

    def quantity(self, quote: float, price: float) -> int:
        """What this much of the quote asset is worth, on the step; the smallest order at least."""
        rules = self.rules
        steps = round(quote * 10.0 ** (rules.price_scale + rules.quantity_scale) / (price * rules.step))
        least = -(-self.minimum // rules.step)
        return max(steps, least, 1) * rules.step


def traded_markets(listing: Listing, moods: dict[str, MarketMood]) -> list[CrowdMarket]:
    """The markets that are open, in the order of the listing."""
    return [
        CrowdMarket(listing, symbol, moods.get(symbol, MarketMood()))
        for symbol, market in listing.markets.items()
        if market.order_book_state == OrderBookState.OPEN
    ]
