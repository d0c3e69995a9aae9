"""What the streams carry. Times are microseconds unless a name says otherwise; prices and quantities keep their decimals."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from msgspec import Raw, field

from haversack.wire.base import StreamEvent, moment_of_iso, moment_of_ms, moment_of_us
from haversack.wire.enums import (
    ExpiryReason,
    OpenEnum,
    OrderEvent,
    OrderStatus,
    SelfTradePrevention,
    Side,
    TimeInForce,
    TriggerBy,
    UpdateOrigin,
)
from haversack.wire.events_rfq import RfqUpdate
from haversack.wire.markets import Level


class DepthUpdate(StreamEvent, frozen=True, kw_only=True, tag_field="e", tag="depth"):
    """Levels that changed since the last message (docs: Depth). A quantity of 0 means that the level is gone.

    Streams: `depth.<symbol>`, and aggregated `depth.200ms.<symbol>`, `depth.600ms.`, `depth.1000ms.`.
    """

    event_us: int = field(name="E")
    engine_us: int = field(name="T")
    first_update_id: int = field(name="U")
    """One more than the last message's `last_update_id`, or something was missed."""
    last_update_id: int = field(name="u")
    asks: list[Level] = field(name="a")
    bids: list[Level] = field(name="b")
    symbol: str = field(name="s")

    @property
    def time(self) -> datetime:
        """When the matching engine made the last of the changes, UTC."""
        return moment_of_us(self.engine_us)


class TradeEvent(StreamEvent, frozen=True, kw_only=True, tag_field="e", tag="trade"):
    """One match, as the public sees it (docs: Trade). Stream: `trade.<symbol>`."""

    event_us: int = field(name="E")
    engine_us: int = field(name="T")
    """A whole number of milliseconds (observed 2026-09)."""
    seller_order_id: str = field(name="a")
    buyer_order_id: str = field(name="b")
    is_buyer_maker: bool = field(name="m")
    price: Decimal = field(name="p")
    quantity: Decimal = field(name="q")
    symbol: str = field(name="s")
    trade_id: int = field(name="t")

    @property
    def time(self) -> datetime:
        """When it happened, UTC."""
        return moment_of_us(self.engine_us)


class BookTicker(StreamEvent, frozen=True, kw_only=True, tag_field="e", tag="bookTicker"):
    """Best bid and best ask, whenever one of them changes (docs: Book ticker). Stream: `bookTicker.<symbol>`."""

    written_as_null = ("A", "B", "a", "b")

    ask_quantity: Decimal | None = field(name="A", default=None)
    bid_quantity: Decimal | None = field(name="B", default=None)
    event_us: int = field(name="E")
    engine_us: int = field(name="T")
    ask: Decimal | None = field(name="a", default=None)
    """None while nobody offers (observed 2026-09)."""
    bid: Decimal | None = field(name="b", default=None)
    symbol: str = field(name="s")
    update_id: int | str = field(name="u")
    """In the numbers of the depth stream; a string in the documentation, a number on the wire (observed 2026-09)."""

    @property
    def time(self) -> datetime:
        """When the matching engine made the change, UTC."""
        return moment_of_us(self.engine_us)


class TickerEvent(StreamEvent, frozen=True, kw_only=True, tag_field="e", tag="ticker"):
    """Statistics of the last 24 hours, once a second (docs: Ticker). Stream: `ticker.<symbol>`."""

    event_us: int = field(name="E")
    quote_volume: Decimal = field(name="V")
    last_price: Decimal = field(name="c")
    high: Decimal = field(name="h")
    low: Decimal = field(name="l")
    trades: int = field(name="n")
    first_price: Decimal = field(name="o")
    symbol: str = field(name="s")
    volume: Decimal = field(name="v")
    """In the base asset."""

    @property
    def time(self) -> datetime:
        """When the exchange sent it, UTC."""
        return moment_of_us(self.event_us)


