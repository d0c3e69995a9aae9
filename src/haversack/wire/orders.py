"""Orders: place, inspect, cancel."""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from msgspec import UNSET, UnsetType, field

from haversack.wire.base import Answer, BySymbol, CancelPending, MaybeBySymbol, Operation, moment_of_ms
from haversack.wire.enums import (
    OrderStatus,
    OrderType,
    SelfTradePrevention,
    Side,
    SlippageToleranceType,
    SystemOrderType,
    TimeInForce,
    TriggerBy,
)
from haversack.wire.inputs import (
    CancelOrderTypeLike,
    MarketTypeLike,
    Number,
    OrderTypeLike,
    SelfTradePreventionLike,
    SideLike,
    SlippageToleranceTypeLike,
    TimeInForceLike,
    TriggerByLike,
)

T = TypeVar("T")

_ABSENT_BY_TYPE = {
    OrderType.MARKET: frozenset({"postOnly", "price"}),
    OrderType.LIMIT: frozenset({"quoteQuantity"}),
}


class Order(Answer, frozen=True, kw_only=True):
    """An order as the exchange sees it (docs: LimitOrder and MarketOrder).

    A market order comes without `price` and `postOnly`, a limit order without `quoteQuantity` (observed 2025-06); both are
    None here.
    """

    order_id: str = field(name="id")
    """The exchange's, a decimal number; longer than a double holds."""
    client_id: int | None = None
    """Yours, 0 to 4294967295, if you gave one."""
    created_ms: int = field(name="createdAt")
    executed_quantity: Decimal
    """In the base asset."""
    executed_quote_quantity: Decimal
    order_type: OrderType
    post_only: bool | None = None
    price: Decimal | None = None
    """The limit."""
    quantity: Decimal | None = None
    """In the base asset; what was filled, for a market order by quote quantity."""
    quote_quantity: Decimal | None = None
    """Market orders: what was asked for, or what was executed, rounded up to the tick's decimals (observed 2025-06)."""
    reduce_only: bool | None = None
    related_order_id: str | None = None
    self_trade_prevention: SelfTradePrevention
    side: Side
    slippage_tolerance: Decimal | UnsetType | None = UNSET
    slippage_tolerance_type: SlippageToleranceType | UnsetType | None = UNSET
    status: OrderStatus
    stop_loss_limit_price: Decimal | None = None
    stop_loss_trigger_by: TriggerBy | None = None
    stop_loss_trigger_price: str | None = None
    strategy_id: str | None = None
    symbol: str
    system_order_type: SystemOrderType | UnsetType | None = UNSET
    """In open orders of 2025-07 (observed), and in no order since."""
    take_profit_limit_price: Decimal | None = None
    take_profit_trigger_by: TriggerBy | None = None
    take_profit_trigger_price: str | None = None
    time_in_force: TimeInForce
    trigger_by: TriggerBy | None = None
    trigger_price: str | None = None
    trigger_quantity: str | None = None
    """May be a percentage such as `80%`."""
    triggered_ms: int | None = field(name="triggeredAt", default=None)

    @property
    def created_at(self) -> datetime:
        """When the exchange accepted it, UTC."""
        return moment_of_ms(self.created_ms)

    @property
    def triggered_at(self) -> datetime | None:
        """When its trigger fired, UTC; None if it has not, or has none."""
        return None if self.triggered_ms is None else moment_of_ms(self.triggered_ms)

    def absent_keys(self) -> Container[str]:
        """Keys that an order of this type is written without."""
        return _ABSENT_BY_TYPE.get(self.order_type, ())


