"""What was traded, as everyone may see it: recent trades, candles and statistics of every market."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

from haversack.exchange.engine.event import MarkChanged, TradePrinted
from haversack.exchange.listing import INDEX_SCALE, Listing, Scales
from haversack.exchange.views.bars import Bar, Chart
from haversack.exchange.views.candles import Candle, bounds_us, candle, candles
from haversack.exchange.views.spans import DAY_US, SECOND_US, WEEK_US
from haversack.exchange.views.window import Statistics, Window
from haversack.units import compact, from_time_us
from haversack.wire.enums import KlineInterval, KlinePriceType, TickerInterval
from haversack.wire.markets import GetKlines, Kline, Ticker
from haversack.wire.trades import Trade

TRADES_MAX = 1000
"""Per market (docs: the most that /trades answers)."""
PERCENT_DECIMALS = 6
_ONE = 10**PERCENT_DECIMALS


class _Market:
    """All that is remembered of one market."""

    __slots__ = ("charts", "quote_unit", "scales", "trades", "windows")

    def __init__(self, scales: Scales, quote_unit: int) -> None:
        self.scales = scales
        self.quote_unit = quote_unit
        self.trades: deque[tuple[TradePrinted, int]] = deque(maxlen=TRADES_MAX)
        self.charts = {kind: Chart() for kind in KlinePriceType}
        self.windows = {TickerInterval.DAY_1: Window(DAY_US), TickerInterval.WEEK_1: Window(WEEK_US)}

    def count(self, minute: Bar, piece: Bar) -> None:
        for window in self.windows.values():
            window.add(minute, piece)


class MarketPast(NamedTuple):
    """All that a tape knows of one market, copied at one moment."""

    symbol: str
    trades: list[tuple[TradePrinted, int]]
    bars: list[list[Bar]]
    """Seconds, minutes and hours of each kind of price."""


class Tape:
    """Everything that is public about the past, of all markets, in bounded memory.

    Time only goes forward here: a clock that was set back changes nothing until it has caught up.
    """

    def __init__(self, listing: Listing) -> None:
        self._now_us = 0
        self._markets = {symbol: _Market(listing.scales[symbol], rules.quote_unit) for symbol, rules in listing.rules.items()}

    def record(self, event: TradePrinted, *, now_us: int) -> None:
        """Take in a trade."""
        now_us = self._advance(now_us)
        market = self._markets[event.symbol]
        market.trades.append((event, now_us))
        price = event.price
        quote = price * event.quantity * market.quote_unit
        piece = Bar(now_us, price, price, price, price, event.quantity, quote, 1)  # fmt: skip
        market.count(market.charts[KlinePriceType.LAST].add(piece), piece)

    def record_mark(self, event: MarkChanged, now_us: int) -> None:
        """Take in a perpetual's mark and index."""
        now_us = self._advance(now_us)
        charts = self._markets[event.symbol].charts
        for kind, price in ((KlinePriceType.MARK, event.mark), (KlinePriceType.INDEX, event.index)):
            charts[kind].add(Bar(now_us, price, price, price, price, 0, 0, 0))

    def backfill(self, symbol: str, bars: Sequence[Bar]) -> None:
        """Give a new exchange a past: minutes, oldest first, before the first trade."""
        market = self._markets[symbol]
        for bar in bars:
            self._advance(bar.start_us)
            market.count(market.charts[KlinePriceType.LAST].add_minute(bar), bar)

    def dump(self) -> list[MarketPast]:
        """A copy of everything."""
        return [
            MarketPast(symbol, list(market.trades), [series.copy() for chart in market.charts.values() for series in chart.all])
            for symbol, market in self._markets.items()
        ]

    def load(self, past: Sequence[MarketPast], *, now_us: int) -> None:
        """Take up what another tape knew at this time."""
        self._advance(now_us)
        for symbol, trades, bars in past:
            market = self._markets[symbol]
            market.trades.extend(trades)
            every = [series for chart in market.charts.values() for series in chart.all]
            for series, known in zip(every, bars, strict=True):
                series.bars.extend(known)
            for minute in market.charts[KlinePriceType.LAST].all[1].bars:
                market.count(minute, minute)

    def recent_trades(self, symbol: str, limit: int) -> list[Trade]:
        """The newest trades, newest first."""
        return self.as_told(symbol, islice(reversed(self._markets[symbol].trades), max(0, limit)))

    def as_told(self, symbol: str, trades: Iterable[tuple[TradePrinted, int]]) -> list[Trade]:
        """Trades of a market as they are answered."""
        market = self._markets[symbol]
        return [_trade(*row, market) for row in trades]

    def klines(self, operation: GetKlines, *, now_us: int) -> list[Kline]:
        """Candles, oldest first; null prices where nothing happened. Of mark and index there is no volume."""
        now_us = self._advance(now_us)
        market, interval = self._markets[operation.symbol], KlineInterval(operation.interval)
        kind = KlinePriceType(operation.price_type or KlinePriceType.LAST)
        end_us = None if operation.end_time_s is None else _us(operation.end_time_s)
        from_us, to_us = bounds_us(interval, _us(operation.start_time_s), end_us, now_us=now_us)
        rows = candles(market.charts[kind].series(interval), interval, from_us=from_us, to_us=to_us)
        price_scale = INDEX_SCALE if kind is KlinePriceType.INDEX else market.scales.price_scale
        return [_kline(row, market.scales, price_scale) for row in rows]

    def candle(self, symbol: str, interval: KlineInterval, start_us: int) -> Candle:
        """The candle of traded prices that begins at this time."""
        return candle(self._markets[symbol].charts[KlinePriceType.LAST].series(interval), interval, start_us)

    def statistics(self, symbol: str, interval: TickerInterval, *, now_us: int) -> Statistics | None:
        """Of the last day or week; None if nothing was traded in it."""
        return self._markets[symbol].windows[interval].statistics(self._advance(now_us))

    def quote_volume(self, symbol: str) -> int:
        """What was traded of the quote asset as long as anything is remembered, which is 400 days, in its smallest units."""
        hours = self._markets[symbol].charts[KlinePriceType.LAST].all[2]
        return sum(bar.quote_volume for bar in hours.bars)

    def ticker(self, symbol: str, interval: TickerInterval, *, now_us: int) -> Ticker | None:
        """Statistics, as answered; None if nothing was traded in the window, even if there was before it (guess)."""
        statistics = self.statistics(symbol, interval, now_us=now_us)
        return _ticker(symbol, statistics, self._markets[symbol].scales) if statistics else None

    def tickers(self, interval: TickerInterval, *, now_us: int) -> list[Ticker]:
        """Statistics of every market that has any (recorded 2026-09: no row without a trade)."""
        found = (self.ticker(symbol, interval, now_us=now_us) for symbol in self._markets)
        return [ticker for ticker in found if ticker]

    def _advance(self, now_us: int) -> int:
        self._now_us = max(now_us, self._now_us)
        return self._now_us


