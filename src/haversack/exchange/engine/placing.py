"""How orders come into the books and leave them.

A new order runs through a pipeline that can be read off `place`: it is admitted or refused, holds what it may cost, is
matched, each match being settled at once, and its remainder rests or ends. An order with a trigger waits first, and runs
through the same pipeline when it fires.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from haversack.exchange.engine.admission import refusal
from haversack.exchange.engine.command import Cancel, CancelAll, Place
from haversack.exchange.engine.event import (
    Conditions,
    Event,
    OrderAccepted,
    OrderEnded,
    OrderFacts,
    Refusal,
    Rejected,
    TriggerFailed,
    TriggerFired,
    TriggerPlaced,
)
from haversack.exchange.engine.firing import UNFIRED, fired_quantity, is_rising, order_of, waiting_refusal
from haversack.exchange.engine.ledger import Account, Ledger
from haversack.exchange.engine.market import Market
from haversack.exchange.engine.matching import Matching, expire
from haversack.exchange.engine.near import nearer
from haversack.exchange.engine.order import WorkingOrder
from haversack.exchange.engine.perpetual.reduce_only import capped
from haversack.exchange.engine.survey import survey
from haversack.exchange.engine.triggers import PendingOrder
from haversack.wire.enums import CancelOrderType, ExpiryReason, OrderStatus, TimeInForce, TriggerBy

FOK = TimeInForce.FOK


class Placing:
    """Orders of all accounts in all markets of one engine."""

    __slots__ = ("_ledger", "_markets", "at_liquidation")

    def __init__(self, ledger: Ledger, markets: dict[str, Market]) -> None:
        self._ledger = ledger
        self._markets = markets
        self.at_liquidation: list[Callable[[Account, list[Event]], None]] = []
        """What ends whatever would place more orders for an account, before its liquidation begins."""

    def place(self, place: Place, now_us: int, fired: Conditions | None = None) -> list[Event]:
        """Match an order, and rest what may rest; one that has not fired yet waits for its trigger."""
        account, market = self._ledger.account(place.account), self._markets[place.symbol]
        if place.trigger is not None and fired is None:
            return self._wait(place, account, market, now_us)
        if place.reduce_only:
            place = capped(place, market)
        if place.backing is not None:
            backing = nearer(place.backing, place.price, market)
            place = msgspec.structs.replace(place, backing=backing)
            fired = fired and msgspec.structs.replace(fired, backing=backing)
        before = market.observe(now_us) if now_us >= market.observe_us else None
        requirement = self._admit(place, account, market, now_us)
        if isinstance(requirement, Refusal):
            if before:
                market.forget(before)
            return [Rejected(requirement)]
        order = WorkingOrder(self._facts(place, now_us, fired), place.quantity or place.quote_quantity or 0, requirement)
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
        if market.triggers.due and fired is None:
            self._fire_due(market, now_us, events)
        return events

    def send(self, place: Place, now_us: int, conditions: Conditions) -> list[Event]:
        """Place an order that a part of the exchange sends for an account, and what its trades trigger."""
        events = self.place(place, now_us, conditions)
        self._fire_due(self._markets[place.symbol], now_us, events)
        return events

    def _admit(self, place: Place, account: Account, market: Market, now_us: int) -> int | Refusal:
        """How much the order has to hold, or why it is refused."""
        ahead = None
        if place.price is None or place.time_in_force is FOK:
            holdings = market.perpetual.holdings if market.perpetual else None
            ahead = survey(place, market.book, market.rules, market.mean_bounds, holdings=holdings)
        return refusal(place, account, market, ahead) or market.clearing.requirement(place, account, ahead, now_us)

    def _facts(self, place: Place, now_us: int, conditions: Conditions | None) -> OrderFacts:
        if conditions is None and (place.trigger or place.take_profit or place.stop_loss or place.backing):
            trigger, take_profit, stop_loss = place.trigger, place.take_profit, place.stop_loss
            conditions = Conditions(trigger=trigger, take_profit=take_profit, stop_loss=stop_loss, backing=place.backing)
        return OrderFacts(
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
            conditions=conditions,
        )

    def _wait(self, place: Place, account: Account, market: Market, now_us: int) -> list[Event]:
        """Let an order wait for its trigger. It holds nothing and needs nothing until it fires (guess)."""
        refused = waiting_refusal(place, account, market)
        if refused:
            return [Rejected(refused)]
        facts = self._facts(place, now_us, None)
        events: list[Event] = [TriggerPlaced(facts)]
        market.await_trigger(PendingOrder(facts, is_rising(place, market)))
        self._fire_due(market, now_us, events)
        return events

    def fire(self, symbol: str, now_us: int, events: list[Event]) -> None:
        """Send the orders that wait for what mark and index price of a perpetual are now, and whatever else is due there."""
        market = self._markets[symbol]
        if market.triggers.by_id:
            market.look_at(TriggerBy.MARK_PRICE)
            market.look_at(TriggerBy.INDEX_PRICE)
            self._fire_due(market, now_us, events)

    def _fire_due(self, market: Market, now_us: int, events: list[Event]) -> None:
        """Send them one by one, the oldest first, with those that their trades reach.

        It ends: each is taken out before it is sent, and of what it attaches to a position nothing attaches more.
        """
        while (pending := market.triggers.take_due()) is not None:
            facts = pending.facts
            quantity = fired_quantity(pending, market)
            if isinstance(quantity, ExpiryReason):
                events.append(TriggerFailed(facts, quantity))
                continue
            place, conditions = order_of(facts, quantity, now_us)
            told = self.place(place, now_us, conditions)
            if isinstance(told[0], Rejected):
                events.append(TriggerFailed(facts, UNFIRED.get(told[0].refusal, ExpiryReason.UNKNOWN)))
            else:
                events.append(TriggerFired(facts))
                events += told

    def cancel(self, cancel: Cancel) -> list[Event]:
        """Take one order out."""
        market = self._markets[cancel.symbol]
        resting = self._ledger.account(cancel.account).open_orders[cancel.symbol]
        order: WorkingOrder | PendingOrder | None = resting.find(cancel.order_id, cancel.client_id)
        if market.triggers.by_id:
            pending = market.triggers.find(cancel.account, cancel.order_id, cancel.client_id)
            if pending and (order is None or order.facts.order_id < pending.facts.order_id):
                order = pending
        if order is None:
            return [Rejected(Refusal.ORDER_NOT_FOUND)]
        events: list[Event] = []
        self.take_out(order, events)
        market.tell_changes(events)
        return events

    def cancel_all(self, cancel: CancelAll) -> list[Event]:
        """Take all orders of an account in one market out, or all of a kind, oldest first."""
        market = self._markets[cancel.symbol]
        orders: list[WorkingOrder | PendingOrder] = []
        if cancel.kind is not CancelOrderType.CONDITIONAL_ORDER:
            orders += self._ledger.account(cancel.account).open_orders[cancel.symbol].by_id.values()
        if cancel.kind is not CancelOrderType.RESTING_LIMIT_ORDER:
            orders += market.triggers.of(cancel.account).values()
        events: list[Event] = []
        for order in sorted(orders, key=lambda order: order.facts.order_id):
            self.take_out(order, events)
        market.tell_changes(events)
        return events

    def take_out(self, order: WorkingOrder | PendingOrder, events: list[Event], reason: ExpiryReason | None = None) -> None:
        """End an order that rests or waits: it is cancelled, or with a reason expired. Its market has changes to tell then."""
        facts = order.facts
        market = self._markets[facts.symbol]
        status = OrderStatus.EXPIRED if reason else OrderStatus.CANCELLED
        if isinstance(order, PendingOrder):
            market.triggers.remove(order)
            events.append(OrderEnded(facts, 0, 0, status, reason))
            return
        market.book.remove(order)
        self._ledger.account(facts.account).open_orders[facts.symbol].remove(order)
        events.append(OrderEnded(facts, order.executed, order.executed_quote, status, reason))
        market.clearing.release(order, events)
