"""Closes positions for accounts that did not ask for it: on the book, or against somebody else's position beside it.

On the book an order of the exchange's own is matched like any other that takes, within the same bounds (guess). Beside it two
positions change at the mark price, without a fee (guess), and no trade is printed. Both sides have an order in their history,
accepted and filled at once, that says which part of the exchange sent it (guess: only the field is documented).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from haversack.exchange.engine.clearing import Match, filled
from haversack.exchange.engine.event import Conditions, Event, LiquidationPrinted, OrderAccepted, OrderFacts, OrderFilled
from haversack.exchange.engine.ledger import Account, Ledger
from haversack.exchange.engine.matching import Matching, expire
from haversack.exchange.engine.order import BID, WorkingOrder
from haversack.exchange.engine.perpetual.position import Fill
from haversack.wire.enums import ExpiryReason, OrderBookState, SelfTradePrevention, Side, SystemOrderType, TimeInForce

if TYPE_CHECKING:
    from haversack.exchange.engine.market import Market
    from haversack.exchange.engine.placing import Placing
    from haversack.exchange.engine.triggers import PendingOrder

ON_BOOK = SystemOrderType.LIQUIDATE_POSITION_ON_BOOK
_TAKING = (OrderBookState.OPEN, OrderBookState.LIMIT_ONLY)


class Part(NamedTuple):
    """So much of a position."""

    account: Account
    market: Market
    side: Side
    """Of the order that closes it."""
    quantity: int


class Closing:
    """Orders that the exchange itself sends."""

    __slots__ = ("_ledger", "_markets", "_placing")

    def __init__(self, ledger: Ledger, markets: dict[str, Market], placing: Placing) -> None:
        self._ledger = ledger
        self._markets = markets
        self._placing = placing

    def has_orders(self, account: Account) -> bool:
        """Whether any order of an account rests or waits for its trigger."""
        if any(orders.by_id for orders in account.open_orders.values()):
            return True
        return any(market.triggers.of(account.number) for market in self._markets.values())

    def end_orders(self, account: Account, events: list[Event]) -> None:
        """Expire all that an account has open, in all markets, oldest first."""
        orders: list[WorkingOrder | PendingOrder] = []
        for symbol, market in self._markets.items():
            orders += account.open_orders[symbol].by_id.values() if symbol in account.open_orders else ()
            orders += market.triggers.of(account.number).values()
        for order in sorted(orders, key=lambda order: order.facts.order_id):
            self._placing.take_out(order, events, ExpiryReason.LIQUIDATION)
        for market in self._markets.values():
            market.tell_changes(events)

    def on_book(self, part: Part, now_us: int, events: list[Event]) -> None:
        """Take what the book has at once; nothing is sent where there is nothing to take, or nothing may be taken (guess)."""
        market = part.market
        if market.state not in _TAKING or market.book.opposite(part.side).best() is None:
            return
        facts = self._facts(part, ON_BOOK, now_us)
        order, first = WorkingOrder(facts, part.quantity, 0), len(events)
        events.append(OrderAccepted(facts))
        reason = Matching(order, market, self._ledger, events).run()
        if reason:
            expire(order, reason, market, events)
        fills = [event for event in events[first:] if isinstance(event, OrderFilled)]
        # Each match tells both of its sides.
        opposite = {event.trade_id: event.order.order_id for event in fills if event.order.order_id != facts.order_id}
        for event in fills:
            if event.order.order_id == facts.order_id:
                match = Match(event.trade_id, event.price, event.quantity, 0, now_us)
                events.append(_print(facts, opposite[event.trade_id], match))
        market.tell_changes(events)
        self._placing.fire(facts.symbol, now_us, events)

    def beside_book(self, part: Part, opponent: Account, system: SystemOrderType, *, now_us: int, events: list[Event]) -> None:
        """Move a part of a position to somebody else, or let two positions close each other, at the mark price."""
        market = part.market
        price = market.mark
        assert price is not None, f"{market.rules.symbol} has positions and no price"
        match = Match(market.next_trade_id, price, part.quantity, price * part.quantity * market.rules.quote_unit, now_us)
        market.next_trade_id += 1
        opposite = Part(opponent, market, Side.ASK if part.side is BID else BID, part.quantity)
        facts = self._filled(part, system, match, events, is_maker=False)
        opposite_facts = self._filled(opposite, system, match, events, is_maker=True)
        events.append(_print(facts, opposite_facts.order_id, match))
        # Orders that only reduce the opponent's position may have become smaller.
        market.tell_changes(events)

    def at_the_end(self, part: Part, price: int, *, now_us: int, events: list[Event]) -> None:
        """End a position at the price at which its market is settled: nobody is on the other side, and no trade is printed."""
        market = part.market
        match = Match(market.next_trade_id, price, part.quantity, price * part.quantity * market.rules.quote_unit, now_us)
        market.next_trade_id += 1
        self._filled(part, SystemOrderType.FUTURE_EXPIRY, match, events, is_maker=False)

    def _filled(self, part: Part, system: SystemOrderType, match: Match, events: list[Event], *, is_maker: bool) -> OrderFacts:
        account, market, quantity = part.account, part.market, part.quantity
        assert market.perpetual is not None, f"{market.rules.symbol} has no positions"
        facts = self._facts(part, system, match.time_us)
        order = WorkingOrder(facts, 0, 0, executed=quantity, executed_quote=match.quote)
        events.append(OrderAccepted(facts))
        events.append(filled(order, match, market.rules, (is_maker, 0, market.rules.quote)))
        fill = Fill(quantity=quantity if part.side is BID else -quantity, quote=match.quote)
        market.perpetual.take(account, market.perpetual.holding(account), fill, now_us=match.time_us, events=events)
        return facts

    def _facts(self, part: Part, system: SystemOrderType, now_us: int) -> OrderFacts:
        return OrderFacts(
            order_id=self._ledger.take_id(),
            account=part.account.number,
            symbol=part.market.rules.symbol,
            side=part.side,
            price=None,
            quantity=part.quantity,
            quote_quantity=None,
            time_in_force=TimeInForce.IOC,
            post_only=False,
            self_trade_prevention=SelfTradePrevention.REJECT_TAKER,
            client_id=None,
            created_us=now_us,
            # A provider takes a position on.
            reduce_only=None if part.account.is_house else True,
            conditions=Conditions(system=system),
        )


def _print(facts: OrderFacts, opposite_order_id: int, match: Match) -> LiquidationPrinted:
    assert facts.conditions is not None, "an order that the exchange sent says so"
    assert facts.conditions.system is not None, "an order that the exchange sent says so"
    return LiquidationPrinted(
        symbol=facts.symbol,
        system=facts.conditions.system,
        side=facts.side,
        price=match.price,
        quantity=match.quantity,
        trade_id=match.trade_id,
        order_id=facts.order_id,
        opposite_order_id=opposite_order_id,
    )
