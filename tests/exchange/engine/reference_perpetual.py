"""Positions, margin, funding and settlement of the slow engine: everything is computed from the list of what happened.

Nothing is kept but the fills and payments of each position, and what moved into balances. Margin is exact: the engine rounds
to 28 decimals on the way, so that only what is cut off at the exchange's own steps is rounded here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil, floor, isqrt
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from exchange.engine.reference_prices import held
from haversack.exchange.engine.command import Place
from haversack.exchange.engine.event import BalanceChanged, FundingPaid, FundingRateSet, PositionChanged
from haversack.exchange.engine.perpetual.position import Position
from haversack.exchange.engine.perpetual.settlement import Settlement
from haversack.exchange.engine.rules import FeeTier, MarketRules
from haversack.wire.enums import Side
from haversack.wire.markets import MarginFunction
from haversack.wire.settlements import SettlementSource

if TYPE_CHECKING:
    from exchange.engine.reference import Live, Reference

CASH = "USDC"
EDGE = Fraction(1, 10**15)
"""A decision nearer to its limit than this could be another one with rounded numbers."""


@dataclass
class Deal:
    """One fill, or one funding payment."""

    quantity: int = 0
    """Positive if bought."""
    quote: int = 0
    fee: int = 0
    liquidation_fee: int = 0
    funding: int = 0


@dataclass
class Story:
    """All that happened to one position."""

    position_id: int
    opened_us: int
    deals: list[Deal] = field(default_factory=list[Deal])
    known: dict[int, Position] = field(default_factory=dict[int, Position])
    """By the number of deals, so that the same list is added up once."""

    def position(self) -> Position:
        """What the deals make of it."""
        count = len(self.deals)
        if count not in self.known:
            self.known = {count: self._added_up()}
        return self.known[count]

    def _added_up(self) -> Position:
        quantity = net_cost = basis = entry_quote = entry_quantity = closed_quantity = closed_quote = 0
        for deal in self.deals:
            signed = deal.quote if deal.quantity > 0 else -deal.quote
            enlarges = quantity * deal.quantity >= 0
            quantity, net_cost = quantity + deal.quantity, net_cost + signed
            if deal.quantity and enlarges:
                entry_quote, entry_quantity, basis = abs(basis) + deal.quote, abs(quantity), basis + signed
            elif deal.quantity:
                closed_quantity, closed_quote = closed_quantity + abs(deal.quantity), closed_quote + deal.quote
                basis = round(Fraction(entry_quote, entry_quantity) * quantity)
        return Position(
            position_id=self.position_id,
            quantity=quantity,
            net_cost=net_cost,
            entry_quote=entry_quote,
            entry_quantity=entry_quantity,
            pnl_realized=basis - net_cost,
            fees=sum(deal.fee for deal in self.deals),
            liquidation_fees=sum(deal.liquidation_fee for deal in self.deals),
            funding=sum(deal.funding for deal in self.deals),
            closed_quantity=closed_quantity,
            closed_quote=closed_quote,
            opened_us=self.opened_us,
        )


class Worth(NamedTuple):
    """An account's margin."""

    net_equity: Fraction
    locked: Fraction
    exposure: Fraction
    maintenance: Fraction


