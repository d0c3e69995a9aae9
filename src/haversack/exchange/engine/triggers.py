"""The orders of one market that wait for a price, sorted so that a new price looks at nothing but what it reaches."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping
from heapq import heappop, heappush

import msgspec

from haversack.exchange.engine.event import OrderFacts
from haversack.exchange.engine.order import OpenOrder
from haversack.wire.enums import OrderStatus, TriggerBy


class PendingOrder(msgspec.Struct, frozen=True, gc=False):
    """An order that waits for its trigger."""

    facts: OrderFacts
    """Without a quantity: that comes when it fires."""
    rises: bool
    """Whether it waits for a price as high as its trigger; else for one as low."""

    @property
    def trigger_by(self) -> TriggerBy:
        """Which price it waits for."""
        conditions = self.facts.conditions
        assert conditions is not None, f"order {self.facts.order_id} waits for nothing"
        assert conditions.trigger is not None, f"order {self.facts.order_id} waits for nothing"
        return conditions.trigger.by

    @property
    def trigger_price(self) -> int:
        """That price, in the market's price units."""
        conditions = self.facts.conditions
        assert conditions is not None, f"order {self.facts.order_id} waits for nothing"
        assert conditions.trigger is not None, f"order {self.facts.order_id} waits for nothing"
        return conditions.trigger.price

    def view(self) -> OpenOrder:
        """As a query sees it."""
        return OpenOrder(self.facts, 0, 0, OrderStatus.TRIGGER_PENDING)


class _Queue:
    """What waits for one kind of price to move one way; what is reached first stands last."""

    __slots__ = ("_entries", "_sign")

    def __init__(self, *, rises: bool) -> None:
        self._sign = -1 if rises else 1
        self._entries: list[tuple[int, int]] = []

    def add(self, price: int, order_id: int) -> None:
        insort(self._entries, (self._sign * price, order_id))

    def discard(self, price: int, order_id: int) -> None:
        """Forget one; it may have been reached before."""
        entry = self._sign * price, order_id
        place = bisect_left(self._entries, entry)
        if self._entries[place : place + 1] == [entry]:
            del self._entries[place]

    def reached(self, price: int) -> list[int]:
        """Take out what a price reaches."""
        entries, bound = self._entries, self._sign * price
        found: list[int] = []
        while entries and entries[-1][0] >= bound:
            found.append(entries.pop()[1])
        return found


class Triggers:
    """All of them in one market. Whoever has a new price tells it, and then fires what is due, one by one."""

    __slots__ = ("_by_account", "_queues", "by_id", "due")

    def __init__(self) -> None:
        self.by_id: dict[int, PendingOrder] = {}
        """All that wait or are due, oldest first."""
        self.due: list[int] = []
        """A heap of the ids whose price was reached; an order that ended meanwhile may be among them. Empty between commands."""
        self._by_account: dict[int, dict[int, PendingOrder]] = {}
        self._queues = {by: (_Queue(rises=False), _Queue(rises=True)) for by in TriggerBy}

    def add(self, order: PendingOrder) -> None:
        """Let one more wait, though its price be reached already."""
        order_id = order.facts.order_id
        self.by_id[order_id] = order
        self._by_account.setdefault(order.facts.account, {})[order_id] = order
        self._queues[order.trigger_by][order.rises].add(order.trigger_price, order_id)

    def remove(self, order: PendingOrder) -> None:
        """Forget one that ended."""
        self._forget(order)
        self._queues[order.trigger_by][order.rises].discard(order.trigger_price, order.facts.order_id)

    def of(self, account: int) -> Mapping[int, PendingOrder]:
        """Those of one account by id, oldest first."""
        return self._by_account.get(account, {})

    def find(self, account: int, order_id: int | None, client_id: int | None) -> PendingOrder | None:
        """One of an account's, by the exchange's id if that is given; of several with a client id, the newest."""
        mine = self.of(account)
        if order_id is not None:
            return mine.get(order_id)
        if client_id is None:
            return None
        return next((order for order in reversed(list(mine.values())) if order.facts.client_id == client_id), None)

    def reach(self, by: TriggerBy, price: int, *, rounded_up: int | None = None) -> None:
        """Take in a new price; one between two price units is told rounded down and rounded up."""
        falling, rising = self._queues[by]
        for order_id in falling.reached(price if rounded_up is None else rounded_up):
            heappush(self.due, order_id)
        for order_id in rising.reached(price):
            heappush(self.due, order_id)

    def take_due(self) -> PendingOrder | None:
        """Take the oldest order whose price was reached; None if there is none left."""
        while self.due:
            order = self.by_id.get(heappop(self.due))
            if order is not None:
                self._forget(order)
                return order
        return None

    def _forget(self, order: PendingOrder) -> None:
        facts = order.facts
        del self.by_id[facts.order_id]
        mine = self._by_account[facts.account]
        del mine[facts.order_id]
        if not mine:
            del self._by_account[facts.account]
