"""The mark price of a perpetual from its index and its book, with what stands in where one of them is missing.

Prices count 1e-18 of the quote asset, so that all is integers; only the result is on the tick.

Documented: index plus a one-minute exponential average of the middle less the index; without a middle or while the book is
post-only the index; without an index the median of bid, ask and last price, the middle, the last price; a bound around the
index, and one for each update. Guesses: the average's form, the width of the bound around the index, that the bound for an
update wins over it and is never less than a tick, and half a tick up in rounding.
"""

from __future__ import annotations

import msgspec

from haversack.exchange.engine.rules import Ratio

# The basis follows the book with this time constant (documented: one minute).
SMOOTHING_US = 60_000_000

# A price that no market reaches.
_UNBOUND_E18 = 10**60


class Quotes(msgspec.Struct, frozen=True, kw_only=True):
    """What a mark price is made of; None is missing."""

    index_e18: int | None = None
    bid_e18: int | None = None
    ask_e18: int | None = None
    last_e18: int | None = None
    is_post_only: bool = False

    @property
    def middle_e18(self) -> int | None:
        """Between best bid and best ask, rounded down."""
        if self.bid_e18 is None or self.ask_e18 is None:
            return None
        return (self.bid_e18 + self.ask_e18) // 2


class MarkRules(msgspec.Struct, frozen=True, kw_only=True):
    """What bounds a mark price."""

    tick_e18: int
    update_max: Ratio | None = None
    """`maxPriceUpdateMultiplier` of the market (documented, values recorded)."""
    update_min: Ratio | None = None
    index_max: Ratio = Ratio(105, 100)
    """Around the index. Its width is unknown: a guess, wide enough for the 1.3 % of the recorded snapshot."""
    index_min: Ratio = Ratio(95, 100)


class MarkState(msgspec.Struct, frozen=True):
    """What is remembered between two updates."""

    basis_e18: int | None = None
    """Averaged difference between middle and index."""
    sampled_us: int = 0
    mark_e18: int | None = None
    """None as long as there was nothing to make one of."""


def next_mark(state: MarkState, quotes: Quotes, rules: MarkRules, now_us: int) -> MarkState:
    """The mark price of this moment; the one before if nothing is known."""
    smoothed = _smoothed(state, quotes, now_us)
    raw_e18 = _raw(smoothed, quotes)
    if raw_e18 is None:
        return smoothed
    tick_e18 = rules.tick_e18
    mark_e18 = (raw_e18 + tick_e18 // 2) // tick_e18 * tick_e18
    index_e18, before_e18 = quotes.index_e18, state.mark_e18
    if index_e18 is not None:
        lowest_e18 = _up(index_e18 * rules.index_min.numerator, tick_e18 * rules.index_min.denominator) * tick_e18
        highest_e18 = index_e18 * rules.index_max.numerator // (tick_e18 * rules.index_max.denominator) * tick_e18
        mark_e18 = min(max(mark_e18, lowest_e18), highest_e18)
    if before_e18 is not None:
        mark_e18 = min(max(mark_e18, _least(before_e18, rules)), _most(before_e18, rules))
    return msgspec.structs.replace(smoothed, mark_e18=max(mark_e18, tick_e18))


def _smoothed(state: MarkState, quotes: Quotes, now_us: int) -> MarkState:
    middle_e18, index_e18 = quotes.middle_e18, quotes.index_e18
    if middle_e18 is None or index_e18 is None or quotes.is_post_only:
        return state
    sample_e18 = middle_e18 - index_e18
    if state.basis_e18 is None:
        return MarkState(sample_e18, now_us, state.mark_e18)
    # A sample weighs time / (constant + time): an exponential average whose weight is a fraction of integers.
    elapsed_us = max(0, now_us - state.sampled_us)
    moved_e18 = (sample_e18 - state.basis_e18) * elapsed_us // (SMOOTHING_US + elapsed_us)
    return MarkState(state.basis_e18 + moved_e18, now_us, state.mark_e18)


def _raw(state: MarkState, quotes: Quotes) -> int | None:
    """Before bounds and tick."""
    middle_e18, index_e18, last_e18 = quotes.middle_e18, quotes.index_e18, quotes.last_e18
    if index_e18 is not None:
        has_basis = middle_e18 is not None and state.basis_e18 is not None and not quotes.is_post_only
        return index_e18 + state.basis_e18 if has_basis and state.basis_e18 is not None else index_e18
    if quotes.bid_e18 is not None and quotes.ask_e18 is not None and last_e18 is not None:
        return sorted((quotes.bid_e18, quotes.ask_e18, last_e18))[1]
    return middle_e18 if middle_e18 is not None else last_e18


def _least(before_e18: int, rules: MarkRules) -> int:
    """The lowest mark price of the next update."""
    if rules.update_min is None:
        return 0
    bound = rules.update_min
    within_e18 = _up(before_e18 * bound.numerator, rules.tick_e18 * bound.denominator) * rules.tick_e18
    return min(within_e18, before_e18 - rules.tick_e18)


def _most(before_e18: int, rules: MarkRules) -> int:
    """The highest mark price of the next update; one tick more is always possible, or a price of few ticks could not move."""
    if rules.update_max is None:
        return _UNBOUND_E18
    bound = rules.update_max
    within_e18 = before_e18 * bound.numerator // (rules.tick_e18 * bound.denominator) * rules.tick_e18
    return max(within_e18, before_e18 + rules.tick_e18)


def _up(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)
