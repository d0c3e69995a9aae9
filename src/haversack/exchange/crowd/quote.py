"""Where the makers of one market would have the best bid and the best ask."""

from __future__ import annotations

from haversack.exchange.crowd.dice import Dice
from haversack.exchange.crowd.market import CrowdMarket

# Makers do not follow every flicker of the fair price, only moves of this many gaps.
IGNORED_GAPS = 0.3
CAUTION_MIN, CAUTION_MAX = 0.02, 0.4
CHANGES_OF_MIND = 0.04


class Quote:
    """The touch that makers agree on: it follows the fair price, and is now narrower, now wider."""

    __slots__ = ("_caution", "_center", "_dice", "_market", "ask", "bid")

    def __init__(self, market: CrowdMarket, fair: float, dice: Dice) -> None:
        self._market = market
        self._dice = dice
        self._center = fair
        self._caution = dice.between(CAUTION_MIN, CAUTION_MAX)
        self.bid = self.ask = 0
        self._settle()

    def follow(self, fair: float) -> bool:
        """Take in the fair price; whether the touch is another now."""
        before = self.bid, self.ask
        if abs(fair - self._center) > IGNORED_GAPS * self._market.gap:
            self._center = fair
        if self._dice.share() < CHANGES_OF_MIND:
            self._caution = self._dice.between(CAUTION_MIN, CAUTION_MAX)
        self._settle()
        return before != (self.bid, self.ask)

    def _settle(self) -> None:
        half = self._caution * self._market.touch
        tick = self._market.rules.tick
        # Half a tick up: a price that stands still on a tick, as between stablecoins, would never have a spread of one.
        center = self._center + tick / 2
        # There is always room for an ask above it.
        highest = self._market.highest
        bid = self._market.floor(center - half)
        self.bid = max(tick, bid if highest is None else min(bid, highest - tick))
        self.ask = max(self.bid + tick, self._market.ceil(center + half))
