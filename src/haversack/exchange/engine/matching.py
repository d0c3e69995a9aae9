"""Taking from the book: best price first, oldest first at each price, until something ends it."""

from __future__ import annotations

from haversack.exchange.engine.book import Ladder, Level
from haversack.exchange.engine.bounds import Bounds, bounds_of
from haversack.exchange.engine.clearing import Match
from haversack.exchange.engine.event import Event, OrderEnded, OrderFacts, TradePrinted
from haversack.exchange.engine.ledger import Ledger
from haversack.exchange.engine.market import Market
from haversack.exchange.engine.order import BID, WorkingOrder, quantity_at, reaches
from haversack.wire.enums import ExpiryReason, OrderStatus, SelfTradePrevention, TimeInForce, TriggerBy

REJECT_TAKER, REJECT_MAKER = SelfTradePrevention.REJECT_TAKER, SelfTradePrevention.REJECT_MAKER
IOC = TimeInForce.IOC
LAST_PRICE = TriggerBy.LAST_PRICE


class Matching:
    """One run of an incoming order through the book of its market."""

    __slots__ = ("_events", "_ledger", "_market", "_taker")

    def __init__(self, taker: WorkingOrder, market: Market, ledger: Ledger, events: list[Event]) -> None:
        self._taker = taker
        self._market = market
        self._ledger = ledger
        self._events = events

    def run(self) -> ExpiryReason | None:
        """Match what can be matched. The answer is why the remainder ends; None if there is none, or if it may rest."""
        taker = self._taker
        facts, rules = taker.facts, self._market.rules
        by_quote = facts.quantity is None
        ladder: Ladder = self._market.book.opposite(facts.side)
        bounds: Bounds | None = None
        while (level := ladder.best()) and reaches(facts, level.price):
            bounds = bounds or bounds_of(facts, level.price, rules, self._market.mean_bounds)
            # What is left beyond the bounds ends, whatever its time in force: it could rest only inside the other side.
            if reason := bounds.beyond(level.price):
                return reason
            wanted = quantity_at(taker.left, level.price, by_quote=by_quote, rules=rules)
            if not wanted:
                break
            maker = level.first()
            if maker.facts.account == facts.account:
                if self._ends_at_own(maker):
                    return ExpiryReason.SELF_TRADE_PREVENTION
                continue
            self._trade(maker, level, min(wanted, maker.left))
            # An order by quote quantity is done when one more step at the price just paid is too much for the rest.
            if not quantity_at(taker.left, level.price, by_quote=by_quote, rules=rules):
                return None
        return _end_of_remainder(facts)

    def _ends_at_own(self, maker: WorkingOrder) -> bool:
        """Meet an own order: end the resting one unless only the taker is to end. Earlier fills stand (guess)."""
        mode = self._taker.facts.self_trade_prevention
        if mode is not REJECT_TAKER:
            self._market.book.remove(maker)
            self._forget(maker)
            expire(maker, ExpiryReason.SELF_TRADE_PREVENTION, self._market, self._events)
        return mode is not REJECT_MAKER

    def _trade(self, maker: WorkingOrder, level: Level, quantity: int) -> None:
        market, taker, events = self._market, self._taker, self._events
        quote = level.price * quantity * market.rules.quote_unit
        match = Match(market.next_trade_id, level.price, quantity, quote, taker.facts.created_us)
        market.next_trade_id += 1
        market.last_price = level.price
        market.book.shrink(level, maker, quantity)
        taker.left -= quote if taker.facts.quantity is None else quantity
        maker.left -= quantity
        for order in (taker, maker):
            order.executed += quantity
            order.executed_quote += quote
        if not maker.left:
            self._forget(maker)
        market.clearing.settle(taker, match, events, is_maker=False)
        market.clearing.settle(maker, match, events, is_maker=True)
        events.append(_print(taker.facts, maker.facts, match))
        if market.triggers.by_id:
            market.triggers.reach(LAST_PRICE, level.price)

    def _forget(self, maker: WorkingOrder) -> None:
        self._ledger.account(maker.facts.account).open_orders[self._market.rules.symbol].remove(maker)


def expire(order: WorkingOrder, reason: ExpiryReason, market: Market, events: list[Event]) -> None:
    """End an order that is in no book (any more), and give back what it holds."""
    events.append(OrderEnded(order.facts, order.executed, order.executed_quote, OrderStatus.EXPIRED, reason))
    market.clearing.release(order, events)


def _end_of_remainder(facts: OrderFacts) -> ExpiryReason | None:
    if facts.price is None:
        return ExpiryReason.INSUFFICIENT_LIQUIDITY
    assert facts.time_in_force is not TimeInForce.FOK, "a fill-or-kill order was accepted and did not fill"
    return ExpiryReason.IMMEDIATE_OR_CANCEL if facts.time_in_force is IOC else None


def _print(taker: OrderFacts, maker: OrderFacts, match: Match) -> TradePrinted:
    is_buyer_maker = taker.side is not BID
    buyer, seller = (maker, taker) if is_buyer_maker else (taker, maker)
    return TradePrinted(
        taker.symbol, match.trade_id, match.price, match.quantity, buyer.order_id, seller.order_id, is_buyer_maker
    )
