"""Joins the model to a client: what its streams bring, what its book and its account are, and what is sent.

`pull` is called for each picture, ten times a second at most, and takes all that has come since: of tickers and candles the
newest, of trades those that fit on a screen, of book and account how they are now. So it does not matter how much comes between.
What is late, such as an answer by REST, is a job: it is begun by `pull` and looked at by it, and begun again if it failed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from heapq import nsmallest
from typing import Any, Protocol, TypeVar

from haversack.account.aio import AsyncAccount
from haversack.account.changes import Filled
from haversack.account.life import TrackedOrder
from haversack.client.aio import AsyncClient
from haversack.errors import HaversackError, InvalidRequest, NotFound, ProtocolError, SlowConsumer, SubscriptionRefused
from haversack.rest.ranges import beyond_running_s
from haversack.streams.aio import AsyncStreams
from haversack.streams.book import AsyncBook
from haversack.streams.health import ConnectionState
from haversack.streams.subscription import Subscription
from haversack.tui.model import ORDERS_MAX, AccountSight, BookSight, Model
from haversack.wire.base import CancelPending
from haversack.wire.enums import KlineInterval
from haversack.wire.markets import Kline, Ticker
from haversack.wire.orders import Order, PlaceOrder
from haversack.wire.trades import Trade

T = TypeVar("T")

LEVELS = 100
"""Of each side, so that the tallest terminal is full."""
AGAIN_US = 2_000_000
"""How long after a failure a job is begun again, and how long after a reconnect older things are read."""
BOOK_AGAIN_US = 5_000_000
"""How long after a refusal a book is asked for again."""
QUOTES_US = 60_000_000
"""How often it is looked whether more markets have a ticker."""
TEXT_MAX = 300
"""Characters of an error."""
TAKEN_MAX = 20_000
"""Messages taken for one picture; what is left waits for the next one."""
CANDLES = 300
TRADES = 100
FAREWELL_S = 5.0
"""How long an order that is under way is waited for at the end: its answer is worth it."""


class Guard(Protocol):
    """What stands between the form and the exchange, such as a limit of the user's own."""

    async def place(self, client: AsyncClient, order: PlaceOrder) -> Order:
        """Send the order, or raise a UsageError that says why not."""
        ...


class Unguarded:
    """Sends whatever it is given."""

    async def place(self, client: AsyncClient, order: PlaceOrder) -> Order:
        """Send the order."""
        answer: Order = await client.send(order)
        return answer


