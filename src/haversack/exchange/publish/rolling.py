"""What is told because time passes: tickers, open interest, candles that changed, and candles that closed.

All of them come at a fixed phase of the second.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from haversack.exchange.listing import Listing, Scales
from haversack.exchange.publish.outgoing import Beat, Outgoing, Wanted
from haversack.exchange.views.candles import Candle
from haversack.exchange.views.spans import SECOND_US, after_us, floor_us
from haversack.exchange.views.tape import Tape
from haversack.exchange.views.window import Statistics
from haversack.units import from_time_us, padded
from haversack.wire.enums import KlineInterval, TickerInterval
from haversack.wire.events import KlineEvent, OpenInterestEvent, TickerEvent
from haversack.wire.frames import write_frame

TICKER_PHASE_US = 548_000
"""Of the second (recorded 2026-09: 0.548 to 0.550)."""
OPEN_INTEREST_US = 60 * SECOND_US
"""Between two frames (observed 2026-09); at which second of the minute is unknown: at the full one here."""
KLINE_PHASE_US = 510_000
"""After a candle's end (recorded 2026-09: 0.5116), and of every second in which it changed (observed 2025-08: 0.526)."""
CLOSED_MAX = 100
"""Candles of one stream that are told as closed at once."""
KLINE_PRICE_DECIMALS, KLINE_VOLUME_DECIMALS = 9, 7
"""Prices and volumes of candles are padded to these (observed 2025-08; no later one with a trade is known)."""


class TickerStreams:
    """The `ticker` streams of all markets: every second, whether or not anything changed."""

    __slots__ = ("_beat", "_scales", "_streams", "_tape")

    def __init__(self, listing: Listing, tape: Tape) -> None:
        self._beat = Beat(SECOND_US, TICKER_PHASE_US)
        self._scales = listing.scales
        self._tape = tape
        self._streams = {symbol: f"ticker.{symbol}" for symbol in listing.scales}

    def due(self, now_us: int, wanted: Wanted) -> list[Outgoing]:
        """A frame for each market that traded within the day, if the second is over."""
        if self._beat.passed(now_us) is None:
            return []
        outgoing: list[Outgoing] = []
        for symbol, stream in self._streams.items():
            if wanted(stream, None):
                statistics = self._tape.statistics(symbol, TickerInterval.DAY_1, now_us=now_us)
                if statistics:
                    event = _ticker(symbol, statistics, self._scales[symbol], now_us)
                    outgoing.append(Outgoing(stream, None, write_frame(stream, event)))
        return outgoing

    def next_us(self, now_us: int) -> int:
        """When the next second is over."""
        return self._beat.next_us(now_us)


class OpenInterestStreams:
    """The `openInterest` streams of all perpetuals: every minute, whether or not anything changed."""

    __slots__ = ("_beat", "_open_interest", "_scales", "_streams")

    def __init__(self, listing: Listing, open_interest: Callable[[str], int]) -> None:
        self._beat = Beat(OPEN_INTEREST_US)
        self._open_interest = open_interest
        self._scales = listing.scales
        self._streams = {symbol: f"openInterest.{symbol}" for symbol, rules in listing.rules.items() if rules.is_perpetual}

    def due(self, now_us: int, wanted: Wanted) -> list[Outgoing]:
        """A frame for each perpetual, if the minute is over."""
        if self._beat.passed(now_us) is None:
            return []
        return [
            Outgoing(stream, None, write_frame(stream, self._event(symbol, now_us)))
            for symbol, stream in self._streams.items()
            if wanted(stream, None)
        ]

    def next_us(self, now_us: int) -> int:
        """When the next minute is over."""
        return self._beat.next_us(now_us)

    def _event(self, symbol: str, now_us: int) -> OpenInterestEvent:
        quantity = self._scales[symbol].short_quantity(self._open_interest(symbol))
        return OpenInterestEvent(event_us=now_us, open_interest=quantity, symbol=symbol)


