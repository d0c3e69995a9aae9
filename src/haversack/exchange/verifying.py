"""Checks signatures beside the event loop: in a process of their own, once there are many.

A thread would have to ask for the interpreter again after each signature, so that the loop and it would wait for one another;
another process asks nobody. It is started when so many requests came together that it would have paid for its start by now.
Before that, and if it fails, signatures are checked at once. All are answered in the order in which they came.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from typing import TypeAlias

from haversack.exchange.signatures import Claim, SignatureProcess

_log = logging.getLogger("haversack.exchange")
WORTH_A_PROCESS = 1_000
"""Claims that came together: to check them takes as long as to start a process, 50 ms."""
PATIENCE_S = 2.0
"""How long the process may answer nothing while it is asked something."""

_Asked: TypeAlias = tuple[Claim, asyncio.Future[bool]]


class Verifying:
    """Answers whether claims are true; for one event loop."""

    def __init__(self) -> None:
        self._gathered: list[_Asked] = []
        """What arrived in this turn of the loop."""
        self._asked: deque[_Asked] = deque()
        """What the process was asked and did not answer yet, in the order of its answers."""
        self._together = 0
        self._process: SignatureProcess | None = None
        self._start: asyncio.Task[None] | None = None
        self._watch: asyncio.TimerHandle | None = None

    async def is_true(self, claim: Claim) -> bool:
        """Whether the holder of the key signed the message."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bool] = loop.create_future()
        self._gathered.append((claim, future))
        if len(self._gathered) == 1:
            # Not now: other requests that have arrived already join this one.
            loop.call_soon(self._check, loop)
        return await future

    def close(self) -> None:
        """End the process. What it was asked is answered nevertheless."""
        if self._start is not None:
            self._start.cancel()
        self._end()

    def _check(self, loop: asyncio.AbstractEventLoop) -> None:
        batch, self._gathered = self._gathered, []
        process = self._process
        if process is not None and (self._asked or len(batch) > 1):
            if not self._asked:
                self._watch = loop.call_later(PATIENCE_S, self._look, loop, batch[0][1])
            self._asked.extend(batch)
            process.ask([claim for claim, _ in batch])
            return
        if len(batch) > 1 and self._start is None:
            self._together += len(batch)
            if self._together >= WORTH_A_PROCESS:
                self._start = loop.create_task(self._start_process())
        _answer(batch)

    async def _start_process(self) -> None:
        process = SignatureProcess(self._told, self._failed)
        try:
            await process.start()
        except OSError as error:
            process.close()
            self._failed(str(error))
        except asyncio.CancelledError:
            process.close()
            raise
        else:
            self._process = process

    def _told(self, verdicts: bytes) -> None:
        asked = self._asked
        for verdict in verdicts:
            _, future = asked.popleft()
            if not future.done():
                future.set_result(verdict == 1)
        if not asked and self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _look(self, loop: asyncio.AbstractEventLoop, oldest: asyncio.Future[bool]) -> None:
        """Give the process up if what was the oldest question still is."""
        if self._asked and self._asked[0][1] is oldest:
            self._failed(f"it answered nothing in {PATIENCE_S:.0f} s")
        elif self._asked:
            self._watch = loop.call_later(PATIENCE_S, self._look, loop, self._asked[0][1])

    def _failed(self, reason: str) -> None:
        _log.warning("signatures are checked in this process from now on, the one beside it failed: %s", reason)
        self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.close()
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        asked, self._asked = self._asked, deque()
        _answer(asked)


def _answer(asked: Iterable[_Asked]) -> None:
    for claim, future in asked:
        if not future.done():
            future.set_result(claim.is_true())
