"""The same doors without a socket, for a client in the same process: the bytes are those that would cross the wire."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping

from haversack.exchange.api.dispatch import Dispatcher, Sleep
from haversack.exchange.conversation import Conversation
from haversack.exchange.faults import ConditionKind, ConnectionCut
from haversack.exchange.messages import Reply, Request
from haversack.exchange.venue import Venue


class Loopback:
    """Answers requests and holds conversations with one venue."""

    def __init__(self, venue: Venue, *, sleep: Sleep) -> None:
        self._sleep = sleep
        self.serve_instead(venue)

    def serve_instead(self, venue: Venue) -> None:
        """Answer for this venue from now on; conversations with the one before are over."""
        self._venue = venue
        self._dispatcher = Dispatcher(venue, sleep=self._sleep)

    async def request(self, method: str, target: str, *, headers: Mapping[str, str], body: bytes) -> Reply:
        """The reply to one request; ConnectionCut where a fault gives none."""
        path, _, query = target.partition("?")
        lower = {name.lower(): value for name, value in headers.items()}
        return await self._dispatcher.handle(Request(method, path, query, lower, body))

    def connect(self, make: Callable[[Venue], LoopbackSocket] | None = None) -> LoopbackSocket:
        """A new stream connection, of another kind if you bring one; ConnectionCut where a fault gives none."""
        if self._venue.faults.holds(ConditionKind.NO_STREAMS):
            raise ConnectionCut
        return (make or LoopbackSocket)(self._venue)


class LoopbackSocket:
    """One stream connection without a socket."""

    def __init__(self, venue: Venue) -> None:
        self._frames: deque[bytes] = deque()
        self._ready = asyncio.Event()
        self._ended = False
        self._is_frozen = False
        self._conversation = Conversation(venue, self)

    def send(self, text: str | bytes) -> None:
        """What a client's text frame does."""
        if self._ended:
            raise ConnectionResetError("the connection has ended")
        if not self._is_frozen:
            self._conversation.receive(text)

    async def receive(self) -> bytes | None:
        """The next frame; None once the connection has ended and everything was read."""
        while not self._frames:
            if self._ended:
                return None
            self._ready.clear()
            await self._ready.wait()
        return self._frames.popleft()

    def deliver(self, frame: bytes) -> None:
        """Queue a frame for the client."""
        if not self._is_frozen:
            self._frames.append(frame)
            self.wake()

    def freeze(self) -> None:
        """Stay open, and from now on read nothing and send nothing."""
        self._is_frozen = True

    def cut(self) -> None:
        """End the connection."""
        self.close()

    def close(self) -> None:
        """End the connection, from either side."""
        if not self._ended:
            self._ended = True
            self._conversation.end()
            self.wake()

    def wake(self) -> None:
        """Let the reader look again."""
        self._ready.set()