def _us(time_s: object) -> int:
    assert isinstance(time_s, int), "an operation holds its times as numbers once it is built"
    return time_s * SECOND_US


def _trade(event: TradePrinted, time_us: int, market: _Market) -> Trade:
    scales = market.scales
    return Trade(
        trade_id=event.trade_id,
        price=scales.short_price(event.price),
        quantity=scales.short_quantity(event.quantity),
        quote_quantity=scales.short_notional(event.price * event.quantity * market.quote_unit),
        timestamp_ms=time_us // 1000,
        is_buyer_maker=event.is_buyer_maker,
    )


def _kline(row: Candle, scales: Scales, price_scale: int) -> Kline:
    bar, start, end = row.bar, _text(row.start_us), _text(row.end_us)
    if bar is None:
        return Kline(start_text=start, end_text=end, volume=Decimal(0), quote_volume=Decimal(0), trades_text="0")
    return Kline(
        start_text=start,
        end_text=end,
        open=compact(bar.open, price_scale),
        high=compact(bar.high, price_scale),
        low=compact(bar.low, price_scale),
        close=compact(bar.close, price_scale),
        volume=scales.short_quantity(bar.volume),
        quote_volume=scales.short_notional(bar.quote_volume),
        trades_text=str(bar.trades),
    )


def _ticker(symbol: str, statistics: Statistics, scales: Scales) -> Ticker:
    change = statistics.last - statistics.first
    return Ticker(
        symbol=symbol,
        first_price=scales.short_price(statistics.first),
        last_price=scales.short_price(statistics.last),
        high=scales.short_price(statistics.high),
        low=scales.short_price(statistics.low),
        price_change=scales.short_price(change),
        price_change_percent=compact(_rounded(change * _ONE, statistics.first), PERCENT_DECIMALS),
        volume=scales.short_quantity(statistics.volume),
        quote_volume=scales.short_notional(statistics.quote_volume),
        trades_text=str(statistics.trades),
    )


def _rounded(numerator: int, denominator: int) -> int:
    """The nearest whole number, of two the even one, as the exchange's decimals do."""
    whole, rest = divmod(numerator, denominator)
    is_above = 2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1)
    return whole + is_above


def _text(time_us: int) -> str:
    return from_time_us(time_us).strftime("%Y-%m-%d %H:%M:%S")
