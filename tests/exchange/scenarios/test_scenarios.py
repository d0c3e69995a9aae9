"""The rules of trading as stories: balances and orders, then fills, book and balances. The tables stand in the files beside."""

from __future__ import annotations

from pathlib import Path

import pytest

from exchange.scenarios.perpetual_table import PerpetualStage
from exchange.scenarios.prediction_table import PredictionStage
from exchange.scenarios.rfq_table import RfqStage
from exchange.scenarios.table import HEADS, Scenario, Stage, scenarios

FOLDER = Path(__file__).parent
SCENARIOS = scenarios(FOLDER)
OF_PERPETUALS = scenarios(FOLDER / "perpetual")
OF_RFQS = scenarios(FOLDER / "rfq")
OF_PREDICTIONS = scenarios(FOLDER / "predictions")


def test_every_file_is_read() -> None:
    titles = [scenario.title for scenario in SCENARIOS]
    assert len(titles) == len(set(titles)) >= 20
    assert len({scenario.title for scenario in OF_PERPETUALS}) == len(OF_PERPETUALS) >= 7
    assert len({scenario.title for scenario in OF_RFQS}) == len(OF_RFQS) >= 11
    assert len({scenario.title for scenario in OF_PREDICTIONS}) == len(OF_PREDICTIONS) >= 6


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.title)
def test_scenario(scenario: Scenario) -> None:
    play(scenario, Stage(scenario))


@pytest.mark.parametrize("scenario", OF_PERPETUALS, ids=lambda scenario: scenario.title)
def test_scenario_of_a_perpetual(scenario: Scenario) -> None:
    play(scenario, PerpetualStage(scenario))


@pytest.mark.parametrize("scenario", OF_RFQS, ids=lambda scenario: scenario.title)
def test_scenario_of_requests_for_quotes(scenario: Scenario) -> None:
    play(scenario, RfqStage(scenario))


@pytest.mark.parametrize("scenario", OF_PREDICTIONS, ids=lambda scenario: scenario.title)
def test_scenario_of_a_prediction_market(scenario: Scenario) -> None:
    play(scenario, PredictionStage(scenario))


def play(scenario: Scenario, stage: Stage) -> None:
    told = [[*row[:3], stage.do(*row[:3])] for row in scenario.blocks["time"][1:]]
    assert told == scenario.blocks["time"][1:]
    seen = [head for head in HEADS[2:] if head in scenario.blocks]
    assert seen, "nothing is looked at in the end"
    for head in seen:
        assert list(stage.seen(head)) == scenario.blocks[head][1:], head
