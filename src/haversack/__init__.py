"""Backpack Exchange for Python: a typed client, blocking and async, and an exchange that runs on your own machine.

The names below are imported when they are first used, so that `import haversack` costs next to nothing. Type checkers read them
in `__init__.pyi`.
"""

from __future__ import annotations

from importlib import import_module

_HOMES = {
    "account.aio": "AccountEvents AsyncAccount",
    "account.balances": "AssetBalance",
    "account.blocking": "BlockingAccount BlockingAccountEvents",
    "account.changes": "BalanceChanged Filled FillTooLate OrderChanged PositionChanged Reconciled",
    "account.equity": "AssetEquity Disagreement Equity",
    "account.file": "MemoryFile",
    "account.fills": "AccountFill",
    "account.health": "AccountHealth",
    "account.life": "OrderState TrackedOrder",
    "account.positions": "NetPosition",
    "account.reconcile": "Failure Rhythm",
    "book.book": "Book",
    "book.reader": "BookCounters BookReader",
    "book.reading": "BookLevel CumulativeLevel Sweep",
    "book.snapshot": "BookSnapshot",
    "client.aio": "AsyncClient",
    "client.blocking": "Client",
    "clock": "Clock ManualClock PacedClock SystemClock",
    "credentials": "Credentials Secret",
    "errors": """
        AccountDeactivated AccountLiquidating ApiError BookNotSynced BorrowLimit BorrowRequiresLendRedeem
        ConnectFailed ExchangeTimeout Forbidden Gap HaversackError InexactNumber InsufficientFunds InsufficientMargin
        InsufficientSupply InvalidAsset InvalidCredentials InvalidMarket InvalidOrder InvalidPositionId InvalidPrice
        InvalidQuantity InvalidRange InvalidRequest InvalidSource InvalidSymbol InvalidTwoFactorCode LendLimit
        LendRequiresBorrowRepay LocalRateLimit Maintenance MalformedRequest MaxLeverageReached MissingCredentials
        NotFound NotServed OpenInterestLimit OrderLimit OrderNotFound OutcomeUnknown PositionLimit PreconditionFailed
        ProtocolError RedirectRefused RequestExpired RequestFailed RequestTooLarge ServerError SignatureRefused
        SlowConsumer StreamClosed StreamError SubscriptionRefused TooEarly TooManyRequests TradingPaused
        TransportError Unauthorized UnknownPath UnsignableValue UntrustedServer UsageError WouldNotFill WouldNotReduce
        WouldTake outcome_of
    """,
    "rest.broker": "Broker",
    "rest.http": "HttpRequest HttpResponse HttpSend HttpSendAsync",
    "rest.inquiry": "Outcome Resolution",
    "rest.observe": "Sent",
    "rest.offset": "ClockOffset",
    "rest.pacing": "Limits Pacer",
    "rest.procedure": "Pause Rows",
    "rest.retry": "Retry",
    "streams.aio": "AsyncStreams",
    "streams.backoff": "Backoff",
    "streams.blocking": "BlockingStreams BlockingSubscription",
    "streams.book": "AsyncBook",
    "streams.book_blocking": "BlockingBook",
    "streams.health": "BookHealth ConnectionState StreamHealth StreamsHealth",
    "streams.interruption": "Interrupted",
    "streams.mailbox": "WhenFull",
    "streams.subscription": "Subscription",
    "tables.frames": "to_arrow to_pandas to_polars",
    "tables.html": "Table",
    "wire.account": """
        Account GetAccount GetMaxBorrowQuantity GetMaxOrderQuantity GetMaxWithdrawalQuantity MaxBorrow MaxOrder
        MaxWithdrawal UpdateAccount
    """,
    "wire.assets": "Asset CollateralParameters GetAssets GetCollateralParameters HaircutCurve HaircutFunction HaircutKind Token",
    "wire.base": "Answer CancelPending Operation Page StreamEvent",
    "wire.borrow_lend": """
        ApyRates BorrowLendApy BorrowLendInterval BorrowLendLiquidationPrice BorrowLendMarket BorrowLendMarketPoint
        BorrowLendPosition BorrowLendSide BorrowLendState ExecuteBorrowLend GetApyRates GetBorrowLendLiquidationPrice
        GetBorrowLendMarketHistory GetBorrowLendMarkets GetBorrowLendPositions StakingApy
    """,
    "wire.borrow_lend_history": """
        BorrowLendEventType BorrowLendMovement BorrowLendPositionState BorrowLendSource GetBorrowLendHistory
        GetBorrowLendPositionHistory GetInterestHistory InterestPayment InterestPaymentSource InterestPaymentType
        PastBorrowLendPosition
    """,
    "wire.capital": """
        Balance Collateral ConvertDust DepositAddress DustConversion GetBalances GetCollateral GetDepositAddress
        GetDustHistory MarginAccount
    """,
    "wire.enums": """
        AssetClass Blockchain CancelOrderType DepthLimit ExpiryReason FillType KlineInterval KlinePriceType MarketType
        OpenEnum OrderBookState OrderEvent OrderStatus OrderType RwaMarketType SelfTradePrevention Side
        SlippageToleranceType SortDirection SystemOrderType SystemStatus TickerInterval TimeInForce TriggerBy
        UpdateOrigin
    """,
    "wire.events": """
        BalanceUpdate BookTicker DepthUpdate ExternalTickerEvent KlineEvent LiquidationEvent MarkPriceEvent
        OpenInterestEvent OrderUpdate PositionEvent PositionUpdate RawEvent StockPriceEvent TickerEvent TradeEvent
    """,
    "wire.events_rfq": "RfqEvent RfqUpdate",
    "wire.frames": "Message",
    "wire.funding": "FundingPayment FundingRate GetFundingHistory GetFundingRates",
    "wire.history": "Fill GetFillHistory GetOrderHistory PastOrder",
    "wire.markets": """
        Depth Filters GetDepth GetKlines GetMarkPrices GetMarket GetMarkets GetOpenInterest GetTicker GetTickers Kline
        MarginFunction MarkPrice Market OpenInterest PremiumBand PriceBand PriceFilter QuantityFilter Ticker
    """,
    "wire.orders": """
        CancelAllOrders CancelOrder GetOpenOrders GetOrder Order PlaceOrder PlaceOrders PlacedInBatch RefusedInBatch
    """,
    "wire.positions": "GetPositionHistory GetPositions PastPosition Position PositionState",
    "wire.predictions": """
        GetPredictionEvents GetPredictionTags PredictionEvent PredictionMarket PredictionResolution PredictionSeries
        PredictionTag ResolutionCondition ResolutionSource ResolutionType SeriesRecurrence StrikeCondition
    """,
    "wire.rfq": "AcceptQuote CancelRfq GetOpenRfqs Quote RefreshRfq Rfq RfqExecutionMode RfqWithQuotes SubmitQuote SubmitRfq",
    "wire.rfq_history": """
        GetQuoteFillHistory GetQuoteHistory GetRfqFillHistory GetRfqHistory PastQuote PastRfq QuoteFill RfqFill
        RfqFillType
    """,
    "wire.rules": "Rule RuleBroken",
    "wire.settlements": "GetSettlementHistory Settlement SettlementSource SettlementSourceFilter",
    "wire.stocks": """
        GetMarketHolidays GetMarketSessions GetSecurities GetStockHolidays GetStockIndicativeQuote GetStockSessions
        Security SecuritySession StockHoliday StockIndicativeQuote StockSession
    """,
    "wire.strategies": """
        CancelAllStrategies CancelStrategy CreateStrategy GetOpenStrategies GetStrategy GetStrategyHistory
        PastStrategy Strategy StrategyCancelReason StrategyStatus StrategyType
    """,
    "wire.system": "GetStatus GetTime GetWallets Ping Status Wallet",
    "wire.trades": "GetHistoricalTrades GetRecentTrades Trade",
    "wire.transfers": """
        CreateWithdrawalDelay Deposit DepositSource DepositStatus FiatWithdrawalState GetDeposits GetWithdrawalDelay
        GetWithdrawals RequestWithdrawal UpdateWithdrawalDelay Withdrawal WithdrawalDelay WithdrawalStatus
    """,
    "wire.vaults": """
        CancelVaultRedeem GetPendingVaultRedeems GetVaultHistory GetVaultNav GetVaults MintVaultTokens
        RedeemVaultTokens Vault VaultHistoryInterval VaultNav VaultRedeem VaultRedeemStatus VaultSnapshot
    """,
}
_HOME = {name: f"haversack.{module}" for module, names in _HOMES.items() for name in names.split()}

__all__ = sorted(_HOME)  # noqa: PLE0605  Type checkers read the stub.  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("haversack")
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'haversack' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
