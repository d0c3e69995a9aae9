"""A state taken out of one engine and put into another: the two cannot be told apart afterwards."""

from __future__ import annotations

import random

import msgspec
import pytest

from exchange.engine.traffic import OPENINGS, START_US, Traffic, new_engine
from haversack.exchange.engine.state import EngineState

BEFORE, AFTER = 1_500, 500


def through_json(state: EngineState) -> EngineState:
    return msgspec.json.decode(msgspec.json.encode(state), type=EngineState)


@pytest.mark.parametrize("seed", range(20))
def test_engine_with_a_loaded_state_goes_on_like_the_one_that_it_was_taken_from(seed: int) -> None:
    live, traffic = new_engine(), Traffic(seed)
    taken_at = random.Random(seed).randrange(len(OPENINGS), 2 * BEFORE)
    for number in range(3 * BEFORE):
        # Every other state is one in which somebody is being liquidated, if that comes.
        if number >= taken_at and (seed % 2 or any(map(live.is_liquidating, live.accounts))):
            break
        command = OPENINGS[number] if number < len(OPENINGS) else traffic.command()
        traffic.learn(live.apply(command, traffic.now_us))
    other = new_engine()
    other.load(through_json(live.dump()))
    assert other.state_hash() == live.state_hash()
    for _ in range(AFTER):
        command = traffic.command()
        events = live.apply(command, traffic.now_us)
        assert other.apply(command, traffic.now_us) == events
        traffic.learn(events)
    assert other.state_hash() == live.state_hash()


def test_later_commands_change_nothing_about_a_state_that_was_taken() -> None:
    live, traffic = new_engine(), Traffic(1)
    for number in range(BEFORE):
        command = OPENINGS[number] if number < len(OPENINGS) else traffic.command()
        traffic.learn(live.apply(command, START_US + number))
    state, before = live.dump(), live.state_hash()
    written = msgspec.json.encode(state)
    first = new_engine()
    first.load(state)
    for engine in (live, first):
        for number in range(AFTER):
            engine.apply(Traffic(number).command(), START_US + BEFORE + number)
    second = new_engine()
    second.load(state)
    assert (second.state_hash(), msgspec.json.encode(state)) == (before, written)
