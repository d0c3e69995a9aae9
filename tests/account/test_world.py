"""The whole view in a world of faults: every fill told once, no order called dead without the exchange's word.

One seed again: `python -m pytest "tests/account/test_world.py::test_truth_survives_every_fault[7]"`; more of them with
HAVERSACK_ACCOUNT_SEEDS.
"""

from __future__ import annotations

import os

import pytest

from account.world import World

SEEDS = int(os.environ.get("HAVERSACK_ACCOUNT_SEEDS", "100"))
STEPS = 300


def lived(seed: int) -> World:
    world = World(seed)
    for _ in range(STEPS):
        world.step()
    world.settle()
    return world


@pytest.mark.parametrize("seed", range(SEEDS))
def test_truth_survives_every_fault(seed: int) -> None:
    lived(seed)


def test_worlds_are_as_bad_as_they_are_meant_to_be() -> None:
    worlds = [lived(seed) for seed in range(10)]
    # A hundred such worlds make the two thousand reconnects that are promised.
    assert sum(world.reconnects for world in worlds) >= 200
    assert sum(world.crashes for world in worlds) >= 20
    assert sum(len(world.venue.fills) for world in worlds) >= 500
    assert sum(world.lost_frames for world in worlds) >= 100


def test_same_seed_gives_the_same_world() -> None:
    assert lived(3).file == lived(3).file
