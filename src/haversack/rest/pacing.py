"""When the next request may leave: the exchange's rate limits, kept exactly, by everybody who shares a key.

    granted_us = pacer.take(lane, clock.monotonic_us)      # None: not yet, so queue for it
    turn = pacer.queue(lane, clock.monotonic_us)
    wait_us = pacer.ask(turn, clock.monotonic_us)          # 0: granted; else come back after so long
    pacer.leave(turn)                                      # in any case

No clock and no sleep. The time is read under the lock, so that a thread that is held up cannot enter a moment that is long past.

A grant is entered when it is made, never ahead of it: who sleeps too long takes no more than the present allows. Nobody waits
for a sleeper either: whoever comes back may go as long as a place is left for each who came before. Those who do not come
back in time are passed by, and are the first again when they do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from functools import cache
from math import inf
from threading import Lock
from typing import Any, NamedTuple, TypeAlias
from weakref import WeakValueDictionary

import msgspec

from haversack.clock import Clock, SystemClock
from haversack.errors import LocalRateLimit, UsageError
from haversack.rest.http import HttpResponse
from haversack.rest.request import Attempt
from haversack.rest.turns import LONG_AGO_US, Lane, Line, Turn, Window
from haversack.wire.base import Operation

ReadTime: TypeAlias = Callable[[], int]
"""Reads a monotonic clock, in microseconds."""

_MINUTE_US = 60_000_000
# A waiter looks again at least so often, because those before it may have given up.
_NAP_US = 1_000_000
_STANDSTILL_MAX = 1_000
_RETRIES_FULL = 100
_RETRY_COST = 10
# Accounts whose last minute is remembered when they have no client any more; some 20 kB each.
_LATEST_MAX = 100


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How many requests may leave in any minute (documented 2026: per subaccount), and how long a call waits for its turn."""

    requests_per_minute: int | None = 2_000
    """None: no limit."""
    historical_per_minute: int | None = 30
    """Those of them that may ask for k-lines or for historical trades. None: no limit of their own."""
    kept_for_cancels: int = 100
    """So many of a minute's requests are left to cancels alone."""
    margin_ms: int = 1_000
    """So much longer than a minute is each minute: requests that left a minute apart may arrive closer together."""
    wait_s_max: float | None = None
    """A call that would have to wait longer raises LocalRateLimit instead. None: it waits as long as it takes."""
    first_hold_s: float = 1.0
    """For so long nothing is sent after a 429 that names no time; doubles as long as 429s go on."""
    hold_s_max: float = 300.0
    """The longest pause after a 429, also where the exchange asks for a longer one."""

    def __post_init__(self) -> None:
        for name in ("requests_per_minute", "historical_per_minute"):
            number = getattr(self, name)
            if number is not None and (type(number) is not int or number < 1):
                raise UsageError(f"{name} must be a whole number of 1 or more, or None for no limit, found {number!r}")
        most = self.requests_per_minute
        if self.kept_for_cancels < 0 or (most is not None and self.kept_for_cancels >= most):
            raise UsageError(
                f"kept_for_cancels must be 0 or more and less than requests_per_minute, found {self.kept_for_cancels}"
            )
        if self.margin_ms < 0 or not 0 < self.first_hold_s <= self.hold_s_max < inf or (self.wait_s_max or 0) < 0:
            raise UsageError(f"margins and waits must not be negative, nor the first hold longer than the longest: {self}")


# A member of an enum is found slowly, and every request asks for one.
_ORDINARY, _HISTORICAL, _CANCEL = Lane


@cache
def lane_of(kind: type[Operation[Any]]) -> Lane:
    """Cancels wait behind nothing but cancels; historical market data has a limit of its own."""
    if kind.is_cancel:
        return Lane.CANCEL
    return Lane.HISTORICAL if kind.is_historical else Lane.ORDINARY


