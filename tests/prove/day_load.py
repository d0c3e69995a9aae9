"""A served exchange on a folder, with a crowd, and a program that trades on it: on real sockets, and on a clock that jumps."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

from haversack.account.aio import AsyncAccount
from haversack.account.orders import Orders
from haversack.book import units as book_units
from haversack.client.aio import AsyncClient
from haversack.credentials import Credentials, Secret
from haversack.exchange.crowd import Crowd
from haversack.exchange.faults import ConnectionAction, ConnectionFault
from haversack.exchange.journal import Journal
from haversack.exchange.logbook import FolderLogbook
from haversack.exchange.operator import Operator
from haversack.exchange.server import Server
from haversack.exchange.snapshot.keeper import Keeper
from haversack.exchange.venue import Settings, Venue
from haversack.exchange.views import tape
from haversack.local.plan import Plan
from haversack.rest.pacing import Limits
from haversack.streams.aio import AsyncStreams
from haversack.streams.book import AsyncBook
from haversack.streams.subscription import MarkedSubscription
from haversack.wire.enums import Side
from streams.virtual import LoopClock, VirtualLoop
from world.clock import pause

SPOT, PERPETUAL = MARKETS = ("SOL_USDC", "SOL_USDC_PERP")
CROWD_PACE = 0.12
ORDER_EVERY_S, CUT_EVERY_S, READ_EVERY_S = 2.4, 150.0, 60.0
RESTING_MAX = 6
SNAPSHOT_EVERY, KEPT_COMMANDS = 1_500, 2_000
"""As often as makes for a dozen in an hour."""
REMEMBERED, REMEMBERED_ORDERS = 50, 300
REMEMBERED_US = 300_000_000
QUANTITY = "0.10"
STREAMS = (
    *(f"depth.{SPOT}", f"bookTicker.{PERPETUAL}", f"trade.{SPOT}", f"ticker.{SPOT}"),
    *(f"kline.1m.{SPOT}", f"markPrice.{PERPETUAL}", f"openInterest.{PERPETUAL}", f"depth.200ms.{PERPETUAL}"),
)
_UNLIMITED = Limits(requests_per_minute=None, historical_per_minute=None, kept_for_cancels=0)


class DayLoop(VirtualLoop):
    """A loop on which hours pass in seconds. What is for a thread is done at once: a disk takes no time here."""

    def run_in_executor(  # type: ignore[override]  # The types of the arguments do not matter here.
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001  # It is the caller's.
            done.set_exception(error)
        return done


@contextmanager
def little_remembered() -> Generator[None]:
    """What is remembered on purpose, up to a bound, is full before the first look: its bounds are smaller here."""
    ended = Orders.__init__.__kwdefaults__
    with (
        mock.patch.object(tape, "TRADES_MAX", REMEMBERED),
        mock.patch.object(book_units, "REMEMBERED_MAX", REMEMBERED),
        mock.patch.dict(ended, ended_max=REMEMBERED_ORDERS),
    ):
        yield


def _shorten(venue: Venue) -> None:
    """The same for candles, which are remembered for an hour, eight days or 400 days."""
    for market in venue.tape._markets.values():
        for chart in market.charts.values():
            for series in chart.all:
                series._keep_us = REMEMBERED_US
        for window in market.windows.values():
            window._length_us = REMEMBERED_US


class Exchange:
    """One that is served from a folder, as `haversack exchange` does it, with snapshots more often and fewer commands kept."""

    def __init__(self, folder: Path, seed: int) -> None:
        listing = Plan(markets=MARKETS)._listing()
        self.folder = folder
        self._logbook = FolderLogbook(folder, b"day")
        settings = Settings(seed=seed)
        self._operator = Operator(listing, settings, LoopClock(), logbook=self._logbook, genesis=b"day")
        self.venue = self._operator.venue
        self.venue._crowd = Crowd(listing, seed, pace=CROWD_PACE)
        self._keeper = Keeper(lambda: self._logbook.place(self.venue), keep=KEPT_COMMANDS)
        self.server = Server(self.venue, pulse=self._operator.pulse)

    async def start(self) -> None:
        _shorten(self.venue)
        assert isinstance(self._operator.log, Journal)
        for database in (self._operator.log._db, self.venue.archive.histories._db):
            # As little as possible of the files is kept in memory: 2 MB of each, otherwise, which takes hours.
            database.execute("PRAGMA cache_size=-100")
        self._operator.start()
        await self.server.start(0)

    async def keep(self, counts: Counter[str]) -> None:
        """Make snapshots for ever."""
        while True:
            await pause(1.0)
            counts["snapshots"] += await self._keeper.look(SNAPSHOT_EVERY)

    def folder_bytes(self) -> int:
        """The size of all but the histories, which are kept until there are a million rows of an account."""
        return sum(path.stat().st_size for path in self.folder.iterdir() if not path.name.startswith("histories"))

    async def stop(self) -> None:
        await self.server.stop()
        await self._operator.finish()


class Day:
    """Everything that happens in it."""

    def __init__(self, exchange: Exchange, seed: int) -> None:
        self.exchange = exchange
        self.counts: Counter[str] = Counter()
        self._dice = Random(f"{seed} day")
        self._resting: list[tuple[str, str]] = []
        secret = Secret(b64encode(sha256(f"{seed}".encode()).digest()).decode())
        server = exchange.server
        self.client = AsyncClient(
            Credentials.from_secret(secret),
            base_url=server.url,
            stream_url=server.stream_url,
            clock=LoopClock(),
            limits=_UNLIMITED,
        )
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self, streams: AsyncStreams, account: AsyncAccount, books: dict[str, AsyncBook]) -> None:
        """Let everything happen from now on."""
        self.streams, self.account, self.books = streams, account, books
        works: list[Coroutine[Any, Any, None]] = [
            self._trade(),
            self._read(),
            self._cut(),
            self._listen(streams.subscribe(*STREAMS, interruptions=True)),
            self._hear(),
            self.exchange.keep(self.counts),
        ]
        self._tasks = [asyncio.create_task(work) for work in works]

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def check(self) -> None:
        """Raise what ended any of it."""
        for task in self._tasks:
            if task.done():
                task.result()

    async def _trade(self) -> None:
        while True:
            await pause(ORDER_EVERY_S)
            symbol = self._dice.choice(MARKETS)
            if self._dice.random() < 0.3:
                await self._take(symbol)
            else:
                await self._rest(symbol)
            if len(self._resting) > RESTING_MAX:
                symbol, order_id = self._resting.pop(0)
                await self.client.orders.cancel(symbol=symbol, order_id=order_id)
                self.counts["cancels"] += 1

    async def _take(self, symbol: str) -> None:
        """By turns one way and the other, so that no position grows."""
        self.counts[symbol] += 1
        side = Side.BID if self.counts[symbol] % 2 else Side.ASK
        await self.client.orders.place(symbol=symbol, side=side, order_type="Market", quantity=QUANTITY)
        self.counts["orders"] += 1

    async def _rest(self, symbol: str) -> None:
        """So far from the touch that it is cancelled before anybody comes."""
        book = self.books[symbol]
        if not book.is_synced:
            self.counts["orders put off"] += 1
            return
        bid = book.best_bid
        assert bid is not None, "the crowd has left"
        price = (bid.price * Decimal("0.98")).quantize(Decimal("0.01"))
        placed = await self.client.orders.place(
            symbol=symbol, side=Side.BID, order_type="Limit", price=price, quantity=QUANTITY, post_only=True
        )
        self._resting.append((symbol, placed.order_id))
        self.counts["orders"] += 1

    async def _read(self) -> None:
        """Histories, and what else a program asks for now and then."""
        client = self.client
        while True:
            await pause(READ_EVERY_S)
            await client.history.fills(limit=20)
            await client.history.orders(limit=20)
            await client.history.positions(limit=20)
            await client.markets.recent_trades(SPOT)
            await client.markets.tickers()
            await self.account.equity()
            self.counts["readings"] += 1

    async def _cut(self) -> None:
        """The streams are lost, or fall silent, which is worse."""
        faults = self.exchange.venue.faults
        while True:
            await pause(CUT_EVERY_S)
            is_silent = self.counts["cuts"] % 2
            faults.add(ConnectionFault(action=ConnectionAction.HALF_OPEN if is_silent else ConnectionAction.DISCONNECT))
            self.counts["cuts"] += 1
            if is_silent:
                await pause(20.0)
                faults.clear()

    async def _listen(self, subscription: MarkedSubscription) -> None:
        async for _ in subscription:
            self.counts["messages"] += 1

    async def _hear(self) -> None:
        async for event in self.account.events():
            self.counts[type(event).__name__] += 1


@asynccontextmanager
async def day(folder: Path, seed: int) -> AsyncGenerator[Day]:
    """A day that has begun."""
    exchange = Exchange(folder / "exchange", seed)
    await exchange.start()
    try:
        running = Day(exchange, seed)
        async with running.client as client, client.streams() as streams:
            books = {symbol: await streams.book(symbol) for symbol in MARKETS}
            async with client.account_view(folder / "fills") as account:
                running.begin(streams, account, books)
                yield running
                await running.end()
    finally:
        await exchange.stop()
