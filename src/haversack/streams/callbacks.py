"""Functions that are called with each message: none of them can stop the connection, and how slow they are is measured."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from typing import TypeAlias

from haversack.clock import Clock
from haversack.errors import HaversackError, ProtocolError, SubscriptionRefused
from haversack.wire.frames import Message

Callback: TypeAlias = Callable[[Message], object]
"""What `on` calls; what it returns is awaited where that is possible."""

SLOW_US = 100_000
"""A plain function that takes longer is told of in the log: nothing else of its event loop runs meanwhile."""

_log = logging.getLogger("haversack.streams")


class CallRecord:
    """How the calls of one callback went."""

    def __init__(self, callback: Callback, streams: Iterable[str], clock: Clock) -> None:
        self._callback = callback
        self._name = getattr(callback, "__qualname__", type(callback).__name__)
        self._streams = ", ".join(streams)
        self._clock = clock
        self.calls = 0
        self.errors = 0
        """Calls that raised, and errors of the streams; each is logged."""
        self.is_stopped = False
        """Whether it is to be called no more."""
        self.slowest_us = 0
        """The longest that a call held up its thread."""

    def call(self, message: Message, *, slow_us: int | None = SLOW_US) -> object:
        """What the callback returns; None if it raised, which is logged."""
        begun_us = self._clock.monotonic_us()
        self.calls += 1
        try:
            return self._callback(message)
        except Exception:  # noqa: BLE001  # It is the user's code, and stops nothing.
            self._raised()
            return None
        finally:
            self._took(self._clock.monotonic_us() - begun_us, slow_us)

    async def finish(self, result: object) -> None:
        """Await what it returned, if that is to be awaited."""
        if not inspect.isawaitable(result):
            return
        try:
            await result
        except Exception:  # noqa: BLE001  # It is the user's code, and stops nothing.
            self._raised()

    def failed(self, error: HaversackError) -> None:
        """The stream said something that is no message; it goes on."""
        self.errors += 1
        _log.warning("the callback %s of %s was spared an error: %s", self._name, self._streams, error)

    def ended(self, error: HaversackError) -> None:
        """Nothing more will come."""
        _log.error("the callback %s of %s is called no more: %s", self._name, self._streams, error)

    def _raised(self) -> None:
        self.errors += 1
        _log.exception("the callback %s of %s raised; it is called again with the next message", self._name, self._streams)

    def _took(self, took_us: int, slow_us: int | None) -> None:
        self.slowest_us, before_us = max(self.slowest_us, took_us), self.slowest_us
        # Only a new record is logged, so that a callback that is always slow does not fill the log.
        if slow_us is not None and took_us > max(slow_us, before_us):
            _log.warning(
                "the callback %s of %s held up the event loop for %.3f s", self._name, self._streams, took_us / 1_000_000
            )


def is_passing(error: HaversackError) -> bool:
    """Whether messages come after it."""
    return isinstance(error, SubscriptionRefused | ProtocolError)


async def call_for_each(messages: AsyncIterator[Message], record: CallRecord) -> None:
    """Call it with each message, until there are no more or it was stopped."""
    while not record.is_stopped:
        try:
            message = await anext(messages)
        except StopAsyncIteration:
            return
        except HaversackError as error:
            if not is_passing(error):
                record.ended(error)
                return
            record.failed(error)
        else:
            await record.finish(record.call(message))
            # Messages that wait already would otherwise be handed over without anybody else getting a turn.
            await asyncio.sleep(0)
