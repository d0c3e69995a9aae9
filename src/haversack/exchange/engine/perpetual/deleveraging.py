"""Who has to give up a position when nobody else takes the other side of a liquidated one.

Documented: the most profitable and most levered first, an account of lower exposure last. Guesses: profit is part of the
position's cost, and is multiplied with the account's exposure per equity; equal ones go by account number; the price is the mark.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

import msgspec

from haversack.exchange.engine.perpetual.decimal96 import over, times
from haversack.wire.enums import Side

LEVERED_MAX = Decimal(1_000_000)
"""How levered an account counts at most; one without equity counts so much."""


class Opponent(msgspec.Struct, frozen=True, kw_only=True):
    """A position that might be taken."""

    account: int
    quantity: int
    """Negative is short."""
    cost: Decimal
    """Entry price times quantity, always positive."""
    pnl_unrealized: Decimal
    exposure: Decimal
    """Of the whole account."""
    net_equity: Decimal


class Deleverage(msgspec.Struct, frozen=True):
    """Close a part of two opposite positions against each other at the mark price, beside the book."""

    symbol: str
    side: Side
    """Of the account that is liquidated."""
    quantity: int
    opponent: int


def rank(opponent: Opponent) -> Decimal:
    """The higher, the sooner: profit per cost, times exposure per equity; of a loss, divided by it, so that losses come last."""
    levered = LEVERED_MAX
    if opponent.net_equity > 0:
        levered = min(LEVERED_MAX, over(opponent.exposure, opponent.net_equity))
    profit = over(opponent.pnl_unrealized, opponent.cost)
    return times(profit, levered) if profit > 0 else over(profit, levered)


def deleveraged(symbol: str, side: Side, quantity: int, opponents: Sequence[Opponent]) -> Iterator[Deleverage]:
    """From whom how much is taken until the quantity is reached or nobody is left."""
    left = quantity
    # A long position that is liquidated sells, and is met by those who are short.
    opposite = [each for each in opponents if (each.quantity < 0) == (side is Side.ASK)]
    by_account = sorted(opposite, key=lambda each: each.account)
    for opponent in sorted(by_account, key=rank, reverse=True):
        taken = min(left, abs(opponent.quantity))
        if taken > 0:
            yield Deleverage(symbol, side, taken, opponent.account)
            left -= taken
