"""Builders of the engine's facts in a trader's numbers, for a listing like the exchange's own."""

from __future__ import annotations

from decimal import Decimal

from haversack.exchange.engine.event import (
    LevelChanged,
    OrderAccepted,
    OrderEnded,
    OrderFacts,
    OrderFilled,
    TradePrinted,
)
from haversack.exchange.listing import Listing
from haversack.units import to_units
from haversack.wire.enums import ExpiryReason, OrderStatus, SelfTradePrevention, Side, TimeInForce

LISTING = Listing.load()
# 2026-09-02 16:58:10.062979
NOW_US = 1_788_368_290_062_979
BID, ASK = Side.BID, Side.ASK


def price_units(symbol: str, price: str) -> int:
    return to_units(Decimal(price), LISTING.scales[symbol].price_scale)


def quantity_units(symbol: str, quantity: str) -> int:
    return to_units(Decimal(quantity), LISTING.scales[symbol].quantity_scale)


def quote_units(symbol: str, amount: str) -> int:
    return to_units(Decimal(amount), LISTING.scales[symbol].quote_scale)


def order(
    side: Side = BID,
    price: str | None = "20.01",
    quantity: str | None = "1.5",
    *,
    symbol: str = "SOL_USDC",
    order_id: int = 59_887_375_336,
    account: int = 1,
    quote_quantity: str | None = None,
    time_in_force: TimeInForce = TimeInForce.GTC,
    post_only: bool = False,
    client_id: int | None = None,
    created_us: int = NOW_US,
) -> OrderFacts:
    """An order; without a price, a market order."""
    return OrderFacts(
        order_id=order_id,
        account=account,
        symbol=symbol,
        side=side,
        price=None if price is None else price_units(symbol, price),
        quantity=None if quantity is None else quantity_units(symbol, quantity),
        quote_quantity=None if quote_quantity is None else quote_units(symbol, quote_quantity),
        time_in_force=time_in_force,
        post_only=post_only,
        self_trade_prevention=SelfTradePrevention.REJECT_TAKER,
        client_id=client_id,
        created_us=created_us,
    )


def accepted(facts: OrderFacts) -> OrderAccepted:
    return OrderAccepted(facts)


def filled(
    facts: OrderFacts,
    price: str,
    quantity: str,
    *,
    fee: str = "0",
    fee_asset: str = "USDC",
    is_maker: bool = False,
    trade_id: int = 7,
    executed: str | None = None,
    status: OrderStatus = OrderStatus.FILLED,
) -> OrderFilled:
    """A fill at one price; of an order that had none before, unless `executed` says more."""
    symbol = facts.symbol
    total = Decimal(executed or quantity)
    return OrderFilled(
        facts,
        trade_id,
        price_units(symbol, price),
        quantity_units(symbol, quantity),
        is_maker,
        LISTING.amount(fee_asset, Decimal(fee)),
        fee_asset,
        quantity_units(symbol, str(total)),
        quote_units(symbol, str(total * Decimal(price))),
        status,
    )


def ended(facts: OrderFacts, *, executed: str = "0", executed_quote: str = "0", reason: ExpiryReason | None = None) -> OrderEnded:
    """Cancelled; with a reason, expired."""
    return OrderEnded(
        facts,
        quantity_units(facts.symbol, executed),
        quote_units(facts.symbol, executed_quote),
        OrderStatus.EXPIRED if reason else OrderStatus.CANCELLED,
        reason,
    )


def trade(price: str, quantity: str = "1", *, symbol: str = "SOL_USDC", trade_id: int = 7) -> TradePrinted:
    return TradePrinted(symbol, trade_id, price_units(symbol, price), quantity_units(symbol, quantity), 11, 12, False)


def level(side: Side, price: str, quantity: str, update_id: int, *, symbol: str = "SOL_USDC") -> LevelChanged:
    return LevelChanged(symbol, side, price_units(symbol, price), quantity_units(symbol, quantity), update_id)
