"""Pays what an account owes to pools when its margin is used up, with whatever it has.

Documented: liquidation goes to the book first and beside it then, and lenders get the worth of what they lent where the asset
itself cannot be had. Guesses: what there is of the owed asset is taken first; then a tenth of the debt is raised each round, like
a tenth of a position, from the asset of the greatest worth; cash is what everything is sold for and bought with; only the trading
fee is charged; where the book gives nothing, the backstop provider takes assets at their mark prices.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction
from typing import NamedTuple

from haversack.exchange.engine.collateral import CASH
from haversack.exchange.engine.event import BalanceChanged, Conditions, DebtCovered, Event, OrderAccepted, OrderFacts
from haversack.exchange.engine.facility import Parts
from haversack.exchange.engine.ledger import Account
from haversack.exchange.engine.lending.moving import Moving
from haversack.exchange.engine.market import Market
from haversack.exchange.engine.matching import Matching, expire
from haversack.exchange.engine.order import BID, WorkingOrder
from haversack.exchange.engine.perpetual.decimal96 import over, times
from haversack.exchange.engine.perpetual.liquidation import REDUCED_PARTS
from haversack.units import compact
from haversack.wire.borrow_lend_history import BorrowLendSource
from haversack.wire.enums import OrderBookState, SelfTradePrevention, Side, SystemOrderType, TimeInForce

LIQUIDATION = BorrowLendSource.LIQUIDATION
_TAKING = (OrderBookState.OPEN, OrderBookState.LIMIT_ONLY)


class _Held(NamedTuple):
    """An asset that can pay for debts, and its price in cash."""

    asset: str
    amount: int
    """Available and lent, in the asset's smallest units."""
    mark: Decimal
    worth: Decimal


