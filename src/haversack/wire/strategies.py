"""Strategies: large orders that the exchange itself sends in small parts, over time."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import field

from haversack.wire.base import Answer, BySymbol, CancelPending, MaybeBySymbol, Operation, Page, moment_of_iso, moment_of_ms
from haversack.wire.enums import OpenEnum, SelfTradePrevention, Side, SlippageToleranceType, TimeInForce
from haversack.wire.inputs import (
    DurationMs,
    MarketTypeLike,
    MarketTypesLike,
    Number,
    SelfTradePreventionLike,
    SideLike,
    SlippageToleranceTypeLike,
    SortDirectionLike,
    TimeInForceLike,
)


class StrategyType(OpenEnum):
    """How a strategy works: Scheduled sends a part of the quantity at every interval."""

    SCHEDULED = "Scheduled"


class StrategyStatus(OpenEnum):
    """Where a strategy stands in its life: the user cancels it, the exchange terminates it."""

    RUNNING = "Running"
    COMPLETED = "Completed"
    CANCELLED = "Cancelled"
    TERMINATED = "Terminated"


class StrategyCancelReason(OpenEnum):
    """Why the exchange ended a strategy (docs: StrategyCrankCancelReason)."""

    EXPIRED = "Expired"
    FILL_OR_KILL = "FillOrKill"
    INSUFFICIENT_BORROWABLE_QUANTITY = "InsufficientBorrowableQuantity"
    INSUFFICIENT_FUNDS = "InsufficientFunds"
    INSUFFICIENT_LIQUIDITY = "InsufficientLiquidity"
    INVALID_PRICE = "InvalidPrice"
    INVALID_QUANTITY = "InvalidQuantity"
    INSUFFICIENT_MARGIN = "InsufficientMargin"
    LIQUIDATION = "Liquidation"
    PRICE_OUT_OF_BOUNDS = "PriceOutOfBounds"
    REDUCE_ONLY_NOT_REDUCED = "ReduceOnlyNotReduced"
    SELF_TRADE_PREVENTION = "SelfTradePrevention"
    UNKNOWN = "Unknown"
    USER_PERMISSIONS = "UserPermissions"


if TYPE_CHECKING:
    StrategyTypeLike: TypeAlias = StrategyType | Literal["Scheduled"]
else:
    StrategyTypeLike = StrategyType


class Strategy(Answer, frozen=True, kw_only=True):
    """A strategy as the matching engine sees it (docs: ScheduledStrategy). Its orders carry its id as their `strategy_id`."""

    client_strategy_id: int | None = None
    """Yours, 0 to 4294967295, if you gave one."""
    created_ms: int = field(name="createdAt")
    """The documentation gives no unit; milliseconds, as for orders, is inferred."""
    duration_ms: int = field(name="duration")
    executed_quantity: Decimal
    """In the base asset."""
    executed_quote_quantity: Decimal
    strategy_id: str = field(name="id")
    """The exchange's."""
    interval_ms: int = field(name="interval")
    quantity: Decimal
    """In the base asset: all of it."""
    randomized_interval_quantity: bool | None = None
    """Whether the parts vary at random."""
    reduce_only: bool | None = None
    self_trade_prevention: SelfTradePrevention
    side: Side
    slippage_tolerance: Decimal | None = None
    slippage_tolerance_type: SlippageToleranceType | None = None
    status: StrategyStatus
    strategy_type: StrategyType
    symbol: str
    time_in_force: TimeInForce

    @property
    def duration(self) -> timedelta:
        """`duration_ms` as a length of time."""
        return timedelta(milliseconds=self.duration_ms)

    @property
    def interval(self) -> timedelta:
        """`interval_ms` as a length of time."""
        return timedelta(milliseconds=self.interval_ms)

    @property
    def created_at(self) -> datetime:
        """When the exchange accepted it, UTC."""
        return moment_of_ms(self.created_ms)


class GetStrategy(BySymbol[Strategy], frozen=True, kw_only=True):
    """One strategy that is running. Give one of the two ids.

    Source: GET /api/v1/strategy (get_strategy). Signed as strategyQuery. Errors: RESOURCE_NOT_FOUND once it runs no longer.
    """

    method, path, instruction = "GET", "/api/v1/strategy", "strategyQuery"

    client_strategy_id: int | None = None
    strategy_id: str | None = None


