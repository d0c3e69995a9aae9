"""Recorded answers as those of our operations, and the rows of recorded lists."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from haversack.wire.base import Operation
from haversack.wire.catalogue import OPERATIONS
from recordings import folder, recorded_answers


class Recorded(NamedTuple):
    operation: type[Operation[Any]]
    status: int
    headers: dict[str, str]
    body: bytes


def answers() -> list[Recorded]:
    """Every recorded answer to an operation of the catalogue."""
    routes: dict[tuple[str, str], type[Operation[Any]]] = {(kind.method, kind.path): kind for kind in OPERATIONS}
    found = [
        Recorded(routes[answer.method, answer.path], answer.status, answer.headers, answer.body)
        for answer in recorded_answers()
        if (answer.method, answer.path) in routes
    ]
    assert found
    return found


def rows(name: str) -> list[bytes]:
    """The rows of one recorded list, each as compact JSON in its own order of keys."""
    content = json.loads((folder() / name).read_text())
    listed = content if isinstance(content, list) else next(value for value in content.values() if isinstance(value, list))
    return [json.dumps(row, separators=(",", ":"), ensure_ascii=False).encode() for row in listed]
