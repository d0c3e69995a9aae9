"""A server on this machine that answers as a script says, byte by byte, and remembers all that it was sent."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self

HANG = b"hang"
RESET = b"reset"
CLOSE = b"close"


def http(status: int, body: bytes = b"", *headers: str) -> bytes:
    """One whole answer with its length."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Loopback:
    """Answers the first request with the first reply, and so on; the last is repeated. A reply may be HANG, RESET or CLOSE.

    After a reply the connection stays open, except where `then` says CLOSE.
    """

    def __init__(self, *replies: bytes, then: bytes = b"", tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.open = 0
        self.asked = threading.Event()
        self.finished = threading.Event()
        self._replies, self._then, self._tls = replies, then, tls
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.finished.set()
        for one in (self._listener, *self._sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self.open += 1
                self._sockets.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError, ValueError):
            self._answer_all(self._tls.wrap_socket(connection, server_side=True) if self._tls else connection)
        with suppress(OSError):
            connection.close()
        with self._lock:
            self.open -= 1

    def _answer_all(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as reader:
            while request := read_request(reader.readline, reader.read):
                with self._lock:
                    self.requests.append(request)
                    reply = self._replies[min(len(self.requests), len(self._replies)) - 1]
                self.asked.set()
                if reply == HANG:
                    self.finished.wait(20)
                if reply == RESET:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                if reply in (HANG, RESET, CLOSE):
                    return
                connection.sendall(reply)
                if self._then == CLOSE:
                    return


def read_request(readline: Callable[[], bytes], read: Callable[[int], bytes]) -> bytes:
    """The bytes of one request; nothing at the end of the connection."""
    head = b""
    while (line := readline()) not in (b"\r\n", b""):
        head += line
    if not line:
        return b""
    lengths = [int(row.split(b":")[1]) for row in head.split(b"\r\n") if row.lower().startswith(b"content-length:")]
    return head + line + (read(lengths[0]) if lengths else b"")
