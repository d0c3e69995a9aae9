"""One connection, from its opening to its end: a task that reads, one that keeps it alive, two that ask by other means."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import NoReturn, TypeAlias

from haversack.clock import Clock
from haversack.errors import StreamClosed, TransportError
from haversack.streams.freshness import Suspect, Verdict
from haversack.streams.heartbeat import Due, Heartbeat
from haversack.streams.routes import Routes
from haversack.streams.session import StreamSession
from haversack.streams.subscription import Reader
from haversack.streams.transport import BURST_MAX, Closed, FrameSocket, HandingSocket, Heard

Ask: TypeAlias = Callable[[Suspect], Awaitable[Verdict]]
"""Finds out by other means whether a silent stream is dead or its market quiet."""
Sync: TypeAlias = Callable[[], Awaitable[object]]
"""Measures the exchange's clock, by which signatures are stamped from then on."""

ASK_S = 10.0
"""How long an answer to that is waited for, and how long measuring the clock may take."""
ASK_PAUSE_S = 1.0
"""Between an answer and the next question."""
_LAST_WORD_S = 0.5
"""How long after a failed send the reader may still learn why the connection ended."""

_log = logging.getLogger("haversack.streams")


class Conversation:
    """What is said on one connection."""

    def __init__(
        self,
        socket: FrameSocket,
        session: StreamSession,
        routes: Routes,
        *,
        clock: Clock,
        heartbeat: Heartbeat,
        work: asyncio.Event,
        ask: Ask | None,
        sync: Sync | None,
    ) -> None:
        self._socket = socket
        self._session = session
        self._routes = routes
        self._clock = clock
        self._heartbeat = heartbeat
        self._work = work
        """Set when there is something to send."""
        self._ask = ask
        self._sync = sync
        self._to_ask: dict[str, Suspect] = {}
        self._is_asking_due = asyncio.Event()
        self._is_clock_due = asyncio.Event()
        self._is_held = False
        """Whether reading waits for a reader."""
        self._full: Sequence[Reader] = ()
        """Those for whom it should."""

    async def run(self) -> BaseException:
        """Why it ended. Cancelled, it leaves no task behind."""
        work = self._read, self._keep, self._inquire, self._measure_clock
        tasks = [asyncio.create_task(each(), name="haversack streams") for each in work]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        # What the reader says comes first: it knows the close frame.
        errors = [error for task in tasks if not task.cancelled() and (error := task.exception()) is not None]
        return errors[0] if errors else StreamClosed(None, "its tasks were cancelled")

    async def _read(self) -> None:
        socket = self._socket
        if isinstance(socket, HandingSocket):
            await self._read_in_stretches(socket)
        while True:
            for _ in range(BURST_MAX):
                frame = await socket.receive()
                if isinstance(frame, Closed):
                    raise StreamClosed(frame.code, frame.reason)
                self._take(frame)
                if self._full:
                    await self._make_room()
            await asyncio.sleep(0)

    async def _read_in_stretches(self, socket: HandingSocket) -> NoReturn:
        while True:
            came = await socket.receive_into(self._take)
            if isinstance(came, Closed):
                raise StreamClosed(came.code, came.reason)
            if came is None:
                await self._make_room()
            else:
                await self._take_all(came)
            await asyncio.sleep(0)

    async def _take_all(self, came: Sequence[str | bytes | Heard]) -> None:
        """Hand on a stretch of what came, all of it at one time: the clock is read, and the heartbeat told, once."""
        now_us = self._clock.monotonic_us()
        self._session.heard(now_us)
        for frame in came:
            if not isinstance(frame, Heard):
                self._use(frame, now_us)
                if self._full:
                    await self._make_room()
                    now_us = self._clock.monotonic_us()

    def _take(self, frame: str | bytes | Heard) -> bool:
        """Hand on what came; False if nothing more should be read before there is room for it."""
        now_us = self._clock.monotonic_us()
        self._session.heard(now_us)
        if not isinstance(frame, Heard):
            self._use(frame, now_us)
        return not self._full

    def _use(self, frame: str | bytes, now_us: int) -> None:
        said = self._session.read(frame, now_us)
        if said is None:
            self._is_clock_due.set()
            # What was refused counts as lost, which its readers are told now.
            self._work.set()
        else:
            self._full = self._routes.deliver(said, len(frame))

    async def _make_room(self) -> None:
        self._is_held = True
        for reader in self._full:
            await reader.room()
        self._full = ()
        self._is_held = False

    async def _keep(self) -> None:
        session, clock = self._session, self._clock
        while True:
            self._work.clear()
            now_us = clock.monotonic_us()
            session.tell_time(now_us, clock.now_us())
            if self._is_held:
                session.paused(now_us)
            await self._flush(now_us)
            await self._do(session.due(clock.monotonic_us()))
            self._look_into(session.suspects(clock.monotonic_us()))
            await self._rest()

    async def _flush(self, now_us: int) -> None:
        """Send what is to be sent, then tell those who wait for it."""
        frames = self._session.outgoing(now_us)
        # Before anything is sent, so that a reader learns of an interruption before what comes after it.
        for news in self._session.interruptions():
            self._routes.interrupt(news)
        for text in frames:
            await self._bounded(self._socket.send(text))
        self._routes.mark_sent(self._session.is_asked)

    async def _do(self, due: Due | None) -> None:
        if due is Due.CLOSE:
            silence_s = self._heartbeat.interval_s + self._heartbeat.timeout_s
            raise StreamClosed(None, f"nothing was heard for {silence_s:g} s, not even the answer to a ping")
        if due is Due.RENEW:
            raise StreamClosed(None, self._session.renewal or "a stream is dead")
        if due is Due.PING:
            await self._bounded(self._socket.ping())

    def _look_into(self, suspects: Sequence[Suspect]) -> None:
        now_us = self._clock.monotonic_us()
        steady = [suspect.stream for suspect in suspects if suspect.is_steady]
        if steady:
            _log.warning("silent for too long: %s and %d more", steady[0], len(steady) - 1)
        for suspect in suspects:
            if suspect.is_steady:
                self._settle(suspect, Verdict.DEAD, now_us)
            elif self._ask is None:
                self._settle(suspect, Verdict.UNKNOWN, now_us)
            else:
                self._to_ask[suspect.stream] = suspect
                self._is_asking_due.set()

    async def _inquire(self) -> None:
        """One question at a time, and not more than one a second: a thousand quiet markets must not use up the rate limit."""
        while True:
            await self._is_asking_due.wait()
            self._is_asking_due.clear()
            while self._to_ask:
                suspect = self._to_ask.pop(next(iter(self._to_ask)))
                verdict = await self._verdict(suspect)
                # What happened just now may still be on its way: a stream that speaks within this time is not dead.
                await asyncio.sleep(ASK_PAUSE_S)
                self._settle(suspect, verdict, self._clock.monotonic_us())

    async def _verdict(self, suspect: Suspect) -> Verdict:
        if self._ask is None:
            return Verdict.UNKNOWN
        try:
            async with asyncio.timeout(ASK_S):
                return await self._ask(suspect)
        except Exception as error:  # noqa: BLE001  # The question is the user's code, and must not end the connection.
            _log.warning("nobody could say whether %s is dead: %s: %s", suspect.stream, type(error).__name__, error)
            return Verdict.UNKNOWN

    async def _measure_clock(self) -> None:
        """Whenever a signature was refused, which happens if the clock is off."""
        while True:
            await self._is_clock_due.wait()
            self._is_clock_due.clear()
            if self._sync is None or not self._session.wants_clock:
                continue
            _log.warning("the exchange refused a signature: its clock is measured, and the private streams are asked for again")
            try:
                async with asyncio.timeout(ASK_S):
                    await self._sync()
            except Exception as error:  # noqa: BLE001  # The question is the user's code, and must not end the connection.
                _log.warning("the exchange's clock could not be measured: %s: %s", type(error).__name__, error)
            self._session.clock_measured()
            self._work.set()

    def _settle(self, suspect: Suspect, verdict: Verdict, now_us: int) -> None:
        self._session.settle(suspect, verdict, now_us)
        self._work.set()

    async def _bounded(self, sending: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout(self._heartbeat.timeout_s):
                await sending
        except TimeoutError:
            raise StreamClosed(None, f"nothing could be sent for {self._heartbeat.timeout_s:g} s") from None
        except OSError as error:
            await asyncio.sleep(_LAST_WORD_S)
            raise StreamClosed(None, f"sending failed: {str(error) or type(error).__name__}") from error

    async def _rest(self) -> None:
        """Until there is something to send, or the silence calls for something."""
        wake_us = self._session.wake_us
        assert wake_us is not None, "the session is connected for as long as this runs"
        # A pong brings the next ping forward, but never to less than an interval from now.
        rest_s = min(max(0, wake_us - self._clock.monotonic_us()) / 1_000_000, self._heartbeat.interval_s)
        with suppress(TimeoutError):
            async with asyncio.timeout(rest_s):
                await self._work.wait()


def is_passing(error: BaseException) -> bool:
    """Whether another connection can help."""
    return isinstance(error, OSError | StreamClosed) or (isinstance(error, TransportError) and error.retryable)