class KlineEvent(StreamEvent, frozen=True, kw_only=True, tag_field="e", tag="kline"):
    """A candle that changed, at most once a second, and once more when it closes (docs: K-Line).

    Stream: `kline.<interval>.<symbol>`. Prices and volume are null where nothing traded (observed 2026-09).
    """

    wire_order = ("E", "e", "s", "T", "X", "c", "h", "l", "n", "o", "t", "v")
    written_as_null = ("c", "h", "l", "o", "v")

    event_us: int = field(name="E")
    symbol: str = field(name="s")
    end_iso: str = field(name="T")
    """UTC without saying so, like `start_iso`."""
    is_closed: bool = field(name="X")
    close: Decimal | None = field(name="c", default=None)
    high: Decimal | None = field(name="h", default=None)
    low: Decimal | None = field(name="l", default=None)
    trades: int = field(name="n")
    open: Decimal | None = field(name="o", default=None)
    start_iso: str = field(name="t")
    volume: Decimal | None = field(name="v", default=None)

    @property
    def time(self) -> datetime:
        """When it was sent, UTC."""
        return moment_of_us(self.event_us)

    @property
    def start(self) -> datetime:
        """First moment of the candle, UTC."""
        return moment_of_iso(self.start_iso)

    @property
    def end(self) -> datetime:
        """First moment after the candle, UTC."""
        return moment_of_iso(self.end_iso)


class MarkPriceEvent(StreamEvent, frozen=True, kw_only=True, tag_field="e", tag="markPrice"):
    """Mark and index price, once a second (docs: Mark price). Stream: `markPrice.<symbol>`."""

    event_us: int = field(name="E")
    engine_us: int = field(name="T")
    funding_rate: Decimal | None = field(name="f", default=None)
    """Predicted for the running interval, as a fraction; None for prediction markets, like the two that follow."""
    index_price: Decimal | None = field(name="i", default=None)
    next_funding_ms: int | None = field(name="n", default=None)
    mark_price: Decimal = field(name="p")
    symbol: str = field(name="s")

    @property
    def time(self) -> datetime:
        """When the matching engine computed it, UTC."""
        return moment_of_us(self.engine_us)

    @property
    def next_funding(self) -> datetime | None:
        """When funding is paid next, UTC."""
        return None if self.next_funding_ms is None else moment_of_ms(self.next_funding_ms)


class OpenInterestEvent(StreamEvent, frozen=True, kw_only=True, tag_field="e", tag="openInterest"):
    """How much is open in one market, every 60 seconds (docs: Open interest). Stream: `openInterest.<symbol>`."""

    event_us: int = field(name="E")
    open_interest: Decimal = field(name="o")
    """In contracts, which are units of the base asset."""
    symbol: str = field(name="s")

    @property
    def time(self) -> datetime:
        """When the exchange sent it, UTC."""
        return moment_of_us(self.event_us)


class LiquidationEvent(StreamEvent, frozen=True, kw_only=True, tag_field="e", tag="liquidation"):
    """A liquidation of any kind, of anybody (docs: Liquidation).

    Streams: `liquidation`, of all markets, or `liquidation.<symbol>`. The documentation had the first form and later the second
    (observed 2026-09); which of them speaks is not certain.
    """

    event_us: int = field(name="E")
    side: Side = field(name="S")
    engine_us: int = field(name="T")
    price: Decimal = field(name="p")
    quantity: Decimal = field(name="q")
    symbol: str = field(name="s")

    @property
    def time(self) -> datetime:
        """When the matching engine did it, UTC."""
        return moment_of_us(self.engine_us)


class ExternalTickerEvent(StreamEvent, frozen=True, kw_only=True, tag_field="e", tag="externalTicker"):
    """Statistics of a stock's last 24 hours from the provider of its prices, not from trades made here (documented 2026-10).

    Stream: `externalTicker.<symbol>`, with the symbol of a spot market such as `MSFT.US_USDC`. Its keys are those of `ticker`
    (observed 2026-10); how often it comes, and whether all of them always come, is not documented.
    """

    event_us: int = field(name="E")
    quote_volume: Decimal | None = field(name="V", default=None)
    last_price: Decimal | None = field(name="c", default=None)
    high: Decimal | None = field(name="h", default=None)
    low: Decimal | None = field(name="l", default=None)
    trades: int | None = field(name="n", default=None)
    first_price: Decimal | None = field(name="o", default=None)
    symbol: str = field(name="s")
    volume: Decimal | None = field(name="v", default=None)
    """In shares."""

    @property
    def time(self) -> datetime:
        """When the exchange sent it, UTC."""
        return moment_of_us(self.event_us)


