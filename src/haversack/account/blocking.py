"""The account for scripts and notebooks: the async one, in a thread of its own."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from haversack.account.aio import AccountEvents, AsyncAccount
from haversack.account.balances import AssetBalance
from haversack.account.changes import AccountEvent, Filled
from haversack.account.equity import Equity
from haversack.account.health import AccountHealth
from haversack.account.life import TrackedOrder
from haversack.account.positions import NetPosition
from haversack.account.sending import Command, Sent, Witness
from haversack.account.tending import Wiring
from haversack.errors import OutcomeUnknown, StreamClosed
from haversack.rest.inquiry import Resolution
from haversack.rest.procedure import Procedure, perform_async
from haversack.rest.session import RestSession
from haversack.streams.aio import AsyncStreams
from haversack.streams.aside import in_a_thread
from haversack.streams.loop_thread import LoopThread, Work
from haversack.streams.transport import Connect
from haversack.wire.base import Operation

T = TypeVar("T")
EventT = TypeVar("EventT")

TELL_S = 2.0
"""How long an order waits for its view at most, before it is sent without being tracked."""
_STOP_S = 3.0


class BlockingAccountEvents(Generic[EventT]):
    """Events of an account, to be iterated over by one thread. Leaving the loop is enough to be rid of it."""

    def __init__(self, thread: LoopThread, events: AccountEvents[EventT]) -> None:
        self._thread = thread
        self._events = events
        self._fetched: deque[EventT] = deque()

    def next(self, timeout_s: float | None = None) -> EventT:
        """The next event; a TimeoutError if none comes in time, after which nothing is lost. None waits for ever."""
        while True:
            # Looked at and taken at once: another thread may have been quicker.
            with suppress(IndexError):
                return self._fetched.popleft()
            self._thread.call(self._fetch, timeout_s=timeout_s)

    async def _fetch(self) -> None:
        # It goes straight where `next` finds it: a caller that gives up just now loses nothing.
        try:
            self._fetched.append(await anext(self._events))
        except StopAsyncIteration:
            raise StreamClosed(None, "the account view was closed by this side") from None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> EventT:
        try:
            return self.next()
        except StreamClosed:
            if self._events.is_over:
                raise StopIteration from None
            raise


class BlockingAccount:
    """Orders, fills, balances and positions of one account, from streams and REST together; safe to share between threads.

        with client.account_view("fills.memory") as account:
            for filled in account.fills():
                print(filled.fill.quantity, filled.fill.price)

    It is what AsyncAccount is, and says there what counts as told. What it returns are snapshots that nothing changes any more.
    What the client places and cancels, in whatever thread, is tracked by itself. It is open from the start; close it by `with` or
    by `close`.
    """

    def __init__(self, account: AsyncAccount, witnesses: list[Witness], *, timeout_s: float | None = None) -> None:
        self._account = account
        self._witnesses = witnesses
        self._opened: Future[None] = Future()
        self._thread = LoopThread("haversack account", self._main)
        self._thread.start()
        try:
            self._opened.result(timeout_s)
        except BaseException as error:
            is_late = isinstance(error, TimeoutError) and not self._opened.done()
            self._thread.stop(_STOP_S)
            if is_late:
                raise TimeoutError(f"the account could not be read within {timeout_s:g} s") from None
            raise
        witnesses.append(self)

    @property
    def is_synced(self) -> bool:
        """Whether the streams are there, and everything was read since they were asked for."""
        return self._look(lambda: self._account.is_synced)

    @property
    def balances(self) -> dict[str, AssetBalance]:
        """What the account has, by asset; what is lent shows in the equity alone."""
        return self._look(lambda: self._account.balances)

    @property
    def positions(self) -> dict[str, NetPosition]:
        """All open positions, by symbol."""
        return self._look(lambda: self._account.positions)

    def open_orders(self, symbol: str | None = None) -> list[TrackedOrder]:
        """All orders that may still trade: those without an answer, and those whose cancel is under way, too."""
        return self._look(lambda: self._account.open_orders(symbol))

    def orders(self, symbol: str | None = None) -> list[TrackedOrder]:
        """All orders that are remembered: the open ones, and the last 10,000 that ended."""
        return self._look(lambda: self._account.orders(symbol))

    def order(self, order_id: str) -> TrackedOrder | None:
        """The order with the exchange's id; None if it was never seen, or ended long ago."""
        return self._look(lambda: self._account.order(order_id))

    def order_of(self, order: TrackedOrder) -> TrackedOrder | None:
        """An order of this program as it is now, also if it had no id yet; None if it ended long ago."""
        return self._look(lambda: self._account.order_of(order))

    def health(self) -> AccountHealth:
        """How the view is at this moment; it can be asked for after the end as well."""
        return self._look(self._account.health)

    def events(self) -> BlockingAccountEvents[AccountEvent]:
        """Everything that happens, from now on, and the fills that nobody was given yet; see `AsyncAccount.events`."""
        return BlockingAccountEvents(self._thread, self._look(self._account.events))

    def fills(self) -> BlockingAccountEvents[Filled]:
        """Fills alone, from those on that nobody was given yet; see `AsyncAccount.fills`."""
        return BlockingAccountEvents(self._thread, self._look(self._account.fills))

    def synced(self, timeout_s: float | None = None) -> None:
        """Wait until everything is read. Raises SubscriptionRefused where the exchange refused the streams, or what ended it."""
        self._thread.call(self._account.synced, timeout_s=timeout_s)

    def resolution(self, unknown: OutcomeUnknown, timeout_s: float | None = None) -> Resolution:
        """What became of a request whose answer was lost: waits until there is evidence; see `AsyncAccount.resolution`."""
        return self._thread.call(lambda: self._account.resolution(unknown), timeout_s=timeout_s)

    def equity(self) -> Equity:
        """What the account is worth, asked for now: the exchange's figures, checked against each other."""
        return self._thread.call(self._account.equity)

    def close(self) -> None:
        """End the view, every iteration over it and the thread, within 2 s. Closing twice is fine; it is final."""
        if self in self._witnesses:
            self._witnesses.remove(self)
        self._thread.stop(_STOP_S)

    # For the client that sends

    def sent(self, operation: Command) -> Sent | None:
        """For the client: it is about to be sent."""
        return self._tell(lambda: self._account.sent(operation))

    def answered(self, sent: Sent, answer: Any) -> None:
        """For the client: this is the answer."""
        self._tell(lambda: self._account.answered(sent, answer))

    def failed(self, sent: Sent, error: BaseException) -> None:
        """For the client: there is none, or a refusal."""
        self._tell(lambda: self._account.failed(sent, error))

    def _tell(self, work: Callable[[], T]) -> T | None:
        # A view that is over, or held up, keeps no order from being sent.
        with suppress(StreamClosed, TimeoutError):
            return self._thread.call(_as_coroutine(work), timeout_s=TELL_S)
        return None

    def _look(self, work: Callable[[], T]) -> T:
        with suppress(StreamClosed):
            return self._thread.call(_as_coroutine(work))
        # Its loop is over, so that nobody else touches it any more.
        return work()

    async def _main(self) -> None:
        try:
            async with self._account:
                self._opened.set_result(None)
                await asyncio.Event().wait()
        except BaseException as error:
            if self._opened.done():
                raise
            self._opened.set_exception(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _repr_html_(self) -> str:
        from haversack.account.shown import shown

        name, inner = type(self).__name__, type(self._account).__name__
        return shown(name, lambda: self._look(self._account._repr_html_).replace(inner, name, 1))  # pyright: ignore[reportPrivateUsage]

    def __repr__(self) -> str:
        return repr(self._account).replace("Async", "Blocking", 1)


def _as_coroutine(work: Callable[[], T]) -> Work[T]:
    async def answer() -> T:
        return work()

    return answer


def wiring_of(
    session: RestSession,
    send: Callable[[Operation[Any]], Any],
    sync: Callable[[], object],
    *,
    stream_url: str,
    connect: Connect | None,
) -> Wiring:
    """What a view in a thread of its own needs of a client that blocks: each request in a thread of its own."""
    send_aside = in_a_thread(send)

    async def perform(steps: Procedure[T], /) -> T:
        return await perform_async(steps, send_aside, asyncio.sleep)

    def streams() -> AsyncStreams:
        return AsyncStreams(
            stream_url,
            signer=session.signer,
            clock=session.clock,
            send=send_aside,
            sync=in_a_thread(sync),
            connect=connect,
        )

    return Wiring(session=session, perform=perform, streams=streams, witnesses=[])
