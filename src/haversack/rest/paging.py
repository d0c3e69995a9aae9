"""All rows of a list that is asked for by `limit` and `offset`, while the exchange adds rows to it.

    each_fill = listing(pages(GetFillHistory))

New rows push old ones to other offsets, wherever they are added: at the head of a list that is newest first, before the end of
one that is oldest first, or in the middle, because they were late. So each request asks again for the last rows of the one
before it. If they stand where they stood, all that follows is new. From the first request on in which they do not, a row is
new if an answer shows it more often than it was handed out, wherever it stands.

What is promised, as long as rows are added and not removed, and equal rows stand side by side:

- Every row that was there at the first request, from `offset` on, comes exactly once.
- No row comes twice. This needs no assumption: an answer has to show two equal rows before both are handed out, or else the
  rows around them must show that nothing moved.
- A row that was added meanwhile comes once if it was added behind the reading position, and otherwise once or not at all.
- Rows that trade places do no harm within `OVERLAP` rows, and neither do that many that vanish between two requests. Where
  none of the rows that were asked for again is there, the list has become shorter or the answer is an old copy: the reader
  goes back until it finds a row that it knows.
- If rows move, equal rows are all found where they are no more than the overlap in a row.

Every row that was handed out is remembered by a mark, some 150 bytes each.
"""

from __future__ import annotations

import inspect
import logging
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from hashlib import blake2b
from operator import attrgetter
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeAlias, TypeVar, cast, get_args, overload

import msgspec

from haversack.errors import ProtocolError, UsageError
from haversack.rest.procedure import Feed, Pause, Rows
from haversack.rest.session import RestSession
from haversack.rest.written import written_parameters
from haversack.wire.base import Operation, Page, answer_type

P = ParamSpec("P")
Row = TypeVar("Row")

OVERLAP = 50
"""Rows that are asked for again. One order that sweeps the book makes many rows of one millisecond, in no promised order."""
LIMIT_DEFAULT = 1000
LIMIT_MIN = 2 * OVERLAP
IDLE_MAX = 1000
"""Requests in a row that bring nothing new, until it is clear that the exchange repeats itself."""
MISSES_MAX = 10
"""How often a reader that lost its place goes back to find it again, before it brings a new row."""
_MISS_PAUSE_S = 1.0

_Ask: TypeAlias = Callable[[int], Operation[Any]]
"""From an offset to the operation that asks for the rows from there on."""

_log = logging.getLogger("haversack.rest")

_PROMISE = """\
One by one, all of them, in as many requests as it takes. `limit` is how many rows one request asks for: 1000 if not given,
never fewer than 100. `offset` is how many rows are passed over first.

Rows may be added meanwhile: each row that was there at the first request comes exactly once, and none comes twice.
`haversack.rest.paging` says what this rests on."""


class Memory(Protocol[Row]):
    """What a reader remembers of the rows that it has seen."""

    def knows(self, rows: Sequence[Row]) -> bool:
        """Whether one of them was there before."""
        ...

    def take(self, rows: Sequence[Row], *, overlap: int, total: int | None) -> list[Row]:
        """Those of an answer's rows that are new. The first `overlap` were asked for before."""
        ...


class Seen(Generic[Row]):
    """Remembers every row by what it says, or by the id that `by` names, for rows that change while they are read."""

    def __init__(self, by: str | None = None) -> None:
        self._id: Callable[[Row], Hashable] = (lambda _: None) if by is None else attrgetter(by)
        self._copies: Counter[Hashable] = Counter()
        self._last: list[Hashable] = []
        self._total: int | None = None
        self._nothing_moved = True

    @property
    def is_empty(self) -> bool:
        """Whether no row has come yet."""
        return not self._copies

    def knows(self, rows: Sequence[Row]) -> bool:
        return any(self._mark(row) in self._copies for row in rows)

    def take(self, rows: Sequence[Row], *, overlap: int, total: int | None) -> list[Row]:
        marks = [self._mark(row) for row in rows]
        self._nothing_moved = self._nothing_moved and self._stands_still(marks[:overlap], total)
        new = range(overlap, len(marks)) if self._nothing_moved else self._shown_more_often(marks)
        self._copies.update([marks[index] for index in new])
        self._last, self._total = marks[-OVERLAP:], total
        return [rows[index] for index in new]

    def _mark(self, row: Row) -> Hashable:
        row_id = self._id(row)
        return content_mark(row) if row_id is None else row_id

    def _stands_still(self, marks: list[Hashable], total: int | None) -> bool:
        if self.is_empty:
            return True
        if marks != self._last[len(self._last) - len(marks) :]:
            return False
        # In a run of equal rows each stands where another stood, so one must be there that has no equal.
        return (total is not None and total == self._total) or any(self._copies[mark] == 1 for mark in marks)

    def _shown_more_often(self, marks: list[Hashable]) -> list[int]:
        shown: Counter[Hashable] = Counter()
        new: list[int] = []
        for index, mark in enumerate(marks):
            shown[mark] += 1
            if shown[mark] > self._copies[mark]:
                new.append(index)
        return new


