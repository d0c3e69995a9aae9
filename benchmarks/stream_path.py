"""What does it cost from the socket to the best bid and ask, frame by frame, in bursts, and as fast as it goes?

Beside it ccxt.pro's `watch_order_book`, in the same run: each client in a process of its own, taking turns, on the same stream of
one-level depth frames from a server that is not measured (`benchmarks.stream_worker` says what each does). Figures are medians of
rounds, and a ratio is the median of the ratios within each round; what is measured is the time of the processor, of the client's
process alone. Whoever does not come to the last frame, or to other prices than the others, is said to.

Flat out, the rate is by the clock on the wall, from the first time that the client reads its book after the server's pause to
the last. The server writes bytes that were made beforehand, in large pieces, and waits where the client takes no more: the row
"uvloop alone", of a process that only looks at them, says how fast it can be, so that no client's rate is that of the server.

Half of what a frame costs that comes alone is that the process is woken for it, which nobody can save: the rows "alone" say how
much, for a process that does nothing but look for the last number in the bytes that it is given. On a busy machine a client is
woken late and finds several frames, which makes each cheaper, most of all for the slowest: "at a time" says how many, and only
near 1 is a ratio that of single frames.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from benchmarks.beside import ROOT, Badly, python_for
from benchmarks.stream_server import FRAMES_MAX, WARM, stream_server

Row = tuple[str, str, str]

FAST = "haversack fast"
OURS = ("haversack", FAST)
FLOORS = ("asyncio alone", "uvloop alone")
PEER = "ccxt"
WANTED = {"haversack": 1.5, FAST: 2.5}
"""How many times as much of the processor ccxt should take at least."""
ROUNDS = 5
PACED = (4_000, 1, 4_000)
"""Frames a second, how many at once, and how many in all."""
BURSTS = (2_500, 50, 5_000)
FLAT_OUT = (0, 1, FRAMES_MAX)
FLAT_OUT_PEER = (0, 1, 20_000)
FLAT_OUT_ROUNDS = 3
FLAT_OUT_WANTED = 200_000


class Followed(NamedTuple):
    """What became of one client on one stream."""

    first: int
    """The first update that it read after the pause."""
    update: int
    reads: int
    wall_ns: int
    """From that to the last."""
    processor_ns: int
    bid: str
    ask: str
    trouble: str

    @property
    def best(self) -> tuple[str, str]:
        """Its best prices at the end."""
        return self.bid, self.ask

    @property
    def rate(self) -> float:
        """Frames a second by the clock on the wall, without those up to the first reading."""
        return (self.update - self.first) / (self.wall_ns or 1) * 1e9


class Follower:
    """A client in its process."""

    def __init__(self, name: str, process: subprocess.Popen[str]) -> None:
        self.name = name
        self._process = process

    def follow(self, plan: tuple[int, int, int]) -> Followed:
        """One stream from its beginning to its end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(" ".join(map(str, plan)) + "\n")
        self._process.stdin.flush()
        words = self._process.stdout.readline().split()
        if len(words) != len(Followed._fields):
            raise Badly(f"{self.name} gave no answer")
        first, update, reads, wall_ns, processor_ns = map(int, words[:5])
        return Followed(first, update, reads, wall_ns, processor_ns, bid=words[5], ask=words[6], trouble=words[7])


def run() -> list[Row]:
    """Our clients alone."""
    return list(rows((*FLOORS, *OURS)))


def run_beside_peers() -> list[Row]:
    """Ours and ccxt's."""
    return list(rows((*FLOORS, *OURS, PEER)))


def rows(names: Sequence[str]) -> Iterator[Row]:
    """Paced, in bursts, flat out."""
    with stream_server() as port, ExitStack() as stack:
        followers = [stack.enter_context(started(name, port)) for name in names]
        yield from _paced(followers)
        yield from _in_bursts([each for each in followers if each.name not in FLOORS])
        yield from _flat_out([each for each in followers if each.name != FLOORS[0]])


