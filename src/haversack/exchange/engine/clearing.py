"""What an order costs its account: held when it is accepted, settled match by match, released when it ends.

This is the protocol, and how spot markets keep it: they move money. Perpetuals are in `perpetual/clearing.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import msgspec

from haversack.exchange.engine.backing import Cause, Loaned, Need
from haversack.exchange.engine.command import Place
from haversack.exchange.engine.event import BalanceChanged, Event, OrderFilled, Refusal
from haversack.exchange.engine.ledger import Account, Balance, Ledger
from haversack.exchange.engine.order import BID, WorkingOrder, quantity_at
from haversack.exchange.engine.rules import MarketRules
from haversack.exchange.engine.shortfall import Lack, lack
from haversack.exchange.engine.spot_margin import allows, is_exposed, swap
from haversack.exchange.engine.survey import Survey
from haversack.wire.borrow_lend_history import BorrowLendSource
from haversack.wire.enums import OrderStatus

if TYPE_CHECKING:
    from haversack.exchange.engine.perpetual.margins import Margins

# A fee rate counts hundredths of a basis point.
CBPS_PER_ONE = 1_000_000

REFUSALS = {Lack.FUNDS: Refusal.INSUFFICIENT_FUNDS, Lack.MARGIN: Refusal.INSUFFICIENT_MARGIN}
"""As the order is refused that may call on nothing."""
SPOT_MARGIN, REPAYING = BorrowLendSource.SPOT_MARGIN, BorrowLendSource.AUTO_BORROW_REPAY
FILLED, PARTIALLY_FILLED = OrderStatus.FILLED, OrderStatus.PARTIALLY_FILLED


class Match(msgspec.Struct, frozen=True, gc=False):
    """One maker and one taker meeting at the maker's price."""

    trade_id: int
    price: int
    quantity: int
    quote: int
    """Price times quantity, in the quote asset's smallest units."""
    time_us: int


class Clearing(Protocol):
    """The money side of one market."""

    def refusal(self, place: Place, account: Account) -> Refusal | None:
        """Why the market takes no more of such an order, before anybody asks for money."""
        ...

    def requirement(self, place: Place, account: Account, ahead: Survey | None, now_us: int) -> int | Refusal:
        """How much the order has to hold, or why the account cannot place it. `ahead` is what a market order would take."""
        ...

    def hold(self, order: WorkingOrder, events: list[Event]) -> None:
        """Lock what the order holds."""
        ...

    def rested(self, order: WorkingOrder) -> None:
        """The order is in the book now."""
        ...

    def settle(self, order: WorkingOrder, match: Match, events: list[Event], *, is_maker: bool) -> None:
        """Give one of the two orders what the match brings it. Its `left` and `executed` count the match already."""
        ...

    def release(self, order: WorkingOrder, events: list[Event]) -> None:
        """Unlock what an order that ended still holds."""
        ...

    @property
    def open_interest(self) -> int:
        """Sum of the long positions, in quantity units."""
        ...

    @property
    def positions(self) -> Mapping[int, int]:
        """Account number to signed position, the flat ones left out."""
        ...


