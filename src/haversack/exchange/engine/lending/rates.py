"""What a pool's utilization makes of its rates, in the exchange's decimals.

The borrow rate below the optimal utilization and the lend rate are recorded (2025-06): six pools, to the last digit wherever the
rate at the optimum is known and the recorded utilization is of the same moment. The slope above the optimum is a guess.
"""

from __future__ import annotations

from decimal import Decimal

from haversack.exchange.engine.lending.rules import PoolRules
from haversack.exchange.engine.perpetual.decimal96 import minus, over, plus, times

RATE_SCALE = 28
"""Decimals of a rate."""
HOURS_A_YEAR = 8_760
"""Documented (support): 365 days of 24 hours."""
FULL = Decimal(5)
"""At a utilization of one, borrowing costs so many times what it costs at the optimal one (guess)."""

_ZERO, _ONE = Decimal(0), Decimal(1)


def utilization(lent: int, borrowed: int) -> Decimal:
    """Borrowed as part of lent (recorded). Where nothing is lent it is 0 if nothing is borrowed, else 1 (guess)."""
    if not lent:
        return _ONE if borrowed else _ZERO
    return over(Decimal(borrowed), Decimal(lent))


def borrow_rate(rules: PoolRules, used: Decimal) -> Decimal:
    """What borrowers pay a year."""
    optimal = rules.optimal_utilization
    if used <= optimal:
        return times(over(used, optimal), rules.optimal_rate)
    # Only bad debts can bring it above one.
    steepness = times(minus(FULL, _ONE), rules.optimal_rate)
    beyond = over(minus(min(used, _ONE), optimal), minus(_ONE, optimal))
    return plus(rules.optimal_rate, times(beyond, steepness))


def lend_rate(rules: PoolRules, used: Decimal) -> Decimal:
    """What lenders get a year."""
    return times(times(borrow_rate(rules, used), used), minus(_ONE, rules.fee))


def throttle_bound(rules: PoolRules, used_at_step: Decimal) -> Decimal:
    """How high borrows and redemptions may push utilization before the next step.

    Recorded for five pools below their thresholds (2025-06). That a step which begins above the threshold counts from there, and
    so gives a part of what is left each time, is a reading of the documented fraction (guess).
    """
    base = max(rules.throttle_threshold, used_at_step)
    room = minus(rules.max_utilization, base)
    return plus(base, times(rules.throttle_fraction, room)) if room > 0 else base


def of_hours(amount: int, rate_e28: int, microseconds: int) -> tuple[int, int]:
    """The interest on an amount for a time, as numerator and denominator."""
    return amount * rate_e28 * microseconds, HOURS_A_YEAR * 3_600_000_000 * 10**RATE_SCALE


def rate_e28(rate: Decimal) -> int:
    """A rate in units of 1e-28, which it is a whole number of."""
    return int(rate.scaleb(RATE_SCALE))
