"""Everything that the view knows, as plain state: it is told what came, and draws nothing.

No clock, no socket, no terminal: the times in it are those of the exchange, and who feeds it is `feed`, or a test.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from haversack.account.balances import AssetBalance
from haversack.account.changes import Filled
from haversack.account.life import TrackedOrder
from haversack.account.positions import NetPosition
from haversack.book.snapshot import BookSnapshot
from haversack.errors import UsageError
from haversack.streams.health import StreamsHealth
from haversack.tui.candles import INTERVALS_S, Candles
from haversack.tui.permit import Badge, Trading
from haversack.tui.tape import Tape
from haversack.units import decimals_of, plain, stripped
from haversack.wire.events import KlineEvent, TickerEvent, TradeEvent
from haversack.wire.frames import Message
from haversack.wire.markets import Market, Ticker

ORDERS_MAX = 100
NEWS_MAX = 20


class Quote(msgspec.Struct, frozen=True):
    """The last day of one market."""

    first: Decimal
    last: Decimal
    high: Decimal
    low: Decimal
    quote_volume: Decimal


class BookSight(msgspec.Struct, frozen=True):
    """The book as it was looked at."""

    snapshot: BookSnapshot | None = None
    """The levels; those that were last right while it is not in sync, and None if there never were any."""
    trouble: str = ""
    """Why it cannot be relied on; empty while it is in sync."""


class AccountSight(msgspec.Struct, frozen=True):
    """The account as it was looked at."""

    orders: tuple[TrackedOrder, ...] = ()
    """The open ones, then those that ended last."""
    positions: Mapping[str, NetPosition] = {}
    balances: Mapping[str, AssetBalance] = {}
    trouble: tuple[str, ...] = ()
    """Empty while all is well."""


class Model:
    """What is known of all markets, and of the one that is looked at."""

    def __init__(self, markets: Sequence[Market], symbol: str, *, badge: Badge, trading: Trading) -> None:
        self.badge = badge
        self.trading = trading
        self.markets = {market.symbol: market for market in markets}
        self.quotes: dict[str, Quote] = {}
        self.symbol = symbol
        self.interval = next(iter(INTERVALS_S))
        self.tape = Tape()
        self.candles = Candles()
        self.book = BookSight(trouble="not asked for yet")
        self.account: AccountSight | None = None
        """None: there is none, or it was not read yet."""
        self.account_trouble = ""
        """Why the account is not open."""
        self.history_trouble = ""
        """Why older trades and candles are missing."""
        self.streams: StreamsHealth | None = None
        self.news: deque[str] = deque(maxlen=NEWS_MAX)
        """What happened to one's own orders, to be told once."""
        self.ending = ""
        """Why the streams have ended for good."""
        self._order: list[str] | None = None
        if symbol not in self.markets:
            raise UsageError(unknown(symbol, self.markets))

    @property
    def market(self) -> Market:
        """The rules of the market that is looked at."""
        return self.markets[self.symbol]

    @property
    def quote(self) -> Quote | None:
        """Its last day; None if it never traded."""
        return self.quotes.get(self.symbol)

    @property
    def price_decimals(self) -> int:
        """Of the tick."""
        return decimals_of(self.market.filters.price.tick_size)

    @property
    def quantity_decimals(self) -> int:
        """Of the step."""
        return decimals_of(self.market.filters.quantity.step_size)

    @property
    def interval_s(self) -> int:
        """How long a candle is."""
        return INTERVALS_S[self.interval]

    def select(self, symbol: str) -> None:
        """Look at another market: what was known of the last one is forgotten."""
        if symbol not in self.markets:
            raise UsageError(unknown(symbol, self.markets))
        self.symbol = symbol
        self.tape = Tape()
        self.candles = Candles()
        self.book = BookSight(trouble="not asked for yet")

    def next_interval(self, step: int = 1) -> None:
        """Longer candles, or shorter ones; after the longest come the shortest."""
        names = list(INTERVALS_S)
        self.interval = names[(names.index(self.interval) + step) % len(names)]
        self.candles = Candles()

    def take(self, message: Message) -> None:
        """A message of a stream; one of another market than the one that is looked at, or of another length, is left alone."""
        event = message.event
        if isinstance(event, TickerEvent):
            quote = Quote(event.first_price, event.last_price, event.high, event.low, event.quote_volume)
            self._quoted(event.symbol, quote)
        elif isinstance(event, TradeEvent) and event.symbol == self.symbol:
            self.tape.take(event)
        elif isinstance(event, KlineEvent) and message.stream == f"kline.{self.interval}.{self.symbol}":
            self.candles.take(event)

    def filled(self, event: Filled) -> None:
        """One of the account's orders was filled, in whole or in part. What was found later is no news."""
        fill = event.fill
        if not fill.recovered:
            self.news.append(
                f"{fill.symbol}: {fill.side} filled, {plain(stripped(fill.quantity))} at {plain(stripped(fill.price))}"
            )

    def take_tickers(self, tickers: Iterable[Ticker]) -> None:
        """What REST says of all markets; the stream's word is the later one."""
        for each in tickers:
            if each.symbol in self.markets and each.symbol not in self.quotes:
                self._quoted(each.symbol, Quote(each.first_price, each.last_price, each.high, each.low, each.quote_volume))
        self._order = None

    def symbols(self) -> list[str]:
        """All markets, by the volume of their day as it was when they were first listed: rows that move are hard to read."""
        if self._order is None:
            unlisted = Decimal(-1)
            volumes = {symbol: self.quotes[symbol].quote_volume if symbol in self.quotes else unlisted for symbol in self.markets}
            self._order = sorted(self.markets, key=lambda symbol: (-volumes[symbol], symbol))
        return self._order

    def find(self, text: str) -> str | None:
        """The market that somebody means: its symbol, or the first one that begins with the text, or has it somewhere."""
        wanted = text.strip().upper().replace("-", "_").replace("/", "_")
        if not wanted:
            return None
        names = self.symbols()
        exact = [name for name in names if name.upper() == wanted]
        begins = [name for name in names if name.upper().startswith(wanted)]
        has = [name for name in names if wanted in name.upper()]
        return next(iter([*exact, *begins, *has]), None)

    def _quoted(self, symbol: str, quote: Quote) -> None:
        if symbol in self.markets:
            self.quotes[symbol] = quote


def unknown(symbol: str, markets: Iterable[str]) -> str:
    """What to say of a symbol that no market has, with those that somebody may have meant."""
    wanted = symbol.upper()
    base = wanted.partition("_")[0]
    near = [name for name in markets if name.upper() == wanted or (base and name.upper().startswith(base))]
    hint = f"did you mean {' or '.join(near[:3])}?" if near else f"there are {', '.join(list(markets)[:5])} and others"
    return f"no market is called {symbol!r}; {hint}"
