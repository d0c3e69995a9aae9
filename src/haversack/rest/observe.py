"""What a user may watch: every request that leaves, what came of it, and how long it took; never a header, a body or a key."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeAlias

import msgspec

from haversack.clock import Clock
from haversack.rest.http import HttpRequest, HttpResponse, HttpSend, HttpSendAsync

_log = logging.getLogger("haversack.rest")


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One request, and what came of it."""

    method: str
    path: str
    """Without the query, which may name orders and addresses."""
    status: int | None
    """HTTP status; None if there was no answer."""
    error: BaseException | None
    """Why there was none; no `Exception` if the call was cancelled or interrupted."""
    duration_us: int
    """From handing the request to the transport until its answer was read."""
    body_bytes: int
    """Length of the answer."""


Observer: TypeAlias = Callable[[Sent], object]
"""Is told of every request, in the thread or task that sent it. An exception in it is logged, and never reaches the caller."""


def observed(send: HttpSend, observer: Observer, clock: Clock) -> HttpSend:
    """The same transport, with somebody who watches."""

    def watched(request: HttpRequest, /) -> HttpResponse:
        begun_us = clock.monotonic_us()
        try:
            response = send(request)
        except BaseException as error:
            _tell(observer, request, error, clock.monotonic_us() - begun_us)
            raise
        _tell(observer, request, response, clock.monotonic_us() - begun_us)
        return response

    return watched


def observed_async(send: HttpSendAsync, observer: Observer, clock: Clock) -> HttpSendAsync:
    """The same transport, with somebody who watches."""

    async def watched(request: HttpRequest, /) -> HttpResponse:
        begun_us = clock.monotonic_us()
        try:
            response = await send(request)
        except BaseException as error:
            _tell(observer, request, error, clock.monotonic_us() - begun_us)
            raise
        _tell(observer, request, response, clock.monotonic_us() - begun_us)
        return response

    return watched


def _tell(observer: Observer, request: HttpRequest, outcome: HttpResponse | BaseException, duration_us: int) -> None:
    response, error = (None, outcome) if isinstance(outcome, BaseException) else (outcome, None)
    sent = Sent(
        method=request.method,
        path=request.target.partition("?")[0],
        status=None if response is None else response.status,
        error=error,
        duration_us=duration_us,
        body_bytes=0 if response is None else len(response.body),
    )
    try:
        observer(sent)
    except Exception:  # noqa: BLE001  Whatever it is, it is the observer's, and an order may be at stake.
        _log.exception("the observer of requests failed at %s", sent)
