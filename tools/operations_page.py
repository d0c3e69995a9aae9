#!/usr/bin/env python3
"""Writes docs/operations.md: every operation, how it is called, and whether the local exchange serves it.

./dev run python tools/operations_page.py
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from inspect import cleandoc
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import msgspec

from haversack.client.endpoint import Group, endpoint
from haversack.client.groups import Groups
from haversack.client.several import listing, procedure
from haversack.exchange.api.dispatch import ROUTES
from haversack.wire.base import Operation, answer_type
from haversack.wire.catalogue import OPERATIONS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "operations.md"
COMMAND = "./dev run python tools/operations_page.py"

_HEADING = f"""\
# Every operation

Made by `{COMMAND}`; do not edit it.

A call is a method of a group of the client; on an `AsyncClient` it is awaited. **Bold** parameters must be given. *Served* says
whether the local exchange answers it; it answers 501 to the others.
"""


def page(groups: Mapping[str, type[Group[Any]]] | None = None) -> str:
    """The whole page; of other groups than the client's own, if they are given."""
    groups = groups_of_client() if groups is None else groups
    called = {kind for group in groups.values() for kind in operations_in(group).values()}
    sections = [_HEADING, _count()]
    for name, group in groups.items():
        rows = [_row(kind, f"client.{name}.{method}") for method, kind in operations_in(group).items()]
        sections.append(_section(f"`client.{name}`", _first_line(group), rows))
    missing = [_row(kind, "") for kind in OPERATIONS if kind not in called]
    if missing:
        sections.append(_section("Not in the client", "Known to the package, and sent with `client.send` alone.", missing))
    sections.append(_several(groups))
    return "\n".join(section for section in sections if section)


def groups_of_client() -> dict[str, type[Group[Any]]]:
    """The groups by the name of the client's attribute, in their order."""
    client: Any = Groups[Any](None)
    return {name: type(group) for name, group in vars(client).items() if isinstance(group, Group)}


def operations_in(group: type[Group[Any]]) -> dict[str, type[Operation[Any]]]:
    """Its calls of one request each, by name."""
    members: dict[str, Any] = {name: member for name, member in vars(group).items() if isinstance(member, endpoint)}
    return {name: member.operation for name, member in members.items()}


def _count() -> str:
    served = sum(kind in ROUTES for kind in OPERATIONS)
    return f"{len(OPERATIONS)} operations, {served} of them served by the local exchange.\n"


def _section(title: str, text: str, rows: Iterable[str]) -> str:
    listed = list(rows)
    if not listed:
        return ""
    head = ["| operation | call | signed as | parameters | answer | served | |", "|---|---|---|---|---|---|---|"]
    return "\n".join([f"## {title}\n", f"{text}\n", *head, *listed, ""])


def _row(kind: type[Operation[Any]], call: str) -> str:
    cells = (
        f"`{kind.method} {kind.path}`",
        f"`{call}`" if call else "",
        f"`{kind.instruction}`" if kind.instruction else "public",
        ", ".join(_parameters(kind)),
        _answer(answer_type(kind)),
        "yes" if kind in ROUTES else "no",
        "; ".join(_remarks(kind)),
    )
    return f"| {' | '.join(cells)} |"


def _parameters(kind: type[Operation[Any]]) -> Iterator[str]:
    for field in msgspec.structs.fields(kind):
        yield f"**`{field.name}`**" if field.required else f"`{field.name}`"


def _remarks(kind: type[Operation[Any]]) -> Iterator[str]:
    if kind.replaced_by:
        yield f"deprecated: renamed `{kind.replaced_by}`"
    if kind.withdraws:
        yield "only with `withdrawals=True`"


def _answer(answer: Any) -> str:
    """An answer's type in words: each of the things that may come, on its own."""
    parts = get_args(answer) if get_origin(answer) in (Union, UnionType) else (answer,)
    return " or ".join("nothing" if part in (None, NoneType) else f"`{_named(part)}`" for part in parts)


def _named(kind: Any) -> str:
    # A bar would end the cell of a table.
    if get_origin(kind) in (Union, UnionType):
        return " \\| ".join(map(_named, get_args(kind)))
    inner = f"[{', '.join(map(_named, get_args(kind)))}]" if get_args(kind) else ""
    return f"{getattr(get_origin(kind) or kind, '__name__', str(kind))}{inner}"


def _several(groups: Mapping[str, type[Group[Any]]]) -> str:
    rows = [
        f"| `client.{group_name}.{name}` | {_first_line(member.steps)} |"
        for group_name, group in groups.items()
        for name, member in vars(group).items()
        if isinstance(member, procedure | listing)
    ]
    if not rows:
        return ""
    head = ["## Calls that make several requests\n", "| call | what you get |", "|---|---|"]
    return "\n".join([*head, *rows, ""])


def _first_line(described: Any) -> str:
    """The first sentence of a docstring, wherever its lines are broken; a bar in it is kept from ending a cell."""
    paragraph = " ".join(cleandoc(described.__doc__ or "").partition("\n\n")[0].split())
    return paragraph.replace("|", "\\|")


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
