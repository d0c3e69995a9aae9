"""Who listens to what. Connections subscribe here, and every frame that is published finds its listeners here."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Protocol

from haversack.clock import Clock
from haversack.exchange.faults import ConnectionAction, Faults, FrameAction, altered_frame

SUBSCRIPTIONS_MAX = 4_096
"""Streams of one connection. The real exchange states no limit; a local one must not be filled up by a mistake."""
LATE_MAX = 10_000
"""Frames that a fault holds back at once, all listeners together; further ones are not held back."""


class Listener(Protocol):
    """One end of a connection, as far as the hub needs it."""

    def deliver(self, frame: bytes) -> None:
        """Queue a text frame; it never waits."""
        ...

    def cut(self) -> None:
        """End the connection without a word."""
        ...

    def freeze(self) -> None:
        """Stay open, and from now on read nothing and send nothing."""
        ...


class Hub:
    """Listeners by stream, private ones by stream and account. Delivery is in the order of subscription."""

    def __init__(self, faults: Faults, clock: Clock) -> None:
        self._faults = faults
        self._clock = clock
        self._listeners: dict[tuple[str, int | None], dict[Listener, None]] = {}
        self._keys: dict[Listener, dict[tuple[str, int | None], None]] = {}
        """All connections, with what they listen to."""
        self._frozen: set[Listener] = set()
        self._swapped: dict[tuple[Listener, str], bytes] = {}
        """Frames that wait for the next one of their stream."""
        self._late: list[tuple[int, int, Listener, bytes]] = []
        """Frames that wait for a time, the earliest first; those of the same time in the order in which they came."""
        self._late_count = 0
        faults.strike = self._strike
        faults.heal = self._heal

    def join(self, listener: Listener) -> None:
        """A connection was opened."""
        self._keys.setdefault(listener, {})

    def subscribe(self, listener: Listener, stream: str, account: int | None) -> bool:
        """Deliver the stream's frames to this listener, once each; False if it has too many streams already."""
        key = (stream, account)
        keys = self._keys.setdefault(listener, {})
        if key not in keys and len(keys) >= SUBSCRIPTIONS_MAX:
            return False
        keys[key] = None
        self._listeners.setdefault(key, {})[listener] = None
        return True

    def unsubscribe(self, listener: Listener, stream: str) -> None:
        """Deliver no more frames of the stream, under whichever account it was asked for."""
        for key in [key for key in self._keys.get(listener, {}) if key[0] == stream]:
            del self._keys[listener][key]
            self._forget(listener, key)

    def leave(self, listener: Listener) -> None:
        """The connection ended."""
        for key in self._keys.pop(listener, {}):
            self._forget(listener, key)
        self._frozen.discard(listener)
        for held in [held for held in self._swapped if held[0] is listener]:
            del self._swapped[held]

    def _forget(self, listener: Listener, key: tuple[str, int | None]) -> None:
        listeners = self._listeners[key]
        del listeners[listener]
        if not listeners:
            del self._listeners[key]

    @property
    def is_quiet(self) -> bool:
        """Whether nobody listens to anything."""
        return not self._listeners

    def wanted(self, stream: str, account: int | None) -> bool:
        """Whether anybody listens."""
        return (stream, account) in self._listeners

    def publish(self, stream: str, account: int | None, frame: bytes) -> None:
        """Deliver one frame to everybody who listens."""
        self._send(list(self._listeners.get((stream, account), ())), stream, frame)

    def tell(self, listener: Listener, stream: str, account: int | None, frame: bytes) -> None:
        """Deliver one frame to one of those who listen, if it still does."""
        if (stream, account) in self._keys.get(listener, {}):
            self._send([listener], stream, frame)

    def _send(self, listeners: list[Listener], stream: str, frame: bytes) -> None:
        if self._faults.is_empty and not self._swapped:
            for listener in listeners:
                listener.deliver(frame)
            return
        for listener in listeners:
            fault = self._faults.for_frame(stream)
            if fault is None or fault.action is FrameAction.DUPLICATE:
                for _ in range(1 if fault is None else 2):
                    self._deliver(listener, stream, frame)
            elif fault.action is FrameAction.CUT:
                listener.cut()
            elif fault.action is FrameAction.SWAP and (listener, stream) not in self._swapped:
                self._swapped[listener, stream] = frame
            elif fault.action is FrameAction.DELAY and len(self._late) < LATE_MAX:
                self._late_count += 1
                due_us = self._clock.now_us() + round(fault.delay_s * 1_000_000)
                heappush(self._late, (due_us, self._late_count, listener, frame))
            elif fault.action is not FrameAction.DROP:
                self._deliver(listener, stream, altered_frame(fault.action, frame))

    def _deliver(self, listener: Listener, stream: str, frame: bytes) -> None:
        listener.deliver(frame)
        if self._swapped:
            held = self._swapped.pop((listener, stream), None)
            if held is not None:
                listener.deliver(held)

    def deliver_late(self, now_us: int) -> None:
        """Deliver what was held back until now."""
        while self._late and self._late[0][0] <= now_us:
            _, _, listener, frame = heappop(self._late)
            if listener in self._keys:
                listener.deliver(frame)

    def next_us(self) -> int | None:
        """When something that was held back is to be delivered."""
        return self._late[0][0] if self._late else None

    def cut_all(self) -> None:
        """End all connections."""
        for listener in list(self._keys):
            listener.cut()

    def _strike(self, action: ConnectionAction) -> None:
        if action is ConnectionAction.DISCONNECT:
            self.cut_all()
            return
        for listener in list(self._keys):
            self._frozen.add(listener)
            listener.freeze()

    def _heal(self) -> None:
        # A half-open connection never comes back to life: what is left of it is taken away.
        for listener in list(self._frozen):
            listener.cut()
        for (listener, _), frame in list(self._swapped.items()):
            listener.deliver(frame)
        self._swapped.clear()
