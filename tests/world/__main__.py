"""Runs worlds again: `./dev run python tests/world 17`, or `17..99`. The log of a single one is written to a file."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import gettempdir

sys.path[0] = str(Path(__file__).resolve().parents[1])


def main(words: list[str]) -> int:
    """Live these worlds, and tell what they came to."""
    from world.proof import Report, run_seeds
    from world.run import lived

    report = Report()
    for word in words:
        first, _, last = word.partition("..")
        if last:
            report += run_seeds(range(int(first), int(last) + 1), failures_max=sys.maxsize)
        else:
            outcome = lived(int(first), is_logged=True)
            path = Path(gettempdir()) / f"haversack-world-{first}.log"
            path.write_text("\n".join(outcome.log) + "\n", encoding="utf-8")
            print(f"all that happened: {path}")
            report += Report.of(outcome)
    print(report.text())
    return int(bool(report.failures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
