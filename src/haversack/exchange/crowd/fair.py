"""What assets are imagined to be worth, and how that walks.

All assets share a part of each move, and calm and wild times alternate. A perpetual is worth what its base asset is
worth, plus a small basis that wanders around zero. Spot and perpetual of one asset therefore move together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from haversack.exchange.crowd.dice import SECOND_US, Dice
from haversack.exchange.crowd.market import BPS, CrowdMarket
from haversack.exchange.crowd.temperament import Temperament

MINUTE_US = 60 * SECOND_US
# After a pause (a suspended machine, a clock that was moved) prices have moved by this much time at most.
PAUSE_MAX_US = 60 * MINUTE_US

SHARED = 0.7
"""Correlation between an asset and the mood of all."""
HEAT_SPREAD = 0.3
HEAT_MINUTES = 10.0
"""Wild and calm times last about this long."""
BASIS_BPS = 3.0
BASIS_MINUTES = 30.0
"""Observed 2026-09: marks stood 0.8 bps above to 3.3 bps below their index."""


class FairPrices:
    """Imagined prices of all markets, as logarithms relative to where each market opened."""

    __slots__ = ("_bases", "_dice", "_heat", "_markets", "_moods", "_offsets")

    def __init__(self, markets: Sequence[CrowdMarket], temperament: Temperament, dice: Dice) -> None:
        self._dice = dice
        self._markets = {market.symbol: market for market in markets}
        self._moods = {market.rules.base: temperament.base(market.rules.base) for market in markets}
        self._heat = HEAT_SPREAD * dice.normal()
        self._offsets = dict.fromkeys(self._moods, 0.0)
        """Of each asset from its opening price."""
        self._bases = {market.symbol: 0.0 for market in markets if market.rules.has_index}
        """Of each perpetual from its asset, beyond the difference that they opened with."""

    def take_up(self, prices: Mapping[str, float]) -> None:
        """Go on from these prices. The spot market tells what an asset is worth, if there is one."""
        logs = {symbol: math.log(price / self._markets[symbol].opening) for symbol, price in prices.items()}
        for symbol in sorted(logs, key=lambda symbol: not self._markets[symbol].rules.is_perpetual):
            self._offsets[self._markets[symbol].rules.base] = logs[symbol]
        for symbol in self._bases:
            self._bases[symbol] = logs[symbol] - self._offsets[self._markets[symbol].rules.base]

    def believe(self, symbol: str, price: float) -> None:
        """From now on the market's base asset is worth this, in all its markets."""
        market = self._markets[symbol]
        self._offsets[market.rules.base] = math.log(price / market.opening)

    def walk(self, elapsed_us: int) -> None:
        """Let time pass."""
        minutes = min(elapsed_us, PAUSE_MAX_US) / MINUTE_US
        if minutes <= 0:
            return
        heat = math.exp(self._heat - HEAT_SPREAD**2)
        shared = self._dice.normal()
        for asset, mood in self._moods.items():
            surprise = SHARED * shared + math.sqrt(1 - SHARED**2) * self._dice.normal()
            kept = 0.5 ** (minutes / (60 * mood.half_life_hours))
            step = mood.minute_bps * BPS * heat * math.sqrt(minutes) * surprise
            self._offsets[asset] = self._offsets[asset] * kept + step
        for symbol in self._bases:
            self._bases[symbol] = self._wander(self._bases[symbol], BASIS_BPS * BPS, minutes / BASIS_MINUTES)
        self._heat = self._wander(self._heat, HEAT_SPREAD, minutes / HEAT_MINUTES)

    def _wander(self, value: float, spread: float, times: float) -> float:
        """One step of a value that keeps coming back to zero, with this standard deviation in the long run."""
        kept = math.exp(-times)
        return value * kept + spread * math.sqrt(1 - kept**2) * self._dice.normal()

    def price(self, symbol: str) -> float:
        """What the market's base asset is worth there, in its price units."""
        market = self._markets[symbol]
        return market.opening * math.exp(self._offsets[market.rules.base] + self._bases.get(symbol, 0.0))

    def index(self, symbol: str) -> float:
        """What a perpetual's base asset is worth, in the perpetual's price units.

        It starts where the perpetual opens: the last price of a quiet spot market, which may be hours old, is no measure.
        """
        market = self._markets[symbol]
        return market.opening * math.exp(self._offsets[market.rules.base])
