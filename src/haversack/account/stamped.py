"""Values that come whole, from a stream that says when they held and from REST, which does not.

An answer holds no time, so it gets one: the exchange's time that was asked for before it, less what an answer may be old. A frame
that the engine made before that is older than the answer; any other is kept against it, and where the two differ the question
is open: it is asked again, later, when the frame has become old enough for an answer to be certain.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Generic, TypeVar

import msgspec

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

ANSWER_AGE_US = 5_000_000
"""How old the state in an answer may be. Nobody has measured it; the caches of the exchange's public reads are younger."""


class Held(msgspec.Struct, Generic[V], frozen=True):
    """A value and since when it is known to hold."""

    value: V
    since_us: int
    """By the engine's clock: when it became so, or when at the latest an answer saw it so."""
    sent_us: int = 0
    """When the exchange sent it: of several changes in one microsecond the one that was sent last holds."""


class Merged(msgspec.Struct, Generic[K], frozen=True):
    """What an answer did."""

    changed: tuple[K, ...]
    open: tuple[K, ...]
    """Where frames say otherwise, and are too young to be overruled."""


class Stamped(Generic[K, V]):
    """The latest value of each key."""

    def __init__(self) -> None:
        self._held: dict[K, Held[V]] = {}

    def get(self, key: K) -> V | None:
        """The value that holds; None if nothing is known."""
        held = self._held.get(key)
        return None if held is None else held.value

    def all(self) -> dict[K, V]:
        """All that is known."""
        return {key: held.value for key, held in self._held.items()}

    def framed(self, key: K, value: V, *, engine_us: int, event_us: int) -> bool:
        """A frame says so; whether that changed anything. One that is older than what is known does not."""
        held = self._held.get(key)
        if held is not None and (engine_us, event_us) < (held.since_us, held.sent_us):
            return False
        self._held[key] = Held(value, engine_us, event_us)
        return held is None or held.value != value

    def answered(self, values: Mapping[K, V], *, asked_us: int, absent: V) -> Merged[K]:
        """An answer says so of every key; of those that it leaves out it says `absent`."""
        since_us = asked_us - ANSWER_AGE_US
        changed: list[K] = []
        open_: list[K] = []
        for key in (*values, *[key for key in self._held if key not in values]):
            value, held = values.get(key, absent), self._held.get(key)
            if held is not None and held.since_us >= since_us:
                if held.value != value:
                    open_.append(key)
                continue
            self._held[key] = Held(value, since_us)
            if value != (absent if held is None else held.value):
                changed.append(key)
        return Merged(tuple(changed), tuple(open_))
