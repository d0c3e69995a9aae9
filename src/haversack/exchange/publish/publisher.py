"""Writes the frames of all streams: those that an event causes, and those that the time causes.

Nothing is written for a stream to which nobody listens. Whoever calls keeps the order of what comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from haversack.exchange.engine.event import (
    BalanceChanged,
    Event,
    LevelChanged,
    LiquidationPrinted,
    MarkChanged,
    OrderAccepted,
    OrderEnded,
    OrderFilled,
    OrderModified,
    PositionChanged,
    TopChanged,
    TradePrinted,
    TriggerFailed,
    TriggerPlaced,
)
from haversack.exchange.listing import INDEX_SCALE, Listing
from haversack.exchange.publish import liquidations
from haversack.exchange.publish.depth import DepthWindow, LevelFrames
from haversack.exchange.publish.names import DEPTH_WINDOWS_US, POSITIONS
from haversack.exchange.publish.outgoing import Moment, Outgoing, Timed, Wanted
from haversack.exchange.publish.predictions import PredictionMarks
from haversack.exchange.publish.rfq import RfqFrames
from haversack.exchange.publish.rolling import KlineStreams, OpenInterestStreams, TickerStreams
from haversack.exchange.render import OrderChange, balance_update, order_update
from haversack.exchange.render_position import position_update
from haversack.exchange.views.tape import Tape
from haversack.units import compact
from haversack.wire.base import StreamEvent
from haversack.wire.events import BookTicker, MarkPriceEvent, TradeEvent
from haversack.wire.frames import write_frame

RATE_SCALE = 28
"""Decimals of a funding rate."""
ORDERS, BALANCES = "account.orderUpdate", "account.balanceUpdate"


# Made once: `A | B` makes a new union each time.
_OUTCOMES = (OrderFilled, OrderEnded)


class Publisher:
    """The streams of one exchange."""

    def __init__(
        self,
        listing: Listing,
        tape: Tape,
        *,
        open_interest: Callable[[str], int] | None = None,
        mark_price: Callable[[str], int | None] | None = None,
    ) -> None:
        self._scales = listing.scales
        self._rules = listing.rules
        self._asset_scales = listing.asset_scales
        self._levels = {symbol: LevelFrames(symbol, scales) for symbol, scales in listing.scales.items()}
        self._windows = [DepthWindow(window, listing) for window in DEPTH_WINDOWS_US]
        self._klines = KlineStreams(listing, tape)
        self._timed: list[Timed] = [*self._windows, self._klines, TickerStreams(listing, tape)]
        if open_interest is not None:
            self._timed.append(OpenInterestStreams(listing, open_interest))
        if mark_price is not None:
            self._timed.append(PredictionMarks(listing, mark_price))
        self._makers: Mapping[type, Callable[[Any, Moment], list[Outgoing]]] = {
            LevelChanged: self._level,
            TopChanged: self._top,
            TradePrinted: self._trade,
            LiquidationPrinted: self._liquidation,
            MarkChanged: self._mark,
            OrderAccepted: self._order,
            OrderFilled: self._order,
            OrderEnded: self._order,
            OrderModified: self._order,
            TriggerPlaced: self._order,
            TriggerFailed: self._order,
            BalanceChanged: self._balance,
            PositionChanged: self._position,
            **RfqFrames(listing.rfq_markets).makers,
        }

    def frames(self, events: Sequence[Event], *, engine_us: int, emit_us: int, wanted: Wanted) -> list[Outgoing]:
        """Frames of what a command did, in the order of its events. `wanted` tells whether anybody listens."""
        outcomes = {
            event.order.order_id: (event.executed, event.executed_quote)
            for event in events
            if isinstance(event, _OUTCOMES) and event.order.price is None
        }
        moment = Moment(engine_us, emit_us, wanted, outcomes)
        outgoing: list[Outgoing] = []
        for event in events:
            maker = self._makers.get(type(event))
            if maker:
                outgoing += maker(event, moment)
        return outgoing

    def pass_over(self, events: Sequence[Event]) -> None:
        """Take in what a command did while nobody listens to anything: `frames` without the frames."""
        for window in self._windows:
            window.forget()
        for event in events:
            if isinstance(event, TradePrinted):
                self._klines.change(event.symbol)

    def due(self, now_us: int, *, wanted: Wanted) -> list[Outgoing]:
        """Frames that the time has come for: aggregated depth, candles, tickers. To be called as `next_due_us` says.

        The tape must have been told of every trade before the publisher was.
        """
        outgoing: list[Outgoing] = []
        for timed in self._timed:
            outgoing += timed.due(now_us, wanted)
        return outgoing

    def next_due_us(self, now_us: int) -> int:
        """When `due` will have something to say again; now, if a moment was missed."""
        return min(timed.next_us(now_us) for timed in self._timed)

    def _level(self, event: LevelChanged, moment: Moment) -> list[Outgoing]:
        for window in self._windows:
            window.collect(event, moment.engine_us, moment.wanted)
        writer = self._levels[event.symbol]
        if not moment.wanted(writer.stream, None):
            return []
        return [Outgoing(writer.stream, None, writer.write(event, engine_us=moment.engine_us, emit_us=moment.emit_us))]

    def _top(self, event: TopChanged, moment: Moment) -> list[Outgoing]:
        stream, scales = f"bookTicker.{event.symbol}", self._scales[event.symbol]
        if not moment.wanted(stream, None):
            return []
        bid, ask = event.bid, event.ask
        update = BookTicker(
            ask_quantity=scales.quantity(ask[1]) if ask else None,
            bid_quantity=scales.quantity(bid[1]) if bid else None,
            event_us=moment.emit_us,
            engine_us=moment.engine_us,
            ask=scales.price(ask[0]) if ask else None,
            bid=scales.price(bid[0]) if bid else None,
            symbol=event.symbol,
            update_id=event.update_id,
        )
        return [_public(stream, update)]

    def _trade(self, event: TradePrinted, moment: Moment) -> list[Outgoing]:
        self._klines.change(event.symbol)
        stream, scales = f"trade.{event.symbol}", self._scales[event.symbol]
        if not moment.wanted(stream, None):
            return []
        update = TradeEvent(
            event_us=moment.emit_us,
            engine_us=moment.engine_us // 1000 * 1000,
            seller_order_id=str(event.seller_order_id),
            buyer_order_id=str(event.buyer_order_id),
            is_buyer_maker=event.is_buyer_maker,
            price=scales.price(event.price),
            quantity=scales.quantity(event.quantity),
            symbol=event.symbol,
            trade_id=event.trade_id,
        )
        return [_public(stream, update)]

    def _liquidation(self, event: LiquidationPrinted, moment: Moment) -> list[Outgoing]:
        told = liquidations.told(event, self._scales[event.symbol], engine_us=moment.engine_us, emit_us=moment.emit_us)
        return [_public(stream, update) for stream, update in told if moment.wanted(stream, None)]

    def _mark(self, event: MarkChanged, moment: Moment) -> list[Outgoing]:
        stream = f"markPrice.{event.symbol}"
        if not moment.wanted(stream, None):
            return []
        update = MarkPriceEvent(
            event_us=moment.emit_us,
            engine_us=moment.engine_us,
            funding_rate=compact(event.funding_rate_e28, RATE_SCALE),
            index_price=compact(event.index, INDEX_SCALE),
            next_funding_ms=event.next_funding_ms,
            # On the tick (recorded 2026-09); that it keeps the zeros of the tick is a guess.
            mark_price=self._scales[event.symbol].price(event.mark),
            symbol=event.symbol,
        )
        return [_public(stream, update)]

    def _order(self, event: OrderChange, moment: Moment) -> list[Outgoing]:
        facts = event.order
        streams = [name for name in (ORDERS, f"{ORDERS}.{facts.symbol}") if moment.wanted(name, facts.account)]
        if not streams:
            return []
        update = order_update(
            event,
            engine_us=moment.engine_us,
            emit_us=moment.emit_us,
            scales=self._scales[facts.symbol],
            asset_scales=self._asset_scales,
            outcome=moment.outcomes.get(facts.order_id, (0, 0)),
        )
        return [Outgoing(stream, facts.account, write_frame(stream, update)) for stream in streams]

    def _balance(self, event: BalanceChanged, moment: Moment) -> list[Outgoing]:
        if not moment.wanted(BALANCES, event.account):
            return []
        update = balance_update(event, engine_us=moment.engine_us, emit_us=moment.emit_us, asset_scales=self._asset_scales)
        return [Outgoing(BALANCES, event.account, write_frame(BALANCES, update))]

    def _position(self, event: PositionChanged, moment: Moment) -> list[Outgoing]:
        streams = [name for name in (POSITIONS, f"{POSITIONS}.{event.symbol}") if moment.wanted(name, event.account)]
        perpetual = self._rules[event.symbol].perpetual
        if not streams or perpetual is None:
            return []
        update = position_update(
            event,
            engine_us=moment.engine_us,
            emit_us=moment.emit_us,
            contract=perpetual.contract,
            price_scale=self._scales[event.symbol].price_scale,
        )
        return [Outgoing(stream, event.account, write_frame(stream, update)) for stream in streams]


def _public(stream: str, update: StreamEvent) -> Outgoing:
    return Outgoing(stream, None, write_frame(stream, update))
