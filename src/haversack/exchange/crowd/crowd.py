"""The crowd as the exchange's shell sees it: give it accounts, ask it to act when it is due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from operator import attrgetter
from typing import Protocol

from haversack.exchange.crowd.backfill import backfill
from haversack.exchange.crowd.belief import Beliefs, Worths
from haversack.exchange.crowd.budget import Budget
from haversack.exchange.crowd.dealer import Dealer, dealt_markets
from haversack.exchange.crowd.dice import SECOND_US, Dice
from haversack.exchange.crowd.fair import FairPrices
from haversack.exchange.crowd.hunter import Hunter
from haversack.exchange.crowd.maker import Maker
from haversack.exchange.crowd.market import CrowdMarket, traded_markets
from haversack.exchange.crowd.news import News
from haversack.exchange.crowd.opening import Opening
from haversack.exchange.crowd.oracle import Oracle
from haversack.exchange.crowd.quote import Quote
from haversack.exchange.crowd.taker import Flow, Metronome
from haversack.exchange.crowd.temperament import Temperament
from haversack.exchange.crowd.view import MarketView
from haversack.exchange.engine.admission import refusal_in
from haversack.exchange.engine.command import Command, OpenAccount, Place
from haversack.exchange.engine.rules import FeeTier
from haversack.exchange.listing import Listing
from haversack.exchange.views.bars import Bar

DAY_MINUTES = 1_440
COMMANDS_PER_S_MAX = 60
"""At most this many come from the makers of all markets, on average over a few seconds."""
WEALTH = 100_000_000
"""Of each asset, every account has what this much of the quote asset is worth when the exchange opens."""
_due_us = attrgetter("due_us")


class Trader(Protocol):
    """Acts when it is due, and says when that will be again."""

    @property
    def due_us(self) -> int:
        """When to act next."""
        ...

    def act(self, now_us: int, view: MarketView) -> list[Command]:
        """Commands to be done now, in this order."""
        ...


class Crowd:
    """All other traders. `pace` makes them slower or faster; prices move as much as they would anyway."""

    def __init__(self, listing: Listing, seed: int, *, pace: float = 1.0, temperament: Temperament | None = None) -> None:
        assert pace > 0, "a crowd that never moves is no crowd: leave it out"
        self._listing = listing
        self._seed = seed
        self._pace = pace
        self._temperament = temperament or Temperament.load()
        self._markets = traded_markets(listing, self._temperament.markets)
        self.tells_prices = any(market.rules.has_index for market in self._markets)
        """Whether it says every second what perpetuals are worth, so that time passes with its commands."""
        self._dealt = dealt_markets(listing)
        self._accounts: Mapping[str, int] | None = None
        self._traders: list[Trader] = []
        self._next_us = 0

    def setup(self) -> list[OpenAccount]:
        """The accounts that the crowd trades with. Their keys cannot be anybody's: they are no base64 of 32 bytes."""
        tokens = {vault.vault_token for vault in self._listing.vaults.values()}
        grants = tuple((asset, self._wealth(asset)) for asset in self._listing.asset_scales if asset not in tokens)
        dealers = self._temperament.dealers if self._dealt else ()
        keys = (
            *(layer.key for layer in self._temperament.makers),
            *self._temperament.takers.keys,
            *(dealer.key for dealer in dealers),
        )
        return [OpenAccount(key, FeeTier(0, 0), grants, is_house=True) for key in keys]

    def know(self, accounts: Mapping[str, int]) -> None:
        """Learn the account numbers of the keys in `setup`."""
        self._accounts = accounts

    def believe(self, symbol: str, price: Decimal, now_us: int, view: MarketView) -> bool:
        """Take this for what a market's base asset is worth; False if nobody here trades it. The makers follow at once."""
        market = next((market for market in self._markets if market.symbol == symbol), None)
        if market is None:
            return False
        if not self._traders:
            self._traders = self._cast(now_us, view)
        for trader in self._traders:
            if isinstance(trader, News):
                trader.surprise(symbol, float(price) * 10.0**market.rules.price_scale, now_us)
        self._next_us = now_us
        return True

    @property
    def next_us(self) -> int:
        """When to call `step` next; 0, which is at once, before the first time."""
        return self._next_us

    def step(self, now_us: int, view: MarketView) -> list[Command]:
        """What everybody who is due does now. After a pause each acts once, so nothing piles up."""
        if not self._traders:
            self._traders = self._cast(now_us, view)
        commands: list[Command] = []
        # Nobody makes another one due at once, so that looking who is due may come first.
        for trader in [trader for trader in self._traders if trader.due_us <= now_us]:
            commands += [command for command in trader.act(now_us, view) if _is_taken(command, view)]
        self._next_us = min(map(_due_us, self._traders))
        return commands

    def backfill(self, now_us: int, *, minutes: int = DAY_MINUTES) -> dict[str, list[Bar]]:
        """One-minute bars of the time before a new exchange's start, by symbol, oldest first; for the seed and the minute."""
        # Prediction markets begin without a past.
        past = [market for market in self._markets if market.rules.pays is None]
        return backfill(past, self._temperament, seed=self._seed, now_us=now_us, minutes=minutes)

    def _cast(self, now_us: int, view: MarketView) -> list[Trader]:
        assert self._accounts is not None, "the crowd does not know its accounts"
        if not self._markets:
            return [_Nobody()]
        # The time is in the seed, so that a crowd that starts again does not repeat itself.
        questions = [market for market in self._markets if market.rules.pays is not None]
        others = [market for market in self._markets if market.rules.pays is None]
        prices = FairPrices(others, self._temperament, self._dice(now_us, "fair"))
        fair = Worths(prices, Beliefs(questions, self._temperament, self._dice(now_us, "belief")))
        fair.take_up({market.symbol: _price_found(market, view) for market in self._markets})
        takers = [self._accounts[key] for key in self._temperament.takers.keys]
        news = News(fair, self._dice(now_us, "news"), now_us)
        budget = Budget(COMMANDS_PER_S_MAX * self._pace, now_us)
        traders: list[Trader] = [news, Oracle(self._markets, prices), *self._openings(takers, now_us)]
        for market in self._markets:
            quote = Quote(market, fair.price(market.symbol), self._dice(now_us, market.symbol, "quote"))
            makers = [
                Maker(
                    market,
                    quote,
                    layer=layer,
                    account=self._accounts[layer.key],
                    dice=self._dice(now_us, market.symbol, layer.key),
                    budget=budget,
                    pace=self._pace,
                )
                for layer in self._temperament.makers
            ]
            news.tell(market, quote, makers)
            dice = {kind: self._dice(now_us, market.symbol, kind) for kind in ("hunter", "metronome", "flow")}
            traders += makers
            traders.append(Hunter(market, quote, takers, dice=dice["hunter"], pace=self._pace))
            traders.append(Metronome(market, takers, dice=dice["metronome"], pace=self._pace, now_us=now_us))
            traders.append(Flow(market, takers, dice=dice["flow"], pace=self._pace, now_us=now_us))
        return traders + self._dealers(now_us)

    def _dealers(self, now_us: int) -> list[Trader]:
        assert self._accounts is not None, "the crowd does not know its accounts"
        return [
            Dealer(self._dealt, mood, self._accounts[mood.key], dice=self._dice(now_us, mood.key), pace=self._pace)
            for mood in (self._temperament.dealers if self._dealt else ())
        ]

    def _openings(self, takers: Sequence[int], now_us: int) -> list[Opening]:
        return [
            Opening(market, seller=takers[0], buyer=takers[-1], dice=self._dice(now_us, market.symbol, "opening"), now_us=now_us)
            for market in self._markets
            if market.rules.is_perpetual
        ]

    def _dice(self, now_us: int, *purpose: str) -> Dice:
        return Dice(self._seed, now_us, *purpose)

    def _wealth(self, asset: str) -> int:
        """In the asset's smallest units, whole units of it."""
        worth = [float(self._listing.opening_prices[m.symbol]) for m in self._markets if m.rules.base == asset]
        return int(10 ** self._listing.asset_scales[asset]) * max(1, round(WEALTH / worth[0]) if worth else WEALTH)


def _is_taken(command: Command, view: MarketView) -> bool:
    """Whether the market takes such an order in its state; nobody in the crowd tries what would be refused."""
    return not isinstance(command, Place) or refusal_in(view.book_state(command.symbol), command) is None


class _Nobody:
    """Stands in for the crowd of an exchange without open markets."""

    due_us = 0

    def act(self, now_us: int, view: MarketView) -> list[Command]:
        """Wait."""
        self.due_us = now_us + 60 * SECOND_US
        return []


def _price_found(market: CrowdMarket, view: MarketView) -> float:
    """Where the market stands: the median of best bid, best ask and last price; the opening price of one without a past."""
    bid, ask = view.top(market.symbol)
    last = view.last_price(market.symbol)
    if bid and ask:
        middle = (bid[0] + ask[0]) / 2
        return middle if last is None else float(max(bid[0], min(ask[0], last)))
    return float(market.opening if last is None else last)
