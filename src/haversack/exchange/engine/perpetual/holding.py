"""What one account has in one perpetual: its position, and how much its open orders could add to it."""

from __future__ import annotations

from haversack.exchange.engine.perpetual.position import Position


class Holding:
    """One account in one perpetual. It is kept once it exists; an empty one means nothing."""

    __slots__ = ("ask_cost", "asks", "bid_cost", "bids", "position")

    def __init__(self, position: Position | None = None) -> None:
        self.position = position
        self.bids = 0
        """Quantity that resting bids have left, those that only reduce left out."""
        self.asks = 0
        self.bid_cost = 0
        """In a prediction market: what those bids could lose, their fees with it, in the quote asset's smallest units."""
        self.ask_cost = 0

    @property
    def quantity(self) -> int:
        """Of the position: positive is long, negative is short, 0 is none."""
        return self.position.quantity if self.position else 0

    @property
    def is_empty(self) -> bool:
        """Whether there is neither a position nor an order."""
        return self.position is None and not self.bids and not self.asks

    @property
    def exposed(self) -> int:
        """The position together with all orders of the side that makes more of it: the worse of both sides (documented)."""
        # Orders are never negative, so that the largest of both absolute values is always one of these.
        position = self.position
        quantity = position.quantity if position else 0
        return max(quantity + self.bids, self.asks - quantity)
