"""The limit of a perpetual's open interest.

Recorded 2025-06: an order far above the limit is refused with INVALID_ORDER before margin is looked at. Inferred: only what an
order would open counts, so that a position can always be reduced, and an order that reaches the limit exactly is accepted.
"""

from __future__ import annotations

from haversack.wire.enums import Side


def opens_too_much(open_interest: int, limit: int | None, *, position: int, side: Side, quantity: int) -> bool:
    """Whether the part of an order that opens or enlarges the position would lift the open interest above the limit."""
    assert quantity >= 0, f"an order of {quantity}"
    against = max(0, -position if side is Side.BID else position)
    opening = max(0, quantity - against)
    return limit is not None and opening > 0 and open_interest + opening > limit
