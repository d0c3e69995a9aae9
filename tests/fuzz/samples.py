"""Valid JSON of any wire type, made from its fields, so that a new type is covered on the day that it is written."""

from __future__ import annotations

import random
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

from haversack.wire import inputs
from haversack.wire.enums import OpenEnum

_TEXTS = ("SOL_USDC", "60000000001", "2026-09-02T16:44:00", "20.01", "7", "Solana", "a")
_NUMBERS = ("0", "1", "20.01", "-0.5", "123456789.123456789", "100")
_INTEGERS = (0, 1, 7, 1_788_367_430_246, 1_788_367_430_246_081, 2**63 - 1)


def sample(kind: Any, dice: random.Random) -> Any:
    """What `json.dumps` can write, and the type can be read from."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return sample(dice.choice([part for part in parts if part is not msgspec.UnsetType]), dice)
    if origin is Literal:
        return dice.choice(parts)
    if origin is list:
        return [sample(parts[0], dice) for _ in range(dice.choice((0, 1, 2)))]
    if origin is tuple:
        return [sample(part, dice) for part in parts if part is not ...]
    if origin is dict:
        return {sample(parts[0], dice): sample(parts[1], dice) for _ in range(2)}
    if kind in (NoneType, None, Any):
        return None
    return _simple(kind, dice)


def _simple(kind: Any, dice: random.Random) -> Any:
    if kind is bool:
        return dice.random() < 0.5
    if kind is Decimal:
        return dice.choice(_NUMBERS)
    if kind in (int, inputs.TimeS, inputs.TimeMs, inputs.DurationMs):
        return dice.choice(_INTEGERS)
    if kind is str:
        return dice.choice(_TEXTS)
    if issubclass(kind, OpenEnum):
        return dice.choice(list(kind)).value
    return fields_of(kind, dice)


def fields_of(kind: type[msgspec.Struct], dice: random.Random) -> dict[str, Any]:
    """The fields of a struct by their names on the wire; of those that may be absent some."""
    present = [field for field in msgspec.structs.fields(kind) if field.required or dice.random() < 0.7]
    tag = kind.__struct_config__
    content = {field.encode_name: sample(field.type, dice) for field in present}
    return content if tag.tag_field is None else {tag.tag_field: tag.tag, **content}
