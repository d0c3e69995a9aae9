"""A second engine, slow and obvious: one list of resting orders, scanned for every question, and exact fractions.

It shares nothing with the real engine but the types of rules, commands and events. What an account has locked is not kept
at all but added up from its orders each time, and an order is matched by making the whole plan first and doing it then.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import TypeAlias

from exchange.engine.reference_collateral import Collateral
from exchange.engine.reference_perpetual import Deal, Perpetuals, reducible
from exchange.engine.reference_prices import Prices
from exchange.engine.reference_rescue import Rescue
from exchange.engine.reference_waiting import Pending, Waiting, all_of
from haversack.exchange.engine.collateral import CollateralRules
from haversack.exchange.engine.command import (
    Cancel,
    CancelAll,
    ChangeSettings,
    Command,
    Elapse,
    Grant,
    OpenAccount,
    Place,
    SetBookState,
    SetPrices,
)
from haversack.exchange.engine.event import (
    AccountOpened,
    BalanceChanged,
    BookStateChanged,
    Conditions,
    Event,
    LevelChanged,
    OrderAccepted,
    OrderEnded,
    OrderFacts,
    OrderFilled,
    Refusal,
    Rejected,
    SettingsChanged,
    TopChanged,
    TradePrinted,
)
from haversack.exchange.engine.rules import AssetRules, MarketRules, Ratio
from haversack.wire.enums import (
    CancelOrderType,
    ExpiryReason,
    OrderBookState,
    OrderStatus,
    SelfTradePrevention,
    Side,
    SlippageToleranceType,
    SystemOrderType,
    TimeInForce,
    TriggerBy,
)

Top: TypeAlias = tuple[tuple[int, int] | None, tuple[int, int] | None]

REFUSED_IN = {
    OrderBookState.CLOSED: Refusal.BOOK_CLOSED,
    OrderBookState.CANCEL_ONLY: Refusal.CANCEL_ONLY,
    OrderBookState.LIMIT_ONLY: Refusal.LIMIT_ONLY,
    OrderBookState.POST_ONLY: Refusal.POST_ONLY_MODE,
}


@dataclass(eq=False)
class Live:
    """An order that is being matched or rests."""

    facts: OrderFacts
    left: int
    """Quantity, or for an order by quote quantity the quote amount."""
    allowance: int
    """What a market order may still give."""
    executed: int = 0
    executed_quote: int = 0
    rests: bool = False
    has_exits: bool = False


class Reference:
    """The whole exchange, obviously."""

    def __init__(
        self, markets: Sequence[MarketRules], assets: Sequence[AssetRules], collateral: Sequence[CollateralRules] = ()
    ) -> None:
        self.markets = {rules.symbol: rules for rules in markets}
        self.scales = {rules.symbol: rules.scale for rules in assets}
        self.accounts: list[OpenAccount] = []
        self.leverage_e8: Counter[int] = Counter()
        self.owned: Counter[tuple[int, str]] = Counter()
        self.fees: Counter[str] = Counter()
        self.orders: list[Live] = []
        self.last_price: dict[str, int] = {}
        self.trades: Counter[str] = Counter()
        self.updates: Counter[str] = Counter()
        self.last_id = 0
        """Orders and positions are numbered together."""
        self.states = {symbol: rules.state for symbol, rules in self.markets.items()}
        self.looked = dict.fromkeys(self.markets, -1)
        self.marks: dict[str, list[tuple[int, Fraction]]] = {symbol: [] for symbol in self.markets}
        """Second and mark price, all of them."""
        self.tops: dict[str, Top] = dict.fromkeys(self.markets, (None, None))
        self.touched: dict[tuple[str, Side, int], None] = {}
        self.events: list[Event] = []
        self.decisions = self.edges = 0
        """About margin: all of them, and those that rounding might have decided otherwise."""
        self.prices, self.perpetuals = Prices(self), Perpetuals(self)
        self.waiting, self.rescue, self.collateral = Waiting(self), Rescue(self), Collateral(self, collateral)

    def apply(self, command: Command, now_us: int) -> list[Event]:
        self.events = []
        if isinstance(command, Place):
            refusal = self.place(command, now_us)
            if refusal:
                self.events.append(Rejected(refusal))
        elif isinstance(command, Cancel | CancelAll):
            self.cancel(command)
            self.tell_book(command.symbol)
        elif isinstance(command, SetPrices | Elapse):
            self.passes(dict(command.indexes) if isinstance(command, SetPrices) else {}, now_us)
        elif isinstance(command, SetBookState):
            if self.states[command.symbol] is not command.state:
                self.events = [BookStateChanged(command.symbol, command.state)]
            self.states[command.symbol] = command.state
        else:
            assert isinstance(command, OpenAccount | Grant | ChangeSettings), f"nothing here does {command}"
            self.change(command)
        return self.events

    def passes(self, indexes: dict[str, int], now_us: int) -> None:
        """What time does."""
        ended = [(symbol, self.prices.ended(symbol, now_us)) for symbol in self.prices.quotes]
        for symbol in sorted(self.prices.update(indexes, now_us)):
            self.waiting.fire(symbol, now_us)
        for symbol, intervals in ended:
            for end_us, rate in intervals if self.markets[symbol].perpetual else ():
                self.perpetuals.pay(self.markets[symbol], rate, end_us)
        self.perpetuals.settle(now_us)
        self.rescue.look(now_us)

    def change(self, command: OpenAccount | Grant | ChangeSettings) -> None:
        if isinstance(command, OpenAccount):
            self.open(command)
        elif isinstance(command, Grant):
            for asset, amount in command.amounts:
                self.owned[command.account, asset] += amount
                self.tell_balance(command.account, asset)
        elif self.perpetuals.allows_leverage(command.account, command.settings.leverage_e8):
            self.leverage_e8[command.account] = command.settings.leverage_e8
            self.events.append(SettingsChanged(command.account, command.settings))
        else:
            self.events.append(Rejected(Refusal.LEVERAGE))

    def is_house(self, account: int) -> bool:
        return self.accounts[account - 1].is_house

    def users(self) -> list[int]:
        return [number for number, account in enumerate(self.accounts, 1) if not account.is_house]

    def take_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def open(self, command: OpenAccount) -> None:
        keys = [account.key for account in self.accounts]
        if command.key in keys:
            self.events.append(AccountOpened(keys.index(command.key) + 1, command.key))
            return
        self.accounts.append(command)
        self.leverage_e8[len(self.accounts)] = 10**8
        self.events.append(AccountOpened(len(self.accounts), command.key))
        for asset, amount in command.grants:
            self.owned[len(self.accounts), asset] += amount
            self.tell_balance(len(self.accounts), asset)

    def place(self, place: Place, now_us: int, fired: Conditions | None = None) -> Refusal | None:
        if place.trigger and not fired:
            return self.waiting.wait(place, place.trigger, now_us)
        rules = self.markets[place.symbol]
        before = self.looked[place.symbol], self.marks[place.symbol]
        self.look(rules, now_us // 1_000_000)
        place = self.perpetuals.capped(place)
        steps, ending = self.plan(place, rules)
        refusal = self.refusal(place, rules, steps, ending)
        if refusal:
            # What is refused is in no journal, so it is as if nobody had looked.
            self.looked[place.symbol], self.marks[place.symbol] = before
            return refusal
        self.match(self.facts(place, now_us, fired), now_us)
        self.tell_book(place.symbol)
        if not fired:
            self.waiting.fire_due(place.symbol, now_us)
        return None

    def facts(self, place: Place, now_us: int, conditions: Conditions | None) -> OrderFacts:
        exits = {name: getattr(place, name) for name in ("trigger", "take_profit", "stop_loss")}
        if conditions is None and any(exits.values()):
            conditions = Conditions(**exits)
        details = {name: getattr(place, name) for name in place.__struct_fields__ if name not in (*exits, "backing")}
        return OrderFacts(order_id=self.take_id(), created_us=now_us, conditions=conditions, **details)

    def match(self, facts: OrderFacts, now_us: int) -> None:
        """Accept an order, and do what was planned for it."""
        rules = self.markets[facts.symbol]
        steps, ending = self.plan(facts, rules)
        taker = Live(facts, facts.quantity or facts.quote_quantity or 0, self.given(facts, rules, steps))
        self.orders.append(taker)
        self.events.append(OrderAccepted(facts))
        self.tell_held(taker)
        for maker, quantity in steps:
            if quantity:
                self.trade((taker, maker), quantity, rules, now_us)
            else:
                self.end(maker, OrderStatus.EXPIRED, ExpiryReason.SELF_TRADE_PREVENTION)
        if ending == "done":
            self.orders.remove(taker)
        elif ending == "own":
            self.end(taker, OrderStatus.EXPIRED, ExpiryReason.SELF_TRADE_PREVENTION)
        elif ending != "open":
            self.end(taker, OrderStatus.EXPIRED, ExpiryReason(ending))
        elif facts.price is None:
            self.end(taker, OrderStatus.EXPIRED, ExpiryReason.INSUFFICIENT_LIQUIDITY)
        elif facts.time_in_force is TimeInForce.IOC:
            self.end(taker, OrderStatus.EXPIRED, ExpiryReason.IMMEDIATE_OR_CANCEL)
        else:
            taker.rests = True
            self.touch(taker)

    def plan(self, place: Place | OrderFacts, rules: MarketRules) -> tuple[list[tuple[Live, int]], str]:
        """Which makers give how much (0: an own order that expires), and whether that fills the order, or why it ends."""
        steps: list[tuple[Live, int]] = []
        given: Counter[int] = Counter()
        left, money = place.quantity, place.quote_quantity or 0
        other = Side.ASK if place.side is Side.BID else Side.BID
        queue = self.queue(place.symbol, other)
        limits = self.limits(place, rules, queue[0].facts.price or 0) if queue else []
        for maker in queue:
            price = maker.facts.price or 0
            if place.price is not None and (price > place.price if place.side is Side.BID else price < place.price):
                break
            room = self.room(maker, given[maker.facts.account])
            if not room:
                continue
            beyond = [reason for low, high, reason in limits if not low <= price <= high]
            if beyond:
                return steps, beyond[0]
            per_step = price * rules.step * rules.quote_unit
            wanted = left if left is not None else money // per_step * rules.step
            if not wanted:
                break
            if maker.facts.account == place.account:
                if place.self_trade_prevention is not SelfTradePrevention.REJECT_TAKER:
                    steps.append((maker, 0))
                if place.self_trade_prevention is not SelfTradePrevention.REJECT_MAKER:
                    return steps, "own"
                continue
            quantity = min(wanted, room)
            given[maker.facts.account] += quantity
            steps.append((maker, quantity))
            left = left - quantity if left is not None else None
            money -= quantity * price * rules.quote_unit
            if left == 0 or (left is None and money < per_step):
                return steps, "done"
        return steps, "open"

    def room(self, maker: Live, given: int) -> int:
        """What a maker has to give when its turn comes: one that only reduces, no more than its account's position then."""
        facts = maker.facts
        if not facts.reduce_only or not self.markets[facts.symbol].is_perpetual:
            return maker.left
        return min(maker.left, max(0, abs(self.perpetuals.quantity(facts.symbol, facts.account)) - given))

    def limits(self, place: Place | OrderFacts, rules: MarketRules, best: int) -> list[tuple[Fraction, Fraction, str]]:
        """Lowest and highest price, and what happens beyond them; the tightest first on the side where the order goes."""
        bids, anything = place.side is Side.BID, Fraction(10**60)
        found: list[tuple[Fraction, Fraction, str]] = []
        impact = rules.impact_max if bids else rules.impact_min
        if impact:
            reach = Fraction(best * impact.numerator, impact.denominator)
            found.append((Fraction(0), reach, "PriceImpact") if bids else (reach, anything, "PriceImpact"))
        mean = self.mean(rules)
        if mean is not None and rules.mean_max and rules.mean_min:
            low, high = Fraction(rules.mean_min.numerator, rules.mean_min.denominator), rules.mean_max
            found.append((mean * low, mean * Fraction(high.numerator, high.denominator), "PriceOutOfBounds"))
        band = self.prices.premium_bounds(rules)
        if band:
            found.append((*band, "PriceOutOfBounds"))
        if place.slippage:
            tolerance = Fraction(place.slippage.tolerance_e8, 10**8)
            away = tolerance * rules.tick if place.slippage.kind is SlippageToleranceType.TICK_SIZE else best * tolerance / 100
            reason = "SlippageToleranceExceeded"
            found.append(
                (Fraction(0), Fraction(best + floor(away)), reason) if bids else (Fraction(best - floor(away)), anything, reason)
            )
        # In whole prices: two bounds between the same two prices are the same bound.
        return sorted(found, key=lambda bound: floor(bound[1]) if bids else -ceil(bound[0]))

    def mean(self, rules: MarketRules) -> Fraction | None:
        """The mean of the marks of five minutes."""
        return self.mean_of(self.marks[rules.symbol]) if self.marks[rules.symbol] else None

    def mean_of(self, told: list[tuple[int, Fraction]]) -> Fraction:
        """The mean of the five minutes that end with the newest second, each number counting until the next."""
        end = told[-1][0] + 1
        total, seconds = Fraction(0), 0
        for (start, number), stop in zip(told, [second for second, _ in told[1:]] + [end], strict=True):
            counted = max(0, stop - max(start, end - 300))
            total += number * counted
            seconds += counted
        return total / seconds

    def look(self, rules: MarketRules, second: int) -> None:
        """A spot market's mark is its active price, looked at with the first order of a second."""
        if second == self.looked[rules.symbol] or rules.is_perpetual:
            return
        self.looked[rules.symbol] = second
        active = self.active_price(rules.symbol)
        if active is not None:
            self.tell_mark(rules.symbol, second, active)

    def tell_mark(self, symbol: str, second: int, mark: Fraction) -> None:
        self.marks[symbol] = self.newest(self.marks[symbol], second, mark)

    def newest(self, told: list[tuple[int, Fraction]], second: int, number: Fraction) -> list[tuple[int, Fraction]]:
        """With one more, unless that second has its number; the newest before the window still counts in its beginning."""
        kept = [each for each in told if each[0] <= second - 300][-1:] + [each for each in told if each[0] > second - 300]
        return kept if kept and kept[-1][0] == second else [*kept, (second, number)]

    def refusal(self, place: Place, rules: MarketRules, steps: list[tuple[Live, int]], ending: str) -> Refusal | None:
        return self.refusal_of_market(place, rules, steps, ending) or self.refusal_of_account(place, rules, steps)

    def refusal_of_market(self, place: Place, rules: MarketRules, steps: list[tuple[Live, int]], ending: str) -> Refusal | None:
        if place.account in self.rescue.liquidating:
            return Refusal.ACCOUNT_LIQUIDATING
        state = self.states[place.symbol]
        allowed = {
            OrderBookState.OPEN: True,
            OrderBookState.LIMIT_ONLY: place.price is not None,
            OrderBookState.POST_ONLY: place.post_only,
        }
        if not allowed.get(state, False):
            return REFUSED_IN[state]
        if place.price is not None and not self.in_band(place.price, rules):
            return Refusal.PRICE_BAND
        if place.quantity == 0:
            return Refusal.REDUCE_ONLY
        if self.opens_too_much(place, rules):
            return Refusal.OPEN_INTEREST
        if place.post_only and (steps or ending != "open"):
            return Refusal.POST_ONLY_TAKES
        if place.time_in_force is TimeInForce.FOK and ending != "done":
            return Refusal.FILL_OR_KILL
        return None

    def refusal_of_account(self, place: Place, rules: MarketRules, steps: list[tuple[Live, int]]) -> Refusal | None:
        rests = place.price is not None and place.time_in_force is TimeInForce.GTC
        if rests and self.is_full(place.symbol, place.account):
            return Refusal.ORDER_LIMIT
        taken = sum(quantity for _, quantity in steps)
        ahead = taken, sum((maker.facts.price or 0) * quantity for maker, quantity in steps) * rules.quote_unit
        if rules.is_perpetual:
            is_free = self.is_house(place.account) or place.reduce_only or self.perpetuals.allows(place, ahead)
            return None if is_free else Refusal.INSUFFICIENT_MARGIN
        asset = rules.quote if place.side is Side.BID else rules.base
        available = self.owned[place.account, asset] - self.locked(place.account, asset)
        if self.given(place, rules, steps) > available:
            return Refusal.INSUFFICIENT_FUNDS
        is_free = self.is_house(place.account) or self.perpetuals.allows_spot(place, ahead)
        return None if is_free else Refusal.INSUFFICIENT_MARGIN

    def is_full(self, symbol: str, account: int) -> bool:
        """Whether an account has as many orders as it may."""
        count = len(self.resting(symbol, account=account)) + len(self.waiting.of(symbol, account))
        return not self.is_house(account) and count >= self.markets[symbol].open_orders_max

    def opens_too_much(self, place: Place, rules: MarketRules) -> bool:
        """Whether what an order would open goes beyond the limit of open interest."""
        if self.is_house(place.account) or place.quantity is None or not rules.perpetual:
            return False
        closes = reducible(self.perpetuals.quantity(place.symbol, place.account), place.side)
        opens, limit = place.quantity - closes, rules.perpetual.open_interest_limit
        return opens > 0 and limit is not None and self.perpetuals.open_interest(place.symbol) + opens > limit

    def given(self, place: Place | OrderFacts, rules: MarketRules, steps: list[tuple[Live, int]]) -> int:
        """The most that the order can give: for a market order without a quantity to give, what the plan says."""
        if place.side is Side.ASK:
            quantity = sum(taken for _, taken in steps) if place.quantity is None else place.quantity
            return quantity * rules.base_unit
        if place.price is not None and place.quantity is not None:
            return place.price * place.quantity * rules.quote_unit
        return sum((maker.facts.price or 0) * taken for maker, taken in steps) * rules.quote_unit

    def in_band(self, price: int, rules: MarketRules) -> bool:
        active = self.active_price(rules.symbol)
        if active is None:
            return True
        high, low = rules.band_max or Ratio(10**9, 1), rules.band_min or Ratio(0, 1)
        return active * Fraction(low.numerator, low.denominator) <= price <= active * Fraction(high.numerator, high.denominator)

    def active_price(self, symbol: str) -> Fraction | None:
        known = [Fraction(level[0]) for level in self.top(symbol) if level]
        known += [Fraction(self.last_price[symbol])] if symbol in self.last_price else []
        return statistics.median(known) if known else None

    def trade(self, both: tuple[Live, Live], quantity: int, rules: MarketRules, now_us: int) -> None:
        (taker, maker), symbol = both, rules.symbol
        price = maker.facts.price or 0
        quote = price * quantity * rules.quote_unit
        self.trades[symbol] += 1
        self.last_price[symbol] = price
        self.touch(maker)
        for order in both:
            by_quote = order.facts.quantity is None
            order.left -= quote if by_quote else quantity
            order.executed += quantity
            order.executed_quote += quote
            bids = order.facts.side is Side.BID
            order.allowance -= quote if bids else quantity * rules.base_unit
        if not maker.left:
            self.orders.remove(maker)
        for order in both:
            least = price * rules.step * rules.quote_unit
            done = order.left < least if order.facts.quantity is None else order.left == 0
            self.fill(order, (quantity, quote), is_maker=order is maker, is_done=done, now_us=now_us)
        bid, ask = (taker, maker) if taker.facts.side is Side.BID else (maker, taker)
        ids = bid.facts.order_id, ask.facts.order_id
        self.events.append(TradePrinted(symbol, self.trades[symbol], price, quantity, *ids, bid is maker))
        self.waiting.reach(symbol, TriggerBy.LAST_PRICE)

    def fill(self, order: Live, traded: tuple[int, int], *, is_maker: bool, is_done: bool, now_us: int) -> None:
        """One side of a trade: quantity and quote amount."""
        (quantity, quote), facts = traded, order.facts
        rules, price = self.markets[facts.symbol], traded[1] // traded[0] // self.markets[facts.symbol].quote_unit
        status = OrderStatus.FILLED if is_done else OrderStatus.PARTIALLY_FILLED
        totals = order.executed, order.executed_quote, status
        told = facts, self.trades[facts.symbol], price, quantity, is_maker
        if not rules.is_perpetual:
            fee, fee_asset = self.settle(order, quantity, quote, is_maker=is_maker)
            self.events.append(OrderFilled(*told, fee, fee_asset, *totals))
            self.tell_balance(facts.account, rules.base, rules.quote)
            return
        is_forced = facts.conditions is not None and facts.conditions.system is SystemOrderType.LIQUIDATE_POSITION_ON_BOOK
        tier, fees = self.accounts[facts.account - 1].fees, (0, 0)
        if not self.is_house(facts.account):
            fees = self.perpetuals.fees(order, tier, quote, is_maker=is_maker, is_forced=is_forced)
        self.events.append(OrderFilled(*told, sum(fees), rules.quote, *totals))
        signed = quantity if facts.side is Side.BID else -quantity
        self.perpetuals.take(facts.symbol, facts.account, Deal(signed, quote, *fees), now_us)
        self.waiting.filled(order, now_us)

    def settle(self, order: Live, quantity: int, quote: int, *, is_maker: bool) -> tuple[int, str]:
        facts = order.facts
        rules, who = self.markets[facts.symbol], facts.account
        tier = self.accounts[who - 1].fees
        rate = Fraction(tier.maker_cbps if is_maker else tier.taker_cbps, 10**6)
        base = quantity * rules.base_unit
        received, asset, unit = (
            (base, rules.base, rules.base_fee_unit) if facts.side is Side.BID else (quote, rules.quote, rules.quote_fee_unit)
        )
        fee = min(received, ceil(received * rate / unit) * unit)
        self.owned[who, rules.base] += base if facts.side is Side.BID else -base
        self.owned[who, rules.quote] += -quote if facts.side is Side.BID else quote
        self.owned[who, asset] -= fee
        self.fees[asset] += fee
        return fee, asset

    def cancel(self, command: Cancel | CancelAll) -> None:
        resting = self.resting(command.symbol, account=command.account)
        pending = self.waiting.of(command.symbol, command.account)
        if isinstance(command, CancelAll):
            kinds = {None: all_of(resting, pending), CancelOrderType.RESTING_LIMIT_ORDER: all_of(resting)}
            for order in kinds.get(command.kind, all_of(pending)):
                self.take_out(order, OrderStatus.CANCELLED, None)
            return
        mine = all_of(resting, pending)
        if command.order_id is not None:
            found = [order for order in mine if order.facts.order_id == command.order_id]
        else:
            found = [order for order in mine if order.facts.client_id == command.client_id is not None]
        if found:
            self.take_out(found[-1], OrderStatus.CANCELLED, None)
        else:
            self.events.append(Rejected(Refusal.ORDER_NOT_FOUND))

    def take_out(self, order: Live | Pending, status: OrderStatus, reason: ExpiryReason | None) -> None:
        if isinstance(order, Live):
            self.end(order, status, reason)
        else:
            self.waiting.orders.remove(order)
            self.events.append(OrderEnded(order.facts, 0, 0, status, reason))

    def end(self, order: Live, status: OrderStatus, reason: ExpiryReason | None) -> None:
        self.orders.remove(order)
        if order.rests:
            self.touch(order)
        self.events.append(OrderEnded(order.facts, order.executed, order.executed_quote, status, reason))
        self.tell_held(order)

    def touch(self, order: Live) -> None:
        """The level of an order will have to be told."""
        self.touched[order.facts.symbol, order.facts.side, order.facts.price or 0] = None

    def held(self, order: Live) -> tuple[str, int]:
        facts = order.facts
        rules = self.markets[facts.symbol]
        asset = rules.quote if facts.side is Side.BID else rules.base
        if rules.is_perpetual:
            return asset, 0
        if facts.price is None:
            return asset, order.allowance
        return asset, order.left * (facts.price * rules.quote_unit if facts.side is Side.BID else rules.base_unit)

    def locked(self, account: int, asset: str) -> int:
        holds = [self.held(order) for order in self.orders if order.facts.account == account]
        return sum(amount for held, amount in holds if held == asset)

    def all_locked(self) -> Counter[tuple[int, str]]:
        """By account and asset, added up in one go."""
        locks: Counter[tuple[int, str]] = Counter()
        for order in self.orders:
            asset, amount = self.held(order)
            locks[order.facts.account, asset] += amount
        return locks

    def tell_held(self, order: Live) -> None:
        asset, amount = self.held(order)
        if amount:
            self.tell_balance(order.facts.account, asset)

    def tell_balance(self, account: int, *assets: str) -> None:
        for asset in assets:
            locked = self.locked(account, asset)
            self.events.append(BalanceChanged(account, asset, self.owned[account, asset] - locked, locked))

    def tell_book(self, symbol: str) -> None:
        for touched in [each for each in self.touched if each[0] == symbol]:
            del self.touched[touched]
            _, side, price = touched
            self.updates[symbol] += 1
            quantity = dict(self.levels(symbol, side)).get(price, 0)
            self.events.append(LevelChanged(symbol, side, price, quantity, self.updates[symbol]))
        if self.top(symbol) != self.tops[symbol]:
            self.tops[symbol] = self.top(symbol)
            self.events.append(TopChanged(symbol, *self.top(symbol), self.updates[symbol]))

    def resting(self, symbol: str, *, account: int) -> list[Live]:
        orders = [order for order in self.orders if order.rests]
        return [order for order in orders if (order.facts.symbol, order.facts.account) == (symbol, account)]

    def queue(self, symbol: str, side: Side) -> list[Live]:
        """Resting orders of one side in the order in which they trade."""
        sign = -1 if side is Side.BID else 1
        orders = [order for order in self.orders if order.rests and (order.facts.symbol, order.facts.side) == (symbol, side)]
        return sorted(orders, key=lambda order: (sign * (order.facts.price or 0), order.facts.order_id))

    def levels(self, symbol: str, side: Side) -> list[tuple[int, int]]:
        """Price and quantity of every level, by rising price."""
        totals: Counter[int] = Counter()
        for order in self.queue(symbol, side):
            totals[order.facts.price or 0] += order.left
        return sorted(totals.items())

    def top(self, symbol: str) -> Top:
        bids, asks = self.levels(symbol, Side.BID), self.levels(symbol, Side.ASK)
        return (bids[-1] if bids else None), (asks[0] if asks else None)