class Job:
    """Something that is fetched, kept trying at, and then told to the model."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, Callable[[], None]]], trouble: Callable[[str], None]) -> None:
        self._work = work
        self._trouble = trouble
        self._task: asyncio.Task[Callable[[], None]] | None = None
        self.due_us: int | None = None
        """When it is to be begun; None: not at all."""

    def want(self, due_us: int) -> None:
        """Begin it then; what is under way is of no use any more."""
        self.cancel()
        self.due_us = due_us

    def look(self, now_us: int) -> None:
        """Begin what is due, and tell what is done."""
        task = self._task
        if task is None and self.due_us is not None and now_us >= self.due_us:
            self.due_us = None
            self._task = asyncio.create_task(self._work(), name="haversack top")
        elif task is not None and task.done():
            self._task = None
            try:
                task.result()()
                self._trouble("")
            except HaversackError as error:
                self._trouble(said(error))
                self.due_us = now_us + AGAIN_US if may_help(error) else None

    def cancel(self) -> None:
        """Want it no longer."""
        self.due_us = None
        task, self._task = self._task, None
        if task is not None:
            task.cancel()

    @property
    def tasks(self) -> set[asyncio.Task[Any]]:
        """What is under way."""
        return set() if self._task is None else {self._task}


def said(error: BaseException) -> str:
    """What to show of an error: the text, but not the bytes that an answer consisted of."""
    text = f"{error.what}: {error.reason}" if isinstance(error, ProtocolError) else str(error)
    return text if len(text) <= TEXT_MAX else text[: TEXT_MAX - 1] + "…"


def may_help(error: HaversackError) -> bool:
    """Whether asking again may bring something else; where it cannot, the requests would only use up the limits."""
    return not isinstance(error, InvalidRequest | NotFound)


class Feed:
    """One client, its open streams, and the model that is fed with them."""

    def __init__(self, client: AsyncClient, streams: AsyncStreams, model: Model, *, guard: Guard | None = None) -> None:
        self.model = model
        self._client = client
        self._streams = streams
        self._guard: Guard = guard or Unguarded()
        self._tickers: list[Subscription] = []
        self._quoted: set[str] = set()
        """Markets whose ticker is subscribed to."""
        self._market: list[Subscription] = []
        """The trades and the candles of the market that is looked at."""
        self._book: AsyncBook | None = None
        self._seen_version = -1
        self._book_again_us = 0
        self._account: AsyncAccount | None = None
        self._listener: asyncio.Task[None] | None = None
        self._is_account_new = False
        """Whether something happened since it was looked at."""
        self._interruptions = 0
        self._sending: set[asyncio.Task[Any]] = set()
        self._closing: set[asyncio.Task[Any]] = set()
        self._quotes_job = Job(self._fetch_quotes, lambda text: None)
        self._history_job = Job(self._fetch_history, lambda text: setattr(model, "history_trouble", text))
        self._account_job = Job(self._open_account, lambda text: setattr(model, "account_trouble", text))

    # From the beginning to the end

    def start(self) -> None:
        """Subscribe to everything that is shown."""
        self._quotes_job.want(self._now_us)
        if self._client.credentials is not None:
            self._account_job.want(self._now_us)
        self._begin_market()

    def select(self, symbol: str) -> None:
        """Look at another market."""
        if symbol != self.model.symbol:
            self._end_market()
            self.model.select(symbol)
            self._begin_market()

    def next_interval(self, step: int = 1) -> None:
        """Show longer candles, or shorter ones."""
        self._end_market(keeps_book=True)
        self.model.next_interval(step)
        self._begin_market()

    async def close(self) -> None:
        """Want nothing any longer. Orders that are under way are waited for, because their answer is worth it."""
        if self._sending:
            await asyncio.wait(self._sending, timeout=FAREWELL_S)
        jobs = (self._quotes_job, self._history_job, self._account_job)
        tasks = {task for job in jobs for task in job.tasks}
        for job in jobs:
            job.cancel()
        self._end_market()
        for subscription in self._tickers:
            self._let_go(subscription.close())
        if self._account is not None:
            await self._account.close()
        if self._listener is not None:
            # It ends with the account.
            tasks.add(self._listener)
        if tasks or self._closing:
            await asyncio.wait(tasks | self._closing, timeout=FAREWELL_S)

    # What came

    def pull(self) -> None:
        """Take all that has come."""
        for subscription in (*self._tickers, *self._market):
            self._drain(subscription)
        for job in (self._quotes_job, self._history_job, self._account_job):
            job.look(self._now_us)
        self._look_at_book()
        self._look_at_account()
        self.model.streams = health = self._streams.health()
        interruptions = sum(each.interruptions for each in self._market)
        if health.state is ConnectionState.OPEN and interruptions != self._interruptions:
            # A little later, because the exchange needs a moment until what was asked for again comes.
            self._interruptions = interruptions
            self._history_job.want(self._now_us + AGAIN_US)

    def _drain(self, subscription: Subscription) -> None:
        for _ in range(TAKEN_MAX):
            try:
                message = subscription.take()
            except (SubscriptionRefused, ProtocolError):
                # The health says so, and reading goes on behind it.
                continue
            except SlowConsumer:
                self._end_market(keeps_book=True)
                self._begin_market()
                return
            except HaversackError as error:
                self.model.ending = said(error)
                return
            except StopAsyncIteration:
                return
            if message is None:
                return
            self.model.take(message)

    def _look_at_book(self) -> None:
        book = self._book
        if book is None:
            return
        trouble = book.trouble
        if book.ending is not None and self._now_us >= self._book_again_us and not self.model.ending:
            # The exchange refused it, such as that of a closed market; it may have been opened since.
            self._book_again_us = self._now_us + BOOK_AGAIN_US
            self._let_go(book.close())
            self._book = self._streams.book(self.model.symbol, market=self.model.market)
        elif trouble is not None:
            self.model.book = BookSight(book.last_good(LEVELS), trouble.reason)
            self._seen_version = -1
        elif book.version != self._seen_version:
            self._seen_version = book.version
            self.model.book = BookSight(book.snapshot(LEVELS))

    def _look_at_account(self) -> None:
        account = self._account
        if account is None:
            return
        trouble = account.health().trouble
        if self._is_account_new or self.model.account is None or trouble != self.model.account.trouble:
            self._is_account_new = False
            self.model.account = AccountSight(_sorted(account.orders()), account.positions, account.balances, trouble)

    async def _listen(self, account: AsyncAccount) -> None:
        """Notice that something happened; what it was stands in the account."""
        try:
            async for event in account.events():
                self._is_account_new = True
                if isinstance(event, Filled):
                    self.model.filled(event)
        except HaversackError:
            # The account has ended, which its health says.
            self._is_account_new = True

    # What is sent

    async def place(self, order: PlaceOrder) -> Order:
        """Send an order. It goes on if whoever waits is cancelled, and is waited for at the end."""
        return await self._sent(self._guard.place(self._client, order))

    async def cancel(self, order: TrackedOrder) -> Order | CancelPending:
        """Cancel an order that the exchange has named."""
        return await self._sent(self._client.orders.cancel(symbol=order.symbol, order_id=order.order_id))

    async def cancel_all(self, symbol: str) -> Any:
        """Cancel every open order of one market."""
        return await self._sent(self._client.orders.cancel_all(symbol=symbol))

    async def _sent(self, call: Coroutine[Any, Any, T]) -> T:
        task = asyncio.create_task(call, name="haversack top: order")
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        return await asyncio.shield(task)

    # What is fetched

    def _begin_market(self) -> None:
        symbol, interval = self.model.symbol, self.model.interval
        streams = self._streams
        self._market = [streams.subscribe(f"trade.{symbol}"), streams.subscribe(f"kline.{interval}.{symbol}")]
        self._interruptions = 0
        if self._book is None:
            self._book = streams.book(symbol, market=self.model.market)
            self._book_again_us = self._now_us + BOOK_AGAIN_US
            self._seen_version = -1
        self._history_job.want(self._now_us)

    def _end_market(self, *, keeps_book: bool = False) -> None:
        self._history_job.cancel()
        for each in self._market:
            self._let_go(each.close())
        self._market = []
        if self._book is not None and not keeps_book:
            self._let_go(self._book.close())
            self._book = None

    def _let_go(self, closing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(closing)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _fetch_quotes(self) -> Callable[[], None]:
        tickers: list[Ticker] = await self._client.markets.tickers()

        def tell() -> None:
            self.model.take_tickers(tickers)
            self._quotes_job.due_us = self._now_us + QUOTES_US
            # A market that never traded has no ticker; its stream would be silent, and asked for again and again.
            new = [each.symbol for each in tickers if each.symbol in self.model.markets and each.symbol not in self._quoted]
            if new:
                self._tickers.append(self._streams.subscribe(*[f"ticker.{symbol}" for symbol in new]))
                self._quoted.update(new)

        return tell

    async def _fetch_history(self) -> Callable[[], None]:
        model, symbol, interval = self.model, self.model.symbol, KlineInterval(self.model.interval)
        # By the exchange's clock, which a local exchange may have been moved ahead of this machine's.
        now_s = (await self._client.system.time()) // 1_000
        start_s, end_s = now_s - model.interval_s * CANDLES, beyond_running_s(now_s)
        trades: list[Trade] = await self._client.markets.recent_trades(symbol, limit=TRADES)
        klines: list[Kline] = await self._client.markets.klines(symbol, interval=interval, start_time_s=start_s, end_time_s=end_s)

        def tell() -> None:
            model.tape.take_history(trades)
            model.candles.take_history(klines)

        return tell

    async def _open_account(self) -> Callable[[], None]:
        account = await self._client.account_view(streams=self._streams)

        def tell() -> None:
            self._account = account
            self._listener = asyncio.create_task(self._listen(account), name="haversack top: account")

        return tell

    @property
    def _now_us(self) -> int:
        return self._client.clock.monotonic_us()


def _sorted(orders: list[TrackedOrder]) -> tuple[TrackedOrder, ...]:
    """The open ones, then those that ended; the newest first, as far as their ids tell."""
    return tuple(nsmallest(ORDERS_MAX, orders, key=lambda order: (order.is_ended, -_number(order))))


def _number(order: TrackedOrder) -> int:
    order_id = order.order_id or ""
    # What has no id yet was sent just now.
    return int(order_id) if order_id.isdecimal() else 1 << 128
