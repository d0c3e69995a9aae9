"""How likely the answers of prediction markets are imagined to be yes, and how that walks: always between no and yes.

The logarithm of the odds walks, so that a price moves less the nearer it is to 0 or 1 and never gets there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from haversack.exchange.crowd.dice import Dice
from haversack.exchange.crowd.fair import MINUTE_US, PAUSE_MAX_US, FairPrices
from haversack.exchange.crowd.market import BPS, CrowdMarket
from haversack.exchange.crowd.temperament import Temperament

LEAST = 1e-6
"""Nothing is less likely than this, and nothing more likely than the rest."""
MOST = math.log((1 - LEAST) / LEAST)


class Beliefs:
    """Imagined prices of prediction markets. Each question stands for itself, those of one event too."""

    __slots__ = ("_dice", "_markets", "_odds", "_temperament")

    def __init__(self, markets: Sequence[CrowdMarket], temperament: Temperament, dice: Dice) -> None:
        self._markets = {market.symbol: market for market in markets}
        self._temperament = temperament
        self._dice = dice
        self._odds = {market.symbol: _odds(market, market.opening) for market in markets}
        """Their logarithms."""

    @property
    def symbols(self) -> Sequence[str]:
        """Of its markets."""
        return list(self._markets)

    def believe(self, symbol: str, price: float) -> None:
        """From now on the answer is so likely."""
        self._odds[symbol] = _odds(self._markets[symbol], price)

    def walk(self, elapsed_us: int) -> None:
        """Let time pass."""
        minutes = min(elapsed_us, PAUSE_MAX_US) / MINUTE_US
        if minutes <= 0:
            return
        for symbol, market in self._markets.items():
            mood, home = self._temperament.base(market.rules.base), _odds(market, market.opening)
            kept = 0.5 ** (minutes / (60 * mood.half_life_hours))
            step = mood.minute_bps * BPS * math.sqrt(minutes) * self._dice.normal()
            odds = home + (self._odds[symbol] - home) * kept + step
            self._odds[symbol] = min(max(odds, -MOST), MOST)

    def price(self, symbol: str) -> float:
        """In the market's price units."""
        return _pays(self._markets[symbol]) / (1 + math.exp(-self._odds[symbol]))


class Worths:
    """What all markets are imagined to be worth, of whichever kind they are."""

    __slots__ = ("_beliefs", "_fair")

    def __init__(self, fair: FairPrices, beliefs: Beliefs) -> None:
        self._fair = fair
        self._beliefs = beliefs

    def take_up(self, prices: Mapping[str, float]) -> None:
        """Go on from these prices."""
        for symbol in self._beliefs.symbols:
            self._beliefs.believe(symbol, prices[symbol])
        self._fair.take_up({symbol: price for symbol, price in prices.items() if symbol not in self._beliefs.symbols})

    def believe(self, symbol: str, price: float) -> None:
        """From now on the market is worth this."""
        (self._beliefs if symbol in self._beliefs.symbols else self._fair).believe(symbol, price)

    def walk(self, elapsed_us: int) -> None:
        """Let time pass."""
        self._fair.walk(elapsed_us)
        self._beliefs.walk(elapsed_us)

    def price(self, symbol: str) -> float:
        """What the market is worth, in its price units."""
        return (self._beliefs if symbol in self._beliefs.symbols else self._fair).price(symbol)


def _pays(market: CrowdMarket) -> int:
    assert market.rules.pays is not None, f"{market.symbol} asks no question"
    return market.rules.pays


def _odds(market: CrowdMarket, price: float) -> float:
    likely = min(max(price / _pays(market), LEAST), 1 - LEAST)
    return math.log(likely / (1 - likely))
