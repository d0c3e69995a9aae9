"""Every operation that this package knows, in the documentation's order. The coverage page is made from this list."""

from __future__ import annotations

from typing import Any

from haversack.wire.account import GetAccount
from haversack.wire.assets import GetAssets
from haversack.wire.base import Operation
from haversack.wire.capital import GetBalances, GetDepositAddress
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
from haversack.wire.system import GetStatus, GetTime, Ping
from haversack.wire.trades import GetRecentTrades

OPERATIONS: tuple[type[Operation[Any]], ...] = (
    GetAccount,
    GetAssets,
    GetBalances,
    GetDepositAddress,
    GetMarkets,
    GetMarket,
    GetTicker,
    GetTickers,
    GetDepth,
    GetKlines,
    GetMarkPrices,
    GetOpenInterest,
    GetOrder,
    PlaceOrder,
    CancelOrder,
    PlaceOrders,
    GetOpenOrders,
    CancelAllOrders,
    GetStatus,
    Ping,
    GetTime,
    GetRecentTrades,
    GetFillHistory,
    GetOrderHistory,
)
