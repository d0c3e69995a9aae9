"""Markets and their rules, books, prices and statistics."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, TypeAlias

from msgspec import UNSET, UnsetType, field

from haversack.wire import rules
from haversack.wire.base import Answer, BySymbol, MaybeBySymbol, Operation, moment_of_iso, moment_of_ms, moment_of_us
from haversack.wire.enums import MarketType, OrderBookState, RwaMarketType
from haversack.wire.inputs import (
    DepthLimitLike,
    KlineIntervalLike,
    KlinePriceTypeLike,
    MarketTypeLike,
    MarketTypesLike,
    Number,
    SideLike,
    TickerIntervalLike,
    TimeS,
)
from haversack.wire.orders import PlaceOrder

Level: TypeAlias = tuple[Decimal, Decimal]
"""Price and quantity."""


class PriceBand(Answer, frozen=True, kw_only=True):
    """Multipliers around some mean price."""

    max_multiplier: Decimal
    min_multiplier: Decimal


class PremiumBand(Answer, frozen=True, kw_only=True):
    """How far the premium may move from its mean; 0.05 means five percentage points."""

    tolerance_pct: Decimal


class PriceFilter(Answer, frozen=True, kw_only=True):
    """Price rules of a book (docs: PriceFilter; discoveryBoundBand observed 2026-09)."""

    tick_size: Decimal
    """Prices are multiples of it."""
    min_price: Decimal
    max_price: Decimal | None = None
    max_multiplier: Decimal | None = None
    """A limit price may be at most this times the active price, the median of best bid, best ask and last."""
    min_multiplier: Decimal | None = None
    max_impact_multiplier: Decimal | None = None
    """How far above the best ask a buy may reach."""
    min_impact_multiplier: Decimal | None = None
    mean_mark_price_band: PriceBand | None = None
    """Bounds of fills around the five-minute mean of the mark price."""
    mean_premium_band: PremiumBand | None = None
    borrow_entry_fee_max_multiplier: Decimal | None = None
    borrow_entry_fee_min_multiplier: Decimal | None = None
    discovery_bound_band: PriceBand | UnsetType | None = UNSET
    """UNSET in answers from before 2026, like the two that follow."""
    max_price_update_multiplier: Decimal | UnsetType | None = UNSET
    min_price_update_multiplier: Decimal | UnsetType | None = UNSET


class QuantityFilter(Answer, frozen=True, kw_only=True):
    """Quantity rules of a book, in the base asset (docs: QuantityFilter)."""

    min_quantity: Decimal
    max_quantity: Decimal | None = None
    step_size: Decimal


class Filters(Answer, frozen=True, kw_only=True):
    """What an order's price and quantity must keep to (docs: OrderBookFilters)."""

    price: PriceFilter
    quantity: QuantityFilter


class MarginFunction(Answer, frozen=True, kw_only=True):
    """Margin fraction of a position: the larger of `base` and `factor * sqrt(notional)` (docs: PositionImfFunction)."""

    base: Decimal
    factor: Decimal
    type: str
    """`sqrt`, the only one documented."""