class StockPriceEvent(StreamEvent, frozen=True, kw_only=True, tag_field="e", tag="stockPrice"):
    """What a stock costs elsewhere (documented 2026-10). Stream: `stockPrice.<ticker>`, with the bare ticker, such as `AAPL`.

    Its keys are words and its time is in milliseconds, unlike those of all other events.
    """

    written_as_null = ("ask", "bid", "session")

    event_us: int | None = field(name="E", default=None)
    """Nobody has said that it comes; the same of `engine_us`."""
    engine_us: int | None = field(name="T", default=None)
    ask: Decimal | None = None
    bid: Decimal | None = None
    mid: Decimal
    session: str | None = None
    """Name of the running session, such as `US_EQUITIES_REGULAR`; None while there is none (observed 2026-10)."""
    symbol: str
    """The ticker: `AAPL`, not `AAPL.US_USDC`."""
    timestamp_ms: int = field(name="timestamp")

    @property
    def time(self) -> datetime:
        """When the source of the prices had them, UTC."""
        return moment_of_ms(self.timestamp_ms)


class OrderUpdate(StreamEvent, frozen=True, kw_only=True):
    """Something happened to one of your orders (docs: Order update).

    Streams: `account.orderUpdate`, `account.orderUpdate.<symbol>`. A refused order makes none.
    """

    written_as_null = ("t",)

    event: OrderEvent | None = field(name="e", default=None)
    event_us: int = field(name="E")
    engine_us: int = field(name="T")
    symbol: str = field(name="s")
    order_id: str = field(name="i")
    client_id: int | None = field(name="c", default=None)
    side: Side = field(name="S")
    order_type: str = field(name="o")
    """`LIMIT` or `MARKET`: upper case here alone."""
    time_in_force: TimeInForce = field(name="f")
    status: OrderStatus = field(name="X")
    price: Decimal | None = field(name="p", default=None)
    quantity: Decimal | None = field(name="q", default=None)
    quote_quantity: Decimal | None = field(name="Q", default=None)
    """Limit orders: price times quantity (observed 2026-09)."""
    executed_quantity: Decimal = field(name="z")
    executed_quote_quantity: Decimal = field(name="Z")
    fill_price: Decimal | None = field(name="L", default=None)
    """This and the next four: of this fill alone."""
    fill_quantity: Decimal | None = field(name="l", default=None)
    fee: Decimal | None = field(name="n", default=None)
    fee_symbol: str | None = field(name="N", default=None)
    is_maker: bool | None = field(name="m", default=None)
    trade_id: int | None = field(name="t", default=None)
    expiry_reason: ExpiryReason | None = field(name="R", default=None)
    self_trade_prevention: SelfTradePrevention = field(name="V")
    origin: UpdateOrigin = field(name="O")
    post_only: bool | None = field(name="y", default=None)
    """Since 2026."""
    reduce_only: bool = field(name="r")
    related_order: str | int | None = field(name="I", default=None)
    """A string in the documentation, a number to the exchange's own client; `related_order_id` is the string."""
    strategy_id: str | int | None = field(name="H", default=None)
    trigger_price: Decimal | None = field(name="P", default=None)
    trigger_by: TriggerBy | None = field(name="B", default=None)
    trigger_quantity: str | None = field(name="Y", default=None)
    take_profit_trigger_price: Decimal | None = field(name="a", default=None)
    take_profit_trigger_by: TriggerBy | None = field(name="d", default=None)
    take_profit_limit_price: Decimal | None = field(name="j", default=None)
    stop_loss_trigger_price: Decimal | None = field(name="b", default=None)
    stop_loss_trigger_by: TriggerBy | None = field(name="g", default=None)
    stop_loss_limit_price: Decimal | None = field(name="k", default=None)

    @property
    def related_order_id(self) -> str | None:
        """The order that this one came from or stands in for, by the exchange's id."""
        return None if self.related_order is None else str(self.related_order)

    @property
    def time(self) -> datetime:
        """When the matching engine did it, UTC."""
        return moment_of_us(self.engine_us)


