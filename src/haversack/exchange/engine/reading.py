"""What can be asked of an engine. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from haversack.exchange.engine.backing import Backing
from haversack.exchange.engine.book import Top
from haversack.exchange.engine.collateral import Collateralized
from haversack.exchange.engine.event import MarkChanged
from haversack.exchange.engine.facility import Facility
from haversack.exchange.engine.ledger import Deposit, Ledger
from haversack.exchange.engine.market import Market
from haversack.exchange.engine.near import nearer
from haversack.exchange.engine.order import OpenOrder, WorkingOrder
from haversack.exchange.engine.perpetual.margin import AccountMargin, Exposure
from haversack.exchange.engine.perpetual.margins import Margins
from haversack.exchange.engine.perpetual.position import Position
from haversack.exchange.engine.rfq.open import OpenRfq
from haversack.exchange.engine.rfq.rfqs import Rfqs
from haversack.exchange.engine.rules import AccountSettings
from haversack.exchange.engine.spot_limit import Terms, max_spot_quantity, max_withdrawal
from haversack.wire.enums import OrderBookState, Side

Levels = list[tuple[int, int]]
"""Price and total quantity."""


class OpenPosition(NamedTuple):
    """What an account has open in one perpetual, at the mark price of the moment."""

    symbol: str
    position: Position
    exposure: Exposure


class Readable:
    """The questions. An unknown account or symbol is the caller's mistake: a KeyError, an IndexError or an assertion."""

    _ledger: Ledger
    _margins: Margins
    _markets: dict[str, Market]
    _facilities: Sequence[Facility]

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

    def is_house(self, account: int) -> bool:
        """Whether it is one of the exchange's own: the crowd's, or the backstop's."""
        return self._ledger.account(account).is_house

    def is_liquidating(self, account: int) -> bool:
        """Whether its positions are being closed for it."""
        return self._ledger.account(account).liquidating

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

    def pending_orders(self, account: int, symbol: str | None = None) -> list[OpenOrder]:
        """Orders that wait for their triggers, oldest first."""
        markets = self._markets.values() if symbol is None else [self._markets[symbol]]
        orders = [order for market in markets for order in market.triggers.of(account).values()]
        return [order.view() for order in sorted(orders, key=lambda order: order.facts.order_id)]

    def trigger_orders(self, account: int) -> int:
        """How many those are, in all markets."""
        return sum(len(market.triggers.of(account)) for market in self._markets.values())

    def order(self, account: int, symbol: str, *, order_id: int | None = None, client_id: int | None = None) -> OpenOrder | None:
        """One order of an account that rests or waits; of several with the same client id, the newest."""
        order = self._ledger.account(account).open_orders[symbol].find(order_id, client_id)
        pending = self._markets[symbol].triggers.find(account, order_id, client_id)
        if pending and (order is None or order.facts.order_id < pending.facts.order_id):
            return pending.view()
        return _view(order) if order else None

    def open_rfqs(self) -> Sequence[OpenRfq]:
        """Requests for quotes that are open, the oldest first; none where there are no such requests at all."""
        return next((each.open() for each in self._facilities if isinstance(each, Rfqs)), ())

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
        return self._markets[symbol].twice_active_price

    def book_state(self, symbol: str) -> OrderBookState:
        """Which orders the market takes now."""
        return self._markets[symbol].state

    def mark(self, symbol: str) -> MarkChanged | None:
        """A perpetual's prices as last told."""
        return self._markets[symbol].told

    def open_interest(self, symbol: str) -> int:
        """Sum of the long positions, which is that of the short ones."""
        return self._markets[symbol].clearing.open_interest

    def position(self, account: int, symbol: str) -> int:
        """Signed position of an account in a perpetual."""
        return self._markets[symbol].clearing.positions.get(account, 0)

    def positions(self, account: int) -> list[OpenPosition]:
        """All open positions of an account, the oldest first."""
        owner = self._ledger.account(account)
        found = [
            OpenPosition(symbol, held.position, self._margins.exposure(owner, symbol))
            for symbol, held in owner.holdings.items()
            if held.position is not None
        ]
        return sorted(found, key=lambda each: each.position.position_id)

    def holdings(self, symbol: str) -> list[tuple[int, Position | None, int, int]]:
        """Every account that has anything in a perpetual: its position, and what its open bids and asks could add."""
        perpetual = self._markets[symbol].perpetual
        held = perpetual.holdings.items() if perpetual else ()
        return [(account, each.position, each.bids, each.asks) for account, each in held if not each.is_empty]

    def unsettled(self, account: int) -> int:
        """Profit, fees and funding that are in no balance yet, in the quote asset's smallest units."""
        return self._ledger.account(account).unsettled

    def margin(self, account: int) -> AccountMargin:
        """What an account is worth, and what of it its positions and orders need."""
        return self._margins.figures(self._ledger.account(account))

    def collateral(self, account: int) -> list[Collateralized]:
        """Assets that count, in alphabetical order, and what each is worth."""
        return list(self._margins.collateral(self._ledger.account(account)))

    def max_order_quantity(self, account: int, symbol: str, side: Side, price: Decimal, *, reduce_only: bool) -> int:
        """The largest order that margin allows in a perpetual, in quantity units."""
        return self._margins.max_order_quantity(self._ledger.account(account), symbol, side, price, reduce_only=reduce_only)

    def max_spot_quantity(
        self, account: int, symbol: str, side: Side, price: Decimal | None, *, backing: Backing | None = None, now_us: int = 0
    ) -> int:
        """The largest order that money and margin allow in a spot market, in quantity units; a bid without a price is none.

        What may be borrowed depends on the time.
        """
        market, owner = self._markets[symbol], self._ledger.account(account)
        if backing is not None and price is not None:
            backing = nearer(backing, price.scaleb(market.rules.price_scale), market)
        return max_spot_quantity(self._margins, owner, market.rules, (side, price), terms=Terms(backing, now_us))

    def max_withdrawal(self, account: int, asset: str, *, backing: Backing | None = None, now_us: int = 0) -> int:
        """How much of an asset is available, or can be called on, and is not needed; in its smallest units."""
        return max_withdrawal(self._margins, self._ledger.account(account), asset, Terms(backing, now_us))

    def mark_price(self, symbol: str) -> int | None:
        """A perpetual's mark price in its price units; before the first one its active price."""
        return self._markets[symbol].mark

    def told_mark_price(self, symbol: str) -> int | None:
        """The same of a market that is not closed: of one that is, nothing is told any more."""
        market = self._markets[symbol]
        return None if market.state is OrderBookState.CLOSED else market.mark

    @property
    def fees(self) -> Mapping[str, int]:
        """Fees taken so far, by asset."""
        return self._ledger.fees

    @property
    def covers(self) -> Mapping[str, int]:
        """The exchange's own account for debts that it took over, by asset: never above zero."""
        return self._ledger.covers

    @property
    def granted(self) -> Mapping[str, int]:
        """All that ever came into the exchange, by asset."""
        return self._ledger.granted

    @property
    def held_beside(self) -> Mapping[str, int]:
        """What facilities hold of each asset that is in no balance: granted and not with the accounts."""
        held: dict[str, int] = {}
        for facility in self._facilities:
            for asset, amount in facility.holds().items():
                held[asset] = held.get(asset, 0) + amount
        return held

    @property
    def accounts(self) -> Sequence[int]:
        """The numbers of all accounts."""
        return [account.number for account in self._ledger.accounts]


def _view(order: WorkingOrder) -> OpenOrder:
    return OpenOrder(order.facts, order.executed, order.executed_quote, order.status())
