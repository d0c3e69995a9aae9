"""The doors: REST and WebSocket on one loopback port. It binds 127.0.0.1 and nothing else; there is no option for more."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from aiohttp import WSCloseCode, web

from haversack.exchange.answering import response
from haversack.exchange.api.dispatch import Dispatcher
from haversack.exchange.conversation import Conversation
from haversack.exchange.faults import ConditionKind, ConnectionCut
from haversack.exchange.framing import Framing
from haversack.exchange.guard import check_sender
from haversack.exchange.limits import BODY_BYTES_MAX, BODY_S_MAX, FRAME_BYTES_MAX
from haversack.exchange.messages import Refused, Request
from haversack.exchange.outbox import SocketOutbox
from haversack.exchange.protocol import LimitedServer
from haversack.exchange.pulse import Pulse
from haversack.exchange.venue import Venue
from haversack.exchange.verifying import Verifying

_log = logging.getLogger("haversack.exchange")
_SHUTDOWN_S = 1.0


class Server:
    """Serves one venue until it is stopped."""

    def __init__(self, venue: Venue, *, pulse: Pulse | None = None) -> None:
        self._verifying = Verifying()
        self._pulse = pulse or Pulse(venue)
        self.serve_instead(venue)
        self._protocol = LimitedServer(self._handle)
        self._runner = web.ServerRunner(self._protocol, handle_signals=False, shutdown_timeout=_SHUTDOWN_S)
        self._framing = Framing()
        self._outboxes: set[SocketOutbox] = set()
        self._beat: asyncio.Task[None] | None = None
        self._closing = False
        self.port = 0

    def serve_instead(self, venue: Venue) -> None:
        """Answer for this venue from now on; conversations with the one before are over."""
        self._venue = venue
        self._dispatcher = Dispatcher(venue, sleep=self._pulse.sleep, verify=self._verifying.is_true)

    async def start(self, port: int) -> None:
        """Accept connections on this port of 127.0.0.1; 0 takes a free one, and `port` says which."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self._beat = asyncio.create_task(self._pulse.beat())

    async def stop(self) -> None:
        """Refuse new sockets, tell those that are open, and close the door."""
        self._closing = True
        if self._beat is not None:
            self._beat.cancel()
        await asyncio.gather(*(outbox.close(WSCloseCode.GOING_AWAY, "shutting down") for outbox in list(self._outboxes)))
        await self._runner.cleanup()
        self._verifying.close()

    @property
    def url(self) -> str:
        """Where REST is served."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def stream_url(self) -> str:
        """Where streams are served."""
        return f"ws://127.0.0.1:{self.port}"

    @property
    def quiet_us(self) -> int:
        """How long nobody has asked for anything, nor listened to a stream."""
        return self._protocol.quiet_us

    async def failed(self) -> None:
        """Wait until the exchange cannot go on; raises what stopped it."""
        assert self._beat is not None, "failed() before start()"
        await asyncio.shield(self._beat)

    async def _handle(self, incoming: web.BaseRequest) -> web.StreamResponse:
        try:
            fields = _header_list(incoming)
            check_sender(incoming.raw_path, fields, self.port)
            headers = dict(fields)
            if headers.get("upgrade", "").lower() == "websocket" and incoming.path == "/":
                return await self._converse(incoming)
            return response(await self._dispatcher.handle(await _read(incoming, headers)), incoming)
        except Refused as refused:
            return response(refused.reply)
        except (ConnectionCut, ConnectionError):
            # A client that hangs up in the middle of its request cannot be answered, and nothing of ours is wrong.
            _abort(incoming)
            return web.Response()
        except asyncio.CancelledError:
            raise
        except Exception:  # noqa: BLE001  # a mistake of ours must not take the exchange down, and its text is for the log only
            _log.exception("%s %s could not be answered", incoming.method, incoming.path)
            return response(Refused.by_rule("SERVER_ERROR", "Internal server error", status=500).reply)

    async def _converse(self, incoming: web.BaseRequest) -> web.StreamResponse:
        if self._closing:
            raise Refused.by_framework(503, "shutting down")
        if self._venue.faults.holds(ConditionKind.NO_STREAMS):
            raise Refused.by_framework(503, "no streams at the moment")
        socket = web.WebSocketResponse(autoping=False, autoclose=True, max_msg_size=FRAME_BYTES_MAX, compress=True)
        writer = await socket.prepare(incoming)
        outbox = SocketOutbox(socket, writer, incoming.transport, framing=self._framing)
        conversation = Conversation(self._venue, outbox)
        self._outboxes.add(outbox)
        try:
            await outbox.run(conversation)
        finally:
            self._outboxes.discard(outbox)
            conversation.end()
        return socket


def _header_list(incoming: web.BaseRequest) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, value in incoming.headers.items()]


async def _read(incoming: web.BaseRequest, headers: Mapping[str, str]) -> Request:
    try:
        if incoming.content.is_eof() and incoming.content.total_bytes <= BODY_BYTES_MAX:
            # It is here as a whole, so there is nothing to wait for.
            body = incoming.content.read_nowait()
        else:
            async with asyncio.timeout(BODY_S_MAX):
                body = await incoming.read()
    except web.HTTPRequestEntityTooLarge:
        raise Refused.by_framework(413, f"the payload is too large: at most {BODY_BYTES_MAX} bytes") from None
    except TimeoutError:
        raise Refused.by_framework(408, f"the payload did not arrive within {BODY_S_MAX:.0f} s") from None
    return Request(
        method=incoming.method,
        path=incoming.path,
        query=incoming.rel_url.raw_query_string,
        headers=headers,
        body=body,
    )


def _abort(incoming: web.BaseRequest) -> None:
    if incoming.transport is not None:
        incoming.transport.abort()
