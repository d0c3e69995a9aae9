"""Borrow and lend: the account's positions, and the pools that they are in."""

from __future__ import annotations

from base64 import b64encode
from contextlib import suppress
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType, field

from haversack.errors import UsageError
from haversack.wire.base import Answer, Operation, moment_of_rfc3339
from haversack.wire.enums import OpenEnum
from haversack.wire.inputs import Number
from haversack.wire.markets import MarginFunction


class BorrowLendSide(OpenEnum):
    """Borrow takes from the pool of an asset, Lend gives to it."""

    BORROW = "Borrow"
    LEND = "Lend"


class BorrowLendState(OpenEnum):
    """What a pool lets its users do."""

    OPEN = "Open"
    CLOSED = "Closed"
    REPAY_ONLY = "RepayOnly"


class BorrowLendInterval(OpenEnum):
    """A day, a week, a month or a year: how far back or how far apart the rows of a pool's history are, it is not said which."""

    DAY_1 = "1d"
    WEEK_1 = "1w"
    MONTH_1 = "1month"
    YEAR_1 = "1year"


if TYPE_CHECKING:
    BorrowLendSideLike: TypeAlias = BorrowLendSide | Literal["Borrow", "Lend"]
    BorrowLendIntervalLike: TypeAlias = BorrowLendInterval | Literal["1d", "1w", "1month", "1year"]
else:
    BorrowLendSideLike = BorrowLendSide
    BorrowLendIntervalLike = BorrowLendInterval


class BorrowLendPosition(Answer, frozen=True, kw_only=True):
    """What the account has borrowed or lent of one asset (docs: BorrowLendPositionWithMargin)."""

    cumulative_interest: Decimal
    """Interest so far, in the asset itself."""
    est_liquidation_price: Decimal | UnsetType | None = UNSET
    """Of the asset, in USDC. Other clients know answers without it, so it may be UNSET."""
    position_id: str = field(name="id")
    imf: Decimal
    """Initial margin fraction: 0.1 is 10 percent of the exposure."""
    imf_function: MarginFunction
    mark_price: Decimal
    mmf: Decimal
    """Maintenance margin fraction."""
    mmf_function: MarginFunction
    net_exposure_notional: Decimal
    """In USDC."""
    net_exposure_quantity: Decimal
    """In the asset itself; nothing for what is lent."""
    net_quantity: Decimal
    """In the asset itself: positive if it is lent, negative if it is borrowed."""
    symbol: str
    """The asset."""


class GetBorrowLendPositions(Operation[list[BorrowLendPosition]], frozen=True):
    """What the account has borrowed and lent.

    Source: GET /api/v1/borrowLend/positions (get_borrow_lend_positions). Signed as borrowLendPositionQuery.
    """

    method, path, instruction = "GET", "/api/v1/borrowLend/positions", "borrowLendPositionQuery"


class ExecuteBorrowLend(Operation[None], frozen=True, kw_only=True):
    """Borrow an asset or lend it. Answers nothing: read the positions to see it.

    How to pay back or to call back is not documented. That the documentation calls the quantity one to repay speaks for the
    other side, and so does a public bot that calls back what it lent with `Borrow`; the first two errors below would then be for
    what goes beyond. So the local exchange does it. On the real one, try it with little. A borrow costs the interest until the
    next full hour at once (documented, support).
    Source: POST /api/v1/borrowLend (execute_borrow_lend). Signed as borrowLendExecute. Errors, as documented:
    BORROW_REQUIRES_LEND_REDEEM to borrow what you lend, LEND_REQUIRES_BORROW_REPAY to lend what you owe, BORROW_LIMIT,
    LEND_LIMIT, INSUFFICIENT_SUPPLY.
    """

    method, path, instruction, payload = "POST", "/api/v1/borrowLend", "borrowLendExecute", "BorrowLendExecutePayload"

    quantity: Number
    """In the asset itself."""
    side: BorrowLendSideLike
    symbol: str
    """The asset."""


class BorrowLendLiquidationPrice(Answer, frozen=True, kw_only=True):
    """Where a borrow would be liquidated, in USDC (docs: PositionEstimatedLiquidationPrice)."""

    liquidation_price: Decimal
    mark_price: Decimal


class GetBorrowLendLiquidationPrice(Operation[BorrowLendLiquidationPrice], frozen=True, kw_only=True):
    """Where a borrow or a lend would be liquidated, before you do it. Make it with `of`, which takes what you would do.

    Source: GET /api/v1/borrowLend/position/liquidationPrice (get_borrow_lend_estimated_liquidation_price). Public: documented
    without an instruction, and sent unsigned. It concerns an account, and another client got 401 whatever it signed
    (observed 2026), so expect Unauthorized: it seems to be open to the exchange's own pages alone.
    """

    method, path = "GET", "/api/v1/borrowLend/position/liquidationPrice"

    borrow: str
    """Base64 of the JSON body of `ExecuteBorrowLend`."""
    subaccount_id: int | None = None

    @classmethod
    def of(cls, *, quantity: Number, side: BorrowLendSideLike, symbol: str, subaccount_id: int | None = None) -> Self:
        """The question for a borrow or a lend that you think of; the parameters are those of `ExecuteBorrowLend`."""
        planned = {"quantity": _numeral(quantity), "side": _known(side), "symbol": symbol}
        body = msgspec.json.encode(planned)
        # Blanks at the end of JSON mean nothing, and save the `=` of base64, which no parameter may contain.
        body += b" " * (-len(body) % 3)
        return cls(borrow=b64encode(body).decode(), subaccount_id=subaccount_id)


