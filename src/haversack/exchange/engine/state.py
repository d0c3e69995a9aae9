"""The whole state of an engine, taken out of one and put into another: the other answers all further commands alike.

What is taken is a copy that later commands do not change, made quickly; writing it down may take its time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy

import msgspec

from haversack.exchange.engine.book import Top
from haversack.exchange.engine.ledger import Account, Deposit, Ledger
from haversack.exchange.engine.market import Market
from haversack.exchange.engine.order import WorkingOrder
from haversack.exchange.engine.perpetual.position import Position
from haversack.exchange.engine.perpetual.prices import PriceState
from haversack.exchange.engine.rules import AccountSettings, FeeTier
from haversack.exchange.engine.triggers import PendingOrder
from haversack.wire.enums import OrderBookState


class AccountState(msgspec.Struct, frozen=True, array_like=True):
    """One account without its orders, which stand in the books."""

    key: str
    fees: FeeTier
    is_house: bool
    balances: list[tuple[str, int, int]]
    """Asset, available, locked."""
    settings: AccountSettings = AccountSettings()
    deposits: list[Deposit] = []
    unsettled: int = 0
    liquidating: bool = False


class MarketState(msgspec.Struct, frozen=True, kw_only=True):
    """One market without its orders."""

    symbol: str
    state: OrderBookState
    prices: PriceState | None
    premium_mean: list[tuple[int, int]]
    mean: list[tuple[int, int]]
    mean_bounds: tuple[int, int]
    observe_us: int
    last_price: int | None
    next_trade_id: int
    update_id: int
    top: Top
    positions: list[tuple[int, Position]]
    open_interest: int


class LedgerState(msgspec.Struct, frozen=True, kw_only=True):
    """What is counted for the whole exchange."""

    next_id: int
    settle_us: int
    liquidate_us: int
    granted: list[tuple[str, int]]
    fees: list[tuple[str, int]]
    covers: list[tuple[str, int]] = []


class EngineState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything."""

    ledger: LedgerState
    accounts: list[AccountState]
    markets: list[MarketState]
    orders: list[WorkingOrder]
    """All that rest: each book's in the order of priority, so that putting them in one by one makes the same queues."""
    pending: list[PendingOrder] = []
    """All that wait for their triggers: each market's by id."""
    facilities: list[tuple[str, bytes]] = []
    """Each one's name and what it remembers."""


def dump(ledger: Ledger, markets: Sequence[Market], facilities: Sequence[tuple[str, bytes]] = ()) -> EngineState:
    """The state as it is now."""
    return EngineState(
        ledger=_ledger(ledger),
        accounts=[_account(account) for account in ledger.accounts],
        markets=[_market(market) for market in markets],
        orders=[
            copy(order)
            for market in markets
            for ladder in (market.book.bids, market.book.asks)
            for level in ladder.from_best()
            for order in level.orders.values()
        ],
        pending=[order for market in markets for order in market.triggers.by_id.values()],
        facilities=list(facilities),
    )


def load(state: EngineState, ledger: Ledger, markets: Mapping[str, Market]) -> None:
    """Put a state into what is new, but for what facilities remember. It may be loaded more than once and is not touched."""
    for each in state.accounts:
        account = ledger.open(each.key, each.fees, is_house=each.is_house)
        for asset, available, locked in each.balances:
            balance = account.balances[asset]
            balance.available, balance.locked = available, locked
        account.settings = each.settings
        account.deposits.extend(each.deposits)
        account.unsettled = each.unsettled
        account.liquidating = each.liquidating
    counted = state.ledger
    ledger.next_id, ledger.settle_us, ledger.liquidate_us = counted.next_id, counted.settle_us, counted.liquidate_us
    ledger.recount(granted=counted.granted, fees=counted.fees, covers=counted.covers)
    for told in state.markets:
        _load_market(told, markets[told.symbol])
    orders = [copy(order) for order in state.orders]
    for order in orders:
        market = markets[order.facts.symbol]
        market.book.rest(order)
        market.clearing.rested(order)
    for restored in markets.values():
        restored.book.touched.clear()
    # An account knows its orders by age, a book by price.
    for order in sorted(orders, key=lambda order: order.facts.order_id):
        ledger.account(order.facts.account).open_orders[order.facts.symbol].add(order)
    for pending in state.pending:
        markets[pending.facts.symbol].triggers.add(pending)


def _ledger(ledger: Ledger) -> LedgerState:
    granted, fees, covers = (list(counted.items()) for counted in (ledger.granted, ledger.fees, ledger.covers))
    return LedgerState(
        next_id=ledger.next_id,
        settle_us=ledger.settle_us,
        liquidate_us=ledger.liquidate_us,
        granted=granted,
        fees=fees,
        covers=covers,
    )


def _account(account: Account) -> AccountState:
    balances = [(asset, held.available, held.locked) for asset, held in account.balances.items()]
    said = account.settings, list(account.deposits), account.unsettled, account.liquidating
    return AccountState(account.key, account.fees, account.is_house, balances, *said)


def _market(market: Market) -> MarketState:
    return MarketState(
        symbol=market.rules.symbol,
        state=market.state,
        prices=market.prices.state if market.prices else None,
        premium_mean=market.prices.premium_mean.told if market.prices else [],
        mean=market.mean.told,
        mean_bounds=market.mean_bounds,
        observe_us=market.observe_us,
        last_price=market.last_price,
        next_trade_id=market.next_trade_id,
        update_id=market.update_id,
        top=market.top,
        positions=_positions(market),
        open_interest=market.clearing.open_interest,
    )


def _positions(market: Market) -> list[tuple[int, Position]]:
    holdings = market.perpetual.holdings.items() if market.perpetual else ()
    return [(account, holding.position) for account, holding in holdings if holding.position]


def _load_market(state: MarketState, market: Market) -> None:
    market.state = state.state
    if market.prices is not None and state.prices is not None:
        market.prices.state = state.prices
        for second, premium in state.premium_mean:
            market.prices.premium_mean.tell(premium, second)
    for second, price in state.mean:
        market.mean.tell(price, second)
    market.mean_bounds = state.mean_bounds
    market.observe_us = state.observe_us
    market.last_price = state.last_price
    market.next_trade_id = state.next_trade_id
    market.update_id = state.update_id
    market.top = state.top
    if market.perpetual is not None:
        market.perpetual.take_up(state.positions, state.open_interest)
