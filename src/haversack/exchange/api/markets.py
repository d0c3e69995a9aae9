"""Assets, markets, books, prices, statistics and public trades."""

from __future__ import annotations

from msgspec import structs

from haversack.exchange.api.caller import Caller, invalid_symbol, unknown_symbol
from haversack.exchange.engine.event import MarkChanged
from haversack.exchange.listing import INDEX_SCALE, Scales
from haversack.exchange.messages import Refused
from haversack.units import compact
from haversack.wire.assets import Asset, CollateralParameters, GetAssets, GetCollateralParameters
from haversack.wire.enums import MarketType, OrderBookState, TickerInterval
from haversack.wire.markets import (
    Depth,
    GetDepth,
    GetKlines,
    GetMarket,
    GetMarkets,
    GetMarkPrices,
    GetOpenInterest,
    GetTicker,
    GetTickers,
    Kline,
    Market,
    MarkPrice,
    OpenInterest,
    Ticker,
)
from haversack.wire.trades import GetRecentTrades, Trade

_LEVELS_MAX = 5_000
_TRADES_DEFAULT = 100
_RATE_SCALE = 28


def assets(caller: Caller, _operation: GetAssets) -> list[Asset]:
    """All assets; the country filter is not known here and changes nothing."""
    return list(caller.venue.listing.assets.values())


def collateral(caller: Caller, _operation: GetCollateralParameters) -> list[CollateralParameters]:
    """How each asset would count as collateral."""
    return list(caller.venue.listing.collateral)


def markets(caller: Caller, operation: GetMarkets) -> list[Market]:
    """Markets of some types; spot and perpetual ones if none are named (documented)."""
    kinds = operation.market_type or (MarketType.SPOT, MarketType.PERP)
    listing = caller.venue.listing
    found = [_as_it_is(caller, market) for market in listing.markets.values() if market.market_type in kinds]
    return found + [each.market for each in listing.rfq_markets.values() if MarketType.RFQ in kinds]


def market(caller: Caller, operation: GetMarket) -> Market:
    """One market."""
    if (of_rfqs := caller.venue.listing.rfq_markets.get(operation.symbol)) is not None:
        return of_rfqs.market
    caller.check_symbol(operation.symbol, unknown_symbol())
    return _as_it_is(caller, caller.venue.listing.markets[operation.symbol])


def _as_it_is(caller: Caller, listed: Market) -> Market:
    """A market may have been opened or closed since it was listed."""
    state = caller.venue.engine.book_state(listed.symbol)
    return listed if listed.order_book_state == state else structs.replace(listed, order_book_state=state)


def depth(caller: Caller, operation: GetDepth) -> Depth:
    """The levels nearest the touch, ascending on both sides."""
    caller.check_symbol(operation.symbol, unknown_symbol())
    if _is_closed(caller, operation.symbol):
        # Observed 2026-09.
        raise Refused.by_rule("RESOURCE_NOT_FOUND", "Not Found", status=404)
    scales = caller.scales(operation.symbol)
    bids, asks, update_id = caller.venue.engine.depth(operation.symbol)
    levels_max = _LEVELS_MAX if operation.limit is None else int(operation.limit)
    return Depth(
        asks=[(scales.short_price(price), scales.short_quantity(quantity)) for price, quantity in asks[:levels_max]],
        bids=[(scales.short_price(price), scales.short_quantity(quantity)) for price, quantity in bids[-levels_max:]],
        last_update_id=str(update_id),
        timestamp_us=caller.venue.changed_us.get(operation.symbol, caller.now_us),
    )


def ticker(caller: Caller, operation: GetTicker) -> Ticker | None:
    """Statistics of one market; nothing (204) if it never traded."""
    caller.check_symbol(operation.symbol, invalid_symbol())
    interval = TickerInterval(operation.interval or TickerInterval.DAY_1)
    return caller.venue.tape.ticker(operation.symbol, interval, now_us=caller.now_us)


