"""The matching engine: commands go in one by one, and what they did comes out. Same commands, same events, same state.

A new order runs through a pipeline that can be read off `_place`: it is admitted or refused, holds what it may cost, is
matched, each match being settled at once, and its remainder rests or ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from haversack.exchange.engine.active import twice_active_price
from haversack.exchange.engine.admission import refusal
from haversack.exchange.engine.book import Top
from haversack.exchange.engine.command import (
    Cancel,
    CancelAll,
    ChangeSettings,
    Command,
    Grant,
    OpenAccount,
    Place,
    SetBookState,
    SetPrices,
)
from haversack.exchange.engine.event import (
    AccountOpened,
    BalanceChanged,
    BookStateChanged,
    Event,
    MarkChanged,
    OrderAccepted,
    OrderEnded,
    OrderFacts,
    Refusal,
    Rejected,
    SettingsChanged,
)
from haversack.exchange.engine.fingerprint import fingerprint
from haversack.exchange.engine.ledger import Account, Deposit, Ledger
from haversack.exchange.engine.market import Market
from haversack.exchange.engine.matching import Matching, expire
from haversack.exchange.engine.order import OpenOrder, WorkingOrder
from haversack.exchange.engine.rules import AccountSettings, AssetRules, MarketRules
from haversack.exchange.engine.state import EngineState, dump, load
from haversack.exchange.engine.survey import survey
from haversack.wire.enums import OrderBookState, OrderStatus, TimeInForce

FOK = TimeInForce.FOK

Levels = list[tuple[int, int]]
"""Price and total quantity."""


class Engine:
    """All markets and accounts of one exchange.

    An account, symbol or asset that does not exist is the caller's mistake: a KeyError, an IndexError or an assertion.
    """

    def __init__(
        self,
        assets: Iterable[AssetRules],
        markets: Iterable[MarketRules],
        *,
        first_order_id: int = 1,
        first_trade_id: int = 1,
    ) -> None:
        self._ledger = Ledger(assets)
        self._markets = {rules.symbol: Market(rules, self._ledger, first_trade_id=first_trade_id) for rules in markets}
        self._next_order_id = first_order_id

    def apply(self, command: Command, now_us: int) -> list[Event]:
        """Do one command, at a time that the caller tells."""
        if isinstance(command, Place):
            return self._place(command, now_us)
        if isinstance(command, Cancel):
            return self._cancel(command)
        if isinstance(command, CancelAll):
            return self._cancel_all(command)
        if isinstance(command, SetPrices):
            return self._set_prices(command, now_us)
        if isinstance(command, SetBookState):
            return self._set_book_state(command)
        if isinstance(command, Grant):
            return self._grant(self._ledger.account(command.account), command.amounts, now_us)
        if isinstance(command, ChangeSettings):
            return self._change_settings(command)
        return self._open_account(command, now_us)

    def _place(self, place: Place, now_us: int) -> list[Event]:
        account, market = self._ledger.account(place.account), self._markets[place.symbol]
        before = market.observe(now_us) if now_us >= market.observe_us else None
        requirement = self._admit(place, account, market)
        if isinstance(requirement, Refusal):
            if before:
                market.forget(before)
            return [Rejected(requirement)]
        order = self._accept(place, requirement, now_us)
        events: list[Event] = [OrderAccepted(order.facts)]
        market.clearing.hold(order, events)
        reason = Matching(order, market, self._ledger, events).run()
        if reason:
            expire(order, reason, market, events)
        elif order.left and place.price is not None:
            market.book.rest(order)
            account.open_orders[place.symbol].add(order)
        market.tell_changes(events)
        return events

    def _admit(self, place: Place, account: Account, market: Market) -> int | Refusal:
        """How much the order has to hold, or why it is refused."""
        is_foreseen = place.price is None or place.time_in_force is FOK
        ahead = survey(place, market.book, market.rules, market.mean_bounds) if is_foreseen else None
        return refusal(place, account, market, ahead) or market.clearing.requirement(place, account, ahead)

    def _accept(self, place: Place, requirement: int, now_us: int) -> WorkingOrder:
        facts = OrderFacts(
            order_id=self._next_order_id,
            account=place.account,
            symbol=place.symbol,
            side=place.side,
            price=place.price,
            quantity=place.quantity,
            quote_quantity=place.quote_quantity,
            time_in_force=place.time_in_force,
            post_only=place.post_only,
            self_trade_prevention=place.self_trade_prevention,
            client_id=place.client_id,
            created_us=now_us,
            slippage=place.slippage,
        )
        self._next_order_id += 1
        left = place.quote_quantity if place.quantity is None else place.quantity
        assert left is not None, "an order without quantity and quote quantity"
        return WorkingOrder(facts, left, requirement)

    def _cancel(self, cancel: Cancel) -> list[Event]:
        market = self._markets[cancel.symbol]
        order = self._find(cancel.account, cancel.symbol, cancel.order_id, cancel.client_id)
        if order is None:
            return [Rejected(Refusal.ORDER_NOT_FOUND)]
        events: list[Event] = []
        self._take_out(order, market, events)
        market.tell_changes(events)
        return events

    def _cancel_all(self, cancel: CancelAll) -> list[Event]:
        market = self._markets[cancel.symbol]
        events: list[Event] = []
        for order in list(self._ledger.account(cancel.account).open_orders[cancel.symbol].by_id.values()):
            self._take_out(order, market, events)
        market.tell_changes(events)
        return events

    def _take_out(self, order: WorkingOrder, market: Market, events: list[Event]) -> None:
        facts = order.facts
        market.book.remove(order)
        self._ledger.account(facts.account).open_orders[facts.symbol].remove(order)
        events.append(OrderEnded(facts, order.executed, order.executed_quote, OrderStatus.CANCELLED, None))
        market.clearing.release(order, events)

    def _set_prices(self, prices: SetPrices, now_us: int) -> list[Event]:
        events: list[Event] = []
        for symbol, index in prices.indexes:
            market = self._markets[symbol]
            assert market.rules.is_perpetual, f"{symbol} has no index"
            changed = market.prices.update(market.book, market.rules, index, now_us)
            market.tell_mark(changed.mark, now_us)
            events.append(changed)
        return events

    def _set_book_state(self, command: SetBookState) -> list[Event]:
        market = self._markets[command.symbol]
        if market.state is command.state:
            return []
        market.state = command.state
        return [BookStateChanged(command.symbol, command.state)]

    def _open_account(self, command: OpenAccount, now_us: int) -> list[Event]:
        known = self._ledger.find(command.key)
        if known:
            return [AccountOpened(known.number, known.key)]
        account = self._ledger.open(command.key, command.fees, is_house=command.is_house)
        return [AccountOpened(account.number, account.key), *self._grant(account, command.grants, now_us)]

    def _grant(self, account: Account, amounts: Iterable[tuple[str, int]], now_us: int) -> list[Event]:
        events: list[Event] = []
        for asset, amount in amounts:
            balance = self._ledger.grant(account, asset, amount, now_us)
            events.append(BalanceChanged(account.number, asset, balance.available, balance.locked))
        return events

    def _change_settings(self, command: ChangeSettings) -> list[Event]:
        self._ledger.account(command.account).settings = command.settings
        return [SettingsChanged(command.account, command.settings)]

    def account_of(self, key: str) -> int | None:
        """Number of the account of a key; None if there is none."""
        account = self._ledger.find(key)
        return account.number if account else None

    def key_of(self, account: int) -> str:
        """The key that an account was opened for."""
        return self._ledger.account(account).key

    def balances(self, account: int) -> dict[str, tuple[int, int]]:
        """Available and locked of every asset that the account ever had."""
        held = self._ledger.account(account).balances
        return {asset: (balance.available, balance.locked) for asset, balance in held.items()}

    def settings(self, account: int) -> AccountSettings:
        """What the account chose."""
        return self._ledger.account(account).settings

    def deposits(self, account: int) -> Sequence[Deposit]:
        """Paper money that the account got, oldest first; only the newest thousand times."""
        return tuple(self._ledger.account(account).deposits)

    def open_orders(self, account: int, symbol: str | None = None) -> list[OpenOrder]:
        """Resting orders, oldest first."""
        by_symbol = self._ledger.account(account).open_orders
        if symbol is not None:
            return [_view(order) for order in by_symbol[symbol].by_id.values()]
        orders = [order for market in by_symbol.values() for order in market.by_id.values()]
        return [_view(order) for order in sorted(orders, key=lambda order: order.facts.order_id)]

    def order(self, account: int, symbol: str, *, order_id: int | None = None, client_id: int | None = None) -> OpenOrder | None:
        """One resting order of an account; of several with the same client id, the newest."""
        order = self._find(account, symbol, order_id, client_id)
        return _view(order) if order else None

    def _find(self, account: int, symbol: str, order_id: int | None, client_id: int | None) -> WorkingOrder | None:
        return self._ledger.account(account).open_orders[symbol].find(order_id, client_id)

    def depth(self, symbol: str) -> tuple[Levels, Levels, int]:
        """Bids and asks, both by rising price, and the id of the last change."""
        market = self._markets[symbol]
        bids = [(level.price, level.quantity) for level in market.book.bids.ascending()]
        asks = [(level.price, level.quantity) for level in market.book.asks.ascending()]
        return bids, asks, market.update_id

    def top(self, symbol: str) -> Top:
        """Best bid and best ask with their quantities, None for an empty side."""
        return self._markets[symbol].book.top()

    def last_price(self, symbol: str) -> int | None:
        """Price of the last trade."""
        return self._markets[symbol].last_price

    def twice_active_price(self, symbol: str) -> int | None:
        """Twice the median of best bid, best ask and last trade: the mark price of a spot market here."""
        market = self._markets[symbol]
        return twice_active_price(market.book, market.last_price)

    def book_state(self, symbol: str) -> OrderBookState:
        """Which orders the market takes now."""
        return self._markets[symbol].state

    def mark(self, symbol: str) -> MarkChanged | None:
        """A perpetual's prices as last told."""
        return self._markets[symbol].prices.mark

    def open_interest(self, symbol: str) -> int:
        """Sum of the long positions, which is that of the short ones."""
        return self._markets[symbol].clearing.open_interest

    def position(self, account: int, symbol: str) -> int:
        """Signed position of an account in a perpetual."""
        return self._markets[symbol].clearing.positions.get(account, 0)

    @property
    def fees(self) -> Mapping[str, int]:
        """Fees taken so far, by asset."""
        return self._ledger.fees

    @property
    def granted(self) -> Mapping[str, int]:
        """All that ever came into the exchange, by asset."""
        return self._ledger.granted

    @property
    def accounts(self) -> Sequence[int]:
        """The numbers of all accounts."""
        return [account.number for account in self._ledger.accounts]

    def state_hash(self) -> str:
        """SHA-256 of all state."""
        return fingerprint(self._next_order_id, self._ledger, self._markets.values())

    def dump(self) -> EngineState:
        """A copy of all state."""
        return dump(self._next_order_id, self._ledger, list(self._markets.values()))

    def load(self, state: EngineState) -> None:
        """Take up the state of another engine with the same rules. This one must not have done anything yet."""
        assert not self._ledger.accounts, "a state is loaded into a new engine"
        load(state, self._ledger, self._markets)
        self._next_order_id = state.ledger.next_order_id


def _view(order: WorkingOrder) -> OpenOrder:
    return OpenOrder(order.facts, order.executed, order.executed_quote, order.status())
