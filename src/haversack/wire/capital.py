"""What the account has, and where money comes in."""

from __future__ import annotations

from decimal import Decimal
from typing import Generic, TypeVar

from haversack.wire.base import Answer, Operation
from haversack.wire.inputs import BlockchainLike

T = TypeVar("T")


class Balance(Answer, frozen=True, kw_only=True):
    """How much of one asset (docs: Balance). Lent amounts are not here: they show in the collateral alone."""

    available: Decimal
    locked: Decimal
    """Held by resting orders."""
    staked: Decimal


class GetBalances(Operation[dict[str, Balance]], frozen=True):
    """Balances by asset; an asset that was ever held stays, with zeros (observed 2025-06).

    Source: GET /api/v1/capital (get_balances). Signed as balanceQuery.
    """

    method, path, instruction = "GET", "/api/v1/capital", "balanceQuery"


class DepositAddress(Answer, frozen=True, kw_only=True):
    """Where to send deposits (docs: DepositAddress)."""

    address: str


class _ByBlockchain(Operation[T], Generic[T], frozen=True):
    """A read for one network: its name may be given without the parameter's."""

    blockchain: BlockchainLike


class GetDepositAddress(_ByBlockchain[DepositAddress], frozen=True):
    """The account's own deposit address on a network.

    Source: GET /wapi/v1/capital/deposit/address (get_deposit_address). Signed as depositAddressQuery.
    """

    method, path, instruction = "GET", "/wapi/v1/capital/deposit/address", "depositAddressQuery"
