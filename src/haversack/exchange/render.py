"""The engine's facts as the exchange writes them: answers strip trailing zeros, streams keep the decimals of tick and step.

Forms: recorded 2026-09, market orders 2025-06 (answers) and 2025-08 (frames).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TypeAlias

from msgspec import UNSET

from haversack.exchange.engine.command import SLIPPAGE_SCALE
from haversack.exchange.engine.event import (
    BalanceChanged,
    OrderAccepted,
    OrderEnded,
    OrderFacts,
    OrderFilled,
    OrderModified,
    TriggerFailed,
    TriggerPlaced,
)
from haversack.exchange.listing import Scales
from haversack.exchange.render_conditions import in_answer, in_frame, in_row, is_waiting
from haversack.units import compact, from_time_us, padded
from haversack.wire.enums import ExpiryReason, OrderEvent, OrderStatus, OrderType, SystemOrderType, UpdateOrigin
from haversack.wire.events import BalanceUpdate, OrderUpdate
from haversack.wire.history import Fill, PastOrder
from haversack.wire.orders import Order

_ORIGINS = {
    SystemOrderType.LIQUIDATE_POSITION_ON_BOOK: UpdateOrigin.LIQUIDATION_AUTOCLOSE,
    SystemOrderType.LIQUIDATE_POSITION_ON_BACKSTOP: UpdateOrigin.BACKSTOP_LIQUIDITY_PROVIDER,
    SystemOrderType.LIQUIDATE_POSITION_ON_ADL: UpdateOrigin.ADL_AUTOCLOSE,
    # The origin is documented as that of a settlement; that a prediction market's end is one is a guess.
    SystemOrderType.FUTURE_EXPIRY: UpdateOrigin.SETTLEMENT_AUTOCLOSE,
}

OrderChange: TypeAlias = OrderAccepted | OrderFilled | OrderModified | OrderEnded | TriggerPlaced | TriggerFailed
_Stated = (OrderFilled, OrderModified, OrderEnded)
_STATUSES: Mapping[type, OrderStatus] = {
    OrderAccepted: OrderStatus.NEW,
    TriggerPlaced: OrderStatus.TRIGGER_PENDING,
    TriggerFailed: OrderStatus.TRIGGER_FAILED,
}
_KINDS: Mapping[type, OrderEvent] = {
    OrderAccepted: OrderEvent.ACCEPTED,
    OrderFilled: OrderEvent.FILL,
    OrderModified: OrderEvent.MODIFIED,
    TriggerPlaced: OrderEvent.TRIGGER_PLACED,
    TriggerFailed: OrderEvent.TRIGGER_FAILED,
}


def order_answer(facts: OrderFacts, *, executed: int, executed_quote: int, status: OrderStatus, scales: Scales) -> Order:
    """An order as REST answers it; a market order comes without `price` and `postOnly` but with `quoteQuantity`."""
    is_limit = facts.price is not None
    return Order(
        order_id=str(facts.order_id),
        client_id=facts.client_id,
        created_ms=facts.created_us // 1000,
        executed_quantity=scales.short_quantity(executed),
        executed_quote_quantity=scales.short_notional(executed_quote),
        order_type=_order_type(facts),
        post_only=facts.post_only if is_limit else None,
        price=_limit(facts, scales),
        # Limit orders always have one (documented), and frames of orders that wait say 0; 0 for market orders is a guess.
        quantity=Decimal(0) if is_waiting(facts) else scales.short_quantity(_quantity(facts, executed)),
        quote_quantity=None if is_limit else _market_quote(facts, executed_quote, scales),
        reduce_only=facts.reduce_only,
        self_trade_prevention=facts.self_trade_prevention,
        side=facts.side,
        # Documented since; the recorded answers (2025-06) are older than the field. Without one they stay as recorded (guess).
        slippage_tolerance=_tolerance(facts) if facts.slippage else UNSET,
        slippage_tolerance_type=facts.slippage.kind if facts.slippage else UNSET,
        status=status,
        symbol=facts.symbol,
        time_in_force=facts.time_in_force,
        **in_answer(facts, scales),
    )


def past_order(
    facts: OrderFacts,
    *,
    executed: int,
    executed_quote: int,
    status: OrderStatus,
    reason: ExpiryReason | None,
    scales: Scales,
) -> PastOrder:
    """A row of the order history: it knows why an order ended, and a limit order's worth at its own price."""
    return PastOrder(
        order_id=str(facts.order_id),
        client_id=facts.client_id,
        created_iso=naive_iso(facts.created_us),
        executed_quantity=scales.short_quantity(executed),
        executed_quote_quantity=scales.short_notional(executed_quote),
        expiry_reason=reason,
        order_type=_order_type(facts),
        post_only=facts.post_only,
        price=_limit(facts, scales),
        # Null for an order that waits (seen in another client's samples, 2025-07).
        quantity=None if is_waiting(facts) else scales.short_quantity(_quantity(facts, executed)),
        quote_quantity=_market_quote(facts, executed_quote, scales) if facts.price is None else _worth(facts, scales),
        self_trade_prevention=facts.self_trade_prevention,
        side=facts.side,
        slippage_tolerance=_tolerance(facts),
        slippage_tolerance_type=facts.slippage.kind if facts.slippage else None,
        status=status,
        symbol=facts.symbol,
        system_order_type=_system(facts),
        time_in_force=facts.time_in_force,
        **in_row(facts, scales),
    )


