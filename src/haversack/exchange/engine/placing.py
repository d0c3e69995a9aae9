"""How orders come into the books and leave them.

A new order runs through a pipeline that can be read off `place`: it is admitted or refused, holds what it may cost, is
matched, each match being settled at once, and its remainder rests or ends.
"""

from __future__ import annotations

from haversack.exchange.engine.admission import refusal
from haversack.exchange.engine.command import Cancel, CancelAll, Place
from haversack.exchange.engine.event import Event, OrderAccepted, OrderEnded, OrderFacts, Refusal, Rejected
from haversack.exchange.engine.ledger import Account, Ledger
from haversack.exchange.engine.market import Market
from haversack.exchange.engine.matching import Matching, expire
from haversack.exchange.engine.order import WorkingOrder
from haversack.exchange.engine.survey import survey
from haversack.wire.enums import OrderStatus, TimeInForce

FOK = TimeInForce.FOK


class Placing:
    """Orders of all accounts in all markets of one engine."""

    __slots__ = ("_ledger", "_markets")

    def __init__(self, ledger: Ledger, markets: dict[str, Market]) -> None:
        self._ledger = ledger
        self._markets = markets

    def place(self, place: Place, now_us: int) -> list[Event]:
        """Match an order, and rest what may rest."""
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
            market.clearing.rested(order)
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
            order_id=self._ledger.take_id(),
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
            reduce_only=place.reduce_only,
        )
        left = place.quote_quantity if place.quantity is None else place.quantity
        assert left is not None, "an order without quantity and quote quantity"
        return WorkingOrder(facts, left, requirement)

    def cancel(self, cancel: Cancel) -> list[Event]:
        """Take one order out."""
        market = self._markets[cancel.symbol]
        order = self._ledger.account(cancel.account).open_orders[cancel.symbol].find(cancel.order_id, cancel.client_id)
        if order is None:
            return [Rejected(Refusal.ORDER_NOT_FOUND)]
        events: list[Event] = []
        self._take_out(order, market, events)
        market.tell_changes(events)
        return events

    def cancel_all(self, cancel: CancelAll) -> list[Event]:
        """Take all orders of an account in one market out, oldest first."""
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
