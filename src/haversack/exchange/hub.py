"""Who listens to what. Connections subscribe here, and every frame that is published finds its listeners here."""

from __future__ import annotations

from typing import Protocol

from haversack.exchange.faults import Faults, FrameAction

SUBSCRIPTIONS_MAX = 4_096
"""Streams of one connection. The real exchange states no limit; a local one must not be filled up by a mistake."""


class Listener(Protocol):
    """One end of a connection, as far as the hub needs it."""

    def deliver(self, frame: bytes, *, delay_s: float = 0.0) -> None:
        """Queue a text frame; it never waits."""
        ...

    def cut(self) -> None:
        """End the connection without a word."""
        ...


class Hub:
    """Listeners by stream, private ones by stream and account. Delivery is in the order of subscription."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._listeners: dict[tuple[str, int | None], dict[Listener, None]] = {}
        self._keys: dict[Listener, dict[tuple[str, int | None], None]] = {}

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

    def _forget(self, listener: Listener, key: tuple[str, int | None]) -> None:
        listeners = self._listeners[key]
        del listeners[listener]
        if not listeners:
            del self._listeners[key]

    def wanted(self, stream: str, account: int | None) -> bool:
        """Whether anybody listens."""
        return (stream, account) in self._listeners

    def publish(self, stream: str, account: int | None, frame: bytes) -> None:
        """Deliver one frame to everybody who listens."""
        for listener in list(self._listeners.get((stream, account), ())):
            fault = self._faults.for_frame(stream)
            if fault is None:
                listener.deliver(frame)
            elif fault.action is FrameAction.CUT:
                listener.cut()
            elif fault.action is not FrameAction.DROP:
                listener.deliver(frame, delay_s=fault.delay_s)
                if fault.action is FrameAction.DUPLICATE:
                    listener.deliver(frame)
