"""The default connection, by aiohttp, which is imported when the first one is opened."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from haversack.errors import ConnectFailed, UntrustedServer
from haversack.rest.address import stream_address
from haversack.streams.transport import HEARD, Closed, FrameSocket, Heard

if TYPE_CHECKING:
    import aiohttp

FRAME_BYTES_MAX = 4 * 1024 * 1024
GOODBYE_S = 1.0
"""How long the peer's answer to a close frame is waited for."""


async def connect_aiohttp(url: str) -> FrameSocket:
    """A connection to an address that is wss, or ws on this machine; no redirect is followed and no proxy is used."""
    import aiohttp

    address = stream_address(url)
    session = aiohttp.ClientSession(trust_env=False, cookie_jar=aiohttp.DummyCookieJar(), trace_configs=[_refusing_redirects()])
    try:
        connection = await session.ws_connect(
            address.url,
            # The session notices silence, and has to see each ping and pong for that.
            autoping=False,
            compress=15,
            max_msg_size=FRAME_BYTES_MAX,
        )
    except (aiohttp.ClientError, OSError) as error:
        await session.close()
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            raise UntrustedServer(f"the TLS certificate of {address.url} was refused: {error}") from error
        raise ConnectFailed(f"no stream connection to {address.url}: {_reason(error)}") from error
    except BaseException:
        await session.close()
        raise
    return AiohttpSocket(session, connection)


def _reason(error: aiohttp.ClientError | OSError) -> str:
    from aiohttp import WSServerHandshakeError

    if isinstance(error, WSServerHandshakeError) and error.status >= 400:
        return f"it answered with status {error.status}"
    return str(error) or type(error).__name__


class AiohttpSocket:
    """An open connection, and the aiohttp session that exists for it alone."""

    def __init__(self, session: aiohttp.ClientSession, connection: aiohttp.ClientWebSocketResponse[bool]) -> None:
        from aiohttp import WSMsgType

        self._session = session
        self._connection = connection
        self._text, self._ping, self._pong = WSMsgType.TEXT, WSMsgType.PING, WSMsgType.PONG
        # Kept from the start: aiohttp forgets the connection once it is closed.
        self._socket: Any = connection.get_extra_info("socket")

    async def receive(self) -> str | bytes | Heard | Closed:
        message: Any = await self._connection.receive()
        if message.type is self._text:
            text: str = message.data
            return text
        if message.type is self._ping:
            with suppress(OSError):  # That the connection is gone is what the next receive says.
                await self._connection.pong(message.data)
            return HEARD
        return HEARD if message.type is self._pong else self._other(message)

    def _other(self, message: Any) -> bytes | Closed:
        from aiohttp import WSMsgType

        if message.type is WSMsgType.BINARY:
            data: bytes = message.data
            return data
        if message.type is WSMsgType.CLOSE:
            return Closed(message.data, message.extra or "")
        if message.type is WSMsgType.ERROR:
            return Closed(self._connection.close_code, str(message.data))
        return Closed(None, "the connection broke without a close frame")

    async def send(self, text: str) -> None:
        await self._connection.send_str(text)

    async def ping(self) -> None:
        await self._connection.ping()

    async def close(self) -> None:
        try:
            with suppress(TimeoutError, OSError):
                async with asyncio.timeout(GOODBYE_S):
                    await self._connection.close()
        finally:
            # What a dead peer does not take would keep the socket open for minutes. uvloop's sockets refuse by a TypeError.
            if self._socket is not None:
                with suppress(OSError, TypeError):
                    self._socket.shutdown(socket.SHUT_RDWR)
            await self._session.close()


def _refusing_redirects() -> aiohttp.TraceConfig:
    """aiohttp follows redirects while it opens a WebSocket, and has no option against that."""
    import aiohttp

    async def refuse(session: object, context: object, params: aiohttp.TraceRequestRedirectParams) -> None:
        raise ConnectFailed(f"the server at {params.url.origin()} redirected the stream connection, which is not followed")

    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(refuse)
    return trace
