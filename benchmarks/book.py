"""How long from the bytes of a depth frame to a book that is changed, checked for gaps, and known not to be crossed?

Beside it ccxt.pro's handler of the same frames, in the same run: each client in a process of its own, taking turns
(`benchmarks.depth_worker` says what each does). Before anything is timed, all must come to the same best prices. Times are those
of the processor; ccxt compares no update ids beyond dropping what is old.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from benchmarks.beside import ROOT, Badly, Took, Worker, python_for
from benchmarks.depth_worker import FRAMES

Row = tuple[str, str, str]

ROUNDS = 15
OURS = ("haversack", "haversack typed")
WANTED = {1: 5.0, 20: 4.0}
"""How many times as long ccxt should take at least, by the levels of a frame."""


def run() -> list[Row]:
    """Our books alone."""
    return list(rows(OURS))


def run_beside_peers() -> list[Row]:
    """Ours and ccxt's."""
    return list(rows((*OURS, "ccxt")))


def rows(names: Sequence[str]) -> Iterator[Row]:
    """One for each client and number of levels."""
    for levels, wanted in WANTED.items():
        took = measure(names, levels)
        for name in names:
            question = f"depth frame of {levels} levels to book: {name}"
            measured = f"{statistics.median(one.processor_us for one in took[name]):.2f} us"
            if name in OURS:
                yield question, measured, ""
            else:
                ratio = statistics.median(
                    their.processor_us / our.processor_us for our, their in zip(took[OURS[0]], took[name], strict=True)
                )
                yield question, f"{measured}, {ratio:.1f} times haversack", f"at least {wanted:.0f} times"


def measure(names: Sequence[str], levels: int) -> dict[str, list[Took]]:
    """For each client one figure per round, for one frame."""
    with ExitStack() as stack:
        workers = [stack.enter_context(_started(name, levels)) for name in names]
        best = {worker.name: worker.ask("check") for worker in workers}
        if len({*map(tuple, best.values())}) > 1:
            raise Badly(f"after the same frames the best prices differ: {best}")
        took: dict[str, list[Took]] = {name: [] for name in names}
        for _ in range(ROUNDS):
            for worker in workers:
                took[worker.name].append(worker.turn("feed", FRAMES))
        return took


@contextmanager
def _started(name: str, levels: int) -> Iterator[Worker]:
    command = [python_for(name), str(ROOT / "benchmarks" / "depth_worker.py"), name, str(levels)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT) as process:
        try:
            yield Worker(name, process)
        finally:
            process.kill()


if __name__ == "__main__":
    for row in run_beside_peers() if "--peers" in sys.argv else run():
        sys.stdout.write("  |  ".join(row) + "\n")
