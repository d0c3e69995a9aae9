"""Where the candles of each interval begin, in UTC. All but the month's are whole multiples of a length.

A week begins on Monday; three days are counted from 1970-01-01 (both guesses: no recording shows one).
"""

from __future__ import annotations

from haversack.units import from_time_us, to_time_us
from haversack.wire.enums import KlineInterval

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
WEEK_US = 7 * DAY_US

LENGTHS_US = {
    KlineInterval.SECOND_1: SECOND_US,
    KlineInterval.MINUTE_1: MINUTE_US,
    KlineInterval.MINUTE_3: 3 * MINUTE_US,
    KlineInterval.MINUTE_5: 5 * MINUTE_US,
    KlineInterval.MINUTE_15: 15 * MINUTE_US,
    KlineInterval.MINUTE_30: 30 * MINUTE_US,
    KlineInterval.HOUR_1: HOUR_US,
    KlineInterval.HOUR_2: 2 * HOUR_US,
    KlineInterval.HOUR_4: 4 * HOUR_US,
    KlineInterval.HOUR_6: 6 * HOUR_US,
    KlineInterval.HOUR_8: 8 * HOUR_US,
    KlineInterval.HOUR_12: 12 * HOUR_US,
    KlineInterval.DAY_1: DAY_US,
    KlineInterval.DAY_3: 3 * DAY_US,
    KlineInterval.WEEK_1: WEEK_US,
}
"""All intervals but the month."""

# 1970-01-05, the first Monday.
_WEEK_PHASE_US = 4 * DAY_US


def floor_us(interval: KlineInterval, time_us: int) -> int:
    """First moment of the candle that holds the time."""
    if interval is KlineInterval.MONTH_1:
        return _month_us(time_us)
    phase_us = _WEEK_PHASE_US if interval is KlineInterval.WEEK_1 else 0
    return time_us - (time_us - phase_us) % LENGTHS_US[interval]


def after_us(interval: KlineInterval, start_us: int) -> int:
    """First moment of the next candle."""
    if interval is KlineInterval.MONTH_1:
        # 32 days after its beginning every month is over, and the next one is not.
        return _month_us(_month_us(start_us) + 32 * DAY_US)
    return start_us + LENGTHS_US[interval]


def ceiling_us(interval: KlineInterval, time_us: int) -> int:
    """First beginning of a candle that is not before the time."""
    start_us = floor_us(interval, time_us)
    return start_us if start_us == time_us else after_us(interval, start_us)


def _month_us(time_us: int) -> int:
    return to_time_us(from_time_us(time_us).replace(day=1, hour=0, minute=0, second=0, microsecond=0))