class Market(Answer, frozen=True, kw_only=True):
    """A market and its rules (docs: Market)."""

    symbol: str
    base_symbol: str
    quote_symbol: str
    market_type: MarketType
    filters: Filters
    imf_function: MarginFunction | None = None
    mmf_function: MarginFunction | None = None
    funding_interval_ms: int | None = field(name="fundingInterval", default=None)
    """Stale on some spot markets (observed 2026-09): it means nothing there."""
    funding_rate_upper_bound: Decimal | None = None
    """In basis points per interval."""
    funding_rate_lower_bound: Decimal | None = None
    open_interest_limit: Decimal | None = None
    order_book_state: OrderBookState
    created_iso: str = field(name="createdAt")
    """Without a zone; it is UTC."""
    visible: bool | UnsetType = UNSET
    """UNSET in answers from before 2026, like the two that follow."""
    position_limit_weight: Decimal | UnsetType | None = UNSET
    rwa_market_type: RwaMarketType | UnsetType | None = UNSET

    @property
    def funding_interval(self) -> timedelta | None:
        """The same as a length of time."""
        return None if self.funding_interval_ms is None else timedelta(milliseconds=self.funding_interval_ms)

    @property
    def created_at(self) -> datetime:
        """When the market was made, UTC."""
        return moment_of_iso(self.created_iso)

    def round_price(self, price: Number, side: SideLike) -> Decimal:
        """The price on the tick: down for a Bid and up for an Ask, so that no more is given than was asked for.

        Errors: RuleBroken if that is outside the market's minimum and maximum price.
        """
        return rules.round_price(self, price, side)

    def round_quantity(self, quantity: Number) -> Decimal:
        """The quantity on the step, downwards.

        Errors: RuleBroken if that is below the market's minimum quantity, or above its maximum.
        """
        return rules.round_quantity(self, quantity)

    def impact_limit(self, side: SideLike, best_price: Number) -> Decimal | None:
        """The furthest price at which an order that takes is filled; None if there is no limit. What is left then expires.

        `best_price` is the best ask for a Bid, and the best bid for an Ask.
        """
        return rules.impact_limit(self, side, best_price)

    def problems(
        self,
        order: PlaceOrder,
        *,
        best_bid: Number | None = None,
        best_ask: Number | None = None,
        last_price: Number | None = None,
        active_price: Number | None = None,
    ) -> list[rules.RuleBroken]:
        """All rules of this market that an order breaks, in the order in which the exchange checks them.

        Prices of the moment are optional. With all three, or with the active price that is their median, the price band is
        checked; with the best price of the other side, whether a post-only order would take.
        """
        references = rules.References.of(best_bid, best_ask, last_price, active_price=active_price)
        return rules.problems(self, order, references)

    def validate(
        self,
        order: PlaceOrder,
        *,
        best_bid: Number | None = None,
        best_ask: Number | None = None,
        last_price: Number | None = None,
        active_price: Number | None = None,
    ) -> PlaceOrder:
        """The same order, if it breaks none of this market's rules. The prices of the moment are those of `problems`.

        Errors: RuleBroken says the first rule that is broken, and has the others in `others`.
        """
        references = rules.References.of(best_bid, best_ask, last_price, active_price=active_price)
        rules.refuse(rules.problems(self, order, references))
        return order


class GetMarkets(Operation[list[Market]], frozen=True, kw_only=True):
    """All markets with their rules.

    Source: GET /api/v1/markets (get_markets). Public.
    """

    method, path = "GET", "/api/v1/markets"

    market_type: MarketTypesLike | None = None
    """Spot and perpetual markets if not sent."""


class GetMarket(BySymbol[Market], frozen=True):
    """One market with its rules.

    Source: GET /api/v1/market (get_market). Public. Errors: INVALID_CLIENT_REQUEST for an unknown symbol.
    """

    method, path = "GET", "/api/v1/market"


class Depth(Answer, frozen=True, kw_only=True):
    """Price levels of one book, both sides ascending: the best ask is the first, the best bid is the last (docs: Depth)."""

    asks: list[Level]
    bids: list[Level]
    last_update_id: str
    """The update that the levels are as of; the depth stream continues with the next number."""
    timestamp_us: int = field(name="timestamp")

    @property
    def best_bid(self) -> Level | None:
        """Price and quantity of the highest bid; None if there is none."""
        return self.bids[-1] if self.bids else None

    @property
    def best_ask(self) -> Level | None:
        """Price and quantity of the lowest ask; None if there is none."""
        return self.asks[0] if self.asks else None

    @property
    def time(self) -> datetime:
        """When the matching engine wrote it, UTC."""
        return moment_of_us(self.timestamp_us)


class GetDepth(BySymbol[Depth], frozen=True, kw_only=True):
    """Price levels of one book, both sides ascending: the best bid is the last.

    Source: GET /api/v1/depth (get_depth). Public. Errors: INVALID_CLIENT_REQUEST for an unknown symbol,
    RESOURCE_NOT_FOUND for a closed market.
    """

    method, path = "GET", "/api/v1/depth"

    limit: DepthLimitLike | None = None
    """Levels per side, nearest the touch; all, at most 5,000, if not sent (observed 2026-09)."""


class MarkPrice(Answer, frozen=True, kw_only=True):
    """Mark, index and funding of one market (docs: MarkPrice)."""

    symbol: str
    mark_price: Decimal
    index_price: Decimal | None = None
    """Null where the market is no perpetual, like the two that follow."""
    funding_rate: Decimal | None = None
    """Of the running interval, as a fraction: 0.0001 is one basis point."""
    next_funding_ms: int | None = field(name="nextFundingTimestamp", default=None)

    @property
    def next_funding(self) -> datetime | None:
        """When the running interval ends, UTC."""
        return None if self.next_funding_ms is None else moment_of_ms(self.next_funding_ms)