class CreateStrategy(Operation[Strategy], frozen=True, kw_only=True):
    """Start a strategy; the answer is the strategy as it stands.

    A scheduled one sends quantity / (duration / interval) at every interval (inferred). Which of the optional parameters it
    needs is not documented; without quantity, duration and interval it has nothing to do, and the local exchange refuses it.
    Source: POST /api/v1/strategy (strategy_create). Signed as strategyCreate.
    """

    method, path, instruction, payload = "POST", "/api/v1/strategy", "strategyCreate", "StrategyCreatePayload"
    names_broker = True

    auto_borrow: bool | None = None
    """Spot margin only, like the next three; all four go for the strategy's orders."""
    auto_borrow_repay: bool | None = None
    auto_lend: bool | None = None
    auto_lend_redeem: bool | None = None
    client_strategy_id: int | None = None
    """A number of your own, 0 to 4294967295, by which to ask for the strategy later."""
    duration_ms: DurationMs | None = field(name="duration", default=None)
    """How long it runs in all: a timedelta, or milliseconds."""
    interval_ms: DurationMs | None = field(name="interval", default=None)
    """How long it waits between two orders: a timedelta, or milliseconds."""
    post_only: bool | None = None
    """Its orders are refused rather than let them take."""
    price: Number | None = None
    """Its orders' limit, a multiple of the tick size."""
    quantity: Number | None = None
    """In the base asset: all of it."""
    randomized_interval_quantity: bool | None = None
    """Let the parts vary at random, so that they are harder to notice."""
    reduce_only: bool | None = None
    """Perpetuals: its orders never open or flip a position."""
    self_trade_prevention: SelfTradePreventionLike | None = None
    side: SideLike
    slippage_tolerance: Number | None = None
    """How far from the best price an order may reach, in units of `slippage_tolerance_type`."""
    slippage_tolerance_type: SlippageToleranceTypeLike | None = None
    strategy_type: StrategyTypeLike
    symbol: str
    time_in_force: TimeInForceLike | None = None
    """Of its orders."""


class CancelStrategy(Operation[Strategy | CancelPending], frozen=True, kw_only=True):
    """End a strategy that is running, and take its orders out of the book. Give one of the two ids.

    Source: DELETE /api/v1/strategy (cancel_strategy). Signed as strategyCancel.
    """

    method, path, instruction, payload = "DELETE", "/api/v1/strategy", "strategyCancel", "StrategyCancelPayload"
    is_cancel = True

    client_strategy_id: int | None = None
    strategy_id: str | None = None
    symbol: str


class GetOpenStrategies(MaybeBySymbol[list[Strategy]], frozen=True, kw_only=True):
    """All strategies that are running; of one market, or of all.

    Source: GET /api/v1/strategies (get_open_strategies). Signed as strategyQueryAll.
    """

    method, path, instruction = "GET", "/api/v1/strategies", "strategyQueryAll"

    market_type: MarketTypeLike | None = None
    strategy_type: StrategyTypeLike | None = None


class CancelAllStrategies(Operation[list[Strategy] | CancelPending], frozen=True, kw_only=True):
    """End all strategies of one market; the answer lists them.

    Source: DELETE /api/v1/strategies (cancel_open_strategies). Signed as strategyCancelAll.
    """

    method, path, instruction, payload = "DELETE", "/api/v1/strategies", "strategyCancelAll", "StrategyCancelAllPayload"
    is_cancel = True

    strategy_type: StrategyTypeLike | None = None
    symbol: str


class PastStrategy(Answer, frozen=True, kw_only=True):
    """A strategy that runs no longer (docs: Strategy)."""

    cancel_reason: StrategyCancelReason | None = None
    """None unless the exchange ended it."""
    client_strategy_id: int | None = None
    created_iso: str = field(name="createdAt")
    """Without a zone; it is UTC."""
    duration_ms: int = field(name="duration")
    executed_quantity: Decimal | None = None
    executed_quote_quantity: Decimal | None = None
    strategy_id: str = field(name="id")
    interval_ms: int = field(name="interval")
    quantity: Decimal | None = None
    randomized_interval_quantity: bool
    self_trade_prevention: SelfTradePrevention
    side: Side
    slippage_tolerance: Decimal | None = None
    slippage_tolerance_type: SlippageToleranceType | None = None
    status: StrategyStatus
    strategy_type: StrategyType
    symbol: str
    time_in_force: TimeInForce

    @property
    def duration(self) -> timedelta:
        """`duration_ms` as a length of time."""
        return timedelta(milliseconds=self.duration_ms)

    @property
    def interval(self) -> timedelta:
        """`interval_ms` as a length of time."""
        return timedelta(milliseconds=self.interval_ms)

    @property
    def created_at(self) -> datetime:
        """When the exchange accepted it, UTC."""
        return moment_of_iso(self.created_iso)


class GetStrategyHistory(Operation[Page[PastStrategy]], frozen=True, kw_only=True):
    """Strategies that were completed, cancelled or ended by the exchange.

    Source: GET /wapi/v1/history/strategies (get_strategies_history). Signed as strategyHistoryQueryAll. `total` of the page is
    X-Total.
    """

    method, path, instruction = "GET", "/wapi/v1/history/strategies", "strategyHistoryQueryAll"

    limit: int | None = None
    """1 to 1000; 100 if not sent."""
    market_type: MarketTypesLike | None = None
    offset: int | None = None
    """Rows to skip; 0 if not sent."""
    sort_direction: SortDirectionLike | None = None
    strategy_id: str | None = None
    symbol: str | None = None
