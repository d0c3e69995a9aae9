"""What a command did, in the order in which it happened. Streams, answers and histories are made from these alone.

Numbers are the engine's integers. An event captures what later commands would change (executed amounts, status); the
order that it points to holds what never changes.
"""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

import msgspec

from haversack.exchange.engine.backing import Backing
from haversack.exchange.engine.command import Exit, Slippage, Trigger
from haversack.exchange.engine.dust.event import DustConverted
from haversack.exchange.engine.lending.event import InterestPaid, LoanChanged, PoolTold
from haversack.exchange.engine.perpetual.position import Position
from haversack.exchange.engine.perpetual.settlement import Settlement
from haversack.exchange.engine.predictions.event import PredictionEvent
from haversack.exchange.engine.rfq.event import RfqEvent
from haversack.exchange.engine.rules import AccountSettings
from haversack.exchange.engine.strategies.event import StrategyEvent
from haversack.exchange.engine.vaults.event import VaultEvent
from haversack.exchange.engine.withdrawals.event import WithdrawalEvent
from haversack.wire.enums import (
    ExpiryReason,
    OrderBookState,
    OrderStatus,
    SelfTradePrevention,
    Side,
    SystemOrderType,
    TimeInForce,
)


class Refusal(Enum):
    """Why a command was turned away with nothing changed."""

    ACCOUNT_LIQUIDATING = "the account is being liquidated"
    BOOK_CLOSED = "the market is closed"
    CANCEL_ONLY = "the market takes nothing but cancels"
    LIMIT_ONLY = "the market takes no market orders"
    POST_ONLY_MODE = "the market takes post-only orders alone"
    PRICE_BAND = "the price is too far from the last active price"
    POST_ONLY_TAKES = "a post-only order would take"
    FILL_OR_KILL = "a fill-or-kill order would not fill completely"
    INSUFFICIENT_FUNDS = "the account has too little available"
    OPEN_INTEREST = "the open interest would exceed the market's limit"
    REDUCE_ONLY = "an order that only reduces has nothing to reduce"
    INSUFFICIENT_MARGIN = "the account has too little margin"
    LEVERAGE = "the account's exposure needs more leverage"
    NO_REFERENCE = "the market has no price that a trigger could wait for"
    ORDER_NOT_FOUND = "no such order"
    ORDER_LIMIT = "too many resting orders"


