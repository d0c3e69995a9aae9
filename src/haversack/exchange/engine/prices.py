"""Index, mark and funding of one perpetual, in exact integers.

An index counts 1e-8 of the quote asset, the basis between the book and the index 1e-18 of it, and a premium or a rate
1e-28 (docs: rates show up to 28 digits). Every division rounds down, towards minus infinity; only the mark is rounded to
the nearest tick, half a tick up.
"""

from __future__ import annotations

import msgspec

from haversack.exchange.engine.book import Book
from haversack.exchange.engine.event import MarkChanged
from haversack.exchange.engine.rules import MarketRules

US_PER_HOUR = 3_600_000_000
PRICE_SCALE_MAX = 18
E18_PER_INDEX = 10**10
E28 = 10**28

# The basis follows the book with this time constant (docs: a one-minute average).
SMOOTHING_US = 60_000_000

# Interest per eight hours, how far it may pull the premium, and the bounds of the hourly rate (docs; the width of the
# pull is documented only, recorded rates would fit 3 to 6 bps as well).
INTEREST_E28 = E28 // 10_000
PULL_MAX_E28 = 5 * INTEREST_E28
RATE_MAX_E28 = E28 // 100
PERIODS_PER_INTEREST = 8


class Prices(msgspec.Struct, gc=False, eq=False):
    """What one perpetual remembers between two price updates."""

    basis_e18: int = 0
    """Smoothed difference between the middle of the book and the index."""
    sampled_us: int | None = None
    """When the book last had a middle."""
    hour: int = -1
    """Hours since the epoch: the running funding interval."""
    premium_sum_e28: int = 0
    premium_count: int = 0
    mark: MarkChanged | None = None

    def update(self, book: Book, rules: MarketRules, index: int, now_us: int) -> MarkChanged:
        """Take in a new index price."""
        assert index > 0, f"an index of {index} for {rules.symbol}"
        mark = self._mark(book, rules, index, now_us)
        hour = now_us // US_PER_HOUR
        if hour != self.hour:
            self.hour, self.premium_sum_e28, self.premium_count = hour, 0, 0
        index_e18 = index * E18_PER_INDEX
        self.premium_sum_e28 += (mark * _e18_per_price(rules) - index_e18) * E28 // index_e18
        self.premium_count += 1
        self.mark = MarkChanged(
            symbol=rules.symbol,
            mark=mark,
            index=index,
            funding_rate_e28=funding_rate_e28(self.premium_sum_e28 // self.premium_count),
            next_funding_ms=(hour + 1) * (US_PER_HOUR // 1000),
        )
        return self.mark

    def _mark(self, book: Book, rules: MarketRules, index: int, now_us: int) -> int:
        """Index plus smoothed basis, on the tick; the index alone while a side of the book is empty."""
        price_e18 = index * E18_PER_INDEX
        bid, ask = book.bids.best(), book.asks.best()
        if bid and ask:
            middle_e18 = (bid.price + ask.price) * _e18_per_price(rules) // 2
            self._smooth(middle_e18 - price_e18, now_us)
            price_e18 += self.basis_e18
        tick_e18 = rules.tick * _e18_per_price(rules)
        return max(1, (price_e18 + tick_e18 // 2) // tick_e18) * rules.tick

    def _smooth(self, basis_e18: int, now_us: int) -> None:
        # A sample weighs time / (constant + time): an exponential average whose weight is a fraction of integers. The
        # first sample has nothing to be averaged with.
        if self.sampled_us is None:
            self.basis_e18 = basis_e18
        else:
            elapsed_us = max(0, now_us - self.sampled_us)
            self.basis_e18 += (basis_e18 - self.basis_e18) * elapsed_us // (SMOOTHING_US + elapsed_us)
        self.sampled_us = now_us


def funding_rate_e28(premium_e28: int) -> int:
    """The hourly rate of a mean premium. A premium near the interest gives the eighth part of the interest exactly."""
    pull = _within(INTEREST_E28 - premium_e28, PULL_MAX_E28)
    return _within((premium_e28 + pull) // PERIODS_PER_INTEREST, RATE_MAX_E28)


def _e18_per_price(rules: MarketRules) -> int:
    assert rules.price_scale <= PRICE_SCALE_MAX, f"{rules.symbol} counts prices finer than 1e-{PRICE_SCALE_MAX}"
    return int(10 ** (PRICE_SCALE_MAX - rules.price_scale))


def _within(value: int, bound: int) -> int:
    return max(-bound, min(bound, value))
