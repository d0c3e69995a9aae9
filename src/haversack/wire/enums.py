"""Closed sets of the exchange's vocabulary, read openly: a member that is not listed here decodes to itself.

The documentation lags behind the exchange, so an unknown word must never stop a stream, and must never be mistaken for a
word that is known.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class OpenEnum(StrEnum):
    """An enum whose members are their wire words, and that keeps a word it does not know."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        # The stranger is not remembered: a hostile peer could otherwise fill the memory with words.
        stranger = str.__new__(cls, value)
        stranger._name_ = value
        stranger._value_ = value
        return stranger

    @property
    def is_known(self) -> bool:
        """Whether this word is one of the documented ones."""
        return self._value_ in type(self)._value2member_map_

    def __reduce_ex__(self, protocol: object) -> tuple[type[Self], tuple[str]]:
        return type(self), (self._value_,)


class Side(OpenEnum):
    """Bid buys the base asset, Ask sells it."""

    BID = "Bid"
    ASK = "Ask"


class OrderType(OpenEnum):
    """Whether an order has a price of its own."""

    LIMIT = "Limit"
    MARKET = "Market"


class TimeInForce(OpenEnum):
    """How long an order may wait: until cancelled, not at all, or all at once or not at all."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class SelfTradePrevention(OpenEnum):
    """Which order ends when an account would trade with itself."""

    REJECT_TAKER = "RejectTaker"
    REJECT_MAKER = "RejectMaker"
    REJECT_BOTH = "RejectBoth"


class OrderStatus(OpenEnum):
    """Where an order stands in its life."""

    NEW = "New"
    PARTIALLY_FILLED = "PartiallyFilled"
    FILLED = "Filled"
    CANCELLED = "Cancelled"
    EXPIRED = "Expired"
    TRIGGER_PENDING = "TriggerPending"
    TRIGGER_FAILED = "TriggerFailed"


class ExpiryReason(OpenEnum):
    """Why the engine ended an order."""

    ACCOUNT_TRADING_SUSPENDED = "AccountTradingSuspended"
    BORROW_REQUIRES_LEND_REDEEM = "BorrowRequiresLendRedeem"
    FILL_OR_KILL = "FillOrKill"
    INSUFFICIENT_BORROWABLE_QUANTITY = "InsufficientBorrowableQuantity"
    INSUFFICIENT_FUNDS = "InsufficientFunds"
    INSUFFICIENT_LIQUIDITY = "InsufficientLiquidity"
    INVALID_PRICE = "InvalidPrice"
    INVALID_QUANTITY = "InvalidQuantity"
    IMMEDIATE_OR_CANCEL = "ImmediateOrCancel"
    INSUFFICIENT_MARGIN = "InsufficientMargin"
    LIQUIDATION = "Liquidation"
    NEGATIVE_EQUITY = "NegativeEquity"
    POST_ONLY_MODE = "PostOnlyMode"
    POST_ONLY_TAKER = "PostOnlyTaker"
    PRICE_OUT_OF_BOUNDS = "PriceOutOfBounds"
    REDUCE_ONLY_NOT_REDUCED = "ReduceOnlyNotReduced"
    SELF_TRADE_PREVENTION = "SelfTradePrevention"
    STOP_WITHOUT_POSITION = "StopWithoutPosition"
    PRICE_IMPACT = "PriceImpact"
    UNKNOWN = "Unknown"
    USER_PERMISSIONS = "UserPermissions"
    MAX_STOP_ORDERS_PER_POSITION = "MaxStopOrdersPerPosition"
    POSITION_LIMIT = "PositionLimit"
    SLIPPAGE_TOLERANCE_EXCEEDED = "SlippageToleranceExceeded"


class SystemOrderType(OpenEnum):
    """Which part of the exchange sent an order that nobody placed."""

    COLLATERAL_CONVERSION = "CollateralConversion"
    FUTURE_EXPIRY = "FutureExpiry"
    LIQUIDATE_POSITION_ON_ADL = "LiquidatePositionOnAdl"
    LIQUIDATE_POSITION_ON_BOOK = "LiquidatePositionOnBook"
    LIQUIDATE_POSITION_ON_BACKSTOP = "LiquidatePositionOnBackstop"
    ORDER_BOOK_CLOSED = "OrderBookClosed"


class SlippageToleranceType(OpenEnum):
    """What a slippage tolerance counts."""

    TICK_SIZE = "TickSize"
    PERCENT = "Percent"


class TriggerBy(OpenEnum):
    """Which price fires a trigger order."""

    LAST_PRICE = "LastPrice"
    MARK_PRICE = "MarkPrice"
    INDEX_PRICE = "IndexPrice"


class CancelOrderType(OpenEnum):
    """Which orders a cancel-all takes."""

    RESTING_LIMIT_ORDER = "RestingLimitOrder"
    CONDITIONAL_ORDER = "ConditionalOrder"


class MarketType(OpenEnum):
    """What kind of thing is traded."""

    SPOT = "SPOT"
    PERP = "PERP"
    IPERP = "IPERP"
    DATED = "DATED"
    PREDICTION = "PREDICTION"
    RFQ = "RFQ"


class OrderBookState(OpenEnum):
    """What a market lets its users do."""

    OPEN = "Open"
    CLOSED = "Closed"
    CANCEL_ONLY = "CancelOnly"
    LIMIT_ONLY = "LimitOnly"
    POST_ONLY = "PostOnly"


class RwaMarketType(OpenEnum):
    """What a market on a real-world asset follows (observed 2026-10)."""

    STOCK = "STOCK"
    INDEX = "INDEX"
    COMMODITY = "COMMODITY"
    FX = "FX"


class DepthLimit(OpenEnum):
    """Levels per side, counted from the touch."""

    FIVE = "5"
    TEN = "10"
    TWENTY = "20"
    FIFTY = "50"
    HUNDRED = "100"
    FIVE_HUNDRED = "500"
    THOUSAND = "1000"


class KlineInterval(OpenEnum):
    """Length of a k-line."""

    SECOND_1 = "1s"
    MINUTE_1 = "1m"
    MINUTE_3 = "3m"
    MINUTE_5 = "5m"
    MINUTE_15 = "15m"
    MINUTE_30 = "30m"
    HOUR_1 = "1h"
    HOUR_2 = "2h"
    HOUR_4 = "4h"
    HOUR_6 = "6h"
    HOUR_8 = "8h"
    HOUR_12 = "12h"
    DAY_1 = "1d"
    DAY_3 = "3d"
    WEEK_1 = "1w"
    MONTH_1 = "1month"


class KlinePriceType(OpenEnum):
    """Which price a k-line follows."""

    LAST = "Last"
    INDEX = "Index"
    MARK = "Mark"


class TickerInterval(OpenEnum):
    """How far back a ticker looks."""

    DAY_1 = "1d"
    WEEK_1 = "1w"


class SystemStatus(OpenEnum):
    """Whether the exchange takes orders."""

    OK = "Ok"
    MAINTENANCE = "Maintenance"


class SortDirection(OpenEnum):
    """Oldest first, or newest first."""

    ASC = "Asc"
    DESC = "Desc"


class FillType(OpenEnum):
    """Which fills to list."""

    USER = "User"
    BOOK_LIQUIDATION = "BookLiquidation"
    ADL = "Adl"
    BACKSTOP = "Backstop"
    LIQUIDATION = "Liquidation"
    ALL_LIQUIDATION = "AllLiquidation"
    COLLATERAL_CONVERSION = "CollateralConversion"
    COLLATERAL_CONVERSION_AND_SPOT_LIQUIDATION = "CollateralConversionAndSpotLiquidation"


class AssetClass(OpenEnum):
    """Which kind of asset a fill was in (documented 2026-10)."""

    CRYPTO = "CRYPTO"
    STOCK = "STOCK"


class Blockchain(OpenEnum):
    """Networks over which assets come and go."""

    ZERO_G = "0G"
    APTOS = "Aptos"
    ARBITRUM = "Arbitrum"
    AVALANCHE = "Avalanche"
    BASE = "Base"
    BERACHAIN = "Berachain"
    BITCOIN = "Bitcoin"
    BITCOIN_CASH = "BitcoinCash"
    BSC = "Bsc"
    CARDANO = "Cardano"
    DOGECOIN = "Dogecoin"
    ECLIPSE = "Eclipse"
    EQUALS_MONEY = "EqualsMoney"
    ETHEREUM = "Ethereum"
    FOGO = "Fogo"
    HYPER_EVM = "HyperEVM"
    HYPERLIQUID = "Hyperliquid"
    LINEA = "Linea"
    LITECOIN = "Litecoin"
    MONAD = "Monad"
    NEAR = "Near"
    OPTIMISM = "Optimism"
    PLASMA = "Plasma"
    POLYGON = "Polygon"
    SEI = "Sei"
    SUI = "Sui"
    SOLANA = "Solana"
    STABLE = "Stable"
    STORY = "Story"
    TRON = "Tron"
    XRP = "XRP"
    ZCASH = "Zcash"


class OrderEvent(OpenEnum):
    """What happened to an order, in the order update stream."""

    ACCEPTED = "orderAccepted"
    CANCELLED = "orderCancelled"
    EXPIRED = "orderExpired"
    FILL = "orderFill"
    MODIFIED = "orderModified"
    TRIGGER_PLACED = "triggerPlaced"
    TRIGGER_FAILED = "triggerFailed"


class UpdateOrigin(OpenEnum):
    """Who caused an order update."""

    USER = "USER"
    LIQUIDATION_AUTOCLOSE = "LIQUIDATION_AUTOCLOSE"
    ADL_AUTOCLOSE = "ADL_AUTOCLOSE"
    COLLATERAL_CONVERSION = "COLLATERAL_CONVERSION"
    SETTLEMENT_AUTOCLOSE = "SETTLEMENT_AUTOCLOSE"
    BACKSTOP_LIQUIDITY_PROVIDER = "BACKSTOP_LIQUIDITY_PROVIDER"
