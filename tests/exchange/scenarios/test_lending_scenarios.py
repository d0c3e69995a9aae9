"""Pools as stories: who lends and who owes, what an hour brings, and what becomes of debts that nothing secures any more."""

from __future__ import annotations

from pathlib import Path

import pytest

from exchange.scenarios.lending_table import LendingStage
from exchange.scenarios.table import Scenario, scenarios
from exchange.scenarios.test_scenarios import play

SCENARIOS = scenarios(Path(__file__).parent / "lending")


def test_every_file_is_read() -> None:
    assert len({scenario.title for scenario in SCENARIOS}) == len(SCENARIOS) >= 15


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.title)
def test_scenario_of_a_pool(scenario: Scenario) -> None:
    play(scenario, LendingStage(scenario))
