"""The rules of trading as stories: balances and orders, then fills, book and balances. The tables stand in the files beside."""

from __future__ import annotations

from pathlib import Path

import pytest

from exchange.scenarios.table import HEADS, Scenario, Stage, scenarios

SCENARIOS = scenarios(Path(__file__).parent)


def test_every_file_is_read() -> None:
    titles = [scenario.title for scenario in SCENARIOS]
    assert len(titles) == len(set(titles)) >= 20


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.title)
def test_scenario(scenario: Scenario) -> None:
    stage = Stage(scenario)
    told = [[*row[:3], stage.do(*row[:3])] for row in scenario.blocks["time"][1:]]
    assert told == scenario.blocks["time"][1:]
    seen = [head for head in HEADS[2:] if head in scenario.blocks]
    assert seen, "nothing is looked at in the end"
    for head in seen:
        assert list(stage.seen(head)) == scenario.blocks[head][1:], head
