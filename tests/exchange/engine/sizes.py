"""How much the random tests try: `quick` in every run, `deep` when HAVERSACK_DEPTH asks for it."""

from __future__ import annotations

import os
from typing import NamedTuple


class Sizes(NamedTuple):
    """Random runs against the slow reference, and runs of the engine alone."""

    seeds: int
    commands: int
    """Per seed."""
    examples: int
    """Of Hypothesis, which makes small ones."""
    traces: int
    """Seeds that are run again in other processes, by the engine alone."""
    trace_commands: int


SIZES = {
    "quick": Sizes(seeds=14, commands=2_500, examples=100, traces=20, trace_commands=1_000),
    "deep": Sizes(seeds=20_000, commands=5_000, examples=20_000, traces=1_000, trace_commands=1_000),
}[os.environ.get("HAVERSACK_DEPTH", "quick")]
