"""Runs every benchmark of this folder, or those that are named, and prints what was asked, measured and wanted.

    ./dev bench                      all, of this project alone
    ./dev bench --peers              the same, with other clients for this exchange beside it where that means something
    ./dev bench --peers whole_call   one of them

Those clients live in environments of their own (`.venv-peers/`, pinned in `requirements/peers/`), because their pins exclude each
other; they are no dependency of the project.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterable

import benchmarks

Row = tuple[str, str, str]

PEERS = "--peers"


def found(names: Iterable[str]) -> list[str]:
    """The modules that are named; without names all that measure something."""
    wanted = set(names)
    everything = [module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name != "__main__"]
    unknown = wanted - set(everything)
    if unknown:
        sys.exit(f"no benchmark is called {', '.join(sorted(unknown))}; there are {', '.join(everything)}")
    return [name for name in everything if not wanted or name in wanted]


def main(arguments: list[str]) -> None:
    rows: list[Row] = []
    verbs = ("run_beside_peers", "run") if PEERS in arguments else ("run",)
    for name in found(argument for argument in arguments if argument != PEERS):
        module = importlib.import_module(f"benchmarks.{name}")
        run = next((getattr(module, verb) for verb in verbs if hasattr(module, verb)), None)
        if run is not None:
            sys.stderr.write(f"{name} ...\n")
            rows += [tuple(row) for row in run()]
    widths = [max(map(len, column)) for column in zip(("question", "measured", "target"), *rows, strict=True)]
    for row in (("question", "measured", "target"), *rows):
        sys.stdout.write("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
