"""Keeps one book in step with its depth stream: hands it what comes, and fetches the snapshots that it asks for."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, NamedTuple, TypeAlias

from haversack.book.book import Book
from haversack.book.doubt import Doubt
from haversack.book.sides import Changes
from haversack.book.splice import Ask
from haversack.errors import ApiError, HaversackError, ProtocolError, SubscriptionRefused, UsageError
from haversack.streams.health import BookHealth
from haversack.streams.interruption import SILENT, Interrupted
from haversack.streams.mailbox import Item
from haversack.wire.events import BookTicker, DepthUpdate
from haversack.wire.frames import Message
from haversack.wire.markets import Depth, GetDepth, Market

Fetch: TypeAlias = Callable[[GetDepth], Awaitable[Depth]]
"""Gets a snapshot."""

Tasks: TypeAlias = set[asyncio.Task[None]]

CHECK_S = 3.0
"""How long after a book came in sync it is compared with another snapshot, if the stream has brought nothing until then."""

_log = logging.getLogger("haversack.streams")


class Feed:
    """One book of a connection, for as long as anybody reads it.

    It is a reader of its depth stream, and hears the book ticker if anybody wants that; what comes is applied at once.
    """

    reads_texts = True
    is_blocking = False

    def __init__(
        self, symbol: str, market: Market | None, fetch: Fetch, *, give_up: Callable[[Feed], None], tasks: Tasks
    ) -> None:
        self.symbol = symbol
        self.stream = f"depth.{symbol}"
        self.streams = (self.stream,)
        self.overhears = (f"bookTicker.{symbol}",)
        self.book = Book(symbol, market=market)
        self.readers = 0
        """How many read the book."""
        self.refusal: SubscriptionRefused | None = None
        """What the exchange said when it was asked for the stream; it may have meant another one."""
        self.refusals = 0
        self.request_error: BaseException | None = None
        """Why the last request for a snapshot failed; None after one that did not."""
        self.is_ended = False
        self.ending: HaversackError | None = None
        """Why it ended; None while it has not, and after a close of the user's own."""
        self.waiters: set[Callable[[], None]] = set()
        """To be called once, in the thread of the connection, when anything has changed."""
        self._splice = self.book.state.splice
        self._update = self.book.update
        self._fetch = fetch
        self._give_up = give_up
        self._all_tasks = tasks
        """Those of all books, for whoever has to wait for them."""
        self._tasks: Tasks = set()
        self._is_unproven = False
        """Whether the subscription may have taken effect only after the snapshot."""
        self._applied_before = 0

    def change(self, changes: Changes) -> None:
        """A depth message came."""
        if self.refusal is not None:
            self._served_after_all()
        self._update(changes)
        if not self._splice.is_synced:
            self._look()
        elif self.waiters:
            self.wake()

    def offer(self, item: Item, size: int) -> None:
        """Something else came."""
        if isinstance(item, Message):
            self._hear(item)
        elif isinstance(item, ProtocolError):
            # It could have been a message of this stream.
            self.book.begin_anew(Doubt.MALFORMED)
        elif isinstance(item, SubscriptionRefused) and self.stream in item.streams:
            self.refusal = item
            self.refusals += 1
            self._lose(Doubt.REFUSED)
        self._look()

    def interrupt(self, news: Interrupted) -> None:
        """The stream was lost; or it is asked for again, which `mark_sent` then says too."""
        if news.to_us is None:
            self.refusal = None
            self._lose(Doubt.SILENT if news.reason == SILENT else Doubt.DISCONNECTED)
            self._look()

    def mark_sent(self) -> None:
        """The exchange was asked for the stream."""
        self._is_unproven = True
        self._applied_before = self._splice.applied
        self.book.subscribed()
        self._look()

    def end(self, ending: HaversackError | None) -> None:
        """Nothing more will come. Only the first end counts."""
        if not self.is_ended:
            self.is_ended = True
            self.ending = ending
            self._lose(Doubt.CLOSED)
            self.wake()

    async def room(self) -> None:
        """There always is."""

    def queued(self) -> Counter[str]:
        """Nothing waits: what comes is applied."""
        return Counter()

    def dropped_of(self, stream: str) -> int:
        """None."""
        return 0

    @property
    def update_id(self) -> int | None:
        """The update that the book has come to; None while it is not in sync."""
        sides = self._splice.sides
        return sides.update_id if self._splice.is_synced and sides is not None else None

    def health(self) -> BookHealth:
        """How the book is."""
        trouble = self.book.trouble
        return BookHealth(
            is_synced=trouble is None,
            trouble=None if trouble is None else str(self.ending or self.refusal or trouble.reason),
            update_id=self.update_id,
            counters=self.book.counters._asdict(),
        )

    def _hear(self, message: Message) -> None:
        event = message.event
        if isinstance(event, BookTicker):
            self.book.ticker(event)
        elif isinstance(event, DepthUpdate):
            self.change(event)
        elif message.stream == self.stream:
            self.book.begin_anew(Doubt.MALFORMED)

    def _served_after_all(self) -> None:
        """A stream that brings something was not refused."""
        self.refusal = None
        self.mark_sent()

    def _lose(self, doubt: Doubt) -> None:
        self.book.disconnected(doubt)
        self._is_unproven = False
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()

    def _look(self) -> None:
        """Do what the book needs after anything but a message that fitted."""
        ask = None if self.is_ended else self.book.outgoing()
        if ask is not None:
            self._begin(self._get(ask))
        if self._is_unproven and self._splice.is_synced:
            self._is_unproven = False
            self._begin(self._prove())
        self.wake()

    def wake(self) -> None:
        """Let everybody who waits look again."""
        # Other threads add to it meanwhile.
        while self.waiters:
            with suppress(KeyError):
                self.waiters.pop()()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=f"haversack book {self.symbol}")
        for tasks in (self._tasks, self._all_tasks):
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    async def _get(self, ask: Ask) -> None:
        await asyncio.sleep(ask.delay_ms / 1_000)
        try:
            depth = await self._fetch(ask.operation)
        except Exception as error:  # noqa: BLE001  # Whatever it is, the book has no snapshot, and says so.
            before, self.request_error = self.request_error, error
            if is_final(error):
                self._give_up(self)
                self.end(error if isinstance(error, HaversackError) else None)
                return
            if before is None:  # It is asked for again and again, and would fill the log.
                _log.warning("no snapshot of %s: %s: %s", self.symbol, type(error).__name__, error)
            self.book.snapshot_failed(ask.ticket)
        else:
            self.request_error = None
            self.book.snapshot_came(depth, ask.ticket)
        self._look()

    async def _prove(self) -> None:
        """Compare with another snapshot until it is sure that the stream serves.

        Nothing acknowledges a subscription, so the first snapshot may be older than the moment at which it took effect. What
        happened in between, no message brings. The next one would show it; in a quiet market it may be long until then.
        """
        while True:
            await asyncio.sleep(CHECK_S)
            if self._splice.applied > self._applied_before:
                return
            before = self.book.version
            try:
                self.book.snapshot_came(await self._fetch(GetDepth(self.symbol)), -1)
            except Exception as error:  # noqa: BLE001  # The book is as good as it was.
                _log.warning("no second snapshot of %s: %s: %s", self.symbol, type(error).__name__, error)
                if is_final(error):
                    return
                continue
            self._look()
            if self.book.version == before:
                return


class Loan(NamedTuple):
    """A feed for one who reads its book."""

    feed: Feed
    give_back: Callable[[], None]
    """To be called once, in the thread of the connection, when it is read no more."""


def is_final(error: BaseException) -> bool:
    """Whether asking again would only bring the same error, such as that of a market that does not exist."""
    return isinstance(error, ApiError | UsageError) and not error.retryable
