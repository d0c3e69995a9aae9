"""The prices of one perpetual, from one update to the next: index, mark, premium, and the funding rate that they predict.

An index counts 1e-8 of the quote asset and a rate 1e-28; premiums are the exchange's decimals.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from haversack.exchange.engine.book import Book
from haversack.exchange.engine.event import MarkChanged
from haversack.exchange.engine.mean import MeanPrice
from haversack.exchange.engine.perpetual.funding import INTEREST, INTEREST_OF_STOCKS, Bounds, Premiums, funding_rate
from haversack.exchange.engine.perpetual.mark import MarkRules, MarkState, Quotes, next_mark
from haversack.exchange.engine.perpetual.premium_band import premium_bounds, premium_of
from haversack.exchange.engine.rules import MarketRules, PerpetualRules
from haversack.units import compact

INDEX_SCALE, PRICE_SCALE, RATE_SCALE = 8, 18, 28
E18_PER_INDEX = 10 ** (PRICE_SCALE - INDEX_SCALE)
SECOND_US = 1_000_000
INTERVAL_US = 3_600_000_000
INTERVALS_MAX = 366 * 24
"""That are paid at once after a pause; of a longer one, the newest."""
_BOUNDS = Bounds(Decimal("-0.01"), Decimal("0.01"))


class PriceState(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered between two updates."""

    mark: MarkState = MarkState()
    told: MarkChanged | None = None
    """As last told."""
    has_moved: bool = False
    """Whether the newest update brought another mark price than the one before."""
    premiums: Premiums = Premiums()
    """Of the running interval."""
    interval_end_us: int = 0
    """Of the running interval; 0 before the first one."""
    updated_us: int = 0


class EndedInterval(msgspec.Struct, frozen=True):
    """A funding interval that is over, and its rate."""

    end_us: int
    rate: Decimal


class Prices:
    """The prices of one perpetual."""

    __slots__ = ("_e18_per_price", "_interest", "_mark_rules", "_rate_bounds", "_rules", "_tolerance", "premium_mean", "state")

    def __init__(self, rules: MarketRules) -> None:
        assert rules.price_scale <= PRICE_SCALE, f"{rules.symbol} counts prices finer than 1e-{PRICE_SCALE}"
        perpetual: PerpetualRules | None = rules.perpetual
        self._rules = rules
        self._e18_per_price = int(10 ** (PRICE_SCALE - rules.price_scale))
        self._mark_rules = MarkRules(
            tick_e18=rules.tick * self._e18_per_price,
            update_max=perpetual.update_max if perpetual else None,
            update_min=perpetual.update_min if perpetual else None,
        )
        self._rate_bounds = Bounds(perpetual.funding_min, perpetual.funding_max) if perpetual else _BOUNDS
        self._interest = INTEREST_OF_STOCKS if perpetual and perpetual.is_stock else INTEREST
        self._tolerance = perpetual.premium_tolerance if perpetual else None
        self.premium_mean = MeanPrice()
        """Of how far the mark price was above the index."""
        self.state = PriceState()

    def update(self, book: Book, index: int, now_us: int, *, is_post_only: bool) -> MarkChanged:
        """Take in an index price. Intervals that are over were taken out before, by `end_intervals`."""
        assert index > 0, f"an index of {index} for {self._rules.symbol}"
        before, each = self.state, self._e18_per_price
        bid, ask, index_e18 = book.bids.best(), book.asks.best(), index * E18_PER_INDEX
        quotes = Quotes(
            index_e18=index_e18,
            bid_e18=bid.price * each if bid else None,
            ask_e18=ask.price * each if ask else None,
            is_post_only=is_post_only,
        )
        mark = next_mark(before.mark, quotes, self._mark_rules, now_us)
        assert mark.mark_e18 is not None, "an index gives a mark price"
        shown = compact(mark.mark_e18, PRICE_SCALE)
        premiums = before.premiums.with_sample(shown, compact(index, INDEX_SCALE))
        if self._tolerance is not None:
            self.premium_mean.tell(premium_of(mark.mark_e18, index_e18), now_us // SECOND_US)
        end_us = before.interval_end_us or _end_of_interval(now_us)
        told = MarkChanged(
            symbol=self._rules.symbol,
            mark=mark.mark_e18 // each,
            index=index,
            funding_rate_e28=rate_e28(self._rate(premiums)),
            next_funding_ms=end_us // 1000,
        )
        has_moved = before.told is None or before.told.mark != told.mark
        self.state = PriceState(
            mark=mark, told=told, has_moved=has_moved, premiums=premiums, interval_end_us=end_us, updated_us=now_us
        )
        return told

    def end_intervals(self, now_us: int, *, opened_us: int | None) -> list[EndedInterval]:
        """Take out what is over, oldest first; before the first price, intervals count from when a position was opened.

        After a pause of several intervals all but the first had no premiums.
        """
        state = self.state
        end_us = state.interval_end_us or (0 if opened_us is None else _end_of_interval(opened_us))
        if not end_us or now_us < end_us:
            return []
        count = (now_us - end_us) // INTERVAL_US + 1
        self.state = msgspec.structs.replace(state, premiums=Premiums(), interval_end_us=end_us + count * INTERVAL_US)
        quiet = self._rate(Premiums())
        rates = [EndedInterval(end_us, self._rate(state.premiums))]
        rates += [EndedInterval(end_us + number * INTERVAL_US, quiet) for number in range(max(1, count - INTERVALS_MAX), count)]
        return rates[-INTERVALS_MAX:]

    def premium_bounds(self) -> tuple[int, int] | None:
        """The lowest and the highest price of a fill by the mean premium; None if nothing bounds it."""
        told, mean = self.state.told, self.premium_mean.mean
        if self._tolerance is None or told is None or mean is None:
            return None
        lowest_e18, highest_e18 = premium_bounds(told.index * E18_PER_INDEX, mean, self._tolerance)
        return -(-lowest_e18 // self._e18_per_price), highest_e18 // self._e18_per_price

    def _rate(self, premiums: Premiums) -> Decimal:
        return funding_rate(premiums.mean, self._rate_bounds, interest=self._interest)


def rate_e28(rate: Decimal) -> int:
    """A funding rate in units of 1e-28, which it is a whole number of."""
    return int(rate.scaleb(RATE_SCALE))


def _end_of_interval(now_us: int) -> int:
    return (now_us // INTERVAL_US + 1) * INTERVAL_US
