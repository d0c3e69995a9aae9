#!/usr/bin/env python3
"""Hold the catalogue, its structs, the error codes and the stream events to the exchange's OpenAPI document.

    ./dev run python tools/check_spec.py openapi.yml tools/spec/2026-10.yml

One line for each difference that tools/spec/differences.yml does not explain, and for each entry there that explains nothing any
more. The exit code is 0 if there is none, 1 if there are, 2 if a file cannot be read.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from haversack.errors import ApiError
from haversack.wire.base import Operation
from haversack.wire.catalogue import OPERATIONS
from haversack.wire.openapi import document, source_of
from spec.compare import NOTHING, Difference, differences
from spec.overlay import overlaid
from spec.streams import stream_differences

HERE = Path(__file__).resolve().parent
ALLOWED = HERE / "spec" / "differences.yml"
NO_YAML = "reading YAML needs one more library: pip install pyyaml (./dev run has it)"
# A status that stands for no class of errors, so that only the code decides.
_NO_STATUS = 499


class Unreadable(Exception):
    """A file is not what it should be."""


class Allowed(NamedTuple):
    """A difference that is meant: each of the three is a text, in which * stands for anything."""

    where: str
    found: str
    wanted: str
    evidence: str

    def explains(self, difference: Difference) -> bool:
        """Whether it is this difference."""
        return all(_fits(pattern, text) for pattern, text in zip(self[:3], difference, strict=True))

    def __str__(self) -> str:
        return f"{self.where}: found {self.found}; wanted {self.wanted}"


def read(path: Path) -> Any:
    """What stands in a YAML or JSON file."""
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix == ".json" else _read_yaml(text)
    except (OSError, ValueError) as error:
        raise Unreadable(f"cannot read {path}: {error}") from error


def _read_yaml(text: str) -> Any:
    try:
        import yaml
    except ImportError:
        raise Unreadable(NO_YAML) from None
    try:
        # The one in C reads a document of this size in a second; not every installation has it.
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise ValueError(error) from error


def all_differences(theirs: Mapping[str, Any], operations: Iterable[type[Operation[Any]]] = OPERATIONS) -> list[Difference]:
    """Everything in which this package differs from a document."""
    operations = tuple(operations)
    return [
        *source_differences(operations),
        *differences(document(operations), theirs),
        *error_differences(theirs),
        *stream_differences(theirs),
    ]


def source_differences(operations: Iterable[type[Operation[Any]]]) -> Iterator[Difference]:
    """Operations whose docstring cites another place than the one that they are sent to."""
    for operation in operations:
        source = source_of(operation)
        cited, sent = f"{source.method} {source.path}", f"{operation.method} {operation.path}"
        if cited != sent:
            yield Difference(f"source of {operation.__name__}", cited, sent)


def error_differences(theirs: Mapping[str, Any]) -> Iterator[Difference]:
    """Documented error codes that have no class. One that we know and that is documented no longer does no harm."""
    documented: list[str] = theirs.get("components", {}).get("schemas", {}).get("ApiErrorCode", {}).get("enum", [])
    for code in documented:
        if type(ApiError.of(_NO_STATUS, code, "")) is ApiError:
            yield Difference(f"error {code}", NOTHING, "a class")


def allowed_in(entries: Any, path: Path) -> list[Allowed]:
    """The entries of an allow-list; one `where` of a list is one."""
    found: list[Allowed] = []
    for entry in entries or ():
        unknown = set(entry) - {"where", "found", "wanted", "evidence"}
        if unknown or not entry.get("where") or not str(entry.get("evidence") or "").strip():
            raise Unreadable(f"{path}: an entry has `where`, `evidence`, and may have `found` and `wanted`; found {entry}")
        places = entry["where"] if isinstance(entry["where"], list) else [entry["where"]]
        rest = (str(entry.get("found", "*")), str(entry.get("wanted", "*")), str(entry["evidence"]))
        found += [Allowed(str(where), *rest) for where in places]
    return found


def complaints(found: Sequence[Difference], allowed: Sequence[Allowed]) -> list[str]:
    """One line for each difference that nothing explains, and for each explanation of nothing."""
    unexplained = [str(difference) for difference in found if not any(entry.explains(difference) for entry in allowed)]
    stale = [entry for entry in allowed if not any(entry.explains(difference) for difference in found)]
    return unexplained + [f"listed, and not so any more: {entry}" for entry in stale]


def _fits(pattern: str, text: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None


def main(arguments: Sequence[str]) -> int:
    """Compare, print, and say by the exit code what came of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("openapi", type=Path, help="the exchange's document, YAML or JSON")
    parser.add_argument("overlay", type=Path, nargs="*", help="later facts to lay over it, in the same form")
    parser.add_argument("--allowed", type=Path, default=ALLOWED, help="differences that are meant, with their evidence")
    options = parser.parse_args(arguments)
    try:
        theirs = read(options.openapi)
        for path in options.overlay:
            theirs = overlaid(theirs, read(path))
        allowed = allowed_in(read(options.allowed), options.allowed)
    except Unreadable as problem:
        print(f"check_spec: {problem}", file=sys.stderr)
        return 2
    found = all_differences(theirs)
    lines = complaints(found, allowed)
    for line in lines:
        print(line)
    print(f"{len(OPERATIONS)} operations, {len(found)} differences, {len(lines)} to look at", file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
