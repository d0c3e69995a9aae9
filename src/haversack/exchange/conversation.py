"""One WebSocket connection as the exchange sees it: text frames come in, streams are subscribed, errors go back.

Nothing is acknowledged (observed 2026-09): a subscription that works is silent, and so is one to a market that does not exist.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from haversack.exchange.authentication import Proof, signs
from haversack.exchange.hub import Listener
from haversack.exchange.messages import Refused
from haversack.exchange.publish.names import POSITIONS, StreamVerdict, valid_stream
from haversack.exchange.render_position import position_snapshot
from haversack.exchange.venue import Venue
from haversack.signing import SUBSCRIBE, Verifier
from haversack.wire.codec import encode
from haversack.wire.faults import ErrorDetail, ErrorFrame
from haversack.wire.frames import StreamRequest, is_private, write_frame

_PARSE_ERROR = ErrorDetail(code=4002, message="Parse error")
_INVALID_SIGNATURE = ErrorDetail(code=4003, message="Invalid signature")
# The real exchange states no limit, so its words for one are unknown.
_TOO_MANY = ErrorDetail(code=4009, message="Too many streams on one connection")

_DIGITS = re.compile(r"[0-9]{1,15}")
_requests = msgspec.json.Decoder(StreamRequest)


class Conversation:
    """What one connection asked for."""

    def __init__(self, venue: Venue, listener: Listener) -> None:
        self._venue = venue
        self._listener = listener
        venue.hub.join(listener)

    def receive(self, text: str | bytes) -> None:
        """Do what a text frame asks for."""
        try:
            request = _requests.decode(text)
        except (msgspec.DecodeError, ValueError, RecursionError):
            self._refuse(_PARSE_ERROR)
            return
        if request.method == "UNSUBSCRIBE":
            for stream in request.params:
                self._venue.hub.unsubscribe(self._listener, stream)
            return
        account = self._account(request)
        for stream in request.params:
            self._subscribe(stream, account)

    def end(self) -> None:
        """The connection is over."""
        self._venue.hub.leave(self._listener)

    def _subscribe(self, stream: str, account: int | None) -> None:
        verdict = valid_stream(stream, self._venue.listing)
        if verdict.error is not None:
            self._refuse(verdict.error)
        elif verdict is StreamVerdict.OK and (account is not None or not is_private(stream)):
            self.listen(stream, account if is_private(stream) else None)

    def listen(self, stream: str, account: int | None) -> None:
        """Deliver a stream from now on; of an account's own with what it brings first."""
        if not self._venue.hub.subscribe(self._listener, stream, account):
            self._refuse(_TOO_MANY)
        elif account is not None and stream.startswith(POSITIONS):
            self._tell_positions(stream, account)

    def _tell_positions(self, stream: str, account: int) -> None:
        """One frame for each position that is open, as soon as nothing that they tell can be lost (documented)."""
        venue, symbol = self._venue, stream.removeprefix(POSITIONS).removeprefix(".")
        now_us = max(venue.clock.now_us(), venue.last_us)
        frames = [
            write_frame(stream, position_snapshot(held, engine_us=now_us, emit_us=now_us))
            for held in venue.engine.positions(account)
            if symbol in ("", held.symbol)
        ]

        def tell() -> None:
            for frame in frames:
                venue.hub.tell(self._listener, stream, account, frame)

        venue.once_told((self._listener, stream), tell)

    def _account(self, request: StreamRequest) -> int | None:
        """The account that signed, if a stream needs one; a bad signature is told once and stops no public stream."""
        if not any(is_private(stream) for stream in request.params):
            return None
        proof = _proof(request.signature)
        now_us = self._venue.clock.now_us()
        try:
            if proof is None:
                raise Refused.as_invalid("Invalid signature")
            self._venue.check_fresh(proof)
            if not Verifier.is_signature(proof.signature) or not signs(proof, SUBSCRIBE, []):
                raise Refused.as_invalid("Invalid signature")
            self._venue.check_key(proof.key)
            return self._venue.account_for(proof.key, now_us=now_us)
        except Refused:
            self._refuse(_INVALID_SIGNATURE)
            return None

    def _refuse(self, detail: ErrorDetail) -> None:
        self._listener.deliver(encode(ErrorFrame(id=None, error=detail)))


def _proof(signature: Any) -> Proof | None:
    if signature is None:
        return None
    key, signed, timestamp, window = signature
    if (
        not (timestamp.isascii() and timestamp.isdigit() and window.isascii() and window.isdigit())
        or len(timestamp + window) > 30
    ):
        return None
    return Proof(key, signed, int(timestamp), int(window))
