"""Orders and cancels on their way: told to the account views of a client before they are sent, and when it is known what came.

A view that fails to understand something keeps no order from being sent, and changes no answer and no error.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

import msgspec

from haversack.errors import ConnectFailed, HaversackError, OutcomeUnknown
from haversack.rest.session import RestSession
from haversack.wire.base import Operation
from haversack.wire.orders import CancelAllOrders, CancelOrder, PlaceOrder, PlaceOrders

T = TypeVar("T")
Command: TypeAlias = PlaceOrder | PlaceOrders | CancelOrder | CancelAllOrders

_log = logging.getLogger("haversack.account")


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that this program is about to send. Give it back with the answer, or with the error."""

    operation: Command
    tickets: tuple[int, ...]
    """One for each order that it places."""
    sent_ms: int | None = None
    """By the clock that requests are signed by."""


class Unresolved(msgspec.Struct, frozen=True):
    """An answer was lost: resolve it (`rest.outcome.resolve`), and give the resolution back with `sent`."""

    sent: Sent
    outcome: OutcomeUnknown


class Witness(Protocol):
    """Whoever wants to know what a client sends."""

    def sent(self, operation: Command) -> Sent | None:
        """It is about to be sent. None: nothing more needs to be told of it."""
        ...

    def answered(self, sent: Sent, answer: Any) -> None:
        """This is the answer."""
        ...

    def failed(self, sent: Sent, error: BaseException) -> None:
        """There is none, or a refusal."""
        ...


def send_told(
    witnesses: Sequence[Witness], operation: Operation[T], session: RestSession, send: Callable[[Operation[T]], T]
) -> T:
    """The answer to an operation, of which the witnesses are told if it is one that concerns them."""
    if not isinstance(operation, Command):
        return send(operation)
    told = _Told(witnesses, session.with_client_id(operation))
    try:
        answer = send(told.operation)
    except BaseException as error:
        told.failed(error)
        raise
    told.answered(answer)
    return answer


async def send_told_async(
    witnesses: Sequence[Witness], operation: Operation[T], session: RestSession, send: Callable[[Operation[T]], Awaitable[T]]
) -> T:
    """The same, awaited."""
    if not isinstance(operation, Command):
        return await send(operation)
    told = _Told(witnesses, session.with_client_id(operation))
    try:
        answer = await send(told.operation)
    except BaseException as error:
        told.failed(error)
        raise
    told.answered(answer)
    return answer


def raw_told(
    witnesses: Sequence[Witness],
    operation: Command,
    session: RestSession,
    send: Callable[[Operation[Any]], tuple[bytes, Any]],
) -> bytes:
    """The bytes of the answer to a command; the witnesses are told what they mean."""
    told = _Told(witnesses, session.with_client_id(operation))
    try:
        body, answer = send(told.operation)
    except BaseException as error:
        told.failed(error)
        raise
    told.answered(answer)
    return body


async def raw_told_async(
    witnesses: Sequence[Witness],
    operation: Command,
    session: RestSession,
    send: Callable[[Operation[Any]], Awaitable[tuple[bytes, Any]]],
) -> bytes:
    """The same, awaited."""
    told = _Told(witnesses, session.with_client_id(operation))
    try:
        body, answer = await send(told.operation)
    except BaseException as error:
        told.failed(error)
        raise
    told.answered(answer)
    return body


class _Told:
    """One request, and who was told of it."""

    def __init__(self, witnesses: Sequence[Witness], operation: Any) -> None:
        # With the client id that it will bear: by that it is found again.
        self.operation = operation
        self._who: list[tuple[Witness, Sent]] = []
        for witness in tuple(witnesses):
            try:
                sent = witness.sent(operation)
            except Exception:  # noqa: BLE001  What is wrong with it the sending will say.
                _log.info("a view of the account does not understand %r", operation, exc_info=True)
                continue
            if sent is not None:
                self._who.append((witness, sent))

    def answered(self, answer: Any) -> None:
        if isinstance(answer, Exception):
            self.failed(answer)
            return
        for witness, sent in self._who:
            try:
                witness.answered(sent, answer)
            except Exception as error:  # noqa: BLE001  The program has its answer, whatever a view makes of it.
                _log.exception("a view of the account does not understand the answer to %s", type(sent.operation).__name__)
                self._fail(witness, sent, OutcomeUnknown(sent.operation, error, sent_ms=sent.sent_ms))

    def failed(self, error: BaseException) -> None:
        error = _meaning_of(error)
        for witness, sent in self._who:
            self._fail(witness, sent, error)

    def _fail(self, witness: Witness, sent: Sent, error: BaseException) -> None:
        try:
            witness.failed(sent, error)
        except Exception:  # noqa: BLE001  The program has its answer or its error, whatever a view makes of it.
            _log.exception("a view of the account does not understand what became of %s", type(sent.operation).__name__)


def _meaning_of(error: BaseException) -> BaseException:
    """What an error says of the request. A call that is given up once its request may have left says so in its cause."""
    if isinstance(error, HaversackError):
        return error
    if isinstance(error.__cause__, OutcomeUnknown):
        return error.__cause__
    return ConnectFailed(f"given up before it was sent: {type(error).__name__}")
