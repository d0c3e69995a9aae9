"""Recorded answers of one route, and recorded events of one kind."""

from __future__ import annotations

from typing import TypeVar

from haversack.wire.base import StreamEvent
from haversack.wire.frames import Message, read_frame
from recordings import Answer, recorded_answers, recorded_frames

E = TypeVar("E", bound=StreamEvent)


def frames(kind: type[E]) -> list[tuple[bytes, E]]:
    """Every recorded frame that holds an event of this kind, and the event."""
    read = ((line, read_frame(line)) for line in recorded_frames())
    events = ((line, message.event) for line, message in read if isinstance(message, Message))
    found: list[tuple[bytes, E]] = [(line, event) for line, event in events if isinstance(event, kind)]
    assert found, f"no recorded {kind.__name__}"
    return found


def answers(method: str, path: str) -> list[Answer]:
    """Every recorded successful answer of a route."""
    found = [answer for answer in recorded_answers() if (answer.method, answer.path, answer.status) == (method, path, 200)]
    assert found, f"no recorded answers of {method} {path}"
    return found
