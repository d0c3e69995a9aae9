"""`./dev prove`: what it runs, what it says, and that docs/proof.md names all of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from haversack.clock import ManualClock, SystemClock
from prove import command, run
from prove.found import Found, Violation, each
from prove.registry import HARNESSES, Harness, find, seeds_of

ROOT = Path(__file__).resolve().parents[2]
ROWS = {
    found[1]: found[0]
    for line in (ROOT / "docs/proof.md").read_text(encoding="utf-8").splitlines()
    if (found := re.match(r"\| (P\d+) \|.*", line))
}
OUTAGE = find(["outage"])[0]


def test_every_promise_has_a_row() -> None:
    assert list(ROWS) == [f"P{number}" for number in range(1, 20)]


def test_rows_name_the_commands_of_their_harnesses_and_no_others() -> None:
    for promise, row in ROWS.items():
        named = set(re.findall(r"`\./dev prove ([a-z]+)`", row))
        assert named == {harness.name for harness in HARNESSES if promise in harness.promises}, promise


def test_rows_name_files_that_are_there() -> None:
    for promise, row in ROWS.items():
        named = re.findall(r"`(tests/[^`]*)`", row)
        assert named or "not built yet" in row, promise
        assert [name for name in named if not (ROOT / name).exists()] == [], promise


@pytest.mark.parametrize("harness", HARNESSES, ids=lambda harness: harness.name)
def test_every_harness_can_be_found_and_tries_nothing_where_there_are_no_seeds(harness: Harness) -> None:
    assert find([harness.name]) == [harness]
    assert seeds_of(harness) > 0
    if harness.name != "trace":
        assert harness.prove()(range(0)) == Found(0)


def test_promise_means_all_its_harnesses_once() -> None:
    assert [harness.name for harness in find(["P4", "p5", "engine"])] == ["engine", "replay", "facilities"]
    assert find(["all"]) == list(HARNESSES)


def test_list_names_every_harness(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([], ManualClock()) == 0
    printed = capsys.readouterr().out
    assert all(f"\n{harness.name} " in printed for harness in HARNESSES)


def test_unknown_name_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["P99"], ManualClock()) == 2
    assert "no harness or promise 'P99'" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "seeds"), [("17", range(17, 18)), ("17..99", range(17, 100))])
def test_seeds_are_one_or_from_one_to_another(text: str, seeds: range) -> None:
    assert command.seeds_in(text) == seeds


def test_seeds_are_tried_in_processes_and_added_up() -> None:
    reached = run.run(OUTAGE._replace(chunk=1), range(3, 5), workers=2, clock=SystemClock())
    assert (reached.found, reached.seeds) == (Found(2), 2)


def test_nothing_is_begun_when_the_time_is_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["outage", "--minutes", "0"], ManualClock()) == 0
    assert "stopped at seed 0 of 10,000" in capsys.readouterr().out


def test_violation_is_told_with_the_line_that_replays_it() -> None:
    def attempt(seed: int) -> int:
        if seed == 4:
            raise AssertionError("the fourth is wrong")
        return 10

    found = each(range(3, 6), attempt)
    assert found == Found(21, (Violation(4, "the fourth is wrong"),))
    text = command.told(OUTAGE, run.Reached(found, 3, 0.5), range(3, 6))
    assert "./dev prove outage --seeds 4\n    the fourth is wrong" in text


def test_broken_promise_ends_the_command_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = run.Reached(Found(1, (Violation(3, "wrong"),)), 1, 0.5)
    monkeypatch.setattr(command, "run", lambda *_, **__: broken)
    assert command.main(["outage", "--seeds", "3"], ManualClock()) == 1


def test_harness_that_fails_itself_is_no_proof() -> None:
    unknown = OUTAGE._replace(name="nobody knows this one")
    reached = run.run(unknown, range(1), workers=1, clock=SystemClock())
    assert "StopIteration" in reached.found.violations[0].text