def fill_row(event: OrderFilled, *, time_us: int, scales: Scales, asset_scales: Mapping[str, int]) -> Fill:
    """A row of the fill history."""
    facts = event.order
    return Fill(
        client_id=None if facts.client_id is None else str(facts.client_id),
        fee=compact(event.fee, asset_scales[event.fee_asset]),
        fee_symbol=event.fee_asset,
        is_maker=event.is_maker,
        order_id=str(facts.order_id),
        price=scales.short_price(event.price),
        quantity=scales.short_quantity(event.quantity),
        side=facts.side,
        symbol=facts.symbol,
        system_order_type=_system(facts),
        timestamp_iso=naive_iso(time_us),
        trade_id=event.trade_id,
    )


def order_update(
    event: OrderChange,
    *,
    engine_us: int,
    emit_us: int,
    scales: Scales,
    asset_scales: Mapping[str, int],
    outcome: tuple[int, int] = (0, 0),
) -> OrderUpdate:
    """What the order stream says of one change.

    `outcome` is what a market order will have executed, quantity and quote amount, when its command is done: all its
    frames say so in `Q`, the first one too (observed 2025-08), and in `q` if it was placed by quote quantity.
    """
    facts = event.order
    executed, executed_quote = _executed(event, outcome)
    fill = event if isinstance(event, OrderFilled) else None
    return OrderUpdate(
        event=_kind(event),
        event_us=emit_us,
        engine_us=engine_us,
        symbol=facts.symbol,
        order_id=str(facts.order_id),
        client_id=facts.client_id,
        side=facts.side,
        order_type=_order_type(facts).value.upper(),
        time_in_force=facts.time_in_force,
        status=event.status if isinstance(event, _Stated) else _STATUSES[type(event)],
        price=None if facts.price is None else scales.price(facts.price),
        quantity=Decimal(0) if is_waiting(facts) else scales.quantity(_quantity(facts, outcome[0])),
        quote_quantity=_streamed_quote(facts, outcome[1], scales),
        executed_quantity=scales.quantity(executed) if executed else Decimal(0),
        executed_quote_quantity=scales.notional(executed_quote) if executed else Decimal(0),
        fill_price=scales.price(fill.price) if fill else None,
        fill_quantity=scales.quantity(fill.quantity) if fill else None,
        fee=compact(fill.fee, asset_scales[fill.fee_asset]) if fill else None,
        fee_symbol=fill.fee_asset if fill else None,
        is_maker=fill.is_maker if fill else None,
        trade_id=fill.trade_id if fill else None,
        # That a trigger that failed has it too is known from the tests of the exchange's own client alone.
        expiry_reason=event.reason if isinstance(event, OrderEnded | TriggerFailed) else None,
        self_trade_prevention=facts.self_trade_prevention,
        origin=_origin(event),
        # The documentation does not count it among the conditional fields, so market orders have it too: a guess.
        post_only=facts.post_only,
        reduce_only=bool(facts.reduce_only),
        **in_frame(facts, scales),
    )


