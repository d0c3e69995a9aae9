"""Checks signatures beside the event loop: libsodium lets go of the interpreter, so another core does the arithmetic.

A signature that comes alone is checked at once, because handing it over would take as long; those that come together are handed
over together. All are answered in the order in which they came.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple, TypeAlias

from haversack.signing import Verifier


class Claim(NamedTuple):
    """What a request says of itself: that the holder of the key signed the message."""

    key: str
    message: bytes
    signature: str

    def is_true(self) -> bool:
        """Whether it is so."""
        return Verifier.verify(self.key, self.message, self.signature)


_Waiting: TypeAlias = list[tuple[Claim, asyncio.Future[bool]]]


class VerifyingThread:
    """One thread, which is started when it is first needed."""

    def __init__(self) -> None:
        self._waiting: _Waiting = []
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
        batch, self._waiting = self._waiting, []
        claims = [claim for claim, _ in batch]
        if len(batch) == 1:
            self._tell(loop, batch, _checked(claims))
        else:
            loop.run_in_executor(self._thread, _checked, claims).add_done_callback(partial(self._done, loop, batch))

    def _done(self, loop: asyncio.AbstractEventLoop, batch: _Waiting, done: asyncio.Future[list[bool]]) -> None:
        # What could not be checked is not true.
        self._tell(loop, batch, [False] * len(batch) if done.cancelled() or done.exception() else done.result())

    def _tell(self, loop: asyncio.AbstractEventLoop, batch: _Waiting, found: Sequence[bool]) -> None:
        for (_, future), is_true in zip(batch, found, strict=True):
            if not future.done():
                future.set_result(is_true)
        self._is_busy = bool(self._waiting)
        if self._is_busy:
            self._begin(loop)


def _checked(claims: Sequence[Claim]) -> list[bool]:
    return [claim.is_true() for claim in claims]
