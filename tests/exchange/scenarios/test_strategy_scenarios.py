"""Scheduled orders as stories: what is sent when, what becomes of it, and how a strategy ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from exchange.scenarios.strategy_table import StrategyStage
from exchange.scenarios.table import Scenario, scenarios
from exchange.scenarios.test_scenarios import play

SCENARIOS = scenarios(Path(__file__).parent / "strategies")


def test_every_file_is_read() -> None:
    assert len({scenario.title for scenario in SCENARIOS}) == len(SCENARIOS) >= 16


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.title)
def test_scenario_of_a_strategy(scenario: Scenario) -> None:
    play(scenario, StrategyStage(scenario))
