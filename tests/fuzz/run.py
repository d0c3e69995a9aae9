"""Feeds the decoders of a group: `python -m fuzz.run GROUP FIRST LAST`. Prints what it found as JSON.

A seed stands for a thousand inputs. It runs in a process of its own, in which the operating system refuses what exceeds the
bound of memory, so that no decoder can take more of it, and ends a decoder that never ends.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import time
import traceback
from pathlib import Path

from fuzz.groups import GROUPS, Case
from fuzz.mutations import mutated
from haversack.clock import seeded_random
from prove.found import Found, Violation

INPUTS_PER_SEED = 1_000
CPU_S_MAX = 1.0
BYTES_MAX = 256 * 1024 * 1024
_CPU_S_SPARE = 30
_SHOWN_MAX = 20
_HAS_STATM = Path("/proc/self/statm").exists()


def fuzz(group: str, seeds: range) -> Found:
    """What a group's decoders do with the inputs of these seeds, in another process."""
    if not seeds:
        return Found(0)
    command = [sys.executable, "-m", "fuzz.run", group, str(seeds.start), str(seeds.stop)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=Path(__file__).resolve().parents[1])
    if done.returncode == 0:
        tries, rows = json.loads(done.stdout)
        return Found(tries, tuple([Violation(*row) for row in rows]))
    if len(seeds) > 1:
        # Which of them ended the process is found by trying fewer.
        half = len(seeds) // 2
        return fuzz(group, seeds[:half]) + fuzz(group, seeds[half:])
    text = f"the process ended with {done.returncode}: {done.stderr.strip()[-300:]}"
    return Found(INPUTS_PER_SEED, (Violation(seeds.start, text),))


async def fuzz_here(group: str, seeds: range) -> Found:
    """The same in this process, without its bounds."""
    found = Found(0)
    for seed in seeds:
        dice = seeded_random(seed)
        cases = GROUPS[group](dice)
        violations: list[Violation] = []
        for number in range(INPUTS_PER_SEED):
            case = dice.choice(cases)
            content = mutated(case.corpus, dice)
            broken = _try(case, content, seed=seed * INPUTS_PER_SEED + number)
            if broken is not None and len(violations) < _SHOWN_MAX:
                violations.append(Violation(seed, f"input {number} for {case.name}: {broken}; {_shown(content)}"))
        found += Found(INPUTS_PER_SEED, tuple(violations))
    return found


def _try(case: Case, content: bytes, *, seed: int) -> str | None:
    """What is wrong with how it took these bytes."""
    dice = seeded_random(seed)
    started_s = time.process_time()
    try:
        case.attempt(content, dice)
    except Exception as error:  # noqa: BLE001  # that this is never reached is what is promised
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} ({str(error)[:200]}) in {Path(place.filename).name}:{place.lineno}"
    took_s = time.process_time() - started_s
    return f"took {took_s:.1f} s" if took_s > CPU_S_MAX else None


def _shown(content: bytes) -> str:
    return f"{len(content)} bytes: {content[:300]!r}" + ("..." if len(content) > 300 else "")


def _bind(seeds: range) -> None:
    # What an input is made of is not the decoder's: it gets the bound on top of what there is now.
    if _HAS_STATM:
        held = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (held + BYTES_MAX, held + BYTES_MAX))
    cpu_s = _CPU_S_SPARE + 10 * len(seeds)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))


async def _fuzz_bound(group: str, seeds: range) -> Found:
    GROUPS[group](seeded_random(0))
    _bind(seeds)
    return await fuzz_here(group, seeds)


def main() -> None:
    """Print the number of tries, and the violations."""
    group, seeds = sys.argv[1], range(int(sys.argv[2]), int(sys.argv[3]))
    found = asyncio.run(_fuzz_bound(group, seeds))
    print(json.dumps([found.tries, [list(violation) for violation in found.violations]]))


if __name__ == "__main__":
    main()
