"""One withdrawal, and how long an account's withdrawals wait."""

from __future__ import annotations

import msgspec


class Withdrawal(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """What never changes about a withdrawal, once it was asked for."""

    number: int
    """Counted for the whole exchange, from 1: ids of withdrawals have 32 bits (documented)."""
    account: int
    asset: str
    blockchain: str
    address: str
    amount: int
    """That left the account."""
    fee: int
    """The part of it that does not arrive."""
    client_id: str | None
    created_us: int
    trigger_us: int | None
    """When its delay is over; None: it had none."""
    due_us: int
    """When it is confirmed."""


class Delay(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How long an account's withdrawals to unlisted addresses wait."""

    hours: int
    pending_hours: int | None = None
    """What it will be; None: no change waits."""
    pending_us: int = 0
    """When that will be."""
