"""The days on which New York trades no stocks, against the calendars that were published for 2026 and 2027."""

from __future__ import annotations

from datetime import date

import pytest

from haversack.exchange.holidays import closures

DAYS = {
    2025: ["01-01", "01-20", "02-17", "04-18", "05-26", "06-19", "07-04", "09-01", "11-27", "12-25"],
    2026: ["01-01", "01-19", "02-16", "04-03", "05-25", "06-19", "07-03", "09-07", "11-26", "12-25"],
    2027: ["01-01", "01-18", "02-15", "03-26", "05-31", "06-18", "07-05", "09-06", "11-25", "12-24"],
    2028: ["01-17", "02-21", "04-14", "05-29", "06-19", "07-04", "09-04", "11-23", "12-25"],
}
EARLY = {
    2025: ["07-03", "11-28", "12-24"],
    2026: ["11-27", "12-24"],
    2027: ["11-26"],
    2028: ["07-03", "11-24"],
}


@pytest.mark.parametrize("year", DAYS)
def test_closed_days_are_those_of_the_published_calendar(year: int) -> None:
    whole = [closure.day for closure in closures(year) if closure.start_local == "00:00:00"]
    assert [f"{day:%m-%d}" for day in whole] == DAYS[year]
    assert {day.year for day in whole} == {year}


@pytest.mark.parametrize("year", EARLY)
def test_days_that_end_at_one_are_those_of_the_published_calendar(year: int) -> None:
    assert [f"{each.day:%m-%d}" for each in closures(year) if each.start_local == "13:00:00"] == EARLY[year]


def test_thanksgiving_is_told_in_the_rows_that_were_seen() -> None:
    november = [closure for closure in closures(2026) if closure.day.month == 11]
    assert november == [
        (date(2026, 11, 25), "20:00:00", "23:59:59", "Thanksgiving eve (overnight close)"),
        (date(2026, 11, 26), "00:00:00", "20:00:00", "Thanksgiving Day"),
        (date(2026, 11, 27), "13:00:00", "23:59:59", "Day after Thanksgiving (early close)"),
    ]


def test_no_night_begins_before_a_holiday() -> None:
    for year in range(2000, 2100):
        rows = closures(year)
        assert rows == sorted(rows)
        for closure in rows:
            if closure.start_local == "00:00:00":
                assert closure.day.weekday() < 5
                eve = [each for each in rows if (closure.day - each.day).days == 1]
                assert closure.day.month == 1 or [each.end_local for each in eve] == ["23:59:59"]