class Rescue:
    """What liquidation asks of lending. Each call is a part of a round; the account's orders are gone by then."""

    def __init__(self, moving: Moving, parts: Parts) -> None:
        self._moving = moving
        self._ledger = parts.ledger
        self._markets = parts.markets
        self._margins = parts.margins
        self._placing = parts.placing

    def repay(self, account: Account, now_us: int, events: list[Event]) -> None:
        """Repay debts with what there is of the same asset."""
        for asset in _debts(account):
            paid = min(account.available(asset), -account.loans[asset].quantity)
            paid -= paid % self._moving.pools[asset].rules.step
            if paid:
                events += self._moving.repay(account, asset, paid, source=LIQUIDATION, now_us=now_us)

    def on_book(self, account: Account, now_us: int, events: list[Event]) -> bool:
        """Trade for a part of the largest debt, and repay with what that brings; False if the books gave nothing."""
        debt = self._largest_debt(account)
        if debt is None:
            return False
        asset, worth = debt
        wanted = over(worth, Decimal(REDUCED_PARTS))
        held = [each for each in self._held(account) if each.asset != asset]
        traded = False
        cash = next((each for each in held if each.asset == CASH), None)
        if cash is not None and asset != CASH:
            traded = self._buy(account, asset, self._part(cash, wanted), now_us=now_us, events=events)
        for each in held:
            if not traded and each.asset != CASH:
                traded = self._sell(account, each.asset, self._part(each, wanted), now_us=now_us, events=events)
        self.repay(account, now_us, events)
        return traded

    def beside_book(self, account: Account, provider: Account, now_us: int, events: list[Event]) -> bool:
        """Hand assets to the provider at their mark prices, for as much of the debts as they are worth; False without any."""
        debt = self._largest_debt(account)
        if debt is None:
            return False
        asset, worth = debt
        given = next((each for each in self._held(account) if each.asset != asset), None)
        if given is None:
            return False
        amount, owed, step = self._part(given, worth), -account.loans[asset].quantity, self._moving.pools[asset].rules.step
        # A part of the asset pays for the whole debt, or the whole asset for a part of it, rounded for the account.
        covered = Fraction(given.worth) / Fraction(worth)
        paid = owed if covered >= 1 else min(owed, -(-owed * covered.numerator // (covered.denominator * step)) * step)
        self._redeem(account, given.asset, amount, now_us=now_us, events=events)
        for who, moved in ((account, -amount), (provider, amount)):
            balance = who.balances[given.asset]
            balance.available += moved
            events.append(BalanceChanged(who.number, given.asset, balance.available, balance.locked))
        events.append(self._moving.end(account, asset, paid))
        return True

    def forgive(self, account: Account, events: list[Event]) -> None:
        """End debts that nothing is left to pay for."""
        for asset in _debts(account):
            owed = -account.loans[asset].quantity
            events += (self._moving.end(account, asset, owed), DebtCovered(account.number, asset, owed))

    def _largest_debt(self, account: Account) -> tuple[str, Decimal] | None:
        owed = [(each.asset, each.notional) for each in self._margins.owed(account)]
        return max(owed, key=lambda each: (each[1], each[0]), default=None)

    def _held(self, account: Account) -> list[_Held]:
        """What counts and has a price, of the greatest worth first."""
        found = list(self._find(account))
        return sorted(found, key=lambda each: (-each.worth, each.asset))

    def _find(self, account: Account) -> Iterator[_Held]:
        for each in self._margins.collateral(account):
            rules = self._margins.collateral_rules[each.asset]
            amount = each.available + each.lent
            worth = times(compact(amount, rules.scale), each.mark)
            if worth > 0:
                yield _Held(each.asset, amount, each.mark, worth)

    def _part(self, held: _Held, worth: Decimal) -> int:
        """So much of an asset as is worth this, in its smallest units; at most all of it."""
        scale = self._margins.collateral_rules[held.asset].scale
        return min(held.amount, int(over(worth, held.mark).scaleb(scale).to_integral_value(ROUND_CEILING)))

    def _redeem(self, account: Account, asset: str, amount: int, *, now_us: int, events: list[Event]) -> None:
        """Call so much back that the amount is available; liquidations are free of the throttle (documented)."""
        missing = amount - account.available(asset)
        if missing > 0:
            step = self._moving.pools[asset].rules.step
            lent = account.loans[asset].quantity
            called = min(lent, -(-missing // step) * step)
            events += self._moving.redeem(account, asset, called, source=LIQUIDATION, now_us=now_us)

    def _buy(self, account: Account, asset: str, cash: int, *, now_us: int, events: list[Event]) -> bool:
        market = self._market(asset)
        best = market.book.opposite(BID).best() if market else None
        if market is None or best is None or cash < best.price * market.rules.step * market.rules.quote_unit:
            return False
        self._redeem(account, CASH, cash, now_us=now_us, events=events)
        return self._order(account, market, (None, cash), cash, now_us=now_us, events=events)

    def _sell(self, account: Account, asset: str, amount: int, *, now_us: int, events: list[Event]) -> bool:
        market = self._market(asset)
        if market is None or market.book.opposite(Side.ASK).best() is None:
            return False
        rules = market.rules
        whole = rules.base_unit * rules.step
        steps = min(-(-amount // whole), account.total(asset) // whole)
        if not steps:
            return False
        self._redeem(account, asset, steps * whole, now_us=now_us, events=events)
        return self._order(account, market, (steps * rules.step, None), steps * whole, now_us=now_us, events=events)

    def _order(
        self,
        account: Account,
        market: Market,
        wanted: tuple[int | None, int | None],
        held: int,
        *,
        now_us: int,
        events: list[Event],
    ) -> bool:
        """Send an order by quantity or by quote quantity that takes what the book has at once."""
        quantity, quote_quantity = wanted
        facts = OrderFacts(
            order_id=self._ledger.take_id(),
            account=account.number,
            symbol=market.rules.symbol,
            side=BID if quantity is None else Side.ASK,
            price=None,
            quantity=quantity,
            quote_quantity=quote_quantity,
            time_in_force=TimeInForce.IOC,
            post_only=False,
            self_trade_prevention=SelfTradePrevention.REJECT_TAKER,
            client_id=None,
            created_us=now_us,
            conditions=Conditions(system=SystemOrderType.COLLATERAL_CONVERSION),
        )
        order = WorkingOrder(facts, quantity or quote_quantity or 0, held)
        events.append(OrderAccepted(facts))
        market.clearing.hold(order, events)
        reason = Matching(order, market, self._ledger, events).run()
        if reason:
            expire(order, reason, market, events)
        elif order.held:
            market.clearing.release(order, events)
        market.tell_changes(events)
        self._placing.fire(facts.symbol, now_us, events)
        return order.executed > 0

    def _market(self, asset: str) -> Market | None:
        symbol = self._margins.collateral_rules[asset].market
        market = None if symbol is None else self._markets.get(symbol)
        return market if market is not None and market.state in _TAKING else None


def _debts(account: Account) -> list[str]:
    return [asset for asset in sorted(account.loans) if account.loans[asset].is_borrow]