def _numeral(quantity: object) -> str:
    number = Decimal("NaN")
    if isinstance(quantity, Decimal | str | int) and not isinstance(quantity, bool):
        with suppress(InvalidOperation):
            number = Decimal(quantity)
    if not number.is_finite():
        raise UsageError(f'quantity must be a Decimal, an int or a numeral such as "1.5", found {quantity!r}')
    return format(number, "f")


def _known(side: BorrowLendSideLike) -> BorrowLendSide:
    word = BorrowLendSide(side)
    if not word.is_known:
        raise UsageError(f"side must be one of {', '.join(BorrowLendSide)}, found {side!r}")
    return word


class BorrowLendMarket(Answer, frozen=True, kw_only=True):
    """The pool of one asset. Rates are fractions a year, and so is utilization a fraction (docs: BorrowLendMarket)."""

    asset_mark_price: Decimal
    """In USDC."""
    borrow_interest_rate: Decimal
    """What borrowers pay: 0.05 is 5 percent a year."""
    borrowed_quantity: Decimal
    fee: Decimal
    """Part of the interest that the exchange keeps: lend rate = borrow rate * utilization * (1 - fee) (observed 2025-06)."""
    lend_interest_rate: Decimal
    """What lenders get."""
    lent_quantity: Decimal
    max_utilization: Decimal
    """Neither a borrow nor calling back a loan may push utilization above it."""
    open_borrow_lend_limit: Decimal
    """Above it nothing more can be borrowed or lent; what is there already may be more."""
    optimal_utilization: Decimal
    """Where the rate begins to climb steeply."""
    state: BorrowLendState
    step_size: Decimal
    """Quantities are multiples of it."""
    symbol: str
    """The asset."""
    throttle_update_fraction: Decimal
    """How far the throttle's bound moves in one step."""
    throttle_utilization_bound: Decimal
    """How high utilization may go in the present step; liquidations excepted. At rest it is the threshold and that fraction of
    what is left to `max_utilization` (observed 2025-06)."""
    throttle_utilization_threshold: Decimal
    """Utilization at which the throttle begins."""
    timestamp_rfc3339: str = field(name="timestamp")
    """With an offset, and to the nanosecond (observed 2025-06)."""
    utilization: Decimal
    """Borrowed as part of lent."""

    @property
    def time(self) -> datetime:
        """When it was like this, UTC, to the microsecond."""
        return moment_of_rfc3339(self.timestamp_rfc3339)


class GetBorrowLendMarkets(Operation[list[BorrowLendMarket]], frozen=True):
    """All pools, with their rates and bounds.

    Source: GET /api/v1/borrowLend/markets (get_borrow_lend_markets). Public.
    """

    method, path = "GET", "/api/v1/borrowLend/markets"


class BorrowLendMarketPoint(Answer, frozen=True, kw_only=True):
    """How a pool was at some time; rates as in `BorrowLendMarket` (docs: BorrowLendHistory)."""

    borrow_interest_rate: Decimal
    borrowed_quantity: Decimal
    lend_interest_rate: Decimal
    lent_quantity: Decimal
    timestamp_rfc3339: str = field(name="timestamp")
    """With an offset."""
    utilization: Decimal

    @property
    def time(self) -> datetime:
        """When it was like this, UTC, to the microsecond."""
        return moment_of_rfc3339(self.timestamp_rfc3339)


class GetBorrowLendMarketHistory(Operation[list[BorrowLendMarketPoint]], frozen=True, kw_only=True):
    """How the pools were. Its rows do not name their pool, so name one.

    How they are sorted is not documented: the oldest first at the local exchange.

    Source: GET /api/v1/borrowLend/markets/history (get_borrow_lend_markets_history). Public.
    """

    method, path = "GET", "/api/v1/borrowLend/markets/history"

    interval: BorrowLendIntervalLike
    """How far back, or how far apart; it is not documented which. At the local exchange how far back."""
    symbol: str | None = None
    """The asset; all if not sent."""


class BorrowLendApy(Answer, frozen=True, kw_only=True):
    """What borrowing an asset costs a year, and what lending it brings (docs: BorrowLendApyRate)."""

    borrow_rate: Decimal
    lend_rate: Decimal
    symbol: str
    """The asset."""


class StakingApy(Answer, frozen=True, kw_only=True):
    """What staking an asset brings a year (docs: StakingApyRate)."""

    dilution_factor: Decimal
    staking_rate: Decimal
    symbol: str
    """The asset."""


class ApyRates(Answer, frozen=True, kw_only=True):
    """Yearly rates of all assets (docs: ApyRates)."""

    borrow_lend: list[BorrowLendApy]
    staking: list[StakingApy]


class GetApyRates(Operation[ApyRates], frozen=True, kw_only=True):
    """What borrowing, lending and staking cost and bring a year.

    Source: GET /api/v1/borrowLend/apy (get_apy_rates). Public.
    """

    method, path = "GET", "/api/v1/borrowLend/apy"

    tier_id: int | None = None
    """A VIP tier; the rates of everybody else if not sent."""
