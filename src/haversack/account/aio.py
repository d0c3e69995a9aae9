"""The account for asyncio: opened by `async with` or by `await`, kept true until it is closed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Generator
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, cast

from haversack.account.balances import AssetBalance
from haversack.account.bell import Bell
from haversack.account.changes import AccountEvent, Filled
from haversack.account.equity import Equity
from haversack.account.equity import equity as equity_of
from haversack.account.health import AccountHealth
from haversack.account.kept import Aside, KeptFile
from haversack.account.life import TrackedOrder
from haversack.account.log import EventLog, Reader
from haversack.account.memory import account_mark
from haversack.account.positions import NetPosition
from haversack.account.reconcile import Rhythm, attempted, read_balances
from haversack.account.sending import Command, Sent
from haversack.account.tending import Tending, Wiring
from haversack.account.view import AccountView
from haversack.errors import MissingCredentials, OutcomeUnknown, StreamClosed, UsageError
from haversack.rest.inquiry import Resolution
from haversack.rest.outcome import resolve
from haversack.rest.procedure import Procedure
from haversack.streams.aio import AsyncStreams
from haversack.wire.borrow_lend import BorrowLendPosition, GetBorrowLendPositions
from haversack.wire.capital import GetCollateral, MarginAccount

EventT_co = TypeVar("EventT_co", covariant=True)

CLOSE_S = 1.9


class AccountEvents(Generic[EventT_co]):
    """Events of an account, to be iterated over by one task. Leaving the loop is enough to be rid of it."""

    def __init__(self, reader: Reader, account: AsyncAccount) -> None:
        self._reader = reader
        self._account = account

    @property
    def is_over(self) -> bool:
        """Whether the account was closed; an error is no close."""
        return self._account._is_closed  # pyright: ignore[reportPrivateUsage]

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> EventT_co:
        while True:
            event = self._account._next(self._reader)  # pyright: ignore[reportPrivateUsage]
            if event is not None:
                return cast("EventT_co", event)
            await self._account._changed()  # pyright: ignore[reportPrivateUsage]


class AsyncAccount:
    """Orders, fills, balances and positions of one account, from streams and REST together.

        async with client.account_view("fills.memory") as account:
            async for filled in account.fills():
                print(filled.fill.quantity, filled.fill.price)

    What the client places and cancels meanwhile is tracked by itself, also where an answer is lost. Opening waits for the first
    complete reading; it raises what no later attempt would mend, such as refused keys.

    Each fill is told once, whether the stream brought it or a reading (`fill.recovered`); with a file also over restarts. A fill
    counts as told when its reader comes back for the next event. Where a program ended before that, the next one is told it
    again, with `fill.maybe_repeated`: nothing is lost, and `fill.key` tells what was there before.

    Lost connections are made again, and what was missed is read; `is_synced` is False meanwhile. Only a `close` ends it, and what
    ends its stream connection for good.
    """

    def __init__(
        self,
        wiring: Wiring,
        path: str | os.PathLike[str] | None = None,
        *,
        since_ms: int | None = None,
        rhythm: Rhythm | None = None,
        streams: AsyncStreams | None = None,
        key_changed: bool = False,
        timeout_s: float | None = None,
        aside: Aside = asyncio.to_thread,
    ) -> None:
        self._wiring = wiring
        self._since_ms = since_ms
        self._rhythm = rhythm
        self._streams = streams
        self._timeout_s = timeout_s
        signer = wiring.session.signer
        account = None if signer is None else account_mark(signer.public_key)
        self._kept = None if path is None else KeptFile(path, aside, account=account, key_changed=key_changed)
        self._bell = Bell()
        self._log = EventLog()
        self._view = AccountView()
        self._tending: Tending | None = None
        self._task: asyncio.Task[None] | None = None
        self._ending: BaseException | None = None
        self._is_open = self._is_over = self._is_closing = False

    # What is so

    @property
    def is_synced(self) -> bool:
        """Whether the streams are there, and everything was read since they were asked for."""
        return not self._is_over and self._tending is not None and self._tending.is_synced

    @property
    def balances(self) -> dict[str, AssetBalance]:
        """What the account has, by asset; what is lent shows in the equity alone."""
        return self._read().balances.all()

    @property
    def positions(self) -> dict[str, NetPosition]:
        """All open positions, by symbol."""
        return self._read().positions.all()

    def open_orders(self, symbol: str | None = None) -> list[TrackedOrder]:
        """All orders that may still trade: those without an answer, and those whose cancel is under way, too."""
        return [order for order in self._read().orders.live() if symbol in (None, order.symbol)]

    def orders(self, symbol: str | None = None) -> list[TrackedOrder]:
        """All orders that are remembered: the open ones, and the last 10,000 that ended."""
        return [order for order in self._read().orders.all() if symbol in (None, order.symbol)]

    def order(self, order_id: str) -> TrackedOrder | None:
        """The order with the exchange's id; None if it was never seen, or ended long ago."""
        return self._read().orders.get(order_id)

    def order_of(self, order: TrackedOrder) -> TrackedOrder | None:
        """An order of this program as it is now, also if it had no id yet; None if it ended long ago."""
        if order.ticket is not None:
            return self._read().orders.of_ticket(order.ticket)
        return self._read().orders.get(order.order_id or "")

    def health(self) -> AccountHealth:
        """How the view is at this moment; it can be asked for after the end as well."""
        tending = self._tending
        return AccountHealth(
            is_open=self._task is not None and not self._is_over,
            is_synced=self.is_synced,
            ending=self._ending,
            refusal=tending.refusal if tending else None,
            last_reading=tending.last if tending else None,
            reading_failures=tending.reading_failures if tending else 0,
            reading_error=tending.reading_error if tending else None,
            write_error=tending.write_error if tending else None,
            unresolved=sum(found is None for found in tending.resolutions.values()) if tending else 0,
            fills_too_late=tending.fills_too_late if tending else 0,
            waiting=len(self._log) + self._view.waiting,
            streams=self._streams.health() if self._streams is not None else None,
        )

    # What happens

    def events(self) -> AccountEvents[AccountEvent]:
        """Everything that happens, from now on, and the fills that nobody was given yet.

        Each iterator gets all events: make all of them before you read the first one. An iterator that is more than 10,000 events
        behind ends with SlowConsumer; fills that it did not deal with are told again after a restart, if there is a file. As long
        as nobody reads all events only fills wait, since the rest stands in the account.
        """
        self._check_opened()
        return AccountEvents(self._log.reader(wants_all=True), self)

    def fills(self) -> AccountEvents[Filled]:
        """Fills alone, from those on that nobody was given yet. All else is as with `events`.

        A fill from before everything that is remembered is no part of them: `health` counts those, and `events` has FillTooLate.
        """
        self._check_opened()
        return AccountEvents(self._log.reader(wants_all=False), self)

    async def synced(self) -> None:
        """Wait until everything is read. Raises SubscriptionRefused where the exchange refused the streams, or what ended it."""
        self._check_opened()
        while not self.is_synced:
            self._check_going()
            await self._changed()

    async def resolution(self, unknown: OutcomeUnknown) -> Resolution:
        """What became of a request whose answer was lost: waits until there is evidence. Nothing is sent again.

        `state` is UNKNOWN only where evidence cannot decide, such as between two equal orders. For a call that was cancelled,
        `outcome_of` finds the unknown outcome behind the CancelledError.
        """
        tending = self._opened()
        if unknown not in tending.resolutions:
            return await self._wiring.perform(resolve(self._wiring.session, unknown))
        while (found := tending.resolutions[unknown]) is None:
            if self._is_over:
                raise self._closed()
            await self._changed()
        return found

    async def equity(self) -> Equity:
        """What the account is worth, asked for now: the exchange's figures, checked against each other."""
        return await self._wiring.perform(_read_equity())

    # For the client that sends

    def sent(self, operation: Command) -> Sent | None:
        """For the client: it is about to be sent."""
        return None if self._tending is None or self._is_over else self._tending.sent(operation)

    def answered(self, sent: Sent, answer: Any) -> None:
        """For the client: this is the answer."""
        self._opened().answered(sent, answer)

    def failed(self, sent: Sent, error: BaseException) -> None:
        """For the client: there is none, or a refusal."""
        self._opened().failed(sent, error)

    # From the opening to the end

    async def close(self) -> None:
        """End the view and every iteration over it, within 2 s. Closing twice is fine; it is final.

        Streams that were given stay open. Cancelled, it still leaves nothing behind.
        """
        self._finish(None)
        task = self._task
        if task is None or task is asyncio.current_task():
            return
        if not self._is_closing:
            self._is_closing = True
            task.cancel()
        try:
            await asyncio.wait({task}, timeout=CLOSE_S)
        except asyncio.CancelledError:
            await asyncio.wait({task}, timeout=CLOSE_S)
            raise

    async def _open(self) -> Self:
        if self._task is not None or self._is_over:
            raise UsageError("an account view is opened once: make a new one")
        if self._wiring.session.signer is None:
            raise MissingCredentials("an account view needs keys: give the client credentials")
        self._task = asyncio.create_task(self._live(), name="haversack account")
        limit = asyncio.timeout(self._timeout_s)
        try:
            async with limit:
                await self._first_synced()
        except BaseException as error:
            await self.close()
            if limit.expired() and isinstance(error, TimeoutError):
                raise TimeoutError(f"the account could not be read within {self._timeout_s:g} s") from None
            raise
        self._is_open = True
        return self

    async def _first_synced(self) -> None:
        while not self.is_synced:
            self._check_going()
            error = self._tending.reading_error if self._tending is not None else None
            if error is not None and not getattr(error, "retryable", False):
                raise error
            await self._changed()

    async def _live(self) -> None:
        error: BaseException | None = None
        try:
            recall = await self._kept.open() if self._kept is not None else None
            self._view = AccountView(recall=recall, since_ms=self._since_ms, rhythm=self._rhythm)
            tending = Tending(self._view, self._wiring, bell=self._bell, log=self._log, kept=self._kept)
            self._tending = tending
            self._wiring.witnesses.append(self)
            if self._streams is not None:
                await tending.run(self._streams)
            else:
                self._streams = self._wiring.streams()
                async with self._streams as streams:
                    await tending.run(streams)
        except asyncio.CancelledError:
            pass
        except Exception as failure:  # noqa: BLE001  Whatever ended it, everybody who waits has to learn of it.
            error = failure
        finally:
            self._finish(error)
            if self._kept is not None:
                await self._kept.close(self._farewell)

    def _farewell(self) -> bytes:
        self._view.taken(self._log.taken_out())
        return self._view.farewell()

    def _finish(self, error: BaseException | None) -> None:
        """Tell everyone that this is the end. Only the first end counts."""
        if not self._is_over:
            self._is_over, self._ending = True, error
        if self in self._wiring.witnesses:
            self._wiring.witnesses.remove(self)
        self._bell.ring()

    def _next(self, reader: Reader) -> AccountEvent | None:
        if self._is_closed:
            raise StopAsyncIteration
        if self._is_over:
            raise self._closed()
        return reader.next()

    async def _changed(self) -> None:
        if not self._is_over:
            await self._bell.rung()

    def _check_going(self) -> None:
        """Raises what nobody should wait for any longer."""
        if self._is_over:
            raise self._closed()
        if self._tending is not None and self._tending.refusal is not None:
            raise self._tending.refusal.with_traceback(None)

    @property
    def _is_closed(self) -> bool:
        return self._is_over and self._ending is None

    def _check_opened(self) -> None:
        self._opened()

    def _read(self) -> AccountView:
        """What is known; before the opening that would look like an account in which there is nothing."""
        self._check_opened()
        return self._view

    def _opened(self) -> Tending:
        if self._tending is None:
            raise UsageError("an account view is opened by `await` or by `async with`: use it after that")
        return self._tending

    def _closed(self) -> BaseException:
        if self._ending is not None:
            return self._ending.with_traceback(None)
        return StreamClosed(None, "the account view was closed by this side")

    def __await__(self) -> Generator[Any, None, Self]:
        return self._open().__await__()

    async def __aenter__(self) -> Self:
        # One that was awaited is open already.
        return self if self._is_open else await self._open()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    def _repr_html_(self) -> str:
        from haversack.account.shown import account_as_html

        return account_as_html(type(self).__name__, self.health, self._view if self._tending is not None else None)

    def __repr__(self) -> str:
        state = "closed" if self._is_over else "synced" if self.is_synced else "not synced"
        return f"AsyncAccount({len(self._view.orders.live())} open orders; {state})"


def _read_equity() -> Procedure[Equity]:
    account: MarginAccount = yield GetCollateral()
    balances = yield from attempted(read_balances(), "balances", [])
    loans = yield from attempted(_read_loans(), "borrow lend positions", [])
    return equity_of(account, balances, loans)


def _read_loans() -> Procedure[list[BorrowLendPosition]]:
    answer: list[BorrowLendPosition] = yield GetBorrowLendPositions()
    return answer
