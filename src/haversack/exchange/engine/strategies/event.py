"""What becomes of strategies. What their orders do is told like what all orders do."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from haversack.exchange.engine.strategies.command import StartStrategy
from haversack.wire.strategies import StrategyCancelReason, StrategyStatus


class StrategyFacts(msgspec.Struct, frozen=True, gc=False):
    """What never changes about a strategy."""

    strategy_id: int
    created_us: int
    asked: StartStrategy

    @property
    def end_us(self) -> int:
        """When it is over, whatever it has sent by then."""
        return self.created_us + self.asked.duration_ms * 1_000


class StrategyStarted(msgspec.Struct, frozen=True, gc=False):
    """The strategy has an id; its first order follows with the next passing of time."""

    strategy: StrategyFacts


class StrategyEnded(msgspec.Struct, frozen=True, gc=False):
    """The strategy sends nothing more, and none of its orders rests."""

    strategy: StrategyFacts
    executed: int
    executed_quote: int
    """Sum of price times quantity, in the quote asset's smallest units."""
    status: StrategyStatus
    reason: StrategyCancelReason | None
    """Why the exchange ended it; None if it did not."""


StrategyEvent: TypeAlias = StrategyStarted | StrategyEnded
