"""Days on which the stock exchanges of New York are closed, or close early: by the rules that they publish years ahead.

A closure that nobody could foresee, such as a day of mourning, is in no rule and not here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

MONDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = 0, 3, 4, 5, 6
DAY = timedelta(days=1)


class Closure(NamedTuple):
    """A stretch of one day, in New York, in which stocks are not traded."""

    day: date
    start_local: str
    end_local: str
    """First moment at which it is open again; 23:59:59 stands for the end of the day."""
    name: str


def closures(year: int) -> list[Closure]:
    """Those of one year, by day: the evening before, on which no night begins, the day itself, and shortened days."""
    early = dict(_early_closes(year))
    found = [Closure(day, "13:00:00", "23:59:59", f"{name} (early close)") for day, name in early.items()]
    for day, name in _holidays(year):
        # What closes early does not open again in the evening.
        if day - DAY not in early:
            found.append(Closure(day - DAY, "20:00:00", "23:59:59", f"{name.removesuffix(' Day')} eve (overnight close)"))
        found.append(Closure(day, "00:00:00", "20:00:00", name))
    return sorted(found)


def _holidays(year: int) -> Iterator[tuple[date, str]]:
    new_year = date(year, 1, 1)
    # On a Saturday it is not made up for: the year's last trading day stays one.
    if new_year.weekday() != SATURDAY:
        yield _observed(new_year), "New Year's Day"
    yield _nth(year, 1, MONDAY, 3), "Martin Luther King Jr. Day"
    yield _nth(year, 2, MONDAY, 3), "Washington's Birthday"
    yield _easter(year) - 2 * DAY, "Good Friday"
    yield _nth(year, 6, MONDAY, 1) - 7 * DAY, "Memorial Day"
    yield _observed(date(year, 6, 19)), "Juneteenth"
    yield _observed(date(year, 7, 4)), "Independence Day"
    yield _nth(year, 9, MONDAY, 1), "Labor Day"
    yield _nth(year, 11, THURSDAY, 4), "Thanksgiving Day"
    yield _observed(date(year, 12, 25)), "Christmas Day"


def _early_closes(year: int) -> Iterator[tuple[date, str]]:
    for eve, name in ((date(year, 7, 3), "Independence Day eve"), (date(year, 12, 24), "Christmas eve")):
        # On a Friday it is the holiday itself, observed, and on a weekend nothing.
        if eve.weekday() < FRIDAY:
            yield eve, name
    yield _nth(year, 11, THURSDAY, 4) + DAY, "Day after Thanksgiving"


def _observed(day: date) -> date:
    """On a Saturday the Friday before, on a Sunday the Monday after."""
    return day + {SATURDAY: -DAY, SUNDAY: DAY}.get(day.weekday(), timedelta())


def _nth(year: int, month: int, weekday: int, count: int) -> date:
    """The third Monday of a month, and the like."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (count - 1))


def _easter(year: int) -> date:
    """Sunday, by the Gregorian rule in the form that was printed anonymously in 1876."""
    century, rest = divmod(year, 100)
    golden = year % 19
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)
