"""Everything in a stretch of time, cut into requests of bounded size: fills, and candles. Oldest first."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from msgspec.structs import replace

from haversack.clock import Clock, now_ms
from haversack.errors import UsageError
from haversack.rest.paging import LIMIT_DEFAULT, Seen, at_offset, walk
from haversack.rest.parameters import whole_time
from haversack.rest.procedure import Feed, Rows
from haversack.rest.session import RestSession
from haversack.units import to_time_us
from haversack.wire.base import Operation
from haversack.wire.enums import KlineInterval, SortDirection
from haversack.wire.history import Fill, GetFillHistory
from haversack.wire.inputs import (
    AssetClassLike,
    FillTypeLike,
    KlineIntervalLike,
    KlinePriceTypeLike,
    MarketTypesLike,
    TimeMs,
    TimeS,
)
from haversack.wire.markets import GetKlines, Kline

CANDLES_PER_REQUEST = 900
"""The exchange answers about 1000 at most (observed 2025-06), and which of more it leaves out is not known."""
SETTLING_S = 2
"""A candle counts as finished this long after its end: its last trades may come late, and clocks differ."""
_MINUTE_S, _DAY_S = 60, 86_400
_RUNNING_S = 5 * _MINUTE_S
"""How far ahead of now a request reaches that may see running candles."""

_LENGTHS_S: Mapping[KlineInterval, int] = MappingProxyType(
    {
        KlineInterval.SECOND_1: 1,
        KlineInterval.MINUTE_1: _MINUTE_S,
        KlineInterval.MINUTE_3: 3 * _MINUTE_S,
        KlineInterval.MINUTE_5: 5 * _MINUTE_S,
        KlineInterval.MINUTE_15: 15 * _MINUTE_S,
        KlineInterval.MINUTE_30: 30 * _MINUTE_S,
        KlineInterval.HOUR_1: 60 * _MINUTE_S,
        KlineInterval.HOUR_2: 120 * _MINUTE_S,
        KlineInterval.HOUR_4: 240 * _MINUTE_S,
        KlineInterval.HOUR_6: 360 * _MINUTE_S,
        KlineInterval.HOUR_8: 480 * _MINUTE_S,
        KlineInterval.HOUR_12: 720 * _MINUTE_S,
        KlineInterval.DAY_1: _DAY_S,
        KlineInterval.DAY_3: 3 * _DAY_S,
        KlineInterval.WEEK_1: 7 * _DAY_S,
        KlineInterval.MONTH_1: 28 * _DAY_S,
    }
)
"""Of a month, the shortest: so a request never asks for too much."""


def fills_between(
    session: RestSession,
    from_ms: TimeMs,
    to_ms: TimeMs | None = None,
    *,
    window: timedelta = timedelta(days=1),
    order_id: str | None = None,
    strategy_id: str | None = None,
    symbol: str | None = None,
    fill_type: FillTypeLike | None = None,
    market_type: MarketTypesLike | None = None,
    asset_class: AssetClassLike | None = None,
    limit: int = LIMIT_DEFAULT,
) -> Feed[Fill]:
    """Your fills from `from_ms` on and before `to_ms` (now if not given), oldest first.

    Times are datetimes or milliseconds since 1970. The stretch is read window by window, so that no request has to skip many
    rows; while windows are empty, the next one is twice as long. `limit` is how many rows one request asks for, 100 to 1000.

    To go on where you stopped, give the time of the last fill that you have as `from_ms`. Fills of that very millisecond come
    again, because more may have happened in it: leave out those whose `symbol`, `trade_id` and `order_id` you know. Histories
    lag by seconds, so of the last seconds before now some may be missing; go back a minute more and none is.

    Each fill comes once, and none is missed that the history shows when its window is read.

    Source: GET /wapi/v1/history/fills (get_fills). Signed as fillHistoryQueryAll.
    """
    start_ms = at_or_after(from_ms, "from_ms", 1_000)
    end_ms = now_ms(session.server_clock) if to_ms is None else at_or_after(to_ms, "to_ms", 1_000)
    length_ms = window // timedelta(milliseconds=1)
    if start_ms > end_ms:
        raise UsageError(f"from_ms must not be after to_ms, found {start_ms} and {end_ms}")
    if length_ms < 1:
        raise UsageError(f"window must be a millisecond or more, found {window}")
    if not 1 <= limit <= LIMIT_DEFAULT:
        raise UsageError(f"limit must be 1 to {LIMIT_DEFAULT}, found {limit}")
    query = GetFillHistory(
        order_id=order_id,
        strategy_id=strategy_id,
        symbol=symbol,
        limit=limit,
        fill_type=fill_type,
        market_type=market_type,
        asset_class=asset_class,
        sort_direction=SortDirection.ASC,
    )
    return _windows(query, start_ms, end_ms, length_ms)


def _windows(query: GetFillHistory, start_ms: int, end_ms: int, shortest_ms: int) -> Feed[Fill]:
    length_ms = shortest_ms
    while start_ms < end_ms:
        stop_ms = min(start_ms + length_ms, end_ms)
        part = replace(query, from_ms=start_ms, to_ms=stop_ms)
        if length_ms > shortest_ms:
            # A long window is only looked into, so that offsets stay small where there is much.
            is_empty = not (yield replace(part, limit=1))
        else:
            seen = Seen[Fill]()
            yield from walk(partial(at_offset, part, query.limit or LIMIT_DEFAULT), seen)
            is_empty = seen.is_empty
        if is_empty or length_ms == shortest_ms:
            start_ms = stop_ms
        length_ms = 2 * length_ms if is_empty else shortest_ms


def each_kline(
    session: RestSession,
    symbol: str,
    *,
    interval: KlineIntervalLike,
    start_s: TimeS,
    end_s: TimeS | None = None,
    price_type: KlinePriceTypeLike | None = None,
    source: Literal["External"] | None = None,
    unfinished: bool = False,
) -> Feed[Kline]:
    """Candles of a market that begin at or after `start_s` and before `end_s` (now if not given), oldest first.

    Times are datetimes or seconds since 1970. No candle comes twice, and none is left out that the exchange has; candles
    without a trade come as it gives them. It ends with the last finished candle: the running one comes only if `unfinished`.
    To go on where you stopped, give the last candle's `end` as `start_s`.

    A request brings 900 candles, and the exchange answers 30 of them a minute: a year of minutes takes about 20 minutes.
    A client keeps to this pace by itself. Where nothing is known at the beginning, months and days are asked for to find out
    when it begins.

    Source: GET /api/v1/klines (get_klines). Public. Errors: INVALID_SYMBOL for an unknown symbol.
    """
    if interval not in _LENGTHS_S:
        raise UsageError(f"interval must be one of {', '.join(_LENGTHS_S)}, found {interval!r}")
    first_s = at_or_after(start_s, "start_s", 1)
    last_s = None if end_s is None else at_or_after(end_s, "end_s", 1)
    if last_s is not None and last_s < first_s:
        raise UsageError(f"start_s must not be after end_s, found {first_s} and {last_s}")
    query = GetKlines(symbol, interval=KlineInterval(interval), start_time_s=first_s, price_type=price_type, source=source)
    return _klines(query, first_s, partial(_horizon, session.server_clock, last_s, unfinished=unfinished), unfinished=unfinished)


def beyond_running_s(now_s: int) -> int:
    """The end of a range with the running candles in it; a range without an end goes to the last whole minute.

    Answers are cached by their address for up to three minutes (observed 2026-09). So an answer with a running candle in it must
    not have the address of one that is asked for when that candle has ended.
    """
    return _minute(now_s) + _RUNNING_S


class _Horizon(NamedTuple):
    """How far candles are wanted, at one moment."""

    end_s: int
    """Those that begin from here on are not wanted, or not there yet."""
    settled_s: int
    """Those that end after this are not finished."""


def _horizon(clock: Clock, last_s: int | None, *, unfinished: bool) -> _Horizon:
    now_s = clock.now_us() // 1_000_000
    settled_s = now_s - SETTLING_S
    end_s = beyond_running_s(now_s) if unfinished else _minute(settled_s)
    return _Horizon(end_s if last_s is None else min(end_s, last_s), settled_s)


def _klines(query: GetKlines, start_s: int, horizon: Callable[[], _Horizon], *, unfinished: bool) -> Feed[Kline]:
    length_s = _LENGTHS_S[KlineInterval(query.interval)]
    span_s = CANDLES_PER_REQUEST * length_s
    coarser = [interval for interval in (KlineInterval.MONTH_1, KlineInterval.DAY_1) if _LENGTHS_S[interval] > length_s]
    # Taken before each request: what has ended when it is answered may still have been running when it was made.
    while start_s < (until := horizon()).end_s:
        stop_s = min(start_s + span_s, until.end_s)
        found = yield from _between(query, start_s, stop_s)
        finished = [candle for candle in found if _seconds(candle.end) <= until.settled_s]
        wanted = found if unfinished else finished
        if wanted:
            yield Rows(wanted)
        if len(finished) < len(found):
            return
        if found:
            # Where the answer was cut short this is before `stop_s`, and the rest is asked for again.
            start_s, coarser = max(start_s + 1, _seconds(found[-1].end)), []
        elif coarser:
            start_s = yield from _beginning(query, coarser.pop(0), start_s, stop_s, end_s=until.end_s)
        else:
            start_s = stop_s


def _between(query: GetKlines, start_s: int, stop_s: int) -> Generator[Operation[Any], list[Kline], list[Kline]]:
    """Candles that begin in a stretch of time, oldest first, also if an answer holds only the last of them."""
    length_s = _LENGTHS_S[KlineInterval(query.interval)]
    found: list[Kline] = []
    end_s = stop_s
    while start_s < end_s:
        # The exchange cuts both times down to the minute, so it may answer a little more than was asked for.
        answer = yield replace(query, start_time_s=start_s, end_time_s=_whole_minute(end_s))
        earlier = [candle for candle in answer if start_s <= _seconds(candle.start) < end_s]
        if not earlier:
            break
        found = [*earlier, *found]
        end_s = _seconds(found[0].start)
        if end_s - length_s < start_s:
            break
    return found


def _beginning(
    query: GetKlines, interval: KlineInterval, start_s: int, empty_until_s: int, *, end_s: int
) -> Generator[Operation[Any], list[Kline], int]:
    """Where to go on if there is nothing from `start_s` to `empty_until_s`: where longer candles begin."""
    length_s = _LENGTHS_S[interval]
    # The candle that holds the start has begun before it; a month is at most three days longer than the shortest.
    from_s = max(0, start_s - length_s - 3 * _DAY_S)
    stop_s = min(_whole_minute(start_s) + CANDLES_PER_REQUEST * length_s, end_s)
    # All of them: an answer that holds only the last ones would make the beginning seem later than it is.
    longer = yield from _between(replace(query, interval=interval), from_s, stop_s)
    begun_s = [_seconds(candle.start) for candle in longer if _seconds(candle.end) > empty_until_s]
    # A week may begin in the month before, so the first one may begin before the first month.
    return max([empty_until_s, *[first_s - _LENGTHS_S[KlineInterval(query.interval)] for first_s in begun_s[:1]]])


def _minute(time_s: int) -> int:
    return time_s - time_s % _MINUTE_S


def _whole_minute(time_s: int) -> int:
    return _minute(time_s + _MINUTE_S - 1)


def _seconds(moment: datetime) -> int:
    return to_time_us(moment) // 1_000_000


def at_or_after(value: object, what: str, per_second: int) -> int:
    """The first whole unit that is not before the time."""
    if isinstance(value, datetime):
        return -(-to_time_us(value, what) * per_second // 1_000_000)
    return whole_time(value, what, per_second)
