"""Positions in perpetuals: what is open, and what has been."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import UNSET, UnsetType, field

from haversack.wire.base import Answer, MaybeBySymbol, Operation, moment_of_iso
from haversack.wire.enums import OpenEnum
from haversack.wire.inputs import MarketTypeLike, MarketTypesLike, SortDirectionLike
from haversack.wire.markets import MarginFunction


class PositionState(OpenEnum):
    """Whether a position still has a quantity."""

    OPEN = "Open"
    CLOSED = "Closed"


if TYPE_CHECKING:
    PositionStateLike: TypeAlias = PositionState | Literal["Open", "Closed"]
else:
    PositionStateLike = PositionState


class Position(Answer, frozen=True, kw_only=True):
    """An open position, and what it does to the account's margin (docs: FuturePositionWithMargin).

    "Recomputed" below: the rule gives the recorded rows of 2025-06 to the last digit. They are all of long positions, so that
    the same for a short one, mirrored, is inferred.
    """

    break_even_price: Decimal
    """Where closing it would make up for the fees: `net_cost` and all fees so far, divided by `net_quantity` (recomputed).
    Funding is presumably in it too; the recorded rows had none."""
    cumulative_funding_payment: Decimal
    """All funding since it was opened. Its sign is not documented, and it is 0 in every recorded row."""
    cumulative_interest: Decimal | UnsetType = UNSET
    """Interest paid on its unrealized profit (docs); 0 in every recorded row. It is to vanish (docs: 2025-09), and UNSET then."""
    entry_price: Decimal
    """Mean price of the fills that opened and enlarged it; reducing it changes nothing (recomputed)."""
    est_liquidation_price: Decimal
    """Mark price at which the account would be liquidated if this were its only position; 0: no price is low enough.

    With MF = net equity / `net_exposure_notional` it is mark - (MF - `mmf`) * `net_exposure_notional` / `net_quantity`,
    rounded to 28 digits at each step (recomputed). It uses the maintenance fraction of this position alone."""
    imf: Decimal
    """Initial margin as a fraction of `net_exposure_notional`, by `imf_function`: the larger of its base and its factor times
    the root of that notional. The account's own leverage limit is not in it (recorded 2025-06)."""
    imf_function: MarginFunction
    mark_price: Decimal
    """Eight decimals in 2025, on the tick in 2026 (observed)."""
    mmf: Decimal
    """Maintenance margin as a fraction of `net_exposure_notional`, by `mmf_function`."""
    mmf_function: MarginFunction
    net_cost: Decimal
    """What it cost: price times quantity of every fill, with the sign of the fill, so that a closing fill takes away. Positive
    for a long position, negative for a short one (docs, recomputed). After a reduction it is not entry times quantity."""
    net_exposure_notional: Decimal
    """`net_exposure_quantity` times `mark_price` (recomputed). The sign that the two have for a short position was never seen."""
    net_exposure_quantity: Decimal
    """`net_quantity`, and with it the open orders of the side that would make more of it (docs)."""
    net_quantity: Decimal
    """In the base asset: positive is long, negative is short (docs)."""
    pnl_realized: Decimal
    """Profit of the part that was closed: (exit - entry) * quantity, before fees (recomputed)."""
    pnl_unrealized: Decimal
    """`net_quantity` * (mark - entry), cut off after six decimals, towards zero (recomputed)."""
    position_id: str
    """A decimal number; the position stream sends it as a number."""
    subaccount_id: int | None = None
    symbol: str
    user_id: int


class GetPositions(MaybeBySymbol[list[Position]], frozen=True, kw_only=True):
    """Open positions: the one of a market, or all. An account without any gets an empty list (recorded 2025-06).

    The documentation says that RESOURCE_NOT_FOUND is possible too.
    Source: GET /api/v1/position (get_positions). Signed as positionQuery.
    """

    method, path, instruction = "GET", "/api/v1/position", "positionQuery"

    market_type: MarketTypeLike | None = None


class PastPosition(Answer, frozen=True, kw_only=True):
    """A position in the history, open or closed (docs: PositionHistoryRow, which explains only the two fees). Never recorded.

    What both have is named as in `Position`; the meaning is taken from there.
    """

    account_leverage: Decimal | None = None
    closed_iso: str | None = field(name="closedAt", default=None)
    """Without a zone; it is UTC, like `opened_iso`. None while it is open."""
    closed_volume: Decimal
    closing_price: Decimal | None = None
    entry_price: Decimal
    fees: Decimal
    """All trading fees."""
    funding_quantity: Decimal
    """Its sign is not documented."""
    position_id: str = field(name="id")
    imf: Decimal
    interest: Decimal
    liquidated: Decimal
    """A number, of which the documentation says nothing; it is not yes or no."""
    liquidation_fees: Decimal
    """All liquidation fees."""
    mark_price: Decimal
    net_cost: Decimal
    net_exposure_notional: Decimal
    net_exposure_quantity: Decimal
    net_quantity: Decimal
    opened_iso: str | None = field(name="openedAt", default=None)
    pnl_realized: Decimal = field(name="cumulativePnlRealized")
    pnl_unrealized: Decimal = field(name="unrealizedPnl")
    state: PositionState
    symbol: str

    @property
    def opened_at(self) -> datetime | None:
        """When it was opened, UTC."""
        return None if self.opened_iso is None else moment_of_iso(self.opened_iso)

    @property
    def closed_at(self) -> datetime | None:
        """When it was closed, UTC."""
        return None if self.closed_iso is None else moment_of_iso(self.closed_iso)


class GetPositionHistory(Operation[list[PastPosition]], frozen=True, kw_only=True):
    """Positions that the account has and had. A plain list: the documentation lists no page headers for it.

    Source: GET /wapi/v1/history/position (get_position_history). Signed as positionHistoryQueryAll.
    """

    method, path, instruction = "GET", "/wapi/v1/history/position", "positionHistoryQueryAll"

    limit: int | None = None
    """1 to 1000; 100 if not sent."""
    market_type: MarketTypesLike | None = None
    offset: int | None = None
    """Rows to skip; 0 if not sent."""
    sort_direction: SortDirectionLike | None = None
    state: PositionStateLike | None = None
    """Both if not sent."""
    symbol: str | None = None
