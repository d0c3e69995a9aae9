"""The whole API, one line per operation, grouped as in the documentation."""

from __future__ import annotations

from typing import Generic, TypeVar

from haversack.client.endpoint import C_co, Group, Sends, SendsAsync, endpoint
from haversack.wire.account import GetAccount
from haversack.wire.assets import GetAssets
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

C = TypeVar("C", bound=Sends | SendsAsync)


class System(Group[C_co]):
    """Is the exchange there, and what time is it."""

    status = endpoint(GetStatus)
    ping = endpoint(Ping)
    time = endpoint(GetTime)


class Markets(Group[C_co]):
    """Assets, markets and their rules, books, trades, prices and statistics. Public."""

    assets = endpoint(GetAssets)
    all = endpoint(GetMarkets)
    get = endpoint(GetMarket)
    depth = endpoint(GetDepth)
    recent_trades = endpoint(GetRecentTrades)
    ticker = endpoint(GetTicker)
    tickers = endpoint(GetTickers)
    klines = endpoint(GetKlines)
    mark_prices = endpoint(GetMarkPrices)
    open_interest = endpoint(GetOpenInterest)


class Account(Group[C_co]):
    """The account's settings, fees and limits."""

    get = endpoint(GetAccount)


class Capital(Group[C_co]):
    """What the account has, and where money comes in."""

    balances = endpoint(GetBalances)
    deposit_address = endpoint(GetDepositAddress)


class Orders(Group[C_co]):
    """Place, inspect and cancel orders."""

    place = endpoint(PlaceOrder)
    place_batch = endpoint(PlaceOrders)
    cancel = endpoint(CancelOrder)
    cancel_all = endpoint(CancelAllOrders)
    get = endpoint(GetOrder)
    open = endpoint(GetOpenOrders)


class History(Group[C_co]):
    """What the account did. Histories lag behind the matching engine by seconds."""

    fills = endpoint(GetFillHistory)
    orders = endpoint(GetOrderHistory)


class Groups(Generic[C]):
    """All groups of one client."""

    def __init__(self, client: C) -> None:
        self.system: System[C] = System(client)
        self.markets: Markets[C] = Markets(client)
        self.account: Account[C] = Account(client)
        self.capital: Capital[C] = Capital(client)
        self.orders: Orders[C] = Orders(client)
        self.history: History[C] = History(client)
