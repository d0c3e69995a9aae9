"""The three shapes of everything that crosses the network: an operation, its answer, and an event of a stream.

A field's Python name says its unit; its wire name is the exchange's. `None` in an operation means *not sent*.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Self, TypeAlias, TypeVar, get_args, get_origin

import msgspec

T = TypeVar("T")
Caller = TypeVar("Caller")
Method: TypeAlias = Literal["GET", "POST", "DELETE", "PATCH"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Operation(msgspec.Struct, Generic[T], frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One REST operation: its fields are the parameters, `T` is the answer."""

    method: ClassVar[Method]
    path: ClassVar[str]
    instruction: ClassVar[str | None] = None
    """Name that is signed in front of the parameters; None: public, sent unsigned."""
    answers_text: ClassVar[bool] = False
    """The answer is plain text, not JSON."""
    payload: ClassVar[str] = ""
    """Name of the body's schema, as the exchange's error texts say it."""
    batch: ClassVar[str] = ""
    """Attribute that holds several operations: the body is a list of their parameters, and each is signed by itself."""
    names_broker: ClassVar[bool] = False
    """Carries the headers of the client's broker, if it has one."""
    is_historical: ClassVar[bool] = False
    """Historical market data: 30 requests a minute (documented 2026-10)."""
    is_cancel: ClassVar[bool] = False
    """Takes risk away, so it may use the part of the request budget that is kept for that."""
    withdraws: ClassVar[bool] = False
    """Takes money out of the account, or changes what protects it: only for a client that was made for that."""
    replaced_by: ClassVar[str] = ""
    """Path that the exchange asks to use instead of this one, which still works."""

    if TYPE_CHECKING:
        # mypy makes an __init__ of the fields, but none for an operation that has no fields: it would then take anything.
        def __init__(self) -> None: ...

    @classmethod
    def served_by(cls, handler: Callable[[Caller, Self], Any]) -> tuple[type[Self], Callable[[Caller, Self], Any]]:
        """A route of the local exchange: this operation, and the function that answers it."""
        return cls, handler


class BySymbol(Operation[T], Generic[T], frozen=True):
    """A read of one market: the symbol may be given without its name."""

    symbol: str


class MaybeBySymbol(Operation[T], Generic[T], frozen=True):
    """A read of one market or of all: the symbol may be given without its name."""

    symbol: str | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A JSON object in an answer. An unset optional field is written as null; one that is UNSET is left out."""

    wire_order: ClassVar[tuple[str, ...]] = ()
    """Wire names in the order in which they are written; alphabetical where empty, as the exchange does."""
    written_as_numbers: ClassVar[tuple[str, ...]] = ()
    """Wire names of decimals that the exchange writes as JSON numbers; all others are strings."""

    def _repr_html_(self) -> str:
        from haversack.tables.html import row_as_html

        return row_as_html(self)


class StreamEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A JSON object in a stream. An unset optional field is left out, unless `written_as_null` names it."""

    wire_order: ClassVar[tuple[str, ...]] = ()
    written_as_null: ClassVar[tuple[str, ...]] = ()


class CancelPending(msgspec.Struct, frozen=True):
    """The exchange took the request and has not carried it out yet (HTTP 202): the order is still live. Ask again."""


class Page(list[T], Generic[T]):
    """Rows of a history, and what its headers say of the rest."""

    total: int | None = None
    """Rows that match in all (X-Total)."""

    def _repr_html_(self) -> str:
        from haversack.tables.html import rows_as_html

        return rows_as_html(self)


@cache
def answer_type(operation: type[Operation[Any]]) -> Any:
    """What an operation answers: the `Order` of `class PlaceOrder(Operation[Order])`."""
    for base in operation.__dict__.get("__orig_bases__", ()):
        origin = get_origin(base)
        if isinstance(origin, type) and issubclass(origin, Operation):
            return get_args(base)[0]
    raise TypeError(f"{operation.__name__} does not say what it answers: write class {operation.__name__}(Operation[X])")


@cache
def body_type(operation: type[Operation[Any]]) -> Any:
    """What the JSON of an answer decodes to: without what a status alone says (202, 204), and a page as its rows."""
    answer = answer_type(operation)
    if get_origin(answer) is Page:
        return list[get_args(answer)[0]]  # type: ignore[misc]  # a type made at run time
    parts = [part for part in get_args(answer) if part not in (CancelPending, NoneType)]
    return parts[0] if get_origin(answer) is UnionType else answer


def moment_of_ms(time_ms: int) -> datetime:
    """The moment, in UTC."""
    return _EPOCH + timedelta(milliseconds=time_ms)


def moment_of_us(time_us: int) -> datetime:
    """The moment, in UTC."""
    return _EPOCH + timedelta(microseconds=time_us)


def moment_of_iso(text: str) -> datetime:
    """The moment that a time without a zone means: the exchange writes UTC and does not say so."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def moment_of_rfc3339(text: str) -> datetime:
    """The moment, in UTC, of a time that names its offset; digits after the microseconds are dropped."""
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
