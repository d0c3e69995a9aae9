"""What to ask the exchange, and when: after a connection is made, again when the histories have caught up, and from time to time.

A reading is a procedure (`rest/procedure.py`): it says what to ask next and is sent the answer. It first asks for the exchange's
time, since answers bear none. Nothing is concluded from a reading that fails half-way: an error is not evidence of anything.

    GetTime              the moment from which on all answers tell
    GetOpenOrders        what rests
    GetFillHistory       all fills since the floor of what is remembered, page by page
    GetOrderHistory      all orders made since then, newest first
    GetOrderHistory      by id: each order that counts as live and is in no list, or that only its fills tell of
    GetBalances, GetPositions

The last three lines may fail without harm to the others; what they left open is asked again soon.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec

from haversack.account.exact import is_sound
from haversack.errors import ApiError, HaversackError, NotFound, ProtocolError, TransportError
from haversack.rest.evidence import created_ms
from haversack.rest.paging import LIMIT_MIN, Seen, at_offset, walk
from haversack.rest.procedure import Feed, Procedure, Rows
from haversack.wire.base import Operation
from haversack.wire.capital import Balance, GetBalances
from haversack.wire.history import Fill, GetFillHistory, GetOrderHistory, PastOrder
from haversack.wire.orders import GetOpenOrders, Order
from haversack.wire.positions import GetPositions, Position
from haversack.wire.system import GetTime

Row = TypeVar("Row")
T = TypeVar("T")

HISTORY_LAG_MS = 15_000
"""How late histories may be. Seconds were observed in 2025-06; this leaves room."""
LOOKUPS_MAX = 200
"""How many orders one reading asks for by their ids; the next one asks for the others."""
ROWS_MAX = 1000


class Lists(msgspec.Struct, frozen=True, kw_only=True):
    """What a reading brought that was read in full."""

    asked_ms: int
    """The exchange's time before all that follows was asked for."""
    open_orders: list[Order]
    fills: list[Fill]
    past_orders: list[PastOrder]


class Failure(msgspec.Struct, frozen=True):
    """A question that was not answered, of those that the others do not need."""

    question: str
    error: HaversackError


def read_lists(since_ms: int | None) -> Procedure[Lists]:
    """Everything since a moment; since the exchange's present time if none is given."""
    asked_ms: int = yield GetTime()
    if since_ms is None:
        since_ms = asked_ms
    open_orders: list[Order] = yield GetOpenOrders()
    fills = yield from _all(_feed(GetFillHistory(from_ms=since_ms, sort_direction="Asc"), None))
    orders_since_ms = since_ms - HISTORY_LAG_MS
    newest_first = _feed(GetOrderHistory(sort_direction="Desc"), "order_id")
    past: list[PastOrder] = yield from _all(newest_first, until=partial(_are_older, orders_since_ms))
    _check([*open_orders, *fills, *past])
    return Lists(asked_ms=asked_ms, open_orders=open_orders, fills=fills, past_orders=past)


def _are_older(since_ms: int, rows: Sequence[PastOrder]) -> bool:
    # A late row may stand among older ones, so one old row does not end the reading; a whole page of them does.
    return all(created_ms(row) < since_ms for row in rows)


def read_order(order_id: str, symbol: str) -> Procedure[list[PastOrder]]:
    """What the history says of one order."""
    page: list[PastOrder] = yield GetOrderHistory(order_id=order_id, symbol=symbol)
    _check(page)
    return [row for row in page if row.order_id == order_id]


def read_balances() -> Procedure[dict[str, Balance]]:
    """All balances."""
    answer: dict[str, Balance] = yield GetBalances()
    _check(answer.values())
    return answer


def read_positions() -> Procedure[list[Position]]:
    """All open positions."""
    try:
        answer: list[Position] = yield GetPositions()
    except NotFound:
        # The documentation allows for it where there is none; an empty list is what was seen (observed 2025-06).
        return []
    _check(answer)
    return answer


