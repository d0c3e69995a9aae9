"""Takes what others offer at a better price than the makers of the market would, whoever offers it.

Such a price is an order of a user inside the spread, or a maker's that is late. A hunter looks twice before it shoots,
so a maker has time to correct itself; small bargains are taken in small bites, and large ones are not left to stand.
"""

from __future__ import annotations

from collections.abc import Sequence

from haversack.exchange.crowd.dice import SECOND_US, Dice
from haversack.exchange.crowd.market import CrowdMarket
from haversack.exchange.crowd.quote import Quote
from haversack.exchange.crowd.view import MarketView, Touch
from haversack.exchange.engine.command import Command, Place
from haversack.wire.enums import Side, TimeInForce

LOOK_MIN_S, LOOK_MAX_S = 0.5, 1.2
EAGERNESS = 0.7
BITE_SPREAD = 0.8


class Hunter:
    """Watches both sides of one market."""

    __slots__ = ("_accounts", "_dice", "_market", "_pace", "_quote", "_seen", "due_us")

    def __init__(self, market: CrowdMarket, quote: Quote, accounts: Sequence[int], *, dice: Dice, pace: float) -> None:
        self._market = market
        self._quote = quote
        self._accounts = accounts
        self._dice = dice
        self._pace = pace
        self._seen: list[int | None] = [None, None]
        self.due_us = 0

    def act(self, now_us: int, view: MarketView) -> list[Command]:
        """Look at the best bid and the best ask."""
        self.due_us = now_us + int(self._dice.between(LOOK_MIN_S, LOOK_MAX_S) / self._pace * SECOND_US)
        bid, ask = view.top(self._market.symbol)
        shots = [
            self._look(0, bid, bid[0] - self._quote.bid if bid else 0),
            self._look(1, ask, self._quote.ask - ask[0] if ask else 0),
        ]
        return [shot for shot in shots if shot]

    def _look(self, eye: int, level: Touch, excess: int) -> Command | None:
        """Shoot at what is too good and was there at the last look; `excess` is how much better than the makers' price."""
        if level is None or excess <= 0:
            self._seen[eye] = None
            return None
        price, quantity = level
        was_seen, self._seen[eye] = self._seen[eye] == price, price
        if not was_seen or self._dice.share() > EAGERNESS:
            return None
        appetite = 1 + excess / self._market.gap
        bite = self._market.quantity(self._dice.around(self._market.mood.flow_quote, BITE_SPREAD) * appetite, price)
        return Place(
            account=self._accounts[self._dice.index(len(self._accounts))],
            symbol=self._market.symbol,
            side=Side.ASK if eye == 0 else Side.BID,
            price=price,
            quantity=max(min(bite, quantity), self._market.minimum),
            time_in_force=TimeInForce.IOC,
        )
