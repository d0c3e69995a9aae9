"""Tells the perpetuals what their assets are worth elsewhere, once a second."""

from __future__ import annotations

from collections.abc import Sequence

from haversack.exchange.crowd.dice import SECOND_US
from haversack.exchange.crowd.fair import FairPrices
from haversack.exchange.crowd.market import CrowdMarket
from haversack.exchange.crowd.view import MarketView
from haversack.exchange.engine.command import Command, SetPrices
from haversack.exchange.listing import INDEX_SCALE


class Oracle:
    """The index of every perpetual."""

    __slots__ = ("_fair", "_perpetuals", "due_us")

    def __init__(self, markets: Sequence[CrowdMarket], fair: FairPrices) -> None:
        self._perpetuals = [market for market in markets if market.rules.has_index]
        self._fair = fair
        self.due_us = 0

    def act(self, now_us: int, view: MarketView) -> list[Command]:
        """All of them in one command; the next one at the next full second."""
        self.due_us = (now_us // SECOND_US + 1) * SECOND_US
        if not self._perpetuals:
            return []
        return [SetPrices(tuple((market.symbol, self._index(market)) for market in self._perpetuals))]

    def _index(self, market: CrowdMarket) -> int:
        return max(1, round(self._fair.index(market.symbol) * 10.0 ** (INDEX_SCALE - market.rules.price_scale)))