def _check(said: Iterable[msgspec.Struct]) -> None:
    """Raises before anything is concluded: what is half merged when it fails could never be made whole again."""
    for each in said:
        if not is_sound(each):
            raise ProtocolError(
                "what was asked of the account", "a number that is none, or too long for one", repr(each).encode()
            )


def attempted(steps: Procedure[T], question: str, failures: list[Failure]) -> Procedure[T | None]:
    """What a procedure returns; None, and a note of it, if it failed."""
    try:
        return (yield from steps)
    except (TransportError, ApiError, ProtocolError) as error:
        failures.append(Failure(question, error))
        return None


def _feed(operation: Operation[Any], by: str | None) -> Feed[Any]:
    return walk(partial(at_offset, operation, ROWS_MAX if by is None else LIMIT_MIN), Seen(by))


def _all(feed: Feed[Row], until: Callable[[Sequence[Row]], bool] | None = None) -> Procedure[list[Row]]:
    """All rows of a feed, or those up to and with the first page that ends it."""
    rows: list[Row] = []
    try:
        step = next(feed)
        while True:
            if isinstance(step, Rows):
                rows += step.rows
                if until is not None and until(step.rows):
                    return rows
                step = feed.send(None)
                continue
            try:
                answer = yield step
            except Exception as failure:  # noqa: BLE001  The feed decides what it means, and raises it again.
                step = feed.throw(failure)
            else:
                step = feed.send(answer)
    except StopIteration:
        return rows


class Rhythm(msgspec.Struct, frozen=True, kw_only=True):
    """When to read."""

    period_us: int = 60_000_000
    """While all seems well: a frame that was lost without a sign is found after this time, and the lag of the history."""
    confirm_us: int = (HISTORY_LAG_MS + 1_000) * 1_000
    """After an interruption a second reading, when the histories must have caught up."""
    recheck_us: int = 2_000_000
    """While something is open: an order that is in no list, a balance that two sources differ about."""
    retry_us: int = 1_000_000
    """After a reading that failed, and twice as long after each further one."""
    retry_us_max: int = 30_000_000


class Schedule:
    """When the next reading is due. It is told what happens, and the time."""

    def __init__(self, rhythm: Rhythm | None = None) -> None:
        self._rhythm = rhythm or Rhythm()
        self._due_us: int | None = None
        self._confirm_us: int | None = None
        self._failures = 0
        self._rechecks = 0

    @property
    def due_us(self) -> int | None:
        """When to read next, by the monotonic clock; None before the first connection."""
        times_us = [time_us for time_us in (self._due_us, self._confirm_us) if time_us is not None]
        return min(times_us, default=None)

    def interrupted(self, now_us: int) -> None:
        """A connection was made, or something was missed: read at once, and once more when the histories have caught up."""
        self._due_us = now_us
        self._confirm_us = now_us + self._rhythm.confirm_us
        self._failures = self._rechecks = 0

    def hurry(self, now_us: int) -> None:
        """Something is open: read soon."""
        soon_us = now_us + self._rhythm.recheck_us
        self._due_us = soon_us if self._due_us is None else min(self._due_us, soon_us)

    def began(self, now_us: int) -> None:
        """A reading begins."""
        self._due_us = None
        if self._confirm_us is not None and self._confirm_us <= now_us:
            self._confirm_us = None

    def failed(self, now_us: int) -> None:
        """A reading failed; it is made again."""
        wait_us = min(self._rhythm.retry_us * 2 ** min(self._failures, 20), self._rhythm.retry_us_max)
        self._failures += 1
        self._due_us = self._sooner(now_us + wait_us)

    def ended(self, now_us: int, *, is_settled: bool) -> None:
        """A reading ended. Where it left something open, the next ones come soon, and then more and more rarely."""
        self._failures = 0
        self._rechecks = 0 if is_settled else self._rechecks + 1
        pause_us = self._rhythm.recheck_us * 2 ** min(self._rechecks - 1, 20) if self._rechecks else self._rhythm.period_us
        self._due_us = self._sooner(now_us + min(pause_us, self._rhythm.period_us))

    def _sooner(self, time_us: int) -> int:
        return time_us if self._due_us is None else min(self._due_us, time_us)
