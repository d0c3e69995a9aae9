"""What the shell needs of a connection: four methods, so that a user, a test or the local exchange can bring another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple, Protocol, TypeAlias, runtime_checkable


class Closed(NamedTuple):
    """The connection has ended."""

    code: int | None
    """Of the close frame; None where the connection broke without one."""
    reason: str


BURST_MAX = 64
"""Frames that are read at a stretch: those of a burst are in memory already, so that reading them never lets a consumer run."""


class Heard:
    """Something came that is no frame: a ping, which was answered, or a pong."""

    __slots__ = ()


HEARD: Final = Heard()


class FrameSocket(Protocol):
    """A WebSocket connection that is open."""

    async def receive(self) -> str | bytes | Heard | Closed:
        """What comes next. Cancelled, it loses nothing that came."""
        ...

    async def send(self, text: str) -> None:
        """Send a text frame; an OSError if the connection is gone."""
        ...

    async def ping(self) -> None:
        """Send a ping, whose pong `receive` reports as heard; an OSError if the connection is gone."""
        ...

    async def close(self) -> None:
        """Say goodbye and let go of the connection, within 2 s; cancelled, it lets go at once. Raises nothing of its own."""
        ...


Take: TypeAlias = Callable[[str | bytes | Heard], bool]
"""Uses what came, at once; False if nothing more can be used just now."""


@runtime_checkable
class HandingSocket(FrameSocket, Protocol):
    """A connection that can hand over what comes in the moment in which it comes, before the event loop goes on.

    No task has to be woken for a frame then, which is a good part of what it costs.
    """

    async def receive_into(self, take: Take) -> Sequence[str | bytes | Heard] | Closed | None:
        """What has come already, up to a stretch of it, or the end; but what comes while this waits is given to `take`.

        None once `take` has said that it can use no more, and after a stretch of it, so that others have their turn.
        """
        ...


Connect: TypeAlias = Callable[[str], Awaitable[FrameSocket]]
"""Opens a connection to an address; a ConnectFailed or an OSError if that fails.

Both are tried again. An UntrustedServer ends the streams, and so does any other exception: say so of a certificate that is
refused, since an `ssl.SSLCertVerificationError` is an OSError too.
"""
