"""Each safeguard, switched off, is caught by its own test; `./dev prove safeguards` tries the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from safeguards.nursery import Nursery
from safeguards.table import SAFEGUARDS, Safeguard, broken

NODES = sorted({safeguard.test for safeguard in SAFEGUARDS})
AT_ONCE = 12


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


def test_every_safeguard_has_its_own_name_and_text() -> None:
    assert len({safeguard.name for safeguard in SAFEGUARDS}) == len(SAFEGUARDS)
    assert len({(safeguard.file, safeguard.text, safeguard.without) for safeguard in SAFEGUARDS}) == len(SAFEGUARDS)
    assert all(safeguard.text != safeguard.without for safeguard in SAFEGUARDS)


@pytest.mark.parametrize("safeguard", SAFEGUARDS, ids=lambda safeguard: safeguard.name)
def test_safeguard_that_is_switched_off_is_missed_by_its_test(safeguard: Safeguard, nursery: Nursery) -> None:
    wrong = broken(safeguard, nursery)
    assert wrong is None, wrong


@pytest.mark.parametrize("nodes", [NODES[first : first + AT_ONCE] for first in range(0, len(NODES), AT_ONCE)], ids=str)
def test_tests_of_safeguards_pass_where_all_is_in_place(nodes: list[str], nursery: Nursery) -> None:
    outcome = nursery.run(nodes)
    assert outcome.passed, outcome.output


def test_text_that_is_gone_is_an_error_of_the_table(nursery: Nursery) -> None:
    moved = SAFEGUARDS[0]._replace(text="a text that stands nowhere")
    assert "has moved" in (broken(moved, nursery) or "")


def test_change_that_no_test_notices_is_told(nursery: Nursery) -> None:
    harmless = SAFEGUARDS[0]._replace(without=SAFEGUARDS[0].text + "  # and a word more")
    assert "passes without it" in (broken(harmless, nursery) or "")


def test_change_that_is_no_python_is_no_failing_test(nursery: Nursery) -> None:
    nonsense = SAFEGUARDS[0]._replace(without="def def")
    assert "did not run" in (broken(nonsense, nursery) or "")
