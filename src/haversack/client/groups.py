"""The whole API, one line per operation, grouped as in the documentation."""

from __future__ import annotations

from typing import Generic, TypeVar

from haversack.client.endpoint import C_co, Group, Sends, SendsAsync, endpoint
from haversack.client.several import listing, procedure
from haversack.rest.outcome import resolve
from haversack.rest.paging import pages
from haversack.rest.past_trades import each_trade
from haversack.rest.ranges import each_kline, fills_between
from haversack.wire.account import GetAccount, GetMaxBorrowQuantity, GetMaxOrderQuantity, GetMaxWithdrawalQuantity, UpdateAccount
from haversack.wire.assets import GetAssets, GetCollateralParameters
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

C = TypeVar("C", bound=Sends | SendsAsync)


class System(Group[C_co]):
    """Is the exchange there, and what time is it."""

    status = endpoint(GetStatus)
    ping = endpoint(Ping)
    time = endpoint(GetTime)
    wallets = endpoint(GetWallets)


class Markets(Group[C_co]):
    """Assets, markets and their rules, books, trades, prices and statistics. Public."""

    assets = endpoint(GetAssets)
    collateral_parameters = endpoint(GetCollateralParameters)
    all = endpoint(GetMarkets)
    get = endpoint(GetMarket)
    depth = endpoint(GetDepth)
    recent_trades = endpoint(GetRecentTrades)
    historical_trades = endpoint(GetHistoricalTrades)
    ticker = endpoint(GetTicker)
    tickers = endpoint(GetTickers)
    klines = endpoint(GetKlines)
    mark_prices = endpoint(GetMarkPrices)
    open_interest = endpoint(GetOpenInterest)
    funding_rates = endpoint(GetFundingRates)

    each_kline = listing(each_kline)
    each_trade = listing(each_trade)
    each_funding_rate = listing(pages(GetFundingRates, by="interval_end_iso"))


class Predictions(Group[C_co]):
    """Markets on what will happen. Public."""

    events = endpoint(GetPredictionEvents)
    tags = endpoint(GetPredictionTags)

    each_event = listing(pages(GetPredictionEvents, by="slug"))


class Stocks(Group[C_co]):
    """Stocks: what is traded, when, and at which price one would get it. Public."""

    securities = endpoint(GetSecurities)
    sessions = endpoint(GetStockSessions)
    holidays = endpoint(GetStockHolidays)
    indicative_quote = endpoint(GetStockIndicativeQuote)
    market_sessions = endpoint(GetMarketSessions)
    market_holidays = endpoint(GetMarketHolidays)


class Account(Group[C_co]):
    """The account's settings, fees and limits."""

    get = endpoint(GetAccount)
    update = endpoint(UpdateAccount)
    max_borrow_quantity = endpoint(GetMaxBorrowQuantity)
    max_order_quantity = endpoint(GetMaxOrderQuantity)
    max_withdrawal_quantity = endpoint(GetMaxWithdrawalQuantity)


class Capital(Group[C_co]):
    """What the account has, and how money comes and goes."""

    balances = endpoint(GetBalances)
    collateral = endpoint(GetCollateral)
    convert_dust = endpoint(ConvertDust)
    deposits = endpoint(GetDeposits)
    deposit_address = endpoint(GetDepositAddress)
    withdrawals = endpoint(GetWithdrawals)
    request_withdrawal = endpoint(RequestWithdrawal)
    withdrawal_delay = endpoint(GetWithdrawalDelay)
    create_withdrawal_delay = endpoint(CreateWithdrawalDelay)
    update_withdrawal_delay = endpoint(UpdateWithdrawalDelay)

    each_deposit = listing(pages(GetDeposits, by="deposit_id"))
    each_withdrawal = listing(pages(GetWithdrawals, by="withdrawal_id"))


class BorrowLend(Group[C_co]):
    """Lending idle assets, and borrowing others."""

    markets = endpoint(GetBorrowLendMarkets)
    market_history = endpoint(GetBorrowLendMarketHistory)
    apy = endpoint(GetApyRates)
    positions = endpoint(GetBorrowLendPositions)
    liquidation_price = endpoint(GetBorrowLendLiquidationPrice)
    execute = endpoint(ExecuteBorrowLend)