def _paced(followers: Sequence[Follower]) -> Iterator[Row]:
    took: dict[str, list[float]] = {each.name: [] for each in followers}
    together: dict[str, list[float]] = {each.name: [] for each in followers}
    for _ in range(ROUNDS):
        found = {each.name: each.follow(PACED) for each in followers}
        check_all(found, PACED)
        for name, one in found.items():
            took[name].append(one.processor_ns / PACED[2] / 1_000)
            together[name].append(PACED[2] / one.reads)
    for name, times_us in took.items():
        what = f"{PACED[0]:,} frames/s, socket to best prices: {name}"
        cost = f"{statistics.median(times_us):.0f} us a frame ({statistics.median(together[name]):.1f} at a time)"
        wanted = WANTED.get(name)
        if wanted is None or PEER not in took:
            yield what, cost, ""
        else:
            ratios = [their / our for our, their in zip(times_us, took[PEER], strict=True)]
            low, middle, high = statistics.quantiles(ratios, n=4)
            yield what, f"{cost}; ccxt takes {middle:.1f} times as much ({low:.1f} to {high:.1f})", f"at least {wanted} times"


def _in_bursts(followers: Sequence[Follower]) -> Iterator[Row]:
    rate, burst, count = BURSTS
    for each in followers:
        found = each.follow(BURSTS)
        what = f"{burst} frames at once, {rate // burst} times a second: {each.name}"
        wanted = "all" if each.name in OURS else ""
        yield what, f"{_applied(found):,} of {count:,} frames applied{_state(found, count)}", wanted


def _flat_out(followers: Sequence[Follower]) -> Iterator[Row]:
    for each in followers:
        plan = FLAT_OUT_PEER if each.name == PEER else FLAT_OUT
        runs = [each.follow(plan) for _ in range(FLAT_OUT_ROUNDS)]
        worst = min(runs, key=_applied)
        rate = statistics.median(one.rate for one in runs)
        busy = statistics.median(plan[2] / (one.processor_ns or 1) * 1e9 for one in runs)
        measured = f"{rate:,.0f} frames/s ({busy:,.0f} for a second of the processor){_state(worst, plan[2])}"
        wanted = f"at least {FLAT_OUT_WANTED:,}, nothing lost" if each.name == FAST else ""
        yield f"flat out, socket to best prices: {each.name}", measured, wanted


def _applied(found: Followed) -> int:
    return max(0, found.update - WARM)


def _state(found: Followed, count: int) -> str:
    """What is wrong, if anything is."""
    if _applied(found) == count and found.trouble == "-":
        return ", nothing lost"
    return f"; {_applied(found):,} of {count:,} applied, then nothing more ({found.trouble})"


def check_all(found: dict[str, Followed], plan: tuple[int, int, int]) -> None:
    """A client that skipped some of the work is not compared."""
    for name, one in found.items():
        if _applied(one) != plan[2] or one.trouble != "-":
            raise Badly(f"{name} came to update {one.update} of {WARM + plan[2]}: {one.trouble}")
    best = {name: one.best for name, one in found.items() if name not in FLOORS}
    if len({*best.values()}) > 1:
        raise Badly(f"after the same frames the best prices differ: {best}")


@contextmanager
def started(name: str, port: int) -> Iterator[Follower]:
    command = [python_for(name), str(ROOT / "benchmarks" / "stream_worker.py"), name, str(port)]
    pipe = subprocess.PIPE
    # ccxt prints a complaint for every client that it closes.
    complaints = subprocess.DEVNULL if name == PEER else None
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=complaints, text=True, cwd=ROOT) as process:
        try:
            yield Follower(name, process)
        finally:
            process.kill()


if __name__ == "__main__":
    for row in run_beside_peers() if "--peers" in sys.argv else run():
        sys.stdout.write("  |  ".join(row) + "\n")
