"""Values of any wire type, made from its fields: a new type is covered on the day that it is written."""

from __future__ import annotations

import pkgutil
from decimal import Decimal
from importlib import import_module
from types import UnionType
from typing import Any, Union, get_args, get_origin

import msgspec
from hypothesis import strategies as st

import haversack.wire
from haversack.wire.base import Answer, StreamEvent
from haversack.wire.enums import OpenEnum
from haversack.wire.events import RawEvent

MODULES = [import_module(f"haversack.wire.{found.name}") for found in pkgutil.iter_modules(haversack.wire.__path__)]


def answer_types() -> list[type[Answer]]:
    return [kind for kind in _structs() if issubclass(kind, Answer)]


def event_types() -> list[type[StreamEvent]]:
    return [kind for kind in _structs() if issubclass(kind, StreamEvent) and kind is not RawEvent]


def _structs() -> list[type[Any]]:
    found = [value for module in MODULES for value in vars(module).values() if isinstance(value, type)]
    own = [kind for kind in dict.fromkeys(found) if issubclass(kind, Answer | StreamEvent)]
    return [kind for kind in own if kind not in (Answer, StreamEvent)]


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a type that may stand in a struct."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return st.one_of([values(part) for part in parts])
    if origin is list:
        return st.lists(values(parts[0]), max_size=3)
    if origin is tuple:
        return st.tuples(*map(values, parts))
    if kind in SIMPLE:
        return SIMPLE[kind]
    if issubclass(kind, OpenEnum):
        return st.one_of(st.sampled_from(list(kind)), st.text(min_size=1, max_size=12).map(kind))
    return structs(kind)


def structs(kind: type[Any]) -> st.SearchStrategy[Any]:
    made = st.builds(kind, **{field.name: values(field.type) for field in msgspec.structs.fields(kind)})
    return made.map(as_it_is_written)


def as_it_is_written(value: Any) -> Any:
    """Without what a struct of its kind is never written with: a market order has no price."""
    absent = getattr(value, "absent_keys", None)
    if absent is None:
        return value
    fields = msgspec.structs.fields(type(value))
    return msgspec.structs.replace(value, **{f.name: f.default for f in fields if f.encode_name in absent()})


NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("-1e20"), max_value=Decimal("1e20"))
SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=20),
    int: st.integers(min_value=-(2**63), max_value=2**64 - 1),
    bool: st.booleans(),
    Decimal: NUMBERS,
    type(None): st.none(),
    msgspec.UnsetType: st.just(msgspec.UNSET),
}
