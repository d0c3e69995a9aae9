"""How far an order that takes may reach: trades happen between these prices only, and what is left beyond them expires.

Three rules bound it. The impact multipliers count from the best price that the order meets, the mean band from the
five-minute mean of the mark price (docs: futures specs), and the slippage tolerance, which a market order may bring
along, from the best price as well (its meaning is undocumented: a guess). They bound trades, not prices that rest.
"""

from __future__ import annotations

from typing import NamedTuple

from haversack.exchange.engine.command import Place, Slippage
from haversack.exchange.engine.event import OrderFacts
from haversack.exchange.engine.order import BID
from haversack.exchange.engine.rules import MarketRules, times, times_up
from haversack.wire.enums import ExpiryReason, SlippageToleranceType

EVERY_PRICE = (0, 2**200)
"""What bounds nothing."""
IMPACT, OUT_OF_BOUNDS = ExpiryReason.PRICE_IMPACT, ExpiryReason.PRICE_OUT_OF_BOUNDS
SLIPPAGE = ExpiryReason.SLIPPAGE_TOLERANCE_EXCEEDED
_TICKS = SlippageToleranceType.TICK_SIZE
_ONE_E8 = 10**8


class Bounds(NamedTuple):
    """The lowest and the highest price at which an order may trade, and why it ends beyond each of them."""

    lowest: int
    highest: int
    below: ExpiryReason
    above: ExpiryReason

    def beyond(self, price: int) -> ExpiryReason | None:
        """Why the order may not trade at this price; None if it may."""
        if price > self.highest:
            return self.above
        return self.below if price < self.lowest else None


def bounds_of(order: Place | OrderFacts, best: int, rules: MarketRules, mean_bounds: tuple[int, int]) -> Bounds:
    """The bounds of an order that takes, by the best price that it meets when it comes.

    Of two rules that end at the same price, the impact gives the reason.
    """
    limit = _of_bid if order.side is BID else _of_ask
    return limit(order, rules, best, mean_bounds)


def _of_bid(order: Place | OrderFacts, rules: MarketRules, best: int, mean_bounds: tuple[int, int]) -> Bounds:
    lowest, highest = mean_bounds
    reason = OUT_OF_BOUNDS
    if rules.impact_max and (furthest := times(best, rules.impact_max)) <= highest:
        highest, reason = furthest, IMPACT
    if order.slippage and (furthest := best + _tolerated(order.slippage, best, rules.tick)) < highest:
        highest, reason = furthest, SLIPPAGE
    return Bounds(lowest, highest, OUT_OF_BOUNDS, reason)


def _of_ask(order: Place | OrderFacts, rules: MarketRules, best: int, mean_bounds: tuple[int, int]) -> Bounds:
    lowest, highest = mean_bounds
    reason = OUT_OF_BOUNDS
    if rules.impact_min and (furthest := times_up(best, rules.impact_min)) >= lowest:
        lowest, reason = furthest, IMPACT
    if order.slippage and (furthest := best - _tolerated(order.slippage, best, rules.tick)) > lowest:
        lowest, reason = furthest, SLIPPAGE
    return Bounds(lowest, highest, reason, OUT_OF_BOUNDS)


def _tolerated(slippage: Slippage, best: int, tick: int) -> int:
    """How far from the best price, rounded towards it."""
    if slippage.kind is _TICKS:
        return slippage.tolerance_e8 * tick // _ONE_E8
    return best * slippage.tolerance_e8 // (100 * _ONE_E8)
