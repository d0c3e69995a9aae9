"""What a fill means for an account's other orders in its market, at once: before the next match."""

from __future__ import annotations

from typing import TYPE_CHECKING

from haversack.exchange.engine.perpetual.exits import attach, drop_stops
from haversack.exchange.engine.perpetual.reduce_only import shrink

if TYPE_CHECKING:
    from haversack.exchange.engine.event import Event
    from haversack.exchange.engine.ledger import Account, Ledger
    from haversack.exchange.engine.market import Market
    from haversack.exchange.engine.order import WorkingOrder


class Following:
    """One perpetual's orders that follow its positions."""

    __slots__ = ("_ledger", "_market")

    def __init__(self, market: Market, ledger: Ledger) -> None:
        self._market = market
        self._ledger = ledger

    def moved(self, account: Account, was: int, now: int, events: list[Event]) -> None:
        """A position went from one signed quantity to another."""
        if not was or (now >= was if was > 0 else now <= was):
            return
        market = self._market
        orders = account.open_orders.get(market.rules.symbol)
        if orders and orders.reducing:
            shrink(orders, now, market, events)
        if market.triggers.by_id and (not now or (now > 0) != (was > 0)):
            drop_stops(account.number, market, events, was=was, now=now)

    def filled(self, order: WorkingOrder, now_us: int, events: list[Event]) -> None:
        """An order that may have exits was filled, and its account's position is what it is now."""
        attach(order, self._market, self._ledger, now_us=now_us, events=events)
