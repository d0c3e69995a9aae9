"""How money leaves: what a listing says of it beside the fees and bounds of each asset's networks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeGuard

import msgspec
from msgspec import UnsetType

from haversack.errors import UsageError
from haversack.exchange.engine.withdrawals.rules import NetworkRules, WithdrawalRules
from haversack.exchange.filters import units
from haversack.wire.assets import Asset, Token


class ListedWithdrawals(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is the same for all withdrawals."""

    confirm_ms: int = 60_000
    """From when one leaves until it is confirmed."""
    two_factor_token: str
    """The code that is right, for every account and at any time."""
    addresses: list[str] = []
    """The address book of every account: they need no code, and no delay holds what goes there."""


def withdrawal_rules(listed: ListedWithdrawals, assets: Iterable[Asset], asset_scales: Mapping[str, int]) -> WithdrawalRules:
    """What the engine knows of them."""
    return WithdrawalRules(
        networks={
            (asset.symbol, token.blockchain.value): _network(token, asset_scales[asset.symbol])
            for asset in assets
            for token in asset.tokens
        },
        confirm_us=listed.confirm_ms * 1_000,
        addresses=frozenset(listed.addresses),
    )


def _network(token: Token, scale: int) -> NetworkRules:
    most = token.maximum_withdrawal
    return NetworkRules(
        is_enabled=token.withdraw_enabled,
        least=units(token.minimum_withdrawal, scale),
        most=None if most is None else units(most, scale),
        fee=units(token.withdrawal_fee, scale),
    )


def check_withdrawals(listed: ListedWithdrawals | None, assets: Iterable[Asset]) -> None:
    """Refuse what makes no sense."""
    for problem in () if listed is None else _problems(listed, assets):
        raise UsageError(f"withdrawals: {problem}")


def _problems(listed: ListedWithdrawals, assets: Iterable[Asset]) -> Iterator[str]:
    if listed.confirm_ms < 0:
        yield f"confirmMs is {listed.confirm_ms}, wanted 0 or more"
    if not listed.two_factor_token:
        yield "twoFactorToken is empty, wanted the code that is right"
    if "" in listed.addresses:
        yield "addresses holds an empty one"
    for asset in assets:
        for token in asset.tokens:
            if token.withdrawal_fee < 0 or token.minimum_withdrawal < 0:
                yield f"{asset.symbol} on {token.blockchain}: withdrawalFee and minimumWithdrawal must be 0 or more"


def decimals_that_leave(token: Token, scale: int) -> int:
    """Decimals that a quantity may have: the network's own, and no more than the ledger knows."""
    native = token.native_decimals
    return min(native, scale) if _is_given(native) else scale


def _is_given(native: int | UnsetType | None) -> TypeGuard[int]:
    return isinstance(native, int)
