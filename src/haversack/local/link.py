"""The two wires between a client and an exchange in the same process, in the shapes that the client's transports have."""

from __future__ import annotations

from haversack.errors import RequestFailed
from haversack.exchange.faults import ConnectionCut
from haversack.exchange.loopback import Loopback, LoopbackSocket
from haversack.exchange.venue import Venue
from haversack.rest.http import HttpRequest, HttpResponse
from haversack.streams.transport import HEARD, Closed, Connect, FrameSocket, Heard

_PONG = b""
"""No frame is empty, so this one can stand for a pong."""


class LoopbackHttp:
    """An HttpSendAsync that hands requests to an exchange in this process."""

    def __init__(self, loopback: Loopback) -> None:
        self._loopback = loopback

    async def __call__(self, request: HttpRequest, /) -> HttpResponse:
        try:
            reply = await self._loopback.request(
                request.method, request.target, headers=request.headers, body=request.body or b""
            )
        except ConnectionCut:
            raise RequestFailed("the connection was cut") from None
        headers = {name.lower(): value for name, value in reply.headers.items()}
        if reply.content_type is not None:
            headers["content-type"] = reply.content_type
        return HttpResponse(reply.status, headers, reply.body)


class LoopbackFrames:
    """A FrameSocket to an exchange in this process."""

    def __init__(self, socket: LoopbackSocket) -> None:
        self._socket = socket

    async def receive(self) -> str | bytes | Heard | Closed:
        """The next frame."""
        frame = await self._socket.receive()
        if frame is None:
            return Closed(None, "the connection was cut")
        return HEARD if frame == _PONG else frame

    async def send(self, text: str) -> None:
        """Hand a text frame to the exchange."""
        self._socket.send(text)

    async def ping(self) -> None:
        """Is answered at once."""
        self._socket.deliver(_PONG)

    async def close(self) -> None:
        """End the connection."""
        self._socket.close()


def connect_to(venue: Venue) -> Connect:
    """Opens stream connections to an exchange in this process, whatever the address."""

    async def connect(_url: str) -> FrameSocket:
        return LoopbackFrames(LoopbackSocket(venue))

    return connect
