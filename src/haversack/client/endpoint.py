"""An operation as a method: its answer on a `Client`, an awaitable of its answer on an `AsyncClient`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from types import MethodType
from typing import Any, Generic, ParamSpec, Protocol, Self, TypeVar, overload

from haversack.rest.written import written_parameters
from haversack.wire.base import Operation

P = ParamSpec("P")
T = TypeVar("T")


class Sends(Protocol):
    """Whatever sends an operation and returns its answer."""

    def send(self, operation: Operation[T], /) -> T: ...


class SendsAsync(Protocol):
    """The same, awaited."""

    async def send(self, operation: Operation[T], /) -> T: ...


C_co = TypeVar("C_co", bound=Sends | SendsAsync, covariant=True)


class Group(Generic[C_co]):
    """Some operations of a client, under one name."""

    def __init__(self, client: C_co) -> None:
        self._client = client

    def __repr__(self) -> str:
        return f"<{type(self).__name__.lower()} of {self._client!r}>"


class endpoint(Generic[P, T]):
    """Makes a method of an operation, with the operation's parameters, answer and docstring."""

    def __init__(self, operation: Callable[P, Operation[T]]) -> None:
        self.operation = operation

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner, self._name = owner, name
        self._call: Callable[..., Any] | None = None

    def _made(self) -> Callable[..., Any]:
        """The method, made when it is first asked for: a program uses few of them, and describing one takes a while."""
        operation: Callable[..., Operation[Any]] = self.operation

        def call(self: Group[Any], /, *args: Any, **kwargs: Any) -> Any:
            try:
                asked = operation(*args, **kwargs)
            except TypeError as error:
                raise TypeError(f"{call.__qualname__}{_names(call)}: {error}") from None
            return self._client.send(asked)  # pyright: ignore[reportPrivateUsage]

        call.__signature__ = _signature(operation)  # type: ignore[attr-defined]
        call.__name__, call.__qualname__ = self._name, f"{self._owner.__qualname__}.{self._name}"
        call.__module__, call.__doc__ = self._owner.__module__, operation.__doc__
        self._call = call
        return call

    @overload
    def __get__(self, group: None, owner: type) -> Self: ...
    @overload
    def __get__(self, group: Group[Sends], owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, group: Group[SendsAsync], owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, group: Group[Any] | None, owner: type) -> Any:
        return self if group is None else MethodType(self._call or self._made(), group)


def _signature(operation: Callable[..., Any]) -> inspect.Signature:
    """The operation's parameters behind a `self`, typed as they are written in the source and not as they are on the wire."""
    return inspect.Signature([inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY), *written_parameters(operation)])


def _names(call: Callable[..., Any]) -> inspect.Signature:
    """What may be given, without types and without `self`."""
    _own, *parameters = inspect.signature(call).parameters.values()
    return inspect.Signature([parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters])
