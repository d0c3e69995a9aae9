# What type checkers and editors see: the names that __init__.py imports when they are first used.
# isort: off

__version__: str
__all__: list[str]  # noqa: PYI035  It is made when the module is run, of the same names.

from haversack.account.aio import AccountEvents as AccountEvents, AsyncAccount as AsyncAccount
from haversack.account.balances import AssetBalance as AssetBalance
from haversack.account.blocking import BlockingAccount as BlockingAccount, BlockingAccountEvents as BlockingAccountEvents
from haversack.account.changes import (
    BalanceChanged as BalanceChanged,
    Filled as Filled,
    FillTooLate as FillTooLate,
    OrderChanged as OrderChanged,
    PositionChanged as PositionChanged,
    Reconciled as Reconciled,
)
from haversack.account.equity import (
    AssetEquity as AssetEquity,
    Disagreement as Disagreement,
    Equity as Equity,
)
from haversack.account.file import MemoryFile as MemoryFile
from haversack.account.fills import AccountFill as AccountFill
from haversack.account.health import AccountHealth as AccountHealth
from haversack.account.life import (
    OrderState as OrderState,
    TrackedOrder as TrackedOrder,
)
from haversack.account.positions import NetPosition as NetPosition
from haversack.account.reconcile import (
    Failure as Failure,
    Rhythm as Rhythm,
)
from haversack.book.book import Book as Book
from haversack.book.reader import BookCounters as BookCounters, BookReader as BookReader
from haversack.book.reading import BookLevel as BookLevel, CumulativeLevel as CumulativeLevel, Sweep as Sweep
from haversack.book.snapshot import BookSnapshot as BookSnapshot
from haversack.client.aio import AsyncClient as AsyncClient
from haversack.client.blocking import Client as Client
from haversack.clock import Clock as Clock, ManualClock as ManualClock, PacedClock as PacedClock, SystemClock as SystemClock
from haversack.credentials import Credentials as Credentials, Secret as Secret
from haversack.errors import (
    AccountDeactivated as AccountDeactivated,
    AccountLiquidating as AccountLiquidating,
    ApiError as ApiError,
    BookNotSynced as BookNotSynced,
    BorrowLimit as BorrowLimit,
    BorrowRequiresLendRedeem as BorrowRequiresLendRedeem,
    ConnectFailed as ConnectFailed,
    ExchangeTimeout as ExchangeTimeout,
    Forbidden as Forbidden,
    Gap as Gap,
    HaversackError as HaversackError,
    InexactNumber as InexactNumber,
    InsufficientFunds as InsufficientFunds,
    InsufficientMargin as InsufficientMargin,
    InsufficientSupply as InsufficientSupply,
    InvalidAsset as InvalidAsset,
    InvalidCredentials as InvalidCredentials,
    InvalidMarket as InvalidMarket,
    InvalidOrder as InvalidOrder,
    InvalidPositionId as InvalidPositionId,
    InvalidPrice as InvalidPrice,
    InvalidQuantity as InvalidQuantity,
    InvalidRange as InvalidRange,
    InvalidRequest as InvalidRequest,
    InvalidSource as InvalidSource,
    InvalidSymbol as InvalidSymbol,
    InvalidTwoFactorCode as InvalidTwoFactorCode,
    LendLimit as LendLimit,
    LendRequiresBorrowRepay as LendRequiresBorrowRepay,
    LocalRateLimit as LocalRateLimit,
    Maintenance as Maintenance,
    MalformedRequest as MalformedRequest,
    MaxLeverageReached as MaxLeverageReached,
    MissingCredentials as MissingCredentials,
    NotFound as NotFound,
    NotServed as NotServed,
    OpenInterestLimit as OpenInterestLimit,
    OrderLimit as OrderLimit,
    OrderNotFound as OrderNotFound,
    OutcomeUnknown as OutcomeUnknown,
    PositionLimit as PositionLimit,
    PreconditionFailed as PreconditionFailed,
    ProtocolError as ProtocolError,
    RedirectRefused as RedirectRefused,
    RequestExpired as RequestExpired,
    RequestFailed as RequestFailed,
    RequestTooLarge as RequestTooLarge,
    ServerError as ServerError,
    SignatureRefused as SignatureRefused,
    SlowConsumer as SlowConsumer,
    StreamClosed as StreamClosed,
    StreamError as StreamError,
    SubscriptionRefused as SubscriptionRefused,
    TooEarly as TooEarly,
    TooManyRequests as TooManyRequests,
    TradingPaused as TradingPaused,
    TransportError as TransportError,
    Unauthorized as Unauthorized,
    UnknownPath as UnknownPath,
    UnsignableValue as UnsignableValue,
    UntrustedServer as UntrustedServer,
    UsageError as UsageError,
    WouldNotFill as WouldNotFill,
    WouldNotReduce as WouldNotReduce,
    WouldTake as WouldTake,
    outcome_of as outcome_of,
)
from haversack.rest.broker import Broker as Broker
from haversack.rest.http import (
    HttpRequest as HttpRequest,
    HttpResponse as HttpResponse,
    HttpSend as HttpSend,
    HttpSendAsync as HttpSendAsync,
)
from haversack.rest.inquiry import Outcome as Outcome, Resolution as Resolution
from haversack.rest.observe import Sent as Sent
from haversack.rest.offset import ClockOffset as ClockOffset
from haversack.rest.pacing import Limits as Limits, Pacer as Pacer
from haversack.rest.procedure import Pause as Pause, Rows as Rows
from haversack.rest.retry import Retry as Retry
from haversack.streams.aio import AsyncStreams as AsyncStreams
from haversack.streams.backoff import Backoff as Backoff
from haversack.streams.blocking import BlockingStreams as BlockingStreams, BlockingSubscription as BlockingSubscription
from haversack.streams.book import AsyncBook as AsyncBook
from haversack.streams.book_blocking import BlockingBook as BlockingBook
from haversack.streams.health import (
    BookHealth as BookHealth,
    ConnectionState as ConnectionState,
    StreamHealth as StreamHealth,
    StreamsHealth as StreamsHealth,
)
from haversack.streams.interruption import Interrupted as Interrupted
from haversack.streams.mailbox import WhenFull as WhenFull
from haversack.streams.subscription import Subscription as Subscription
from haversack.tables.frames import to_arrow as to_arrow, to_pandas as to_pandas, to_polars as to_polars
from haversack.tables.html import Table as Table
from haversack.wire.account import (
    Account as Account,
    GetAccount as GetAccount,
    GetMaxBorrowQuantity as GetMaxBorrowQuantity,
    GetMaxOrderQuantity as GetMaxOrderQuantity,
    GetMaxWithdrawalQuantity as GetMaxWithdrawalQuantity,
    MaxBorrow as MaxBorrow,
    MaxOrder as MaxOrder,
    MaxWithdrawal as MaxWithdrawal,
    UpdateAccount as UpdateAccount,
)
from haversack.wire.assets import (
    Asset as Asset,
    CollateralParameters as CollateralParameters,
    GetAssets as GetAssets,
    GetCollateralParameters as GetCollateralParameters,
    HaircutCurve as HaircutCurve,
    HaircutFunction as HaircutFunction,
    HaircutKind as HaircutKind,
    Token as Token,
)
from haversack.wire.base import (
    Answer as Answer,
    CancelPending as CancelPending,
    Operation as Operation,
    Page as Page,
    StreamEvent as StreamEvent,
)
from haversack.wire.borrow_lend import (
    ApyRates as ApyRates,
    BorrowLendApy as BorrowLendApy,
    BorrowLendInterval as BorrowLendInterval,
    BorrowLendLiquidationPrice as BorrowLendLiquidationPrice,
    BorrowLendMarket as BorrowLendMarket,
    BorrowLendMarketPoint as BorrowLendMarketPoint,
    BorrowLendPosition as BorrowLendPosition,
    BorrowLendSide as BorrowLendSide,
    BorrowLendState as BorrowLendState,
    ExecuteBorrowLend as ExecuteBorrowLend,
    GetApyRates as GetApyRates,
    GetBorrowLendLiquidationPrice as GetBorrowLendLiquidationPrice,
    GetBorrowLendMarketHistory as GetBorrowLendMarketHistory,
    GetBorrowLendMarkets as GetBorrowLendMarkets,
    GetBorrowLendPositions as GetBorrowLendPositions,
    StakingApy as StakingApy,
)
from haversack.wire.borrow_lend_history import (
    BorrowLendEventType as BorrowLendEventType,
    BorrowLendMovement as BorrowLendMovement,
    BorrowLendPositionState as BorrowLendPositionState,
    BorrowLendSource as BorrowLendSource,
    GetBorrowLendHistory as GetBorrowLendHistory,
    GetBorrowLendPositionHistory as GetBorrowLendPositionHistory,
    GetInterestHistory as GetInterestHistory,
    InterestPayment as InterestPayment,
    InterestPaymentSource as InterestPaymentSource,
    InterestPaymentType as InterestPaymentType,
    PastBorrowLendPosition as PastBorrowLendPosition,
)
from haversack.wire.capital import (
    Balance as Balance,
    Collateral as Collateral,
    ConvertDust as ConvertDust,
    DepositAddress as DepositAddress,
    DustConversion as DustConversion,
    GetBalances as GetBalances,
    GetCollateral as GetCollateral,
    GetDepositAddress as GetDepositAddress,
    GetDustHistory as GetDustHistory,
    MarginAccount as MarginAccount,
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
    ExternalTickerEvent as ExternalTickerEvent,
    KlineEvent as KlineEvent,
    LiquidationEvent as LiquidationEvent,
    MarkPriceEvent as MarkPriceEvent,
    OpenInterestEvent as OpenInterestEvent,
    OrderUpdate as OrderUpdate,
    PositionEvent as PositionEvent,
    PositionUpdate as PositionUpdate,
    RawEvent as RawEvent,
    StockPriceEvent as StockPriceEvent,
    TickerEvent as TickerEvent,
    TradeEvent as TradeEvent,
)
from haversack.wire.events_rfq import RfqEvent as RfqEvent, RfqUpdate as RfqUpdate
from haversack.wire.frames import Message as Message
from haversack.wire.funding import (
    FundingPayment as FundingPayment,
    FundingRate as FundingRate,
    GetFundingHistory as GetFundingHistory,
    GetFundingRates as GetFundingRates,
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
    PlaceOrders as PlaceOrders,
    PlacedInBatch as PlacedInBatch,
    RefusedInBatch as RefusedInBatch,
)
from haversack.wire.positions import (
    GetPositionHistory as GetPositionHistory,
    GetPositions as GetPositions,
    PastPosition as PastPosition,
    Position as Position,
    PositionState as PositionState,
)
from haversack.wire.predictions import (
    GetPredictionEvents as GetPredictionEvents,
    GetPredictionTags as GetPredictionTags,
    PredictionEvent as PredictionEvent,
    PredictionMarket as PredictionMarket,
    PredictionResolution as PredictionResolution,
    PredictionSeries as PredictionSeries,
    PredictionTag as PredictionTag,
    ResolutionCondition as ResolutionCondition,
    ResolutionSource as ResolutionSource,
    ResolutionType as ResolutionType,
    SeriesRecurrence as SeriesRecurrence,
    StrikeCondition as StrikeCondition,
)
from haversack.wire.rfq import (
    AcceptQuote as AcceptQuote,
    CancelRfq as CancelRfq,
    GetOpenRfqs as GetOpenRfqs,
    Quote as Quote,
    RefreshRfq as RefreshRfq,
    Rfq as Rfq,
    RfqExecutionMode as RfqExecutionMode,
    RfqWithQuotes as RfqWithQuotes,
    SubmitQuote as SubmitQuote,
    SubmitRfq as SubmitRfq,
)
from haversack.wire.rfq_history import (
    GetQuoteFillHistory as GetQuoteFillHistory,
    GetQuoteHistory as GetQuoteHistory,
    GetRfqFillHistory as GetRfqFillHistory,
    GetRfqHistory as GetRfqHistory,
    PastQuote as PastQuote,
    PastRfq as PastRfq,
    QuoteFill as QuoteFill,
    RfqFill as RfqFill,
    RfqFillType as RfqFillType,
)
from haversack.wire.rules import Rule as Rule, RuleBroken as RuleBroken
from haversack.wire.settlements import (
    GetSettlementHistory as GetSettlementHistory,
    Settlement as Settlement,
    SettlementSource as SettlementSource,
    SettlementSourceFilter as SettlementSourceFilter,
)
from haversack.wire.stocks import (
    GetMarketHolidays as GetMarketHolidays,
    GetMarketSessions as GetMarketSessions,
    GetSecurities as GetSecurities,
    GetStockHolidays as GetStockHolidays,
    GetStockIndicativeQuote as GetStockIndicativeQuote,
    GetStockSessions as GetStockSessions,
    Security as Security,
    SecuritySession as SecuritySession,
    StockHoliday as StockHoliday,
    StockIndicativeQuote as StockIndicativeQuote,
    StockSession as StockSession,
)
from haversack.wire.strategies import (
    CancelAllStrategies as CancelAllStrategies,
    CancelStrategy as CancelStrategy,
    CreateStrategy as CreateStrategy,
    GetOpenStrategies as GetOpenStrategies,
    GetStrategy as GetStrategy,
    GetStrategyHistory as GetStrategyHistory,
    PastStrategy as PastStrategy,
    Strategy as Strategy,
    StrategyCancelReason as StrategyCancelReason,
    StrategyStatus as StrategyStatus,
    StrategyType as StrategyType,
)
from haversack.wire.system import (
    GetStatus as GetStatus,
    GetTime as GetTime,
    GetWallets as GetWallets,
    Ping as Ping,
    Status as Status,
    Wallet as Wallet,
)
from haversack.wire.trades import (
    GetHistoricalTrades as GetHistoricalTrades,
    GetRecentTrades as GetRecentTrades,
    Trade as Trade,
)
from haversack.wire.transfers import (
    CreateWithdrawalDelay as CreateWithdrawalDelay,
    Deposit as Deposit,
    DepositSource as DepositSource,
    DepositStatus as DepositStatus,
    FiatWithdrawalState as FiatWithdrawalState,
    GetDeposits as GetDeposits,
    GetWithdrawalDelay as GetWithdrawalDelay,
    GetWithdrawals as GetWithdrawals,
    RequestWithdrawal as RequestWithdrawal,
    UpdateWithdrawalDelay as UpdateWithdrawalDelay,
    Withdrawal as Withdrawal,
    WithdrawalDelay as WithdrawalDelay,
    WithdrawalStatus as WithdrawalStatus,
)
from haversack.wire.vaults import (
    CancelVaultRedeem as CancelVaultRedeem,
    GetPendingVaultRedeems as GetPendingVaultRedeems,
    GetVaultHistory as GetVaultHistory,
    GetVaultNav as GetVaultNav,
    GetVaults as GetVaults,
    MintVaultTokens as MintVaultTokens,
    RedeemVaultTokens as RedeemVaultTokens,
    Vault as Vault,
    VaultHistoryInterval as VaultHistoryInterval,
    VaultNav as VaultNav,
    VaultRedeem as VaultRedeem,
    VaultRedeemStatus as VaultRedeemStatus,
    VaultSnapshot as VaultSnapshot,
)