class PlaceOrder(Operation[Order], frozen=True, kw_only=True):
    """Send one order to the matching engine; the answer is the order as it stands after matching.

    An order that cannot rest and does not match is no error: its status is Expired (observed 2025-06).
    Source: POST /api/v1/order (execute_order). Signed as orderExecute. Errors: INVALID_CLIENT_REQUEST for a price or
    quantity outside the market's rules, INSUFFICIENT_FUNDS, INSUFFICIENT_MARGIN, INVALID_ORDER for a post-only order that
    would take and for a fill-or-kill order that would not fill.
    """

    method, path, instruction, payload = "POST", "/api/v1/order", "orderExecute", "OrderExecutePayload"
    names_broker = True

    auto_borrow: bool | None = None
    """Spot margin only, like the next three."""
    auto_borrow_repay: bool | None = None
    auto_lend: bool | None = None
    auto_lend_redeem: bool | None = None
    client_id: int | None = None
    """A number of your own, 0 to 4294967295, by which to ask for the order later."""
    order_type: OrderTypeLike
    post_only: bool | None = None
    """Refuse the order rather than let it take."""
    price: Number | None = None
    """The limit, a multiple of the tick size; not for market orders."""
    quantity: Number | None = None
    """In the base asset, a multiple of the step size."""
    quote_quantity: Number | None = None
    """Market orders: how much of the quote asset to spend (Bid) or to receive (Ask), instead of `quantity`."""
    reduce_only: bool | None = None
    """Perpetuals: never open or flip a position."""
    self_trade_prevention: SelfTradePreventionLike | None = None
    """RejectTaker if not sent."""
    side: SideLike
    slippage_tolerance: Number | None = None
    """Market orders: how far from the best price, in units of `slippage_tolerance_type`."""
    slippage_tolerance_type: SlippageToleranceTypeLike | None = None
    stop_loss_limit_price: Number | None = None
    stop_loss_trigger_by: TriggerByLike | None = None
    stop_loss_trigger_price: Number | None = None
    symbol: str
    take_profit_limit_price: Number | None = None
    take_profit_trigger_by: TriggerByLike | None = None
    take_profit_trigger_price: Number | None = None
    time_in_force: TimeInForceLike | None = None
    """GTC if not sent."""
    trigger_by: TriggerByLike | None = None
    trigger_price: Number | None = None
    """Makes it a conditional order; needs `trigger_quantity`."""
    trigger_quantity: str | None = None
    """A quantity, or a percentage of the position such as `80%`."""


class PlacedInBatch(Order, frozen=True, kw_only=True, tag_field="operation", tag="Ok"):
    """An order of a batch that the exchange took (docs: BatchCommandOrderResult)."""


class RefusedInBatch(Answer, frozen=True, kw_only=True, tag_field="operation", tag="Err"):
    """An order of a batch that the exchange refused, while it took others (docs: BatchCommandOrderResult)."""

    code: str
    message: str


BatchResult: TypeAlias = PlacedInBatch | RefusedInBatch


if TYPE_CHECKING:
    _Orders: TypeAlias = Sequence[PlaceOrder]
else:
    _Orders = tuple[PlaceOrder, ...]


class _ByOrders(Operation[T], Generic[T], frozen=True):
    """A batch: its orders may be given without the parameter's name."""

    orders: _Orders


class PlaceOrders(_ByOrders[list[BatchResult]], frozen=True):
    """Send several orders in one request; the answer has one result for each, in their order. Some may be refused and others not.

    Source: POST /api/v1/orders (execute_order_batch). Signed as orderExecute, once for every order in one string. The largest
    batch is not documented; the local exchange takes 50.
    """

    method, path, instruction, payload = "POST", "/api/v1/orders", "orderExecute", "OrderExecutePayload"
    batch, names_broker = "orders", True


class GetOrder(BySymbol[Order], frozen=True, kw_only=True):
    """One order that rests, or that waits for its trigger. Give one of the two ids.

    Source: GET /api/v1/order (get_order). Signed as orderQuery. Errors: RESOURCE_NOT_FOUND once it rests no longer.
    """

    method, path, instruction = "GET", "/api/v1/order", "orderQuery"

    order_id: str | None = None
    client_id: int | None = None


class CancelOrder(Operation[Order | CancelPending], frozen=True, kw_only=True):
    """Take one order out of the book. Give one of the two ids.

    Source: DELETE /api/v1/order (cancel_order). Signed as orderCancel. Errors: INVALID_CLIENT_REQUEST if it does not rest.
    """

    method, path, instruction, payload = "DELETE", "/api/v1/order", "orderCancel", "OrderCancelPayload"
    is_cancel = True

    client_id: int | None = None
    order_id: str | None = None
    symbol: str


class GetOpenOrders(MaybeBySymbol[list[Order]], frozen=True, kw_only=True):
    """All orders that rest, oldest first; of one market, or of all.

    Source: GET /api/v1/orders (get_open_orders). Signed as orderQueryAll.
    """

    method, path, instruction = "GET", "/api/v1/orders", "orderQueryAll"

    market_type: MarketTypeLike | None = None


class CancelAllOrders(Operation[list[Order] | CancelPending], frozen=True, kw_only=True):
    """Take all orders of one market out of the book; the answer lists them.

    Source: DELETE /api/v1/orders (cancel_open_orders). Signed as orderCancelAll.
    """

    method, path, instruction, payload = "DELETE", "/api/v1/orders", "orderCancelAll", "OrderCancelAllPayload"
    is_cancel = True

    order_type: CancelOrderTypeLike | None = None
    """Both kinds if not sent."""
    symbol: str
