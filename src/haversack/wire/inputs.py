"""What a caller may write for a parameter, and the one type that it has on the wire.

The type checker sees the left face, the decoder of the local exchange sees the right one; `rest.parameters` turns the one
into the other, and refuses floats and words that the exchange does not document.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias

from haversack.wire.enums import (
    AssetClass,
    Blockchain,
    CancelOrderType,
    DepthLimit,
    FillType,
    KlineInterval,
    KlinePriceType,
    MarketType,
    OrderType,
    SelfTradePrevention,
    Side,
    SlippageToleranceType,
    SortDirection,
    TickerInterval,
    TimeInForce,
    TriggerBy,
)

if TYPE_CHECKING:
    Number: TypeAlias = Decimal | str | int
    TimeS: TypeAlias = datetime | int
    TimeMs: TypeAlias = datetime | int
    DurationMs: TypeAlias = timedelta | int
    SideLike: TypeAlias = Side | Literal["Bid", "Ask"]
    OrderTypeLike: TypeAlias = OrderType | Literal["Limit", "Market"]
    TimeInForceLike: TypeAlias = TimeInForce | Literal["GTC", "IOC", "FOK"]
    SelfTradePreventionLike: TypeAlias = SelfTradePrevention | Literal["RejectTaker", "RejectMaker", "RejectBoth"]
    TriggerByLike: TypeAlias = TriggerBy | Literal["LastPrice", "MarkPrice", "IndexPrice"]
    SlippageToleranceTypeLike: TypeAlias = SlippageToleranceType | Literal["TickSize", "Percent"]
    CancelOrderTypeLike: TypeAlias = CancelOrderType | Literal["RestingLimitOrder", "ConditionalOrder"]
    MarketTypeLike: TypeAlias = MarketType | Literal["SPOT", "PERP", "IPERP", "DATED", "PREDICTION", "RFQ"]
    MarketTypesLike: TypeAlias = MarketTypeLike | Sequence[MarketTypeLike]
    DepthLimitLike: TypeAlias = Literal["5", "10", "20", "50", "100", "500", "1000", 5, 10, 20, 50, 100, 500, 1000] | DepthLimit
    KlineIntervalLike: TypeAlias = (
        KlineInterval
        | Literal["1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1month"]
    )
    KlinePriceTypeLike: TypeAlias = KlinePriceType | Literal["Last", "Index", "Mark"]
    TickerIntervalLike: TypeAlias = TickerInterval | Literal["1d", "1w"]
    SortDirectionLike: TypeAlias = SortDirection | Literal["Asc", "Desc"]
    FillTypeLike: TypeAlias = FillType | Literal["User", "BookLiquidation", "Adl", "Backstop", "Liquidation"]
    AssetClassLike: TypeAlias = AssetClass | Literal["CRYPTO", "STOCK"]
    BlockchainLike: TypeAlias = Blockchain | Literal["Arbitrum", "Base", "Bitcoin", "Ethereum", "Solana", "Sui", "Tron"]
else:

    class _Seconds(int):
        """Marks a parameter that is sent in seconds."""

    class _Milliseconds(int):
        """Marks a parameter that is sent in milliseconds."""

    class _DurationMilliseconds(int):
        """Marks a length of time that is sent in milliseconds."""

    Number = Decimal
    TimeS = _Seconds
    TimeMs = _Milliseconds
    DurationMs = _DurationMilliseconds
    SideLike = Side
    OrderTypeLike = OrderType
    TimeInForceLike = TimeInForce
    SelfTradePreventionLike = SelfTradePrevention
    TriggerByLike = TriggerBy
    SlippageToleranceTypeLike = SlippageToleranceType
    CancelOrderTypeLike = CancelOrderType
    MarketTypeLike = MarketType
    MarketTypesLike = tuple[MarketType, ...]
    DepthLimitLike = DepthLimit
    KlineIntervalLike = KlineInterval
    KlinePriceTypeLike = KlinePriceType
    TickerIntervalLike = TickerInterval
    SortDirectionLike = SortDirection
    FillTypeLike = FillType
    AssetClassLike = AssetClass
    BlockchainLike = Blockchain