class Orders(Group[C_co]):
    """Place, inspect and cancel orders."""

    place = endpoint(PlaceOrder)
    place_batch = endpoint(PlaceOrders)
    cancel = endpoint(CancelOrder)
    cancel_all = endpoint(CancelAllOrders)
    get = endpoint(GetOrder)
    open = endpoint(GetOpenOrders)

    resolve = procedure(resolve)


class Positions(Group[C_co]):
    """Open positions in perpetuals and other contracts."""

    open = endpoint(GetPositions)


class Rfq(Group[C_co]):
    """Requests for quotes: ask for a price, answer with one."""

    submit = endpoint(SubmitRfq)
    quote = endpoint(SubmitQuote)
    accept = endpoint(AcceptQuote)
    refresh = endpoint(RefreshRfq)
    cancel = endpoint(CancelRfq)
    open = endpoint(GetOpenRfqs)


class Strategies(Group[C_co]):
    """Orders that the exchange sends in slices."""

    create = endpoint(CreateStrategy)
    get = endpoint(GetStrategy)
    open = endpoint(GetOpenStrategies)
    cancel = endpoint(CancelStrategy)
    cancel_all = endpoint(CancelAllStrategies)


class Vaults(Group[C_co]):
    """Shares in what others trade."""

    all = endpoint(GetVaults)
    history = endpoint(GetVaultHistory)
    nav = endpoint(GetVaultNav)
    mint = endpoint(MintVaultTokens)
    redeem = endpoint(RedeemVaultTokens)
    cancel_redeem = endpoint(CancelVaultRedeem)
    pending_redeems = endpoint(GetPendingVaultRedeems)


class History(Group[C_co]):
    """What the account did. Histories lag behind the matching engine by seconds."""

    fills = endpoint(GetFillHistory)
    orders = endpoint(GetOrderHistory)
    positions = endpoint(GetPositionHistory)
    funding = endpoint(GetFundingHistory)
    settlements = endpoint(GetSettlementHistory)
    borrow_lend = endpoint(GetBorrowLendHistory)
    borrow_lend_positions = endpoint(GetBorrowLendPositionHistory)
    interest = endpoint(GetInterestHistory)
    dust = endpoint(GetDustHistory)
    strategies = endpoint(GetStrategyHistory)
    rfqs = endpoint(GetRfqHistory)
    quotes = endpoint(GetQuoteHistory)
    rfq_fills = endpoint(GetRfqFillHistory)
    quote_fills = endpoint(GetQuoteFillHistory)

    each_fill = listing(pages(GetFillHistory))
    fills_between = listing(fills_between)
    each_order = listing(pages(GetOrderHistory, by="order_id"))
    each_position = listing(pages(GetPositionHistory, by="position_id"))
    each_funding_payment = listing(pages(GetFundingHistory))
    each_settlement = listing(pages(GetSettlementHistory))
    each_borrow_lend = listing(pages(GetBorrowLendHistory))
    each_borrow_lend_position = listing(pages(GetBorrowLendPositionHistory, by="position_id"))
    each_interest_payment = listing(pages(GetInterestHistory))
    each_dust_conversion = listing(pages(GetDustHistory, by="conversion_id"))
    each_strategy = listing(pages(GetStrategyHistory, by="strategy_id"))
    each_rfq = listing(pages(GetRfqHistory, by="rfq_id"))
    each_quote = listing(pages(GetQuoteHistory, by="quote_id"))
    each_rfq_fill = listing(pages(GetRfqFillHistory))
    each_quote_fill = listing(pages(GetQuoteFillHistory))


class Groups(Generic[C]):
    """All groups of one client."""

    def __init__(self, client: C) -> None:
        self.system: System[C] = System(client)
        self.markets: Markets[C] = Markets(client)
        self.predictions: Predictions[C] = Predictions(client)
        self.stocks: Stocks[C] = Stocks(client)
        self.account: Account[C] = Account(client)
        self.capital: Capital[C] = Capital(client)
        self.borrow_lend: BorrowLend[C] = BorrowLend(client)
        self.orders: Orders[C] = Orders(client)
        self.positions: Positions[C] = Positions(client)
        self.rfq: Rfq[C] = Rfq(client)
        self.strategies: Strategies[C] = Strategies(client)
        self.vaults: Vaults[C] = Vaults(client)
        self.history: History[C] = History(client)
