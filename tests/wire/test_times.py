"""Every time comes out as the number or text that the wire has, and as a moment or a length of time."""

from __future__ import annotations

import inspect
from datetime import datetime, timedelta

import pytest

from haversack.wire.base import Answer, StreamEvent
from wire.shapes import answer_types, event_types

UNITS = ("_ms", "_us", "_s", "_iso")
# When the exchange sent an event and when its engine did it are some milliseconds apart: one `time` stands for both.
OF_THE_EVENT = {"event_us", "engine_us"}
PLACES = [
    (kind, name)
    for kind in (*answer_types(), *event_types())
    for name in kind.__struct_fields__
    if name.endswith(UNITS) and name not in OF_THE_EVENT
]


def moments(kind: type[Answer | StreamEvent]) -> dict[str, str]:
    """Properties that give a moment or a length of time, with their source."""
    found = {}
    for name, member in inspect.getmembers(kind, lambda member: isinstance(member, property)):
        if any(wanted.__name__ in inspect.get_annotations(member.fget)["return"] for wanted in (datetime, timedelta)):
            found[name] = inspect.getsource(member.fget)
    return found


@pytest.mark.parametrize(("kind", "name"), PLACES, ids=lambda value: value if isinstance(value, str) else value.__name__)
def test_time_comes_out_as_both(kind: type[Answer | StreamEvent], name: str) -> None:
    assert any(f"self.{name}" in source for source in moments(kind).values()), f"{kind.__name__}.{name} has no datetime beside it"


@pytest.mark.parametrize("kind", event_types(), ids=lambda kind: kind.__name__)
def test_event_has_its_time(kind: type[StreamEvent]) -> None:
    assert not OF_THE_EVENT & set(kind.__struct_fields__) or "time" in moments(kind)


def test_there_are_times_to_look_at() -> None:
    assert len(PLACES) > 40
