"""What can be asked about withdrawals. A two-factor code is checked before, and stands in no command."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from haversack.exchange.engine.backing import Backing


class Withdraw(msgspec.Struct, frozen=True, kw_only=True, tag="withdraw", array_like=True):
    """Let money leave an account."""

    account: int
    asset: str
    blockchain: str
    address: str
    amount: int
    """In the asset's smallest units, the fee in it."""
    client_id: str | None = None
    backing: Backing | None = None
    """What it may call on beside the balance."""


class CreateDelay(msgspec.Struct, frozen=True, tag="withdrawDelay", array_like=True):
    """Let an account's withdrawals to unlisted addresses wait from now on."""

    account: int
    hours: int


class ChangeDelay(msgspec.Struct, frozen=True, tag="withdrawDelayChange", array_like=True):
    """Let them wait for another time, once the present delay has passed; 0: not at all."""

    account: int
    hours: int


WithdrawalCommand: TypeAlias = Withdraw | CreateDelay | ChangeDelay
