"""What an account may ask of a pool."""

from __future__ import annotations

import msgspec

from haversack.wire.borrow_lend import BorrowLendSide


class BorrowOrLend(msgspec.Struct, frozen=True, tag="borrowLend", array_like=True):
    """Borrow from a pool or lend to it. Who borrows what it lends calls it back, and who lends what it owes repays it."""

    account: int
    asset: str
    side: BorrowLendSide
    amount: int
    """In the asset's smallest units: more than 0, whole steps of the pool."""