def tickers(caller: Caller, operation: GetTickers) -> list[Ticker]:
    """Statistics of every market that traded."""
    interval = TickerInterval(operation.interval or TickerInterval.DAY_1)
    found = (caller.venue.tape.ticker(symbol, interval, now_us=caller.now_us) for symbol in caller.venue.listing.markets)
    return [statistics for statistics in found if statistics is not None]


def klines(caller: Caller, operation: GetKlines) -> list[Kline]:
    """Candles."""
    caller.check_symbol(operation.symbol, invalid_symbol())
    return caller.venue.tape.klines(operation, now_us=caller.now_us)


def recent_trades(caller: Caller, operation: GetRecentTrades) -> list[Trade]:
    """The newest trades."""
    caller.check_symbol(operation.symbol, unknown_symbol())
    return caller.venue.tape.recent_trades(operation.symbol, operation.limit or _TRADES_DEFAULT)


def mark_prices(caller: Caller, operation: GetMarkPrices) -> list[MarkPrice]:
    """Mark, index and funding of perpetuals; of prediction markets the mark alone, if they are asked for."""
    found = [symbol for symbol in _perpetuals(caller, operation.symbol) if not _is_closed(caller, symbol)]
    if operation.symbol is not None and not found:
        raise Refused.as_invalid("Symbol not found")
    kind = operation.market_type or (MarketType.PERP if operation.symbol is None else None)
    listed = caller.venue.listing.markets
    rows = (_mark_price(caller, symbol) for symbol in found if kind in (None, listed[symbol].market_type))
    return [row for row in rows if row is not None]


def open_interest(caller: Caller, operation: GetOpenInterest) -> list[OpenInterest]:
    """What is held open, in the base asset; a spot market has none."""
    if operation.symbol is not None:
        caller.check_symbol(operation.symbol, invalid_symbol())
    return [
        OpenInterest(
            symbol=symbol,
            open_interest=caller.scales(symbol).short_quantity(caller.venue.engine.open_interest(symbol)),
            timestamp_ms=caller.now_ms,
        )
        for symbol in _perpetuals(caller, operation.symbol)
    ]


def _is_closed(caller: Caller, symbol: str) -> bool:
    return caller.venue.engine.book_state(symbol) is OrderBookState.CLOSED


def _perpetuals(caller: Caller, symbol: str | None) -> list[str]:
    rules = caller.venue.listing.rules.values()
    return [rule.symbol for rule in rules if rule.is_perpetual and symbol in (None, rule.symbol)]


def _mark_price(caller: Caller, symbol: str) -> MarkPrice | None:
    """None before there is any price."""
    engine, scales = caller.venue.engine, caller.scales(symbol)
    if not caller.venue.listing.rules[symbol].has_index:
        units = engine.mark_price(symbol)
        return None if units is None else MarkPrice(symbol=symbol, mark_price=scales.short_price(units))
    mark = engine.mark(symbol)
    return None if mark is None else _of_perpetual(mark, scales)


def _of_perpetual(mark: MarkChanged, scales: Scales) -> MarkPrice:
    return MarkPrice(
        symbol=mark.symbol,
        mark_price=scales.short_price(mark.mark),
        index_price=compact(mark.index, INDEX_SCALE),
        funding_rate=compact(mark.funding_rate_e28, _RATE_SCALE),
        next_funding_ms=mark.next_funding_ms,
    )


ROUTES = (
    GetAssets.served_by(assets),
    GetCollateralParameters.served_by(collateral),
    GetMarkets.served_by(markets),
    GetMarket.served_by(market),
    GetDepth.served_by(depth),
    GetTicker.served_by(ticker),
    GetTickers.served_by(tickers),
    GetKlines.served_by(klines),
    GetRecentTrades.served_by(recent_trades),
    GetMarkPrices.served_by(mark_prices),
    GetOpenInterest.served_by(open_interest),
)
