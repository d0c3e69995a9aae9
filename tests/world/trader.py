"""The client under test, and a program that trades by it: places orders, alone and in batches, and cancels them.

It does what the documentation says that a program should do: it never sends an order again, and asks what became of one whose
answer was lost. One `Life` is one run of the program; a crash ends it between any two steps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from haversack.account.aio import AsyncAccount
from haversack.account.life import OrderState
from haversack.client.aio import AsyncClient
from haversack.clock import Clock
from haversack.credentials import Credentials
from haversack.errors import ApiError, ConnectFailed, HaversackError, OutcomeUnknown
from haversack.rest.http import HttpSendAsync
from haversack.rest.inquiry import Resolution
from haversack.streams.aio import AsyncStreams
from haversack.streams.backoff import Backoff
from haversack.streams.book import AsyncBook
from haversack.streams.health import ConnectionState
from haversack.streams.transport import Connect
from haversack.wire.base import CancelPending
from haversack.wire.enums import Side
from haversack.wire.orders import Order, PlaceOrder
from world.clock import pause
from world.fill_check import FillCheck
from world.intents import CancelIntent, Fate, Intent, Intents
from world.money_check import MoneyCheck
from world.rival import MIDDLE
from world.truth import PERPETUAL, SYMBOL
from world.wishes import perpetual_order

T = TypeVar("T")

BACKOFF = Backoff(first_s=0.1, longest_s=2.0, healthy_s=1.0)
_AT_ONCE_MAX = 3
"""Orders and cancels that may be under way; one task more listens to the account."""


class Life:
    """One run of the program."""

    def __init__(
        self,
        number: int,
        credentials: Credentials,
        intents: Intents,
        fills: FillCheck,
        *,
        money: MoneyCheck,
        perpetuals: Callable[[], tuple[float, int, int]],
        dice: Random,
    ) -> None:
        """`perpetuals` says which share of the orders is for the perpetual, its price in ticks, and how large they are."""
        self.number = number
        self.is_alive = True
        """Whether what it is told counts: nobody hears what a program is told that has crashed."""
        self.trades_until_s = float("inf")
        self.client: AsyncClient | None = None
        self.streams: AsyncStreams | None = None
        self.closings: list[tuple[str, float]] = []
        """What was closed, and how many seconds that took."""
        self._credentials = credentials
        self.book: AsyncBook | None = None
        self.account: AsyncAccount | None = None
        self._intents = intents
        self._fills = fills
        self._money = money
        self._perpetuals = perpetuals
        self._dice = dice
        self._stop = asyncio.Event()
        self._work: set[asyncio.Task[None]] = set()
        self._known: dict[str, str] = {}
        """Orders that may be cancelled, and their markets."""

    async def run(self, *, clock: Clock, http: HttpSendAsync, connect: Connect, path: Path, is_shared: bool) -> None:
        """Trade until `stop`."""
        async with AsyncClient(self._credentials, clock=clock, http=http, connect=connect) as client:
            self.client = client
            try:
                async with AsyncExitStack() as stack:
                    await self._open(client, stack, path, is_shared=is_shared)
                    await self._trade(client)
                    await self._end_work()
            finally:
                await self._end_work()

    async def _open(self, client: AsyncClient, stack: AsyncExitStack, path: Path, *, is_shared: bool) -> None:
        self.streams = await self._enter(stack, client.streams(backoff=BACKOFF))
        self.book = await self._enter(stack, self.streams.book(SYMBOL))
        apart = self.streams if is_shared else await self._enter(stack, client.streams(backoff=BACKOFF))
        self.account = await self._enter(stack, client.account_view(path, streams=apart))
        self._do(self._hear(self.account))

    async def _enter(self, stack: AsyncExitStack, opened: AbstractAsyncContextManager[T]) -> T:
        """Open something, and measure how long it will take to close it."""
        inside = await opened.__aenter__()
        loop = asyncio.get_running_loop()

        async def close(*why: Any) -> None:
            before_s = loop.time()
            try:
                await opened.__aexit__(*why)
            finally:
                self.closings.append((type(opened).__name__, loop.time() - before_s))

        stack.push_async_exit(close)
        return inside

    async def _hear(self, account: AsyncAccount) -> None:
        async for event in account.events():
            if not self.is_alive:
                return
            self._fills.told(event)
            self._money.told(event)

    @property
    def is_stopped(self) -> bool:
        """Whether it was asked to end."""
        return self._stop.is_set()

    def has_noticed(self, stream: str) -> bool:
        """Whether the client knows that a stream is silent, or has asked why."""
        if self.streams is None:
            return True
        health = self.streams.health().streams.get(stream)
        return health is None or health.is_stale or health.is_quiet or not health.is_asked

    def synced_book(self) -> AsyncBook | None:
        """The book, if it is there and says that it is in sync."""
        return self.book if self.book is not None and self.book.is_synced else None

    @property
    def is_synced(self) -> bool:
        """Whether the account says that it knows everything."""
        return self.account is not None and self.account.is_synced

    @property
    def is_book_right_to_say_so(self) -> bool:
        """Whether a book that says that it is in sync has a connection to be in sync by."""
        if self.book is None or self.streams is None or not self.book.is_synced:
            return True
        return self.streams.health().state is ConnectionState.OPEN

    def held_until_s(self) -> float:
        """Until when the client sends nothing, because it was told so."""
        return 0.0 if self.client is None else self.client.session.pacer._held_until_us / 1_000_000

    def stop(self) -> None:
        """Let the program end by itself."""
        self._stop.set()

    async def _end_work(self) -> None:
        for task in self._work:
            task.cancel()
        if self._work:
            await asyncio.wait(self._work)

    async def _trade(self, client: AsyncClient) -> None:
        loop = asyncio.get_running_loop()
        while not self._stop.is_set():
            try:
                async with asyncio.timeout(self._dice.uniform(0.1, 1.2)):
                    await self._stop.wait()
            except TimeoutError:
                if loop.time() < self.trades_until_s and len(self._work) <= _AT_ONCE_MAX:
                    self._do(self._next(client))

    def _do(self, act: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(act, name="trader")
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    def _next(self, client: AsyncClient) -> Coroutine[Any, Any, None]:
        chance = self._dice.random()
        if chance < 0.3 and self._known:
            return self._cancel(client, self._dice.choice(list(self._known)))
        return self._batch(client) if chance < 0.4 else self._place(client)

    def _order(self, intent: Intent) -> PlaceOrder:
        dice, client_id = self._dice, intent.client_id
        share, fair, size = self._perpetuals()
        if share and dice.random() < share:
            intent.symbol = PERPETUAL
            return perpetual_order(dice, client_id, fair=fair, size=size)
        side = dice.choice((Side.BID, Side.ASK))
        away = dice.randint(-2, 10)
        ticks = MIDDLE - away if side is Side.BID else MIDDLE + away
        kind = dice.choice(("GTC", "GTC", "IOC", "post only"))
        return PlaceOrder(
            symbol=SYMBOL,
            side=side,
            order_type="Limit",
            price=f"{ticks // 100}.{ticks % 100:02d}",
            quantity=f"{dice.randint(1, 4)}.{dice.randint(0, 99):02d}",
            time_in_force="IOC" if kind == "IOC" else None,
            post_only=True if kind == "post only" else None,
            client_id=client_id,
        )

    async def _place(self, client: AsyncClient) -> None:
        intent = self._intents.new(self.number)
        order = self._order(intent)
        await self._told([intent], client.send(order), lambda answer: self._took([intent], [answer]))

    async def _batch(self, client: AsyncClient) -> None:
        intents = [self._intents.new(self.number) for _ in range(self._dice.randint(2, 3))]
        orders = [self._order(intent) for intent in intents]
        await self._told(intents, client.orders.place_batch(orders=orders), lambda answers: self._took(intents, answers))

    def _took(self, intents: list[Intent], answers: list[Any]) -> None:
        self._intents.told(intents, answers)
        self._known |= {intent.order_id: intent.symbol for intent in intents if intent.order_id is not None}

    async def _told(self, intents: list[Intent], call: Awaitable[Any], took: Callable[[Any], None]) -> None:
        try:
            answer = await call
        except OutcomeUnknown as unknown:
            self._intents.unknown += 1
            await self._find_out(intents, unknown)
        except (ApiError, ConnectFailed) as error:
            for intent in intents if self.is_alive else []:
                self._intents.dead(intent, str(error))
        else:
            if self.is_alive:
                took(answer)

    async def _find_out(self, intents: list[Intent], unknown: OutcomeUnknown) -> None:
        assert self.client is not None
        while self.is_alive:
            resolution = await self.client.orders.resolve(unknown)
            parts = resolution.parts or (resolution,) * len(intents)
            self._found(intents, parts)
            if all(intent.fate is not Fate.UNKNOWN for intent in intents):
                self._known |= {intent.order_id: intent.symbol for intent in intents if intent.order_id is not None}
                return
            await pause(1.0)

    def _found(self, intents: list[Intent], parts: tuple[Resolution, ...]) -> None:
        for intent, part in zip(intents, parts, strict=True) if self.is_alive else []:
            self._intents.resolved(intent, part)

    async def _cancel(self, client: AsyncClient, order_id: str) -> None:
        cancel = CancelIntent(order_id, self.number)
        self._intents.cancels.append(cancel)
        try:
            answer = await client.orders.cancel(symbol=self._known[order_id], order_id=order_id)
        except OutcomeUnknown as unknown:
            self._intents.unknown += 1
            while self.is_alive and cancel.fate not in (Fate.TAKEN, Fate.DEAD):
                resolution = await client.orders.resolve(unknown)
                if self.is_alive:
                    self._intents.cancel_resolved(cancel, resolution)
                if cancel.fate is Fate.UNKNOWN:
                    await pause(1.0)
        except HaversackError:
            self._intents.cancel_refused(cancel)
        else:
            self._cancel_answered(cancel, answer)
        if cancel.fate is not Fate.SENT:
            self._known.pop(order_id, None)

    def _cancel_answered(self, cancel: CancelIntent, answer: Order | CancelPending) -> None:
        if not self.is_alive:
            return
        if isinstance(answer, CancelPending):
            # Nothing is known of it: the order is live until the exchange says otherwise.
            cancel.fate = Fate.DEAD
        else:
            self._intents.cancelled(cancel)

    def open_orders(self) -> dict[str | None, OrderState]:
        """What the account says that rests."""
        return {} if self.account is None else {order.order_id: order.state for order in self.account.open_orders()}
