"""A callback on an async stream connection."""

from __future__ import annotations

import asyncio

from haversack.clock import Clock
from haversack.errors import HaversackError
from haversack.streams.callbacks import Callback, CallRecord, call_for_each
from haversack.streams.subscription import Subscription


class Listener:
    """Calls a function with each message, in a task of its own, until it is closed."""

    def __init__(self, subscription: Subscription, callback: Callback, clock: Clock) -> None:
        self.subscription = subscription
        self.record = CallRecord(callback, subscription.streams, clock)
        self._task = asyncio.create_task(call_for_each(subscription, self.record), name="haversack streams callback")

    @property
    def ending(self) -> HaversackError | None:
        """Why it is called no more; None while it may be, and after a close of your own."""
        return self.subscription.ending

    @property
    def is_over(self) -> bool:
        """Whether it will not be called again."""
        return self._task.done()

    async def close(self) -> None:
        """Want these streams no longer, and wait until the callback has returned; called by itself, it does not wait."""
        await self.subscription.close()
        if asyncio.current_task() is not self._task:
            await asyncio.wait({self._task})

    def cancel(self) -> asyncio.Task[None] | None:
        """For the connection: call it no more, and tell what to wait for; None if it is this callback that asks."""
        self.record.is_stopped = True
        if asyncio.current_task() is self._task:
            return None
        self._task.cancel()
        return self._task

    def __repr__(self) -> str:
        return f"Listener({', '.join(self.subscription.streams)}; {self.record.calls} calls, {self.record.errors} errors)"
