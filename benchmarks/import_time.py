"""How long does it take until the package is there, over a Python that imports nothing?

Every figure is the median of fresh interpreters, less the median of bare ones (`python -c pass`), which take turns with them.
Warm: compiled to bytecode, and the files in the disk's cache, as on every start but the first. Cold: without any bytecode, not
even that of the standard library and the dependencies, as on a first start where nothing could be compiled beforehand; the disk's
cache is left as it is, because emptying it takes an administrator.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

Row = tuple[str, str, str]

WARM_RUNS = 21
COLD_RUNS = 3
IMPORT_MS_MAX = 100
BARE = "pass"
PROGRAMS = {
    "import haversack": "import haversack",
    "import haversack; haversack.Client": "import haversack; haversack.Client",
    "haversack.Client() made": "import haversack; haversack.Client()",
    "haversack.AsyncClient() made": "import haversack; haversack.AsyncClient()",
    "every name of the package": "import haversack; [getattr(haversack, name) for name in dir(haversack)]",
}


def took_ms(program: str, environ: Mapping[str, str]) -> float:
    """One interpreter, from its start to its end."""
    started_ns = time.perf_counter_ns()
    subprocess.run([sys.executable, "-c", program], check=True, env=environ, cwd=tempfile.gettempdir())
    return (time.perf_counter_ns() - started_ns) / 1_000_000


def medians_ms(runs: int, *, is_warm: bool) -> dict[str, float]:
    """For each program; the bytecode is kept in a folder of ours, which is a new one for every interpreter that starts cold."""
    samples: dict[str, list[float]] = {program: [] for program in (BARE, *PROGRAMS.values())}
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        # The first round of the warm ones compiles, and is not counted.
        for number in range(1 - is_warm, runs + 1):
            for place, program in enumerate(samples):
                kept = Path(folder) / ("warm" if is_warm else f"{number}-{place}")
                took = took_ms(program, {**environ, "PYTHONPYCACHEPREFIX": str(kept)})
                if number:
                    samples[program].append(took)
    return {program: statistics.median(times) for program, times in samples.items()}


def run() -> list[Row]:
    """One row for each program."""
    warm, cold = medians_ms(WARM_RUNS, is_warm=True), medians_ms(COLD_RUNS, is_warm=False)
    rows: list[Row] = []
    for name, program in PROGRAMS.items():
        over, over_cold = warm[program] - warm[BARE], cold[program] - cold[BARE]
        measured = (
            f"{over:.0f} ms over bare Python's {warm[BARE]:.0f}; without any bytecode {over_cold:.0f} over {cold[BARE]:.0f}"
        )
        rows.append((f"start: {name}", measured, f"at most {IMPORT_MS_MAX} ms" if name == "import haversack" else ""))
    return rows


if __name__ == "__main__":
    for row in run():
        sys.stdout.write("  |  ".join(row) + "\n")
