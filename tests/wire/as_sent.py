"""What an operation becomes on its way out: request line, body, and the string that is signed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from haversack.clock import ManualClock
from haversack.rest.session import RestSession
from haversack.wire.base import Operation


class AsSent(NamedTuple):
    line: str
    """Method and target."""
    body: str | None
    signed: str | None
    """Without timestamp and window; None if nothing was signed."""


class _Listener:
    """A key that keeps what it is asked to sign."""

    public_key = "a2V5"

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    @property
    def sign(self) -> Callable[[bytes], bytes]:
        def signature(message: bytes) -> bytes:
            self.heard.append(message)
            return bytes(64)

        return signature


def as_sent(operation: Operation[Any]) -> AsSent:
    key = _Listener()
    request = RestSession(key, ManualClock(), withdrawals=True).prepare(operation).request
    assert request is not None
    signed = [message.decode().partition("&timestamp=")[0] for message in key.heard]
    body = None if request.body is None else request.body.decode()
    return AsSent(f"{request.method} {request.target}", body, signed[0] if signed else None)