class PositionEvent(OpenEnum):
    """What happened to a position."""

    ADJUSTED = "positionAdjusted"
    OPENED = "positionOpened"
    CLOSED = "positionClosed"


class PositionUpdate(StreamEvent, frozen=True, kw_only=True):
    """One of your positions as it is now (docs: Position update).

    Streams: `account.positionUpdate`, `account.positionUpdate.<symbol>`. A subscription first brings one for each position that
    is open, and none if there is no position.
    """

    event: PositionEvent | None = field(name="e", default=None)
    """None in what a subscription brings first."""
    entry_price: Decimal = field(name="B")
    event_us: int = field(name="E")
    mark_price: Decimal = field(name="M")
    pnl_unrealized: Decimal = field(name="P")
    net_exposure_quantity: Decimal = field(name="Q")
    """With what open orders could add to it."""
    engine_us: int = field(name="T")
    break_even_price: Decimal = field(name="b")
    imf: Decimal = field(name="f")
    """Initial margin fraction: 0.02 is a leverage of at most 50."""
    position_id: int | str = field(name="i")
    """A string in the documentation, a number on the wire (observed 2026-01); a string in REST."""
    est_liquidation_price: Decimal | None = field(name="l", default=None)
    """Always 0, and it may vanish (docs: 2026-10); the estimate stands in the positions that REST gives."""
    mmf: Decimal = field(name="m")
    """Maintenance margin fraction."""
    net_exposure_notional: Decimal = field(name="n")
    """In the quote asset, at the mark price."""
    pnl_realized: Decimal = field(name="p")
    net_quantity: Decimal = field(name="q")
    """In the base asset: long above zero, short below."""
    symbol: str = field(name="s")

    @property
    def is_snapshot(self) -> bool:
        """Whether it tells how things stood at the subscription, and nothing happened."""
        return self.event is None

    @property
    def time(self) -> datetime:
        """When the matching engine said so, UTC."""
        return moment_of_us(self.engine_us)


class BalanceUpdate(StreamEvent, frozen=True, kw_only=True, tag_field="e", tag="balanceUpdate"):
    """What you now have of one asset (documented 2026-10). Stream: `account.balanceUpdate`, for all assets."""

    available: Decimal = field(name="A")
    event_us: int = field(name="E")
    locked: Decimal = field(name="L")
    staked: Decimal = field(name="S")
    engine_us: int = field(name="T")
    asset: str = field(name="a")

    @property
    def time(self) -> datetime:
        """When the matching engine changed it, UTC."""
        return moment_of_us(self.engine_us)


class RawEvent(StreamEvent, frozen=True, kw_only=True):
    """A payload that no type here fits: of a stream that is not typed yet, or of a form that is newer than this package."""

    payload: Raw
    """The JSON of it, as it came."""


Event: TypeAlias = (
    DepthUpdate
    | TradeEvent
    | BookTicker
    | TickerEvent
    | KlineEvent
    | MarkPriceEvent
    | OpenInterestEvent
    | LiquidationEvent
    | ExternalTickerEvent
    | StockPriceEvent
    | OrderUpdate
    | PositionUpdate
    | RfqUpdate
    | BalanceUpdate
    | RawEvent
)

EVENT_TYPES: dict[str, type[StreamEvent]] = {
    "depth": DepthUpdate,
    "trade": TradeEvent,
    "bookTicker": BookTicker,
    "ticker": TickerEvent,
    "kline": KlineEvent,
    "markPrice": MarkPriceEvent,
    "openInterest": OpenInterestEvent,
    "liquidation": LiquidationEvent,
    "externalTicker": ExternalTickerEvent,
    "stockPrice": StockPriceEvent,
    "account.orderUpdate": OrderUpdate,
    "account.positionUpdate": PositionUpdate,
    "account.rfqUpdate": RfqUpdate,
    "account.balanceUpdate": BalanceUpdate,
}
"""By the beginning of a stream's name. What is not here comes as a RawEvent: of `stockIndicativeQuote` not all keys are known."""
