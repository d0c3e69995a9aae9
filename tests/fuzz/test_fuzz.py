"""No bytes make a decoder do anything but decode, or refuse in our own words, within a second and 256 MB."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from fuzz.groups import GROUPS, Case
from fuzz.mutations import MUTATIONS, mutated
from fuzz.run import BYTES_MAX, INPUTS_PER_SEED, fuzz, fuzz_here
from haversack.clock import seeded_random

# A thousand inputs each; a listing takes so long to read that there are few.
SEEDS = {"frames": 50, "depth": 50, "answers": 50, "requests": 50, "memory": 50, "journal": 10, "files": 1}
SLICES = {"answers": 2, "requests": 2, "memory": 2}

PARTS = [
    (group, range(number * count // slices, (number + 1) * count // slices))
    for group, count in SEEDS.items()
    for slices in [SLICES.get(group, 1)]
    for number in range(slices)
]


def test_every_group_is_fuzzed() -> None:
    assert SEEDS.keys() == GROUPS.keys()


@pytest.mark.parametrize(("group", "seeds"), PARTS, ids=str)
def test_damaged_bytes_are_refused_in_our_own_words(group: str, seeds: range) -> None:
    found = fuzz(group, seeds)
    replay = [f"./dev prove {group} --seeds {broken.seed}: {broken.text}" for broken in found.violations]
    assert not replay, "\n".join(replay[:5])
    assert found.tries == len(seeds) * INPUTS_PER_SEED


@pytest.mark.parametrize("group", GROUPS)
async def test_what_is_not_damaged_is_read(group: str) -> None:
    dice = seeded_random(1)
    for case in GROUPS[group](dice):
        assert case.corpus
        for content in case.corpus:
            case.attempt(content, dice)


def test_every_mutation_changes_something() -> None:
    content = b'{"symbol":"SOL_USDC","price":"20.01","side":null}'
    for mutation in MUTATIONS:
        dice = seeded_random(7)
        assert any(mutation(content, [content, b"[1,2]"], dice) != content for _ in range(20)), mutation.__name__


def test_same_dice_make_the_same_bytes() -> None:
    corpus = [b'{"a":1}', b'{"b":[2]}']
    first, second = ([mutated(corpus, dice) for _ in range(500)] for dice in (seeded_random(3), seeded_random(3)))
    assert first == second


async def test_error_that_is_not_ours_is_told_with_its_input(monkeypatch: pytest.MonkeyPatch) -> None:
    def attempt(content: bytes, _: random.Random) -> None:
        content.decode()

    monkeypatch.setitem(GROUPS, "frames", lambda _: [Case("naive", [b'{"price":"20.01"}'], attempt)])
    found = await fuzz_here("frames", range(3, 4))
    assert found.tries == INPUTS_PER_SEED
    assert {broken.seed for broken in found.violations} == {3}
    assert "for naive: UnicodeDecodeError" in found.violations[0].text


GREEDY = f"""
from fuzz import run
from fuzz.groups import GROUPS, Case
GROUPS["greedy"] = lambda _: [Case("greedy", [b"x"], lambda *_: bytes({2 * BYTES_MAX}) and None)]
run.INPUTS_PER_SEED = 2
run.main()
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux tells a process how much memory it holds")
def test_decoder_that_takes_too_much_memory_is_told() -> None:
    command = [sys.executable, "-c", GREEDY, "greedy", "0", "1"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    assert "MemoryError" in done.stdout
