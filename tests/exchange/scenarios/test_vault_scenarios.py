"""Vaults as stories: what a deposit makes, what a token is worth, and what a redemption brings after its delay."""

from __future__ import annotations

from pathlib import Path

import pytest

from exchange.scenarios.table import Scenario, scenarios
from exchange.scenarios.test_scenarios import play
from exchange.scenarios.vault_table import VaultStage

SCENARIOS = scenarios(Path(__file__).parent / "vaults")


def test_every_file_is_read() -> None:
    assert len({scenario.title for scenario in SCENARIOS}) == len(SCENARIOS) >= 12


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.title)
def test_scenario_of_a_vault(scenario: Scenario) -> None:
    play(scenario, VaultStage(scenario))
