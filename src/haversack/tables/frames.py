"""Answers as Arrow tables, polars frames and pandas frames. Needs the extra `data`, and polars or pandas for those.

Decimals stay exact unless you ask for floats; times are moments in UTC.
"""

# Neither pyarrow nor pandas says what types it has.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownParameterType=false
# pyright: reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from haversack.errors import UsageError
from haversack.tables.columns import Column, columns_of

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

Decimals: TypeAlias = Literal["exact", "float"]

_DIGITS_MAX = 38
"""Of an Arrow decimal of 128 bits; wider ones take 256."""
_DIGITS_MAX_WIDE = 76


def to_arrow(rows: Iterable[Any], *, decimals: Decimals = "exact") -> Any:
    """A `pyarrow.Table` of answers or events of one type. (pyarrow does not say what types it has, so none is promised.)

    `decimals="float"` gives doubles, which are no longer exact. Errors: UsageError for rows of several types, and where pyarrow
    is missing.
    """
    if decimals not in ("exact", "float"):
        raise UsageError(f"decimals must be 'exact' or 'float', found {decimals!r}")
    arrow: Any = _library("pyarrow", "Arrow tables")
    columns = columns_of(rows)
    arrays = [arrow.array(_values(column, decimals), type=_type(column, arrow, decimals)) for column in columns]
    return arrow.table(arrays, names=[column.name for column in columns])


def to_polars(rows: Iterable[Any], *, decimals: Decimals = "exact") -> pl.DataFrame:
    """The same as a polars frame. Errors: those of `to_arrow`, and UsageError where polars is missing."""
    polars: Any = _library("polars", "polars frames")
    frame: pl.DataFrame = polars.from_arrow(to_arrow(rows, decimals=decimals))
    return frame


def to_pandas(rows: Iterable[Any], *, decimals: Decimals = "exact") -> pd.DataFrame:
    """The same as a pandas frame whose columns are Arrow's. Errors: those of `to_polars`."""
    pandas: Any = _library("pandas", "pandas frames")
    frame: pd.DataFrame = to_arrow(rows, decimals=decimals).to_pandas(types_mapper=pandas.ArrowDtype)
    return frame


def _library(name: str, what: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        wanted = "pip install 'haversack[data]'" if name == "pyarrow" else f"pip install {name}"
        raise UsageError(f"{what} need {name}: {wanted}") from error


def _values(column: Column, decimals: Decimals) -> list[Any]:
    if column.kind != "decimal":
        return column.values
    if decimals == "float":
        return [None if value is None else float(value) for value in column.values]
    return [None if value is None else Decimal(value) for value in column.values]


def _type(column: Column, arrow: Any, decimals: Decimals) -> Any:
    kinds = {
        "text": arrow.string(),
        "integer": arrow.int64(),
        "flag": arrow.bool_(),
        "time": arrow.timestamp("us", tz="UTC"),
        "nothing": arrow.null(),
    }
    if column.kind != "decimal":
        return kinds[column.kind]
    return arrow.float64() if decimals == "float" else _decimal_type(column, arrow)


def _decimal_type(column: Column, arrow: Any) -> Any:
    """Wide enough for every value of the column."""
    scale = digits = 0
    for value in column.values:
        if value is not None:
            _, figures, exponent = Decimal(value).as_tuple()
            assert isinstance(exponent, int), f"{column.name} has {value}"
            scale, digits = max(scale, -exponent), max(digits, len(figures) + max(0, exponent) - max(0, -exponent))
    precision = max(1, digits, 0) + scale
    if precision > _DIGITS_MAX_WIDE:
        raise UsageError(f"{column.name} has numbers of {precision} digits, more than an Arrow decimal holds: decimals='float'")
    return arrow.decimal128(precision, scale) if precision <= _DIGITS_MAX else arrow.decimal256(precision, scale)
