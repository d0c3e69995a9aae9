"""One book, kept by the documented recipe: listen to the changes first, then ask for a snapshot, then apply what is newer."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from haversack.cli.demo.host import DemoStopped
from haversack.wire.events import DepthUpdate
from haversack.wire.markets import Depth, Level


class Ladder:
    """The levels of one market."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.changes = 0
        """Messages that were applied since the snapshot; none was missing, or `take` would have said so."""
        self._early: list[DepthUpdate] = []
        self._last_id: int | None = None
        self._bids: dict[Decimal, Decimal] = {}
        self._asks: dict[Decimal, Decimal] = {}

    def start(self, snapshot: Depth) -> None:
        """Begin with a snapshot that was asked for after the stream was."""
        self._bids, self._asks = dict(snapshot.bids), dict(snapshot.asks)
        self._last_id = int(snapshot.last_update_id)
        early, self._early = self._early, []
        for update in early:
            self.take(update)

    def take(self, update: DepthUpdate) -> None:
        """Apply one message of the depth stream."""
        if self._last_id is None:
            self._early.append(update)
            return
        if update.last_update_id <= self._last_id:
            return
        if update.first_update_id > self._last_id + 1:
            raise DemoStopped(f"depth.{self.symbol} went from change {self._last_id} to {update.first_update_id}")
        _change(self._bids, update.bids)
        _change(self._asks, update.asks)
        self._last_id = update.last_update_id
        self.changes += 1

    def bids(self, count: int) -> list[Level]:
        """The best ones, best first."""
        return sorted(self._bids.items(), reverse=True)[:count]

    def asks(self, count: int) -> list[Level]:
        """The best ones, best first."""
        return sorted(self._asks.items())[:count]

    @property
    def touch(self) -> tuple[Level, Level] | None:
        """Best bid and best ask; None while one of them is missing."""
        bids, asks = self.bids(1), self.asks(1)
        return (bids[0], asks[0]) if bids and asks else None


def _change(side: dict[Decimal, Decimal], levels: Iterable[Level]) -> None:
    for price, quantity in levels:
        if quantity:
            side[price] = quantity
        else:
            side.pop(price, None)
