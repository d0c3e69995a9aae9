"""What the account has: balances, collateral, dust; and where money comes in."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar

from msgspec import field

from haversack.wire.base import Answer, Operation, Page, moment_of_iso
from haversack.wire.inputs import BlockchainLike, SortDirectionLike

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


class Collateral(Answer, frozen=True, kw_only=True):
    """One asset of the account, and what it counts for (docs: Collateral)."""

    asset_mark_price: Decimal
    """USDC for one unit of the asset."""
    available_quantity: Decimal
    """Free to use, in the asset itself, as are all quantities here."""
    balance_notional: Decimal
    """`total_quantity` at the mark price, in USDC."""
    collateral_value: Decimal
    """What of it counts: `balance_notional` times `collateral_weight`, in USDC."""
    collateral_weight: Decimal
    """Part of the value that counts: 1 is all of it, 0.95 leaves a haircut of 5 percent."""
    lend_quantity: Decimal
    """Lent out. It counts as collateral, and not as available."""
    open_order_quantity: Decimal
    """Held by resting orders. It still counts as collateral."""
    symbol: str
    """The asset."""
    total_quantity: Decimal
    """Available, held and lent together, before the haircut."""


class MarginAccount(Answer, frozen=True, kw_only=True):
    """What the account is worth and how much of that its risk takes; values in USDC (docs: MarginAccountSummary)."""

    assets_value: Decimal
    """Collateral value of all assets: after haircuts (observed 2025-06)."""
    borrow_liability: Decimal
    """Value of what is borrowed."""
    collateral: list[Collateral]
    """Asset by asset."""
    imf: Decimal
    """Initial margin fraction, needed to open more: 0.05 is 5 percent of the exposure; 1 / leverage limit while there is none."""
    liabilities_value: Decimal
    """Value of all that is owed; a negative `unsettled_equity` shows here too (observed 2025-06)."""
    margin_fraction: Decimal | None = None
    """`net_equity` as part of the exposure. Liquidation begins where it falls to `mmf`. None without exposure."""
    mmf: Decimal
    """Maintenance margin fraction."""
    net_equity: Decimal
    """Assets, less what is borrowed, with unrealized profit and unsettled equity."""
    net_equity_available: Decimal
    """What new orders may lean on: `net_equity` less `net_equity_locked`."""
    net_equity_locked: Decimal
    """Held as initial margin by futures positions and orders."""
    net_exposure_futures: Decimal
    """Value of futures positions, with those that open orders could make."""
    pnl_unrealized: Decimal
    unsettled_equity: Decimal
    """Realized profit, fees and funding that were not yet settled in USDC; negative if the account owes."""


class GetCollateral(Operation[MarginAccount], frozen=True):
    """What the account is worth as collateral, asset by asset, and its margin.

    Source: GET /api/v1/capital/collateral (get_collateral). Signed as collateralQuery.
    """

    method, path, instruction = "GET", "/api/v1/capital/collateral", "collateralQuery"


class ConvertDust(Operation[None], frozen=True, kw_only=True):
    """Turn what is too little to sell into USDC: a balance, with what is lent, below the smallest order of its spot market.

    Source: POST /api/v1/account/convertDust (convert_dust). Signed as convertDust.
    """

    method, path, instruction, payload = "POST", "/api/v1/account/convertDust", "convertDust", "AccountConvertDustPayload"

    symbol: str | None = None
    """The asset; all that is dust if not sent."""


class DustConversion(Answer, frozen=True, kw_only=True):
    """Dust that became USDC (docs: DustConversion)."""

    conversion_id: int = field(name="id")
    quantity: Decimal
    """In the asset that was dust."""
    symbol: str
    """That asset."""
    timestamp_iso: str = field(name="timestamp")
    """Without a zone; it is UTC."""
    usdc_received: Decimal

    @property
    def time(self) -> datetime:
        """When it happened, UTC."""
        return moment_of_iso(self.timestamp_iso)


class GetDustHistory(Operation[Page[DustConversion]], frozen=True, kw_only=True):
    """Dust that became USDC.

    Source: GET /wapi/v1/history/dust (get_dust_history). Signed as dustHistoryQueryAll. `total` of the page is X-Total.
    """

    method, path, instruction = "GET", "/wapi/v1/history/dust", "dustHistoryQueryAll"

    conversion_id: int | None = field(name="id", default=None)
    limit: int | None = None
    """1 to 1000; 100 if not sent."""
    offset: int | None = None
    """Rows to skip; 0 if not sent."""
    sort_direction: SortDirectionLike | None = None
    symbol: str | None = None
    """The asset."""
