"""From an operation to its answer, as a generator: what to send, when, and what comes of it. No socket, no clock, no sleep.

    steps = flow(GetDepth("SOL_USDC"), session)
    attempt = next(steps)              # wait attempt.delay_s, then send attempt.request
    attempt = steps.send(response)     # or steps.throw(error); StopIteration holds the answer

A read may be repeated. Whatever changes state is sent exactly once: where its outcome cannot be known, that is what the caller
is told, with the cause.

Before a request is signed it waits for its turn within the rate limits. One that is refused because its time is wrong has the
clock measured against the exchange's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from typing import Any, TypeAlias, TypeVar

from haversack.errors import (
    ApiError,
    ConnectFailed,
    OutcomeUnknown,
    RequestExpired,
    TooManyRequests,
    TransportError,
    UsageError,
)
from haversack.rest.answers import read_answer, read_body
from haversack.rest.http import HttpRequest, HttpResponse
from haversack.rest.offset import sync_steps
from haversack.rest.pacing import lane_of, turn_steps
from haversack.rest.request import Attempt, changes_state
from haversack.rest.session import RestSession
from haversack.rest.turns import Lane
from haversack.wire.base import Operation

T = TypeVar("T")

_log = logging.getLogger("haversack.rest")

# While another call measures the clock; after ten seconds in vain this one does it too.
_LOOK_S = 0.05
_LOOKS_MAX = 200


class _GivenUpError(Exception):
    """Stands where no answer was waited for."""


Flow: TypeAlias = Generator[Attempt, HttpResponse | None, T]
_Reader: TypeAlias = Callable[[Operation[Any], HttpResponse, HttpRequest | None], T]


def flow(operation: Operation[T], session: RestSession) -> Flow[T]:
    """The steps to the answer of one operation."""
    return _change(operation, session, read_answer) if changes_state(type(operation)) else _read(operation, session, read_answer)


def raw_flow(operation: Operation[Any], session: RestSession) -> Flow[bytes]:
    """The same steps, to the bytes of the answer."""
    return _change(operation, session, read_body) if changes_state(type(operation)) else _read(operation, session, read_body)


def both_flow(operation: Operation[Any], session: RestSession) -> Flow[tuple[bytes, Any]]:
    """The same steps, to the bytes and to what they mean; an error in its place if that cannot be read."""
    return _change(operation, session, _read_both)


def _read_both(operation: Operation[Any], response: HttpResponse, request: HttpRequest | None = None) -> tuple[bytes, Any]:
    body = read_body(operation, response, request)
    try:
        return body, read_answer(operation, response, request)
    except Exception as error:  # noqa: BLE001  Who asked for the bytes has them.
        return body, error


def _read(operation: Operation[Any], session: RestSession, reader: _Reader[T]) -> Flow[T]:
    kind = type(operation)
    attempts, may_resync = 0, True
    while True:
        granted_us = session.grant(kind)
        if granted_us is None:
            granted_us = yield from _turn(kind, session)
        measurements = session.server_clock.measurements
        prepared = session.prepare(operation)
        attempts += 1
        try:
            response = yield prepared
            answer = reader(operation, _came(operation, response), prepared.request)
        except RequestExpired as expired:
            session.note(expired, granted_us)
            if not may_resync or not (yield from _resync(kind, session, measurements)):
                raise _explained(expired, session) from None
            may_resync = False
            continue
        except (TransportError, ApiError) as failure:
            session.note(failure, granted_us)
            delay_s = session.retry_delay_s(failure, attempts)
            if delay_s is None:
                raise
            if isinstance(failure, TooManyRequests):
                # Everybody waits, this call too: it asks for its turn again.
                continue
            _log.warning("%s failed (%s); again in %.2f s", kind.__name__, failure, delay_s)
        else:
            session.pacer.answered(granted_us)
            return answer
        # The wait comes first and alone, so that the request after it is signed when it leaves.
        yield Attempt(None, delay_s)


def _change(operation: Operation[Any], session: RestSession, reader: _Reader[T]) -> Flow[T]:
    kind = type(operation)
    operation = session.with_client_id(operation)
    granted_us = session.grant(kind)
    if granted_us is None:
        granted_us = yield from _turn(kind, session)
    measurements = session.server_clock.measurements
    prepared = session.prepare(operation)
    try:
        response = yield prepared
    except (UsageError, ConnectFailed):
        raise
    except Exception as failure:
        # Whatever else went wrong, also in a transport of the user's own, the request may have arrived.
        raise OutcomeUnknown(operation, failure, sent_ms=prepared.sent_ms) from failure
    except BaseException as given_up:
        # The call is cancelled or interrupted, which must go on as it is: what is known of the order goes with it.
        unknown = OutcomeUnknown(operation, _GivenUpError("the call was given up on its way"), sent_ms=prepared.sent_ms)
        _log.warning("%s", unknown)
        raise given_up from unknown
    try:
        answer = reader(operation, _came(operation, response), prepared.request)
    except ApiError as refusal:
        session.note(refusal, granted_us)
        if isinstance(refusal, RequestExpired):
            yield from _resync(kind, session, measurements)
            raise _explained(refusal, session) from None
        if _is_final(refusal):
            raise
        raise OutcomeUnknown(operation, refusal, sent_ms=prepared.sent_ms) from refusal
    except Exception as failure:
        raise OutcomeUnknown(operation, failure, sent_ms=prepared.sent_ms) from failure
    session.pacer.answered(granted_us)
    return answer


def _is_final(refusal: ApiError) -> bool:
    """Whether a refusal says for sure that nothing was carried out."""
    if refusal.status == 408:
        # Servers say so on a connection that was idle for long, also while a request is on its way to them.
        return False
    return (refusal.status < 500 and refusal.code != "TIMEOUT") or refusal.status == 501


def _turn(kind: type[Operation[Any]], session: RestSession) -> Flow[int]:
    """What comes before the signing: the clock is measured if it was set, and the request waits for its turn."""
    is_signed, server_clock, read_us = kind.instruction is not None, session.server_clock, session.clock.monotonic_us
    while True:
        if is_signed and server_clock.was_set():
            yield from _resync(kind, session, server_clock.measurements)
        granted_us = session.pacer.take(lane_of(kind), read_us)
        if granted_us is None:
            granted_us = yield from turn_steps(session.pacer, lane_of(kind), read_us)
        # It may have been set during the wait.
        if not (is_signed and server_clock.was_set()):
            return granted_us


def _resync(kind: type[Operation[Any]], session: RestSession, measurements: int) -> Flow[bool]:
    """Measure the clock, unless another call did since or does; whether it is known now. A failure is no failure of the call."""
    server_clock, lane, who = session.server_clock, Lane.CANCEL if kind.is_cancel else Lane.ORDINARY, object()
    failures = server_clock.failures
    for _ in range(_LOOKS_MAX):
        if server_clock.measurements != measurements or server_clock.failures != failures:
            return server_clock.measurements != measurements
        if server_clock.begin(lane, who):
            break
        yield Attempt(None, _LOOK_S)
    try:
        offset = yield from sync_steps(session, lane)
    except Exception as failure:  # noqa: BLE001  The call goes on with what is known.
        _log.warning("the exchange's time could not be measured: %s", failure)
        server_clock.give_up()
        return False
    finally:
        server_clock.end(lane, who)
    _log.info("the exchange's clock is %.3f s ahead of this machine's", offset.offset_us / 1_000_000)
    return True


def _explained(expired: RequestExpired, session: RestSession) -> RequestExpired:
    offset = session.clock_offset
    if offset is not None:
        expired.offset_us, expired.uncertainty_us = offset.offset_us, offset.uncertainty_us
    return expired


def _came(operation: Operation[Any], response: HttpResponse | None) -> HttpResponse:
    assert response is not None, "a driver must send the response to a step that has a request"
    _log.debug("%s %s: HTTP %s", operation.method, operation.path, response.status)
    return response
