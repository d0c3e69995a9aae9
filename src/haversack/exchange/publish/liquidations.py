"""What the public is told of liquidations, of all kinds and of anybody.

Both forms of the stream's name speak alike, because the documentation had one and later the other. A fill of a backstop provider
is in the trade stream (documented 2025-11: with a trade id), though in no candle; one of auto-deleveraging is not (guess). That
the side is the liquidated account's, and that numbers keep the decimals of tick and step as in the trade stream, are guesses.
"""

from __future__ import annotations

from collections.abc import Iterator

from haversack.exchange.engine.event import LiquidationPrinted
from haversack.exchange.listing import Scales
from haversack.exchange.publish.names import LIQUIDATIONS
from haversack.wire.base import StreamEvent
from haversack.wire.enums import Side, SystemOrderType
from haversack.wire.events import LiquidationEvent, TradeEvent


def told(event: LiquidationPrinted, scales: Scales, *, engine_us: int, emit_us: int) -> Iterator[tuple[str, StreamEvent]]:
    """Streams, each with what it says."""
    price, quantity = scales.price(event.price), scales.quantity(event.quantity)
    liquidation = LiquidationEvent(
        event_us=emit_us, side=event.side, engine_us=engine_us, price=price, quantity=quantity, symbol=event.symbol
    )
    yield LIQUIDATIONS, liquidation
    yield f"{LIQUIDATIONS}.{event.symbol}", liquidation
    if event.system is SystemOrderType.LIQUIDATE_POSITION_ON_BACKSTOP:
        is_bid = event.side is Side.BID
        ids = (event.order_id, event.opposite_order_id) if is_bid else (event.opposite_order_id, event.order_id)
        trade = TradeEvent(
            event_us=emit_us,
            engine_us=engine_us // 1000 * 1000,
            seller_order_id=str(ids[1]),
            buyer_order_id=str(ids[0]),
            is_buyer_maker=not is_bid,
            price=price,
            quantity=quantity,
            symbol=event.symbol,
            trade_id=event.trade_id,
        )
        yield f"trade.{event.symbol}", trade
