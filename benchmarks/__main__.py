"""Runs every benchmark of this folder, or those that are named, and prints what was asked, measured and wanted."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterable

import benchmarks

Row = tuple[str, str, str]


def found(names: Iterable[str]) -> list[str]:
    """The modules that are named; without names all that measure something."""
    wanted = set(names)
    everything = [module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name != "__main__"]
    unknown = wanted - set(everything)
    if unknown:
        sys.exit(f"no benchmark is called {', '.join(sorted(unknown))}; there are {', '.join(everything)}")
    return [name for name in everything if not wanted or name in wanted]


def main(names: list[str]) -> None:
    rows: list[Row] = []
    for name in found(names):
        run = getattr(importlib.import_module(f"benchmarks.{name}"), "run", None)
        if run is not None:
            sys.stderr.write(f"{name} ...\n")
            rows += [tuple(row) for row in run()]
    widths = [max(map(len, column)) for column in zip(("question", "measured", "target"), *rows, strict=True)]
    for row in (("question", "measured", "target"), *rows):
        sys.stdout.write("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
