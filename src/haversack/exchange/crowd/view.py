"""What the crowd can see: no more than any trader sees of a market and of its own orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from haversack.exchange.engine.order import OpenOrder
from haversack.exchange.engine.rfq.open import OpenRfq
from haversack.wire.enums import OrderBookState

Touch = tuple[int, int] | None
"""Price and quantity of the best level of a side; None if the side is empty."""


class MarketView(Protocol):
    """The markets as they stand when the crowd is asked to act; the engine is one."""

    def top(self, symbol: str) -> tuple[Touch, Touch]:
        """Best bid and best ask."""
        ...

    def book_state(self, symbol: str) -> OrderBookState:
        """Which orders the market takes now."""
        ...

    def last_price(self, symbol: str) -> int | None:
        """Price of the last trade; None if there was none."""
        ...

    def open_rfqs(self) -> Sequence[OpenRfq]:
        """Requests for quotes that are open, the oldest first."""
        ...

    def open_orders(self, account: int, symbol: str, /) -> Sequence[OpenOrder]:
        """Resting orders of one account in one market, oldest first."""
        ...
