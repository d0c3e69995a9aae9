"""What the account did: fills and orders, page by page. Histories lag behind the matching engine by seconds."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import UNSET, UnsetType, field

from haversack.wire.base import Answer, Operation, Page, moment_of_iso
from haversack.wire.enums import (
    ExpiryReason,
    OrderStatus,
    OrderType,
    SelfTradePrevention,
    Side,
    SlippageToleranceType,
    SystemOrderType,
    TimeInForce,
    TriggerBy,
)
from haversack.wire.inputs import AssetClassLike, FillTypeLike, MarketTypesLike, SortDirectionLike, TimeMs


class Fill(Answer, frozen=True, kw_only=True):
    """One match of one of your orders (docs: OrderFill)."""

    client_id: str | None = None
    """The order's client id; a string here, a number everywhere else (docs)."""
    fee: Decimal
    fee_symbol: str
    """The asset that the fee was taken from: on spot markets the one that was received."""
    is_maker: bool
    order_id: str
    price: Decimal
    quantity: Decimal
    side: Side
    symbol: str
    system_order_type: SystemOrderType | None = None
    timestamp_iso: str = field(name="timestamp")
    """Without a zone; it is UTC."""
    trade_id: int | None = None
    """Unique within the market. Both your orders have it if you traded with yourself."""

    @property
    def time(self) -> datetime:
        """When it happened, UTC."""
        return moment_of_iso(self.timestamp_iso)


class GetFillHistory(Operation[Page[Fill]], frozen=True, kw_only=True):
    """Your fills, newest first unless asked otherwise.

    Source: GET /wapi/v1/history/fills (get_fills). Signed as fillHistoryQueryAll. `total` of the page is X-Total.
    """

    method, path, instruction = "GET", "/wapi/v1/history/fills", "fillHistoryQueryAll"

    order_id: str | None = None
    strategy_id: str | None = None
    from_ms: TimeMs | None = field(name="from", default=None)
    """First moment, inclusive: milliseconds since 1970 or a datetime."""
    to_ms: TimeMs | None = field(name="to", default=None)
    """Last moment, exclusive."""
    symbol: str | None = None
    limit: int | None = None
    """1 to 1000; 100 if not sent."""
    offset: int | None = None
    """Rows to skip; 0 if not sent."""
    fill_type: FillTypeLike | None = None
    market_type: MarketTypesLike | None = None
    asset_class: AssetClassLike | None = None
    sort_direction: SortDirectionLike | None = None


class PastOrder(Answer, frozen=True, kw_only=True):
    """An order in the history (docs: Order); it may still rest, and the row may be seconds old."""

    client_id: int | None = None
    created_iso: str = field(name="createdAt")
    """Without a zone; it is UTC."""
    executed_quantity: Decimal | None = None
    executed_quote_quantity: Decimal | None = None
    expiry_reason: ExpiryReason | None = None
    order_id: str = field(name="id")
    order_type: OrderType
    post_only: bool | None = None
    price: Decimal | None = None
    """Null for market orders."""
    quantity: Decimal | None = None
    quote_quantity: Decimal | None = None
    """Limit orders: price times quantity (observed 2026-09)."""
    self_trade_prevention: SelfTradePrevention
    side: Side
    slippage_tolerance: Decimal | UnsetType | None = UNSET
    """UNSET in answers from before 2026, like the next."""
    slippage_tolerance_type: SlippageToleranceType | UnsetType | None = UNSET
    status: OrderStatus
    stop_loss_limit_price: Decimal | None = None
    stop_loss_trigger_by: TriggerBy | None = None
    stop_loss_trigger_price: str | None = None
    strategy_id: str | None = None
    symbol: str
    system_order_type: SystemOrderType | None = None
    take_profit_limit_price: Decimal | None = None
    take_profit_trigger_by: TriggerBy | None = None
    take_profit_trigger_price: str | None = None
    time_in_force: TimeInForce
    trigger_by: TriggerBy | None = None
    trigger_price: str | None = None
    trigger_quantity: str | None = None

    @property
    def created_at(self) -> datetime:
        """When the exchange accepted it, UTC."""
        return moment_of_iso(self.created_iso)


class GetOrderHistory(Operation[Page[PastOrder]], frozen=True, kw_only=True):
    """Your orders, whatever became of them, newest first unless asked otherwise. Seconds late (observed 2025-06).

    Source: GET /wapi/v1/history/orders (get_order_history). Signed as orderHistoryQueryAll. `total` of the page is X-Total.
    """

    method, path, instruction = "GET", "/wapi/v1/history/orders", "orderHistoryQueryAll"

    order_id: str | None = None
    strategy_id: str | None = None
    symbol: str | None = None
    limit: int | None = None
    """1 to 1000; 100 if not sent."""
    offset: int | None = None
    """Rows to skip; 0 if not sent."""
    market_type: MarketTypesLike | None = None
    sort_direction: SortDirectionLike | None = None
