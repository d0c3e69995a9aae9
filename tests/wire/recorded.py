"""Answers and frames that the real exchange sent, where a machine has recordings: HAVERSACK_REFERENCE names their folder."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from haversack.wire.base import Operation
from haversack.wire.catalogue import CATALOGUE

WHY_NOT = "HAVERSACK_REFERENCE is not set: it names the folder of recordings, which are not part of the project"


class Recorded(NamedTuple):
    operation: type[Operation[Any]]
    status: int
    headers: dict[str, str]
    body: bytes


def folder() -> Path:
    place = os.environ.get("HAVERSACK_REFERENCE")
    if not place:
        pytest.skip(WHY_NOT)
    return Path(place)


def answers() -> list[Recorded]:
    """Every recorded answer to an operation of the catalogue."""
    routes = {(kind.method, kind.path): kind for kind in CATALOGUE}
    found: list[Recorded] = []
    for name in ("recorded/bbgo/rest.cassettes.json", "recorded/cyberdelta/trading.json", "recorded/cyberdelta/errors.json"):
        for row in json.loads((folder() / name).read_text()):
            kind = routes.get((row["method"], urlsplit(row["url"]).path))
            if kind is not None:
                found.append(Recorded(kind, row["status"], row["headers"], row["body"].encode()))
    assert found
    return found


def frames() -> list[bytes]:
    """Every recorded frame of a stream."""
    paths = sorted((folder() / "recorded/bbgo").glob("ws.*.jsonl"))
    found = [line for path in paths for line in path.read_bytes().splitlines() if line]
    assert found
    return found


def rows(name: str) -> list[bytes]:
    """The rows of one recorded list, each as compact JSON in its own order of keys."""
    content = json.loads((folder() / name).read_text())
    listed = content if isinstance(content, list) else next(value for value in content.values() if isinstance(value, list))
    return [json.dumps(row, separators=(",", ":"), ensure_ascii=False).encode() for row in listed]
