"""From an operation to its answer, as a generator: what to send, when, and what comes of it. No socket, no clock, no sleep.

    steps = flow(GetDepth("SOL_USDC"), session)
    attempt = next(steps)              # wait attempt.delay_s, then send attempt.request
    attempt = steps.send(response)     # or steps.throw(error); StopIteration holds the answer

A read may be repeated. Whatever changes state is sent exactly once: where its outcome cannot be known, that is what the caller
is told, with the cause.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from typing import TypeAlias, TypeVar

from haversack.errors import ApiError, ConnectFailed, OutcomeUnknown, TransportError, UsageError
from haversack.rest.answers import read_answer
from haversack.rest.http import HttpResponse
from haversack.rest.request import Attempt, changes_state
from haversack.rest.session import RestSession
from haversack.wire.base import Operation

T = TypeVar("T")

_log = logging.getLogger("haversack.rest")


Flow: TypeAlias = Generator[Attempt, HttpResponse | None, T]


def flow(operation: Operation[T], session: RestSession) -> Flow[T]:
    """The steps to the answer of one operation."""
    return _change(operation, session) if changes_state(type(operation)) else _read(operation, session)


def _read(operation: Operation[T], session: RestSession) -> Flow[T]:
    attempts = 0
    while True:
        prepared = session.prepare(operation)
        attempts += 1
        try:
            response = yield prepared
            return _answer(operation, response)
        except (TransportError, ApiError) as failure:
            delay_s = session.retry_delay_s(failure, attempts)
            if delay_s is None:
                raise
            _log.warning("%s failed (%s); again in %.2f s", type(operation).__name__, failure, delay_s)
        # The wait comes first and alone, so that the request after it is signed when it leaves.
        yield Attempt(None, delay_s)


def _change(operation: Operation[T], session: RestSession) -> Flow[T]:
    operation = session.with_client_id(operation)
    prepared = session.prepare(operation)
    try:
        response = yield prepared
        return _answer(operation, response)
    except (UsageError, ConnectFailed):
        raise
    except ApiError as refusal:
        if refusal.status < 500 and refusal.code != "TIMEOUT":
            raise
        raise OutcomeUnknown(operation, refusal, sent_ms=prepared.sent_ms) from refusal
    except Exception as failure:
        # Whatever else went wrong, in a transport of the user's own or in reading the answer, the request may have arrived.
        raise OutcomeUnknown(operation, failure, sent_ms=prepared.sent_ms) from failure


def _answer(operation: Operation[T], response: HttpResponse | None) -> T:
    assert response is not None, "a driver must send the response to a step that has a request"
    _log.debug("%s %s: HTTP %s", operation.method, operation.path, response.status)
    return read_answer(operation, response)
