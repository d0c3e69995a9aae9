"""A state taken out of one engine and put into another: the two cannot be told apart afterwards."""

from __future__ import annotations

import msgspec
import pytest

from exchange.engine.traffic import ASSETS, MARKETS, OPENINGS, START_US, Traffic
from haversack.exchange.engine.engine import Engine
from haversack.exchange.engine.state import EngineState

BEFORE, AFTER = 1_500, 500


def through_json(state: EngineState) -> EngineState:
    return msgspec.json.decode(msgspec.json.encode(state), type=EngineState)


@pytest.mark.parametrize("seed", range(20))
def test_engine_with_a_loaded_state_goes_on_like_the_one_that_it_was_taken_from(seed: int) -> None:
    live, traffic = Engine(ASSETS, MARKETS), Traffic(seed)
    for number in range(BEFORE):
        command = OPENINGS[number] if number < len(OPENINGS) else traffic.command()
        traffic.learn(live.apply(command, START_US + number * 700_000))
    other = Engine(ASSETS, MARKETS)
    other.load(through_json(live.dump()))
    assert other.state_hash() == live.state_hash()
    for number in range(BEFORE, BEFORE + AFTER):
        command = traffic.command()
        events = live.apply(command, START_US + number * 700_000)
        assert other.apply(command, START_US + number * 700_000) == events
        traffic.learn(events)
    assert other.state_hash() == live.state_hash()


def test_later_commands_change_nothing_about_a_state_that_was_taken() -> None:
    live, traffic = Engine(ASSETS, MARKETS), Traffic(1)
    for number in range(BEFORE):
        command = OPENINGS[number] if number < len(OPENINGS) else traffic.command()
        traffic.learn(live.apply(command, START_US + number))
    state, before = live.dump(), live.state_hash()
    written = msgspec.json.encode(state)
    first = Engine(ASSETS, MARKETS)
    first.load(state)
    for engine in (live, first):
        for number in range(AFTER):
            engine.apply(Traffic(number).command(), START_US + BEFORE + number)
    second = Engine(ASSETS, MARKETS)
    second.load(state)
    assert (second.state_hash(), msgspec.json.encode(state)) == (before, written)
