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

from haversack.exchange.engine.command import (
    Cancel,
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
    Event,
    LevelChanged,
    MarkChanged,
    OrderAccepted,
    OrderEnded,
    OrderFacts,
    OrderFilled,
    Refusal,
    Rejected,
    TopChanged,
    TradePrinted,
)
from haversack.exchange.engine.rules import MarketRules, Ratio
from haversack.wire.enums import (
    ExpiryReason,
    OrderBookState,
    OrderStatus,
    SelfTradePrevention,
    Side,
    SlippageToleranceType,
    TimeInForce,
)

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


@dataclass
class Quote:
    """The price state of one perpetual."""

    basis: Fraction | None = None
    sampled_us: int = 0
    hour: int = -1
    premiums: Fraction = Fraction(0)
    """Of the hour, added up."""
    count: int = 0


class Reference:
    """The whole exchange, obviously."""

    def __init__(self, markets: Sequence[MarketRules]) -> None:
        self.markets = {rules.symbol: rules for rules in markets}
        self.accounts: list[OpenAccount] = []
        self.owned: Counter[tuple[int, str]] = Counter()
        self.fees: Counter[str] = Counter()
        self.positions: Counter[tuple[str, int]] = Counter()
        self.orders: list[Live] = []
        self.last_price: dict[str, int] = {}
        self.trades: Counter[str] = Counter()
        self.updates: Counter[str] = Counter()
        self.accepted = 0
        self.quotes = {symbol: Quote() for symbol in self.markets}
        self.states = {symbol: rules.state for symbol, rules in self.markets.items()}
        self.looked = dict.fromkeys(self.markets, -1)
        self.marks: dict[str, list[tuple[int, Fraction]]] = {symbol: [] for symbol in self.markets}
        """Second and mark price, all of them."""

    def apply(self, command: Command, now_us: int) -> list[Event]:
        self.events: list[Event] = []
        self.touched: dict[tuple[Side, int], None] = {}
        if isinstance(command, OpenAccount):
            self.open(command)
        elif isinstance(command, Grant):
            for asset, amount in command.amounts:
                self.owned[command.account, asset] += amount
                self.tell_balance(command.account, asset)
        elif isinstance(command, SetPrices):
            self.events = [self.price(symbol, index, now_us) for symbol, index in command.indexes]
        elif isinstance(command, SetBookState):
            if self.states[command.symbol] is not command.state:
                self.events = [BookStateChanged(command.symbol, command.state)]
            self.states[command.symbol] = command.state
        else:
            assert not isinstance(command, ChangeSettings | Elapse), "nobody makes these here"
            top = self.top(command.symbol)
            if isinstance(command, Place):
                self.place(command, self.markets[command.symbol], now_us)
            elif isinstance(command, Cancel):
                self.cancel(command)
            else:
                for order in self.resting(command.symbol, account=command.account):
                    self.end(order, OrderStatus.CANCELLED, None)
            self.tell_book(command.symbol, top)
        return self.events

    def open(self, command: OpenAccount) -> None:
        keys = [account.key for account in self.accounts]
        if command.key in keys:
            self.events.append(AccountOpened(keys.index(command.key) + 1, command.key))
            return
        self.accounts.append(command)
        self.events.append(AccountOpened(len(self.accounts), command.key))
        for asset, amount in command.grants:
            self.owned[len(self.accounts), asset] += amount
            self.tell_balance(len(self.accounts), asset)

    def place(self, place: Place, rules: MarketRules, now_us: int) -> None:
        before = self.looked[place.symbol], self.marks[place.symbol]
        self.look(rules, now_us // 1_000_000)
        steps, ending = self.plan(place, rules)
        refusal = self.refusal(place, rules, steps, ending)
        if refusal:
            self.events.append(Rejected(refusal))
            # What is refused is in no journal, so it is as if nobody had looked.
            self.looked[place.symbol], self.marks[place.symbol] = before
            return
        self.accepted += 1
        conditional = ("trigger", "take_profit", "stop_loss")
        details = {name: getattr(place, name) for name in place.__struct_fields__ if name not in conditional}
        facts = OrderFacts(order_id=self.accepted, created_us=now_us, **details)
        given = self.given(place, rules, steps)
        taker = Live(facts, place.quantity or place.quote_quantity or 0, given)
        self.orders.append(taker)
        self.events.append(OrderAccepted(facts))
        self.tell_held(taker)
        for maker, quantity in steps:
            if quantity:
                self.trade(taker, maker, quantity, rules)
            else:
                self.end(maker, OrderStatus.EXPIRED, ExpiryReason.SELF_TRADE_PREVENTION)
        if ending == "done":
            self.orders.remove(taker)
        elif ending == "own":
            self.end(taker, OrderStatus.EXPIRED, ExpiryReason.SELF_TRADE_PREVENTION)
        elif ending != "open":
            self.end(taker, OrderStatus.EXPIRED, ExpiryReason(ending))
        elif place.price is None:
            self.end(taker, OrderStatus.EXPIRED, ExpiryReason.INSUFFICIENT_LIQUIDITY)
        elif place.time_in_force is TimeInForce.IOC:
            self.end(taker, OrderStatus.EXPIRED, ExpiryReason.IMMEDIATE_OR_CANCEL)
        else:
            taker.rests = True
            self.touched[place.side, place.price] = None

    def plan(self, place: Place, rules: MarketRules) -> tuple[list[tuple[Live, int]], str]:
        """Which makers give how much (0: an own order that expires), and whether that fills the order, or why it ends."""
        steps: list[tuple[Live, int]] = []
        left, money = place.quantity, place.quote_quantity or 0
        other = Side.ASK if place.side is Side.BID else Side.BID
        queue = self.queue(place.symbol, other)
        limits = self.limits(place, rules, queue[0].facts.price or 0) if queue else []
        for maker in queue:
            price = maker.facts.price or 0
            if place.price is not None and (price > place.price if place.side is Side.BID else price < place.price):
                break
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
            quantity = min(wanted, maker.left)
            steps.append((maker, quantity))
            left = left - quantity if left is not None else None
            money -= quantity * price * rules.quote_unit
            if left == 0 or (left is None and money < per_step):
                return steps, "done"
        return steps, "open"

    def limits(self, place: Place, rules: MarketRules, best: int) -> list[tuple[Fraction, Fraction, str]]:
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
        """The mean of the marks of the five minutes that end with the newest, each counting until the next."""
        marks = self.marks[rules.symbol]
        if not marks:
            return None
        end = marks[-1][0] + 1
        total, seconds = Fraction(0), 0
        for (start, mark), stop in zip(marks, [second for second, _ in marks[1:]] + [end], strict=True):
            counted = max(0, stop - max(start, end - 300))
            total += mark * counted
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
        marks = self.marks[symbol]
        # The newest of those before the window still counts in its beginning.
        old = [told for told in marks if told[0] <= second - 300][-1:]
        marks = old + [told for told in marks if told[0] > second - 300]
        self.marks[symbol] = marks if marks and marks[-1][0] == second else [*marks, (second, mark)]

    def refusal(self, place: Place, rules: MarketRules, steps: list[tuple[Live, int]], ending: str) -> Refusal | None:
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
        if place.post_only and (steps or ending != "open"):
            return Refusal.POST_ONLY_TAKES
        if place.time_in_force is TimeInForce.FOK and ending != "done":
            return Refusal.FILL_OR_KILL
        account = self.accounts[place.account - 1]
        rests = place.price is not None and place.time_in_force is TimeInForce.GTC
        open_orders = self.resting(place.symbol, account=place.account)
        if rests and not account.is_house and len(open_orders) >= rules.open_orders_max:
            return Refusal.ORDER_LIMIT
        if rules.is_perpetual:
            return None if account.is_house else Refusal.INSUFFICIENT_MARGIN
        asset = rules.quote if place.side is Side.BID else rules.base
        available = self.owned[place.account, asset] - self.locked(place.account, asset)
        return Refusal.INSUFFICIENT_FUNDS if self.given(place, rules, steps) > available else None

    def given(self, place: Place, rules: MarketRules, steps: list[tuple[Live, int]]) -> int:
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

    def trade(self, taker: Live, maker: Live, quantity: int, rules: MarketRules) -> None:
        symbol, price = rules.symbol, maker.facts.price or 0
        quote = price * quantity * rules.quote_unit
        self.trades[symbol] += 1
        self.last_price[symbol] = price
        self.touched[maker.facts.side, price] = None
        for order in (taker, maker):
            by_quote = order.facts.quantity is None
            order.left -= quote if by_quote else quantity
            order.executed += quantity
            order.executed_quote += quote
            bids = order.facts.side is Side.BID
            order.allowance -= quote if bids else quantity * rules.base_unit
            done = order.left < price * rules.step * rules.quote_unit if by_quote else order.left == 0
            if done and order is maker:
                self.orders.remove(maker)
            fee, fee_asset = self.settle(order, quantity, quote, is_maker=order is maker)
            status = OrderStatus.FILLED if done else OrderStatus.PARTIALLY_FILLED
            totals = order.executed, order.executed_quote, status
            print_id = self.trades[symbol]
            self.events.append(OrderFilled(order.facts, print_id, price, quantity, order is maker, fee, fee_asset, *totals))
            if not rules.is_perpetual:
                self.tell_balance(order.facts.account, rules.base, rules.quote)
        bid, ask = (taker, maker) if taker.facts.side is Side.BID else (maker, taker)
        ids = bid.facts.order_id, ask.facts.order_id
        self.events.append(TradePrinted(symbol, self.trades[symbol], price, quantity, *ids, bid is maker))

    def settle(self, order: Live, quantity: int, quote: int, *, is_maker: bool) -> tuple[int, str]:
        facts = order.facts
        rules, who = self.markets[facts.symbol], facts.account
        if rules.is_perpetual:
            self.positions[facts.symbol, who] += quantity if facts.side is Side.BID else -quantity
            return 0, rules.quote
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

    def cancel(self, command: Cancel) -> None:
        mine = self.resting(command.symbol, account=command.account)
        if command.order_id is not None:
            found = [order for order in mine if order.facts.order_id == command.order_id]
        else:
            found = [order for order in mine if order.facts.client_id == command.client_id is not None]
        if found:
            self.end(found[-1], OrderStatus.CANCELLED, None)
        else:
            self.events.append(Rejected(Refusal.ORDER_NOT_FOUND))

    def end(self, order: Live, status: OrderStatus, reason: ExpiryReason | None) -> None:
        self.orders.remove(order)
        if order.rests:
            self.touched[order.facts.side, order.facts.price or 0] = None
        self.events.append(OrderEnded(order.facts, order.executed, order.executed_quote, status, reason))
        self.tell_held(order)

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

    def tell_book(self, symbol: str, top: tuple[tuple[int, int] | None, tuple[int, int] | None]) -> None:
        for side, price in self.touched:
            self.updates[symbol] += 1
            quantity = dict(self.levels(symbol, side)).get(price, 0)
            self.events.append(LevelChanged(symbol, side, price, quantity, self.updates[symbol]))
        if self.top(symbol) != top:
            self.events.append(TopChanged(symbol, *self.top(symbol), self.updates[symbol]))

    def resting(self, symbol: str, *, account: int) -> list[Live]:
        return [order for order in self.orders if (order.facts.symbol, order.facts.account) == (symbol, account)]

    def queue(self, symbol: str, side: Side) -> list[Live]:
        """Resting orders of one side in the order in which they trade."""
        sign = -1 if side is Side.BID else 1
        orders = [order for order in self.orders if (order.facts.symbol, order.facts.side) == (symbol, side)]
        return sorted(orders, key=lambda order: (sign * (order.facts.price or 0), order.facts.order_id))

    def levels(self, symbol: str, side: Side) -> list[tuple[int, int]]:
        """Price and quantity of every level, by rising price."""
        totals: Counter[int] = Counter()
        for order in self.queue(symbol, side):
            totals[order.facts.price or 0] += order.left
        return sorted(totals.items())

    def top(self, symbol: str) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
        bids, asks = self.levels(symbol, Side.BID), self.levels(symbol, Side.ASK)
        return (bids[-1] if bids else None), (asks[0] if asks else None)

    def price(self, symbol: str, index: int, now_us: int) -> MarkChanged:
        """Without bounds for each update, which only rules of a perpetual bring."""
        rules, state = self.markets[symbol], self.quotes[symbol]
        (bid, ask), price = self.top(symbol), Fraction(index, 10**8)
        mark = price
        if bid and ask and self.states[symbol] is not OrderBookState.POST_ONLY:
            sample = Fraction(bid[0] + ask[0], 2 * 10**rules.price_scale) - price
            if state.basis is not None:
                elapsed_us = now_us - state.sampled_us
                sample = state.basis + (sample - state.basis) * Fraction(elapsed_us, 60_000_000 + elapsed_us)
            state.basis, state.sampled_us = Fraction(floor(sample * 10**18), 10**18), now_us
            mark = price + state.basis
        tick = Fraction(rules.tick, 10**rules.price_scale)
        ticks = floor(mark / tick + Fraction(1, 2))
        # Never further than five percent from the index, and on the tick.
        ticks = max(1, min(max(ticks, ceil(price * Fraction(95, 100) / tick)), floor(price * Fraction(105, 100) / tick)))
        marked = ticks * rules.tick
        self.tell_mark(symbol, now_us // 1_000_000, Fraction(marked))
        hour = now_us // 3_600_000_000
        if hour != state.hour:
            state.hour, state.premiums, state.count = hour, Fraction(0), 0
        premium = held(Fraction(marked, 10**rules.price_scale) - price)
        state.premiums, state.count = held(state.premiums + held(premium / price)), state.count + 1
        mean = held(state.premiums / state.count)
        pull = sorted([Fraction(-5, 10**4), held(Fraction(1, 10**4) - mean), Fraction(5, 10**4)])[1]
        rate = sorted([Fraction(-1, 100), held(held(mean + pull) / 8), Fraction(1, 100)])[1]
        rate_e28 = int(rate * 10**28)
        return MarkChanged(
            symbol=symbol, mark=marked, index=index, funding_rate_e28=rate_e28, next_funding_ms=(hour + 1) * 3_600_000
        )


def held(exact: Fraction) -> Fraction:
    """As the exchange holds a number: with the most decimals, 28 of them at most, that leave it below 2**96; half to even."""
    decimals = next(places for places in range(28, -1, -1) if abs(round(exact * 10**places)) < 2**96)
    return Fraction(round(exact * 10**decimals), 10**decimals)