class Pacer:
    """One budget of requests, for everybody who shares it. Safe to share between threads and tasks."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        span_us = _MINUTE_US + self.limits.margin_ms * 1_000
        most, historical = self.limits.requests_per_minute, self.limits.historical_per_minute
        self._all = Window(most, span_us) if most is not None else None
        self._historical = Window(historical, span_us) if historical is not None else None
        self._kept = self.limits.kept_for_cancels
        self._lock = Lock()
        self._lines = {lane: Line() for lane in Lane}
        self._given_up: deque[Turn] = deque()
        self._waiting = 0
        self._next_number = 0
        self._held_until_us = LONG_AGO_US
        self._strikes = 0
        self._retries = _RETRIES_FULL
        self._timeline: object = None

    def bind(self, clock: Clock) -> None:
        """Refuse a clock whose time has nothing to do with that of the clocks before it: moments must be of one timeline."""
        timeline = _timeline(clock)
        with self._lock:
            if self._timeline is None:
                self._timeline = timeline
            elif self._timeline is not timeline:
                raise UsageError(
                    "a pacer cannot be shared by clients on different clocks: leave `pacer` away, or give both one clock"
                )

    def take(self, lane: Lane, read_us: ReadTime) -> int | None:
        """Now, if a request may leave now; None if it must queue."""
        with self._lock:
            now_us = read_us()
            if self._waiting or lane is _HISTORICAL:
                if self._due_us(lane, now_us, self._next_number) > now_us:
                    return None
                self._enter(lane, now_us)
            elif now_us < self._held_until_us or not (
                self._all is None or self._all.enter_if_free(now_us, 0 if lane is _CANCEL else self._kept)
            ):
                return None
            return now_us

    def queue(self, lane: Lane, read_us: ReadTime) -> Turn:
        """A place at the end of a lane's line. It must be left again."""
        with self._lock:
            turn = Turn(lane, self._next_number, read_us())
            self._next_number += 1
            self._lines[lane].enter(turn)
            self._waiting += 1
            return turn

    def ask(self, turn: Turn, read_us: ReadTime) -> int:
        """0 if the request may leave now, which is entered; else how many microseconds later to ask again."""
        with self._lock:
            now_us = turn.again_us = read_us()
            line = self._lines[turn.lane]
            self._waiting += line.enter(turn)
            due_us = self._due_us(turn.lane, now_us, turn.number)
            if due_us <= now_us:
                self._enter(turn.lane, now_us)
                line.leave(turn)
                self._waiting -= 1
                turn.is_over = True
                return 0
            wait_s_max = self.limits.wait_s_max
            if wait_s_max is not None and due_us - turn.since_us > wait_s_max * 1_000_000:
                raise LocalRateLimit((due_us - now_us) / 1_000_000, wait_s_max)
            turn.again_us = max(self._held_until_us, min(due_us, now_us + _NAP_US))
            return turn.again_us - now_us

    def leave(self, turn: Turn) -> None:
        """Give up a place; nothing if its request may leave."""
        # Without the lock: a call that was dropped is closed by the garbage collector, which may run in this very thread while
        # it holds the lock. Who asks next takes the place out of the line.
        if not turn.is_over:
            self._given_up.append(turn)

    def _tidy(self, now_us: int) -> None:
        """Take those out of the lines who gave up, and those who are late."""
        while self._given_up:
            turn = self._given_up.popleft()
            self._lines[turn.lane].leave(turn)
        for line in self._lines.values():
            line.pass_by(now_us)
        self._waiting = sum(map(len, self._lines.values()))

    def _due_us(self, lane: Lane, now_us: int, number: int) -> int:
        """When one who came as that number may go, as far as can be told; exact if that is now."""
        ordinary = historical = ahead = 0
        if self._waiting:
            self._tidy(now_us)
            ordinary = self._lines[_ORDINARY].before(number)
            historical = self._lines[_HISTORICAL].before(number)
            ahead = self._lines[_CANCEL].before(number)
        due_us = self._held_until_us
        kept = self._kept
        if lane is _CANCEL:
            kept = 0
        elif lane is _HISTORICAL:
            ahead = ordinary
            if self._historical is not None:
                due_us = max(due_us, self._historical.free_us(now_us, 0, historical))
            else:
                ahead += historical
        else:
            ahead = ordinary
            # The first who waits for historical data has a claim to the next place, unless it waits for its own limit.
            if historical and (self._historical is None or self._historical.free_us(now_us) <= now_us):
                ahead += 1
        return due_us if self._all is None else max(due_us, self._all.free_us(now_us, kept, ahead))

    def _enter(self, lane: Lane, now_us: int) -> None:
        if self._all is not None:
            self._all.enter(now_us)
        if lane is _HISTORICAL and self._historical is not None:
            self._historical.enter(now_us)

    def answered(self, granted_us: int) -> None:
        """A request that left then was answered, and not by a 429."""
        if self._retries == _RETRIES_FULL and not self._strikes:
            return
        with self._lock:
            self._retries = min(_RETRIES_FULL, self._retries + 1)
            if granted_us >= self._held_until_us:
                self._strikes = 0

    def refused(self, granted_us: int, now_us: int, *, asked_s: float | None, share: float) -> float:
        """A request that left then was answered by a 429: hold everybody. The answer is for how many seconds.

        `asked_s` is the exchange's own wish. Without one the pause doubles with each 429 to a request that left after the
        pause before; `share`, 0 to 1, is left to chance, so that several processes do not come back in step.
        """
        with self._lock:
            if granted_us >= self._held_until_us:
                self._strikes += 1
            longest_s = self.limits.hold_s_max
            # Beyond 2 ** 30 every bound is reached.
            guess_s = self.limits.first_hold_s * 2.0 ** min(30, max(0, self._strikes - 1)) * (0.5 + 0.5 * share)
            hold_s = min(longest_s, guess_s if asked_s is None else asked_s)
            self._held_until_us = max(self._held_until_us, now_us + round(hold_s * 1_000_000))
            return (self._held_until_us - now_us) / 1_000_000

    def take_retry(self) -> bool:
        """Whether a read may be repeated: 10 may in a row, and each request that is answered makes up for a tenth of one.

        In an outage, when every read fails, so little is repeated that the exchange is not kept down by it.
        """
        with self._lock:
            if self._retries < _RETRY_COST:
                return False
            self._retries -= _RETRY_COST
            return True


