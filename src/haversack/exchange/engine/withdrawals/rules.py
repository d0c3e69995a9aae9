"""What a withdrawal has to keep to, in integers."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

PENDING_MAX = 100
"""Withdrawals of one account that wait. The real bound is unknown: a guess."""


class NetworkRules(msgspec.Struct, frozen=True, kw_only=True):
    """One asset on one network. Amounts are in the asset's smallest units."""

    is_enabled: bool
    least: int
    most: int | None
    """None: there is no bound."""
    fee: int


class WithdrawalRules(msgspec.Struct, frozen=True, kw_only=True):
    """All of them."""

    networks: Mapping[tuple[str, str], NetworkRules]
    """By asset and network."""
    confirm_us: int
    """From when a withdrawal leaves until it is confirmed."""
    addresses: frozenset[str]
    """The address book: what goes there does not wait for a delay."""
