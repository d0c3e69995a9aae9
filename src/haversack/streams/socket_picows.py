"""The fast connection, by picows, which the extra `fast` brings; it is imported when the first one is opened.

    from haversack.streams.socket_picows import connect_picows

    async with client.streams(connect=connect_picows) as streams:
        ...

It costs a third of what the default one does for a frame, and promises the same. It offers no compression, so that the exchange
sends plain frames: less work for the processor, more bytes on the line. With uvloop as event loop it is faster still; that is for
the program to choose: `uvloop.run(main())`.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

from haversack.errors import ConnectFailed, UntrustedServer, UsageError
from haversack.rest.address import Address, stream_address
from haversack.streams.socket_aiohttp import FRAME_BYTES_MAX
from haversack.streams.transport import FrameSocket

if TYPE_CHECKING:
    from picows import WSHandshakeError

    from haversack.streams.socket_picows_frames import PicowsSocket

HANDSHAKE_S = 10.0
"""How long the server's answer to the opening handshake is waited for."""
ATTEMPT_S = 3.0
"""How long one of a host's addresses is tried before the next."""


async def connect_picows(url: str) -> FrameSocket:
    """A connection to an address that is wss, or ws on this machine; no redirect is followed and no proxy is used.

    Errors: UsageError where picows is not installed.
    """
    address = stream_address(url)
    try:
        from picows import WSHandshakeError
    except ImportError as error:
        raise UsageError('connect_picows needs one more library: pip install "haversack[fast]"') from error
    try:
        return await _open(address)
    except ssl.SSLCertVerificationError as error:
        raise UntrustedServer(f"the TLS certificate of {address.url} was refused: {error}") from error
    except (WSHandshakeError, OSError) as error:
        raise ConnectFailed(f"no stream connection to {address.url}: {_reason(error)}") from error


async def _open(address: Address) -> PicowsSocket:
    """The connection after its handshake. Whatever ends this early, no open socket is left."""
    import picows

    from haversack.streams.socket_picows_frames import PicowsSocket

    sockets: list[socket.socket] = []

    async def plain_socket(_: object) -> socket.socket:
        sockets.append(await _connected(address))
        return sockets[0]

    is_open = False
    try:
        _, found = await picows.ws_connect(  # pyright: ignore[reportUnknownMemberType]
            PicowsSocket,
            address.url,
            ssl_context=ssl.create_default_context() if address.is_encrypted else None,
            websocket_handshake_timeout=HANDSHAKE_S,
            # The session notices silence, and has to see each ping and pong for that.
            enable_auto_pong=False,
            max_frame_size=FRAME_BYTES_MAX,
            max_redirects=0,
            socket_factory=plain_socket,
        )
        is_open = isinstance(found, PicowsSocket)
        if not isinstance(found, PicowsSocket):
            raise ConnectionResetError("it was closed during the handshake")
        return found
    finally:
        # picows keeps a connection whose handshake nobody waits for any more. Its end has to come from the socket.
        if not is_open:
            for each in sockets:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)


async def _connected(address: Address) -> socket.socket:
    """A socket to the first of a host's addresses that answers."""
    loop = asyncio.get_running_loop()
    failure: OSError = ConnectionError(f"{address.host} has no address")
    for family, kind, protocol, _, where in await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM):
        attempt = socket.socket(family, kind, protocol)
        attempt.setblocking(False)
        try:
            async with asyncio.timeout(ATTEMPT_S):
                await loop.sock_connect(attempt, where)
            return attempt
        except OSError as error:  # A TimeoutError is one too.
            attempt.close()
            failure = error
        except BaseException:
            attempt.close()
            raise
    raise failure


def _reason(error: WSHandshakeError | OSError) -> str:
    response = None if isinstance(error, OSError) else error.response
    if response is None:
        return str(error) or type(error).__name__
    if 300 <= response.status < 400:
        return f"it answered with a redirect ({int(response.status)}), which is not followed"
    return f"it answered with status {int(response.status)}"
