"""Operations by the names that people write, and their parameters from text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, cast, get_args, get_origin

import msgspec

from haversack.errors import UsageError
from haversack.units import from_time_us
from haversack.wire import inputs
from haversack.wire.base import Operation
from haversack.wire.catalogue import OPERATIONS

_HUMP = re.compile(r"(?<!^)(?=[A-Z])")
_is_whole = re.compile(r"-?[0-9]{1,20}").fullmatch


@cache
def all_named() -> Mapping[str, type[Operation[Any]]]:
    """Every operation, by its name: `get_depth` is GetDepth."""
    return {_HUMP.sub("_", kind.__name__).lower(): kind for kind in OPERATIONS}


@cache
def _paths() -> Mapping[Any, str]:
    """How the client calls each operation."""
    from haversack.client import groups
    from haversack.client.endpoint import Group

    found: dict[Any, str] = {}
    members: list[Any] = list(vars(groups).values())
    for group in members:
        if isinstance(group, type) and issubclass(group, Group):
            named = _HUMP.sub("_", cast("type", group).__name__).lower()
            for name, made in group.__dict__.items():
                found[getattr(made, "operation", None)] = f"{named}.{name}"
    return found


def path_in_client(kind: type[Operation[Any]]) -> str:
    """How the client calls it: `markets.depth`."""
    return _paths().get(kind, "")


def operation_named(name: str) -> type[Operation[Any]]:
    """The operation of that name: `place_order`, `PlaceOrder`, or `orders.place` as the client calls it."""
    named = all_named()
    written = _HUMP.sub("_", name) if name.isalpha() and not name.isupper() else name
    found = named.get(written.lower().replace("-", "_"))
    if found is None:
        found = next((kind for kind, path in _paths().items() if path == name.lower()), None)
    if found is None:
        from difflib import get_close_matches

        near = " or ".join(get_close_matches(written.lower(), named, n=3))
        raise UsageError(f"there is no operation {name!r}{f': is it {near}?' if near else ''} (haversack api --list)")
    return found


def parameters_of(kind: type[Operation[Any]]) -> list[str]:
    """The names of its parameters; those that may be left out in brackets."""
    fields = msgspec.structs.fields(kind)
    return [field.name if field.required else f"[{field.name}]" for field in fields]


def made(kind: type[Operation[Any]], texts: Iterable[str]) -> Operation[Any]:
    """The operation with parameters from texts such as `symbol=SOL_USDC`."""
    fields = {name: field for field in msgspec.structs.fields(kind) for name in (field.encode_name, field.name)}
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        field = fields.get(name)
        if not equals or field is None:
            known = ", ".join(parameters_of(kind)) or "none"
            raise UsageError(f"{text!r} is no parameter of {_name(kind)} with its value, such as name=value: it has {known}")
        if field.name in values:
            raise UsageError(f"{name} is given twice")
        values[field.name] = _orders(value) if field.name == kind.batch else _read(value, _bare(field.type), name)
    missing = [field.name for field in msgspec.structs.fields(kind) if field.required and field.name not in values]
    if missing:
        raise UsageError(f"{_name(kind)} needs {' and '.join(missing)}: write {missing[0]}=value")
    return kind(**values)


def _orders(text: str) -> tuple[Operation[Any], ...]:
    """A batch, from JSON."""
    place = all_named()["place_order"]
    try:
        rows = msgspec.json.decode(text, type=list[dict[str, str | int | bool]])
    except msgspec.DecodeError as error:
        raise UsageError(f'orders must be JSON such as [{{"symbol": ...}}], with numbers in quotation marks: {error}') from None
    return tuple([made(place, [f"{name}={_word(value)}" for name, value in row.items()]) for row in rows])


def _word(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read(text: str, wanted: Any, name: str) -> Any:
    """A value from its text, as the library wants it; what it means is checked where it is sent."""
    if get_origin(wanted) is tuple:
        return tuple([_read(part, get_args(wanted)[0], name) for part in text.split(",")])
    reader = _READERS.get(wanted)
    return text if reader is None else reader(text, name)


def _boolean(text: str, name: str) -> bool:
    if text not in ("true", "false"):
        raise UsageError(f"{name} must be true or false, found {text!r}")
    return text == "true"


def _integer(text: str, name: str) -> int:
    if not _is_whole(text):
        raise UsageError(f"{name} must be a whole number, found {text!r}")
    return int(text)


def _time(text: str, name: str) -> int | datetime:
    if _is_whole(text):
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{name} must be a number, or a time such as 2026-11-21T16:00:00, found {text!r}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=from_time_us(0).tzinfo)


_READERS: Mapping[Any, Callable[[str, str], Any]] = {
    bool: _boolean,
    int: _integer,
    inputs.TimeS: _time,
    inputs.TimeMs: _time,
    inputs.DurationMs: _integer,
}


def _bare(wanted: Any) -> Any:
    if get_origin(wanted) in (UnionType, Union):
        return next(part for part in get_args(wanted) if part is not NoneType)
    return wanted


def _name(kind: type[Operation[Any]]) -> str:
    return _HUMP.sub("_", kind.__name__).lower()
