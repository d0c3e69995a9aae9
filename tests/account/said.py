"""What the exchange says of orders and fills: frames and rows with sound values, so that a test names only what matters."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from haversack.wire.base import moment_of_ms
from haversack.wire.enums import OrderEvent, OrderStatus, OrderType, SelfTradePrevention, Side, TimeInForce, UpdateOrigin
from haversack.wire.events import BalanceUpdate, OrderUpdate
from haversack.wire.history import Fill, PastOrder
from haversack.wire.orders import Order

T0_MS = 1_788_285_151_000
_STATUS_OF = {
    OrderEvent.ACCEPTED: OrderStatus.NEW,
    OrderEvent.MODIFIED: OrderStatus.NEW,
    OrderEvent.FILL: OrderStatus.PARTIALLY_FILLED,
    OrderEvent.CANCELLED: OrderStatus.CANCELLED,
    OrderEvent.EXPIRED: OrderStatus.EXPIRED,
    OrderEvent.TRIGGER_PLACED: OrderStatus.TRIGGER_PENDING,
    OrderEvent.TRIGGER_FAILED: OrderStatus.TRIGGER_FAILED,
}


def iso(time_ms: int) -> str:
    return moment_of_ms(time_ms).replace(tzinfo=None).isoformat(timespec="milliseconds")


def frame(event: OrderEvent | str, executed: str | Decimal = "0", **said: Any) -> OrderUpdate:
    """A frame of order 7: a bid for 2 at 20."""
    kind = OrderEvent(event)
    values: dict[str, Any] = {
        "event_us": said.get("engine_us", T0_MS * 1_000) + 15,
        "engine_us": T0_MS * 1_000,
        "symbol": "SOL_USDC",
        "order_id": "7",
        "side": Side.BID,
        "order_type": "LIMIT",
        "time_in_force": TimeInForce.GTC,
        "status": _STATUS_OF.get(kind, OrderStatus.NEW),
        "price": Decimal(20),
        "quantity": Decimal(2),
        "executed_quote_quantity": Decimal(executed) * 20,
        "self_trade_prevention": SelfTradePrevention.REJECT_TAKER,
        "origin": UpdateOrigin.USER,
        "reduce_only": False,
    }
    return OrderUpdate(event=kind, executed_quantity=Decimal(executed), **(values | said))


def fill_frame(trade_id: int | None, quantity: str | Decimal, executed: str | Decimal, **said: Any) -> OrderUpdate:
    """A frame of a fill of order 7."""
    of_fill: dict[str, Any] = {
        "trade_id": trade_id,
        "fill_quantity": Decimal(quantity),
        "fill_price": Decimal(20),
        "fee": Decimal("0.01"),
        "fee_symbol": "USDC",
        "is_maker": True,
    }
    return frame(OrderEvent.FILL, executed, **(of_fill | said))


def order(status: OrderStatus = OrderStatus.NEW, executed: str | Decimal = "0", **said: Any) -> Order:
    """Order 7 as an answer, or a row of the open orders."""
    values: dict[str, Any] = {
        "order_id": "7",
        "created_ms": T0_MS,
        "executed_quote_quantity": Decimal(executed) * 20,
        "order_type": OrderType.LIMIT,
        "price": Decimal(20),
        "quantity": Decimal(2),
        "self_trade_prevention": SelfTradePrevention.REJECT_TAKER,
        "side": Side.BID,
        "symbol": "SOL_USDC",
        "time_in_force": TimeInForce.GTC,
    }
    return Order(status=status, executed_quantity=Decimal(executed), **(values | said))


def past(status: OrderStatus = OrderStatus.NEW, executed: str | Decimal = "0", **said: Any) -> PastOrder:
    """Order 7 as a row of the history."""
    values: dict[str, Any] = {
        "order_id": "7",
        "created_iso": iso(T0_MS),
        "executed_quote_quantity": Decimal(executed) * 20,
        "order_type": OrderType.LIMIT,
        "price": Decimal(20),
        "quantity": Decimal(2),
        "self_trade_prevention": SelfTradePrevention.REJECT_TAKER,
        "side": Side.BID,
        "symbol": "SOL_USDC",
        "time_in_force": TimeInForce.GTC,
    }
    return PastOrder(status=status, executed_quantity=Decimal(executed), **(values | said))


def fill_row(trade_id: int | None, quantity: str | Decimal = "1", *, time_ms: int = T0_MS, **said: Any) -> Fill:
    """A fill of order 7 as a row of the history."""
    values: dict[str, Any] = {
        "fee": Decimal("0.01"),
        "fee_symbol": "USDC",
        "is_maker": True,
        "order_id": "7",
        "price": Decimal(20),
        "side": Side.BID,
        "symbol": "SOL_USDC",
    }
    return Fill(trade_id=trade_id, quantity=Decimal(quantity), timestamp_iso=iso(time_ms), **(values | said))


def balance_frame(available: str | Decimal, *, engine_us: int = T0_MS * 1_000, asset: str = "USDC") -> BalanceUpdate:
    zero = Decimal(0)
    return BalanceUpdate(
        available=Decimal(available), locked=zero, staked=zero, asset=asset, engine_us=engine_us, event_us=engine_us + 15
    )
