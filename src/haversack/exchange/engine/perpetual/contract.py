"""What the arithmetic must know of one perpetual, and how its integers become decimals."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from haversack.units import compact
from haversack.wire.markets import MarginFunction

AMOUNT_DECIMALS = 6
"""Of fees, and of unrealized profit (recorded 2025-06)."""


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """One perpetual: a quantity counts `10**-quantity_scale` of the base, an amount `10**-quote_scale` of the quote asset."""

    symbol: str
    quantity_scale: int
    quote_scale: int
    step: int
    """Quantity increment, in quantity units."""
    imf_function: MarginFunction
    mmf_function: MarginFunction
    is_prediction: bool = False
    """Whether it ends at 0 or at 1, so that no position can lose more than is known before."""

    def __post_init__(self) -> None:
        assert self.quote_scale >= AMOUNT_DECIMALS, f"{self.symbol} has amounts of {self.quote_scale} decimals"
        assert self.step > 0, f"{self.symbol} has steps of {self.step}"

    def quantity(self, units: int) -> Decimal:
        """A quantity as it is shown, without trailing zeros."""
        return compact(units, self.quantity_scale)

    def amount(self, units: int) -> Decimal:
        """An amount of the quote asset as it is shown, without trailing zeros."""
        return compact(units, self.quote_scale)

    @property
    def amount_unit(self) -> int:
        """What an amount with six decimals is a multiple of, in the ledger's units."""
        return int(10 ** (self.quote_scale - AMOUNT_DECIMALS))
