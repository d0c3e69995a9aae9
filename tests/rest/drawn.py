"""Any operation with any valid parameters, drawn from its fields' types."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import msgspec
from hypothesis import strategies as st

from haversack.wire import inputs
from haversack.wire.base import Operation
from haversack.wire.enums import OpenEnum
from haversack.wire.orders import PlaceOrder

_texts = st.text(
    st.characters(min_codepoint=0x20, exclude_characters="&=\x7f", exclude_categories=("Cs", "Cc")), min_size=1, max_size=12
)
_numbers = st.builds(lambda units, scale: Decimal(units).scaleb(scale), st.integers(-(10**20), 10**20), st.integers(-20, 5))
_moments = st.datetimes(datetime(1974, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  The zone is drawn.
_lengths = st.timedeltas(timedelta(0), timedelta(days=400))

_DRAWN: dict[Any, st.SearchStrategy[Any]] = {
    Decimal: _numbers | _numbers.map(lambda number: format(number, "f")) | st.integers(-(10**20), 10**20),
    int: st.integers(0, 2**32 - 1),
    bool: st.booleans(),
    str: _texts,
    inputs.TimeS: st.integers(0, 10**11 - 1) | _moments,
    inputs.TimeMs: st.just(0) | st.integers(10**11, 2**50) | _moments,
    inputs.DurationMs: st.integers(0, 2**40) | _lengths,
}


def operations(kind: type[Operation[Any]]) -> st.SearchStrategy[Operation[Any]]:
    """Operations of one kind."""
    if kind.batch:
        return st.lists(operations(PlaceOrder), min_size=1, max_size=4).map(kind)
    needed, optional = {}, {}
    for field in msgspec.structs.fields(kind):
        drawn = _values(field.type)
        if field.required:
            needed[field.name] = drawn
        else:
            optional[field.name] = drawn
    pairs = st.fixed_dictionaries(needed, optional=optional).map(_with_one_id)
    return pairs.map(lambda fields: kind(**fields))


def _with_one_id(fields: dict[str, Any]) -> dict[str, Any]:
    """Of two ids one, as the exchange wants it."""
    left_out = {ours for ours, theirs in (("client_id", "order_id"), ("client_strategy_id", "strategy_id")) if theirs in fields}
    return {name: value for name, value in fields.items() if name not in left_out}


def _values(wanted: Any) -> st.SearchStrategy[Any]:
    parts = [part for part in get_args(wanted) if part is not NoneType]
    if get_origin(wanted) is tuple:
        return st.lists(_values(parts[0]), min_size=1, max_size=3)
    if get_origin(wanted) is Literal:
        return st.sampled_from(parts)
    if parts:
        return _values(parts[0])
    if issubclass(wanted, OpenEnum):
        return st.sampled_from(wanted) | st.sampled_from([member.value for member in wanted])
    return _DRAWN[wanted]
