"""One stream connection. Its far end is a real conversation with the exchange; the way between the two goes wrong.

Bytes arrive in their order, as TCP has it, but for what the exchange itself repeats, swaps or sends late.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from haversack.exchange.conversation import Conversation
from haversack.exchange.venue import Venue
from haversack.streams.transport import HEARD, Closed, Heard
from world.clock import pause
from world.garble import garbage, strange, torn
from world.weather import Weather

_LEAST_S = 1e-6
"""Between two arrivals, so that two timers never have the same time."""
_CLOSE_S_MAX = 1.9
"""A connection may take two seconds for its goodbye."""


def stream_of(frame: bytes) -> str:
    """The stream that a frame is of; empty for an error."""
    at = frame.rfind(b'"stream":"')
    return frame[at + 10 : -2].decode() if at >= 0 else ""


class Line:
    """Both ends: what the exchange delivers to, and what the client reads from."""

    def __init__(self, venue: Venue, weather: Weather, note: Callable[[str], None]) -> None:
        self._weather = weather
        self._note = note
        self._loop = asyncio.get_running_loop()
        self._conversation: Conversation | None = Conversation(venue, self)
        self._inbox: deque[bytes | Heard | Closed] = deque()
        self._reader: asyncio.Future[None] | None = None
        self._down_s = self._up_s = 0.0
        self._swapped: bytes | None = None
        self._stalled: dict[str, bool] = {}
        """Streams that bring nothing, and whether another subscription ends that."""
        self.mute_since_s: float | None = None
        """Since when nothing gets through, in either direction, and nobody is told."""
        self.is_closed = False
        """The client has let go of it."""
        self.frames = 0
        """That arrived."""
        self.asked_again = 0
        """Times that a stalled stream was asked for again."""
        self.is_private = False
        """Whether the account's streams were asked for on it."""
        self.heard_s: dict[str, float] = {}
        """When each stream brought something last, or was asked for."""
        self.missed_s: dict[str, float] = {}
        """When a stalled stream first kept something back."""

    # The exchange's end

    @property
    def is_up(self) -> bool:
        """Whether the exchange holds it to be open."""
        return self._conversation is not None

    def deliver(self, frame: bytes, *, delay_s: float = 0.0) -> None:
        """The exchange sends a frame."""
        assert not delay_s, "this world has faults of its own"
        stream = stream_of(frame)
        if stream in self._stalled:
            self.missed_s.setdefault(stream, self._loop.time())
            return
        chance = self._weather.chance
        if chance("drop"):
            return
        if chance("late"):
            self._loop.call_at(self._weather.until(3.0) + _LEAST_S, self._arrive, frame)
            return
        if chance("swap") and self._swapped is None:
            self._swapped = frame
            return
        self._post(self._spoilt(frame))
        if self._swapped is not None:
            swapped, self._swapped = self._swapped, None
            self._post(swapped)
        if chance("duplicate"):
            self._post(frame)

    def cut(self) -> None:
        """The exchange, or somebody between, ends the connection without a word."""
        self.end(Closed(None, "reset"))

    def freeze(self) -> None:
        """The exchange stays there and says nothing more."""
        self.go_mute()

    def end(self, how: Closed) -> None:
        """The connection ends; the client learns of it after what was sent before."""
        self._hang_up()
        if self.mute_since_s is None or self._weather.is_calm:
            self._post(how)

    def go_mute(self) -> None:
        """Half-closed: nothing gets through any more, not even an answer to a ping."""
        if self.mute_since_s is None and self.is_up and not self.is_closed:
            self.mute_since_s = self._loop.time()

    def stall(self, stream: str, *, is_of_subscription: bool) -> None:
        """From now on this stream brings nothing, while others go on."""
        self._stalled[stream] = is_of_subscription

    def heal(self) -> None:
        """The faults are over: what was dead is seen to be dead, and what was held back flows."""
        self._stalled.clear()
        self.missed_s.clear()
        self._swapped = None
        if self.mute_since_s is not None:
            self._hang_up()
            self.mute_since_s = None
            self._post(Closed(None, "reset"))

    # The client's end

    async def receive(self) -> bytes | Heard | Closed:
        while not self._inbox:
            self._reader = self._loop.create_future()
            await self._reader
        return self._inbox.popleft()

    async def send(self, text: str) -> None:
        if not self.is_up and self.mute_since_s is None:
            raise ConnectionResetError("the connection has ended")
        self._note(f"sent {text[:14]} {text.count('.')}")
        self._loop.call_at(self._upward_s(), self._say, text)

    async def ping(self) -> None:
        if not self.is_up and self.mute_since_s is None:
            raise ConnectionResetError("the connection has ended")
        self._loop.call_at(self._upward_s(), self._answer_ping)

    async def close(self) -> None:
        self.is_closed = True
        try:
            if self.is_up and (self.mute_since_s is not None or self._weather.is_parted):
                await pause(_CLOSE_S_MAX)
        finally:
            self._loop.call_at(self._upward_s(), self._hang_up)

    # Between them

    def _spoilt(self, frame: bytes) -> bytes:
        weather = self._weather
        if weather.chance("truncate"):
            return torn(frame, weather.dice)
        if weather.chance("garbage"):
            return garbage(weather.dice)
        return strange(frame, weather.dice) if weather.chance("unknown") else frame

    def _post(self, what: bytes | Heard | Closed) -> None:
        self._down_s = max(self._weather.arrival_s(), self._down_s + _LEAST_S)
        self._loop.call_at(self._down_s, self._arrive, what)

    def _arrive(self, what: bytes | Heard | Closed) -> None:
        if self.is_closed or self.mute_since_s is not None:
            return
        if isinstance(what, bytes):
            self.frames += 1
            self._speak_of(stream_of(what))
        self._inbox.append(what)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def _upward_s(self) -> float:
        self._up_s = max(self._weather.arrival_s(), self._up_s + _LEAST_S)
        return self._up_s

    def _say(self, text: str) -> None:
        if self._conversation is None or self.mute_since_s is not None:
            return
        self.is_private = self.is_private or "account.orderUpdate" in text
        if '"SUBSCRIBE"' in text:
            for stream in [stream for stream in (*self.heard_s, *self._stalled) if f'"{stream}"' in text]:
                self._speak_of(stream)
                self.asked_again += stream in self._stalled
                if self._stalled.get(stream):
                    del self._stalled[stream]
        self._conversation.receive(text)

    def _speak_of(self, stream: str) -> None:
        """A stream brought something, or was asked for: its silence begins anew."""
        self.heard_s[stream] = self._loop.time()
        self.missed_s.pop(stream, None)

    def _answer_ping(self) -> None:
        if self.is_up and self.mute_since_s is None:
            self._post(HEARD)

    def _hang_up(self) -> None:
        conversation, self._conversation = self._conversation, None
        if conversation is not None:
            conversation.end()
