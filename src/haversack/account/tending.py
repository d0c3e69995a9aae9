"""The loop around a view of an account: frames go in, readings and resolutions are made, events come out.

One task reads the streams, one does everything that falls due; each reading and each resolution has a task of its own, so that
none of them holds up a frame.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Protocol, TypeVar
from weakref import WeakKeyDictionary

import msgspec

from haversack.account.bell import Bell
from haversack.account.changes import Batch, FillTooLate, Reconciled
from haversack.account.exact import is_sound
from haversack.account.kept import KeptFile
from haversack.account.log import EVENTS_MAX, EventLog
from haversack.account.sending import Command, Sent, Unresolved, Witness
from haversack.account.view import AccountView
from haversack.clock import now_ms
from haversack.errors import OutcomeUnknown, ProtocolError, SlowConsumer, StreamClosed, SubscriptionRefused
from haversack.rest.inquiry import Outcome, Resolution
from haversack.rest.outcome import resolve
from haversack.rest.procedure import Procedure
from haversack.rest.session import RestSession
from haversack.streams.aio import AsyncStreams
from haversack.streams.interruption import Interrupted
from haversack.streams.mailbox import WhenFull
from haversack.streams.subscription import MarkedSubscription
from haversack.wire.events import BalanceUpdate, OrderUpdate, PositionUpdate
from haversack.wire.frames import Message

T = TypeVar("T")

STREAMS = ("account.orderUpdate", "account.balanceUpdate", "account.positionUpdate")
LOOK_S = 1.0
"""How often to look whether something is due, at least; the clock that says so may be another than the event loop's."""
MISSED_PAUSE_US = 10_000_000
"""A frame that cannot be read makes everything be read anew, and so often at most."""
REFUSED_PAUSE_S = 30.0
"""How long after a refusal the streams are asked for again."""
REFUSAL_S = 5.0
"""How long a refusal may take to come; nothing else says that streams were granted."""
RESOLVING_MAX = 4

_log = logging.getLogger("haversack.account")


class Perform(Protocol):
    """Does what a client's `perform` does."""

    async def __call__(self, steps: Procedure[T], /) -> T: ...


class Wiring(msgspec.Struct, frozen=True, kw_only=True):
    """What a view of an account needs of a client."""

    session: RestSession
    perform: Perform
    streams: Callable[[], AsyncStreams]
    """Makes a connection, which is not open yet."""
    witnesses: list[Witness]
    """Those who are told of what the client sends."""


