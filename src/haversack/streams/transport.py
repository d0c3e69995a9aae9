"""What the shell needs of a connection: four methods, so that a user, a test or the local exchange can bring another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, Protocol, TypeAlias


class Closed(NamedTuple):
    """The connection has ended."""

    code: int | None
    """Of the close frame; None where the connection broke without one."""
    reason: str


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


Connect: TypeAlias = Callable[[str], Awaitable[FrameSocket]]
"""Opens a connection to an address; a ConnectFailed or an OSError if that fails."""
