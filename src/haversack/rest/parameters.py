"""What a caller wrote, as the exchange takes it: the one door through which every parameter leaves.

The signed string and the request that is sent are made from the same texts, so they cannot differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, TypeAlias, Union, get_args, get_origin
from uuid import UUID

import msgspec

from haversack.errors import UsageError
from haversack.signing import refuse_forging
from haversack.units import plain, to_decimal, to_time_us
from haversack.wire import inputs
from haversack.wire.base import Operation
from haversack.wire.enums import OpenEnum

Sent: TypeAlias = str | int | bool
_Converter: TypeAlias = Callable[..., Any]

_is_plain_numeral = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?").fullmatch
_is_harmless = re.compile(r"[A-Za-z0-9_.-]+").fullmatch
_UINT32_MAX = 2**32 - 1
_UNITS_APART = 10**11
_SHOWN_MAX = 100


# Left as they are when an operation is read, so that no text is made of them in silence.
_KEPT = (Decimal, datetime, bytes, bytearray, memoryview, date, time, timedelta, UUID)


class _Field(NamedTuple):
    name: str
    attribute: str
    convert: _Converter
    quick: Callable[[Any], Any]
    """Converts what is usually given, and raises for the rest."""


class _Plan(NamedTuple):
    """How the fields of one kind of operation are read, in the order of their names on the wire."""

    fields: tuple[_Field, ...]
    quick: dict[str, Callable[[Any], Any]]
    """By name; empty where the quick way would not give the fields in order, or would leave some out."""
    has_two_ids: bool


def parameters(operation: Operation[Any]) -> dict[str, Any]:
    """The parameters of an operation, sorted by name, without those that are None; a repeated one is a list."""
    fields, quick, has_two_ids = _plan(type(operation))
    if has_two_ids:
        _refuse_both_ids(operation)
    if quick:
        try:
            # Of two dozen fields a few are given. msgspec finds those in one step, which halves the time of the whole.
            given = msgspec.to_builtins(operation, builtin_types=_KEPT)
            return {name: quick[name](value) for name, value in given.items()}
        except (KeyError, TypeError, UsageError):
            pass  # Something unusual, or wrong: the thorough way knows which.
    values = ((field, getattr(operation, field.attribute)) for field in fields)
    return {field.name: field.convert(value, field.attribute) for field, value in values if value is not None}


def pairs(sent: Mapping[str, Any]) -> list[tuple[str, Sent]]:
    """The same, one by one: a repeated parameter as often as it has values."""
    listed: list[tuple[str, Sent]] = []
    for name, value in sent.items():
        listed += [(name, item) for item in value] if value.__class__ is list else [(name, value)]
    return listed


@cache
def _plan(kind: type[Operation[Any]]) -> _Plan:
    infos = msgspec.structs.fields(kind)
    fields = tuple(_field(info) for info in infos)
    ordered = tuple(sorted(fields))
    is_simple = ordered == fields and all(info.required or info.default is None for info in infos)
    quick = {field.name: field.quick for field in fields} if is_simple else {}
    return _Plan(ordered, quick, {"order_id", "client_id"} <= {field.attribute for field in fields})


def _field(info: msgspec.structs.FieldInfo) -> _Field:
    wanted = _without_none(info.type)
    convert = _converter(wanted)
    quick = _words(wanted).__getitem__ if isinstance(wanted, type) and issubclass(wanted, OpenEnum) else convert
    return _Field(info.encode_name, info.name, convert, quick)


def _refuse_both_ids(operation: Any) -> None:
    # The exchange fails the signature of a request with both (docs: 2026-10), which would send its reader the wrong way.
    if operation.order_id is not None and operation.client_id is not None:
        raise UsageError(f"give order_id or client_id, not both: found {operation.order_id!r} and {operation.client_id}")


def _without_none(wanted: Any) -> Any:
    if get_origin(wanted) not in (UnionType, Union):
        return wanted
    return next(part for part in get_args(wanted) if part is not NoneType)


def _converter(wanted: Any) -> _Converter:
    if get_origin(wanted) is tuple:
        return _repeated(_converter(get_args(wanted)[0]))
    if get_origin(wanted) is Literal:
        return _word_among(get_args(wanted))
    if issubclass(wanted, OpenEnum):
        return _word_of(wanted)
    return _CONVERTERS[wanted]


def _repeated(convert: _Converter) -> _Converter:
    def convert_all(values: Any, what: str = "values") -> list[Any]:
        if isinstance(values, str):
            return [convert(values, what)]
        if not values or values.__class__ not in (tuple, list):
            raise UsageError(f"{what} may hold several values: write {what}=(value, ...), found {values!r}")
        # Sorted, so that the signed string does not depend on whether its reader sorts values too.
        return sorted([convert(value, what) for value in values], key=str)

    return convert_all


def _number(value: Any, what: str = "value") -> str:
    if value.__class__ is str and _is_plain_numeral(value):
        return value
    return plain(to_decimal(value, what))


def _integer(value: Any, what: str = "value") -> int:
    if value.__class__ is not int:
        raise UsageError(f"{what} must be an int, found {value!r}")
    if not 0 <= value <= _UINT32_MAX:
        raise UsageError(f"{what} must be 0 to {_UINT32_MAX}, found {value}")
    return int(value)


def _boolean(value: Any, what: str = "value") -> bool:
    if not isinstance(value, bool):
        raise UsageError(f"{what} must be True or False, found {value!r}")
    return value


def _text(value: Any, what: str = "value") -> str:
    if value.__class__ is str and _is_harmless(value):
        return value
    if not isinstance(value, str):
        hint = f": write {what}={str(value)!r}" if value.__class__ is int else ""
        raise UsageError(f"{what} must be a str, found {shown(value)}{hint}")
    if not value:
        raise UsageError(f"{what} must not be empty; leave it out instead")
    refuse_forging(value, what)
    return value


def _words(kind: type[OpenEnum]) -> dict[Any, str]:
    return {member.value: str(member.value) for member in kind}


def _word_of(kind: type[OpenEnum]) -> _Converter:
    words = _words(kind)

    def convert(value: Any, what: str = "value") -> str:
        # A member is found by its word, because it is one; a word that is not listed is let through if it is made a member
        # on purpose: the exchange may know more than we do.
        word = words.get(str(value)) if isinstance(value, str) or value.__class__ is int else None
        if word is None:
            if not isinstance(value, kind):
                raise UsageError(f"{what} must be one of {', '.join(words)}, found {value!r}")
            word = _text(value.value, what)
        return word

    return convert


def _word_among(words: tuple[str, ...]) -> _Converter:
    def convert(value: Any, what: str = "value") -> str:
        if value not in words:
            raise UsageError(f"{what} must be {' or '.join(words)}, found {value!r}")
        return str(value)

    return convert


def whole_time(value: object, what: str, per_second: int) -> int:
    """An int of seconds or of milliseconds since 1970; one that must be in the other unit is refused."""
    unit = "milliseconds" if per_second == 1_000 else "seconds"
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise UsageError(f"{what} must be a datetime, or an int of {unit} since 1970, found {shown(value)}")
    # In seconds the line is drawn in the year 5138, in milliseconds in 1973: there was and will be no trade beyond it.
    if per_second == 1 and value >= _UNITS_APART:
        raise UsageError(f"{what} must be in seconds since 1970, and {value} looks like milliseconds")
    if per_second == 1_000 and 0 < value < _UNITS_APART:
        raise UsageError(f"{what} must be in milliseconds since 1970, and {value} looks like seconds")
    return value


def shown(value: object) -> str:
    """What was found, short enough to be read."""
    text = repr(value)
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}..."


def _time(per_second: int) -> _Converter:
    def convert(value: Any, what: str = "value") -> int:
        if isinstance(value, datetime):
            return to_time_us(value, what) * per_second // 1_000_000
        return whole_time(value, what, per_second)

    return convert


def _duration(value: Any, what: str = "value") -> int:
    length_ms = value // timedelta(milliseconds=1) if isinstance(value, timedelta) else value
    if isinstance(length_ms, bool) or not isinstance(length_ms, int) or length_ms < 0:
        raise UsageError(f"{what} must be a timedelta, or an int of milliseconds, found {value!r}")
    return length_ms


_CONVERTERS: dict[Any, _Converter] = {
    Decimal: _number,
    int: _integer,
    bool: _boolean,
    str: _text,
    inputs.TimeS: _time(1),
    inputs.TimeMs: _time(1_000),
    inputs.DurationMs: _duration,
}
