"""What the crowd can see: no more than any trader sees of a market and of its own orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.order import OpenOrder

Touch = tuple[int, int] | None
"""Price and quantity of the best level of a side; None if the side is empty."""


class MarketView(Protocol):
    """The markets as they stand when the crowd is asked to act."""

    def top(self, symbol: str) -> tuple[Touch, Touch]:
        """Best bid and best ask."""
        ...

    def last_price(self, symbol: str) -> int | None:
        """Price of the last trade; None if there was none."""
        ...

    def open_orders(self, account: int, symbol: str) -> Sequence[OpenOrder]:
        """Resting orders of one account in one market, oldest first."""
        ...


class EngineView:
    """An engine, seen by the crowd."""

    __slots__ = ("_engine",)

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def top(self, symbol: str) -> tuple[Touch, Touch]:
        """Best bid and best ask."""
        bids, asks, _ = self._engine.depth(symbol)
        return bids[-1] if bids else None, asks[0] if asks else None

    def last_price(self, symbol: str) -> int | None:
        """Price of the last trade; None if there was none."""
        return self._engine.last_price(symbol)

    def open_orders(self, account: int, symbol: str) -> Sequence[OpenOrder]:
        """Resting orders of one account in one market, oldest first."""
        return self._engine.open_orders(account, symbol)