class GetMarkPrices(MaybeBySymbol[list[MarkPrice]], frozen=True, kw_only=True):
    """Mark and index prices with funding rates, of one market or of all.

    Source: GET /api/v1/markPrices (get_mark_prices). Public; a list even for one symbol, in no order.
    Errors: INVALID_CLIENT_REQUEST for an unknown symbol.
    """

    method, path = "GET", "/api/v1/markPrices"

    market_type: MarketTypeLike | None = None
    """Perpetuals if not sent."""


class OpenInterest(Answer, frozen=True, kw_only=True):
    """How much is held open in one market, in the base asset (docs: OpenInterest)."""

    symbol: str
    open_interest: Decimal | None = None
    timestamp_ms: int = field(name="timestamp")

    @property
    def time(self) -> datetime:
        """When it was counted, UTC."""
        return moment_of_ms(self.timestamp_ms)


class GetOpenInterest(MaybeBySymbol[list[OpenInterest]], frozen=True):
    """Open interest of one market, or of all; a list even for one.

    Source: GET /api/v1/openInterest (get_open_interest). Public.
    """

    method, path = "GET", "/api/v1/openInterest"


class Ticker(Answer, frozen=True, kw_only=True):
    """Statistics of the last day or week (docs: Ticker)."""

    symbol: str
    first_price: Decimal
    last_price: Decimal
    high: Decimal
    low: Decimal
    price_change: Decimal
    price_change_percent: Decimal
    """A fraction in spite of its name: -0.029 is 2.9 percent down (observed 2026-09)."""
    volume: Decimal
    """In the base asset."""
    quote_volume: Decimal
    trades_text: str = field(name="trades")
    """A count, sent as a string (observed 2026-09); `trades` is the number."""

    @property
    def trades(self) -> int:
        """How many trades."""
        return int(self.trades_text)


class GetTicker(BySymbol[Ticker | None], frozen=True, kw_only=True):
    """Statistics of one market; None if it never traded.

    Source: GET /api/v1/ticker (get_ticker). Public. Errors: INVALID_SYMBOL for an unknown symbol.
    """

    method, path = "GET", "/api/v1/ticker"

    interval: TickerIntervalLike | None = None
    """One day if not sent."""
    source: Literal["External"] | None = None
    """Prices from outside, for stock markets (documented 2026-10)."""


class GetTickers(Operation[list[Ticker]], frozen=True, kw_only=True):
    """Statistics of every market, in no order.

    Source: GET /api/v1/tickers (get_tickers). Public.
    """

    method, path = "GET", "/api/v1/tickers"

    interval: TickerIntervalLike | None = None
    """One day if not sent."""
    source: Literal["External"] | None = None


class Kline(Answer, frozen=True, kw_only=True):
    """One candle (docs: Kline). Prices are null where nothing traded (observed 2026-09)."""

    start_text: str = field(name="start")
    """`2026-09-01 16:52:00`, UTC without saying so."""
    end_text: str = field(name="end")
    """The first moment that is no longer in it."""
    open: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    close: Decimal | None = None
    volume: Decimal
    """In the base asset."""
    quote_volume: Decimal
    trades_text: str = field(name="trades")
    """A count, sent as a string (observed 2026-09); `trades` is the number."""

    @property
    def trades(self) -> int:
        """How many trades."""
        return int(self.trades_text)

    @property
    def start(self) -> datetime:
        """First moment of the candle, UTC."""
        return moment_of_iso(self.start_text)

    @property
    def end(self) -> datetime:
        """First moment after the candle, UTC."""
        return moment_of_iso(self.end_text)


class GetKlines(BySymbol[list[Kline]], frozen=True, kw_only=True):
    """Candles of a market, oldest first: they begin in or after the minute of `start_time_s`, and before that of `end_time_s`.

    A thousand at most or so; `markets.each_kline` brings more.

    Source: GET /api/v1/klines (get_klines). Public; 30 requests a minute. Errors: INVALID_SYMBOL for an unknown symbol.
    """

    method, path, is_historical = "GET", "/api/v1/klines", True

    interval: KlineIntervalLike
    start_time_s: TimeS = field(name="startTime")
    """Seconds since 1970, or a datetime."""
    end_time_s: TimeS | None = field(name="endTime", default=None)
    """Now if not sent."""
    price_type: KlinePriceTypeLike | None = None
    """Last traded price if not sent."""
    source: Literal["External"] | None = None
    """Prices from outside, for stock markets (documented 2026-10)."""
