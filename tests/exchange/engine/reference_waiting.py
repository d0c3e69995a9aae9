"""Orders that wait for a price, and orders that follow a position, in the slow engine: one list, looked through every time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from exchange.engine.reference_perpetual import reducible
from haversack.exchange.engine.command import Exit, Place, Trigger
from haversack.exchange.engine.event import (
    Conditions,
    OrderEnded,
    OrderFacts,
    OrderModified,
    Refusal,
    TriggerFailed,
    TriggerFired,
    TriggerPlaced,
)
from haversack.wire.enums import ExpiryReason, OrderBookState, OrderStatus, Side, TimeInForce, TriggerBy

if TYPE_CHECKING:
    from exchange.engine.reference import Live, Reference

STOPS_MAX = 20
FAILURES = {
    Refusal.ACCOUNT_LIQUIDATING: ExpiryReason.LIQUIDATION,
    Refusal.POST_ONLY_MODE: ExpiryReason.POST_ONLY_MODE,
    Refusal.PRICE_BAND: ExpiryReason.INVALID_PRICE,
    Refusal.POST_ONLY_TAKES: ExpiryReason.POST_ONLY_TAKER,
    Refusal.FILL_OR_KILL: ExpiryReason.FILL_OR_KILL,
    Refusal.INSUFFICIENT_FUNDS: ExpiryReason.INSUFFICIENT_FUNDS,
    Refusal.INSUFFICIENT_MARGIN: ExpiryReason.INSUFFICIENT_MARGIN,
    Refusal.OPEN_INTEREST: ExpiryReason.POSITION_LIMIT,
    Refusal.REDUCE_ONLY: ExpiryReason.REDUCE_ONLY_NOT_REDUCED,
}


@dataclass(eq=False)
class Pending:
    """One that waits."""

    facts: OrderFacts
    trigger: Trigger
    rises: bool
    is_due: bool = False


class Waiting:
    """All of one slow engine."""

    def __init__(self, exchange: Reference) -> None:
        self.exchange = exchange
        self.orders: list[Pending] = []

    def of(self, symbol: str, account: int) -> list[Pending]:
        """An account's in one market, oldest first."""
        return [each for each in self.orders if (each.facts.symbol, each.facts.account) == (symbol, account)]

    def reference(self, symbol: str, by: TriggerBy) -> tuple[int, int] | None:
        """The price that a trigger looks at, rounded down and up."""
        quote, rules = self.exchange.prices.quotes.get(symbol), self.exchange.markets[symbol]
        if by is TriggerBy.INDEX_PRICE and quote and quote.told:
            unit: int = 10 ** (8 - rules.price_scale)
            return quote.told.index // unit, -(-quote.told.index // unit)
        price = self.exchange.last_price.get(symbol) if by is TriggerBy.LAST_PRICE else None
        price = self.exchange.prices.mark(symbol) if price is None else price
        return None if price is None else (price, price)

    def wait(self, place: Place, trigger: Trigger, now_us: int) -> Refusal | None:
        """Take an order that waits."""
        symbol, prices = place.symbol, self.reference(place.symbol, trigger.by)
        untaken = {OrderBookState.CLOSED: Refusal.BOOK_CLOSED, OrderBookState.CANCEL_ONLY: Refusal.CANCEL_ONLY}
        if place.account in self.exchange.rescue.liquidating:
            return Refusal.ACCOUNT_LIQUIDATING
        if self.exchange.states[symbol] in untaken:
            return untaken[self.exchange.states[symbol]]
        if prices is None:
            return Refusal.NO_REFERENCE
        if self.exchange.is_full(symbol, place.account):
            return Refusal.ORDER_LIMIT
        facts = self.exchange.facts(place, now_us, None)
        self.exchange.events.append(TriggerPlaced(facts))
        self.add(facts, trigger, rises=trigger.price > prices[0])
        self.fire_due(symbol, now_us)
        return None

    def add(self, facts: OrderFacts, trigger: Trigger, *, rises: bool) -> None:
        """Let one wait; it is due if its price is there already."""
        self.orders.append(Pending(facts, trigger, rises))
        self.reach(facts.symbol, trigger.by)

    def reach(self, symbol: str, by: TriggerBy) -> None:
        """Find what is due at a price as it is now."""
        prices = self.reference(symbol, by)
        for each in self.orders:
            if prices and (each.facts.symbol, each.trigger.by) == (symbol, by):
                each.is_due |= each.trigger.price <= prices[0] if each.rises else each.trigger.price >= prices[1]

    def fire(self, symbol: str, now_us: int) -> None:
        """Send what a new mark and a new index reach."""
        self.reach(symbol, TriggerBy.MARK_PRICE)
        self.reach(symbol, TriggerBy.INDEX_PRICE)
        self.fire_due(symbol, now_us)

    def fire_due(self, symbol: str, now_us: int) -> None:
        """The oldest first, one after the other."""
        while due := [each for each in self.orders if each.is_due and each.facts.symbol == symbol]:
            pending = min(due, key=lambda each: each.facts.order_id)
            self.orders.remove(pending)
            failure = self._send(pending, now_us)
            if failure:
                self.exchange.events.append(TriggerFailed(pending.facts, failure))

    def _send(self, pending: Pending, now_us: int) -> ExpiryReason | None:
        facts, trigger, quantity = pending.facts, pending.trigger, pending.trigger.quantity
        if quantity is None:
            position = abs(self.exchange.perpetuals.quantity(facts.symbol, facts.account))
            if not position:
                return ExpiryReason.STOP_WITHOUT_POSITION
            step = self.exchange.markets[facts.symbol].step
            quantity = position * trigger.percent_e8 // (100 * 10**8) // step * step
            if not quantity:
                return ExpiryReason.INVALID_QUANTITY
        names = ("account", "symbol", "side", "price", "time_in_force", "post_only", "self_trade_prevention")
        copied = {name: getattr(facts, name) for name in (*names, "client_id", "slippage", "reduce_only")}
        conditions = facts.conditions or Conditions()
        fired = msgspec.structs.replace(conditions, related_order_id=facts.order_id, triggered_us=now_us)
        count = len(self.exchange.events)
        refusal = self.exchange.place(Place(quantity=quantity, **copied), now_us, fired)
        if refusal:
            return FAILURES.get(refusal, ExpiryReason.UNKNOWN)
        self.exchange.events.insert(count, TriggerFired(facts))
        return None

    def filled(self, order: Live, now_us: int) -> None:
        """Create the exits of an order, once there is a position for them."""
        parent, conditions = order.facts, order.facts.conditions
        if conditions is None or order.has_exits or not self.exchange.markets[parent.symbol].is_perpetual:
            return
        side = Side.ASK if parent.side is Side.BID else Side.BID
        if not reducible(self.exchange.perpetuals.quantity(parent.symbol, parent.account), side):
            return
        order.has_exits = True
        for attached, waits_above in (
            (conditions.take_profit, side is Side.ASK),
            (conditions.stop_loss, side is Side.BID),
        ):
            if attached:
                self._attach(parent, attached, side, now_us, rises=waits_above)

    def _attach(self, parent: OrderFacts, attached: Exit, side: Side, now_us: int, *, rises: bool) -> None:
        percent_e8 = 100 * 10**8 if parent.quantity is None else 0
        trigger = Trigger(attached.by, attached.price, parent.quantity, percent_e8)
        facts = OrderFacts(
            order_id=self.exchange.take_id(),
            account=parent.account,
            symbol=parent.symbol,
            side=side,
            price=attached.limit,
            quantity=None,
            quote_quantity=None,
            time_in_force=TimeInForce.GTC,
            post_only=False,
            self_trade_prevention=parent.self_trade_prevention,
            client_id=None,
            created_us=now_us,
            reduce_only=True,
            conditions=Conditions(trigger=trigger, related_order_id=parent.order_id),
        )
        self.exchange.events.append(TriggerPlaced(facts))
        if sum(bool(each.facts.reduce_only) for each in self.of(facts.symbol, facts.account)) >= STOPS_MAX:
            self.exchange.events.append(TriggerFailed(facts, ExpiryReason.MAX_STOP_ORDERS_PER_POSITION))
        else:
            self.add(facts, trigger, rises=rises)

    def moved(self, symbol: str, account: int, was: int, now: int) -> None:
        """Let the orders that only reduce a position follow it."""
        if not was or (abs(now) >= abs(was) and now * was > 0):
            return
        for order in self.exchange.resting(symbol, account=account):
            if order.facts.reduce_only:
                self._shrink(order, reducible(now, order.facts.side))
        if now * was <= 0:
            for pending in self.of(symbol, account):
                if pending.facts.reduce_only and (not now or reducible(was, pending.facts.side)):
                    self.orders.remove(pending)
                    reason = ExpiryReason.STOP_WITHOUT_POSITION
                    self.exchange.events.append(OrderEnded(pending.facts, 0, 0, OrderStatus.EXPIRED, reason))

    def _shrink(self, order: Live, room: int) -> None:
        if not room:
            self.exchange.end(order, OrderStatus.EXPIRED, ExpiryReason.REDUCE_ONLY_NOT_REDUCED)
        elif order.left > room:
            order.left = room
            order.facts = msgspec.structs.replace(order.facts, quantity=order.executed + room)
            self.exchange.touch(order)
            status = OrderStatus.PARTIALLY_FILLED if order.executed else OrderStatus.NEW
            self.exchange.events.append(OrderModified(order.facts, order.executed, order.executed_quote, status))


def all_of(*orders: Sequence[Live | Pending]) -> list[Live | Pending]:
    """By age."""
    return sorted([each for several in orders for each in several], key=lambda each: each.facts.order_id)