class SpotClearing:
    """A bid locks price times quantity of the quote asset, an ask its quantity of the base asset."""

    __slots__ = ("_ledger", "_margins", "_rules")

    def __init__(self, rules: MarketRules, ledger: Ledger, margins: Margins) -> None:
        self._rules = rules
        self._ledger = ledger
        self._margins = margins

    open_interest = 0
    positions: Mapping[int, int] = {}

    def refusal(self, place: Place, account: Account) -> Refusal | None:
        """Nothing but money bounds a spot order."""
        return None

    def rested(self, order: WorkingOrder) -> None:
        """It holds what it held."""

    def requirement(self, place: Place, account: Account, ahead: Survey | None, now_us: int) -> int | Refusal:
        """A market order must be able to give what it would take from the book as it stands, an ask its quantity."""
        rules = self._rules
        if place.side is BID:
            asset = rules.quote
            if place.price is not None and place.quantity is not None:
                need = place.price * place.quantity * rules.quote_unit
            else:
                need = ahead.quote if ahead else 0
        else:
            asset = rules.base
            quantity = place.quantity if place.quantity is not None else ahead.quantity if ahead else 0
            need = quantity * rules.base_unit
        if need > account.available(asset):
            if place.backing is None and not account.settings.auto_lend:
                return Refusal.INSUFFICIENT_FUNDS
            lacks = lack(
                self._margins,
                account,
                [Need(asset, need, place.backing, now_us)],
                lambda: account.is_house or self._has_margin(place, account, ahead),
            )
            return need if lacks is None else REFUSALS[lacks]
        if (account.holdings or account.loans) and not account.is_house and not self._has_margin(place, account, ahead):
            return Refusal.INSUFFICIENT_MARGIN
        return need

    def _has_margin(self, place: Place, account: Account, ahead: Survey | None) -> bool:
        """Whether an account's perpetuals and debts keep their margin; of one that has none, always."""
        if not is_exposed(account):
            return True
        if place.price is not None and place.quantity is not None:
            quantity, quote = place.quantity, place.price * place.quantity * self._rules.quote_unit
        else:
            quantity, quote = (ahead.quantity, ahead.quote) if ahead else (0, 0)
        return allows(self._margins, account, swap(self._rules, account.fees, place.side, quantity=quantity, quote=quote))

    def hold(self, order: WorkingOrder, events: list[Event]) -> None:
        """Move money from available to locked, and call first on what is missing."""
        facts, held = order.facts, order.held
        if not held:
            return
        asset = self._rules.quote if facts.side is BID else self._rules.base
        account = self._ledger.account(facts.account)
        if account.loans or facts.conditions is not None:
            self._fetch(order, account, asset, events)
        account.budget = None
        balance = account.balances[asset]
        balance.available -= held
        balance.locked += held
        events.append(BalanceChanged(facts.account, asset, balance.available, balance.locked))

    def release(self, order: WorkingOrder, events: list[Event]) -> None:
        """Move what is still held back to available, and repay what of that was borrowed for the order."""
        facts, held = order.facts, order.held
        if not held:
            return
        asset = self._rules.quote if facts.side is BID else self._rules.base
        account = self._ledger.account(facts.account)
        account.budget = None
        balance = account.balances[asset]
        balance.available += held
        balance.locked -= held
        order.held = 0
        events.append(BalanceChanged(facts.account, asset, balance.available, balance.locked))
        if order.borrowed:
            self._give_back(order, held, events)

    def _fetch(self, order: WorkingOrder, account: Account, asset: str, events: list[Event]) -> None:
        facts, lending = order.facts, self._margins.lending
        if lending is not None:
            backing = facts.conditions.backing if facts.conditions is not None else None
            need = Need(asset, order.held, backing, facts.created_us)
            order.borrowed = lending.fetch(account, need, Cause(SPOT_MARGIN, facts.order_id), events)

    def _give_back(self, order: WorkingOrder, released: int, events: list[Event]) -> None:
        facts, lending = order.facts, self._margins.lending
        assert lending is not None, f"order {facts.order_id} borrowed from nobody"
        account, asset = self._ledger.account(facts.account), self._rules.quote if facts.side is BID else self._rules.base
        loaned = Loaned(asset, order.borrowed, released)
        order.borrowed = lending.give_back(account, loaned, Cause(SPOT_MARGIN, facts.order_id), events)

    def settle(self, order: WorkingOrder, match: Match, events: list[Event], *, is_maker: bool) -> None:
        """Exchange what was held for what is received, less the fee, which is taken in the received asset."""
        rules, facts = self._rules, order.facts
        account = self._ledger.account(facts.account)
        base, quote = account.balances[rules.base], account.balances[rules.quote]
        rate = account.fees.maker_cbps if is_maker else account.fees.taker_cbps
        if facts.side is BID:
            received, fee_asset = match.quantity * rules.base_unit, rules.base
            fee = fee_on(received, rate, rules.base_fee_unit)
            # A limit order locked its own price: what a better one saves is available again.
            reserved = match.quote if facts.price is None else facts.price * match.quantity * rules.quote_unit
            quote.available += reserved - match.quote
            _give(order, quote, reserved)
            base.available += received - fee
        else:
            received, fee_asset = match.quote, rules.quote
            fee = fee_on(received, rate, rules.quote_fee_unit)
            _give(order, base, match.quantity * rules.base_unit)
            quote.available += received - fee
        if fee:
            self._ledger.take_fee(fee_asset, fee)
        account.budget = None
        events.append(filled(order, match, rules, (is_maker, fee, fee_asset)))
        events.append(BalanceChanged(facts.account, rules.base, base.available, base.locked))
        events.append(BalanceChanged(facts.account, rules.quote, quote.available, quote.locked))
        if facts.conditions is not None and facts.conditions.backing is not None:
            self._settle_debts(order, match, received - fee, events)

    def _settle_debts(self, order: WorkingOrder, match: Match, received: int, events: list[Event]) -> None:
        """Repay what a better price than the limit saved of what was borrowed, and with what came in, if it is to repay."""
        rules, facts, lending = self._rules, order.facts, self._margins.lending
        if order.borrowed and facts.side is BID and facts.price is not None:
            self._give_back(order, facts.price * match.quantity * rules.quote_unit - match.quote, events)
        backing = facts.conditions.backing if facts.conditions is not None else None
        if backing is not None and backing.repays and lending is not None:
            account, asset = self._ledger.account(facts.account), rules.base if facts.side is BID else rules.quote
            lending.repay(account, asset, received, cause=Cause(REPAYING, facts.order_id), events=events)


def fee_on(received: int, rate_cbps: int, unit: int) -> int:
    """The fee on a received amount, rounded up to the unit (docs: six decimals for USDC), and never above the amount.

    How the exchange rounds a fee in a base asset is unknown; up, to the unit of the market's rules, is a guess.
    """
    return min(received, -(-received * rate_cbps // (CBPS_PER_ONE * unit)) * unit)


def _give(order: WorkingOrder, balance: Balance, amount: int) -> None:
    balance.locked -= amount
    order.held -= amount


def filled(order: WorkingOrder, match: Match, rules: MarketRules, terms: tuple[bool, int, str]) -> OrderFilled:
    """What one side of a match is told; the terms are whether it is the maker, its fee, and the fee's asset."""
    facts = order.facts
    by_quote = facts.quantity is None
    is_filled = quantity_at(order.left, match.price, by_quote=by_quote, rules=rules) == 0
    status = FILLED if is_filled else PARTIALLY_FILLED
    return OrderFilled(facts, match.trade_id, match.price, match.quantity, *terms, order.executed, order.executed_quote, status)
