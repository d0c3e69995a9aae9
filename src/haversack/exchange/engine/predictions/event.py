"""What becomes of the questions of prediction markets."""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class ResolutionProposed(msgspec.Struct, frozen=True, gc=False):
    """This is the answer unless another is proposed before it is final."""

    symbol: str
    is_yes: bool
    proposed_us: int
    due_us: int
    """When it is final."""


class PredictionResolved(msgspec.Struct, frozen=True, gc=False):
    """The answer is final, and so is the market: its orders are cancelled, its positions settled, its book is closed."""

    symbol: str
    price: int
    """At which all positions were settled, in the market's price units."""
    resolved_us: int


PredictionEvent: TypeAlias = ResolutionProposed | PredictionResolved
