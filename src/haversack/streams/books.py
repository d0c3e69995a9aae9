"""The books of one stream connection: whoever reads the same one shares its stream and its snapshots."""

from __future__ import annotations

import asyncio
from collections import Counter

from haversack.book.book import scale_of
from haversack.book.units import Scale
from haversack.errors import HaversackError, UsageError
from haversack.streams.audit import Send
from haversack.streams.feed import Feed, Loan, Tasks
from haversack.streams.health import BookHealth
from haversack.streams.interruption import Interrupted
from haversack.streams.mailbox import Item
from haversack.streams.routes import Routes
from haversack.streams.session import StreamSession
from haversack.wire.markets import Depth, GetDepth, Market

SNAPSHOTS_MAX = 8
"""Requests for snapshots that may be under way at once, of all books together."""
SNAPSHOT_S = 30.0
"""How long one may take; a client gives up and repeats long before that."""


class TickerWish:
    """A wish for the book ticker, which the feed of the book then hears. What comes is not kept."""

    reads_texts = False
    is_blocking = False

    def __init__(self, stream: str) -> None:
        self.streams = (stream,)

    def offer(self, item: Item, size: int) -> None:
        """The feed gets it too."""

    def interrupt(self, news: Interrupted) -> None:
        """Nothing is kept that could be wrong now."""

    async def room(self) -> None:
        """There always is."""

    def queued(self) -> Counter[str]:
        """Nothing waits."""
        return Counter()

    def dropped_of(self, stream: str) -> int:
        """None."""
        return 0

    def mark_sent(self) -> None:
        """Nobody waits for it."""

    def end(self, ending: HaversackError | None) -> None:
        """Nobody waits for it."""


class Books:
    """The feeds of all books that are read by one connection."""

    def __init__(self, session: StreamSession, routes: Routes, work: asyncio.Event, send: Send | None) -> None:
        self._session = session
        self._routes = routes
        self._work = work
        self._send = send
        self._feeds: dict[tuple[str, Scale], Feed] = {}
        self._turns = asyncio.Semaphore(SNAPSHOTS_MAX)
        self.tasks: Tasks = set()
        """What to wait for after the end."""

    def open(self, symbol: str, market: Market | None, *, check: bool) -> Loan:
        """The feed of a book, for one more who reads it."""
        if self._send is None:
            raise UsageError("a book needs snapshots: open the streams by a client, or give them `send`")
        if market is not None and market.symbol != symbol:
            raise UsageError(f"the market of {symbol} was wanted, found that of {market.symbol}")
        feed = self._feed(symbol, market)
        feed.readers += 1
        wish = TickerWish(feed.overhears[0]) if check else None
        if wish is not None:
            self._session.subscribe(*wish.streams)
            self._routes.add(wish)
        self._work.set()

        def close() -> None:
            if wish is not None:
                self._session.unsubscribe(*self._routes.remove(wish))
            feed.readers -= 1
            if not feed.readers and not feed.is_ended:
                self._drop(feed)
                feed.end(None)
            self._work.set()

        return Loan(feed, close)

    def known(self, stream: str) -> int | None:
        """The update id that the book of a depth stream has come to; None if there is none in sync."""
        ids = [feed.update_id for feed in self._feeds.values() if feed.stream == stream]
        return max((found for found in ids if found is not None), default=None)

    def health(self) -> dict[str, BookHealth]:
        """How each book is, by symbol."""
        return {feed.symbol: feed.health() for feed in self._feeds.values()}

    def _feed(self, symbol: str, market: Market | None) -> Feed:
        key = symbol, scale_of(market)
        feed = self._feeds.get(key)
        if feed is None:
            feed = Feed(symbol, market, self._fetch, give_up=self._drop, tasks=self.tasks)
            self._session.subscribe(*feed.streams)
            self._feeds[key] = feed
            self._routes.add(feed)
        return feed

    def _drop(self, feed: Feed) -> None:
        """Want its stream no longer."""
        self._feeds = {key: other for key, other in self._feeds.items() if other is not feed}
        self._session.unsubscribe(*self._routes.remove(feed))
        self._work.set()

    async def _fetch(self, operation: GetDepth) -> Depth:
        assert self._send is not None, "no book is opened without it"
        async with self._turns, asyncio.timeout(SNAPSHOT_S):
            depth: Depth = await self._send(operation)
            return depth
