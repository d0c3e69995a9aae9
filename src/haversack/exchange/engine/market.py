"""The state of one market, and what its book has to tell after a command."""

from __future__ import annotations

from typing import NamedTuple

from haversack.exchange.engine.active import twice_active_price
from haversack.exchange.engine.book import Book, Top
from haversack.exchange.engine.bounds import EVERY_PRICE
from haversack.exchange.engine.clearing import Clearing, SpotClearing
from haversack.exchange.engine.event import Event, LevelChanged, MarkChanged, TopChanged
from haversack.exchange.engine.ledger import Ledger
from haversack.exchange.engine.mean import MeanPrice
from haversack.exchange.engine.perpetual.clearing import PerpetualClearing
from haversack.exchange.engine.perpetual.following import Following
from haversack.exchange.engine.perpetual.margins import Margins
from haversack.exchange.engine.perpetual.prices import Prices
from haversack.exchange.engine.rules import MarketRules
from haversack.exchange.engine.triggers import PendingOrder, Triggers
from haversack.wire.enums import OrderBookState, TriggerBy

SECOND_US = 1_000_000
INDEX_DECIMALS = 8


class Memory(NamedTuple):
    """What a market knew before an observation."""

    observe_us: int
    mean: MeanPrice
    mean_bounds: tuple[int, int]


class Market:
    """One market: its rules, its book, its clearing, and the numbers that it hands out."""

    __slots__ = (
        *("book", "clearing", "last_price", "mean", "mean_bounds", "next_trade_id", "observe_us", "perpetual", "prices", "rules"),
        *("state", "top", "triggers", "update_id"),
    )

    def __init__(self, rules: MarketRules, ledger: Ledger, margins: Margins, *, first_trade_id: int) -> None:
        self.rules = rules
        self.book = Book()
        self.perpetual = PerpetualClearing(rules, ledger, margins) if rules.is_perpetual else None
        """Its positions, those of a prediction market too; None in a spot market."""
        if self.perpetual is not None:
            self.perpetual.following = Following(self, ledger)
        self.clearing: Clearing = self.perpetual or SpotClearing(rules, ledger, margins)
        self.triggers = Triggers()
        self.prices = Prices(rules) if rules.has_index else None
        """Index, mark and premium of a perpetual. A prediction market has none: its mark is its active price, always."""
        self.state = rules.state
        self.mean = MeanPrice()
        """Of twice the mark price."""
        self.mean_bounds = EVERY_PRICE
        """The lowest and the highest price at which orders that take may trade, by the means of mark price and premium."""
        self.observe_us = 0
        """When to observe the market next: with the first order that comes then or later."""
        self.last_price: int | None = None
        self.next_trade_id = first_trade_id
        self.update_id = 0
        """Of the last change; levels and top share one gapless sequence."""
        self.top: Top = (None, None)
        """As last told."""

    @property
    def twice_active_price(self) -> int | None:
        """Twice the median of best bid, best ask and last trade; None if there was none of them."""
        return twice_active_price(self.book, self.last_price)

    @property
    def told(self) -> MarkChanged | None:
        """A perpetual's prices as last told; None before the first ones, and of a spot market."""
        return None if self.prices is None else self.prices.state.told

    @property
    def mark(self) -> int | None:
        """The mark price in the market's units, as last told; before the first one the active price."""
        prices = self.prices
        told = prices.state.told if prices else None
        if told is not None:
            return told.mark
        twice = self.twice_active_price
        return None if twice is None else twice // 2

    def reference(self, by: TriggerBy) -> tuple[int, int] | None:
        """The price that a trigger waits for, rounded down and up; the mark price where that one is not known yet.

        None if there is none at all.
        """
        told = self.told
        if by is TriggerBy.INDEX_PRICE and told is not None:
            scale = self.rules.price_scale
            index, unit = told.index * 10 ** max(0, scale - INDEX_DECIMALS), 10 ** max(0, INDEX_DECIMALS - scale)
            return index // unit, -(-index // unit)
        price = self.last_price if by is TriggerBy.LAST_PRICE else None
        price = self.mark if price is None else price
        return None if price is None else (price, price)

    def await_trigger(self, order: PendingOrder) -> None:
        """Let an order wait; it is due at once if its price is reached already."""
        self.triggers.add(order)
        self.look_at(order.trigger_by)

    def look_at(self, by: TriggerBy) -> None:
        """Find what is due at a price as it stands."""
        prices = self.reference(by)
        if prices is not None:
            self.triggers.reach(by, prices[0], rounded_up=prices[1])

    def observe(self, now_us: int) -> Memory:
        """Take in where a market without an index stands, before the first order of a second does anything.

        Its mark price is the active price, one of the documented fallbacks. The answer is what was known before.
        """
        before = Memory(self.observe_us, self.mean.copy(), self.mean_bounds)
        self.observe_us = (now_us // SECOND_US + 1) * SECOND_US
        if self.prices is None:
            twice_mark = self.twice_active_price
            if twice_mark is not None:
                self._tell_twice_mark(twice_mark, now_us)
        return before

    def forget(self, before: Memory) -> None:
        """Undo an observation: the order that caused it was refused, and what is refused is in no journal."""
        self.observe_us, self.mean, self.mean_bounds = before

    def price(self, index: int, now_us: int) -> MarkChanged:
        """Take in a perpetual's index: its mark price, and where orders that take may trade from now on."""
        assert self.prices is not None, f"{self.rules.symbol} has no index"
        told = self.prices.update(self.book, index, now_us, is_post_only=self.state is OrderBookState.POST_ONLY)
        self._tell_twice_mark(2 * told.mark, now_us)
        bounds = self.prices.premium_bounds()
        if bounds is not None:
            by_mean = self._by_mean()
            self.mean_bounds = max(by_mean[0], bounds[0]), min(by_mean[1], bounds[1])
        return told

    def _tell_twice_mark(self, twice_mark: int, now_us: int) -> None:
        rules = self.rules
        if rules.mean_max is not None and rules.mean_min is not None:
            self.mean.tell(twice_mark, now_us // SECOND_US)
            self.mean_bounds = self._by_mean()

    def _by_mean(self) -> tuple[int, int]:
        rules, mean = self.rules, self.mean.mean
        if rules.mean_max is None or rules.mean_min is None or mean is None:
            return EVERY_PRICE
        total, seconds = mean
        lowest = -(-total * rules.mean_min.numerator // (2 * seconds * rules.mean_min.denominator))
        highest = total * rules.mean_max.numerator // (2 * seconds * rules.mean_max.denominator)
        return lowest, highest

    def tell_changes(self, events: list[Event]) -> None:
        """Report each touched level once, in the order of the touching, and then the top if it is another."""
        book, symbol = self.book, self.rules.symbol
        if not book.touched:
            return
        for level in book.touched:
            self.update_id += 1
            events.append(LevelChanged(symbol, level.side, level.price, level.quantity, self.update_id))
        book.touched.clear()
        top = book.top()
        if top != self.top:
            self.top = top
            events.append(TopChanged(symbol, *top, self.update_id))