class KlineStreams:
    """The `kline` streams of all markets and intervals.

    Closed candles are told before open ones, so that a listener never sees a candle change after its successor began.
    """

    __slots__ = ("_beat", "_changed", "_scales", "_streams", "_tape")

    def __init__(self, listing: Listing, tape: Tape) -> None:
        self._beat = Beat(SECOND_US, KLINE_PHASE_US)
        self._scales = listing.scales
        self._tape = tape
        self._changed: set[str] = set()
        self._streams = [
            (interval, [(symbol, f"kline.{interval.value}.{symbol}") for symbol in listing.scales]) for interval in KlineInterval
        ]

    def change(self, symbol: str) -> None:
        """Something was traded."""
        self._changed.add(symbol)

    def due(self, now_us: int, wanted: Wanted) -> list[Outgoing]:
        """Frames of the candles that closed or changed since the last second."""
        passed = self._beat.passed(now_us)
        if passed is None:
            return []
        before_us, moment_us = (moment_us - KLINE_PHASE_US for moment_us in passed)
        outgoing: list[Outgoing] = []
        for interval, streams in self._streams:
            closed = _closed(interval, before_us, moment_us)
            for symbol, stream in streams:
                if (closed or symbol in self._changed) and wanted(stream, None):
                    told = [(self._tape.candle(symbol, interval, start_us), True) for start_us in closed]
                    if symbol in self._changed:
                        told.append((self._tape.candle(symbol, interval, floor_us(interval, now_us)), False))
                    outgoing += self._frames(symbol, stream, told, now_us)
        self._changed.clear()
        return outgoing

    def next_us(self, now_us: int) -> int:
        """When the next second is over."""
        return self._beat.next_us(now_us)

    def _frames(self, symbol: str, stream: str, told: list[tuple[Candle, bool]], now_us: int) -> list[Outgoing]:
        scales = self._scales[symbol]
        return [
            Outgoing(stream, None, write_frame(stream, _kline(symbol, candle, scales, (now_us, is_closed))))
            for candle, is_closed in told
            if candle.bar or is_closed
        ]


def _closed(interval: KlineInterval, after: int, until: int) -> list[int]:
    """Beginnings of the candles that ended in a stretch of time; only the last ones if a clock was moved over very many."""
    starts: list[int] = []
    start_us = floor_us(interval, max(after, until - CLOSED_MAX * after_us(interval, 0)))
    while (end_us := after_us(interval, start_us)) <= until:
        starts.append(start_us)
        start_us = end_us
    return starts


def _ticker(symbol: str, statistics: Statistics, scales: Scales, now_us: int) -> TickerEvent:
    return TickerEvent(
        event_us=now_us,
        quote_volume=scales.short_notional(statistics.quote_volume),
        last_price=scales.short_price(statistics.last),
        high=scales.short_price(statistics.high),
        low=scales.short_price(statistics.low),
        trades=statistics.trades,
        first_price=scales.short_price(statistics.first),
        symbol=symbol,
        volume=scales.short_quantity(statistics.volume),
    )


def _kline(symbol: str, candle: Candle, scales: Scales, moment: tuple[int, bool]) -> KlineEvent:
    now_us, is_closed = moment
    bar, start, end = candle.bar, _text(candle.start_us), _text(candle.end_us)
    if bar is None:
        return KlineEvent(event_us=now_us, symbol=symbol, end_iso=end, is_closed=is_closed, trades=0, start_iso=start)
    open_, high, low, close = (
        _wide(price, scales.price_scale, KLINE_PRICE_DECIMALS) for price in (bar.open, bar.high, bar.low, bar.close)
    )
    return KlineEvent(
        event_us=now_us,
        symbol=symbol,
        end_iso=end,
        is_closed=is_closed,
        close=close,
        high=high,
        low=low,
        trades=bar.trades,
        open=open_,
        start_iso=start,
        volume=_wide(bar.volume, scales.quantity_scale, KLINE_VOLUME_DECIMALS),
    )


def _wide(units: int, scale: int, decimals: int) -> Decimal:
    return padded(units * 10 ** (decimals - scale), decimals) if scale < decimals else padded(units, scale)


def _text(time_us: int) -> str:
    return from_time_us(time_us).strftime("%Y-%m-%dT%H:%M:%S")
