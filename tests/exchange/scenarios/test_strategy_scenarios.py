"""Scheduled orders as stories: what is sent when, what becomes of it, and how a strategy ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from exchange.scenarios.strategy_table import PerpetualStrategyStage, StrategyStage
from exchange.scenarios.table import Scenario, scenarios
from exchange.scenarios.test_scenarios import play

FOLDER = Path(__file__).parent / "strategies"
SCENARIOS = scenarios(FOLDER)
OF_PERPETUALS = scenarios(FOLDER / "perpetual")


def test_every_file_is_read() -> None:
    assert len({scenario.title for scenario in SCENARIOS}) == len(SCENARIOS) >= 16
    assert len(OF_PERPETUALS) >= 4


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.title)
def test_scenario_of_a_strategy(scenario: Scenario) -> None:
    play(scenario, StrategyStage(scenario))


@pytest.mark.parametrize("scenario", OF_PERPETUALS, ids=lambda scenario: scenario.title)
def test_scenario_of_a_strategy_in_a_perpetual(scenario: Scenario) -> None:
    play(scenario, PerpetualStrategyStage(scenario))
