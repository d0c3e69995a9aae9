"""docs/coverage.md says what is so: made from the routes, the streams, the data file and the rows of docs/differences.md."""

from __future__ import annotations

import re

import pytest

import coverage_page
from haversack.exchange.api.dispatch import ROUTES
from haversack.exchange.listing import Listing
from haversack.streams.names import DEPTH_WINDOWS, DOCUMENTED_KINDS
from haversack.wire.catalogue import OPERATIONS
from haversack.wire.frames import kind_of

DATA = coverage_page.load()
KNOWN = coverage_page.rows()
CONCERNED = [*DATA.operations.items(), *DATA.streams.items()]


def test_page_is_current() -> None:
    written = coverage_page.PAGE.read_text(encoding="utf-8") if coverage_page.PAGE.exists() else ""
    if written != coverage_page.page():
        pytest.fail(f"docs/coverage.md is not current: {coverage_page.COMMAND}", pytrace=False)


def test_every_operation_has_one_row_and_the_counts_are_theirs() -> None:
    page = coverage_page.page()
    for kind in OPERATIONS:
        assert page.count(f"| `{kind.method} {kind.path}` |") == 1
    told = re.search(r"^(\d+) operations: (\d+) served, (\d+) in part, (\d+) not\.$", page, re.MULTILINE)
    assert told is not None
    every, whole, part, none = map(int, told.groups())
    assert (every, whole + part, none) == (len(OPERATIONS), len(ROUTES), len(OPERATIONS) - len(ROUTES))
    assert page.count("| in part: ") == part + sum(bool(each.part) for each in DATA.streams.values())


def test_data_speaks_of_operations_that_are_served() -> None:
    names = {kind.__name__ for kind in ROUTES}
    assert [name for name in DATA.operations if name not in names] == []


def test_every_documented_stream_is_on_the_page() -> None:
    assert {kind_of(said.example) for said in DATA.streams.values()} == DOCUMENTED_KINDS
    assert all(said.example.startswith(re.split("[.<]", name)[0]) for name, said in DATA.streams.items())
    assert any(window in said.example for window in DEPTH_WINDOWS for said in DATA.streams.values())


@pytest.mark.parametrize(
    ("name", "answer"),
    [("trade.<symbol>", "yes"), ("liquidation", "yes"), ("account.rfqUpdate", "yes"), ("stockPrice.<ticker>", "no")],
)
def test_stream_that_is_silent_is_not_served(name: str, answer: str) -> None:
    assert coverage_page.stream_served(DATA.streams[name], Listing.load()) == answer


def test_every_difference_is_named_where_it_concerns_something() -> None:
    named = {*DATA.everywhere, *[topic for _, said in CONCERNED for topic in said.differences]}
    assert (sorted(named - KNOWN.keys()), sorted(KNOWN.keys() - named)) == ([], [])


def test_links_lead_to_headings() -> None:
    headings = re.findall(r"^## (.*)$", coverage_page.DIFFERENCES.read_text(encoding="utf-8"), re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    assert set(re.findall(r"differences\.md#([^)]*)\)", coverage_page.page())) <= anchors


def test_row_brings_its_evidence() -> None:
    assert KNOWN["fee in a received base asset"].link() == (
        "[fee in a received base asset](differences.md#money) (recorded, unknown)"
    )