class Tending:
    """Everything that goes on while a view of an account is open."""

    def __init__(self, view: AccountView, wiring: Wiring, *, bell: Bell, log: EventLog, kept: KeptFile | None) -> None:
        self._view = view
        self._wiring = wiring
        self._bell = bell
        self._event_log = log
        self._kept = kept
        self._work = asyncio.Event()
        self._resolving = asyncio.Semaphore(RESOLVING_MAX)
        self._missed_us: int | None = None
        self._may_miss_us = 0
        self.refusal: SubscriptionRefused | None = None
        """What the exchange answered to the request for the streams; None if it did not refuse."""
        self.reading_error: Exception | None = None
        """Why the last reading failed."""
        self.reading_failures = 0
        """Readings that failed one after the other."""
        self.write_error: OSError | None = None
        """Why what is to be remembered could not be written; it is tried again."""
        self.last: Reconciled | None = None
        self.fills_too_late = 0
        self.resolutions: WeakKeyDictionary[OutcomeUnknown, Resolution | None] = WeakKeyDictionary()
        """What became of lost answers; None as long as that is not known."""

    @property
    def is_synced(self) -> bool:
        """Whether the view is, and nobody refused its streams."""
        return self._view.is_synced and self.refusal is None

    def nudge(self) -> None:
        """Something came in."""
        self._work.set()

    async def run(self, streams: AsyncStreams) -> None:
        """Go on until it is cancelled, or the streams are over for good: then their error is raised."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listen(streams), name="haversack account streams")
                await self._tend(group)
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None

    # Frames

    async def _listen(self, streams: AsyncStreams) -> None:
        while True:
            subscription = streams.subscribe(*STREAMS, when_full=WhenFull.FAIL, interruptions=True)
            if self.refusal is not None:
                # Somebody else may read them too, so that they were never given up.
                streams.ask_again(*STREAMS)
            try:
                await subscription.sent()
                self._view.connected(self._now_us())
                self.nudge()
                await self._doubt(subscription)
                await self._hear(subscription)
            except SlowConsumer as error:
                _log.warning("frames of the account were lost: %s", error)
            except SubscriptionRefused as error:
                _log.error("the streams of the account were refused: %s", error)
                self.refusal = error
                self._bell.ring()
            finally:
                self._view.disconnected()
                await subscription.close()
            if self.refusal is not None:
                await asyncio.sleep(REFUSED_PAUSE_S)

    async def _doubt(self, subscription: MarkedSubscription) -> None:
        """After a refusal: wait a moment whether the next one comes. Other news, such as a lost connection, is none."""
        if self.refusal is not None:
            try:
                async with asyncio.timeout(REFUSAL_S):
                    await self._hear(subscription)
            except TimeoutError:
                self.refusal = None
                self._bell.ring()

    async def _hear(self, subscription: MarkedSubscription) -> None:
        while True:
            try:
                self._take(await anext(subscription))
            except ProtocolError as error:
                _log.warning("a frame was not understood, and may have been of the account: %s", error)
                self._missed()
            except StopAsyncIteration:
                raise StreamClosed(None, "the streams of the account were closed by this side") from None
            self.nudge()

    def _take(self, item: Message | Interrupted) -> None:
        now_us = self._now_us()
        if isinstance(item, Interrupted):
            if item.to_us is None:
                self._view.disconnected()
            else:
                self._view.connected(now_us)
        elif isinstance(item.event, OrderUpdate | BalanceUpdate | PositionUpdate) and is_sound(item.event):
            self.refusal = None
            self._view.framed(item.event, now_us)
        else:
            _log.warning("%s brought what is not understood: %r", item.stream, item.event)
            self._missed()

    def _missed(self) -> None:
        self._missed_us = max(self._now_us(), self._may_miss_us)

    # What falls due

    async def _tend(self, group: asyncio.TaskGroup) -> None:
        while True:
            self._work.clear()
            now_us = self._now_us()
            if self._missed_us is not None and now_us >= self._missed_us:
                self._missed_us, self._may_miss_us = None, now_us + MISSED_PAUSE_US
                self._view.missed(now_us)
            due_us = self._view.due_us()
            if due_us is not None and now_us >= due_us:
                group.create_task(self._read(self._view.reading(now_us)), name="haversack account reading")
                due_us = None
            for unresolved in self._view.unresolved():
                group.create_task(self._resolve(unresolved), name="haversack account resolution")
            await self._hand_out()
            wait_s = LOOK_S if due_us is None else min(LOOK_S, (due_us - now_us) / 1_000_000)
            try:
                async with asyncio.timeout(wait_s):
                    await self._work.wait()
            except TimeoutError:
                pass

    async def _read(self, steps: Procedure[Reconciled]) -> None:
        try:
            reading = await self._wiring.perform(steps)
        except Exception as error:  # noqa: BLE001  Whatever it is, the reading is made again.
            self.reading_error = error
            self.reading_failures += 1
            self._view.read_failed(self._now_us())
            _log.warning("the account could not be read (%d times): %s: %s", self.reading_failures, type(error).__name__, error)
        else:
            self.reading_error, self.reading_failures, self.last = None, 0, reading
            self._view.read(reading, self._now_us())
        self.nudge()
        self._bell.ring()

    async def _resolve(self, unresolved: Unresolved) -> None:
        outcome = unresolved.outcome
        async with self._resolving:
            try:
                resolution = await self._wiring.perform(resolve(self._wiring.session, outcome))
            except Exception as error:  # noqa: BLE001  Then it is still not known, and is asked again.
                _log.warning("what became of %s could not be found out: %s", type(outcome.operation).__name__, error)
                resolution = Resolution(operation=outcome.operation, state=Outcome.UNKNOWN, reason=str(error))
        self._view.resolved(unresolved, resolution, self._now_us())
        if resolution.error is None:
            self.resolutions[outcome] = resolution
        self.nudge()
        self._bell.ring()

    async def _hand_out(self) -> None:
        self.count_taken()
        while (batch := self._view.outgoing(self._now_us())) is not None:
            if not await self._is_written(batch):
                return
            self._event_log.append(batch.events)
            self._view.handed_over(batch)
            late = sum(isinstance(event, FillTooLate) for event in batch.events)
            if late:
                self.fills_too_late += late
                _log.error("%d fills came from before everything that is remembered", late)
            self._bell.ring()

    async def _is_written(self, batch: Batch) -> bool:
        """Whether the record is on disk; if not the batch stays, and is tried again."""
        try:
            if batch.record and self._kept is not None:
                await self._kept.append(batch.record)
        except OSError as error:
            if self._view.waiting > EVENTS_MAX:
                raise
            if self.write_error is None:
                _log.exception("fills cannot be remembered, so they are not told")
            self.write_error = error
            self._bell.ring()
            return False
        self.write_error = None
        return True

    def count_taken(self) -> None:
        """Tell the view how many more fills the program has dealt with."""
        self._view.taken(self._event_log.taken_out())

    # What the client sends

    def sent(self, operation: Command) -> Sent:
        """It is about to be sent."""
        sent = self._view.sent(operation, sent_ms=now_ms(self._wiring.session.server_clock))
        self.nudge()
        return sent

    def answered(self, sent: Sent, answer: Any) -> None:
        """This is the answer."""
        self._view.answered(sent, answer, self._now_us())
        self.nudge()

    def failed(self, sent: Sent, error: BaseException) -> None:
        """There is none, or a refusal."""
        if isinstance(error, OutcomeUnknown):
            self.resolutions[error] = None
        self._view.failed(sent, error, self._now_us())
        self.nudge()

    def _now_us(self) -> int:
        return self._wiring.session.clock.monotonic_us()
