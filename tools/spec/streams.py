"""The keys of the stream events that the documentation shows, held against the events of this package."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from haversack.wire import events
from haversack.wire.base import StreamEvent
from haversack.wire.enums import OpenEnum
from spec.compare import NOTHING, Difference

# An overlay cannot change a line of a description, so it lists keys by event under a name of its own.
LATER = "x-streams"
# A line of an example: two blanks, a key, a value. `e` comes first, and names the event.
_KEY = re.compile(r'^  "(\w+)":\s*("?)([^",\n]*)', re.MULTILINE)


def stream_differences(theirs: Mapping[str, Any]) -> Iterator[Difference]:
    """What is documented of the streams and not read by this package."""
    ours = keys_by_event()
    for event, keys in documented_keys(theirs).items():
        if event not in ours:
            yield Difference(f"stream event {event}", NOTHING, "the event")
            continue
        for key in sorted(keys - ours[event]):
            yield Difference(f"stream event {event}.{key}", NOTHING, "the key")


def documented_keys(theirs: Mapping[str, Any]) -> dict[str, set[str]]:
    """By event, the keys of its examples in the description of the tag `Streams`, and those that an overlay adds."""
    tags = {tag.get("name"): tag.get("description", "") for tag in theirs.get("tags") or ()}
    found: dict[str, set[str]] = {}
    event = ""
    for key, quote, value in _KEY.findall(tags.get("Streams", "")):
        if key == "e" and quote:
            event = value
        if event:
            found.setdefault(event, set()).add(key)
    for event, keys in theirs.get(LATER, {}).items():
        found.setdefault(event, set()).update(keys)
    return found


def keys_by_event() -> dict[str, set[str]]:
    """By event, the keys that its struct reads."""
    found: dict[str, set[str]] = {}
    for kind in _kinds(StreamEvent):
        fields = msgspec.structs.fields(kind)
        config = kind.__struct_config__
        tag_key = [config.tag_field] if config.tag_field else []
        for event in _events_of(kind, fields):
            found.setdefault(event, set()).update(tag_key, (field.encode_name for field in fields))
    return found


def _kinds(base: type[StreamEvent]) -> Iterator[type[StreamEvent]]:
    for kind in base.__subclasses__():
        # Only those of the package: a test may have made others.
        if kind.__module__.startswith(events.__name__.rpartition(".")[0]):
            yield kind
        yield from _kinds(kind)


def _events_of(kind: type[StreamEvent], fields: tuple[msgspec.structs.FieldInfo, ...]) -> list[str]:
    if kind.__struct_config__.tag is not None:
        return [str(kind.__struct_config__.tag)]
    parts = [part for field in fields if field.encode_name == "e" for part in getattr(field.type, "__args__", (field.type,))]
    enums = [part for part in parts if isinstance(part, type) and issubclass(part, OpenEnum)]
    return [str(member.value) for enum in enums for member in enum]
