"""The prices of perpetuals in the slow engine: marks, the means that bound orders, and funding rates, in exact fractions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING

from haversack.exchange.engine.event import MarkChanged
from haversack.exchange.engine.rules import MarketRules, Ratio
from haversack.wire.enums import OrderBookState

if TYPE_CHECKING:
    from exchange.engine.reference import Reference

SECOND_US = 1_000_000
HOUR_US = 3_600_000_000
INTEREST = Fraction(1, 10**4)


@dataclass
class Quote:
    """What is known of one perpetual."""

    basis: Fraction | None = None
    sampled_us: int = 0
    told: MarkChanged | None = None
    told_us: int = 0
    end_us: int = 0
    """Of the running funding interval; 0 before there is one."""
    premiums: list[Fraction] = field(default_factory=list[Fraction])
    """Of the running interval."""
    seconds: list[tuple[int, Fraction]] = field(default_factory=list[tuple[int, Fraction]])
    """Second and premium, all of them."""


class Prices:
    """Of all perpetuals of one slow engine."""

    def __init__(self, exchange: Reference) -> None:
        self.exchange = exchange
        self.quotes = {symbol: Quote() for symbol, rules in exchange.markets.items() if rules.is_perpetual}

    def mark(self, symbol: str) -> int | None:
        """As last told; before that the active price, rounded down."""
        quote = self.quotes.get(symbol)
        if quote and quote.told:
            return quote.told.mark
        active = self.exchange.active_price(symbol)
        return None if active is None else floor(active)

    def ended(self, symbol: str, now_us: int) -> list[tuple[int, Fraction]]:
        """End and rate of the funding intervals that are over; the next one begins."""
        quote = self.quotes[symbol]
        if not quote.end_us and self.exchange.markets[symbol].perpetual:
            opened = self.exchange.perpetuals.first_opened_us(symbol)
            quote.end_us = 0 if opened is None else (opened // HOUR_US + 1) * HOUR_US
        over: list[tuple[int, Fraction]] = []
        while quote.end_us and quote.end_us <= now_us:
            over.append((quote.end_us, self.rate(symbol)))
            quote.premiums, quote.end_us = [], quote.end_us + HOUR_US
        return over

    def rate(self, symbol: str) -> Fraction:
        """Of the running interval, by the premiums so far."""
        mean, total = Fraction(0), Fraction(0)
        premiums, rules = self.quotes[symbol].premiums, self.exchange.markets[symbol].perpetual
        for premium in premiums:
            total = held(total + premium)
        if premiums:
            mean = held(total / len(premiums))
        pull = sorted([Fraction(-5, 10**4), held(INTEREST - mean), Fraction(5, 10**4)])[1]
        bounds = (Fraction(rules.funding_min), Fraction(rules.funding_max)) if rules else (Fraction(-1, 100), Fraction(1, 100))
        return held(sorted([bounds[0], held(held(mean + pull) / 8), bounds[1]])[1])

    def update(self, told: Mapping[str, int], now_us: int) -> list[str]:
        """New marks by the indexes that are told, or were told in an earlier second; of which perpetuals."""
        done: list[str] = []
        for symbol, quote in self.quotes.items():
            index = told.get(symbol)
            if index is None and quote.told and quote.told_us // SECOND_US < now_us // SECOND_US:
                index = quote.told.index
            if index is not None:
                self.price(self.exchange.markets[symbol], index, now_us)
                done.append(symbol)
        return done

    def price(self, rules: MarketRules, index: int, now_us: int) -> None:
        """One new mark."""
        symbol, quote = rules.symbol, self.quotes[rules.symbol]
        price, tick = Fraction(index, 10**8), Fraction(rules.tick, 10**rules.price_scale)
        ticks = floor((price + self._basis(rules, price, now_us)) / tick + Fraction(1, 2))
        # Never further than five percent from the index, and on the tick.
        ticks = min(max(ticks, ceil(price * Fraction(95, 100) / tick)), floor(price * Fraction(105, 100) / tick))
        if quote.told and rules.perpetual and rules.perpetual.update_max and rules.perpetual.update_min:
            before = quote.told.mark // rules.tick
            lowest, highest = before * of(rules.perpetual.update_min), before * of(rules.perpetual.update_max)
            ticks = min(max(ticks, min(ceil(lowest), before - 1)), max(floor(highest), before + 1))
        mark = max(1, ticks) * rules.tick
        premium = held(Fraction(mark, 10**rules.price_scale) - price)
        quote.premiums.append(held(premium / price))
        quote.seconds = self.exchange.newest(
            quote.seconds, now_us // SECOND_US, Fraction(floor(premium / price * 10**18), 10**18)
        )
        quote.end_us = quote.end_us or (now_us // HOUR_US + 1) * HOUR_US
        self.exchange.tell_mark(symbol, now_us // SECOND_US, Fraction(mark))
        quote.told_us = now_us
        quote.told = MarkChanged(
            symbol=symbol,
            mark=mark,
            index=index,
            funding_rate_e28=int(self.rate(symbol) * 10**28),
            next_funding_ms=quote.end_us // 1000,
        )
        self.exchange.events.append(quote.told)

    def _basis(self, rules: MarketRules, price: Fraction, now_us: int) -> Fraction:
        """How far the book is above the index, averaged over a minute."""
        quote, (bid, ask) = self.quotes[rules.symbol], self.exchange.top(rules.symbol)
        if not bid or not ask or self.exchange.states[rules.symbol] is OrderBookState.POST_ONLY:
            return Fraction(0)
        sample = Fraction(bid[0] + ask[0], 2 * 10**rules.price_scale) - price
        if quote.basis is not None:
            elapsed_us = now_us - quote.sampled_us
            sample = quote.basis + (sample - quote.basis) * Fraction(elapsed_us, 60_000_000 + elapsed_us)
        quote.basis, quote.sampled_us = Fraction(floor(sample * 10**18), 10**18), now_us
        return quote.basis

    def premium_bounds(self, rules: MarketRules) -> tuple[Fraction, Fraction] | None:
        """The lowest and the highest price by the mean premium of five minutes; None if nothing bounds it."""
        quote = self.quotes.get(rules.symbol)
        if quote is None or quote.told is None or rules.perpetual is None or rules.perpetual.premium_tolerance is None:
            return None
        mean = self.exchange.mean_of(quote.seconds)
        index, tolerance = Fraction(quote.told.index, 10 ** (8 - rules.price_scale)), of(rules.perpetual.premium_tolerance)
        return index * (1 + mean - tolerance), index * (1 + mean + tolerance)


def of(ratio: Ratio) -> Fraction:
    """As a fraction."""
    return Fraction(ratio.numerator, ratio.denominator)


def held(exact: Fraction) -> Fraction:
    """As the exchange holds a number: with the most decimals, 28 of them at most, that leave it below 2**96; half to even."""
    if (10**28) % exact.denominator == 0 and abs(exact.numerator) * (10**28 // exact.denominator) < 2**96:
        return exact
    decimals = next(places for places in range(28, -1, -1) if abs(round(exact * 10**places)) < 2**96)
    return Fraction(round(exact * 10**decimals), 10**decimals)