def balance_update(event: BalanceChanged, *, engine_us: int, emit_us: int, asset_scales: Mapping[str, int]) -> BalanceUpdate:
    """What the balance stream says; numbers without trailing zeros (recorded 2026-09)."""
    scale = asset_scales[event.asset]
    return BalanceUpdate(
        available=compact(event.available, scale),
        event_us=emit_us,
        locked=compact(event.locked, scale),
        staked=Decimal(0),
        engine_us=engine_us,
        asset=event.asset,
    )


def naive_iso(time_us: int) -> str:
    """Histories write UTC without a zone, to the millisecond, and no fraction for a whole second (inferred from its library)."""
    moment = from_time_us(time_us).replace(tzinfo=None)
    return moment.isoformat(timespec="milliseconds" if time_us // 1000 % 1000 else "seconds")


def _order_type(facts: OrderFacts) -> OrderType:
    return OrderType.MARKET if facts.price is None else OrderType.LIMIT


def _system(facts: OrderFacts) -> SystemOrderType | None:
    return facts.conditions.system if facts.conditions else None


def _origin(event: OrderChange) -> UpdateOrigin:
    """Whose doing it was: the exchange's, for its own orders and for those that it ends in a liquidation (guess)."""
    system = _system(event.order)
    if system is not None:
        return _ORIGINS.get(system, UpdateOrigin.USER)
    is_liquidated = isinstance(event, OrderEnded) and event.reason is ExpiryReason.LIQUIDATION
    return UpdateOrigin.LIQUIDATION_AUTOCLOSE if is_liquidated else UpdateOrigin.USER


def _tolerance(facts: OrderFacts) -> Decimal | None:
    return compact(facts.slippage.tolerance_e8, SLIPPAGE_SCALE) if facts.slippage else None


def _limit(facts: OrderFacts, scales: Scales) -> Decimal | None:
    return None if facts.price is None else scales.short_price(facts.price)


def _quantity(facts: OrderFacts, executed: int) -> int:
    """What was asked for; of an order by quote quantity, what it got (observed 2025-08)."""
    return executed if facts.quantity is None else facts.quantity


def _worth(facts: OrderFacts, scales: Scales) -> Decimal | None:
    if facts.price is None or facts.quantity is None:
        return None
    return compact(facts.price * facts.quantity, scales.price_scale + scales.quantity_scale)


def _market_quote(facts: OrderFacts, executed_quote: int, scales: Scales) -> Decimal | None:
    if is_waiting(facts):
        return None
    if facts.quote_quantity is not None:
        return scales.short_notional(facts.quote_quantity)
    return compact(_rounded_up(executed_quote, scales), scales.price_scale)


def _streamed_quote(facts: OrderFacts, expected_quote: int, scales: Scales) -> Decimal | None:
    if is_waiting(facts):
        # Limit orders have 0 there, market orders nothing (2025-05, in the tests of the exchange's own client).
        return None if facts.price is None else Decimal(0)
    if facts.price is not None and facts.quantity is not None:
        return padded(facts.price * facts.quantity, scales.price_scale + scales.quantity_scale)
    if facts.quote_quantity is not None:
        # What was asked for is never rounded; a number with fewer decimals is padded like the others (guess).
        rounded = _rounded_up(facts.quote_quantity, scales)
        is_exact = rounded * _per_tick_decimal(scales) == facts.quote_quantity
        return padded(rounded, scales.price_scale) if is_exact else scales.short_notional(facts.quote_quantity)
    return padded(_rounded_up(expected_quote, scales), scales.price_scale)


def _rounded_up(amount: int, scales: Scales) -> int:
    """A market order's quote quantity has the decimals of the tick, rounded up.

    Observed 2025-06 in markets whose tick is 0.01; whether it is the tick or always two decimals is unknown.
    """
    return -(-amount // _per_tick_decimal(scales))


def _per_tick_decimal(scales: Scales) -> int:
    return int(10 ** (scales.quote_scale - scales.price_scale))


def _executed(event: OrderChange, outcome: tuple[int, int]) -> tuple[int, int]:
    return (event.executed, event.executed_quote) if isinstance(event, _Stated) else (0, 0)


def _kind(event: OrderChange) -> OrderEvent:
    if isinstance(event, OrderEnded):
        return OrderEvent.CANCELLED if event.status is OrderStatus.CANCELLED else OrderEvent.EXPIRED
    return _KINDS[type(event)]
