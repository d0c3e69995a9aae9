"""What a transport takes and gives. Bring another one by writing a function of this shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from haversack.errors import UsageError

_TIMEOUT_S_MAX = 3_600


class HttpRequest(msgspec.Struct, frozen=True, gc=False):
    """What a transport sends. The host is the transport's own, so a request can reach no other."""

    method: str
    target: str
    """Path and query, escaped already."""
    headers: dict[str, str]
    body: bytes | None

    def __repr__(self) -> str:
        # Headers hold a signature that is good for a while, so they are never shown.
        return f"HttpRequest({self.method} {self.target})"


class HttpResponse(msgspec.Struct, frozen=True, gc=False):
    """What came back, whatever its status. Headers are found by names in lower case; the body is not compressed any more."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def check_timeout(timeout_s: float) -> None:
    """Raise if nobody can wait for so long. aiohttp takes zero for no bound at all."""
    if not 0 < timeout_s <= _TIMEOUT_S_MAX:
        raise UsageError(f"timeout_s must be above 0 and at most {_TIMEOUT_S_MAX}, found {timeout_s!r}")


class HttpSend(Protocol):
    """Sends one request once, and follows no redirect.

    It raises ConnectFailed if no byte of the request can have left, and RequestFailed if the request may have arrived.
    """

    def __call__(self, request: HttpRequest, /) -> HttpResponse: ...


class HttpSendAsync(Protocol):
    """The same, awaited."""

    async def __call__(self, request: HttpRequest, /) -> HttpResponse: ...
