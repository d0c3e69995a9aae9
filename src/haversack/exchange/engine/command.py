"""Everything that can change the exchange's state. The journal is a list of these; nothing else is ever replayed."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from haversack.exchange.engine.backing import Backing
from haversack.exchange.engine.dust.command import ConvertDust
from haversack.exchange.engine.lending.command import BorrowOrLend
from haversack.exchange.engine.predictions.command import PredictionCommand
from haversack.exchange.engine.rfq.command import RfqCommand
from haversack.exchange.engine.rules import AccountSettings, FeeTier
from haversack.exchange.engine.strategies.command import StrategyCommand
from haversack.exchange.engine.vaults.command import VaultCommand
from haversack.exchange.engine.withdrawals.command import WithdrawalCommand
from haversack.wire.enums import (
    CancelOrderType,
    OrderBookState,
    SelfTradePrevention,
    Side,
    SlippageToleranceType,
    TimeInForce,
    TriggerBy,
)

SLIPPAGE_SCALE = 8
"""Decimals of a slippage tolerance that count."""


class OpenAccount(msgspec.Struct, frozen=True, tag="account", array_like=True):
    """Give a verifying key an account, with paper money in it.

    `is_house` marks the crowd's own accounts: they trade perpetuals without margin, fees and liquidation, and have no order
    limit.
    """

    key: str
    fees: FeeTier
    grants: tuple[tuple[str, int], ...]
    """Asset and amount in its smallest units, once each."""
    is_house: bool = False


class Slippage(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How far from the best price a market order may trade, in units of 1e-8 of a tick or of a percent."""

    kind: SlippageToleranceType
    tolerance_e8: int


class Trigger(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a conditional order waits for, and how much of it is sent then."""

    by: TriggerBy
    price: int
    """In the market's price units."""
    quantity: int | None
    """In quantity units; None: a part of the position."""
    percent_e8: int = 0
    """Of the position when it fires, in units of 1e-8 percent; only without a quantity."""
    by_default: bool = False
    """Nobody said by which price, and so it is the last one's."""


class Exit(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A take-profit or stop-loss that comes into being when its order is filled."""

    by: TriggerBy
    price: int
    limit: int | None = None
    """Price of the order that it sends; None: a market order."""
    by_default: bool = False
    """Nobody said by which price, and so it is the last one's."""


class Place(msgspec.Struct, frozen=True, kw_only=True, tag="place", array_like=True):
    """Match an order, and rest what may rest. The filters of the market hold already: prices are on the tick."""

    account: int
    symbol: str
    side: Side
    price: int | None
    """None: a market order."""
    quantity: int | None
    """None: a market order by quote quantity."""
    quote_quantity: int | None = None
    """In the quote asset's smallest units."""
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.REJECT_TAKER
    client_id: int | None = None
    slippage: Slippage | None = None
    """Market orders only."""
    reduce_only: bool | None = None
    """None: it was not said, which means no."""
    trigger: Trigger | None = None
    take_profit: Exit | None = None
    stop_loss: Exit | None = None
    backing: Backing | None = None
    """What it may call on beside the balance, and whether it repays; spot markets only."""


class Cancel(msgspec.Struct, frozen=True, kw_only=True, tag="cancel", array_like=True):
    """Take one order out that rests or waits for its trigger; with a client id, the newest that carries it."""

    account: int
    symbol: str
    order_id: int | None = None
    client_id: int | None = None


class CancelAll(msgspec.Struct, frozen=True, tag="cancelAll", array_like=True):
    """Take all orders of an account in one market out, those that wait for their triggers too, oldest first."""

    account: int
    symbol: str
    kind: CancelOrderType | None = None
    """Only those that rest, or only those that wait."""


class SetPrices(msgspec.Struct, frozen=True, tag="prices", array_like=True):
    """The index prices of perpetuals, once a second: `(symbol, price in units of 1e-8 of the quote asset)`."""

    indexes: tuple[tuple[str, int], ...]


class Grant(msgspec.Struct, frozen=True, tag="grant", array_like=True):
    """Give an account that exists more paper money: asset and amount in its smallest units, once each."""

    account: int
    amounts: tuple[tuple[str, int], ...]


class ChangeSettings(msgspec.Struct, frozen=True, tag="settings", array_like=True):
    """Let an account have these settings from now on."""

    account: int
    settings: AccountSettings


class Elapse(msgspec.Struct, frozen=True, tag="elapse", array_like=True):
    """Do what the time asks for, with the prices that are known: funding, settlement, liquidation."""


class SetBookState(msgspec.Struct, frozen=True, tag="bookState", array_like=True):
    """Open or close a market, or restrict it to some orders. What rests there stays."""

    symbol: str
    state: OrderBookState


Command: TypeAlias = (
    OpenAccount
    | Grant
    | Place
    | Cancel
    | CancelAll
    | SetPrices
    | Elapse
    | SetBookState
    | ChangeSettings
    | PredictionCommand
    | RfqCommand
    | StrategyCommand
    | BorrowOrLend
    | VaultCommand
    | ConvertDust
    | WithdrawalCommand
)
