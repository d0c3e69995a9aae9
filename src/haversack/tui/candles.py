"""The candles of one market in one length, from REST and from the stream: the stream's word counts, as it is the later one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from haversack.units import to_time_us
from haversack.wire.events import KlineEvent
from haversack.wire.markets import Kline

CANDLES_MAX = 500
INTERVALS_S = {"1m": 60, "5m": 300, "15m": 900, "1h": 3_600, "4h": 14_400, "1d": 86_400}
"""The lengths that can be chosen, shortest first, and how many seconds each takes."""


class Candle(NamedTuple):
    """One candle in which something was traded, or flat at the price before it."""

    start_us: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    """In the base asset."""

    @property
    def is_up(self) -> bool:
        """Whether it closed no lower than it opened."""
        return self.close >= self.open


class _Seen(NamedTuple):
    prices: tuple[Decimal, Decimal, Decimal, Decimal] | None
    """Open, high, low, close; None where nothing was traded."""
    volume: Decimal


class Candles:
    """Bounded, and in order whatever comes first."""

    def __init__(self) -> None:
        self._seen: dict[int, _Seen] = {}
        self._list: list[Candle] | None = []

    def take(self, event: KlineEvent) -> None:
        """A candle changed."""
        self._put(event.start, _seen(event.open, event.high, event.low, event.close, volume=event.volume))

    def take_history(self, klines: Iterable[Kline]) -> None:
        """These were asked for by REST. Of the newest the stream may have said more already, and a volume only grows."""
        for kline in klines:
            seen = _seen(kline.open, kline.high, kline.low, kline.close, volume=kline.volume)
            known = self._seen.get(to_time_us(kline.start))
            if known is None or seen.volume >= known.volume:
                self._put(kline.start, seen)

    def last(self, count: int) -> list[Candle]:
        """The newest so many, oldest first. Where nothing was traded a candle is flat at the close before it."""
        if self._list is None:
            self._list = self._joined()
        return self._list[-count:] if count > 0 else []

    def _put(self, start: datetime, seen: _Seen) -> None:
        self._seen[to_time_us(start)] = seen
        self._list = None

    def _joined(self) -> list[Candle]:
        newest = sorted(self._seen)[-CANDLES_MAX:]
        self._seen = {start_us: self._seen[start_us] for start_us in newest}
        candles: list[Candle] = []
        for start_us, (prices, volume) in self._seen.items():
            if prices is not None:
                candles.append(Candle(start_us, *prices, volume))
            elif candles:
                close = candles[-1].close
                candles.append(Candle(start_us, close, close, close, close, Decimal(0)))
        return candles


def _seen(*prices: Decimal | None, volume: Decimal | None) -> _Seen:
    known = [price for price in prices if price is not None]
    whole = (known[0], known[1], known[2], known[3]) if len(known) == 4 else None
    return _Seen(whole, volume or Decimal(0))
