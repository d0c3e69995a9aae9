"""What the streams brought so far. Nothing comes in but while somebody waits in `wait`, which is always bounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TypeAlias

from haversack.clock import Clock
from haversack.streams.blocking import BlockingSubscription
from haversack.streams.book_blocking import BlockingBook
from haversack.wire.enums import OrderEvent
from haversack.wire.events import BalanceUpdate, OrderUpdate, TradeEvent
from haversack.wire.frames import Message

POLL_S = 0.05

See: TypeAlias = Callable[[Message], None]


class Feed:
    """Books, and the account's news, from one stream connection."""

    def __init__(self, clock: Clock) -> None:
        self.books: dict[str, BlockingBook] = {}
        self.counts: Counter[str] = Counter()
        """Messages by stream."""
        self.trades: list[TradeEvent] = []
        self.updates: list[OrderUpdate] = []
        self.balances: dict[str, BalanceUpdate] = {}
        """The last word on each asset."""
        self._clock = clock
        self._subscriptions: list[BlockingSubscription] = []

    def add(self, subscription: BlockingSubscription) -> None:
        """Read this one too, and before the others: what concerns the account comes last to be asked for and first to be told."""
        self._subscriptions.append(subscription)

    def wait(self, for_s: float, *, until: Callable[[], bool] | None = None, see: See | None = None) -> bool:
        """Take in what comes, for some seconds or until something is so; whether it is. `see` is shown every message."""
        end_us = self._clock.monotonic_us() + int(for_s * 1_000_000)
        self._drain(see)
        while not (until and until()):
            if self._clock.monotonic_us() >= end_us:
                return False
            self._read_one(see)
            self._drain(see)
        return True

    def updates_of(self, order_id: str) -> list[OrderUpdate]:
        """What the account's stream said of one order."""
        return [update for update in self.updates if update.order_id == order_id]

    def fills(self) -> list[OrderUpdate]:
        """All fills of the account."""
        return [update for update in self.updates if update.event == OrderEvent.FILL]

    def _read_one(self, see: See | None) -> None:
        try:
            self._take(self._subscriptions[-1].next(POLL_S), see)
        except TimeoutError:
            return

    def _drain(self, see: See | None) -> None:
        for subscription in reversed(self._subscriptions):
            # Bounded, so that a flood cannot keep anybody from looking at the time.
            for _ in range(subscription.waiting):
                self._take(subscription.next(POLL_S), see)

    def _take(self, message: Message, see: See | None) -> None:
        self.counts[message.stream] += 1
        event = message.event
        if isinstance(event, TradeEvent):
            self.trades.append(event)
        elif isinstance(event, OrderUpdate):
            self.updates.append(event)
        elif isinstance(event, BalanceUpdate):
            self.balances[event.asset] = event
        if see is not None:
            see(message)
