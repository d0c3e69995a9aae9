"""The session of a stream connection, without a socket and without a clock.

It is fed (`connected`, `received`, `heard`, `disconnected`) and drained (`outgoing`, `interruptions`, `due`, `suspects`). The
streams that are wanted are the truth; what the exchange was asked for on this connection is compared with them, and the
difference is what has to be sent. So a new connection gets exactly what is wanted now, and nothing is asked for twice. Nothing is
acknowledged (observed 2026-09).
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import TypeAlias

from haversack.book.texts import DepthFrame, last_word, read_depth
from haversack.clock import secret_bytes, seeded_random
from haversack.errors import MissingCredentials, ProtocolError, SubscriptionRefused
from haversack.signing import Signer
from haversack.streams.backoff import Backoff, Waits
from haversack.streams.blame import asked_of, lately
from haversack.streams.freshness import PATIENCE_MAX, Suspect, Track, Verdict
from haversack.streams.health import ConnectionState
from haversack.streams.heartbeat import Due, Heartbeat, Pulse
from haversack.streams.interruption import SILENT, Interrupted
from haversack.streams.losses import Losses
from haversack.streams.names import checked_names, family_of, is_documented
from haversack.streams.requests import subscribing, unsubscribing
from haversack.wire.frames import Message, is_private, read_frame

Delivery: TypeAlias = Message | DepthFrame | SubscriptionRefused | ProtocolError
"""What a frame turned out to be."""

TURN_US = 1_000_000
"""How long an error is waited for after a family of streams that the documentation does not know, before the next is tried."""
LOOK_US = 1_000_000
"""How often the streams are looked at for silence."""

_BY_NAME = (4006, 4008)
_BAD_SIGNATURE = 4003


class StreamSession:
    """What is wanted of the exchange's streams, what was said about it on the connection there is, and when to make another.

    `dice` gives numbers from 0 to 1, for the waits between connections. `texts` are the names, as text and as bytes, of the depth
    streams whose numbers may stay text. With `measures_clock`, the first signature that is refused on a connection is put down to
    the clock: `wants_clock` asks for it to be measured, and after `clock_measured` the private streams are asked for again.
    """

    def __init__(
        self,
        *,
        signer: Signer | None = None,
        heartbeat: Heartbeat | None = None,
        backoff: Backoff | None = None,
        dice: Callable[[], float] | None = None,
        texts: AbstractSet[str | bytes] = frozenset(),
        measures_clock: bool = False,
    ) -> None:
        self._signer = signer
        self._texts = texts
        self._measures_clock = measures_clock
        self._heartbeat = heartbeat or Heartbeat()
        self._waits = Waits(backoff or Backoff(), dice or seeded_random(int.from_bytes(secret_bytes(8))).random)
        self._pulse: Pulse | None = None
        self._connected_us = 0
        self._desired: dict[str, None] = {}
        self._tracks: dict[str, Track] = {}
        self._losses = Losses()
        self._nudged: list[str] = []
        self._doubted: tuple[str, ...] = ()
        self._turn_us: int | None = None
        self._looked_us = 0
        self._is_mute = True
        self._doubted_signatures: dict[str, None] = {}
        self._was_clock_measured = False
        self.state = ConnectionState.CONNECTING
        self.since_us = 0
        """When it came into this state."""
        self.heard_us: int | None = None
        """When anything last came."""
        self.retry_us: int | None = None
        """When the next attempt to connect is due."""
        self.connections = 0
        self.last_error: str | None = None
        self.renewal: str | None = None
        """Why this connection should be given up for another, if it should."""
        self.lag_us_max = 0
        """The most that `due` was called too late, which tells of an event loop that was blocked."""

    @property
    def desired(self) -> tuple[str, ...]:
        """The streams that are wanted, in the order in which they were first asked for."""
        return tuple(self._desired)

    @property
    def tracks(self) -> dict[str, Track]:
        """What is known of each stream, by name."""
        return self._tracks

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection."""
        return self._pulse is not None

    @property
    def attempts(self) -> int:
        """Attempts to connect since the last connection that was well."""
        return self._waits.attempts

    @property
    def wall_offset_us(self) -> int:
        """What to add to a monotonic time to have the time of day."""
        return self._losses.wall_offset_us

    def tell_time(self, now_us: int, wall_us: int) -> None:
        """What time of day it is; lags and the times of interruptions are told by it."""
        self._losses.wall_offset_us = wall_us - now_us

    def subscribe(self, *streams: str) -> tuple[str, ...]:
        """Want these streams from now on; their names, once each."""
        names = checked_names(streams)
        if self._signer is None and (private := [name for name in names if is_private(name)]):
            raise MissingCredentials(f"{private[0]} is private: give the client credentials to subscribe to it")
        self._desired.update(dict.fromkeys(names))
        for name in names:
            if name not in self._tracks:
                self._tracks[name] = Track(name)
        return names

    def unsubscribe(self, *streams: str) -> None:
        """Want these streams no longer; one that was not wanted changes nothing."""
        for stream in streams:
            self._desired.pop(stream, None)
            track = self._tracks.get(stream)
            if track is not None and track.asked_us is None and not track.must_end_first:
                del self._tracks[stream]

    def connecting(self, now_us: int) -> None:
        """An attempt to connect begins."""
        self._enter(ConnectionState.CONNECTING, now_us)

    def connected(self, now_us: int) -> None:
        """A connection was made; it carries no stream yet."""
        if self._pulse is not None:
            self._forget(now_us, "a new connection was made")
        self._enter(ConnectionState.OPEN, now_us)
        self._pulse = Pulse(self._heartbeat, now_us)
        self._connected_us = self._looked_us = self.heard_us = now_us
        self._is_mute = True
        self._was_clock_measured = False
        self.connections += 1

    def disconnected(self, now_us: int, reason: str = "") -> int | None:
        """The connection is gone, or none could be made; what is wanted stays wanted. How long to wait now; None: give up."""
        if self._pulse is not None:
            self._waits.ended(now_us - self._connected_us)
        self._forget(now_us, reason)
        self._enter(ConnectionState.WAITING, now_us)
        self.last_error = reason
        wait_us = self._waits.next_us()
        self.retry_us = None if wait_us is None else now_us + wait_us
        return wait_us

    def closed(self, now_us: int) -> None:
        """This was the end; there will be no other connection."""
        self._forget(now_us, "closed")
        self._enter(ConnectionState.CLOSED, now_us)

    def outgoing(self, now_us: int) -> list[str]:
        """Frames to send now. They count as sent: if that fails, so has the connection."""
        if self._pulse is None:
            return []
        tracks = self._tracks
        unwanted = [stream for stream in tracks if stream not in self._desired]
        ending = [stream for stream in self._desired if tracks[stream].must_end_first]
        for stream in unwanted:
            del tracks[stream]
        missing = [stream for stream in self._desired if tracks[stream].asked_us is None]
        asked = self._in_turn(missing, now_us)
        self._ask(asked, now_us)
        nudged, self._nudged = self._nudged, []
        again = [stream for stream in dict.fromkeys(nudged) if stream in self._desired and tracks[stream].asked_us != now_us]
        return [*unsubscribing(unwanted + ending), *subscribing(asked + again, self._signer)]

    def interruptions(self) -> list[Interrupted]:
        """What was interrupted, or asked for again, since this was called last."""
        return self._losses.taken_out()

    def received(self, frame: str | bytes, now_us: int) -> Delivery | None:
        """What a frame says; None for what concerns nobody. Nothing that a peer sends raises here."""
        self.heard(now_us)
        return self.read(frame, now_us)

    def read(self, frame: str | bytes, now_us: int) -> Delivery | None:
        """The same, of a frame of which `heard` was told already."""
        # A name that does not stand last costs time only: the frame is then read in the other form.
        texts = self._texts
        if texts and last_word(frame) in texts and (said := read_depth(frame)) is not None:
            stream = said.stream
            if stream in texts:
                track = self._tracks.get(stream)
                if track is not None and track.asked_us is not None:
                    track.heard(said, said.depth.event_us, now_us, self._losses.wall_offset_us)
                    self._is_mute = False
                return said
        return self._received_other(frame, now_us)

    def _received_other(self, frame: str | bytes, now_us: int) -> Delivery | None:
        try:
            said = read_frame(frame)
        except ProtocolError as error:
            return error
        if isinstance(said, Message):
            # Only what was asked for is remembered: a hostile peer could otherwise fill the memory with names.
            track = self._tracks.get(said.stream)
            if track is not None and track.asked_us is not None:
                track.heard(said, getattr(said.event, "event_us", None), now_us, self._losses.wall_offset_us)
                self._is_mute = False
            return said
        streams = self._concerned(said.code, now_us)
        if said.code == _BAD_SIGNATURE and streams and self._measures_clock and not self._was_clock_measured:
            self._doubted_signatures.update(dict.fromkeys(streams))
            self._losses.lose({stream: self._tracks[stream] for stream in streams}, None, "its signature was refused")
            return None
        return SubscriptionRefused(said.code, said.message, streams)

    @property
    def wants_clock(self) -> bool:
        """Whether the exchange's clock should be measured now, because a signature was refused."""
        return bool(self._doubted_signatures)

    def clock_measured(self) -> None:
        """It was, or could not be: the streams whose signature was refused are asked for again, signed afresh, once."""
        doubted, self._doubted_signatures = self._doubted_signatures, {}
        self._was_clock_measured = True
        for stream in doubted:
            track = self._tracks.get(stream)
            if track is not None and track.heard_us is None:
                track.asked_us = None
            elif track is not None:
                # What has brought something since then was not refused.
                self._losses.end({stream: track}, track.heard_us or 0)

    def ask_again(self, *streams: str) -> None:
        """Ask the exchange anew for those that have brought nothing on this connection, such as after a refusal."""
        silent = {name: self._tracks[name] for name in streams if name in self._tracks and self._tracks[name].is_unheard}
        self._losses.lose(silent, None, "it was refused")
        for track in silent.values():
            track.asked_us = None
            track.must_end_first = True

    def heard(self, now_us: int) -> None:
        """Anything came, such as a ping or a pong."""
        if self._pulse is not None:
            self._pulse.heard(now_us)
            self.heard_us = now_us

    def paused(self, now_us: int) -> None:
        """This side does not read just now, so that silence proves nothing."""
        if self._pulse is not None:
            self._pulse.heard(now_us)
            self._looked_us = now_us

    def is_asked(self, stream: str) -> bool:
        """Whether the exchange was asked for it on this connection."""
        track = self._tracks.get(stream)
        return track is not None and track.asked_us is not None

    def heard_us_of(self, stream: str) -> int | None:
        """When a stream last brought something on this connection; None if it never did."""
        track = self._tracks.get(stream)
        return None if track is None else track.heard_us

    def due(self, now_us: int) -> Due | None:
        """What silence calls for now: a ping, which then counts as sent, or the end of the connection."""
        if self._pulse is None:
            return None
        if self._is_watching:
            self.lag_us_max = max(self.lag_us_max, now_us - self._looked_us - LOOK_US)
        due = self._pulse.due(now_us)
        self.lag_us_max = max(self.lag_us_max, self._pulse.lag_us_max)
        return Due.RENEW if due is None and self.renewal is not None else due

    def suspects(self, now_us: int) -> list[Suspect]:
        """Streams that are silent for too long, each once in a while; `settle` says what is known of each."""
        late_us = now_us - self._looked_us - LOOK_US
        if late_us < 0 or not self._is_watching:
            return []
        self._looked_us = now_us
        # A program that was not running could not read what has come meanwhile: it reads before it suspects anybody.
        if late_us > Pulse.LATE_US:
            return []
        found = [track.suspect(stream, now_us) for stream, track in self._tracks.items()]
        return [suspect for suspect in found if suspect is not None]

    def settle(self, suspect: Suspect, verdict: Verdict, now_us: int) -> None:
        """What became known of a suspect. A dead one is asked for again, once; then the connection is to be made anew.

        One of which nobody knows is asked for once more on each connection, which does no harm if it is well.
        """
        track = self._tracks.get(suspect.stream)
        if track is None or track.asked_us is None or not track.looked_us or track.last is not suspect.last:
            return  # It was given up, or has spoken since.
        track.is_quiet = verdict is Verdict.QUIET
        track.is_stale = not track.is_quiet
        if verdict is Verdict.DEAD and not track.was_revived:
            self._revive(track, suspect, now_us)
            return
        if verdict is Verdict.DEAD and self._may_renew(track):
            silent_s = suspect.silent_us // 1_000_000
            self.renewal = f"{suspect.stream} brought nothing for {silent_s} s, though it was asked for twice"
        elif verdict is Verdict.UNKNOWN and not track.was_nudged:
            track.was_nudged = True
            self._nudged.append(suspect.stream)
        track.patience = min(track.patience * 2, PATIENCE_MAX)

    @property
    def wake_us(self) -> int | None:
        """When there is something to do at the latest, if nothing is heard until then; None without a connection."""
        if self._pulse is None:
            return None
        times = [self._pulse.wake_us]
        if self._is_watching:
            times.append(self._looked_us + LOOK_US)
        if self._turn_us is not None:
            times.append(self._turn_us)
        return min(times)

    @property
    def _is_watching(self) -> bool:
        return bool(self._tracks)

    def _enter(self, state: ConnectionState, now_us: int) -> None:
        self.state = state
        self.since_us = now_us
        self.retry_us = None

    def _forget(self, now_us: int, reason: str) -> None:
        """Nothing is asked for any more; what was is lost from the last moment on at which anything came."""
        since_us = now_us if self.heard_us is None else self.heard_us
        asked = {name: track for name, track in self._tracks.items() if track.asked_us is not None and name in self._desired}
        self._losses.lose(asked, since_us, reason)
        self._pulse = None
        self._tracks = {stream: self._tracks[stream] for stream in self._desired}
        for track in self._tracks.values():
            track.forget()
        self._nudged.clear()
        self._doubted_signatures.clear()
        self._doubted = ()
        self._turn_us = None
        self.renewal = None

    def _in_turn(self, missing: list[str], now_us: int) -> list[str]:
        """What to ask for now. Of what the documentation does not know one family at a time, so that an error tells which."""
        doubtful = [stream for stream in missing if not is_documented(stream)]
        if not doubtful:
            self._turn_us = None
            return missing
        known = [stream for stream in missing if is_documented(stream)]
        if self._turn_us is not None and now_us < self._turn_us:
            return known
        family = family_of(doubtful[0])
        self._doubted = tuple(stream for stream in doubtful if family_of(stream) == family)
        self._turn_us = now_us + TURN_US
        return known + list(self._doubted)

    def _ask(self, streams: list[str], now_us: int) -> None:
        """Count them as asked for, and tell where that ends an interruption."""
        asked = {stream: self._tracks[stream] for stream in streams}
        self._losses.end(asked, now_us)
        for track in asked.values():
            track.asked(now_us)

    def _revive(self, track: Track, suspect: Suspect, now_us: int) -> None:
        since_us = now_us - suspect.silent_us
        self._losses.lose({suspect.stream: track}, since_us, SILENT)
        track.asked_us = None
        track.was_revived = track.must_end_first = True

    def _may_renew(self, track: Track) -> bool:
        """Whether another connection can help: not for a stream that is silent on every one, as that of a closed market is."""
        return track.heard_us is not None or (self._is_mute and track.events > 0)

    def _concerned(self, code: int, now_us: int) -> tuple[str, ...]:
        """The streams that an error can concern: never one that has brought data."""
        asked = asked_of(code, self._tracks)
        found = lately(asked, now_us)
        if code in _BY_NAME:
            # The name itself was refused: that of the family whose turn it is, or else one that the documentation does not know.
            turn = [stream for stream in self._doubted if stream in asked]
            found = turn or [stream for stream in found if not is_documented(stream)] or found
            if turn:
                self._doubted = ()
                self._turn_us = None if self._turn_us is None else now_us
        return tuple(found)
