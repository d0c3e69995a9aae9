"""Reading a list that grows while it is read: all that was there, and nothing twice."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haversack.client.endpoint import Group
from haversack.client.several import listing
from haversack.clock import ManualClock
from haversack.errors import ProtocolError, UsageError
from haversack.rest.paging import IDLE_MAX, MISSES_MAX, OVERLAP, pages
from haversack.rest.procedure import Feed, each, each_async
from haversack.rest.session import RestSession
from haversack.wire.base import Answer, Operation, Page
from haversack.wire.history import GetFillHistory, GetOrderHistory

SESSION = RestSession(None, ManualClock())


class Line(Answer, frozen=True, kw_only=True):
    """A row that says what it says."""

    word: str
    status: str = ""


class GetLines(Operation[Page[Line]], frozen=True, kw_only=True):
    """Lines of a history.

    Source: GET /lines.
    """

    method, path = "GET", "/lines"

    symbol: str | None = None
    limit: int | None = None
    offset: int | None = None


class GetLinesPlainly(Operation[list[Line]], frozen=True, kw_only=True):
    """The same without a total.

    Source: GET /plain.
    """

    method, path = "GET", "/plain"

    limit: int | None = None
    offset: int | None = None


Change = Callable[["History"], object]


class History:
    """A list of words on a server. Before each request but the first, the next change happens to it."""

    def __init__(self, words: Sequence[str], changes: Sequence[Change] = (), *, cap: int = 1000, says_total: bool = True) -> None:
        self.words = list(words)
        self._changes = iter(changes)
        self._cap = cap
        self._says_total = says_total
        self.asked: list[tuple[int, int]] = []
        self.waits_s: list[float] = []
        self.place = 0

    def send(self, operation: Any) -> Page[Line]:
        if self.asked:
            next(self._changes, nothing)(self)
        self.asked.append((operation.offset, operation.limit))
        end = operation.offset + min(operation.limit, self._cap)
        self.place = min(end, len(self.words))
        page = Page(Line(word=word) for word in self.words[operation.offset : end])
        page.total = len(self.words) if self._says_total else None
        return page

    def read(self, **parameters: Any) -> list[str]:
        steps = pages(GetLines)(SESSION, **parameters)
        return [line.word for line in each(steps, self.send, self.waits_s.append)]

    def insert(self, place: int, words: Sequence[str]) -> None:
        self.words[place:place] = words


def words(count: int, prefix: str = "old") -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]


def arrives(place: Callable[[History], int], new: Sequence[str]) -> Change:
    return lambda history: history.insert(place(history), new)


def removes(count: int) -> Change:
    def change(history: History) -> None:
        del history.words[:count]

    return change


def nothing(_: History) -> None:
    pass


@st.composite
def changes(draw: st.DrawFn) -> list[Change]:
    """Rows that come between requests: at the head, around the reading position, anywhere, at the end; also many at once."""
    made: list[Change] = []
    for number in range(draw(st.integers(0, 8))):
        new = words(draw(st.sampled_from([0, 1, 1, 2, 3, 7, 30])), f"new{number}.")
        where = draw(st.sampled_from(["head", "place", "anywhere", "end"]))
        step = draw(st.integers(-12, 12))
        share = draw(st.integers(0, 100))
        made.append(arrives(_placed(where, step, share), new))
    return made


def _placed(where: str, step: int, share: int) -> Callable[[History], int]:
    def place(history: History) -> int:
        count = len(history.words)
        found = {"head": 0, "place": history.place + step, "anywhere": count * share // 100, "end": count}[where]
        return min(max(0, found), count)

    return place


@settings(max_examples=600)
@given(st.integers(0, 90), st.integers(1, 14), st.booleans(), st.integers(0, 20), changes())
def test_every_row_that_was_there_comes_once_and_none_twice(
    count: int, cap: int, says_total: bool, offset: int, happening: list[Change]
) -> None:
    history = History(words(count), happening, cap=cap, says_total=says_total)
    got = Counter(history.read(offset=offset))
    assert [word for word in words(count)[offset:] if got[word] != 1] == []
    assert [word for word in got if got[word] > 1] == []
    assert set(got) <= set(history.words)


@settings(max_examples=400)
@given(st.lists(st.integers(1, 4), max_size=25), st.integers(8, 14), st.booleans(), st.data())
def test_equal_rows_all_come_and_not_more_of_them_than_there_are(
    runs: list[int], cap: int, says_total: bool, data: st.DataObject
) -> None:
    before = [f"old{number}" for number, length in enumerate(runs) for _ in range(length)]
    happening = [_run_at(data.draw(st.integers(0, 100)), number, data.draw(st.integers(1, 20))) for number in range(6)]
    history = History(before, happening, cap=cap, says_total=says_total)
    got, first, last = Counter(history.read()), Counter(before), Counter(history.words)
    assert [word for word in first if got[word] < first[word]] == []
    assert [word for word in got if got[word] > last[word]] == []


def _run_at(share: int, number: int, length: int) -> Change:
    """Rows, equal or not, that do not stand between equal ones."""

    def change(history: History) -> None:
        place = len(history.words) * share // 100
        while 0 < place < len(history.words) and history.words[place] == history.words[place - 1]:
            place -= 1
        new = words(length, f"new{number}.")
        history.insert(place, [new[0]] * 3 + new[1:])

    return change


@given(st.lists(st.sampled_from("ab"), max_size=80), st.integers(1, 14))
def test_where_nothing_moves_every_row_comes_in_order_however_equal(rows: list[str], cap: int) -> None:
    assert History(rows, cap=cap).read() == rows


@given(st.lists(st.integers(1, 4), max_size=25), st.integers(8, 14))
def test_without_a_total_neighbours_tell_that_nothing_moved(runs: list[int], cap: int) -> None:
    rows = [f"old{number}" for number, length in enumerate(runs) for _ in range(length)]
    assert History(rows, cap=cap, says_total=False).read() == rows


def test_a_run_of_equal_rows_that_moves_is_not_taken_for_new_rows() -> None:
    rows = [*words(10), *["equal"] * 200, *words(10, "older")]
    arrival = arrives(lambda _: 0, words(7, "new"))
    for says_total in (True, False):
        got = Counter(History(rows, [arrival], says_total=says_total).read(limit=100))
        assert got["equal"] <= 200
        assert {got[word] for word in words(10, "older")} == {1}


def test_rows_that_came_meanwhile_may_be_more_than_a_request_brings() -> None:
    burst = arrives(lambda _: 0, words(450, "new"))
    history = History(words(300), [burst], says_total=False)
    got = history.read(limit=100)
    assert [word for word in got if word.startswith("old")] == words(300)
    assert Counter(got) == Counter(history.words)


def test_late_row_behind_the_reading_position_comes_in_its_place() -> None:
    history = History(words(300), [arrives(lambda _: 200, ["late"])])
    assert history.read(limit=100) == [*words(200), "late", *words(300)[200:]]


def test_late_row_among_those_that_are_asked_for_again_comes() -> None:
    history = History(words(300), [arrives(lambda _: 90, ["late"])])
    assert sorted(history.read(limit=100)) == sorted([*words(300), "late"])


def test_rows_that_trade_places_around_the_reading_position_come_once() -> None:
    def trade_places(history: History) -> None:
        history.words[80:120] = reversed(history.words[80:120])

    assert Counter(History(words(300), [trade_places]).read(limit=100)) == Counter(words(300))


def test_list_that_grows_with_every_request_ends_without_a_total() -> None:
    growing = [arrives(lambda _: 0, [f"new{number}"]) for number in range(500)]
    history = History(words(300), growing, says_total=False)
    assert history.read(limit=100) == words(300)
    assert len(history.asked) < 10


@pytest.mark.parametrize("removed", [1, OVERLAP - 1, OVERLAP, 3 * OVERLAP])
def test_list_that_became_shorter_is_read_to_its_end(removed: int) -> None:
    history = History(words(1000), [nothing, nothing, removes(removed)])
    assert history.read(limit=100) == words(1000)


def test_answer_from_an_old_copy_leaves_no_hole() -> None:
    # One answer is from before the first rows came, so it begins too far back in the list.
    history = History(words(1000), [nothing, removes(120), arrives(lambda _: 0, words(120))])
    assert history.read(limit=100) == words(1000)
    assert history.waits_s == [1.0]


@pytest.mark.parametrize("says_total", [True, False])
def test_list_that_vanished_ends(says_total: bool) -> None:
    history = History(words(1000), [nothing, removes(1000)], says_total=says_total)
    assert history.read(limit=100) == words(150)
    assert len(history.asked) < 10


def test_reader_that_never_finds_its_place_says_so() -> None:
    with pytest.raises(ProtocolError, match="the rows of GetLines: at offset 100 none of 50 rows is there that were before"):
        Placeless().read()


class Placeless:
    """Shows known rows at every place but one, so that going back finds them and going on does not."""

    def __init__(self) -> None:
        self._history = History(words(150))

    def send(self, operation: Any) -> Page[Line]:
        page = self._history.send(operation)
        if operation.offset >= 100:
            page = Page(Line(word=word) for word in words(100, "strange"))
        page.total = 1000
        return page

    def read(self) -> list[Line]:
        return list(each(pages(GetLines)(SESSION, limit=100), self.send, lambda _: None))


def test_exchange_that_serves_the_same_rows_at_every_offset_is_found_out() -> None:
    asked: list[int] = []

    def send(operation: Any) -> Page[Line]:
        asked.append(operation.offset)
        return Page(Line(word=word) for word in words(100))

    with pytest.raises(ProtocolError, match="brought no new row"):
        list(each(pages(GetLines)(SESSION), send, lambda _: None))
    assert len(asked) == IDLE_MAX + 1


def test_total_that_promises_more_than_comes_is_told_and_ends(caplog: pytest.LogCaptureFixture) -> None:
    history = History(words(120))

    def send(operation: Any) -> Page[Line]:
        page = history.send(operation)
        page.total = 500
        return page

    assert len(list(each(pages(GetLines)(SESSION, limit=100), send, lambda _: None))) == 120
    assert "GetLines ended at row 120, but was said to have 500" in caplog.text


def test_a_total_ends_the_reading_without_another_request() -> None:
    history = History(words(1950))
    assert len(history.read()) == 1950
    assert history.asked == [(0, 1000), (950, 1000)]


def test_an_empty_history_is_one_request() -> None:
    for says_total in (True, False):
        history = History([], says_total=says_total)
        assert history.read() == []
        assert len(history.asked) == 1


def test_a_request_asks_for_no_fewer_rows_than_it_needs_to_find_its_place() -> None:
    history = History(words(30))
    assert history.read(limit=1) == words(30)
    assert history.asked == [(0, 2 * OVERLAP)]


def test_place_may_be_lost_and_found_again_any_number_of_times() -> None:
    old_copy: list[Change] = [removes(120), arrives(lambda _: 0, words(120))]
    copies = [*[nothing] * 4, *old_copy] * 40
    history = History(words(5000), copies, says_total=False)
    assert history.read(limit=100) == words(5000)
    assert len(history.waits_s) > MISSES_MAX


def test_answers_that_are_shorter_than_asked_for_are_not_the_end() -> None:
    assert History(words(777), cap=100, says_total=False).read() == words(777)


def test_plain_list_is_read_like_a_page() -> None:
    history = History(words(260), says_total=False)
    lines = each(pages(GetLinesPlainly)(SESSION, limit=100), lambda step: list(history.send(step)), lambda _: None)
    assert [line.word for line in lines] == words(260)


def test_nothing_is_asked_for_before_it_is_wanted() -> None:
    history = History(words(500))
    lines = each(pages(GetLines)(SESSION, limit=100), history.send, lambda _: None)
    assert history.asked == []
    for _ in range(100):
        next(lines)
    assert len(history.asked) == 1


def test_rows_that_change_are_told_apart_by_their_id() -> None:
    def read(by: str | None) -> list[Line]:
        rows = [Line(word=word, status="New") for word in words(100)]
        asked: list[int] = []

        def send(operation: Any) -> Page[Line]:
            nonlocal rows
            if asked:
                rows = [Line(word="new"), *[msgspec.structs.replace(row, status="Filled") for row in rows]]
            asked.append(operation.offset)
            return Page(rows[operation.offset : operation.offset + operation.limit])

        return list(each(pages(GetLines, by=by)(SESSION, limit=100), send, lambda _: None))

    assert len(read("word")) == 100
    assert len(read(None)) > 100


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": -1}, {"limit": "5"}, {"offset": -1}, {"offset": True}])
def test_wrong_numbers_are_refused_before_anything_is_asked_for(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        pages(GetLines)(SESSION, **wrong)


def test_operation_without_an_offset_cannot_be_paged() -> None:
    class GetAll(Operation[list[Line]], frozen=True, kw_only=True):
        method, path = "GET", "/all"

    with pytest.raises(TypeError, match="no limit and offset"):
        pages(GetAll)


def test_an_id_must_be_one_of_the_rows_own() -> None:
    with pytest.raises(TypeError, match="PastOrder has no order_ids"):
        pages(GetOrderHistory, by="order_ids")


class Lines(Group[Any]):
    """A group with one listing."""

    each_line = listing(pages(GetLines))
    each_fill = listing(pages(GetFillHistory))
    each_order = listing(pages(GetOrderHistory, by="order_id"))


class OneClient:
    """As much of a client as a listing needs."""

    session = SESSION

    def __init__(self, history: History) -> None:
        self._history = history

    def each(self, steps: Feed[Any]) -> Iterator[Any]:
        return each(steps, self._history.send, lambda _: None)

    async def send(self, operation: Any) -> Any:
        return self._history.send(operation)

    async def sleep(self, delay_s: float) -> None:
        pass


def test_listing_is_a_method_with_the_operations_parameters_and_words() -> None:
    lines = Lines(OneClient(History(words(130))))
    assert [line.word for line in lines.each_line(limit=100)] == words(130)
    assert list(inspect.signature(lines.each_line).parameters) == ["symbol", "limit", "offset"]
    assert inspect.signature(lines.each_fill).parameters["from_ms"].annotation == "TimeMs | None"
    told = inspect.getdoc(lines.each_fill) or ""
    assert told.startswith("Your fills, newest first unless asked otherwise.")
    assert "`limit` is how many rows one request asks for" in told


async def test_the_same_feed_runs_in_an_event_loop() -> None:
    client = OneClient(History(words(230), [arrives(lambda _: 0, words(7, "new"))]))
    feed = each_async(pages(GetLines)(SESSION, limit=100), client.send, client.sleep)
    assert [line.word async for line in feed] == words(230)
