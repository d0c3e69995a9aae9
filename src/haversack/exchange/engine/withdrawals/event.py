"""What became of withdrawals."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from haversack.exchange.engine.withdrawals.withdrawal import Delay, Withdrawal


class WithdrawalChanged(msgspec.Struct, frozen=True, gc=False):
    """A withdrawal was taken on, or is confirmed."""

    withdrawal: Withdrawal
    is_confirmed: bool


class DelayChanged(msgspec.Struct, frozen=True, gc=False):
    """How long an account's withdrawals wait has changed, or will."""

    account: int
    delay: Delay | None
    """None: they do not wait any more."""


WithdrawalEvent: TypeAlias = WithdrawalChanged | DelayChanged
