"""Structs to bytes and back, to the byte as the exchange writes them.

Decoding is msgspec's. Encoding is not: the exchange sorts its keys, writes unset fields as null in answers and leaves them out in
streams, and never writes a number with an exponent, all of which a struct says by its base and its class variables.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from haversack.errors import ProtocolError
from haversack.wire.base import Answer, Operation, StreamEvent

_DIGITS_MAX = 128
_TAG = "__struct_config__.tag"


def encode(value: Any) -> bytes:
    """The bytes that the exchange would send for this struct, list or mapping of structs."""
    return msgspec.json.encode(_plain(value))


def decode(kind: Any, body: bytes, *, what: str) -> Any:
    """The value that the bytes hold; a ProtocolError names the place that does not fit. `what` names the message."""
    try:
        return _decoder(kind).decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError, OverflowError, ArithmeticError) as error:
        raise ProtocolError(what, str(error), body) from error


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def _plain(value: Any) -> Any:
    return _ENCODERS[value.__class__](value)


def _plain_struct(value: msgspec.Struct) -> dict[str, Any]:
    plan = _plan(type(value))
    left_out = plan.absent(value) if plan.absent else ()
    fields: dict[str, Any] = {}
    for (name, needs_value), item in zip(plan.keys, plan.items(value), strict=True):
        if name in left_out:
            continue
        if item is None:
            if not needs_value:
                fields[name] = None
        elif item is not msgspec.UNSET:
            encoder = _ENCODERS[item.__class__]
            fields[name] = item if encoder is _itself else encoder(item)
    return fields


def _plain_struct_with_numbers(value: Answer) -> dict[str, Any]:
    fields = _plain_struct(value)
    for name in value.written_as_numbers:
        if isinstance(text := fields.get(name), str):
            # Raw JSON keeps every digit, where a float would not.
            fields[name] = msgspec.Raw(text.encode())
    return fields


class _Plan(NamedTuple):
    """How a struct is written."""

    keys: tuple[tuple[str, bool], ...]
    """In wire order: the name, and whether None leaves it out."""
    items: Callable[[Any], tuple[Any, ...]]
    """What stands under the keys."""
    absent: Callable[[Any], Container[str]] | None
    """Names that this one is written without."""


@cache
def _plan(kind: type[msgspec.Struct]) -> _Plan:
    leaves_none_out = issubclass(kind, StreamEvent | Operation)
    as_null: tuple[str, ...] = getattr(kind, "written_as_null", ())
    rows = [
        (field.encode_name, field.name, leaves_none_out and not field.required and field.encode_name not in as_null)
        for field in msgspec.structs.fields(kind)
    ]
    config = kind.__struct_config__
    if config.tag_field is not None:
        rows.append((config.tag_field, _TAG, False))
    order: tuple[str, ...] = getattr(kind, "wire_order", ())
    rows.sort(key=lambda row: order.index(row[0]) if order else row[0])
    keys = tuple((name, needs_value) for name, _, needs_value in rows)
    return _Plan(keys, _getter([attribute for _, attribute, _ in rows]), getattr(kind, "absent_keys", None))


def _getter(attributes: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    if len(attributes) > 1:
        # All of them in one call: the commonest answers have some thirty.
        return attrgetter(*attributes)
    return lambda value: tuple(attrgetter(attribute)(value) for attribute in attributes)


def _plain_decimal(number: Decimal) -> str:
    if not number.is_finite() or abs(number.adjusted()) > _DIGITS_MAX:
        raise ProtocolError("a number to send", "it is not finite, or too long to write out", str(number).encode())
    return format(number, "f")


def _plain_list(items: list[Any] | tuple[Any, ...]) -> list[Any]:
    return [_plain(item) for item in items]


def _plain_mapping(mapping: Mapping[Any, Any]) -> dict[Any, Any]:
    return {key: _plain(item) for key, item in mapping.items()}


def _itself(value: Any) -> Any:
    return value


class _Encoders(dict[type, Callable[[Any], Any]]):
    """What makes a value of a class plain; a class that is met for the first time is looked into once."""

    def __missing__(self, kind: type) -> Callable[[Any], Any]:
        self[kind] = encoder = _encoder_of(kind)
        return encoder


def _encoder_of(kind: type) -> Callable[[Any], Any]:
    if issubclass(kind, msgspec.Struct):
        return _plain_struct_with_numbers if getattr(kind, "written_as_numbers", ()) else _plain_struct
    if issubclass(kind, Mapping):
        return _plain_mapping
    # Words, numbers, booleans, raw JSON and null are written as msgspec writes them.
    return _plain_list if issubclass(kind, list | tuple) else _itself


_ENCODERS = _Encoders({Decimal: _plain_decimal})
