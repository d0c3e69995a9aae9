"""Checks signatures beside the event loop: libsodium lets go of the interpreter, so another core does the arithmetic.

A signature that comes alone is checked at once, because handing it over would take as long; those that come together are handed
over together. All are answered in the order in which they came, and the first of many does not wait for the last: what follows
its request goes on while the others are checked.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from haversack.signing import Verifier

TOLD_TOGETHER = 4
"""Verdicts that the event loop is woken for, unless there are no more: waking it takes about as long as one of them."""


class Claim(NamedTuple):
    """What a request says of itself: that the holder of the key signed the message."""

    key: str
    message: bytes
    signature: str

    def is_true(self) -> bool:
        """Whether it is so."""
        return Verifier.verify(self.key, self.message, self.signature)


class VerifyingThread:
    """One thread, which is started when it is first needed."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Claim, asyncio.Future[bool]]] = deque()
        """The loop adds on the right, and whoever checks takes from the left."""
        self._checked: deque[tuple[asyncio.Future[bool], bool]] = deque()
        self._is_busy = False
        self._thread = ThreadPoolExecutor(1, "signatures")

    async def is_true(self, claim: Claim) -> bool:
        """Whether the holder of the key signed the message."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bool] = loop.create_future()
        self._waiting.append((claim, future))
        if not self._is_busy:
            self._is_busy = True
            # Not now: other requests that have arrived already join this one.
            loop.call_soon(self._begin, loop)
        return await future

    def close(self) -> None:
        """End the thread, after what it does."""
        self._thread.shutdown()

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        if len(self._waiting) > 1:
            self._thread.submit(self._check_all, loop)
            return
        for claim, future in self._waiting:
            self._checked.append((future, _is_true(claim)))
        self._waiting.clear()
        self._end(loop)

    def _check_all(self, loop: asyncio.AbstractEventLoop) -> None:
        """In the thread: what waits, and what comes meanwhile."""
        untold = 0
        while self._waiting:
            claim, future = self._waiting.popleft()
            self._checked.append((future, _is_true(claim)))
            untold += 1
            if untold == TOLD_TOGETHER:
                loop.call_soon_threadsafe(self._tell)
                untold = 0
        loop.call_soon_threadsafe(self._end, loop)

    def _end(self, loop: asyncio.AbstractEventLoop) -> None:
        self._is_busy = bool(self._waiting)
        if self._is_busy:
            # It came after the thread had looked for the last time.
            loop.call_soon(self._begin, loop)
        self._tell()

    def _tell(self) -> None:
        while self._checked:
            future, is_true = self._checked.popleft()
            if not future.done():
                future.set_result(is_true)


def _is_true(claim: Claim) -> bool:
    try:
        return claim.is_true()
    except Exception:  # noqa: BLE001  # what could not be checked is not true
        return False