class Conditions(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What only some orders have."""

    trigger: Trigger | None = None
    """What it waits for, or waited for."""
    take_profit: Exit | None = None
    stop_loss: Exit | None = None
    related_order_id: int | None = None
    """The order that it came from."""
    triggered_us: int | None = None
    """When its trigger fired."""
    system: SystemOrderType | None = None
    """Which part of the exchange sent it; None: its account did."""
    strategy_id: int | None = None
    """The strategy that sent it."""
    backing: Backing | None = None
    """What it may call on beside the balance, and whether it repays."""


class OrderFacts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What never changes about an order once it is accepted."""

    order_id: int
    account: int
    symbol: str
    side: Side
    price: int | None
    quantity: int | None
    quote_quantity: int | None
    time_in_force: TimeInForce
    post_only: bool
    self_trade_prevention: SelfTradePrevention
    client_id: int | None
    created_us: int
    slippage: Slippage | None = None
    reduce_only: bool | None = None
    conditions: Conditions | None = None


class Rejected(msgspec.Struct, frozen=True, gc=False):
    """The only event of a command that changed nothing."""

    refusal: Refusal


class FacilityRefusal(Enum):
    """Why a facility turned a command away; each facility has its own."""


class Declined(msgspec.Struct, frozen=True, gc=False):
    """The only event of a facility's command that changed nothing."""

    refusal: FacilityRefusal


class AccountOpened(msgspec.Struct, frozen=True, gc=False):
    """A key now has an account. Opening it again changes nothing and says the same number."""

    account: int
    key: str


class OrderAccepted(msgspec.Struct, frozen=True, gc=False):
    """The order has an id; its fills, if any, follow."""

    order: OrderFacts


class OrderFilled(msgspec.Struct, frozen=True, gc=False):
    """One side of one match. Each match gives two of these: the taker's, then the maker's."""

    order: OrderFacts
    trade_id: int
    price: int
    quantity: int
    is_maker: bool
    fee: int
    """In the smallest units of `fee_asset`."""
    fee_asset: str
    executed: int
    """Quantity executed so far, this match included."""
    executed_quote: int
    """Sum of price times quantity so far, in the quote asset's smallest units."""
    status: OrderStatus


class OrderModified(msgspec.Struct, frozen=True, gc=False):
    """A resting order that only reduces was made smaller with its position; its facts say the new quantity."""

    order: OrderFacts
    executed: int
    executed_quote: int
    status: OrderStatus


class TriggerPlaced(msgspec.Struct, frozen=True, gc=False):
    """The order has an id and waits for its trigger."""

    order: OrderFacts


class TriggerFired(msgspec.Struct, frozen=True, gc=False):
    """The trigger's price was reached, and what was accepted next goes on for it."""

    order: OrderFacts


class TriggerFailed(msgspec.Struct, frozen=True, gc=False):
    """The trigger's price was reached, but no order could be made of it."""

    order: OrderFacts
    reason: ExpiryReason


class OrderEnded(msgspec.Struct, frozen=True, gc=False):
    """The order left before it was filled: cancelled by its owner, or expired by the engine with a reason.

    An order that waited for its trigger ends like one that rested.
    """

    order: OrderFacts
    executed: int
    executed_quote: int
    status: OrderStatus
    reason: ExpiryReason | None


class TradePrinted(msgspec.Struct, frozen=True, gc=False):
    """One match as the public sees it."""

    symbol: str
    trade_id: int
    price: int
    quantity: int
    buyer_order_id: int
    seller_order_id: int
    is_buyer_maker: bool


class LiquidationPrinted(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One match of a liquidation as the public sees it. On the book a `TradePrinted` says the same; beside it there is none."""

    symbol: str
    system: SystemOrderType
    side: Side
    """Of the order that was sent for the liquidated account."""
    price: int
    quantity: int
    trade_id: int
    order_id: int
    """Of the liquidated account."""
    opposite_order_id: int


class LiquidatingChanged(msgspec.Struct, frozen=True, gc=False):
    """An account's liquidation began or ended."""

    account: int
    is_liquidating: bool


class DebtCovered(msgspec.Struct, frozen=True, gc=False):
    """The exchange took over what an account owed and could not pay."""

    account: int
    asset: str
    amount: int


class LevelChanged(msgspec.Struct, frozen=True, gc=False):
    """The total quantity at one price is now this; 0 means that the level is gone. Numbered without gaps per market."""

    symbol: str
    side: Side
    price: int
    quantity: int
    update_id: int


class TopChanged(msgspec.Struct, frozen=True, gc=False):
    """Best bid or best ask, or the quantity there, changed; (price, quantity), None for an empty side."""

    symbol: str
    bid: tuple[int, int] | None
    ask: tuple[int, int] | None
    update_id: int
    """The update id of the command's last level change."""


class BalanceChanged(msgspec.Struct, frozen=True, gc=False):
    """The account now has this much of the asset, in its smallest units."""

    account: int
    asset: str
    available: int
    locked: int


class PositionChanged(msgspec.Struct, frozen=True, gc=False):
    """A fill or a funding payment changed a position; one that flips is told twice, closed and opened.

    Nothing is told of the house's positions.
    """

    account: int
    symbol: str
    before: int
    """Quantity before; 0: it was opened."""
    position: Position
    """As it is now; without a quantity it was closed."""
    settlements: tuple[Settlement, ...]
    """What it did to the account's unsettled money."""
    mark: int
    """The mark price at that moment, in the market's price units."""
    exposed: int
    """Quantity with the open orders of the worse side, as they were at that moment; never negative."""
    leverage_e8: int
    """The account's leverage limit at that moment, in units of 1e-8."""


class MarkChanged(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A perpetual's prices after one update; published once a second."""

    symbol: str
    mark: int
    """In the market's price units, on the tick."""
    index: int
    """In units of 1e-8 of the quote asset."""
    funding_rate_e28: int
    """Rate of the running interval, in units of 1e-28."""
    next_funding_ms: int


class FundingRateSet(msgspec.Struct, frozen=True, gc=False):
    """A funding interval is over, and this was its rate. Payments follow."""

    symbol: str
    rate_e28: int
    """In units of 1e-28; positive: long positions pay short ones."""
    interval_end_us: int


class FundingPaid(msgspec.Struct, frozen=True, gc=False):
    """A position paid or received funding; how the position changed is told next. Nothing is told of the house's."""

    account: int
    symbol: str
    position_id: int
    amount: int
    """In the quote asset's smallest units: positive was received, negative was paid."""
    rate_e28: int
    interval_end_us: int


class SettingsChanged(msgspec.Struct, frozen=True, gc=False):
    """The account now has these settings."""

    account: int
    settings: AccountSettings


class BookStateChanged(msgspec.Struct, frozen=True, gc=False):
    """The market now takes these orders."""

    symbol: str
    state: OrderBookState


Event: TypeAlias = (
    Rejected
    | Declined
    | AccountOpened
    | OrderAccepted
    | OrderFilled
    | OrderModified
    | TriggerPlaced
    | TriggerFired
    | TriggerFailed
    | OrderEnded
    | TradePrinted
    | LiquidationPrinted
    | LiquidatingChanged
    | DebtCovered
    | LevelChanged
    | TopChanged
    | BalanceChanged
    | PositionChanged
    | MarkChanged
    | FundingRateSet
    | FundingPaid
    | BookStateChanged
    | SettingsChanged
    | PredictionEvent
    | RfqEvent
    | StrategyEvent
    | VaultEvent
    | DustConverted
    | WithdrawalEvent
    | LoanChanged
    | InterestPaid
    | PoolTold
)
