"""What the real exchange sent, where a machine has recordings of it: HAVERSACK_REFERENCE names their folder."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest

from haversack.wire.base import StreamEvent
from haversack.wire.frames import Message, read_frame

E = TypeVar("E", bound=StreamEvent)


class Answer(NamedTuple):
    method: str
    path: str
    query: str
    status: int
    body: bytes


def frames(kind: type[E]) -> list[tuple[bytes, E]]:
    """Every recorded frame that holds an event of this kind, and the event."""
    read = ((line, read_frame(line)) for line in _lines())
    events = ((line, message.event) for line, message in read if isinstance(message, Message))
    found: list[tuple[bytes, E]] = [(line, event) for line, event in events if isinstance(event, kind)]
    return found or pytest.skip(f"no recorded {kind.__name__} here")


def answers(method: str, path: str) -> list[Answer]:
    """Every recorded successful answer of a route."""
    found = [answer for answer in _answers() if (answer.method, answer.path, answer.status) == (method, path, 200)]
    return found or pytest.skip(f"no recorded answers of {method} {path} here")


def _folder() -> Path:
    folder = os.environ.get("HAVERSACK_REFERENCE")
    return Path(folder) if folder else pytest.skip("HAVERSACK_REFERENCE names no recordings")


def _lines() -> list[bytes]:
    return [line for path in sorted(_folder().rglob("*.jsonl")) for line in path.read_bytes().splitlines() if line]


def _answers() -> Iterator[Answer]:
    for path in sorted(_folder().rglob("*.json")):
        content: Any = json.loads(path.read_bytes())
        for row in content if isinstance(content, list) else []:
            if isinstance(row, dict) and "body" in row and isinstance(row["body"], str):
                where, _, query = row["url"].partition("?")
                yield Answer(row["method"], where, query, row["status"], row["body"].encode())