def content_mark(row: object) -> bytes:
    """Sixteen bytes that stand for all that a row says."""
    return blake2b(msgspec.json.encode(row), digest_size=16).digest()


def walk(ask: _Ask, memory: Memory[Row], *, first: int = 0) -> Feed[Row]:
    """The rows from offset `first` on, each of them once."""
    start, overlap, longest, idle, misses, back = first, 0, 0, 0, 0, 0
    while True:
        page: Sequence[Row] = yield ask(start)
        longest = max(longest, len(page))
        if start > first and overlap and not memory.knows(page[:overlap]):
            misses += 1
            _check(ask, misses <= MISSES_MAX, f"at offset {start} none of {overlap} rows is there that were before")
            # What answered may be a copy some seconds old, so it gets time, and is asked for another offset.
            yield Pause(_MISS_PAUSE_S)
            back = 2 * back or longest
            start = max(first, start - back)
            continue
        back = 0
        total: int | None = getattr(page, "total", None)
        new = memory.take(page, overlap=overlap, total=total)
        idle = 0 if new else idle + 1
        _check(ask, idle < IDLE_MAX, f"{idle} requests in a row, up to offset {start}, brought no new row")
        if new:
            misses = 0
            yield Rows(new)
        end = start + len(page)
        if end == total:
            return
        # Where no total is known, an answer that is shorter than others ends the list: if it brings nothing new, for certain.
        is_last = total is None and not new and len(page) < longest
        if is_last or len(page) <= overlap:
            if total is not None and end < total:
                _log.warning("%s ended at row %d, but was said to have %d", _name(ask), end, total)
            return
        # An answer may be shorter than was asked for without being the last, so what was received says where to go on.
        overlap = min(OVERLAP, longest // 2, len(page) - 1)
        start = end - overlap


def _check(ask: _Ask, is_fine: bool, reason: str) -> None:
    if not is_fine:
        raise ProtocolError(f"the rows of {_name(ask)}", reason, b"")


def _name(ask: _Ask) -> str:
    return type(ask(0)).__name__


@overload
def pages(
    operation: Callable[P, Operation[Page[Row]]], *, by: str | None = None
) -> Callable[Concatenate[RestSession, P], Feed[Row]]: ...
@overload
def pages(
    operation: Callable[P, Operation[list[Row]]], *, by: str | None = None
) -> Callable[Concatenate[RestSession, P], Feed[Row]]: ...
def pages(operation: Callable[..., Operation[Any]], *, by: str | None = None) -> Callable[..., Feed[Any]]:
    """The feed of all rows that an operation with `limit` and `offset` gives; this module says what it promises.

    `by` names the attribute that tells a row from others, such as `order_id`. It is needed where rows change while they are
    read, as orders do: without it, a changed row is another row.
    """
    names = getattr(operation, "__struct_fields__", ())
    if not {"limit", "offset"} <= set(names):
        raise TypeError(f"{operation!r} has no limit and offset: it answers everything at once")
    _check_id(operation, by)

    def steps(_session: RestSession, /, *args: Any, **kwargs: Any) -> Feed[Any]:
        asked = operation(*args, **kwargs)
        first, limit = _whole(asked, "offset", 0), _whole(asked, "limit", LIMIT_DEFAULT)
        if limit < 1:
            raise UsageError(f"limit must be 1 or more, found {limit}")
        return walk(partial(at_offset, asked, limit), Seen(by), first=first)

    session = inspect.Parameter("session", inspect.Parameter.POSITIONAL_ONLY, annotation="RestSession")
    name = getattr(operation, "__name__", "rows")
    steps.__signature__ = inspect.Signature([session, *written_parameters(operation)])  # type: ignore[attr-defined]
    steps.__name__ = steps.__qualname__ = f"pages_of_{name}"
    steps.__doc__ = f"{inspect.getdoc(operation)}\n\n{_PROMISE}"
    return steps


def _check_id(operation: Callable[..., Operation[Any]], by: str | None) -> None:
    row = get_args(answer_type(cast(type[Operation[Any]], operation)))[0]
    if by is not None and by not in row.__struct_fields__:
        raise TypeError(f"{row.__name__} has no {by}")


def _whole(operation: Operation[Any], name: str, default: int) -> int:
    value: object = getattr(operation, name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise UsageError(f"{name} must be an int, 0 or more, found {value!r}")
    return value


def at_offset(operation: Operation[Any], limit: int, offset: int) -> Operation[Any]:
    """The same question for the rows from an offset on; fewer than `LIMIT_MIN` are never asked for."""
    return msgspec.structs.replace(operation, limit=max(limit, LIMIT_MIN), offset=offset)
