"""What a perpetual does to an account's money: fees, realized profit and funding, first unsettled, then in USDC.

All amounts are whole units of the ledger; positive is received.
"""

from __future__ import annotations

import msgspec

from haversack.wire.settlements import SettlementSource

CBPS_PER_ONE = 1_000_000
"""A fee rate counts hundredths of a basis point."""

# Source: documented (guide, "every 10 seconds") and recorded 2025-06: fees of the last seconds were still unsettled.
SETTLING_US = 10_000_000


class Settlement(msgspec.Struct, frozen=True):
    """One line of an account's settlement history."""

    source: SettlementSource
    amount: int
    position_id: int


class Settled(msgspec.Struct, frozen=True):
    """What settling moved."""

    moved: int
    """Into the available balance; out of it if negative."""
    unsettled: int
    """What could not be moved."""


def trading_fee(quote: int, rate_cbps: int, unit: int) -> int:
    """The fee of one fill, rounded up to a multiple of the unit (six decimals: recorded, 6 of 6 fills).

    There are no rebates, so that how the exchange would round one is unknown.
    """
    assert quote >= 0, f"a fee on {quote}"
    assert rate_cbps >= 0, f"a fee of {rate_cbps}"
    return -(-quote * rate_cbps // (CBPS_PER_ONE * unit)) * unit


def settle(unsettled: int, available: int) -> Settled:
    """Move what is unsettled into the balance; of a debt as much as there is to take.

    Documented: the rest of a debt would be taken from lent USDC, then borrowed, then other assets would be converted. That it
    stays unsettled where there is no lending is a guess.
    """
    assert available >= 0, f"a balance of {available}"
    moved = max(unsettled, -available)
    return Settled(moved, unsettled - moved)


def next_settling_us(now_us: int) -> int:
    """When to settle next: at whole tens of seconds (that they are whole is a guess)."""
    return (now_us // SETTLING_US + 1) * SETTLING_US
