"""The positions that are open when an exchange begins: on a perpetual that never traded, two of the crowd meet once."""

from __future__ import annotations

from haversack.exchange.crowd.dice import Dice
from haversack.exchange.crowd.market import CrowdMarket
from haversack.exchange.crowd.view import MarketView
from haversack.exchange.engine.command import Command, Place
from haversack.wire.enums import Side, TimeInForce

MEDIANS_MIN = 300
MEDIANS_MAX = 600
"""How many typical orders the first positions are as large as. The recorded open interest is larger still."""
_NEVER_US = 2**62


class Opening:
    """Acts once, before anybody quotes, and only on a market without a past."""

    __slots__ = ("_buyer", "_dice", "_market", "_seller", "due_us")

    def __init__(self, market: CrowdMarket, *, seller: int, buyer: int, dice: Dice, now_us: int) -> None:
        self._market = market
        self._seller = seller
        self._buyer = buyer
        self._dice = dice
        self.due_us = now_us

    def act(self, now_us: int, view: MarketView) -> list[Command]:
        """One sells to the other at the opening price; whenever that is, it is done once."""
        self.due_us = _NEVER_US
        market = self._market
        if view.last_price(market.symbol) is not None or view.top(market.symbol) != (None, None):
            return []
        worth = self._dice.between(MEDIANS_MIN, MEDIANS_MAX) * market.mood.flow_quote
        quantity = market.quantity(worth, market.opening)
        return [
            Place(account=self._seller, symbol=market.symbol, side=Side.ASK, price=market.opening, quantity=quantity),
            Place(
                account=self._buyer,
                symbol=market.symbol,
                side=Side.BID,
                price=market.opening,
                quantity=quantity,
                time_in_force=TimeInForce.IOC,
            ),
        ]
