"""The minutes before a new exchange opened, from the same imagination: the past that its klines and tickers show."""

from __future__ import annotations

from collections.abc import Sequence

from haversack.exchange.crowd.dice import Dice
from haversack.exchange.crowd.fair import MINUTE_US, FairPrices
from haversack.exchange.crowd.market import CrowdMarket
from haversack.exchange.crowd.quote import CAUTION_MAX, CAUTION_MIN
from haversack.exchange.crowd.taker import FLOW_MAX, FLOW_SPREAD, FOLLOWED
from haversack.exchange.crowd.temperament import Temperament
from haversack.exchange.views.bars import Bar

PATH_STEPS = 4
"""Fair prices per minute."""


def backfill(
    markets: Sequence[CrowdMarket], temperament: Temperament, *, seed: int, now_us: int, minutes: int
) -> dict[str, list[Bar]]:
    """Bars of the minutes before the running one, oldest first; the last trade of each market is at its opening price."""
    start_us = (now_us // MINUTE_US - minutes) * MINUTE_US
    walk = FairPrices(markets, temperament, Dice(seed, "backfill", start_us))
    paths: dict[str, list[float]] = {market.symbol: [walk.price(market.symbol)] for market in markets}
    for _ in range(minutes * PATH_STEPS):
        walk.walk(MINUTE_US // PATH_STEPS)
        for symbol, path in paths.items():
            path.append(walk.price(symbol))
    bars: dict[str, list[Bar]] = {}
    for market in markets:
        past = _Past(market, paths[market.symbol], Dice(seed, "backfill", start_us, market.symbol))
        bars[market.symbol] = [
            bar for minute in range(minutes) if (bar := past.bar(minute, start_us, is_last=minute == minutes - 1))
        ]
    return bars


class _Past:
    """Makes up the trades of one market around a path of its fair price."""

    def __init__(self, market: CrowdMarket, path: Sequence[float], dice: Dice) -> None:
        # The walk began at the opening price and ended elsewhere: scaled, it ends there.
        scale = market.opening / path[-1]
        self._path = [price * scale for price in path]
        self._market = market
        self._dice = dice

    def bar(self, minute: int, start_us: int, *, is_last: bool) -> Bar | None:
        """The bar of one minute, counted from the first; the last one ends at the opening price."""
        count = self._count() or is_last
        if not count:
            return None
        prices = [self._price(minute * PATH_STEPS + step * PATH_STEPS // count) for step in range(count)]
        if is_last:
            prices[-1] = self._market.opening
        quantities = [self._quantity(price) for price in prices]
        quote = sum(price * quantity for price, quantity in zip(prices, quantities, strict=True))
        return Bar(
            start_us=start_us + minute * MINUTE_US,
            open=prices[0],
            high=max(prices),
            low=min(prices),
            close=prices[-1],
            volume=sum(quantities),
            quote_volume=quote * self._market.rules.quote_unit,
            trades=int(count),
        )

    def _count(self) -> int:
        """Trades in a minute: those of the metronome, and clusters of others."""
        mood, dice = self._market.mood, self._dice
        count = int(60 / mood.metronome_s + dice.share())
        clusters_left = mood.flow_per_minute * (1 - FOLLOWED)
        while (clusters_left := clusters_left - dice.delay_us(1.0) / 1e6) > 0:
            count += 1
            while dice.share() < FOLLOWED:
                count += 1
        return count

    def _price(self, step: int) -> int:
        fair = self._path[step] + (self._path[step + 1] - self._path[step]) * self._dice.share()
        half = self._dice.between(CAUTION_MIN, CAUTION_MAX) * self._market.touch
        is_buy = self._dice.share() < 0.5
        return self._market.ceil(fair + half) if is_buy else max(self._market.rules.tick, self._market.floor(fair - half))

    def _quantity(self, price: int) -> int:
        mood, dice = self._market.mood, self._dice
        metronome = 60 / mood.metronome_s
        if dice.share() < metronome / (metronome + mood.flow_per_minute):
            return self._market.quantity(mood.metronome_quote, price)
        return self._market.quantity(min(FLOW_MAX, dice.around(1.0, FLOW_SPREAD)) * mood.flow_quote, price)
