"""What an operation may call on beside the balance of its account: what the account lends, and what a pool lends to it.

Money comes in this order (guess): what is available, what is lent, what can be borrowed. Only what is missing is called on.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from haversack.wire.borrow_lend_history import BorrowLendSource


class Backing(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What was allowed with one operation. An account that lends all that is available allows the first with everything."""

    redeems: bool = False
    """What is lent may be called back for it."""
    borrows: bool = False
    """What is missing may be borrowed for it."""
    repays: bool = False
    """What it brings repays what is owed of the same asset."""
    is_near: bool = False
    """An order's price is so near to the active one that what is borrowed for it costs no entry fee."""


class Need(NamedTuple):
    """What an operation takes from an account."""

    asset: str
    amount: int
    """In the asset's smallest units, as all amounts here."""
    backing: Backing | None
    now_us: int


class Called(NamedTuple):
    """What is called on for a need, in whole steps of the pool."""

    redeemed: int
    borrowed: int
    is_free: bool = False
    """Whether it costs no entry fee."""


class Loaned(NamedTuple):
    """What was borrowed for something of which a part is not needed after all."""

    asset: str
    borrowed: int
    released: int


class Cause(NamedTuple):
    """Why something is called on or repaid, as histories tell it."""

    source: BorrowLendSource
    order_id: int | None = None


def backing_of(*, redeems: bool | None, borrows: bool | None, repays: bool | None = None) -> Backing | None:
    """What was allowed, with None for what was not said; None if that is nothing."""
    return Backing(bool(redeems), bool(borrows), bool(repays)) if redeems or borrows or repays else None
