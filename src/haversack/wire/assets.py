"""What is traded, and over which networks it comes and goes."""

from __future__ import annotations

from decimal import Decimal

from msgspec import UNSET, UnsetType

from haversack.wire.base import Answer, Operation
from haversack.wire.enums import Blockchain, OpenEnum
from haversack.wire.markets import MarginFunction


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


class HaircutKind(OpenEnum):
    """How the worth of collateral falls as more of it is held."""

    IDENTITY = "identity"
    INVERSE_SQRT = "inverseSqrt"


class HaircutCurve(Answer, frozen=True, kw_only=True):
    """The curve of a haircut; its figures are there for inverseSqrt alone (docs: CollateralFunctionKind)."""

    base: Decimal | UnsetType | None = UNSET
    positive_curve_penalty: Decimal | UnsetType | None = UNSET
    type: HaircutKind


class HaircutFunction(Answer, frozen=True, kw_only=True):
    """What part of an asset's value counts as collateral (docs: CollateralFunction)."""

    kind: HaircutCurve
    weight: Decimal


class CollateralParameters(Answer, frozen=True, kw_only=True):
    """How an asset counts as collateral, and how much margin borrowing it needs (docs: CollateralSummary)."""

    haircut_function: HaircutFunction
    imf_function: MarginFunction
    """Initial margin fraction."""
    mmf_function: MarginFunction
    """Maintenance margin fraction."""
    symbol: str
    """The asset."""


class GetCollateralParameters(Operation[list[CollateralParameters]], frozen=True):
    """How each asset counts as collateral. What the account itself holds is in `GetCollateral`.

    Source: GET /api/v1/collateral (get_collateral_parameters). Public.
    """

    method, path = "GET", "/api/v1/collateral"
