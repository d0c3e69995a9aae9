"""Backpack Exchange for Python: a typed client, blocking and async, and an exchange that runs on your own machine.

The names below are imported when they are first used, so that `import haversack` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # isort: off
    from haversack.client.aio import AsyncClient as AsyncClient
    from haversack.client.blocking import Client as Client
    from haversack.clock import Clock as Clock, ManualClock as ManualClock, SystemClock as SystemClock
    from haversack.credentials import Credentials as Credentials, Secret as Secret
    from haversack.errors import (
        ApiError as ApiError,
        ConnectFailed as ConnectFailed,
        Forbidden as Forbidden,
        HaversackError as HaversackError,
        InexactNumber as InexactNumber,
        InsufficientFunds as InsufficientFunds,
        InsufficientMargin as InsufficientMargin,
        InvalidCredentials as InvalidCredentials,
        InvalidOrder as InvalidOrder,
        InvalidRequest as InvalidRequest,
        InvalidSymbol as InvalidSymbol,
        Maintenance as Maintenance,
        MissingCredentials as MissingCredentials,
        NotFound as NotFound,
        OrderLimit as OrderLimit,
        OutcomeUnknown as OutcomeUnknown,
        ProtocolError as ProtocolError,
        RedirectRefused as RedirectRefused,
        RequestFailed as RequestFailed,
        ServerError as ServerError,
        SlowConsumer as SlowConsumer,
        StreamClosed as StreamClosed,
        StreamError as StreamError,
        SubscriptionRefused as SubscriptionRefused,
        TooManyRequests as TooManyRequests,
        TransportError as TransportError,
        Unauthorized as Unauthorized,
        UnsignableValue as UnsignableValue,
        UntrustedServer as UntrustedServer,
        UsageError as UsageError,
    )
    from haversack.rest.http import (
        HttpRequest as HttpRequest,
        HttpResponse as HttpResponse,
        HttpSend as HttpSend,
        HttpSendAsync as HttpSendAsync,
    )
    from haversack.rest.retry import Retry as Retry
    from haversack.wire.account import Account as Account, GetAccount as GetAccount
    from haversack.wire.assets import Asset as Asset, GetAssets as GetAssets, Token as Token
    from haversack.wire.base import (
        Answer as Answer,
        CancelPending as CancelPending,
        Operation as Operation,
        Page as Page,
        StreamEvent as StreamEvent,
    )
    from haversack.wire.capital import (
        Balance as Balance,
        DepositAddress as DepositAddress,
        GetBalances as GetBalances,
        GetDepositAddress as GetDepositAddress,
    )
    from haversack.wire.enums import (
        AssetClass as AssetClass,
        Blockchain as Blockchain,
        CancelOrderType as CancelOrderType,
        DepthLimit as DepthLimit,
        ExpiryReason as ExpiryReason,
        FillType as FillType,
        KlineInterval as KlineInterval,
        KlinePriceType as KlinePriceType,
        MarketType as MarketType,
        OpenEnum as OpenEnum,
        OrderBookState as OrderBookState,
        OrderEvent as OrderEvent,
        OrderStatus as OrderStatus,
        OrderType as OrderType,
        RwaMarketType as RwaMarketType,
        SelfTradePrevention as SelfTradePrevention,
        Side as Side,
        SlippageToleranceType as SlippageToleranceType,
        SortDirection as SortDirection,
        SystemOrderType as SystemOrderType,
        SystemStatus as SystemStatus,
        TickerInterval as TickerInterval,
        TimeInForce as TimeInForce,
        TriggerBy as TriggerBy,
        UpdateOrigin as UpdateOrigin,
    )
    from haversack.wire.events import (
        BalanceUpdate as BalanceUpdate,
        BookTicker as BookTicker,
        DepthUpdate as DepthUpdate,
        KlineEvent as KlineEvent,
        MarkPriceEvent as MarkPriceEvent,
        OrderUpdate as OrderUpdate,
        RawEvent as RawEvent,
        TickerEvent as TickerEvent,
        TradeEvent as TradeEvent,
    )
    from haversack.wire.history import (
        Fill as Fill,
        GetFillHistory as GetFillHistory,
        GetOrderHistory as GetOrderHistory,
        PastOrder as PastOrder,
    )
    from haversack.wire.markets import (
        Depth as Depth,
        Filters as Filters,
        GetDepth as GetDepth,
        GetKlines as GetKlines,
        GetMarkPrices as GetMarkPrices,
        GetMarket as GetMarket,
        GetMarkets as GetMarkets,
        GetOpenInterest as GetOpenInterest,
        GetTicker as GetTicker,
        GetTickers as GetTickers,
        Kline as Kline,
        MarginFunction as MarginFunction,
        MarkPrice as MarkPrice,
        Market as Market,
        OpenInterest as OpenInterest,
        PremiumBand as PremiumBand,
        PriceBand as PriceBand,
        PriceFilter as PriceFilter,
        QuantityFilter as QuantityFilter,
        Ticker as Ticker,
    )
    from haversack.wire.orders import (
        CancelAllOrders as CancelAllOrders,
        CancelOrder as CancelOrder,
        GetOpenOrders as GetOpenOrders,
        GetOrder as GetOrder,
        Order as Order,
        PlaceOrder as PlaceOrder,
    )
    from haversack.wire.system import GetStatus as GetStatus, GetTime as GetTime, Ping as Ping, Status as Status
    from haversack.wire.trades import GetRecentTrades as GetRecentTrades, Trade as Trade

_HOMES = {
    "client.aio": "AsyncClient",
    "client.blocking": "Client",
    "clock": "Clock ManualClock SystemClock",
    "credentials": "Credentials Secret",
    "errors": """
        ApiError ConnectFailed Forbidden HaversackError InexactNumber InsufficientFunds InsufficientMargin
        InvalidCredentials InvalidOrder InvalidRequest InvalidSymbol Maintenance MissingCredentials NotFound
        OrderLimit OutcomeUnknown ProtocolError RedirectRefused RequestFailed ServerError SlowConsumer
        StreamClosed StreamError SubscriptionRefused TooManyRequests TransportError Unauthorized
        UnsignableValue UntrustedServer UsageError
    """,
    "rest.http": "HttpRequest HttpResponse HttpSend HttpSendAsync",
    "rest.retry": "Retry",
    "wire.account": "Account GetAccount",
    "wire.assets": "Asset GetAssets Token",
    "wire.base": "Answer CancelPending Operation Page StreamEvent",
    "wire.capital": "Balance DepositAddress GetBalances GetDepositAddress",
    "wire.enums": """
        AssetClass Blockchain CancelOrderType DepthLimit ExpiryReason FillType KlineInterval KlinePriceType
        MarketType OpenEnum OrderBookState OrderEvent OrderStatus OrderType RwaMarketType SelfTradePrevention
        Side SlippageToleranceType SortDirection SystemOrderType SystemStatus TickerInterval TimeInForce
        TriggerBy UpdateOrigin
    """,
    "wire.events": """
        BalanceUpdate BookTicker DepthUpdate KlineEvent MarkPriceEvent OrderUpdate RawEvent TickerEvent
        TradeEvent
    """,
    "wire.history": "Fill GetFillHistory GetOrderHistory PastOrder",
    "wire.markets": """
        Depth Filters GetDepth GetKlines GetMarkPrices GetMarket GetMarkets GetOpenInterest GetTicker
        GetTickers Kline MarginFunction MarkPrice Market OpenInterest PremiumBand PriceBand PriceFilter
        QuantityFilter Ticker
    """,
    "wire.orders": "CancelAllOrders CancelOrder GetOpenOrders GetOrder Order PlaceOrder",
    "wire.system": "GetStatus GetTime Ping Status",
    "wire.trades": "GetRecentTrades Trade",
}
_HOME = {name: f"haversack.{module}" for module, names in _HOMES.items() for name in names.split()}

if not TYPE_CHECKING:
    __all__ = sorted(_HOME)  # noqa: PLE0605  The type checkers read the imports above.


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'haversack' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
