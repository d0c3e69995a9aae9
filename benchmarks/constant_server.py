"""A server that gives constant answers, in a process of its own: what is measured against it is the client alone.

One thread and no framework, so that its share of a call is small. The answer to an order carries the headers that the exchange
sends with every answer (observed 2025-06). `GET /last` tells what the last order looked like, for a check before anything is
timed.
"""

from __future__ import annotations

import re
import selectors
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

ORDER = (
    b'{"clientId":7,"createdAt":1788285244094,"executedQuantity":"0","executedQuoteQuantity":"0","id":"59669287267",'
    b'"orderType":"Limit","postOnly":false,"price":"141.2","quantity":"1.5","reduceOnly":null,"relatedOrderId":null,'
    b'"selfTradePrevention":"RejectTaker","side":"Bid","status":"New","stopLossLimitPrice":null,"stopLossTriggerBy":null,'
    b'"stopLossTriggerPrice":null,"strategyId":null,"symbol":"SOL_USDC","takeProfitLimitPrice":null,'
    b'"takeProfitTriggerBy":null,"takeProfitTriggerPrice":null,"timeInForce":"GTC","triggerBy":null,"triggerPrice":null,'
    b'"triggerQuantity":null,"triggeredAt":null}'
)
ORDER_ID = "59669287267"

_HEADERS = (
    "Content-Type: application/json; charset=utf-8\r\nVary: Origin\r\nX-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: SAMEORIGIN\r\nX-XSS-Protection: 1; mode=block\r\n"
    "Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n"
)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_PIECE_BYTES = 65_536


def answer(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\n{_HEADERS}Content-Length: {len(body)}\r\n\r\n".encode() + body


PLACED, TIME, UNKNOWN = answer(ORDER), answer(b"1788285151083"), answer(b"no such path", "404 Not Found")


class ConstantServer:
    """Answers each request once it is whole: some clients send head and body in two pieces."""

    def __init__(self) -> None:
        self.last = b""
        """The last order as it came."""
        self._waiting: dict[socket.socket, bytes] = {}
        self._selector = selectors.DefaultSelector()

    def serve(self, door: socket.socket) -> None:
        """Until the process ends."""
        self._selector.register(door, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is door:
                    self._accept(door)
                else:
                    self._read(key.fileobj)  # type: ignore[arg-type]

    def reply(self, request: bytes) -> bytes:
        """What answers these bytes; nothing as long as they are no whole request."""
        head_end = request.find(b"\r\n\r\n") + 4
        if head_end < 4:
            return b""
        length = _LENGTH.search(request, 0, head_end)
        if len(request) < head_end + (int(length[1]) if length else 0):
            return b""
        if request.startswith(b"POST /api/v1/order "):
            self.last = request
            return PLACED
        if request.startswith(b"GET /api/v1/time "):
            return TIME
        return answer(self.last) if request.startswith(b"GET /last ") else UNKNOWN

    def _accept(self, door: socket.socket) -> None:
        connection, _ = door.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(connection, selectors.EVENT_READ)
        self._waiting[connection] = b""

    def _read(self, connection: socket.socket) -> None:
        try:
            piece = connection.recv(_PIECE_BYTES)
            reply = self.reply(self._waiting[connection] + piece) if piece else b""
            connection.sendall(reply)
        except OSError:
            piece, reply = b"", b""
        if piece:
            self._waiting[connection] = b"" if reply else self._waiting[connection] + piece
        else:
            self._selector.unregister(connection)
            del self._waiting[connection]
            connection.close()


@contextmanager
def constant_server() -> Iterator[int]:
    """Its port."""
    command = [sys.executable, "-m", "benchmarks.constant_server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.terminate()


def main() -> None:
    door = socket.create_server(("127.0.0.1", 0), backlog=128)
    sys.stdout.write(f"{door.getsockname()[1]}\n")
    sys.stdout.flush()
    ConstantServer().serve(door)


if __name__ == "__main__":
    main()
