"""Answers requests for quotes, around the price of the spot market of the same assets.

A dealer thinks about a request from one look to the next, then quotes both sides, wider for a large one, and quotes anew when
the market has moved away. It is one of the house, with money for both sides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from haversack.exchange.crowd.dice import SECOND_US, Dice
from haversack.exchange.crowd.market import BPS
from haversack.exchange.crowd.temperament import DealerMood
from haversack.exchange.crowd.view import MarketView
from haversack.exchange.engine.command import Command
from haversack.exchange.engine.rfq.command import SubmitQuote
from haversack.exchange.engine.rfq.open import OpenRfq
from haversack.exchange.engine.rules import MarketRules
from haversack.exchange.listing import Listing
from haversack.wire.enums import MarketType

LOOK_MIN_S, LOOK_MAX_S = 0.4, 0.9
REQUESTS_MAX = 20
"""That a dealer deals with at once, the oldest first."""
WIDTH_MIN, WIDTH_MAX = 0.7, 1.3
"""Of the usual spread, for one request."""
FOLLOWED_BPS = 3.0
"""A dealer quotes anew when the price has moved more than this."""
DOUBLED_BY = 1_000_000
"""So much of the quote asset makes the spread twice as wide."""


class DealtMarket(NamedTuple):
    """A market of requests, and the spot market that says what it is worth."""

    rules: MarketRules
    spot: MarketRules
    quote_scale: int


def dealt_markets(listing: Listing) -> Mapping[str, DealtMarket]:
    """Those that a dealer can price, by symbol."""
    spots = {
        (rules.base, rules.quote): rules
        for symbol, rules in listing.rules.items()
        if listing.markets[symbol].market_type == MarketType.SPOT
    }
    return {
        symbol: DealtMarket(each.rules, spots[each.rules.base, each.rules.quote], each.scales.quote_scale)
        for symbol, each in listing.rfq_markets.items()
        if (each.rules.base, each.rules.quote) in spots
    }


class Dealer:
    """One of them."""

    __slots__ = ("_account", "_dice", "_markets", "_mood", "_pace", "_widths", "due_us")

    def __init__(self, markets: Mapping[str, DealtMarket], mood: DealerMood, account: int, *, dice: Dice, pace: float) -> None:
        self._markets = markets
        self._mood = mood
        self._account = account
        self._dice = dice
        self._pace = pace
        self._widths: dict[tuple[int, int], float] = {}
        """How wide it will quote what it has seen, by id and submission time: a refresh makes another request of it."""
        self.due_us = 0

    def act(self, now_us: int, view: MarketView) -> list[Command]:
        """Look at what is asked."""
        self.due_us = now_us + int(self._dice.between(LOOK_MIN_S, LOOK_MAX_S) / self._pace * SECOND_US)
        asked = [each for each in view.open_rfqs() if each.takes_quotes(now_us) and each.rfq.symbol in self._markets]
        seen, self._widths = self._widths, {}
        commands: list[Command] = []
        for each in asked[:REQUESTS_MAX]:
            name = each.rfq.rfq_id, each.window.submission_ms
            width = seen.get(name)
            self._widths[name] = self._dice.between(WIDTH_MIN, WIDTH_MAX) if width is None else width
            quote = None if width is None else self._quote(each, width, view)
            if quote is not None:
                commands.append(quote)
        return commands

    def _quote(self, opened: OpenRfq, width: float, view: MarketView) -> Command | None:
        market, mine = self._markets[opened.rfq.symbol], opened.quotes.get(self._account)
        rules = market.rules
        center = _center(market, view)
        if center is None or (mine is not None and abs((mine.bid + mine.ask) / 2 - center) <= FOLLOWED_BPS * BPS * center):
            return None
        half = center * self._mood.half_bps * BPS * width * (1 + _worth(opened, market, center) / DOUBLED_BY)
        bid = max(rules.tick, math.floor((center - half) / rules.tick) * rules.tick)
        ask = max(bid + rules.tick, math.ceil((center + half) / rules.tick) * rules.tick)
        return SubmitQuote(account=self._account, rfq_id=opened.rfq.rfq_id, bid=bid, ask=ask)


def _center(market: DealtMarket, view: MarketView) -> float | None:
    """What the spot market is at, in the price units of the market of requests; None if it has no price."""
    bid, ask = view.top(market.spot.symbol)
    middle = (bid[0] + ask[0]) / 2 if bid and ask else view.last_price(market.spot.symbol)
    return None if middle is None else float(middle * 10.0 ** (market.rules.price_scale - market.spot.price_scale))


def _worth(opened: OpenRfq, market: DealtMarket, center: float) -> float:
    """About how much of the quote asset is asked for."""
    rfq, rules = opened.rfq, market.rules
    units = center * rfq.quantity * rules.quote_unit if rfq.quantity is not None else rfq.quote_quantity or 0
    return float(units * 10.0**-market.quote_scale)
