"""What a process holds at one moment, and whether it came to hold more.

Objects are counted by the interpreter, which is exact: what leaks with every order or frame shows, however small it is. What a
list or dict holds of larger things shows in its length, and what is held outside the interpreter in the resident memory.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import weakref
from array import array
from asyncio import all_tasks
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from statistics import fmean, median
from types import ModuleType
from typing import Any, NamedTuple


class Bound(NamedTuple):
    """By how much something may grow."""

    once: int
    """However long it takes: what lies on the way at the moment of a look, and the crowd's books, which are never the same."""
    per_h: int
    """And in each simulated hour."""

    def after(self, hours: float) -> float:
        return self.once + self.per_h * hours


BLOCKS = Bound(600, 40)
"""Pieces of memory of the interpreter. One for each order in the time of the quick size would be more."""
ITEMS = Bound(50, 10)
"""In one list, dict, set or deque."""
RESIDENT_BYTES = Bound(3 << 20, 1 << 19)
MORE_AT_ONCE_MAX = 3
"""Tasks, descriptors and threads that may be there at one look and not at another."""
_SEEN_MIN = 20
_NAMED_MAX = 5
_CONTAINERS = {list, dict, set, deque}
_CACHE = type(lru_cache(1)(len))
_PAGES, _DESCRIPTORS = Path("/proc/self/statm"), Path("/proc/self/fd")


class Look(NamedTuple):
    """What there is at one moment."""

    hour: float
    """Simulated, since the beginning."""
    blocks: int
    """Pieces of memory that the interpreter has handed out."""
    tasks: int
    descriptors: int
    """Open ones; 0 where the system does not say so."""
    threads: int
    resident_bytes: int
    """0 where the system does not say so."""
    keys: array[int]
    """Identities of all containers that hold more than a few things."""
    lengths: array[int]
    """And how many each of them holds. In arrays, because a look must not be what the next one finds."""


def look(hour: float) -> Look:
    """What there is now, garbage apart."""
    _empty_caches()
    gc.collect()
    dead, keys, lengths, things = 0, array("q"), array("q"), gc.get_objects()
    for thing in things:
        kind = type(thing)
        if kind is weakref.ref:
            # SQLite's connections keep such of cursors that are gone, and throw them out two hundred at a time.
            dead += thing() is None
        elif kind in _CONTAINERS and len(thing) >= _SEEN_MIN and thing is not things:
            keys.append(id(thing))
            lengths.append(len(thing))
    return Look(
        hour=hour,
        blocks=sys.getallocatedblocks() - dead,
        tasks=len(all_tasks()),
        descriptors=len(os.listdir(_DESCRIPTORS)) if _DESCRIPTORS.exists() else 0,
        threads=threading.active_count(),
        resident_bytes=int(_PAGES.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if _PAGES.exists() else 0,
        keys=keys,
        lengths=lengths,
    )


def growth(looks: Sequence[Look]) -> list[str]:
    """What there is more and more of, in these looks; to be asked while everything is still there."""
    first, last, few = looks[0], looks[-1], len(looks) // 4
    wrong: list[str] = []
    # The middle one of several looks, because at each of them something else is under way.
    blocks = median(each.blocks for each in looks[-few:]) - median(each.blocks for each in looks[:few])
    hours = fmean(each.hour for each in looks[-few:]) - fmean(each.hour for each in looks[:few])
    if blocks > BLOCKS.after(hours):
        wrong.append(f"{blocks:,.0f} objects more after {hours:.1f} h")
    wrong += _longer(looks)
    for what in ("tasks", "descriptors", "threads"):
        counts = [getattr(each, what) for each in looks]
        if min(counts[-2:]) > max(counts[:2]) + MORE_AT_ONCE_MAX:
            wrong.append(f"{what}: {counts[0]} became {counts[-1]}")
    resident = last.resident_bytes - first.resident_bytes
    if resident > RESIDENT_BYTES.after(last.hour - first.hour):
        wrong.append(f"{resident / 2**20:.1f} MiB more after {last.hour - first.hour:.1f} h")
    return wrong


def _longer(looks: Sequence[Look]) -> list[str]:
    """Containers that never became shorter, and much longer."""
    wrong: list[str] = []
    allowed = ITEMS.after(looks[-1].hour - looks[0].hour)
    known = [dict(zip(each.keys, each.lengths, strict=True)) for each in looks]
    for key, length in known[-1].items():
        lengths = [each.get(key, 0) for each in known]
        if length - lengths[0] > allowed and lengths[1] and lengths == sorted(lengths):
            wrong.append(f"{_named(key)} grew from {lengths[0]:,} to {length:,}")
    return [*wrong[:_NAMED_MAX], *([f"and {len(wrong) - _NAMED_MAX} others"] if len(wrong) > _NAMED_MAX else [])]


def _named(key: int) -> str:
    """A container, by whoever holds it."""
    thing = next((each for each in gc.get_objects() if id(each) == key), None)
    if thing is None:
        return "something that is gone"
    owners = [_owner(each, thing) for each in gc.get_referrers(thing)]
    return f"a {type(thing).__name__} of {' and '.join(sorted({owner for owner in owners if owner})) or 'nobody'}"


def _owner(holder: Any, thing: object) -> str:
    """Whose attribute a thing is; nothing if the holder is no object with attributes."""
    kind = type(holder)
    if kind is dict:
        # The attributes of an object, or of a module, if they lie in a dict of their own.
        holder = next((each for each in gc.get_referrers(holder) if getattr(each, "__dict__", None) is holder), None)
        kind = type(holder)
    elif kind.__module__ in ("builtins", "types"):
        return ""
    names = [*getattr(holder, "__dict__", ()), *getattr(kind, "__slots__", ()), *getattr(kind, "__struct_fields__", ())]
    attribute = next((name for name in names if getattr(holder, name, None) is thing), None)
    owner = holder.__name__ if isinstance(holder, ModuleType) else f"{kind.__module__}.{kind.__qualname__}"
    return "" if attribute is None else f"{owner}.{attribute}"


def _empty_caches() -> None:
    # What a cache with a bound remembers is no growth, and it would take an hour until it is full.
    for thing in gc.get_objects():
        if type(thing) is _CACHE and thing.cache_parameters()["maxsize"] is not None:
            thing.cache_clear()
