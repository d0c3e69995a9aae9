"""What is traded, and over which networks it comes and goes."""

from __future__ import annotations

from decimal import Decimal

from msgspec import UNSET, UnsetType

from haversack.wire.base import Answer, Operation
from haversack.wire.enums import Blockchain


class Token(Answer, frozen=True, kw_only=True):
    """An asset on one network (docs: Token)."""

    blockchain: Blockchain
    contract_address: str | None = None
    deposit_enabled: bool
    display_name: str
    minimum_deposit: Decimal
    maximum_withdrawal: Decimal | None = None
    minimum_withdrawal: Decimal
    native_decimals: int | UnsetType | None = UNSET
    """Decimals of the token on its network. UNSET in answers from before 2026."""
    withdraw_enabled: bool
    withdrawal_fee: Decimal
    """In the asset itself."""


class Asset(Answer, frozen=True, kw_only=True):
    """An asset and its tokens (docs: MarketAsset)."""

    symbol: str
    display_name: str
    coingecko_id: str | None = None
    tokens: list[Token]


class GetAssets(Operation[list[Asset]], frozen=True, kw_only=True):
    """All assets that the exchange knows.

    Source: GET /api/v1/assets (get_assets). Public.
    """

    method, path = "GET", "/api/v1/assets"

    country: str | None = None
    """Two-letter country code (ISO 3166-1): only what is available there."""
