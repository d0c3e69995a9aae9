"""What a caller wrote, as the exchange takes it: the one door through which every parameter leaves.

The signed string and the request that is sent are made from the same texts, so they cannot differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, TypeAlias, Union, get_args, get_origin

import msgspec

from haversack.errors import UsageError
from haversack.units import plain, to_decimal, to_time_us
from haversack.wire import inputs
from haversack.wire.base import Operation
from haversack.wire.enums import OpenEnum

Sent: TypeAlias = str | int | bool
_Converter: TypeAlias = Callable[[Any, str], Sent]

_PLAIN_NUMERAL = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?")
_UINT32_MAX = 2**32 - 1


class Parameter(NamedTuple):
    """One parameter as it is sent: a string, or an integer or boolean of JSON."""

    name: str
    value: Sent


def parameters(operation: Operation[Any]) -> list[Parameter]:
    """The parameters of an operation, sorted by name, without those that are None."""
    sent: list[Parameter] = []
    for name, attribute, convert, is_repeated in _plan(type(operation)):
        value = getattr(operation, attribute)
        if value is None:
            continue
        if is_repeated:
            sent.extend(Parameter(name, convert(item, attribute)) for item in value)
        else:
            sent.append(Parameter(name, convert(value, attribute)))
    return sent


@cache
def _plan(kind: type[Operation[Any]]) -> tuple[tuple[str, str, _Converter, bool], ...]:
    rows: list[tuple[str, str, _Converter, bool]] = []
    for field in msgspec.structs.fields(kind):
        wanted = _without_none(field.type)
        is_repeated = get_origin(wanted) is tuple
        rows.append((field.encode_name, field.name, _converter(get_args(wanted)[0] if is_repeated else wanted), is_repeated))
    return tuple(sorted(rows, key=lambda row: row[0]))


def _without_none(wanted: Any) -> Any:
    if get_origin(wanted) not in (UnionType, Union):
        return wanted
    return next(part for part in get_args(wanted) if part is not NoneType)


def _converter(wanted: Any) -> _Converter:
    if get_origin(wanted) is Literal:
        return _text
    if issubclass(wanted, OpenEnum):
        return _word_of(wanted)
    return _CONVERTERS[wanted]


def _number(value: Any, what: str) -> str:
    if type(value) is str and _PLAIN_NUMERAL.fullmatch(value):
        return value
    return plain(to_decimal(value, what))


def _integer(value: Any, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise UsageError(f"{what} must be an int, found {value!r}")
    if not 0 <= value <= _UINT32_MAX:
        raise UsageError(f"{what} must be 0 to {_UINT32_MAX}, found {value}")
    return value


def _boolean(value: Any, what: str) -> bool:
    if not isinstance(value, bool):
        raise UsageError(f"{what} must be True or False, found {value!r}")
    return value


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{what} must be a str, found {value!r}: write {what}={str(value)!r}")
    if not value:
        raise UsageError(f"{what} must not be empty; leave it out instead")
    return value


def _word_of(kind: type[OpenEnum]) -> _Converter:
    words = {member.value: str(member.value) for member in kind}

    def convert(value: Any, what: str) -> str:
        # A member that is not listed is let through when it is one on purpose: the exchange may know more than we do.
        word = value.value if isinstance(value, kind) else words.get(value) if isinstance(value, str) else None
        if word is None:
            raise UsageError(f"{what} must be one of {', '.join(words)}, found {value!r}")
        return str(word)

    return convert


def _time(per_second: int) -> _Converter:
    unit = "milliseconds" if per_second == 1_000 else "seconds"

    def convert(value: Any, what: str) -> int:
        if isinstance(value, datetime):
            return to_time_us(value, what) * per_second // 1_000_000
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise UsageError(f"{what} must be a datetime, or an int of {unit} since 1970, found {value!r}")
        return value

    return convert


_CONVERTERS: dict[Any, _Converter] = {
    Decimal: _number,
    int: _integer,
    bool: _boolean,
    str: _text,
    inputs.TimeS: _time(1),
    inputs.TimeMs: _time(1_000),
}
