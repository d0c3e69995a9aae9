"""Calls that block, for an event loop: each in a thread of its own, which keeps neither the loop nor the program from ending."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from threading import Thread
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def in_a_thread(call: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """The same call for an event loop. Cancelled, it does not wait for an answer that nobody wants any more."""

    async def answer(*args: P.args, **kwargs: P.kwargs) -> T:
        found: Future[T] = Future()

        def work() -> None:
            try:
                result = call(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001  # It is the caller's, in the other thread.
                with suppress(InvalidStateError):  # Nobody wants to know any more.
                    found.set_exception(error)
            else:
                with suppress(InvalidStateError):
                    found.set_result(result)

        # A daemon, so that an answer that never comes does not keep the program from ending.
        Thread(target=work, name="haversack question", daemon=True).start()
        return await asyncio.wrap_future(found)

    return answer
