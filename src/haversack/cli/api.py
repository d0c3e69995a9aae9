"""`haversack api`: any operation of the catalogue, by its name, with the parameters of the documentation."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import msgspec

from haversack.cli.here import Here
from haversack.cli.output.table import Column, Table, facts, fields_of
from haversack.errors import UsageError
from haversack.rest.request import changes_state

if TYPE_CHECKING:
    from haversack.wire.base import Operation


def api(
    name: str | None = None,
    /,
    *parameters: str,
    list: bool = False,
    dry_run: bool = False,
    yes: bool = False,
    here: Here,
) -> None:
    """Call any operation of the API by its name.

    Parameters are given as name=value; several values of one parameter as name=a,b; the orders of a batch as
    orders=[{"symbol": ...}]. Names are those of the library or of the documentation: order_id or orderId. What changes something
    is confirmed with a live profile; withdrawals are refused.

    Example: haversack api get_depth symbol=SOL_USDC limit=5
    Example: haversack api --list

    Parameters
    ----------
    name
        Such as get_depth, or markets.depth as in the library.
    parameters
        Such as symbol=SOL_USDC.
    list
        List the operations, with their parameters.
    """
    if list:
        _list(here)
        return
    if name is None:
        raise UsageError("give the name of an operation: haversack api --list names them")
    from haversack.cli.catalogue import made, operation_named

    operation = made(operation_named(name), parameters)
    if dry_run:
        from haversack.cli.sending import show_only

        show_only(operation, here)
        return
    _call(operation, here, yes=yes)


def _call(operation: Operation[Any], here: Here, *, yes: bool) -> None:
    if changes_state(type(operation)):
        from haversack.cli.sending import send

        answer = send(operation, here, yes=yes)
    else:
        with here.client(signed=operation.instruction is not None) as client:
            answer = client.send(operation)
    here.show(_table(type(operation).__name__, answer))


def _table(title: str, answer: Any) -> Table:
    """An answer of any shape, with a column for every field."""
    if isinstance(answer, dict):
        rows = [{"": name, **_as_row(value)} for name, value in cast("dict[str, Any]", answer).items()]
        return Table(title, _columns(rows), rows, whole=answer)
    if isinstance(answer, list | tuple):
        rows = [_as_row(each) for each in cast("list[Any]", answer)]
        return Table(title, _columns(rows), rows, whole=answer)
    return facts(title, _as_row(answer).items(), whole=answer)


def _as_row(value: Any) -> dict[str, Any]:
    if isinstance(value, msgspec.Struct):
        return dict(fields_of(value))
    return {"done": True} if value is None else {"value": value}


def _columns(rows: list[dict[str, Any]]) -> tuple[Column, ...]:
    names = dict.fromkeys(name for row in rows for name in row)
    is_number = {name: any(isinstance(row.get(name), Decimal | int) for row in rows) for name in names}
    return tuple(Column(name, _by_key(name), is_number[name], is_minor=place > 0) for place, name in enumerate(names))


def _by_key(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda row: row.get(name)


def _list(here: Here) -> None:
    from haversack.cli.catalogue import all_named, parameters_of, path_in_client

    rows = [
        {
            "name": name,
            "in the client": path_in_client(kind),
            "method": kind.method,
            "path": kind.path,
            "parameters": " ".join(parameters_of(kind)),
        }
        for name, kind in all_named().items()
    ]
    here.show(Table("Operations", _columns(rows), rows))
