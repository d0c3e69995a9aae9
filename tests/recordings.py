"""What the real exchange sent, where a machine has recordings of it: HAVERSACK_REFERENCE names their folder.

Without the variable a test that needs them skips and says so. Where a folder is named, finding nothing in it is a failure.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest

WHY_NOT = "HAVERSACK_REFERENCE is not set: it names the folder of recordings, which are not part of the project"


class Answer(NamedTuple):
    method: str
    path: str
    query: str
    status: int
    headers: dict[str, str]
    body: bytes


def folder() -> Path:
    place = os.environ.get("HAVERSACK_REFERENCE")
    return Path(place) if place else pytest.skip(WHY_NOT)


def recorded_answers() -> list[Answer]:
    """Every recorded answer, refusals too."""
    found: list[Answer] = []
    for path in sorted(folder().rglob("*.json")):
        content: Any = json.loads(path.read_bytes())
        for row in content if isinstance(content, list) else []:
            if isinstance(row, dict) and isinstance(row.get("body"), str):
                where, _, query = row["url"].partition("?")
                found.append(Answer(row["method"], where, query, row["status"], row["headers"], row["body"].encode()))
    assert found, f"no recorded answers below {folder()}"
    return found


def recorded_frames() -> list[bytes]:
    """Every recorded frame of a stream."""
    found = [line for path in sorted(folder().rglob("*.jsonl")) for line in path.read_bytes().splitlines() if line]
    assert found, f"no recorded frames below {folder()}"
    return found