def turn_steps(pacer: Pacer, lane: Lane, read_us: ReadTime) -> Generator[Attempt, HttpResponse | None, int]:
    """The waits until a request may leave, as steps of a flow; the answer is the moment. For when `take` said no."""
    turn = pacer.queue(lane, read_us)
    asked_us, standstill = turn.since_us, 0
    try:
        while wait_us := pacer.ask(turn, read_us):
            # Whole milliseconds, because a clock that is moved by hand may be moved by no less.
            yield Attempt(None, -(-wait_us // 1_000) / 1_000)
            before_us, asked_us = asked_us, read_us()
            standstill = standstill + 1 if asked_us == before_us else 0
            if standstill == _STANDSTILL_MAX:
                raise UsageError("the clock stands still while a call waits for its turn: let `sleep` move it")
        return turn.again_us
    finally:
        pacer.leave(turn)


def _timeline(clock: Clock) -> object:
    # All system clocks of a process tell one time; any other clock only its own.
    return SystemClock if type(clock) is SystemClock else clock


class _Account(NamedTuple):
    """Whom the exchange counts requests against: a key, or without one the machine, at one address."""

    url: str
    public_key: str | None


class _Pacers:
    """The pacers in use, and the latest others: a client that is made for each request must not begin a new minute each time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._by_account: WeakValueDictionary[_Account, Pacer] = WeakValueDictionary()
        self._latest: dict[_Account, Pacer] = {}

    def get(self, account: _Account, limits: Limits | None) -> Pacer:
        with self._lock:
            pacer = self._latest.pop(account, None) or self._by_account.get(account)
            if pacer is not None and limits not in (None, pacer.limits):
                # Unless it is in use: from here on only its clients hold it.
                pacer = None
                if (other := self._by_account.get(account)) is not None:
                    raise UsageError(
                        f"all clients of a process share one budget for {account.url} and a key: "
                        f"it has {other.limits}, so it cannot have {limits}"
                    )
            if pacer is None:
                pacer = self._by_account[account] = Pacer(limits)
            self._latest[account] = pacer
            if len(self._latest) > _LATEST_MAX:
                del self._latest[next(iter(self._latest))]
            return pacer


@cache
def _pacers_of_process() -> _Pacers:
    # State of the whole process, on purpose: the exchange counts by key, so two clients with the same key must share a count,
    # and cannot know of each other in any other way.
    return _Pacers()


def shared_pacer(url: str, public_key: str | None, limits: Limits | None = None, *, clock: Clock) -> Pacer:
    """The pacer that all clients of this process share for one exchange and key (None: no key, one for the machine).

    `limits` of None are those that it has already, or the documented ones; others than it has are a UsageError. A client on any
    other clock than the machine's gets a pacer of its own: its moments mean nothing to others.
    """
    if _timeline(clock) is not SystemClock:
        return Pacer(limits)
    return _pacers_of_process().get(_Account(url, public_key), limits)
