"""The last trades of one market, from the stream and from REST, each once, newest first."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from haversack.wire.enums import Side
from haversack.wire.events import TradeEvent
from haversack.wire.trades import Trade

TRADES_MAX = 200


class Print(NamedTuple):
    """One trade."""

    time_us: int
    trade_id: int
    price: Decimal
    quantity: Decimal
    taker: Side
    """Who crossed the spread."""


class Tape:
    """Of as many trades as a screen can hold, and no more."""

    def __init__(self) -> None:
        self._prints: dict[int, Print] = {}
        self._sorted: list[Print] | None = []

    def __len__(self) -> int:
        return len(self._prints)

    def take(self, event: TradeEvent) -> None:
        """A trade came by the stream."""
        self._put(event.engine_us, event.trade_id, event.price, event.quantity, is_buyer_maker=event.is_buyer_maker)

    def take_history(self, trades: Iterable[Trade]) -> None:
        """These were asked for by REST."""
        for trade in trades:
            if trade.trade_id is not None:
                self._put(
                    *(trade.timestamp_ms * 1_000, trade.trade_id, trade.price, trade.quantity),
                    is_buyer_maker=trade.is_buyer_maker,
                )

    def newest(self) -> list[Print]:
        """The last trades, newest first."""
        if self._sorted is None:
            self._sorted = sorted(self._prints.values(), reverse=True)[:TRADES_MAX]
            self._prints = {each.trade_id: each for each in self._sorted}
        return self._sorted

    def _put(self, time_us: int, trade_id: int, price: Decimal, quantity: Decimal, *, is_buyer_maker: bool) -> None:
        taker = Side.ASK if is_buyer_maker else Side.BID
        self._prints[trade_id] = Print(time_us, trade_id, price, quantity, taker)
        self._sorted = None
        # What nobody can see is forgotten now and then, so that a burst is no burden.
        if len(self._prints) > 4 * TRADES_MAX:
            self.newest()
