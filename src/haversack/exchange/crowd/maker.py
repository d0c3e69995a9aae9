"""Keeps one layer of one book: compares what rests with what should, and replaces a few orders at a time.

A maker remembers nothing about its orders. It reads them anew each time, so it goes on after a restart, after fills and
after a mass cancel in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from haversack.exchange.crowd.budget import Budget
from haversack.exchange.crowd.dice import SECOND_US, Dice
from haversack.exchange.crowd.grid import Grid
from haversack.exchange.crowd.market import CrowdMarket
from haversack.exchange.crowd.quote import Quote
from haversack.exchange.crowd.temperament import Layer
from haversack.exchange.crowd.view import MarketView
from haversack.exchange.engine.command import Cancel, Command, Place
from haversack.exchange.engine.order import OpenOrder
from haversack.wire.enums import Side

BURST_MAX = 12
"""Commands at once, unless the book has to be filled."""
REFRESHED_MAX = 3
# What a maker leaves of the crowd's budget: the touch comes first, then what stands behind it, then changes of mind.
RESERVE_AT_TOUCH, RESERVE_BEHIND, RESERVE_FOR_REFRESH = 0.0, 0.25, 0.5
# Between two looks at the orders, as parts of the mean.
LOOK_MIN, LOOK_MAX = 0.6, 1.4
REACTION_MIN_S, REACTION_MAX_S = 0.02, 0.15
# How long what can wait does, when there is nothing left in the budget for it.
BLOCKED_MIN_S, BLOCKED_MAX_S = 0.15, 0.45
CONTINUES_MIN_S, CONTINUES_MAX_S = 0.002, 0.02
LARGE_SPREAD, SMALL_SPREAD = 0.7, 1.2
# Orders smaller than this share of what they were are worth replacing first.
WORN = 0.1

BID, ASK = Side.BID, Side.ASK


class Maker:
    """One account in one market."""

    __slots__ = ("_account", "_budget", "_dice", "_grid", "_layer", "_market", "_mean_s", "_quote", "_refresh_us", "due_us")

    def __init__(
        self, market: CrowdMarket, quote: Quote, *, layer: Layer, account: int, dice: Dice, budget: Budget, pace: float
    ) -> None:
        self._market = market
        self._quote = quote
        self._layer = layer
        self._account = account
        self._dice = dice
        self._budget = budget
        spacing = max(1, round(market.gap * layer.gap / market.rules.tick))
        self._grid = Grid(spacing, market.rules.tick, salt=account)
        self._mean_s = 1 / (market.mood.refreshes_per_s * layer.activity * pace)
        self._refresh_us = 0
        self.due_us = 0

    def notice(self, now_us: int) -> None:
        """The price has moved: act soon."""
        self.due_us = min(self.due_us, now_us + self._moment_us(REACTION_MIN_S, REACTION_MAX_S))

    def act(self, now_us: int, view: MarketView) -> list[Command]:
        """Take out what stands in a wrong place, fill what is missing, or replace something for a change."""
        orders = view.open_orders(self._account, self._market.symbol)
        # A book that is nearly empty has to be filled, whatever it costs.
        is_thin = len(orders) < self._layer.levels
        is_urgent = not self._layer.start or any(self._daring(order) > 0 for order in orders)
        if not is_thin and not self._budget.allows(now_us, RESERVE_AT_TOUCH if is_urgent else RESERVE_BEHIND):
            wait_s = (REACTION_MIN_S, REACTION_MAX_S) if is_urgent else (BLOCKED_MIN_S, BLOCKED_MAX_S)
            self.due_us = now_us + self._moment_us(*wait_s)
            return []
        commands = self._tend(now_us, view, orders=orders, is_thin=is_thin)
        self._budget.spend(len(commands))
        return commands

    def _tend(self, now_us: int, view: MarketView, *, orders: Sequence[OpenOrder], is_thin: bool) -> list[Command]:
        wanted = self._wanted(view)
        places = set(wanted)
        strays = [order for order in orders if (order.order.side, order.order.price) not in places]
        missing = self._missing(wanted, orders)
        self.due_us = now_us + self._moment_us(
            LOOK_MIN * self._market.mood.looks_every_s, LOOK_MAX * self._market.mood.looks_every_s
        )
        if not strays and not missing:
            return self._refresh(orders, now_us)
        burst = len(wanted) + len(orders) if is_thin else BURST_MAX
        strays.sort(key=self._daring, reverse=True)
        cancels = strays[: max(burst // 2, burst - len(missing))]
        room = 2 * self._layer.levels - (len(orders) - len(cancels))
        placed = missing[: max(0, min(burst - len(cancels), room))]
        is_blocked = len(wanted) < 2 * self._layer.levels
        if len(cancels) < len(strays) or len(placed) < len(missing) or (is_blocked and cancels):
            self.due_us = now_us + self._moment_us(CONTINUES_MIN_S, CONTINUES_MAX_S)
        return [*map(self._cancel, cancels), *(self._place(side, price) for side, price in placed)]

    def _wanted(self, view: MarketView) -> list[tuple[Side, int]]:
        """Where orders should rest, nearest to the touch first, and none that would trade at once."""
        layer, quote, tick = self._layer, self._quote, self._market.rules.tick
        start = layer.start * self._market.gap
        if start:
            bids = self._grid.below(quote.bid - start, layer.levels)
            asks = self._grid.above(quote.ask + start, layer.levels)
        else:
            bids = [quote.bid, *self._grid.below(quote.bid - tick, layer.levels - 1)]
            asks = [quote.ask, *self._grid.above(quote.ask + tick, layer.levels - 1)]
        best_bid, best_ask = view.top(self._market.symbol)
        highest = self._market.highest
        nearest_first = (pair for pairs in zip(bids, asks, strict=False) for pair in zip((BID, ASK), pairs, strict=True))
        return [
            (side, price)
            for side, price in nearest_first
            if (highest is None or price <= highest)
            and not (side is BID and best_ask and price >= best_ask[0])
            and not (side is ASK and best_bid and price <= best_bid[0])
        ]

    def _missing(self, wanted: Sequence[tuple[Side, int]], orders: Sequence[OpenOrder]) -> list[tuple[Side, int]]:
        resting = {(order.order.side, order.order.price) for order in orders}
        return [place for place in wanted if place not in resting]

    def _daring(self, order: OpenOrder) -> int:
        """How good the order is for others: the most generous price is the most dangerous one."""
        price = order.order.price or 0
        return price - self._quote.bid if order.order.side is BID else self._quote.ask - price

    def _refresh(self, orders: Sequence[OpenOrder], now_us: int) -> list[Command]:
        """Now and then, replace a few orders by others of another size at the same prices."""
        if now_us < self._refresh_us or not self._budget.allows(now_us, RESERVE_FOR_REFRESH):
            return []
        self._refresh_us = now_us + self._dice.delay_us(self._mean_s)
        count = min(len(orders), 1 + self._dice.index(REFRESHED_MAX))
        picked = {self._pick(orders) for _ in range(count)}
        return [command for index in sorted(picked) for command in self._replace(orders[index])]

    def _pick(self, orders: Sequence[OpenOrder]) -> int:
        """Some order: one that is nearly used up, if the first look falls on it, or else one nearer to the touch."""
        first, second = self._dice.index(len(orders)), self._dice.index(len(orders))
        if _is_worn(orders[first]):
            return first
        return max(first, second, key=lambda index: self._daring(orders[index]))

    def _replace(self, order: OpenOrder) -> Iterator[Command]:
        assert order.order.price is not None
        yield self._cancel(order)
        yield self._place(order.order.side, order.order.price)

    def _cancel(self, order: OpenOrder) -> Command:
        return Cancel(account=self._account, symbol=self._market.symbol, order_id=order.order.order_id)

    def _place(self, side: Side, price: int) -> Command:
        mood, dice = self._market.mood, self._dice
        is_large = dice.share() < self._layer.share_large
        quote = dice.around(mood.large, LARGE_SPREAD) if is_large else dice.around(mood.small, SMALL_SPREAD)
        return Place(
            account=self._account,
            symbol=self._market.symbol,
            side=side,
            price=price,
            quantity=self._market.quantity(quote, price),
            post_only=True,
        )

    def _moment_us(self, low_s: float, high_s: float) -> int:
        return int(self._dice.between(low_s, high_s) * SECOND_US)


def _is_worn(order: OpenOrder) -> bool:
    quantity = order.order.quantity or 0
    return quantity - order.executed < WORN * quantity
