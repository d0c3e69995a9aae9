"""Trades of a market, from now back into the past, while new ones happen.

What `/trades/history` answers may come from a cache, so one answer may be some seconds older than the one before it.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import partial
from typing import Any

from haversack.errors import UsageError
from haversack.rest.paging import LIMIT_DEFAULT, LIMIT_MIN, at_offset, content_mark, walk
from haversack.rest.procedure import Feed, Rows
from haversack.rest.ranges import at_or_after
from haversack.rest.session import RestSession
from haversack.wire.base import Operation
from haversack.wire.inputs import TimeMs
from haversack.wire.trades import GetHistoricalTrades, Trade

LATE_MS = 60_000
"""Trades are remembered for as long: one that is newer than the oldest by more was there before, or came meanwhile."""
_JUMP_MARGIN = 1000


def each_trade(
    session: RestSession,
    symbol: str,
    *,
    since_ms: TimeMs | None = None,
    after_id: int | None = None,
    before_id: int | None = None,
    limit: int = LIMIT_DEFAULT,
) -> Feed[Trade]:
    """Trades of a market, newest first, from now back to a time or to a trade.

    `since_ms`: no trade from before this, a datetime or milliseconds since 1970. `after_id`: none whose id is not above this.
    Without both it goes back to the first trade that the exchange has.

    `before_id`: only what stands behind this trade. Give the id of the last trade that you got to go on where you stopped;
    ids count up, so the place is found in a few requests and not by reading all trades since.
    To follow a market, give the highest id that you got as `after_id`.

    A trade comes once, and none is missed that was there at the first request; what happens meanwhile is left out. A trade
    that the exchange shows more than a minute late may be missed. `limit` is how many trades one request asks for, 100 to
    1000. The exchange answers 30 of these requests a minute, so a million trades take more than half an hour; a client keeps
    to this pace by itself.

    Source: GET /api/v1/trades/history (get_historical_trades). Public.
    """
    if not 1 <= limit <= LIMIT_DEFAULT:
        raise UsageError(f"limit must be 1 to {LIMIT_DEFAULT}, found {limit}")
    oldest_ms = None if since_ms is None else at_or_after(since_ms, "since_ms", 1_000)
    return _each_trade(GetHistoricalTrades(symbol), limit, _Span(oldest_ms, after_id, before_id))


class RecentTrades:
    """Remembers the trades of the oldest minute that was reached, and when the newest of all happened."""

    def __init__(self) -> None:
        self._seen_ms: dict[object, int] = {}
        self._newest_ms = 0
        self._oldest_ms: int | None = None

    def __len__(self) -> int:
        return len(self._seen_ms)

    def knows(self, rows: Sequence[Trade]) -> bool:
        """Whether one of them was there before, or happened after what was there."""
        return any(self._is_passed(row) for row in rows)

    def take(self, rows: Sequence[Trade], *, overlap: int, total: int | None) -> list[Trade]:
        """Those of an answer's rows that are new."""
        new: list[Trade] = []
        for row in rows:
            if not self._is_passed(row):
                self._seen_ms[_key(row)] = row.timestamp_ms
                new.append(row)
        if new:
            times_ms = [row.timestamp_ms for row in new]
            if self._oldest_ms is None:
                self._newest_ms, self._oldest_ms = max(times_ms), min(times_ms)
            self._oldest_ms = min(self._oldest_ms, *times_ms)
            kept_ms = self._oldest_ms + LATE_MS
            self._seen_ms = {key: time_ms for key, time_ms in self._seen_ms.items() if time_ms <= kept_ms}
        return new

    def _is_passed(self, row: Trade) -> bool:
        if _key(row) in self._seen_ms:
            return True
        return self._oldest_ms is not None and row.timestamp_ms > min(self._newest_ms, self._oldest_ms + LATE_MS)


def _key(row: Trade) -> object:
    return content_mark(row) if row.trade_id is None else row.trade_id


class _Span:
    """The part of a market's trades that is wanted, and whether it lies behind us."""

    def __init__(self, oldest_ms: int | None, after_id: int | None, before_id: int | None) -> None:
        self._oldest_ms = oldest_ms
        self._after_id = after_id
        self._reached_ms: int | None = None
        self._before_id = before_id
        self._held: list[Trade] = []
        self.is_over = False

    @property
    def before_id(self) -> int | None:
        """The trade behind which it begins, until that has been found."""
        return self._before_id

    def of(self, rows: Sequence[Trade]) -> list[Trade]:
        """Those of the rows that belong to it, as far as is known by now."""
        wanted: list[Trade] = []
        for row in rows:
            wanted += [trade for trade in self._begun(row) if self._is_wanted(trade)]
        return wanted

    def rest(self) -> list[Trade]:
        """What was held back until more was known, when nothing more comes."""
        return [row for row in self._held if self._is_wanted(row)]

    def _begun(self, row: Trade) -> list[Trade]:
        """The trades that are known now to stand behind `before_id`."""
        if self._before_id is None:
            return [row]
        if row.trade_id == self._before_id:
            self._before_id, self._held = None, []
            return []
        if self._held and row.timestamp_ms < self._held[0].timestamp_ms:
            # A millisecond has passed in which it had to stand: it is not there, so smaller ids are what stands behind it.
            begun, self._before_id, self._held = [*self._held, row], None, []
            return begun
        if row.trade_id is not None and row.trade_id < self._before_id:
            self._held.append(row)
        return []

    def _is_wanted(self, row: Trade) -> bool:
        ends_ms = max(self._oldest_ms or 0, self._reached_ms or 0)
        if self.is_over or row.timestamp_ms < ends_ms:
            self.is_over = True
            return False
        if self._after_id is None or row.trade_id is None or row.trade_id > self._after_id:
            return True
        # Ids are not in order inside one millisecond, so its end is waited for.
        self._reached_ms = row.timestamp_ms
        return False


def _each_trade(query: GetHistoricalTrades, limit: int, span: _Span) -> Feed[Trade]:
    first = 0 if span.before_id is None else (yield from _place(query, span.before_id))
    steps = walk(partial(at_offset, query, limit), RecentTrades(), first=first)
    try:
        step = next(steps)
        while not span.is_over:
            if isinstance(step, Rows):
                wanted = span.of(step.rows)
                if wanted:
                    yield Rows(wanted)
                step = next(steps)
            else:
                step = steps.send((yield step))
    except StopIteration:
        rest = span.rest()
        if rest:
            yield Rows(rest)


def _place(query: GetHistoricalTrades, trade_id: int) -> Generator[Operation[Any], list[Trade], int]:
    """An offset before the trade with this id, found by counting ids; too far is halved, so 32 requests are the most."""
    newest = yield at_offset(query, LIMIT_MIN, 0)
    if not newest or newest[0].trade_id is None:
        return 0
    offset = max(0, min(newest[0].trade_id - trade_id - _JUMP_MARGIN, 2**32 - 1))
    while offset > 0:
        rows = yield at_offset(query, LIMIT_MIN, offset)
        if rows and all(row.trade_id is not None and row.trade_id > trade_id for row in rows):
            return offset
        offset //= 2
    return 0
