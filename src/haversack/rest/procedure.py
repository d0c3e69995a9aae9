"""Several requests that make one call: a generator that says what to ask next, and is driven like a flow.

    def newest_price(session: RestSession, symbol: str) -> Procedure[Decimal]:
        trades = yield GetRecentTrades(symbol, limit=1)
        return trades[0].price

A step is an operation, whose answer is sent back and whose error is thrown in, or a pause. A feed hands out rows on its way.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec

from haversack.wire.base import Operation

T = TypeVar("T")
Row = TypeVar("Row")


class Pause(msgspec.Struct, frozen=True, gc=False):
    """A step that only waits."""

    delay_s: float


class Rows(msgspec.Struct, Generic[Row], frozen=True):
    """A step that hands rows to the caller, one by one, and goes on when they are taken."""

    rows: Sequence[Row]


Procedure: TypeAlias = Generator[Operation[Any] | Pause, Any, T]
Feed: TypeAlias = Generator[Operation[Any] | Pause | Rows[Row], Any, None]
_Send: TypeAlias = Callable[[Operation[Any]], Any]
_SendAsync: TypeAlias = Callable[[Operation[Any]], Awaitable[Any]]
_Sleep: TypeAlias = Callable[[float], object]
_SleepAsync: TypeAlias = Callable[[float], Awaitable[object]]


def perform(steps: Procedure[T], send: _Send, sleep: _Sleep) -> T:
    """What the procedure returns."""
    try:
        step = next(steps)
        while True:
            try:
                answer = sleep(step.delay_s) if isinstance(step, Pause) else send(step)
            except Exception as failure:  # noqa: BLE001  The procedure decides what it means, and raises it again.
                step = steps.throw(failure)
            else:
                step = steps.send(answer)
    except StopIteration as finished:
        result: T = finished.value
        return result
    except BaseException:
        # What is given up is closed now, and not when its traceback is forgotten.
        steps.close()
        raise


async def perform_async(steps: Procedure[T], send: _SendAsync, sleep: _SleepAsync) -> T:
    """What the procedure returns."""
    try:
        step = next(steps)
        while True:
            try:
                answer = await (sleep(step.delay_s) if isinstance(step, Pause) else send(step))
            except Exception as failure:  # noqa: BLE001  The procedure decides what it means, and raises it again.
                step = steps.throw(failure)
            else:
                step = steps.send(answer)
    except StopIteration as finished:
        result: T = finished.value
        return result
    except BaseException:
        # What is given up is closed now, and not when its traceback is forgotten.
        steps.close()
        raise


def _to_rows(steps: Feed[Row]) -> Procedure[Sequence[Row] | None]:
    """The next rows of a feed, as a procedure; None at its end."""
    try:
        step = next(steps)
        while not isinstance(step, Rows):
            try:
                answer = yield step
            except Exception as failure:  # noqa: BLE001  The feed decides what it means, and raises it again.
                step = steps.throw(failure)
            else:
                step = steps.send(answer)
    except StopIteration:
        return None
    return step.rows


def each(steps: Feed[Row], send: _Send, sleep: _Sleep) -> Generator[Row, None, None]:
    """The rows of a feed. What is not asked for is not fetched."""
    try:
        while (rows := perform(_to_rows(steps), send, sleep)) is not None:
            yield from rows
    finally:
        steps.close()


async def each_async(steps: Feed[Row], send: _SendAsync, sleep: _SleepAsync) -> AsyncGenerator[Row, None]:
    """The rows of a feed. What is not asked for is not fetched."""
    try:
        while (rows := await perform_async(_to_rows(steps), send, sleep)) is not None:
            for row in rows:
                yield row
    finally:
        steps.close()
