"""Runs a flow over a transport: the only code of the request's way that exists twice, blocking and async."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from haversack.rest.flow import Flow
from haversack.rest.http import HttpSend, HttpSendAsync

T = TypeVar("T")


def drive(steps: Flow[T], send: HttpSend, sleep: Callable[[float], object]) -> T:
    """The answer at the end of the steps."""
    try:
        attempt = next(steps)
        while True:
            if attempt.delay_s:
                sleep(attempt.delay_s)
            try:
                response = send(attempt.request) if attempt.request else None
            except BaseException as failure:  # noqa: BLE001  The flow decides what it means, also for an order that is given up.
                attempt = steps.throw(failure)
            else:
                attempt = steps.send(response)
    except StopIteration as finished:
        answer: T = finished.value
        return answer
    except BaseException:
        # A call that is given up gives up its place in the waiting line, however long its traceback is kept.
        steps.close()
        raise


async def drive_async(steps: Flow[T], send: HttpSendAsync, sleep: Callable[[float], Awaitable[object]]) -> T:
    """The answer at the end of the steps."""
    try:
        attempt = next(steps)
        while True:
            if attempt.delay_s:
                await sleep(attempt.delay_s)
            try:
                response = await send(attempt.request) if attempt.request else None
            except BaseException as failure:  # noqa: BLE001  The flow decides what it means, also for an order that is given up.
                attempt = steps.throw(failure)
            else:
                attempt = steps.send(response)
    except StopIteration as finished:
        answer: T = finished.value
        return answer
    except BaseException:
        # A call that is given up gives up its place in the waiting line, however long its traceback is kept.
        steps.close()
        raise
