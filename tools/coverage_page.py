#!/usr/bin/env python3
"""Writes docs/coverage.md: what the local exchange serves, operation by operation and stream by stream, and what differs.

./dev run python tools/coverage_page.py
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from haversack.exchange.api.dispatch import ROUTES
from haversack.exchange.listing import Listing
from haversack.exchange.publish.names import StreamVerdict, valid_stream
from haversack.wire.base import Operation
from haversack.wire.catalogue import OPERATIONS
from haversack.wire.events import EVENT_TYPES
from haversack.wire.frames import kind_of
from operations_page import groups_of_client, operations_in

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE, DIFFERENCES = DOCS / "coverage.md", DOCS / "differences.md"
DATA = Path(__file__).with_name("coverage.toml")
COMMAND = "./dev run python tools/coverage_page.py"

_HEADING = f"""\
# What the local exchange serves

Made by `{COMMAND}`; do not edit it.

*Served* means: the local exchange answers what the real one would answer to an account that did what this account did, but for
the differences that are named, each with the evidence that there is for the real exchange. An empty cell means that no difference
is known, not that there is none. What is not served is answered with 501; a stream that is not served is silent.
"""


class Row(NamedTuple):
    """One row of docs/differences.md."""

    topic: str
    section: str
    evidence: tuple[str, ...]

    def link(self) -> str:
        """To the section that it stands in, with the evidence."""
        anchor = re.sub(r"[^\w\- ]", "", self.section.lower()).replace(" ", "-")
        known = f" ({', '.join(self.evidence)})" if self.evidence else ""
        return f"[{self.topic}](differences.md#{anchor}){known}"


class Served(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the data file says of an operation or a stream."""

    part: str = ""
    """What of it is served, if not all."""
    differences: tuple[str, ...] = ()
    """Topics of rows."""
    example: str = ""
    """Of a stream: a name that is tried."""


class Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The data file."""

    everywhere: tuple[str, ...]
    operations: dict[str, Served]
    streams: dict[str, Served]


def load() -> Data:
    """The data file, checked for its form."""
    return msgspec.convert(tomllib.loads(DATA.read_text(encoding="utf-8")), Data)


def rows() -> dict[str, Row]:
    """The rows of docs/differences.md by topic."""
    found: dict[str, Row] = {}
    section = ""
    for line in DIFFERENCES.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line[3:]
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("| ") else []
        if len(cells) >= 3 and cells[0] != "topic":
            assert cells[0] not in found, f"two rows are about {cells[0]!r}"
            evidence = [word for word in ("recorded", "observed", "documented", "inferred", "unknown") if word in cells[1]]
            found[cells[0]] = Row(cells[0], section, tuple(evidence))
    return found


def page() -> str:
    """The whole page."""
    data, known = load(), rows()
    sections = [_HEADING, *_counts(data)]
    for name, group in groups_of_client().items():
        table = [_operation(kind, f"client.{name}.{call}", data, known) for call, kind in operations_in(group).items()]
        sections.append(_table(f"`client.{name}`", ("operation", "call", "served", "known differences"), table))
    listing = Listing.load()
    streams = [_stream(name, said, listing, known) for name, said in data.streams.items()]
    sections.append(_table("Streams", ("stream", "event", "served", "known differences"), streams))
    general = "\n".join(f"- {known[topic].link()}" for topic in data.everywhere)
    sections.append(f"## Differences that concern everything\n\n{general}\n")
    return "\n".join(sections)


def served(kind: type[Operation[Any]], data: Data) -> str:
    """Yes, no, or in part."""
    if kind not in ROUTES:
        return "no"
    return _served_text(data.operations.get(kind.__name__, Served()))


def stream_served(said: Served, listing: Listing) -> str:
    """Yes, no, or in part, by what a subscription to the example leads to."""
    return _served_text(said) if valid_stream(said.example, listing) is StreamVerdict.OK else "no"


def _served_text(said: Served) -> str:
    return f"in part: {said.part}" if said.part else "yes"


def _counts(data: Data) -> Iterator[str]:
    listing = Listing.load()
    yield _count("operations", [served(kind, data) for kind in OPERATIONS])
    yield _count("kinds of streams", [stream_served(said, listing) for said in data.streams.values()])


def _count(what: str, texts: list[str]) -> str:
    whole, none = texts.count("yes"), texts.count("no")
    return f"{len(texts)} {what}: {whole} served, {len(texts) - whole - none} in part, {none} not.\n"


def _operation(kind: type[Operation[Any]], call: str, data: Data, known: Mapping[str, Row]) -> tuple[str, ...]:
    said = data.operations.get(kind.__name__, Served())
    return f"`{kind.method} {kind.path}`", f"`{call}`", served(kind, data), _links(said, known)


def _stream(name: str, said: Served, listing: Listing, known: Mapping[str, Row]) -> tuple[str, ...]:
    event = EVENT_TYPES.get(kind_of(said.example))
    return f"`{name}`", f"`{event.__name__}`" if event else "", stream_served(said, listing), _links(said, known)


def _links(said: Served, known: Mapping[str, Row]) -> str:
    return "; ".join(known[topic].link() for topic in said.differences)


def _table(title: str, heads: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    written = [f"| {' | '.join(cells)} |" for cells in (heads, ("---",) * len(heads), *lines)]
    return "\n".join([f"## {title}\n", *written, ""])


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
