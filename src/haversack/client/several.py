"""Calls that need several requests, as methods: a `procedure` answers once, a `listing` row after row.

On a `Client` they return and iterate; on an `AsyncClient` they are awaited, and iterated with `async for`.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from types import MethodType
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from haversack.client.endpoint import Group, Sends, SendsAsync
from haversack.rest.procedure import Feed, Procedure
from haversack.rest.session import RestSession

P = ParamSpec("P")
T = TypeVar("T")
Row = TypeVar("Row")


class procedure(Generic[P, T]):
    """Makes a method of a function from a client's session and some arguments to a procedure."""

    def __init__(self, steps: Callable[Concatenate[RestSession, P], Procedure[T]]) -> None:
        self.steps = steps

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner, self._name = owner, name
        self._call: Callable[..., Any] | None = None

    def _made(self) -> Callable[..., Any]:
        self._call = _method(self.steps, "perform", self._owner, self._name)
        return self._call

    @overload
    def __get__(self, group: None, owner: type) -> Self: ...
    @overload
    def __get__(self, group: Group[Sends], owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, group: Group[SendsAsync], owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, group: Group[Any] | None, owner: type) -> Any:
        return self if group is None else MethodType(self._call or self._made(), group)


class listing(Generic[P, Row]):
    """Makes a method of a function from a client's session and some arguments to a feed."""

    def __init__(self, steps: Callable[Concatenate[RestSession, P], Feed[Row]]) -> None:
        self.steps = steps

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner, self._name = owner, name
        self._call: Callable[..., Any] | None = None

    def _made(self) -> Callable[..., Any]:
        self._call = _method(self.steps, "each", self._owner, self._name)
        return self._call

    @overload
    def __get__(self, group: None, owner: type) -> Self: ...
    @overload
    def __get__(self, group: Group[Sends], owner: type) -> Callable[P, Iterator[Row]]: ...
    @overload
    def __get__(self, group: Group[SendsAsync], owner: type) -> Callable[P, AsyncIterator[Row]]: ...
    def __get__(self, group: Group[Any] | None, owner: type) -> Any:
        return self if group is None else MethodType(self._call or self._made(), group)


def _method(steps: Callable[..., Any], verb: str, owner: type, name: str) -> Callable[..., Any]:
    def call(self: Group[Any], /, *args: Any, **kwargs: Any) -> Any:
        client = self._client  # pyright: ignore[reportPrivateUsage]
        return getattr(client, verb)(steps(client.session, *args, **kwargs))

    session, *parameters = inspect.signature(steps).parameters.values()
    own = session.replace(name="self", kind=inspect.Parameter.POSITIONAL_ONLY, annotation=inspect.Parameter.empty)
    call.__signature__ = inspect.Signature([own, *parameters])  # type: ignore[attr-defined]
    call.__name__, call.__qualname__, call.__module__ = name, f"{owner.__qualname__}.{name}", owner.__module__
    call.__doc__ = steps.__doc__
    return call