class Perpetuals:
    """The positions of one slow engine, and what they need."""

    def __init__(self, exchange: Reference) -> None:
        self.exchange = exchange
        self.stories: dict[tuple[str, int], list[Story]] = {}
        self.flows: Counter[int] = Counter()
        """Of each account: all that positions brought and cost, less what moved into its balance."""
        self.covered = 0
        self.settle_us = 0

    def story(self, symbol: str, account: int) -> Story | None:
        """Of the position that is open."""
        stories = self.stories.get((symbol, account))
        return stories[-1] if stories and stories[-1].position().quantity else None

    def quantity(self, symbol: str, account: int) -> int:
        """Signed."""
        story = self.story(symbol, account)
        return story.position().quantity if story else 0

    def open(self, symbol: str) -> dict[int, Position]:
        """By account."""
        found = {account: self.story(market, account) for market, account in self.stories if market == symbol}
        return {account: story.position() for account, story in sorted(found.items()) if story}

    def open_interest(self, symbol: str) -> int:
        """What all who are long have."""
        return sum(max(0, position.quantity) for position in self.open(symbol).values())

    def first_opened_us(self, symbol: str) -> int | None:
        """When the oldest open position was opened."""
        return min((position.opened_us for position in self.open(symbol).values()), default=None)

    def resting(self, symbol: str, account: int) -> tuple[int, int]:
        """What open bids and open asks could add; those of the house are nobody's business."""
        left: Counter[Side] = Counter()
        if not self.exchange.is_house(account):
            for order in self.exchange.resting(symbol, account=account):
                left[order.facts.side] += 0 if order.facts.reduce_only else order.left
        return left[Side.BID], left[Side.ASK]

    def exposed(self, symbol: str, account: int, *, bids: int = 0, asks: int = 0) -> int:
        """The position with all orders of the worse side, and more of them."""
        quantity, (open_bids, open_asks) = self.quantity(symbol, account), self.resting(symbol, account)
        return max(abs(quantity + open_bids + bids), abs(quantity - open_asks - asks))

    def fees(self, order: Live, tier: FeeTier, quote: int, *, is_maker: bool, is_forced: bool) -> tuple[int, int]:
        """For a fill, and for being liquidated by it."""
        unit = self.exchange.markets[order.facts.symbol].quote_fee_unit
        rate = Fraction(tier.futures_maker_cbps if is_maker else tier.futures_taker_cbps, 10**6)
        return ceil(quote * rate / unit) * unit, ceil(Fraction(quote, 100 * unit)) * unit if is_forced else 0

    def take(self, symbol: str, account: int, deal: Deal, now_us: int) -> None:
        """Let a fill happen to an account, and tell what it does to its position."""
        was = self.quantity(symbol, account)
        parts = [deal]
        if was * deal.quantity < 0 and abs(deal.quantity) > abs(was):
            whole, count = abs(deal.quantity), abs(was)
            closing = Deal(-was, deal.quote * count // whole, deal.fee * count // whole, deal.liquidation_fee * count // whole)
            rest = Deal(deal.quantity + was, deal.quote - closing.quote, deal.fee - closing.fee)
            parts = [closing, replace(rest, liquidation_fee=deal.liquidation_fee - closing.liquidation_fee)]
        told: list[tuple[int, Story, tuple[Settlement, ...]]] = []
        for part in parts:
            before = self.quantity(symbol, account)
            story = self.story(symbol, account)
            if story is None:
                is_house = self.exchange.is_house(account)
                story = Story(0 if is_house else self.exchange.take_id(), now_us)
                self.stories.setdefault((symbol, account), []).append(story)
            told.append((before, story, self._happened(account, story, part)))
        self.exchange.fees[CASH] += deal.fee + deal.liquidation_fee
        for before, story, settlements in told:
            self.tell(symbol, account, before, story, settlements)
        self.exchange.waiting.moved(symbol, account, was, self.quantity(symbol, account))

    def _happened(self, account: int, story: Story, deal: Deal) -> tuple[Settlement, ...]:
        realized = story.position().pnl_realized
        story.deals.append(deal)
        amounts = {
            SettlementSource.REALIZE_PNL: story.position().pnl_realized - realized,
            SettlementSource.TRADING_FEES: -deal.fee,
            SettlementSource.TRADING_FEES_SYSTEM: -deal.liquidation_fee,
            SettlementSource.FUNDING_PAYMENT: deal.funding,
        }
        self.flows[account] += sum(amounts.values())
        return tuple(Settlement(source, amount, story.position_id) for source, amount in amounts.items() if amount)

    def tell(self, symbol: str, account: int, before: int, story: Story, settlements: tuple[Settlement, ...]) -> None:
        """A position that changed."""
        if self.exchange.is_house(account):
            return
        position, mark = story.position(), self.exchange.prices.mark(symbol)
        exposed = self.exposed(symbol, account) if position.quantity else max(self.resting(symbol, account))
        self.exchange.events.append(
            PositionChanged(
                *(account, symbol, before, position, settlements),
                mark=mark or 0,
                exposed=exposed,
                leverage_e8=self.exchange.leverage_e8[account],
            )
        )

    def pay(self, rules: MarketRules, rate: Fraction, end_us: int) -> None:
        """Funding of one interval, by the mark of now; who pays, pays what is rounded up."""
        symbol, mark, rate_e28 = rules.symbol, self.exchange.prices.mark(rules.symbol), int(rate * 10**28)
        self.exchange.events.append(FundingRateSet(symbol, rate_e28, end_us))
        for account, position in self.open(symbol).items():
            amount = floor(-rate * (mark or 0) * position.quantity * rules.quote_unit)
            story = self.story(symbol, account)
            if not amount or story is None:
                continue
            settlements = self._happened(account, story, Deal(funding=amount))
            self.exchange.fees[CASH] -= amount
            if not self.exchange.is_house(account):
                paid = FundingPaid(account, symbol, story.position_id, amount, rate_e28, end_us)
                self.exchange.events.append(paid)
                self.tell(symbol, account, position.quantity, story, settlements)

    def settle(self, now_us: int) -> None:
        """Every ten seconds, move what is unsettled into balances, as far as they go."""
        if now_us < self.settle_us:
            return
        for account in self.exchange.users():
            available = self.exchange.owned[account, CASH] - self.exchange.locked(account, CASH)
            moved = max(self.flows[account], -available)
            if moved:
                self.flows[account] -= moved
                self.exchange.owned[account, CASH] += moved
                locked = self.exchange.locked(account, CASH)
                self.exchange.events.append(BalanceChanged(account, CASH, available + moved, locked))
        if self.exchange.events:
            self.settle_us = (now_us // 10_000_000 + 1) * 10_000_000

    def profit(self, symbol: str, account: int) -> Fraction:
        """Unrealized, as the exchange shows it: cut off after six decimals."""
        story, rules = self.story(symbol, account), self.exchange.markets[symbol]
        if story is None:
            return Fraction(0)
        position, scale = story.position(), self.exchange.scales[CASH]
        quantity = Fraction(position.quantity, 10**rules.quantity_scale)
        entry = held(Fraction(position.entry_quote * 10**rules.quantity_scale, position.entry_quantity * 10**scale))
        exact = held(quantity * self.mark(symbol) - held(quantity * entry))
        return Fraction(int(exact * 10**6), 10**6)

    def mark(self, symbol: str) -> Fraction:
        """In cash; 0 before there is a price."""
        return Fraction(self.exchange.prices.mark(symbol) or 0, 10 ** self.exchange.markets[symbol].price_scale)

    def notional(self, symbol: str, quantity: int) -> Fraction:
        """Of a quantity at the mark."""
        return self.mark(symbol) * Fraction(quantity, 10 ** self.exchange.markets[symbol].quantity_scale)

    def maintenance(self, symbol: str, account: int) -> Fraction:
        """Of a position without its orders."""
        notional, rules = self.notional(symbol, abs(self.quantity(symbol, account))), self.exchange.markets[symbol].perpetual
        return margin(rules.contract.mmf_function, notional) if rules else Fraction(0)

    def worth(self, account: int, *, added: dict[str, Fraction] | None = None, leverage_e8: int | None = None) -> Worth:
        """All figures of an account, if so much notional more were open."""
        equity = sum((self.exchange.collateral.value(account, asset) for asset in self.exchange.scales), Fraction(0))
        equity += Fraction(self.flows[account], 10 ** self.exchange.scales[CASH])
        locked = exposure = maintenance = Fraction(0)
        for symbol, rules in self.exchange.markets.items():
            if rules.perpetual:
                notional = self.notional(symbol, self.exposed(symbol, account)) + (added or {}).get(symbol, 0)
                equity += self.profit(symbol, account)
                exposure += notional
                locked += margin(rules.perpetual.contract.imf_function, notional)
                maintenance += self.maintenance(symbol, account)
        limit = Fraction(leverage_e8 or self.exchange.leverage_e8[account], 10**8)
        return Worth(equity, max(locked, exposure / limit), exposure, maintenance)

    def allows(self, place: Place, ahead: tuple[int, int]) -> bool:
        """Whether an order leaves margin; it counts at its own price, or at the one at which it would trade."""
        symbol, account, (taken, quote) = place.symbol, place.account, ahead
        rules, mark = self.exchange.markets[symbol], self.exchange.prices.mark(symbol)
        if rules.perpetual is None or mark is None:
            return False
        quantity = taken if place.quantity is None else place.quantity
        after = self.exposed(symbol, account, **{"bids" if place.side is Side.BID else "asks": quantity})
        more = after - self.exposed(symbol, account)
        if more <= 0:
            return True
        price = place.price
        if price is None:
            price = ceil(Fraction(quote, taken * rules.quote_unit)) if taken else mark
        notional = Fraction(price * more, 10 ** (rules.price_scale + rules.quantity_scale))
        worth = self.worth(account, added={symbol: notional})
        return self._is_enough(worth.net_equity - self.exchange.collateral.spot_cost(account) - worth.locked)

    def allows_spot(self, place: Place, ahead: tuple[int, int]) -> bool:
        """Whether a spot order leaves the positions of its account their margin."""
        account, rules = place.account, self.exchange.markets[place.symbol]
        if not any(self.exposed(symbol, account) for symbol, each in self.exchange.markets.items() if each.is_perpetual):
            return True
        if place.price is not None and place.quantity is not None:
            ahead = place.quantity, place.price * place.quantity * rules.quote_unit
        swap = self.exchange.collateral.swap(rules, account, place.side, *ahead)
        if self.exchange.collateral.cost(account, [swap]) <= 0:
            return True
        worth = self.worth(account)
        return self._is_enough(worth.net_equity - worth.locked - self.exchange.collateral.spot_cost(account, [swap]))

    def allows_leverage(self, account: int, leverage_e8: int) -> bool:
        """Whether another leverage limit leaves margin."""
        worth = self.worth(account, leverage_e8=leverage_e8)
        if leverage_e8 >= self.exchange.leverage_e8[account] or not worth.exposure:
            return True
        return self._is_enough(worth.net_equity - worth.locked)

    def _is_enough(self, left: Fraction) -> bool:
        self.exchange.decisions += 1
        self.exchange.edges += 0 < abs(left) < EDGE
        return left >= 0

    def capped(self, place: Place) -> Place:
        """An order that only reduces, with no more than it can."""
        rules = self.exchange.markets[place.symbol]
        if not place.reduce_only or not rules.is_perpetual:
            return place
        room = reducible(self.quantity(place.symbol, place.account), place.side)
        wanted = place.quantity
        if wanted is None:
            wanted = sum(quantity for _, quantity in self.exchange.plan(place, rules)[0])
        return place if room and wanted <= room else msgspec.structs.replace(place, quantity=room)


def reducible(position: int, side: Side) -> int:
    """How much an order can take off a position."""
    return max(0, -position if side is Side.BID else position)


def margin(function: MarginFunction, notional: Fraction) -> Fraction:
    """What so much notional takes."""
    return max(Fraction(function.base), Fraction(function.factor) * root(notional)) * notional


def root(number: Fraction) -> Fraction:
    """The square root, to forty decimals."""
    return Fraction(isqrt(floor(number * 10**80)), 10**40)
