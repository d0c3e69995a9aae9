"""Liquidation in the slow engine: once a second, every account, by the documented stages."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from exchange.engine.reference_perpetual import CASH, Deal, Worth
from exchange.engine.reference_waiting import all_of
from haversack.exchange.engine.command import OpenAccount
from haversack.exchange.engine.event import (
    AccountOpened,
    Conditions,
    DebtCovered,
    LiquidatingChanged,
    LiquidationPrinted,
    OrderAccepted,
    OrderFacts,
    OrderFilled,
)
from haversack.exchange.engine.rules import FeeTier
from haversack.wire.enums import (
    ExpiryReason,
    OrderBookState,
    OrderStatus,
    SelfTradePrevention,
    Side,
    SystemOrderType,
    TimeInForce,
)

if TYPE_CHECKING:
    from exchange.engine.reference import Reference

BACKSTOP = "haversack-backstop"
CAPACITY = 250_000
"""Notional of what the backstop takes in one market."""
ON_BOOK = SystemOrderType.LIQUIDATE_POSITION_ON_BOOK
ON_BACKSTOP, ON_ADL = SystemOrderType.LIQUIDATE_POSITION_ON_BACKSTOP, SystemOrderType.LIQUIDATE_POSITION_ON_ADL


class Part(NamedTuple):
    """So much of a position that is to be closed."""

    symbol: str
    account: int
    side: Side
    quantity: int


class Handover(NamedTuple):
    """A part, and who takes it."""

    part: Part
    opponent: int
    system: SystemOrderType


class Rescue:
    """Looks after the accounts of one slow engine."""

    def __init__(self, exchange: Reference) -> None:
        self.exchange = exchange
        self.liquidating: set[int] = set()
        self.look_us = 0

    def look(self, now_us: int) -> None:
        """One round for whoever has too little margin."""
        if now_us < self.look_us:
            return
        count = len(self.exchange.events)
        for account in self.exchange.users():
            self._look_at(account, now_us)
        if len(self.exchange.events) > count:
            self.look_us = (now_us // 1_000_000 + 1) * 1_000_000

    def _look_at(self, account: int, now_us: int) -> None:
        worth = self.exchange.perpetuals.worth(account)
        if not in_danger(worth):
            self._tell(account, is_liquidating=False)
            return
        orders = [order for order in self.exchange.orders if order.facts.account == account]
        pending = [each for each in self.exchange.waiting.orders if each.facts.account == account]
        parts = self._parts(account)
        # The margin fraction is below the auto-close fraction; nobody is asked before it is known who would take what.
        is_late = worth.net_equity < max(worth.maintenance / 2, worth.maintenance - worth.exposure / 100)
        closes = bool(parts) and not orders and not pending and (is_late or not worth.exposure)
        handovers = self._handovers(parts) if closes else []
        self._tell(account, is_liquidating=True)
        if orders or pending:
            self._end_all(account)
        elif not parts:
            amount = ceil(-worth.net_equity * 10 ** self.exchange.scales[CASH])
            self.exchange.perpetuals.flows[account] += amount
            self.exchange.perpetuals.covered += amount
            self.exchange.events.append(DebtCovered(account, CASH, amount))
        elif closes:
            for handover in handovers:
                self._hand_over(handover, now_us)
        else:
            for part in parts:
                step = self.exchange.markets[part.symbol].step
                tenth = ceil(Fraction(part.quantity, 10 * step)) * step
                self._on_book(part._replace(quantity=min(part.quantity, tenth)), now_us)
        self._tell(account, is_liquidating=in_danger(self.exchange.perpetuals.worth(account)))

    def _tell(self, account: int, *, is_liquidating: bool) -> None:
        if (account in self.liquidating) is not is_liquidating:
            self.liquidating ^= {account}
            self.exchange.events.append(LiquidatingChanged(account, is_liquidating))

    def _parts(self, account: int) -> list[Part]:
        """All positions, those that need the most margin first."""
        perpetuals, parts = self.exchange.perpetuals, list[Part]()
        for symbol in self.exchange.markets:
            quantity = perpetuals.quantity(symbol, account)
            if quantity:
                parts.append(Part(symbol, account, Side.ASK if quantity > 0 else Side.BID, abs(quantity)))
        return sorted(parts, key=lambda part: (-perpetuals.maintenance(part.symbol, account), part.symbol))

    def _end_all(self, account: int) -> None:
        exchange = self.exchange
        mine = all_of(exchange.orders, exchange.waiting.orders)
        for order in [each for each in mine if each.facts.account == account]:
            exchange.take_out(order, OrderStatus.EXPIRED, ExpiryReason.LIQUIDATION)
        for symbol in exchange.markets:
            exchange.tell_book(symbol)

    def _handovers(self, parts: list[Part]) -> list[Handover]:
        """First the backstop, as far as it goes; then whoever profits most, and is exposed most for what it has."""
        keys = [account.key for account in self.exchange.accounts]
        if BACKSTOP not in keys:
            self.exchange.accounts.append(OpenAccount(BACKSTOP, FeeTier(0, 0), (), is_house=True))
            self.exchange.events.append(AccountOpened(len(self.exchange.accounts), BACKSTOP))
            keys.append(BACKSTOP)
        provider = keys.index(BACKSTOP) + 1
        found: list[Handover] = []
        for part in parts:
            left = part.quantity
            taken = min(left, self._room(part, provider))
            if taken:
                found.append(Handover(part._replace(quantity=taken), provider, ON_BACKSTOP))
            left -= taken
            for opponent, quantity in self._ranked(part, {provider, part.account}) if left else ():
                taken = min(left, quantity)
                if taken:
                    found.append(Handover(part._replace(quantity=taken), opponent, ON_ADL))
                left -= taken
        return found

    def _room(self, part: Part, provider: int) -> int:
        rules, mark = self.exchange.markets[part.symbol], self.exchange.prices.mark(part.symbol) or 1
        largest: int = CAPACITY * 10 ** self.exchange.scales[CASH] // (mark * rules.quote_unit)
        has = self.exchange.perpetuals.quantity(part.symbol, provider)
        room = largest - has if part.side is Side.ASK else largest + has
        return max(0, room) // rules.step * rules.step

    def _ranked(self, part: Part, others: set[int]) -> list[tuple[int, int]]:
        """Opponents and what they have, the first to lose it first."""
        perpetuals = self.exchange.perpetuals
        ranked: list[tuple[Fraction, int, int]] = []
        for account, position in perpetuals.open(part.symbol).items():
            if account in others or (position.quantity < 0) is not (part.side is Side.ASK):
                continue
            worth = perpetuals.worth(account)
            levered = Fraction(10**6)
            if worth.net_equity > 0:
                levered = min(levered, worth.exposure / worth.net_equity)
            profit = perpetuals.profit(part.symbol, account) / Fraction(abs(position.basis), 10 ** self.exchange.scales[CASH])
            ranked.append((-(profit * levered if profit > 0 else profit / levered), account, abs(position.quantity)))
        return [(account, quantity) for _, account, quantity in sorted(ranked)]

    def _facts(self, part: Part, system: SystemOrderType, now_us: int) -> OrderFacts:
        return OrderFacts(
            order_id=self.exchange.take_id(),
            account=part.account,
            symbol=part.symbol,
            side=part.side,
            price=None,
            quantity=part.quantity,
            quote_quantity=None,
            time_in_force=TimeInForce.IOC,
            post_only=False,
            self_trade_prevention=SelfTradePrevention.REJECT_TAKER,
            client_id=None,
            created_us=now_us,
            reduce_only=None if self.exchange.is_house(part.account) else True,
            conditions=Conditions(system=system),
        )

    def _on_book(self, part: Part, now_us: int) -> None:
        exchange, symbol = self.exchange, part.symbol
        is_open = exchange.states[symbol] in (OrderBookState.OPEN, OrderBookState.LIMIT_ONLY)
        if not is_open or not exchange.queue(symbol, Side.ASK if part.side is Side.BID else Side.BID):
            return
        facts, first = self._facts(part, ON_BOOK, now_us), len(exchange.events)
        exchange.match(facts, now_us)
        fills = [event for event in exchange.events[first:] if isinstance(event, OrderFilled)]
        for mine in [fill for fill in fills if fill.order.order_id == facts.order_id]:
            other = next(each for each in fills if each.trade_id == mine.trade_id and each.is_maker)
            self._print(facts, mine, other.order.order_id)
        exchange.tell_book(symbol)
        exchange.waiting.fire(symbol, now_us)

    def _print(self, facts: OrderFacts, fill: OrderFilled, opposite: int) -> None:
        assert facts.conditions, "the exchange says which part of it sends an order"
        assert facts.conditions.system, "the exchange says which part of it sends an order"
        self.exchange.events.append(
            LiquidationPrinted(
                symbol=facts.symbol,
                system=facts.conditions.system,
                side=facts.side,
                price=fill.price,
                quantity=fill.quantity,
                trade_id=fill.trade_id,
                order_id=facts.order_id,
                opposite_order_id=opposite,
            )
        )

    def _hand_over(self, handover: Handover, now_us: int) -> None:
        """Two positions change at the mark price, without fees and beside the book."""
        exchange, part = self.exchange, handover.part
        price, rules = exchange.prices.mark(part.symbol) or 0, exchange.markets[part.symbol]
        exchange.trades[part.symbol] += 1
        quote = price * part.quantity * rules.quote_unit
        other = Part(part.symbol, handover.opponent, Side.ASK if part.side is Side.BID else Side.BID, part.quantity)
        fills: list[OrderFilled] = []
        for each in (part, other):
            facts, totals = self._facts(each, handover.system, now_us), (each.quantity, quote, OrderStatus.FILLED)
            number = exchange.trades[part.symbol]
            fills.append(OrderFilled(facts, number, price, each.quantity, each is other, 0, CASH, *totals))
            exchange.events += (OrderAccepted(facts), fills[-1])
            signed = each.quantity if each.side is Side.BID else -each.quantity
            exchange.perpetuals.take(part.symbol, each.account, Deal(signed, quote), now_us)
        self._print(fills[0].order, fills[0], fills[1].order.order_id)
        exchange.tell_book(part.symbol)


def in_danger(worth: Worth) -> bool:
    """Whether the margin fraction is down to what must be maintained; without exposure, whether there is a debt."""
    if not worth.exposure:
        return worth.net_equity < 0
    return worth.net_equity <= worth.maintenance
