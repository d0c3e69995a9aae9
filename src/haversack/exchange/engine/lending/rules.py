"""What the engine must know of a pool."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from haversack.wire.borrow_lend import BorrowLendState


class PoolRules(msgspec.Struct, frozen=True, kw_only=True):
    """The pool of one asset. Amounts count the asset's smallest units; rates and utilizations are fractions."""

    asset: str
    scale: int
    step: int
    """All amounts in the pool are multiples of it."""
    house_lent: int
    """What the exchange's other users lend. It stays as it is, whatever interest they get (guess)."""
    house_borrowed: int
    limit: int
    """Neither lent nor borrowed may be brought above it; what is there already may be more (documented)."""
    fee: Decimal
    """Part of the interest that the exchange keeps."""
    optimal_utilization: Decimal
    optimal_rate: Decimal
    """What borrowing costs a year at the optimal utilization."""
    max_utilization: Decimal
    throttle_threshold: Decimal
    throttle_fraction: Decimal
    state: BorrowLendState = BorrowLendState.OPEN
