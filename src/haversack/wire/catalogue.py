"""Every operation that this package knows, in the documentation's order. The coverage page is made from this list."""

from __future__ import annotations

from typing import Any

from haversack.wire.account import GetAccount, GetMaxBorrowQuantity, GetMaxOrderQuantity, GetMaxWithdrawalQuantity, UpdateAccount
from haversack.wire.assets import GetAssets, GetCollateralParameters
from haversack.wire.base import Operation
from haversack.wire.borrow_lend import (
    ExecuteBorrowLend,
    GetApyRates,
    GetBorrowLendLiquidationPrice,
    GetBorrowLendMarketHistory,
    GetBorrowLendMarkets,
    GetBorrowLendPositions,
)
from haversack.wire.borrow_lend_history import GetBorrowLendHistory, GetBorrowLendPositionHistory, GetInterestHistory
from haversack.wire.capital import ConvertDust, GetBalances, GetCollateral, GetDepositAddress, GetDustHistory
from haversack.wire.funding import GetFundingHistory, GetFundingRates
from haversack.wire.history import GetFillHistory, GetOrderHistory
from haversack.wire.markets import (
    GetDepth,
    GetKlines,
    GetMarket,
    GetMarkets,
    GetMarkPrices,
    GetOpenInterest,
    GetTicker,
    GetTickers,
)
from haversack.wire.orders import CancelAllOrders, CancelOrder, GetOpenOrders, GetOrder, PlaceOrder, PlaceOrders
from haversack.wire.positions import GetPositionHistory, GetPositions
from haversack.wire.predictions import GetPredictionEvents, GetPredictionTags
from haversack.wire.rfq import AcceptQuote, CancelRfq, GetOpenRfqs, RefreshRfq, SubmitQuote, SubmitRfq
from haversack.wire.rfq_history import GetQuoteFillHistory, GetQuoteHistory, GetRfqFillHistory, GetRfqHistory
from haversack.wire.settlements import GetSettlementHistory
from haversack.wire.stocks import (
    GetMarketHolidays,
    GetMarketSessions,
    GetSecurities,
    GetStockHolidays,
    GetStockIndicativeQuote,
    GetStockSessions,
)
from haversack.wire.strategies import (
    CancelAllStrategies,
    CancelStrategy,
    CreateStrategy,
    GetOpenStrategies,
    GetStrategy,
    GetStrategyHistory,
)
from haversack.wire.system import GetStatus, GetTime, GetWallets, Ping
from haversack.wire.trades import GetHistoricalTrades, GetRecentTrades
from haversack.wire.transfers import (
    CreateWithdrawalDelay,
    GetDeposits,
    GetWithdrawalDelay,
    GetWithdrawals,
    RequestWithdrawal,
    UpdateWithdrawalDelay,
)
from haversack.wire.vaults import (
    CancelVaultRedeem,
    GetPendingVaultRedeems,
    GetVaultHistory,
    GetVaultNav,
    GetVaults,
    MintVaultTokens,
    RedeemVaultTokens,
)

OPERATIONS: tuple[type[Operation[Any]], ...] = (
    GetAccount,
    UpdateAccount,
    ConvertDust,
    GetMaxBorrowQuantity,
    GetMaxOrderQuantity,
    GetMaxWithdrawalQuantity,
    GetAssets,
    GetCollateralParameters,
    GetBorrowLendPositions,
    GetBorrowLendLiquidationPrice,
    ExecuteBorrowLend,
    GetBorrowLendMarkets,
    GetBorrowLendMarketHistory,
    GetApyRates,
    GetBalances,
    GetCollateral,
    GetDeposits,
    GetDepositAddress,
    GetMarkets,
    GetMarket,
    GetDepth,
    GetPredictionEvents,
    GetPredictionTags,
    GetMarketSessions,
    GetStockSessions,
    GetMarketHolidays,
    GetStockHolidays,
    GetSecurities,
    GetStockIndicativeQuote,
    GetMarkPrices,
    GetOpenInterest,
    GetFundingRates,
    GetOrder,
    PlaceOrder,
    CancelOrder,
    PlaceOrders,
    GetOpenOrders,
    CancelAllOrders,
    GetPositions,
    SubmitQuote,
    GetOpenRfqs,
    SubmitRfq,
    AcceptQuote,
    RefreshRfq,
    CancelRfq,
    GetStrategy,
    CreateStrategy,
    CancelStrategy,
    GetOpenStrategies,
    CancelAllStrategies,
    GetStatus,
    Ping,
    GetTime,
    GetRecentTrades,
    GetHistoricalTrades,
    GetVaults,
    MintVaultTokens,
    RedeemVaultTokens,
    CancelVaultRedeem,
    GetPendingVaultRedeems,
    GetVaultNav,
    GetVaultHistory,
    GetWallets,
    GetWithdrawals,
    RequestWithdrawal,
    GetWithdrawalDelay,
    CreateWithdrawalDelay,
    UpdateWithdrawalDelay,
    GetBorrowLendHistory,
    GetInterestHistory,
    GetBorrowLendPositionHistory,
    GetDustHistory,
    GetFillHistory,
    GetFundingHistory,
    GetOrderHistory,
    GetRfqHistory,
    GetQuoteHistory,
    GetRfqFillHistory,
    GetQuoteFillHistory,
    GetSettlementHistory,
    GetStrategyHistory,
    GetPositionHistory,
    GetKlines,
    GetTicker,
    GetTickers,
)
