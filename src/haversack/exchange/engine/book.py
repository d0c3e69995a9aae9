"""The resting orders of one market: two ladders of price levels, first in first out at each price.

A ladder keeps its prices sorted with the best one last, so that the common changes touch the end of a list; for that,
asks are sorted by their negated price. A level is a dict by order id, whose order of insertion is the queue.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from haversack.exchange.engine.order import BID, WorkingOrder
from haversack.wire.enums import Side

Top = tuple[tuple[int, int] | None, tuple[int, int] | None]
"""Best bid and best ask, each with the quantity there; None for an empty side."""


class Level:
    """All orders at one price, oldest first, and their total quantity."""

    __slots__ = ("orders", "price", "quantity", "side")

    def __init__(self, side: Side, price: int) -> None:
        self.side = side
        self.price = price
        self.quantity = 0
        self.orders: dict[int, WorkingOrder] = {}

    def first(self) -> WorkingOrder:
        """The order that is next in the queue."""
        return next(iter(self.orders.values()))


class Ladder:
    """One side of a book."""

    __slots__ = ("_keys", "_levels", "_sign", "side")

    def __init__(self, side: Side) -> None:
        self.side = side
        self._sign = 1 if side is BID else -1
        self._keys: list[int] = []
        self._levels: dict[int, Level] = {}

    def best(self) -> Level | None:
        """The level that trades next."""
        return self._levels[self._keys[-1]] if self._keys else None

    def from_best(self) -> Iterator[Level]:
        """Levels in the order in which they trade."""
        levels = self._levels
        return (levels[key] for key in reversed(self._keys))

    def ascending(self) -> Iterator[Level]:
        """Levels by rising price."""
        return (self._levels[key] for key in self._keys[:: self._sign])

    def level(self, price: int) -> Level:
        """The level at a price that has orders."""
        return self._levels[price * self._sign]

    def level_for(self, price: int) -> Level:
        """The level at a price, made if there is none."""
        key = price * self._sign
        level = self._levels.get(key)
        if level is None:
            level = self._levels[key] = Level(self.side, price)
            keys = self._keys
            if not keys or keys[-1] < key:
                keys.append(key)
            else:
                keys.insert(bisect_left(keys, key), key)
        return level

    def drop(self, level: Level) -> None:
        """Forget a level that has no orders left."""
        key = level.price * self._sign
        del self._levels[key]
        keys = self._keys
        if keys[-1] == key:
            keys.pop()
        else:
            del keys[bisect_left(keys, key)]


class Book:
    """Both ladders, and the levels that the running command has touched."""

    __slots__ = ("asks", "bids", "touched")

    def __init__(self) -> None:
        self.bids = Ladder(Side.BID)
        self.asks = Ladder(Side.ASK)
        self.touched: dict[Level, None] = {}
        """A dict for its order of insertion; levels hash by identity, which the order does not depend on."""

    def own(self, side: Side) -> Ladder:
        """Where orders of this side rest."""
        return self.bids if side is BID else self.asks

    def opposite(self, side: Side) -> Ladder:
        """What orders of this side take."""
        return self.asks if side is BID else self.bids

    def rest(self, order: WorkingOrder) -> None:
        """Put an order at the end of the queue at its price."""
        facts = order.facts
        assert facts.price is not None
        level = self.own(facts.side).level_for(facts.price)
        level.orders[facts.order_id] = order
        level.quantity += order.left
        self.touched[level] = None

    def remove(self, order: WorkingOrder) -> None:
        """Take a resting order out, whatever its place in the queue."""
        facts = order.facts
        assert facts.price is not None
        ladder = self.own(facts.side)
        self.shrink(ladder.level(facts.price), order, order.left)

    def shrink(self, level: Level, order: WorkingOrder, quantity: int) -> None:
        """Take a quantity off a resting order; with all that it has left, the order leaves."""
        level.quantity -= quantity
        self.touched[level] = None
        if quantity < order.left:
            return
        del level.orders[order.facts.order_id]
        if not level.orders:
            self.own(level.side).drop(level)

    def top(self) -> Top:
        """The best price of each side with its quantity."""
        bid, ask = self.bids.best(), self.asks.best()
        return (bid.price, bid.quantity) if bid else None, (ask.price, ask.quantity) if ask else None
