"""The words of `./dev prove`, and what it prints."""

from __future__ import annotations

import argparse
import os
import sys

from haversack.clock import Clock
from prove.registry import HARNESSES, Harness, find, seeds_of
from prove.run import SHOWN_MAX, Reached, replay, run

QUICK_SHARE = 100
"""The quick size is a hundredth of the deep one."""


def seeds_in(text: str) -> range:
    """`17` is that seed alone, `17..99` all from the one to the other."""
    first, _, last = text.partition("..")
    return range(int(first), int(last or first) + 1)


def arguments_in(words: list[str]) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="./dev prove", description="Try to break the promises of docs/proof.md.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="harnesses, or promises such as P4, or all; without: a list")
    parser.add_argument("--size", choices=("quick", "deep"), default="deep", help="how many seeds; deep if not said")
    parser.add_argument("--seeds", type=seeds_in, help="these instead: 17, or 17..99")
    parser.add_argument("--minutes", type=float, help="begin nothing new after so long, for each harness")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes; as many as there are cores")
    return parser.parse_args(words)


def listing(workers: int) -> str:
    """All harnesses, with what the deep size of each would take."""
    lines = [f"{'harness':<16}{'promises':<18}{'deep size in seeds':>20}{'about':>12}   a try is one of"]
    for each in HARNESSES:
        seeds = seeds_of(each)
        about = duration(seeds * each.seconds / workers)
        lines.append(f"{each.name:<16}{', '.join(each.promises):<18}{seeds:>20,}{about:>12}   {each.unit}")
    return "\n".join([*lines, "", "./dev prove NAME ... | all   [--minutes N] [--size quick] [--seeds 17..99] [--workers N]"])


def duration(seconds: float) -> str:
    """For people."""
    for unit, length_s in (("h", 3_600), ("min", 60)):
        if seconds >= 2 * length_s:
            return f"{seconds / length_s:.0f} {unit}"
    return f"{seconds:.0f} s"


def told(harness: Harness, reached: Reached, wanted: range) -> str:
    """One row of the result, and for each violation the line that replays it."""
    found = reached.found
    short = "" if reached.seeds == len(wanted) else f"   stopped at seed {wanted.start + reached.seeds:,} of {wanted.stop:,}"
    row = f"{harness.name:<16}{', '.join(harness.promises):<18}{found.tries:>16,}{len(found.violations):>12,}"
    lines = [row + f"{duration(reached.took_s):>10}{short}"]
    for violation in found.violations[:SHOWN_MAX]:
        lines += [f"  {replay(harness, violation)}", f"    {violation.text}"]
    return "\n".join(lines)


def main(words: list[str], clock: Clock) -> int:
    """Run what was asked for; 1 if a promise was broken, 2 if a name means nothing."""
    asked = arguments_in(words)
    if not asked.names:
        print(listing(asked.workers))
        return 0
    try:
        harnesses = find(asked.names)
    except KeyError as unknown:
        print(f"There is no harness or promise {unknown}.\n\n{listing(asked.workers)}", file=sys.stderr)
        return 2
    print(f"{'harness':<16}{'promises':<18}{'tries':>16}{'violations':>12}{'time':>10}", flush=True)
    is_broken = False
    for harness in harnesses:
        whole = seeds_of(harness)
        count = whole if asked.size == "deep" or not harness.seeds else max(1, whole // QUICK_SHARE)
        seeds = asked.seeds if asked.seeds is not None else range(count)
        reached = run(harness, seeds, workers=asked.workers, clock=clock, minutes=asked.minutes)
        print(told(harness, reached, seeds), flush=True)
        is_broken |= bool(reached.found.violations)
    return int(is_broken)
