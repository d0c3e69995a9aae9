"""The funding of a perpetual: its rate, what it looks like before the hour is over, and what each position pays.

The structure of the rate is documented; that an hour's is an eighth part of it is inferred. Of 80 recorded rates (2026-09) 49 are
the interest alone, and come out to the last digit. The other 31 fit, but cannot be checked to the digit: the mean premium is not
published. The width of the pull is documented only; 3 to 6 bps would fit the recordings as well.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Context, Decimal

import msgspec

from haversack.exchange.engine.perpetual.contract import Contract
from haversack.exchange.engine.perpetual.decimal96 import fit, minus, over, plus
from haversack.exchange.engine.perpetual.position import Position

INTEREST = Decimal("0.0001")
"""Per eight hours (documented and recorded)."""
INTEREST_OF_STOCKS = Decimal("0.00005")
"""The same of markets whose `rwa_market_type` is a stock or an index; one market recorded."""
PULL_MAX = Decimal("0.0005")
"""How far the interest may pull the premium (documented)."""
INTEREST_HOURS = 8
BPS = Decimal("0.0001")

_ZERO = Decimal(0)
_EXACT = Context(prec=160)


class Bounds(msgspec.Struct, frozen=True):
    """The lowest and the highest rate of an interval, as fractions."""

    lowest: Decimal
    highest: Decimal

    @classmethod
    def of_bps(cls, lowest: Decimal, highest: Decimal) -> Bounds:
        """From a market's row, which counts basis points (recorded: -100 and 100)."""
        return cls(_EXACT.multiply(lowest, BPS), _EXACT.multiply(highest, BPS))


class Premiums(msgspec.Struct, frozen=True):
    """The premiums of an interval so far, one for each update of the mark price (that they weigh the same is a guess)."""

    total: Decimal = _ZERO
    count: int = 0

    def with_sample(self, mark: Decimal, index: Decimal) -> Premiums:
        """One more."""
        return Premiums(plus(self.total, over(minus(mark, index), index)), self.count + 1)

    @property
    def mean(self) -> Decimal:
        """Mark over index, as a fraction of the index; 0 while there is no sample (guess)."""
        return over(self.total, Decimal(self.count)) if self.count else _ZERO


def funding_rate(premium: Decimal, bounds: Bounds, *, interest: Decimal = INTEREST, hours: int = 1) -> Decimal:
    """The rate of an interval with this mean premium; of a running one, the predicted rate.

    A premium near the interest gives the interest's part exactly. Before 2025-08-20 an interval had eight hours (recorded).
    """
    assert 0 < hours <= INTEREST_HOURS, f"an interval of {hours} hours"
    pull = max(-PULL_MAX, min(PULL_MAX, minus(interest, premium)))
    rate = over(plus(premium, pull), over(Decimal(INTEREST_HOURS), Decimal(hours)))
    return fit(max(bounds.lowest, min(bounds.highest, rate)))


def payment(position: Position, rate: Decimal, mark: Decimal, contract: Contract) -> int:
    """What a position receives, in the ledger's units; negative if it pays, as a long one does at a positive rate.

    Rate, quantity and mark price are documented. Six decimals, and that payers pay more and receivers get less of what is
    rounded, are guesses: so the exchange never pays out more than it took.
    """
    exact = _EXACT.multiply(_EXACT.multiply(rate, mark), contract.quantity(-position.quantity))
    units = _EXACT.divide(exact.scaleb(contract.quote_scale, _EXACT), Decimal(contract.amount_unit))
    return int(units.to_integral_value(ROUND_FLOOR)) * contract.amount_unit
