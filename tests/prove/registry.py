"""Every harness that `./dev prove` runs. A new one is one line here, and its name in docs/proof.md."""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple, cast

from prove.found import Prove


class Harness(NamedTuple):
    """One way of trying to break promises."""

    name: str
    promises: tuple[str, ...]
    """Numbers of the goals in docs/proof.md."""
    run: str
    """`module:function`, a `Prove`."""
    unit: str
    """What a try is."""
    seeds: int
    """The deep size."""
    chunk: int
    """Seeds that one process tries at a time, for half a minute at most."""
    seconds: float
    """That one seed takes on one core, measured; for the estimate."""

    def prove(self) -> Prove:
        """The function that tries."""
        module, _, function = self.run.partition(":")
        return cast(Prove, getattr(import_module(module), function))


_P8 = ("P8",)
HARNESSES = (
    Harness("world", ("P1", "P2", "P3", "P11"), "prove.joined:world", "worlds", 100_000, 50, 0.25),
    Harness("cuts", ("P3",), "prove.joined:cuts", "cut connections", 1_000, 1, 5.0),
    Harness("storms", ("P11",), "prove.joined:storms", "storms on sockets", 1_000, 1, 5.0),
    Harness("floods", ("P13",), "prove.joined:floods", "floods of a minute", 60, 1, 60.0),
    Harness("day", ("P14",), "prove.day:simulated", "simulated hours", 20, 1, 330.0),
    Harness("cancelled", ("P15",), "prove.joined:cancelled", "cancellations", 13, 1, 6.0),
    Harness("engine", ("P4", "P5"), "prove.exchange:engine", "commands", 20_000, 1, 15.0),
    Harness("replay", ("P5",), "prove.exchange:replay", "commands", 5_000, 10, 1.0),
    Harness("facilities", ("P5",), "prove.exchange:facilities", "commands", 5_000, 10, 2.5),
    Harness("power", ("P6",), "prove.exchange:power", "images of a disk", 50_000, 200, 0.04),
    Harness("kill", ("P7",), "prove.exchange:kill", "kills", 1_000, 20, 0.4),
    Harness("contract", ("P9",), "prove.contract:contract", "requests", 130, 1, 13.0),
    Harness("authentication", ("P10",), "prove.exchange:authentication", "requests", 1_000, 10, 0.7),
    Harness("trace", ("P16",), "prove.exchange:trace", "runs", 1_000, 20, 1.0),
    Harness("outage", ("P12",), "prove.joined:outage", "outages", 10_000, 200, 0.03),
    Harness("frames", _P8, "prove.joined:frames", "inputs", 10_000, 100, 0.07),
    Harness("depth", _P8, "prove.joined:depth", "inputs", 10_000, 100, 0.07),
    Harness("answers", _P8, "prove.joined:answers", "inputs", 10_000, 100, 0.13),
    Harness("requests", _P8, "prove.joined:requests", "inputs", 10_000, 100, 0.09),
    Harness("memory", _P8, "prove.joined:memory", "inputs", 10_000, 100, 0.11),
    Harness("journal", _P8, "prove.joined:journal", "inputs", 10_000, 100, 0.06),
    Harness("files", _P8, "prove.joined:files", "inputs", 1_000, 5, 6.0),
    Harness("safeguards", ("P17",), "prove.joined:safeguards", "safeguards switched off", 0, 10, 0.7),
)


def find(words: list[str]) -> list[Harness]:
    """The harnesses that are meant: by name, by the number of a promise, or `all`. KeyError names a word that means none."""
    found: dict[str, Harness] = {}
    for word in words:
        meant = [each for each in HARNESSES if word in ("all", each.name) or word.upper() in each.promises]
        if not meant:
            raise KeyError(word)
        found |= {each.name: each for each in meant}
    return list(found.values())


def seeds_of(harness: Harness) -> int:
    """The deep size; of the safeguards it is their number."""
    if harness.seeds:
        return harness.seeds
    from safeguards.table import SAFEGUARDS

    return len(SAFEGUARDS)
