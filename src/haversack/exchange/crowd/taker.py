"""Takes from one book, for reasons of its own.

Two kinds share a market: a metronome that trades the same small amount about twice a minute, and a flow of orders of all
sizes that comes in clusters, most often on one side. Over hours each account leans to one side, and so open interest
builds up and changes hands.
"""

from __future__ import annotations

from collections.abc import Sequence

from haversack.exchange.crowd.dice import SECOND_US, Dice
from haversack.exchange.crowd.market import BPS, CrowdMarket
from haversack.exchange.crowd.view import MarketView
from haversack.exchange.engine.command import Command, Place
from haversack.wire.enums import Side, TimeInForce

FLOW_SPREAD = 1.3
FLOW_MAX = 40
"""No order is larger than this many medians."""
FOLLOWED = 0.6
"""Share of the orders of the flow that another one follows within seconds."""
FOLLOWS_S = 1.5
SAME_SIDE = 0.8
LIMITED = 0.5
"""Share of the orders that name a limit, and up to how far from the touch."""
LIMIT_BPS = 8.0
LEAN_MAX = 0.6
LEAN_S = 3_600.0


class Metronome:
    """A bot that trades little and regularly."""

    __slots__ = ("_accounts", "_dice", "_market", "_period_s", "due_us")

    def __init__(self, market: CrowdMarket, accounts: Sequence[int], *, dice: Dice, pace: float, now_us: int) -> None:
        self._market = market
        self._accounts = accounts
        self._dice = dice
        self._period_s = market.mood.metronome_s / pace
        self.due_us = now_us + int(dice.share() * self._period_s * SECOND_US)

    def act(self, now_us: int, view: MarketView) -> list[Command]:
        """Buy or sell at the market."""
        self.due_us = now_us + int(self._dice.between(0.8, 1.2) * self._period_s * SECOND_US)
        side = Side.BID if self._dice.share() < 0.5 else Side.ASK
        account = self._accounts[self._dice.index(len(self._accounts))]
        return take(self._market, view, side=side, account=account, quote=self._market.mood.metronome_quote)


class Flow:
    """Everyone else who takes."""

    __slots__ = ("_accounts", "_dice", "_leans", "_market", "_mean_s", "_side", "due_us")

    def __init__(self, market: CrowdMarket, accounts: Sequence[int], *, dice: Dice, pace: float, now_us: int) -> None:
        self._market = market
        self._accounts = accounts
        self._dice = dice
        # Each order brings FOLLOWED others on average, and each of those as many again.
        self._mean_s = 60 / (market.mood.flow_per_minute * (1 - FOLLOWED) * pace)
        self._leans = [dice.between(-LEAN_MAX, LEAN_MAX) for _ in accounts]
        self._side = Side.BID
        self.due_us = now_us + dice.delay_us(self._mean_s)

    def act(self, now_us: int, view: MarketView) -> list[Command]:
        """Take, and say when to take next."""
        dice, who = self._dice, self._dice.index(len(self._accounts))
        is_followed = dice.share() < FOLLOWED
        self.due_us = now_us + dice.delay_us(FOLLOWS_S if is_followed else self._mean_s)
        if dice.share() < self._mean_s * (1 - FOLLOWED) / LEAN_S:
            self._leans[who] = dice.between(-LEAN_MAX, LEAN_MAX)
        commands = take(
            self._market,
            view,
            side=self._side,
            account=self._accounts[who],
            quote=min(FLOW_MAX, dice.around(1.0, FLOW_SPREAD)) * self._market.mood.flow_quote,
            limit_bps=dice.between(0, LIMIT_BPS) if dice.share() < LIMITED else None,
        )
        if not (is_followed and dice.share() < SAME_SIDE):
            self._side = Side.BID if dice.share() < 0.5 + self._leans[who] / 2 else Side.ASK
        return commands


def take(
    market: CrowdMarket, view: MarketView, *, side: Side, account: int, quote: float, limit_bps: float | None = None
) -> list[Command]:
    """An order that trades at once: at the market, or within a limit that is off the touch by this much."""
    bid, ask = view.top(market.symbol)
    touch = ask if side is Side.BID else bid
    if touch is None:
        return []
    price = None
    if limit_bps is not None:
        reach = touch[0] * limit_bps * BPS
        price = market.floor(touch[0] + reach) if side is Side.BID else max(market.rules.tick, market.ceil(touch[0] - reach))
    order = Place(
        account=account,
        symbol=market.symbol,
        side=side,
        price=price,
        quantity=market.quantity(quote, touch[0]),
        time_in_force=TimeInForce.GTC if price is None else TimeInForce.IOC,
    )
    return [order]
