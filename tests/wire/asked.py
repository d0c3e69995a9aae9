"""What an operation asks of the exchange: the request line, the body, and the text that was signed, without its time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from haversack.clock import ManualClock
from haversack.rest.request import prepare
from haversack.signing import Signer
from haversack.wire.base import Operation


class Asked(NamedTuple):
    line: str
    body: str
    signed: str
    """Empty for a public operation."""


class Notary:
    """A key that writes down what it is asked to sign."""

    public_key = "a key"

    def __init__(self) -> None:
        self.texts: list[str] = []

    @property
    def sign(self) -> Callable[[bytes], bytes]:
        return self._sign

    def _sign(self, message: bytes) -> bytes:
        self.texts.append(message.decode().split("&timestamp=")[0])
        return bytes(64)


def asked(operation: Operation[Any]) -> Asked:
    notary = Notary()
    request = prepare(operation, Signer(notary, ManualClock())).request
    assert request is not None
    return Asked(f"{request.method} {request.target}", (request.body or b"").decode(), "".join(notary.texts))
