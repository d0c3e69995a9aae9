"""Many worlds and what they came to, in figures: for the test command, and for the deep runs in several processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from world.run import lived
from world.world import Outcome

FAILURES_MAX = 10


def replay(seed: int) -> str:
    """The line that runs one seed again, and writes down all that happens in it."""
    return f"./dev run python tests/world {seed}"


@dataclass
class Report:
    """What so many worlds came to. Reports of several processes are added."""

    seeds: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    """Reconnects, restarts, fills, orders, frames, comparisons, and what else is worth a figure."""
    faults: Counter[str] = field(default_factory=Counter)
    """By kind."""
    failures: dict[int, list[str]] = field(default_factory=dict)
    """Broken promises, by seed."""

    @classmethod
    def of(cls, outcome: Outcome) -> Report:
        """That of one world."""
        failures = {outcome.seed: outcome.violations} if outcome.violations else {}
        return cls(1, outcome.counts, outcome.faults, failures)

    def __add__(self, other: Report) -> Report:
        return Report(
            self.seeds + other.seeds,
            self.counts + other.counts,
            self.faults + other.faults,
            self.failures | other.failures,
        )

    @property
    def violations(self) -> int:
        """How many promises were broken."""
        return sum(map(len, self.failures.values()))

    def text(self) -> str:
        """All of it, for people; for each seed that failed, the line that runs it again."""
        lines = [f"{self.seeds} worlds, {self.violations} violations in {len(self.failures)} of them"]
        lines += [f"  {count:>12,} {name}" for name, count in sorted(self.counts.items())]
        lines += [f"  {count:>12,} faults: {name}" for name, count in sorted(self.faults.items())]
        for seed, violations in self.failures.items():
            lines += [replay(seed), *[f"    {violation}" for violation in violations[:5]]]
        return "\n".join(lines)


def run_seeds(seeds: Iterable[int], *, failures_max: int = FAILURES_MAX) -> Report:
    """Live these worlds; after so many that failed it is enough."""
    report = Report()
    for seed in seeds:
        report += Report.of(lived(seed))
        if len(report.failures) >= failures_max:
            break
    return report
